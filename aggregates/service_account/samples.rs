//! One event of each kind, with every optional field filled. The golden files are made from these events.

use uuid::Uuid;

use super::{ClientSecretId, ServiceAccountEvent};
use crate::values::{Invalid, KeyDigest, Timestamp, UserId};

pub(super) fn all() -> Result<Vec<ServiceAccountEvent>, Invalid> {
    let id = ClientSecretId(Uuid::from_u128(7));
    Ok(vec![
        ServiceAccountEvent::Opened {
            user_id: UserId(Uuid::from_u128(1)),
            realm: "plant".parse()?,
        },
        ServiceAccountEvent::SecretIssued {
            id,
            prefix: "Zm9vYmFy".into(),
            digest: KeyDigest::new([0xab; 32]),
            issued_at: Timestamp::from_micros(1_767_225_600_000_000),
        },
        ServiceAccountEvent::SecretWithdrawn { id },
        ServiceAccountEvent::Closed {},
    ])
}
