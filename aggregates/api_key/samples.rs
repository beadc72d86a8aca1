//! One event of each kind, with every optional field filled. The golden files are made from these events.

use super::ApiKeyEvent;
use crate::values::{AccountId, GroupId, Invalid, KeyDigest, Ordinal, OrganisationId, Timestamp};

pub(super) fn all() -> Result<Vec<ApiKeyEvent>, Invalid> {
    let (group, digest) = (GroupId::of(Ordinal::FIRST), KeyDigest::new([0xab; 32]));
    let expires_at = Some(Timestamp::from_micros(1_798_761_600_000_000));
    Ok(vec![
        ApiKeyEvent::Issued {
            name: "Dashboard".parse()?,
            prefix: "5f7c2a91".into(),
            digest,
            expires_at,
            system_user: AccountId::of(Ordinal::FIRST),
        },
        ApiKeyEvent::Renamed {
            name: "Dashboards".parse()?,
        },
        ApiKeyEvent::GroupJoined { group },
        ApiKeyEvent::GroupLeft { group },
        ApiKeyEvent::Placed {
            organisations: vec![OrganisationId::of(Ordinal::FIRST)],
            is_global: true,
        },
        ApiKeyEvent::ExpiryChanged { digest, expires_at },
        ApiKeyEvent::Revoked {},
    ])
}
