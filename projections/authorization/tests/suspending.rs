//! Users who may do nothing, whatever they hold. No event of this server suspends a user, so a model of the tests does:
//! a user who must enrol a second factor is suspended until that is no longer required. The random histories run in both
//! models.

use aggregates::{
    role::RoleEvent,
    session::SessionEvent,
    user::UserEvent,
    values::{Audience, Certificate, Context, GrantMethod, GrantType, Operation, RoleName, Timestamp},
};

use super::{
    super::{
        Affected, Authorization, GrantTypes, Inquiry, Interest, Limits, LoadedRole, LoadedUser, Loader,
        MODEL, Model, PageStart, Reason, SessionView, Standing, Subject,
        past::{Moment, Past},
    },
    changing::changes,
    ledger::{
        Ledger, certificate_added, certificate_fingerprint, fingerprint, permission, role_created,
        role_granted, role_id, token_issued, user_created, user_id,
    },
    oracle::Oracle,
};

/// What this server knows, and suspension.
static SUSPENDING: Model = Model {
    subjects: MODEL.subjects,
    resources: MODEL.resources,
    facts: MODEL.facts,
    standing: |event| match suspends(event) {
        Some(true) => Standing::Suspended,
        Some(false) => Standing::Restored,
        None => Standing::Kept,
    },
};

/// Whether an event suspends its user, or restores the user.
fn suspends(event: &UserEvent) -> Option<bool> {
    match event {
        UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment,
        } => Some(*enforce_mfa_enrollment),
        UserEvent::Created { .. }
        | UserEvent::Renamed { .. }
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::PasswordChangeDemanded { .. }
        | UserEvent::TotpOffered { .. }
        | UserEvent::TotpEnrolled { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::BackupCodesReplaced { .. }
        | UserEvent::SecondFactorDisabled { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::PermissionRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {}
        | UserEvent::Deleted {} => None,
    }
}

/// The model of this server, or the one in which users are suspended.
pub(super) fn model(suspending: bool) -> &'static Model {
    match suspending {
        false => &MODEL,
        true => &SUSPENDING,
    }
}

/// An oracle for the same.
pub(super) fn oracle(suspending: bool) -> Oracle {
    match suspending {
        false => Oracle::default(),
        true => Oracle::suspending(suspends),
    }
}

/// An engine that starts from rows which say what the oracle knows.
pub(super) fn loaded(model: &'static Model, oracle: &Oracle) -> Authorization {
    let mut loader = Loader::within(model, oracle.position);
    for (id, role) in &oracle.roles {
        let role = LoadedRole {
            id: *id,
            made_at: 0,
            name: RoleName::parse(&role.name).unwrap(),
            is_shared: role.is_shared,
            auto_generated: false,
            permissions: role.permissions.values().cloned().collect(),
        };
        loader.role(role).unwrap();
    }
    for (id, user) in &oracle.users {
        let mut roles = user
            .roles
            .iter()
            .copied()
            .filter(|role| oracle.roles.contains_key(role));
        let first = roles.next();
        if first.is_some() {
            loader.held(*id, first.into_iter().chain(roles)).unwrap();
        }
        if !user.own.is_empty() {
            loader.own_permissions(*id, user.own.values().cloned().collect());
        }
    }
    for (id, user) in &oracle.users {
        let row = LoadedUser {
            id: *id,
            made_at: 0,
            username: &user.username,
            identity_provider: user.identity_provider,
            mqtt_publish_prefix: user.prefix.as_deref(),
            grant_types: GrantTypes::of(&user.grant_types),
            enforce_mfa_enrollment: user.enforce_mfa,
            has_second_factor: user.has_second_factor,
            must_change_password: user.must_change_password,
            is_suspended: oracle.acting(*id).is_none(),
        };
        loader.user(row).unwrap();
    }
    for session in oracle.sessions.iter().filter(|session| !session.void) {
        let view = SessionView {
            session_id: session.id,
            user_id: session.user,
            face: Audience::Connectware,
            methods: session.methods.iter().copied().collect(),
            issued_at: Timestamp::from_micros(0),
            expires_at: session.expires_at,
        };
        loader.session(1, session.fingerprint, view).unwrap();
    }
    for (fingerprint, (user, expires_at)) in &oracle.certificates {
        let certificate = Certificate {
            fingerprint: fingerprint.clone(),
            created_at: Timestamp::from_micros(0),
            expires_at: *expires_at,
        };
        loader.certificate(0, *user, &certificate).unwrap();
    }
    loader.finish().unwrap()
}

const USER: u128 = 1;
const NOW: Timestamp = Timestamp::from_micros(5);

fn enforced(enforce_mfa_enrollment: bool) -> UserEvent {
    UserEvent::MfaEnforcementChanged {
        enforce_mfa_enrollment,
    }
}

/// A user who may read `a` by a role, and may prove it by a certificate and a token.
fn holder() -> Ledger {
    let permission = permission(1, Context::Mqtt, Operation::Read, "a");
    let methods = [
        GrantMethod::Password,
        GrantMethod::Certificate,
        GrantMethod::Token,
    ];
    let grant_types = methods.map(|method| GrantType {
        method,
        is_required: false,
    });
    let mut ledger = Ledger::default();
    ledger
        .role(1, role_created("role"))
        .role(1, RoleEvent::PermissionAdded { permission })
        .user(USER, user_created("ann"))
        .user(
            USER,
            UserEvent::GrantTypesChanged {
                grant_types: grant_types.to_vec(),
            },
        )
        .user(USER, role_granted(1))
        .user(USER, certificate_added(1, None))
        .session(1, token_issued(USER, 1, 10));
    ledger
}

/// Why each way of naming the user is denied; `None` if it is allowed.
fn denied(engine: &Authorization) -> [Option<Reason>; 4] {
    let inquiry = Inquiry::parse("mqtt", "a", "read").unwrap();
    [
        Subject::User(user_id(USER)),
        Subject::Username("ann".into()),
        Subject::Certificate(certificate_fingerprint(1)),
        Subject::Token(fingerprint(1)),
    ]
    .map(|subject| engine.answer(&subject, &inquiry, NOW).denied)
}

fn engine(ledger: &Ledger) -> Authorization {
    let engine = Authorization::within(&SUSPENDING);
    engine.apply(&ledger.0);
    engine
}

#[test]
fn a_suspended_user_is_unknown_however_they_are_named() {
    let mut ledger = holder();
    assert_eq!(denied(&engine(&ledger)), [None; 4]);
    ledger.user(USER, enforced(true));
    let live = engine(&ledger);
    let unknown = Some(Reason::Unknown);
    assert_eq!(
        denied(&live),
        [unknown, unknown, unknown, Some(Reason::TokenVoid)]
    );
    let check = live.check(user_id(USER), Context::Mqtt, Operation::Read, "a");
    assert!(!check.allowed);
    assert_eq!(live.bearer(&fingerprint(1)), None);
    assert_eq!(live.user_by_name("ann"), None);
    assert_eq!(live.user(user_id(USER)), None);
    assert_eq!(live.permissions(user_id(USER)), []);
    let inquiry = Inquiry::parse("mqtt", "a", "read").unwrap();
    assert_eq!(live.users_who_may(&inquiry, None, 9, &Interest::default()), []);
    assert_eq!(
        live.tokens_that_may(&inquiry, NOW, None, 9, &Interest::default()),
        [[0; 32]; 0]
    );
    assert_eq!(
        live.certificates_that_may(&inquiry, NOW, None, 9, &Interest::default()),
        []
    );
    // Code that changes users still finds the user.
    assert!(live.has_user(user_id(USER)));
    assert_eq!((live.user_count(), live.certificate_count()), (1, 1));
}

#[test]
fn a_restored_user_has_all_that_they_held_but_their_tokens() {
    let mut ledger = holder();
    ledger.user(USER, enforced(true));
    ledger.session(2, token_issued(USER, 2, 10));
    ledger.user(USER, enforced(false));
    let void = Some(Reason::TokenVoid);
    let live = engine(&ledger);
    assert_eq!(denied(&live), [None, None, None, void]);
    assert_eq!(
        live.bearer(&fingerprint(2)),
        None,
        "it was issued to a suspended user"
    );
    // It does not matter whether void sessions were dropped meanwhile.
    let mut dropped = holder();
    dropped.user(USER, enforced(true));
    let live = engine(&dropped);
    assert_eq!(live.drop_expired(Timestamp::from_micros(0)), 1);
    dropped.user(USER, enforced(false));
    live.apply(&dropped.0);
    assert_eq!(denied(&live), [None, None, None, void]);
    dropped.session(3, token_issued(USER, 3, 10));
    live.apply(&dropped.0);
    assert!(live.bearer(&fingerprint(3)).is_some());
}

#[test]
fn a_dry_run_tells_all_that_suspension_takes_and_gives_back() {
    let told = |ledger: &Ledger, event: UserEvent| {
        let mut events = Ledger::default();
        events.user(USER, event);
        let live = engine(ledger);
        let next = events.0.iter().map(|one| (one.aggregate_id.as_str(), &one.event));
        let limits = Limits {
            effects: 9,
            rights: 9,
            looks: 9,
        };
        let (effects, _) = live
            .what_if(next)
            .page(PageStart::Named(0), limits, &Interest::default());
        let [effect] = <[_; 1]>::try_from(effects).unwrap();
        assert_eq!(effect.on, Affected::User(user_id(USER)), "the user was there");
        (effect.gained.len(), effect.lost.len())
    };
    let mut ledger = holder();
    assert_eq!(told(&ledger, enforced(true)), (0, 1));
    ledger.user(USER, enforced(true));
    assert_eq!(told(&ledger, enforced(false)), (1, 0));
}

#[test]
fn the_past_says_when_a_user_was_suspended() {
    let mut ledger = holder();
    ledger.user(USER, enforced(true)).user(USER, enforced(false));
    let (before, after) = (ledger.0.len() as i64 - 2, ledger.0.len() as i64);
    let subject = Subject::User(user_id(USER));
    let inquiry = Inquiry::parse("mqtt", "a", "read").unwrap();
    for (position, denied, grants) in [
        (before, None, 1),
        (before + 1, Some(Reason::Unknown), 0),
        (after, None, 1),
    ] {
        let moment = Moment { position, time: NOW };
        let past = Past::within(
            &SUSPENDING,
            subject.clone(),
            moment,
            &ledger.0,
            &Interest::default(),
        );
        assert_eq!(past.answer(&inquiry).denied, denied);
        assert_eq!(past.grants().len(), grants);
        assert_eq!(past.why(&inquiry).deciding().unwrap().grants.len(), grants);
    }
    let changes = changes(
        &SUSPENDING,
        &subject,
        before..=after,
        &ledger.0,
        9,
        &Interest::default(),
    )
    .changes;
    let counts: Vec<_> = changes
        .iter()
        .map(|change| (change.gained.listed.len(), change.lost.listed.len()))
        .collect();
    assert_eq!(counts, [(0, 1), (1, 0)]);
}

#[test]
fn a_role_that_changes_while_its_holder_is_suspended_counts_once_they_are_restored() {
    let mut ledger = holder();
    ledger
        .user(USER, enforced(true))
        .role(1, RoleEvent::Deleted {})
        .user(USER, enforced(false));
    assert_eq!(
        denied(&engine(&ledger)),
        [
            Some(Reason::NoGrant),
            Some(Reason::NoGrant),
            Some(Reason::NoGrant),
            Some(Reason::TokenVoid)
        ]
    );
    ledger.session(1, SessionEvent::TokenRevoked {});
    assert_eq!(engine(&ledger).session_count(), 0);
    assert!(engine(&ledger).role(role_id(1)).is_none());
}
