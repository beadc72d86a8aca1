//! One event of each kind, with every optional field filled. The golden files are made from these events.

use super::{CredentialType, RegistrationEvent};
use crate::values::{PasswordHash, Timestamp};

/// A registration has a password or a signing request. The sample has both, so that the golden file shows both.
pub(super) fn all() -> Vec<RegistrationEvent> {
    let wishes = r#"{"roles":["presses"],"permissions":[{"resource":"press/7/#","operation":"write","context":"mqtt"}],"context":"hall 3"}"#;
    vec![
        RegistrationEvent::Requested {
            username: "iot.device.0123456".into(),
            credential: CredentialType::Password,
            password_hash: Some(PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")),
            csr: Some("MIHYMIGAAgEAMB4xHDAaBgNVBAMME2lvdC5kZXZpY2UuMDEyMzQ1Ng==".into()),
            wishes: wishes.into(),
            expires_at: Timestamp::from_micros(1_767_312_000_000_000),
        },
        RegistrationEvent::Confirmed {},
        RegistrationEvent::Rejected {},
        RegistrationEvent::Expired {},
    ]
}
