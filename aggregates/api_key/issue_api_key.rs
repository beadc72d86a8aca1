//! Issue an API key.

use std::collections::BTreeMap;

use super::{ApiKey, ApiKeyError, ApiKeyEvent, IssueApiKey, Stage};
use crate::values::organisations;

pub(super) fn decide(key: &ApiKey, command: IssueApiKey) -> Result<Vec<ApiKeyEvent>, ApiKeyError> {
    if key.stage != Stage::Absent {
        return Err(ApiKeyError::NumberTaken);
    }
    if command.groups.is_empty() {
        return Err(ApiKeyError::GroupMissing);
    }
    if command.expires_at.is_some_and(|end| end <= command.now) {
        return Err(ApiKeyError::ExpiresInThePast);
    }
    let groups: BTreeMap<_, _> = command
        .groups
        .iter()
        .map(|one| (one.group, one.organisation))
        .collect();
    let (organisations, is_global) = organisations(&groups);
    let issued = ApiKeyEvent::Issued {
        name: command.name,
        prefix: command.prefix,
        digest: command.digest,
        expires_at: command.expires_at,
        system_user: command.system_user,
    };
    let joined = groups.into_keys().map(|group| ApiKeyEvent::GroupJoined { group });
    let placed = ApiKeyEvent::Placed {
        organisations,
        is_global,
    };
    Ok(std::iter::once(issued).chain(joined).chain([placed]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api_key::{
            ApiKeyCommand,
            tests::{at, group, issue, issued},
        },
        testing::given,
    };

    fn decided(command: IssueApiKey) -> Result<Vec<ApiKeyEvent>, ApiKeyError> {
        given::<ApiKey>(&[])
            .when(ApiKeyCommand::Issue(command))
            .inspect_result()
    }

    #[test]
    fn a_key_has_the_rights_of_its_groups() {
        assert_eq!(decided(issue()), Ok(issued()));
        let groups = vec![group(2), group(2)];
        assert_eq!(decided(IssueApiKey { groups, ..issue() }), Ok(issued()));
    }

    /// "No groups" must never mean "all groups".
    #[test]
    fn a_key_without_a_group_is_not_issued() {
        let groups = vec![];
        assert_eq!(
            decided(IssueApiKey { groups, ..issue() }),
            Err(ApiKeyError::GroupMissing)
        );
    }

    #[test]
    fn a_key_expires_after_it_is_issued_or_never() {
        for end in [0, 1] {
            let expires_at = Some(at(end));
            let command = IssueApiKey {
                expires_at,
                ..issue()
            };
            assert_eq!(decided(command), Err(ApiKeyError::ExpiresInThePast));
        }
        let expires_at = Some(at(2));
        assert!(
            decided(IssueApiKey {
                expires_at,
                ..issue()
            })
            .is_ok()
        );
    }

    #[test]
    fn a_number_is_used_once() {
        for events in [issued(), [issued(), vec![ApiKeyEvent::Revoked {}]].concat()] {
            given::<ApiKey>(&events)
                .when(ApiKeyCommand::Issue(issue()))
                .then_expect_error(ApiKeyError::NumberTaken);
        }
    }
}
