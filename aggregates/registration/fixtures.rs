//! Registrations for the tests of decisions about them.

use super::{CredentialType, DeviceCredential, RegistrationEvent, Request, WishedPermission, Wishes};
use crate::{
    testing::hash,
    values::{Context, Operation, Timestamp},
};

/// A second of the tests.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

pub(super) fn wishes() -> Wishes {
    Wishes {
        roles: vec!["presses".into()],
        permissions: vec![WishedPermission {
            resource: "press/7/#".parse().unwrap(),
            operation: Operation::Write,
            context: Context::Mqtt,
        }],
        context: Some("hall 3".into()),
    }
}

/// Asks at second 1 for a registration that expires at second 2.
pub(super) fn request() -> Request {
    Request {
        username: "press.7".parse().unwrap(),
        credential: DeviceCredential::Password(hash("first")),
        wishes: wishes(),
        now: at(1),
        expires_at: at(2),
    }
}

/// The event that [`request`] leads to.
pub(super) fn requested() -> RegistrationEvent {
    RegistrationEvent::Requested {
        username: "press.7".into(),
        credential: CredentialType::Password,
        password_hash: Some(hash("first")),
        csr: None,
        wishes: wishes().to_text().unwrap(),
        expires_at: at(2),
    }
}

/// The histories of registrations about which somebody has decided, or that have expired.
pub(super) fn ended() -> [Vec<RegistrationEvent>; 3] {
    [
        vec![requested(), RegistrationEvent::Confirmed {}],
        vec![requested(), RegistrationEvent::Rejected {}],
        vec![requested(), RegistrationEvent::Expired {}],
    ]
}
