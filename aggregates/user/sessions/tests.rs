//! What ends sessions, by example and by a simple model.

use proptest::{collection::vec, option, prelude::*, sample::select};
use uuid::Uuid;

use super::*;
use crate::{
    Registered,
    testing::{certificate, fingerprint, folded, given, hash},
    user::{
        UpdateUser, UserError,
        fixtures::{ada_created, grant, ldap_user_created},
    },
    values::IdentityProvider,
};

use GrantMethod::{Certificate, Password, Token};

fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

fn required(method: GrantMethod) -> GrantType {
    GrantType {
        method,
        is_required: true,
    }
}

/// The events that end sessions when the user gets these grants instead of those.
fn ended(before: &[GrantType], after: &[GrantType]) -> Vec<UserEvent> {
    let before = UserEvent::GrantTypesChanged {
        grant_types: before.to_vec(),
    };
    let user: User = folded([ada_created(), before]);
    let command = UserCommand::Update(UpdateUser {
        grant_types: Some(after.to_vec()),
        password_hash: None,
        ..UpdateUser::default()
    });
    let events = user.decide(command).unwrap();
    let is_change = |event: &UserEvent| matches!(event, UserEvent::GrantTypesChanged { .. });
    events.into_iter().filter(|event| !is_change(event)).collect()
}

fn by(method: GrantMethod) -> UserEvent {
    UserEvent::SessionsByMethodEnded { method }
}

#[test]
fn a_users_own_session_goes_on_when_they_change_their_password() {
    given::<User>(&[ada_created()])
        .when(UserCommand::ChangePassword {
            verified: hash("first"),
            password_hash: hash("second"),
            session: Some(session(7)),
        })
        .then_expect_events(vec![
            UserEvent::PasswordChanged {
                password_hash: hash("second"),
            },
            UserEvent::SessionsEnded {
                kept: Some(session(7)),
            },
        ]);
}

#[test]
fn the_same_password_under_another_hash_ends_nothing() {
    given::<User>(&[ada_created()])
        .when(UserCommand::RehashPassword {
            verified: hash("first"),
            password_hash: hash("stronger"),
        })
        .then_expect_events(vec![UserEvent::PasswordRehashed {
            password_hash: hash("stronger"),
        }]);
}

#[test]
fn another_identity_provider_ends_all_sessions_once() {
    let command = UpdateUser {
        identity_provider: Some(IdentityProvider::Local),
        password_hash: Some(hash("first")),
        grant_types: Some(vec![grant(Password), grant(Certificate)]),
        ..UpdateUser::default()
    };
    let user: User = folded([ldap_user_created()]);
    let events = user.decide(UserCommand::Update(command)).unwrap();
    assert_eq!(events.len(), 4);
    assert_eq!(events.last(), Some(&UserEvent::SessionsEnded { kept: None }));
}

#[test]
fn a_method_that_is_no_longer_granted_ends_the_sessions_obtained_by_it() {
    assert_eq!(ended(&[grant(Password)], &[grant(Certificate)]), [by(Password)]);
    assert_eq!(
        ended(&[grant(Password), grant(Token)], &[grant(Token)]),
        [by(Password)]
    );
    assert_eq!(
        ended(&[grant(Password), grant(Certificate)], &[grant(Password)]),
        [by(Certificate)]
    );
    assert_eq!(
        ended(&[grant(Password), grant(Certificate)], &[]),
        [by(Password), by(Certificate)]
    );
}

#[test]
fn a_second_required_method_ends_the_sessions_obtained_without_it() {
    assert_eq!(
        ended(&[grant(Password)], &[grant(Password), required(Certificate)]),
        [by(Password)]
    );
    assert_eq!(
        ended(
            &[required(Password), grant(Token)],
            &[grant(Password), required(Token)]
        ),
        []
    );
}

#[test]
fn sessions_that_older_versions_left_do_not_come_back() {
    assert_eq!(ended(&[grant(Certificate)], &[grant(Password)])[0], by(Password));
    assert_eq!(
        ended(&[grant(Password)], &[grant(Password), grant(Certificate)]),
        [],
        "no version gave sessions by certificate alone"
    );
}

#[test]
fn what_proves_no_session_ends_no_session() {
    let user: User = folded([
        ada_created(),
        UserEvent::CertificateAdded {
            certificate: certificate('a'),
        },
    ]);
    let ends = |command| {
        let events = user.decide(command).unwrap();
        assert!(!events.is_empty());
        events.iter().any(|event| {
            matches!(
                event,
                UserEvent::SessionsEnded { .. } | UserEvent::SessionsByMethodEnded { .. }
            )
        })
    };
    assert!(!ends(UserCommand::AddCertificate(certificate('b'))));
    assert!(!ends(UserCommand::HoldCertificate {
        certificate: certificate('b'),
        username: crate::values::Username::parse("ada").unwrap(),
        follows: Some(fingerprint('a')),
    }));
    assert!(!ends(UserCommand::RemoveCertificate {
        fingerprint: fingerprint('a')
    }));
    assert!(!ends(UserCommand::Update(UpdateUser {
        username: Some("lovelace".to_owned()),
        mqtt_publish_prefix: Some(Some("site/7".to_owned())),
        enforce_mfa_enrollment: Some(true),
        ..UpdateUser::default()
    })));
    assert!(!ends(UserCommand::RevokeAllTokens));
    assert!(!ends(UserCommand::Delete));
}

/// A user with these grants, who has two certificates.
fn with_certificates(grants: &[GrantType]) -> Vec<UserEvent> {
    let granted = UserEvent::GrantTypesChanged {
        grant_types: grants.to_vec(),
    };
    let added = ['a', 'b'].map(|digit| UserEvent::CertificateAdded {
        certificate: certificate(digit),
    });
    [ada_created(), granted].into_iter().chain(added).collect()
}

#[test]
fn a_certificate_that_is_taken_ends_the_sessions_obtained_by_one() {
    let removed = UserEvent::CertificateRemoved {
        fingerprint: fingerprint('a'),
    };
    for (grants, ends) in [
        (vec![grant(Token), grant(Certificate)], true),
        (vec![grant(Token), required(Certificate)], true),
        (vec![grant(Password), grant(Certificate)], true),
        // Nobody got a session by a certificate here.
        (vec![required(Password), grant(Certificate)], false),
        (vec![grant(Password), grant(Token)], false),
        (vec![grant(Certificate)], false),
        (vec![], false),
    ] {
        let ended = ends.then_some(by(Certificate));
        given::<User>(&with_certificates(&grants))
            .when(UserCommand::RemoveCertificate {
                fingerprint: fingerprint('a'),
            })
            .then_expect_events([removed.clone()].into_iter().chain(ended).collect());
    }
}

#[test]
fn whoever_loses_all_at_once_loses_the_sessions_once() {
    let user: User = folded(with_certificates(&[grant(Token), grant(Certificate)]));
    let events = user.decide(UserCommand::Revoke).unwrap();
    let is_end = |event: &&UserEvent| {
        matches!(
            event,
            UserEvent::TokensRevoked {}
                | UserEvent::SessionsEnded { .. }
                | UserEvent::SessionsByMethodEnded { .. }
        )
    };
    assert_eq!(events.iter().filter(is_end).count(), 1, "{events:?}");
}

#[test]
fn a_refused_change_ends_nothing() {
    given::<User>(&[ada_created()])
        .when(UserCommand::ChangePassword {
            verified: hash("guessed"),
            password_hash: hash("second"),
            session: Some(session(7)),
        })
        .then_expect_error(UserError::PasswordNotCurrent);
}

/// A session of the model.
#[derive(Clone, Debug)]
struct Held {
    id: SessionId,
    method: GrantMethod,
    /// By the simple rule.
    lives: bool,
    /// By the events.
    is_listed: bool,
}

#[derive(Clone, Debug)]
enum Step {
    LogIn(GrantMethod),
    /// Changes the password within the session of this number, if it is still there.
    Change(usize, &'static str),
    Set(&'static str),
    Rehash(&'static str),
    Update(
        Option<IdentityProvider>,
        Option<&'static str>,
        Option<Vec<GrantType>>,
    ),
    Revoke,
}

fn a_step() -> impl Strategy<Value = Step> {
    let text = || select(vec!["first", "second", "third"]);
    let provider = select(vec![IdentityProvider::Local, IdentityProvider::Ldap]);
    let grants = vec((select(GrantMethod::ALL.to_vec()), any::<bool>()), 0..3);
    let grants = grants.prop_map(|grants| {
        let grants = grants.into_iter();
        grants.map(|(method, is_required)| GrantType { method, is_required })
    });
    let grants = grants.prop_map(|grants| grants.collect::<Vec<_>>());
    prop_oneof![
        4 => select(vec![Password, Password, Certificate]).prop_map(Step::LogIn),
        2 => (0..6_usize, text()).prop_map(|(session, text)| Step::Change(session, text)),
        1 => text().prop_map(Step::Set),
        1 => text().prop_map(Step::Rehash),
        4 => (option::weighted(0.2, provider), option::weighted(0.3, text()), option::weighted(0.8, grants))
            .prop_map(|(provider, text, grants)| Step::Update(provider, text, grants)),
        1 => Just(Step::Revoke),
    ]
}

fn command(step: &Step, user: &User, held: &[Held]) -> Option<UserCommand> {
    Some(match step {
        Step::LogIn(_) => return None,
        Step::Change(number, text) => UserCommand::ChangePassword {
            verified: user.password_hash.clone()?,
            password_hash: hash(text),
            session: held.get(*number).map(|held| held.id),
        },
        Step::Set(text) => UserCommand::SetPassword {
            password_hash: hash(text),
        },
        Step::Rehash(text) => UserCommand::RehashPassword {
            verified: user.password_hash.clone()?,
            password_hash: hash(text),
        },
        Step::Update(identity_provider, text, grant_types) => UserCommand::Update(UpdateUser {
            identity_provider: *identity_provider,
            password_hash: text.map(hash),
            grant_types: grant_types.clone(),
            ..UpdateUser::default()
        }),
        Step::Revoke => UserCommand::RevokeAllTokens,
    })
}

/// The simple rule, by the command and by the states before and after it.
fn lives_on(held: &Held, command: &UserCommand, before: &User, after: &User) -> bool {
    let sets_password = match command {
        UserCommand::ChangePassword { session, .. } => *session != Some(held.id),
        UserCommand::SetPassword { .. } | UserCommand::RevokeAllTokens => true,
        UserCommand::Update(update) => update.password_hash.is_some(),
        _ => false,
    };
    let moves = before.identity_provider != after.identity_provider;
    held.lives && !sets_password && !moves && opens_sessions(&after.grant_types, held.method)
}

proptest! {
    #[test]
    fn sessions_end_as_the_simple_rule_says(steps in vec(a_step(), 1..40)) {
        let mut user: User = folded([ada_created()]);
        let mut sessions: Vec<Held> = Vec::new();
        for (number, step) in (0..).zip(&steps) {
            if let Step::LogIn(method) = step {
                let may = match method {
                    Password => user.may_log_in_by_password(),
                    Certificate | Token => opens_sessions(&user.grant_types, *method),
                };
                if may {
                    sessions.push(Held { id: session(number), method: *method, lives: true, is_listed: true });
                }
                continue;
            }
            let Some(command) = command(step, &user, &sessions) else { continue };
            let Ok(events) = user.decide(command.clone()) else { continue };
            let before = user.clone();
            for event in events {
                for held in &mut sessions {
                    held.is_listed &= match &event {
                        UserEvent::TokensRevoked {} => false,
                        UserEvent::SessionsEnded { kept } => *kept == Some(held.id),
                        UserEvent::SessionsByMethodEnded { method } => *method != held.method,
                        _ => true,
                    };
                }
                Registered::apply(&mut user, event);
            }
            for held in &mut sessions {
                held.lives = lives_on(held, &command, &before, &user);
                prop_assert_eq!(held.lives, held.is_listed, "{:?} after {:?}", held, command);
            }
        }
    }
}
