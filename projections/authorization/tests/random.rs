//! Random histories, compared with the oracle.

use std::collections::BTreeSet;

use aggregates::{
    Event,
    role::RoleEvent,
    sealing::ERASED,
    session::SessionEvent,
    user::{UserEvent, second_factor::Used},
    values::{
        Context, Fingerprint, GrantMethod, GrantType, IdentityProvider, Operation, PasswordHash, Permission,
        RoleName, Timestamp, TopicFilter, TotpSecret, UserId,
    },
};
use proptest::{collection::vec, prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};

use super::{
    super::{Authorization, MODEL, engine::about::About},
    filter,
    ledger::{
        Ledger, certificate_added, certificate_fingerprint, certificate_removed, fingerprint, permission_id,
        role_created, role_granted, role_id, session_id, token_issued_by, user_created, user_id,
    },
    oracle::{Oracle, OracleUser},
    suspending::{self, loaded},
};

pub(super) const USERS: u128 = 4;
pub(super) const ROLES: u128 = 5;
pub(super) const CERTIFICATES: u8 = 4;
pub(super) const TOKENS: u8 = 5;
const SESSIONS: u128 = 4;
const NAMES: [&str; 4] = ["ann", "bob", "carl", ERASED];

#[derive(Clone, Debug)]
pub(super) enum Step {
    User(u128, UserEvent),
    Role(u128, RoleEvent),
    Session(u128, SessionEvent),
    DropExpired(i64),
}

pub(super) fn a_filter() -> impl Strategy<Value = TopicFilter> {
    let levels = vec(select(vec!["", "a", "b", "$s", "+", "a"]), 1..4);
    (levels, any::<bool>()).prop_map(|(levels, rest)| {
        let text = if rest {
            format!("{}/#", levels.join("/"))
        } else {
            levels.join("/")
        };
        TopicFilter::parse(&text).unwrap_or_else(|_| filter("#"))
    })
}

pub(super) fn a_topic() -> impl Strategy<Value = String> {
    vec(select(vec!["", "a", "b", "$s", "+"]), 1..5).prop_map(|levels| levels.join("/"))
}

fn an_operation() -> impl Strategy<Value = Operation> {
    select(vec![Operation::Read, Operation::Write, Operation::ReadWrite])
}

fn a_context() -> impl Strategy<Value = Context> {
    select(vec![Context::Http, Context::Mqtt])
}

fn a_permission() -> impl Strategy<Value = Permission> {
    (0..6u128, a_filter(), an_operation(), a_context()).prop_map(|(id, resource, operation, context)| {
        Permission {
            id: permission_id(id),
            resource,
            operation,
            context,
        }
    })
}

fn a_user_event() -> impl Strategy<Value = UserEvent> {
    let role = || (0..ROLES).prop_map(role_granted);
    prop_oneof![
        4 => select(NAMES.to_vec()).prop_map(user_created),
        1 => select(NAMES.to_vec()).prop_map(|name| UserEvent::Renamed { username: name.to_owned() }),
        8 => role(),
        3 => (0..ROLES).prop_map(|role| UserEvent::RoleRevoked { role_id: role_id(role) }),
        3 => a_permission().prop_map(|permission| UserEvent::PermissionGranted { permission }),
        2 => (0..6u128).prop_map(|id| UserEvent::PermissionRevoked { id: permission_id(id) }),
        1 => any::<bool>().prop_map(|some| UserEvent::PublishPrefixChanged {
            mqtt_publish_prefix: some.then(|| "a/b".to_owned()),
        }),
        2 => any::<bool>().prop_map(|enforce_mfa_enrollment| UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment,
        }),
        2 => any::<(bool, bool, bool)>().prop_map(|(is_required, other, certificate)| UserEvent::GrantTypesChanged {
            grant_types: vec![
                GrantType { method: GrantMethod::Token, is_required },
                GrantType {
                    method: if certificate { GrantMethod::Certificate } else { GrantMethod::Password },
                    is_required: other,
                },
            ],
        }),
        3 => (0..CERTIFICATES, any::<Option<i64>>()).prop_map(|(number, end)| certificate_added(number, end)),
        2 => (0..CERTIFICATES).prop_map(certificate_removed),
        1 => Just(UserEvent::TokensRevoked {}),
        2 => proptest::option::of(0..SESSIONS).prop_map(|kept| UserEvent::SessionsEnded {
            kept: kept.map(session_id),
        }),
        1 => select(GrantMethod::ALL.to_vec()).prop_map(|method| UserEvent::SessionsByMethodEnded { method }),
        1 => Just(UserEvent::Revoked {}),
        1 => Just(UserEvent::Deleted {}),
        1 => select(vec![IdentityProvider::Local, IdentityProvider::Ldap]).prop_map(|identity_provider| {
            UserEvent::IdentityProviderChanged { identity_provider }
        }),
        3 => a_password_event(),
        2 => a_second_factor_event(),
    ]
}

fn a_second_factor_event() -> impl Strategy<Value = UserEvent> {
    select(vec![
        UserEvent::TotpOffered {
            secret: TotpSecret::new("GEZDGNBVGY3TQOJQ"),
        },
        UserEvent::TotpEnrolled {
            step: 1,
            backup_codes: vec![],
        },
        UserEvent::SecondFactorUsed {
            used: Used::Totp { step: 2 },
        },
        UserEvent::SecondFactorRefused { banned_until: None },
        UserEvent::BackupCodesReplaced { backup_codes: vec![] },
        UserEvent::SecondFactorDisabled { by_owner: true },
    ])
}

fn a_password_event() -> impl Strategy<Value = UserEvent> {
    let password_hash = || PasswordHash::new("$argon2id$hash");
    select(vec![
        UserEvent::PasswordChanged {
            password_hash: password_hash(),
        },
        UserEvent::PasswordSet {
            password_hash: password_hash(),
        },
        UserEvent::PasswordRehashed {
            password_hash: password_hash(),
        },
        UserEvent::PasswordChangeDemanded { demanded: true },
        UserEvent::PasswordChangeDemanded { demanded: true },
        UserEvent::PasswordChangeDemanded { demanded: false },
    ])
}

fn a_role_event() -> impl Strategy<Value = RoleEvent> {
    prop_oneof![
        3 => select(NAMES.to_vec()).prop_map(role_created),
        8 => a_permission().prop_map(|permission| RoleEvent::PermissionAdded { permission }),
        3 => (0..6u128, a_filter(), an_operation()).prop_map(|(id, resource, operation)| {
            RoleEvent::PermissionChanged { id: permission_id(id), resource, operation }
        }),
        2 => (0..6u128).prop_map(|id| RoleEvent::PermissionRemoved { id: permission_id(id) }),
        1 => any::<bool>().prop_map(|is_shared| RoleEvent::SharingChanged { is_shared }),
        1 => select(NAMES.to_vec()).prop_map(|name| RoleEvent::Renamed { name: RoleName::parse(name).unwrap() }),
        1 => Just(RoleEvent::Deleted {}),
    ]
}

/// What a user may have presented for a token.
fn presented() -> impl Strategy<Value = Vec<GrantMethod>> {
    use GrantMethod::{Certificate, Password, Token};
    select(vec![
        vec![Password],
        vec![Password, Token],
        vec![Certificate],
        vec![Certificate, Password],
    ])
}

fn a_session_event() -> impl Strategy<Value = SessionEvent> {
    prop_oneof![
        3 => (0..USERS, 0..TOKENS, 1..20i64, presented()).prop_map(|(user, token, end, methods)| {
            token_issued_by(&methods, user, token, end)
        }),
        1 => Just(SessionEvent::TokenRevoked {}),
    ]
}

pub(super) fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..USERS, a_user_event()).prop_map(|(user, event)| Step::User(user, event)),
        8 => (0..ROLES, a_role_event()).prop_map(|(role, event)| Step::Role(role, event)),
        3 => (0..SESSIONS, a_session_event()).prop_map(|(session, event)| Step::Session(session, event)),
        1 => (0..20i64).prop_map(Step::DropExpired),
    ]
}

/// A history that in half of the cases begins with everybody there. Otherwise, most events are about nobody.
pub(super) fn a_history(most: usize) -> impl Strategy<Value = Vec<Step>> {
    (any::<bool>(), vec(a_step(), 1..most)).prop_map(|(is_peopled, steps)| match is_peopled {
        true => everybody().chain(steps).collect(),
        false => steps,
    })
}

/// The steps after which everybody is there: each user holds a role that grants something.
fn everybody() -> impl Iterator<Item = Step> {
    let roles = (0..ROLES).flat_map(|role| {
        let permission = Permission {
            id: permission_id(role),
            resource: filter(if role % 2 == 0 { "a/#" } else { "+/b" }),
            operation: Operation::ReadWrite,
            context: Context::Mqtt,
        };
        let made = role_created(&format!("role {role}"));
        [made, RoleEvent::PermissionAdded { permission }].map(|event| Step::Role(role, event))
    });
    let users = (0..USERS).flat_map(|user| {
        [user_created(&format!("user {user}")), role_granted(user)].map(|event| Step::User(user, event))
    });
    roles.chain(users)
}

/// Writes a step to the ledger and the oracle. The callers drop expired sessions.
pub(super) fn write(step: Step, ledger: &mut Ledger, oracle: &mut Oracle) {
    let written = ledger.0.len();
    match step {
        Step::User(user, mut event) => {
            if let UserEvent::Created { username, .. } | UserEvent::Renamed { username } = &mut event {
                free_name(oracle, user, username);
            }
            if let UserEvent::CertificateAdded { certificate } = &event {
                free_certificate(oracle, user, &certificate.fingerprint, ledger);
            }
            ledger.user(user, event);
        }
        Step::Role(role, event) => drop(ledger.role(role, event)),
        Step::Session(session, event) => drop(ledger.session(session, event)),
        Step::DropExpired(_) => {}
    }
    for recorded in &ledger.0[written..] {
        oracle.apply(recorded);
    }
}

/// Takes a certificate from another user who has it: two users never have one certificate at a time.
fn free_certificate(oracle: &Oracle, user: u128, fingerprint: &Fingerprint, ledger: &mut Ledger) {
    let owner = oracle.certificates.get(fingerprint).map(|(owner, _)| *owner);
    let owner = (0..USERS).find(|other| *other != user && owner == Some(user_id(*other)));
    if let Some(owner) = owner {
        let fingerprint = fingerprint.clone();
        ledger.user(owner, UserEvent::CertificateRemoved { fingerprint });
    }
}

/// The name, unless another user has it: two users never have one name at a time.
fn free_name(oracle: &Oracle, user: u128, username: &mut String) {
    let has_it =
        |(owner, held): (&UserId, &OracleUser)| *owner != user_id(user) && held.username == *username;
    if *username != ERASED && oracle.users.iter().any(has_it) {
        *username = format!("free-{}", oracle.position);
    }
}

fn compare(authorization: &Authorization, oracle: &Oracle, topics: &[String], filters: &[TopicFilter]) {
    assert_eq!(authorization.position(), oracle.position);
    assert_eq!(authorization.user_count(), oracle.users.len());
    for id in (0..USERS).map(user_id) {
        for topic in topics {
            for context in [Context::Http, Context::Mqtt] {
                for operation in [Operation::Read, Operation::Write, Operation::ReadWrite] {
                    let decision = authorization.check(id, context, operation, topic);
                    let expected = oracle.check(id, context, operation, topic);
                    assert_eq!(decision.allowed, expected, "{context:?} {operation:?} {topic}");
                    assert_eq!(decision.position, oracle.position);
                }
            }
        }
        for filter in filters {
            let decision = authorization.check_subscription(id, filter);
            assert_eq!(
                decision.allowed,
                oracle.check_subscription(id, filter),
                "{filter}"
            );
        }
        assert_eq!(authorization.permissions(id), oracle.permissions(id));
        assert_eq!(authorization.has_user(id), oracle.users.contains_key(&id));
        let (view, expected) = (authorization.user(id), oracle.acting(id));
        assert_eq!(view.is_some(), expected.is_some());
        assert_eq!(
            authorization.username(id).is_some(),
            expected.is_some_and(|user| user.username != ERASED)
        );
        if let (Some(view), Some(expected)) = (view, expected) {
            assert_eq!(view.identity_provider, expected.identity_provider);
            assert_eq!(*view.username, *expected.username);
            assert_eq!(view.mqtt_publish_prefix.as_deref(), expected.prefix.as_deref());
            assert_eq!(view.grant_types, expected.grant_types);
            assert_eq!(view.enforce_mfa_enrollment, expected.enforce_mfa);
            assert_eq!(view.has_second_factor, expected.has_second_factor);
            assert_eq!(view.must_change_password, expected.must_change_password);
            assert_eq!(view.roles, oracle.roles_of(id));
            assert_eq!(
                authorization.user_by_name(&view.username),
                oracle.user_by_name(&view.username)
            );
        }
    }
    for name in NAMES {
        assert_eq!(authorization.user_by_name(name), oracle.user_by_name(name));
    }
    for id in (0..ROLES).map(role_id) {
        let (view, expected) = (authorization.role(id), oracle.roles.get(&id));
        assert_eq!(view.is_some(), expected.is_some());
        if let (Some(view), Some(expected)) = (view, expected) {
            assert_eq!(
                (&*view.name, view.is_shared),
                (&*expected.name, expected.is_shared)
            );
            assert!(view.permissions.iter().eq(expected.permissions.values()));
        }
    }
    assert_eq!(authorization.certificate_count(), oracle.certificates.len());
    for fingerprint in (0..CERTIFICATES).map(certificate_fingerprint) {
        let view = authorization.certificate(&fingerprint);
        let expected = oracle.certificates.get(&fingerprint).copied();
        let expected = expected.filter(|(user, _)| oracle.acting(*user).is_some());
        assert_eq!(view.map(|view| (view.user_id, view.expires_at)), expected);
    }
    for fingerprint in (0..TOKENS).map(fingerprint) {
        let (view, expected) = (authorization.session(&fingerprint), oracle.session(&fingerprint));
        let view = view.map(|view| (view.session_id, view.user_id, view.expires_at));
        assert_eq!(
            view,
            expected.map(|session| (session.id, session.user, session.expires_at))
        );
        assert_eq!(
            authorization
                .bearer(&fingerprint)
                .map(|bearer| bearer.session.session_id),
            expected.map(|session| session.id)
        );
    }
}

/// The events that no random history contains, each with the reason. For a new event, add it to [`a_step`], or list it here.
const NEVER_MADE: [(&str, &str); 5] = [
    ("licence.issued", "the histories of nx.rs have it"),
    ("role.application_attached", "the histories of os2iot.rs have it"),
    ("role.application_detached", "the histories of os2iot.rs have it"),
    (
        "role.group_adds_new_applications_changed",
        "the histories of os2iot.rs have it",
    ),
    ("role.group_formed", "the histories of os2iot.rs have it"),
];

/// Whether the engine folds events of this kind, or takes facts from them.
fn concerns_the_engine(event: &Event) -> bool {
    let id = user_id(0).to_string();
    match About::of(&id, event) {
        About::User(..) | About::Role(..) | About::Session(..) => true,
        About::Nobody => !(MODEL.facts)(&id, event).is_empty(),
    }
}

#[test]
fn random_histories_have_every_event() {
    let mut runner = TestRunner::deterministic();
    let (mut ledger, mut oracle) = (Ledger::default(), Oracle::default());
    for _ in 0..4_000 {
        let step = a_step().new_tree(&mut runner).unwrap().current();
        write(step, &mut ledger, &mut oracle);
    }
    let made: BTreeSet<&str> = ledger.0.iter().map(|event| event.event.event_type()).collect();
    let never: BTreeSet<&str> = NEVER_MADE.iter().map(|(event, _)| *event).collect();
    let samples = Event::samples().unwrap();
    let missing: Vec<&str> = samples
        .iter()
        .filter(|event| concerns_the_engine(event))
        .map(Event::event_type)
        .filter(|event| made.contains(event) == never.contains(event))
        .collect();
    assert_eq!(
        missing, [""; 0],
        "no step makes these, or they are listed although one does"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, ..ProptestConfig::default() })]

    #[test]
    fn a_random_history_is_answered_as_the_oracle_answers(
        suspending in any::<bool>(),
        steps in a_history(80),
        applied in vec((any::<bool>(), 0..8usize), 1..20),
        topics in vec(a_topic(), 6),
        filters in vec(a_filter(), 6),
    ) {
        let authorization = Authorization::within(suspending::model(suspending));
        let mut oracle = suspending::oracle(suspending);
        let mut ledger = Ledger::default();
        for (step, (apply, overlap)) in steps.into_iter().zip(applied.into_iter().cycle()) {
            if let Step::DropExpired(now) = step {
                let now = Timestamp::from_micros(now);
                authorization.apply(&ledger.0);
                prop_assert_eq!(authorization.drop_expired(now), oracle.drop_expired(now));
            }
            write(step, &mut ledger, &mut oracle);
            if apply {
                let from = (authorization.position() as usize).saturating_sub(overlap);
                authorization.apply(&ledger.0[from..]);
                compare(&authorization, &oracle, &topics, &filters);
                prop_assert_eq!(authorization.session_count(), oracle.sessions.len());
            }
        }
        authorization.apply(&ledger.0);
        compare(&authorization, &oracle, &topics, &filters);
        prop_assert_eq!(authorization.session_count(), oracle.sessions.len());
        // So does one that starts from rows, and goes on from there.
        if oracle.position > 0 {
            let started = loaded(suspending::model(suspending), &oracle);
            compare(&started, &oracle, &topics, &filters);
        }
    }
}
