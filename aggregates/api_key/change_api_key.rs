//! Change the given fields of an API key. The key itself never changes.

use std::collections::BTreeMap;

use super::{ApiKey, ApiKeyError, ApiKeyEvent, ChangeApiKey};
use crate::values::organisations;

pub(super) fn decide(key: &ApiKey, command: ChangeApiKey) -> Result<Vec<ApiKeyEvent>, ApiKeyError> {
    key.must_be_live()?;
    let mut events = Vec::new();
    if let Some(name) = command.name.filter(|name| **name != *key.name) {
        events.push(ApiKeyEvent::Renamed { name });
    }
    if let Some(groups) = command.groups {
        if groups.is_empty() {
            return Err(ApiKeyError::GroupMissing);
        }
        let wanted: BTreeMap<_, _> = groups.iter().map(|one| (one.group, one.organisation)).collect();
        let left = key.groups.iter().filter(|group| !wanted.contains_key(group));
        let joined = wanted.keys().filter(|group| !key.groups.contains(group));
        let before = events.len();
        events.extend(left.map(|group| ApiKeyEvent::GroupLeft { group: *group }));
        events.extend(joined.map(|group| ApiKeyEvent::GroupJoined { group: *group }));
        if events.len() > before {
            let (organisations, is_global) = organisations(&wanted);
            events.push(ApiKeyEvent::Placed {
                organisations,
                is_global,
            });
        }
    }
    let expires_at = command.expires_at.filter(|new| *new != key.expires_at);
    if let (Some(expires_at), Some(digest)) = (expires_at, key.digest) {
        if expires_at.is_some_and(|end| end <= command.now) {
            return Err(ApiKeyError::ExpiresInThePast);
        }
        events.push(ApiKeyEvent::ExpiryChanged { digest, expires_at });
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api_key::{
            ApiKeyCommand,
            tests::{at, digest, group, issued, organisation},
        },
        testing::given,
    };

    const NOTHING: ChangeApiKey = ChangeApiKey {
        name: None,
        groups: None,
        now: crate::values::Timestamp::from_micros(1_000_000),
        expires_at: None,
    };

    fn change(events: &[ApiKeyEvent], command: ChangeApiKey) -> Result<Vec<ApiKeyEvent>, ApiKeyError> {
        given::<ApiKey>(events)
            .when(ApiKeyCommand::Change(command))
            .inspect_result()
    }

    #[test]
    fn what_is_given_and_differs_changes() {
        let command = ChangeApiKey {
            name: "Other".parse().ok(),
            groups: Some(vec![group(4)]),
            expires_at: Some(Some(at(5))),
            ..NOTHING
        };
        let events = vec![
            ApiKeyEvent::Renamed {
                name: "Other".parse().unwrap(),
            },
            ApiKeyEvent::GroupLeft {
                group: group(2).group,
            },
            ApiKeyEvent::GroupJoined {
                group: group(4).group,
            },
            ApiKeyEvent::Placed {
                organisations: vec![organisation(3)],
                is_global: false,
            },
            ApiKeyEvent::ExpiryChanged {
                digest: digest(1),
                expires_at: Some(at(5)),
            },
        ];
        assert_eq!(change(&issued(), command.clone()), Ok(events.clone()));
        assert_eq!(change(&[issued(), events].concat(), command), Ok(vec![]));
        assert_eq!(change(&issued(), NOTHING), Ok(vec![]));
    }

    #[test]
    fn a_key_keeps_a_group_and_does_not_expire_in_the_past() {
        let groups = Some(vec![]);
        assert_eq!(
            change(&issued(), ChangeApiKey { groups, ..NOTHING }),
            Err(ApiKeyError::GroupMissing)
        );
        let expires_at = Some(Some(at(1)));
        let command = ChangeApiKey {
            expires_at,
            ..NOTHING
        };
        assert_eq!(change(&issued(), command), Err(ApiKeyError::ExpiresInThePast));
    }

    #[test]
    fn a_revoked_key_does_not_change() {
        for events in [vec![], [issued(), vec![ApiKeyEvent::Revoked {}]].concat()] {
            assert_eq!(change(&events, NOTHING), Err(ApiKeyError::NotFound));
        }
    }
}
