//! Histories of users, roles and sessions in any order, for the engine and the oracle.
//!
//! A line is a letter for the event, two letters for the things that it is about, and a text:
//!
//! ```text
//! c u . name   user created                C r . name   role created
//! n u . name   renamed                     N r . name   renamed
//! x u . text   publish prefix              S r .        no longer shared
//! g u r        role granted                F r .        many permissions added at once
//! v u r        role revoked
//! p u p text   permission granted          P r p text   permission added (a right's letter, then the pattern)
//!                                          M r p text   permission changed
//! q u p        permission revoked          Q r p        permission removed
//! w u          revoked
//! d u          deleted                     D r          deleted
//! h u . text   password set (`c`: changed; `r`: hashed again; `d`: a change demanded; `f`: no longer demanded)
//! a u . text   second factor enrolled (`d`: disabled; `m`: must enrol; `f`: no longer must; `u`: used; `r`: refused; `o`: offered; `b`: other
//!              back-up codes)
//! l u . text   another identity provider (`l`: this server)
//! t u          all tokens revoked
//! o u s        all sessions ended, except one (of nine numbers, some are no session's)
//! m u m        sessions obtained by a method ended
//! i s u text   token issued (`c`: obtained by certificate; otherwise by password)
//! e s          token revoked
//! z t          expired sessions dropped    = n          apply the new events, repeat n old ones, then compare
//! ? . . text   a topic to ask about        ! . . text   a filter to subscribe to
//! ```

use aggregates::{
    Recorded,
    role::RoleEvent,
    session::SessionEvent,
    user::{UserEvent, second_factor::Used},
    values::{
        GrantMethod, IdentityProvider, Operation, PasswordHash, RoleName, Timestamp, TopicFilter, TotpSecret,
    },
};

use authorization::{Authorization, Duty};

use crate::{
    CONTEXTS, OPERATIONS,
    ledger::{
        Ledger, fingerprint, permission, permission_id, role_created, role_granted, role_id, session_id,
        token_issued_by, user_created, user_id,
    },
    oracle::Oracle,
    right,
};

const USERS: u128 = 4;
const ROLES: u128 = 5;
const SESSIONS: u128 = 4;
const TOKENS: u8 = 4;
/// How many lines of an input are used, and how many questions a comparison has.
const LINES: usize = 64;
const QUESTIONS: usize = 6;
/// More permissions than the compiled form of small roles can hold.
const MANY: u128 = 60;

/// A line.
struct Line<'a> {
    what: u8,
    one: u128,
    other: u128,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (head, text) = line.split_at_checked(3)?;
        let [what, one, other] = *head.as_bytes() else {
            return None;
        };
        Some(Self {
            what,
            one: u128::from(one),
            other: u128::from(other),
            text,
        })
    }
}

/// The engine, the oracle, and the history.
#[derive(Default)]
struct World {
    engine: Authorization,
    oracle: Oracle,
    ledger: Ledger,
}

/// Tries one input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let lines: Vec<Line<'_>> = text.split('\n').filter_map(Line::read).take(LINES).collect();
    let texts = |what| {
        lines
            .iter()
            .filter(move |line| line.what == what)
            .map(|line| line.text)
    };
    let topics: Vec<&str> = texts(b'?').take(QUESTIONS).collect();
    let filters = texts(b'!').filter_map(|text| TopicFilter::parse(text).ok());
    let filters: Vec<TopicFilter> = filters.take(QUESTIONS).collect();
    let mut world = World::default();
    for line in &lines {
        let written = world.ledger.0.len();
        match line.what {
            b'=' => {
                world.catch_up(line.one as usize % 8);
                world.compare(&topics, &filters);
            }
            b'z' => {
                world.catch_up(0);
                let now = Timestamp::from_micros(line.one as i64 % 20);
                assert_eq!(world.engine.drop_expired(now), world.oracle.drop_expired(now));
            }
            _ => world.happen(line),
        }
        for recorded in &world.ledger.0[written..] {
            world.oracle.apply(recorded);
        }
    }
    world.catch_up(0);
    world.compare(&topics, &filters);
}

impl World {
    /// Applies the new events, and repeats some of the old ones.
    fn catch_up(&mut self, overlap: usize) {
        let from = (self.engine.position() as usize).saturating_sub(overlap);
        let events: &[Recorded] = &self.ledger.0[from..];
        self.engine.apply(events);
    }

    fn happen(&mut self, line: &Line<'_>) {
        let user = line.one % USERS;
        if let Some(event) = self.user_event(line, user) {
            self.ledger.user(user, event);
            return;
        }
        let role = line.one % ROLES;
        if line.what == b'F' {
            for number in 0..MANY {
                let permission =
                    permission(100 + number, CONTEXTS[1], Operation::Read, &format!("f/{number}"));
                self.ledger.role(role, RoleEvent::PermissionAdded { permission });
            }
        } else if let Some(event) = role_event(line) {
            self.ledger.role(role, event);
        } else if let Some(event) = session_event(line) {
            self.ledger.session(line.one % SESSIONS, event);
        }
    }

    fn user_event(&self, line: &Line<'_>, user: u128) -> Option<UserEvent> {
        Some(match line.what {
            b'c' => user_created(&self.free_name(user, line.text)),
            b'n' => UserEvent::Renamed {
                username: self.free_name(user, line.text),
            },
            b'x' => UserEvent::PublishPrefixChanged {
                mqtt_publish_prefix: (!line.text.is_empty()).then(|| line.text.to_owned()),
            },
            b'g' => role_granted(line.other % ROLES),
            b'v' => UserEvent::RoleRevoked {
                role_id: role_id(line.other % ROLES),
            },
            b'p' => {
                let (context, operation, pattern) = granted(line.text)?;
                let permission = permission(line.other % 8, context, operation, &pattern);
                UserEvent::PermissionGranted { permission }
            }
            b'q' => UserEvent::PermissionRevoked {
                id: permission_id(line.other % 8),
            },
            b'w' => UserEvent::Revoked {},
            b'd' => UserEvent::Deleted {},
            b'h' => password_event(line.text),
            b'a' => second_factor_event(line),
            b'l' => UserEvent::IdentityProviderChanged {
                identity_provider: match crate::letter(line.text) {
                    Some((b'l', _)) => IdentityProvider::Local,
                    _ => IdentityProvider::Ldap,
                },
            },
            b't' => UserEvent::TokensRevoked {},
            b'o' => UserEvent::SessionsEnded {
                kept: Some(session_id(line.other % 9)),
            },
            b'm' => UserEvent::SessionsByMethodEnded {
                method: GrantMethod::ALL[line.other as usize % GrantMethod::ALL.len()],
            },
            _ => return None,
        })
    }

    /// The name, unless another user has it. The ledger's claims ensure that no two users have the same name.
    fn free_name(&self, user: u128, name: &str) -> String {
        match self.oracle.users.iter().find(|(_, other)| other.username == name) {
            Some((owner, _)) if *owner != user_id(user) => format!("{name} {}", self.ledger.0.len()),
            _ => name.to_owned(),
        }
    }

    fn compare(&self, topics: &[&str], filters: &[TopicFilter]) {
        let Self { engine, oracle, .. } = self;
        assert_eq!(engine.position(), oracle.position);
        assert_eq!(engine.user_count(), oracle.users.len());
        assert_eq!(engine.session_count(), oracle.sessions.len());
        for id in (0..USERS).map(user_id) {
            for topic in topics {
                for (context, operation) in CONTEXTS
                    .iter()
                    .flat_map(|one| OPERATIONS.map(|other| (*one, other)))
                {
                    let allowed = engine.check(id, context, operation, topic).allowed;
                    let expected = oracle.check(id, context, operation, topic);
                    assert_eq!(allowed, expected, "{context:?} {operation:?} {topic:?}");
                }
            }
            for asked in filters {
                let allowed = engine.check_subscription(id, asked).allowed;
                assert_eq!(allowed, oracle.check_subscription(id, asked), "filter {asked:?}");
            }
            assert_eq!(engine.permissions(id), oracle.permissions(id));
            let (view, expected) = (engine.user(id), oracle.acting(id));
            assert_eq!(view.is_some(), expected.is_some());
            if let (Some(view), Some(expected)) = (view, expected) {
                assert_eq!(*view.username, *expected.username);
                assert_eq!(view.mqtt_publish_prefix.as_deref(), expected.prefix.as_deref());
                assert_eq!(view.roles, oracle.roles_of(id));
                assert_eq!(view.identity_provider, expected.identity_provider);
                assert_eq!(view.enforce_mfa_enrollment, expected.enforce_mfa);
                assert_eq!(view.has_second_factor, expected.has_second_factor);
                assert_eq!(view.must_change_password, expected.must_change_password);
                let duty = match (expected.must_change_password, expected.enforce_mfa) {
                    (true, _) => Some(Duty::ChangePassword),
                    (false, true) if !expected.has_second_factor => Some(Duty::EnrolSecondFactor),
                    (false, _) => None,
                };
                assert_eq!(engine.duty(id), duty);
                assert_eq!(
                    engine.user_by_name(&view.username),
                    oracle.user_by_name(&view.username)
                );
            }
        }
        for id in (0..ROLES).map(role_id) {
            let (view, expected) = (engine.role(id), oracle.roles.get(&id));
            assert_eq!(view.is_some(), expected.is_some());
            if let (Some(view), Some(expected)) = (view, expected) {
                assert_eq!(
                    (&*view.name, view.is_shared),
                    (&*expected.name, expected.is_shared)
                );
                assert!(view.permissions.iter().eq(expected.permissions.values()));
            }
        }
        for token in (0..TOKENS).map(fingerprint) {
            let found = engine
                .session(&token)
                .map(|session| (session.session_id, session.user_id));
            assert_eq!(
                found,
                oracle.session(&token).map(|session| (session.id, session.user))
            );
        }
    }
}

fn password_event(text: &str) -> UserEvent {
    let password_hash = PasswordHash::new("$argon2id$");
    match crate::letter(text) {
        Some((b'd', _)) => UserEvent::PasswordChangeDemanded { demanded: true },
        Some((b'f', _)) => UserEvent::PasswordChangeDemanded { demanded: false },
        Some((b'r', _)) => UserEvent::PasswordRehashed { password_hash },
        Some((b'c', _)) => UserEvent::PasswordChanged { password_hash },
        _ => UserEvent::PasswordSet { password_hash },
    }
}

fn second_factor_event(line: &Line<'_>) -> UserEvent {
    let must_enrol = |enforce_mfa_enrollment| UserEvent::MfaEnforcementChanged {
        enforce_mfa_enrollment,
    };
    match crate::letter(line.text) {
        Some((b'd', _)) => UserEvent::SecondFactorDisabled {
            by_owner: line.other.is_multiple_of(2),
        },
        Some((b'm', _)) => must_enrol(true),
        Some((b'f', _)) => must_enrol(false),
        Some((b'u', _)) => UserEvent::SecondFactorUsed {
            used: Used::Totp { step: 1 },
        },
        Some((b'r', _)) => UserEvent::SecondFactorRefused { banned_until: None },
        Some((b'o', _)) => UserEvent::TotpOffered {
            secret: TotpSecret::new("GEZDGNBVGY3TQOJQ"),
        },
        Some((b'b', _)) => UserEvent::BackupCodesReplaced { backup_codes: vec![] },
        _ => UserEvent::TotpEnrolled {
            step: 0,
            backup_codes: vec![],
        },
    }
}

fn role_event(line: &Line<'_>) -> Option<RoleEvent> {
    Some(match line.what {
        b'C' => RoleName::parse(line.text).ok().map(|name| role_created(&name))?,
        b'N' => RoleEvent::Renamed {
            name: RoleName::parse(line.text).ok()?,
        },
        b'S' => RoleEvent::SharingChanged { is_shared: false },
        b'P' => {
            let (context, operation, pattern) = granted(line.text)?;
            let permission = permission(line.other % 8, context, operation, &pattern);
            RoleEvent::PermissionAdded { permission }
        }
        b'M' => {
            let (_, operation, resource) = granted(line.text)?;
            RoleEvent::PermissionChanged {
                id: permission_id(line.other % 8),
                resource,
                operation,
            }
        }
        b'Q' => RoleEvent::PermissionRemoved {
            id: permission_id(line.other % 8),
        },
        b'D' => RoleEvent::Deleted {},
        _ => return None,
    })
}

fn session_event(line: &Line<'_>) -> Option<SessionEvent> {
    Some(match line.what {
        b'i' => {
            // The user, the token and the end of the session. Three bits for each are enough.
            let other = line.other as u8;
            let method = match crate::letter(line.text) {
                Some((b'c', _)) => GrantMethod::Certificate,
                _ => GrantMethod::Password,
            };
            let end = 1 + i64::from(other / 16);
            token_issued_by(&[method], line.other % USERS, other / 4 % TOKENS, end)
        }
        b'e' => SessionEvent::TokenRevoked {},
        _ => return None,
    })
}

/// Reads the letter of a right and a pattern.
fn granted(text: &str) -> Option<(aggregates::values::Context, Operation, TopicFilter)> {
    let (first, rest) = crate::letter(text)?;
    let (context, operation) = right(first)?;
    Some((context, operation, TopicFilter::parse(rest).ok()?))
}
