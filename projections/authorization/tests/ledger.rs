//! A ledger for tests: events with positions, and ids from small numbers.

use aggregates::{
    Event, Recorded,
    role::RoleEvent,
    session::SessionEvent,
    user::UserEvent,
    values::{
        Audience, Certificate, Context, Fingerprint, GrantMethod, GrantType, IdentityProvider, Operation,
        Permission, PermissionId, RoleId, RoleName, SessionId, Timestamp, TokenFingerprint, UserId,
    },
};

use super::filter;

pub(super) fn user_id(number: u128) -> UserId {
    UserId(uuid::Uuid::from_u128(0x1000 + number))
}

pub(super) fn role_id(number: u128) -> RoleId {
    RoleId(uuid::Uuid::from_u128(0x2000 + number))
}

pub(super) fn permission_id(number: u128) -> PermissionId {
    PermissionId(uuid::Uuid::from_u128(0x3000 + number))
}

pub(super) fn session_id(number: u128) -> SessionId {
    SessionId(uuid::Uuid::from_u128(0x4000 + number))
}

pub(super) fn fingerprint(number: u8) -> [u8; 32] {
    [number; 32]
}

pub(super) fn permission(number: u128, context: Context, operation: Operation, resource: &str) -> Permission {
    Permission {
        id: permission_id(number),
        resource: filter(resource),
        operation,
        context,
    }
}

pub(super) fn user_created(username: &str) -> UserEvent {
    UserEvent::Created {
        username: username.to_owned(),
        identity_provider: IdentityProvider::Local,
        auto_generated: false,
        mqtt_publish_prefix: None,
        grant_types: vec![GrantType {
            method: GrantMethod::Password,
            is_required: false,
        }],
        enforce_mfa_enrollment: false,
        password_hash: None,
    }
}

pub(super) fn role_created(name: &str) -> RoleEvent {
    RoleEvent::Created {
        name: RoleName::parse(name).unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: false,
    }
}

pub(super) fn role_granted(role: u128) -> UserEvent {
    UserEvent::RoleGranted {
        role_id: role_id(role),
        exclusive: false,
    }
}

pub(super) fn token_issued(user: u128, token: u8, expires_at: i64) -> SessionEvent {
    token_issued_by(
        &[GrantMethod::Token, GrantMethod::Password],
        user,
        token,
        expires_at,
    )
}

/// The same, but the user presented these methods.
pub(super) fn token_issued_by(
    methods: &[GrantMethod],
    user: u128,
    token: u8,
    expires_at: i64,
) -> SessionEvent {
    SessionEvent::TokenIssued {
        user_id: user_id(user),
        face: Audience::Connectware,
        fingerprint: TokenFingerprint::from_digest(fingerprint(token)),
        label: String::new(),
        methods: methods.to_vec(),
        issued_at: Timestamp::from_micros(expires_at - 1),
        expires_at: Timestamp::from_micros(expires_at),
    }
}

/// Fingerprints of both lengths that begin with the same digits.
pub(super) fn certificate_fingerprint(number: u8) -> Fingerprint {
    let octets = if number.is_multiple_of(2) { 20 } else { 32 };
    Fingerprint::parse(&format!("{:02x}", number / 2).repeat(octets)).unwrap()
}

pub(super) fn certificate_added(number: u8, expires_at: Option<i64>) -> UserEvent {
    UserEvent::CertificateAdded {
        certificate: Certificate {
            fingerprint: certificate_fingerprint(number),
            created_at: Timestamp::from_micros(0),
            expires_at: expires_at.map(Timestamp::from_micros),
        },
    }
}

pub(super) fn certificate_removed(number: u8) -> UserEvent {
    UserEvent::CertificateRemoved {
        fingerprint: certificate_fingerprint(number),
    }
}

/// Events in the order they are written.
#[derive(Clone, Default)]
pub(super) struct Ledger(pub(super) Vec<Recorded>);

impl Ledger {
    pub(super) fn user(&mut self, user: u128, event: UserEvent) -> &mut Self {
        self.record(user_id(user).to_string(), Event::User(event))
    }

    pub(super) fn role(&mut self, role: u128, event: RoleEvent) -> &mut Self {
        self.record(role_id(role).to_string(), Event::Role(event))
    }

    pub(super) fn session(&mut self, session: u128, event: SessionEvent) -> &mut Self {
        self.record(session_id(session).to_string(), Event::Session(event))
    }

    pub(super) fn record(&mut self, aggregate_id: String, event: Event) -> &mut Self {
        let position = self.0.len() as i64 + 1;
        self.0.push(Recorded {
            position,
            aggregate_id,
            sequence: position,
            recorded_at: Timestamp::from_micros(position),
            actor: "system".to_owned(),
            event,
        });
        self
    }
}
