//! Short ways to write events.

use aggregates::{
    Event, Recorded,
    certified_key::CertifiedKeyEvent,
    role::RoleEvent,
    session::SessionEvent,
    user::UserEvent,
    values::{
        Audience, Certificate, CertifiedKeyId, Context, Fingerprint, GrantMethod, GrantType,
        IdentityProvider, KeyId, Operation, Permission, PermissionId, RoleId, RoleName, SerialNumber,
        SessionId, Timestamp, TokenFingerprint, TopicFilter, UserId,
    },
};
use uuid::Uuid;

use crate::{model::numbered::api_key, world::NOW};

/// The user gets a certificate for a key.
pub(crate) fn certificate_issued(n: u32, key: u32, user: u32) -> (Uuid, Event) {
    issued_as(certificate(n).fingerprint, n, key, user_id(user))
}

/// The user gets the certificate with this fingerprint.
pub(crate) fn issued_as(fingerprint: Fingerprint, n: u32, key: u32, user_id: UserId) -> (Uuid, Event) {
    let event = CertifiedKeyEvent::CertificateIssued {
        user_id,
        fingerprint,
        serial: SerialNumber::parse(&format!("40{n:038x}")).expect("a serial number"),
        issuer: KeyId::parse(&format!("{:02x}", n % 3)).expect("a key id"),
        not_before: NOW,
        not_after: NOW.plus_hours(i64::from(n % 7) - 3),
        certificate: format!("certificate {n}"),
    };
    (certified_key_id(key).0, Event::CertifiedKey(event))
}

pub(crate) fn certified_key_id(n: u32) -> CertifiedKeyId {
    CertifiedKeyId(Uuid::from_u128(
        0x5000_0000_0000_0000_0000_0000_0000 + u128::from(n),
    ))
}

/// An event as the ledger returns it.
pub(crate) fn recorded(position: i64, id: Uuid, event: Event) -> Recorded {
    Recorded {
        position,
        aggregate_id: id.to_string(),
        sequence: position,
        recorded_at: at(position),
        actor: actor(position),
        event,
    }
}

/// Who caused the event at a position: the system, a user, or an API key.
pub(crate) fn actor(position: i64) -> String {
    let n = u32::try_from(position % 30).expect("a small number");
    match n % 4 {
        0 => "system".to_owned(),
        1 => api_key(1 + n).uuid().to_string(),
        2 => user_id(1_000 + n).to_string(),
        _ => user_id(n).to_string(),
    }
}

/// When the ledger recorded the event at a position.
pub(crate) fn at(position: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + position * 1_000)
}

pub(crate) fn user_id(n: u32) -> UserId {
    UserId(Uuid::from_u128(
        0x1000_0000_0000_0000_0000_0000_0000 + u128::from(n),
    ))
}

pub(crate) fn role_id(n: u32) -> RoleId {
    RoleId(Uuid::from_u128(
        0x2000_0000_0000_0000_0000_0000_0000 + u128::from(n),
    ))
}

pub(crate) fn permission_id(n: u32) -> PermissionId {
    PermissionId(Uuid::from_u128(
        0x3000_0000_0000_0000_0000_0000_0000 + u128::from(n),
    ))
}

pub(crate) fn session_id(n: u32) -> SessionId {
    SessionId(Uuid::from_u128(
        0x4000_0000_0000_0000_0000_0000_0000 + u128::from(n),
    ))
}

pub(crate) fn of_user(n: u32, event: UserEvent) -> (Uuid, Event) {
    (user_id(n).0, Event::User(event))
}

pub(crate) fn of_role(n: u32, event: RoleEvent) -> (Uuid, Event) {
    (role_id(n).0, Event::Role(event))
}

pub(crate) fn of_session(n: u32, event: SessionEvent) -> (Uuid, Event) {
    (session_id(n).0, Event::Session(event))
}

pub(crate) fn user_created(n: u32, username: &str, auto_generated: bool) -> (Uuid, Event) {
    of_user(
        n,
        UserEvent::Created {
            username: username.to_owned(),
            identity_provider: IdentityProvider::Local,
            auto_generated,
            mqtt_publish_prefix: n.is_multiple_of(2).then(|| format!("site/{n}")),
            grant_types: vec![GrantType {
                method: GrantMethod::Password,
                is_required: n.is_multiple_of(3),
            }],
            enforce_mfa_enrollment: n.is_multiple_of(5),
            password_hash: Some(String::from("$argon2id$secret").into()),
        },
    )
}

pub(crate) fn role_created(n: u32, name: &str, is_shared: bool, auto_generated: bool) -> (Uuid, Event) {
    let name = RoleName::parse(name).expect("a role name");
    of_role(
        n,
        RoleEvent::Created {
            name,
            is_shared,
            auto_generated,
            protected: n == 1,
        },
    )
}

pub(crate) fn role_granted(user: u32, role: u32) -> (Uuid, Event) {
    of_user(
        user,
        UserEvent::RoleGranted {
            role_id: role_id(role),
            exclusive: false,
        },
    )
}

pub(crate) fn permission(n: u32, resource: &str, operation: Operation, context: Context) -> Permission {
    Permission {
        id: permission_id(n),
        resource: topic(resource),
        operation,
        context,
    }
}

pub(crate) fn reading(n: u32, resource: &str) -> Permission {
    permission(n, resource, Operation::Read, Context::Mqtt)
}

pub(crate) fn permission_granted(user: u32, permission: Permission) -> (Uuid, Event) {
    of_user(user, UserEvent::PermissionGranted { permission })
}

pub(crate) fn permission_added(role: u32, permission: Permission) -> (Uuid, Event) {
    of_role(role, RoleEvent::PermissionAdded { permission })
}

pub(crate) fn topic(text: &str) -> TopicFilter {
    TopicFilter::parse(text).expect("a topic filter")
}

pub(crate) fn certificate(n: u32) -> Certificate {
    Certificate {
        fingerprint: Fingerprint::parse(&format!("{n:064x}")).expect("a fingerprint"),
        created_at: at(i64::from(n)),
        expires_at: n.is_multiple_of(2).then_some(NOW),
    }
}

pub(crate) fn token_fingerprint(n: u32) -> TokenFingerprint {
    TokenFingerprint::parse(&format!("{n:064x}")).expect("a fingerprint")
}

/// A token that expires `hours` after `NOW`.
pub(crate) fn token_issued(n: u32, user: u32, hours: i64) -> (Uuid, Event) {
    token_issued_by(GrantMethod::Password, n, user_id(user), hours)
}

/// The same, obtained by this method, for a user with any id.
pub(crate) fn token_issued_by(method: GrantMethod, n: u32, user_id: UserId, hours: i64) -> (Uuid, Event) {
    token_issued_on(Audience::Connectware, method, n, user_id, hours)
}

/// The same, for this API.
pub(crate) fn token_issued_on(
    face: Audience,
    method: GrantMethod,
    n: u32,
    user_id: UserId,
    hours: i64,
) -> (Uuid, Event) {
    of_session(
        n,
        SessionEvent::TokenIssued {
            user_id,
            face,
            fingerprint: token_fingerprint(n),
            label: format!("token {n}"),
            methods: vec![method],
            issued_at: at(i64::from(n)),
            expires_at: Timestamp::from_micros(NOW.micros() + hours * 3_600_000_000),
        },
    )
}
