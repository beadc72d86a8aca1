//! Open an account.

use super::{Account, AccountError, AccountEvent, OpenAccount, Stage};

pub(super) fn decide(account: &Account, command: OpenAccount) -> Result<Vec<AccountEvent>, AccountError> {
    if account.stage != Stage::Absent {
        return Err(AccountError::NumberTaken);
    }
    if command.expires_at.is_some_and(|end| end <= command.now) {
        return Err(AccountError::ExpiresInThePast);
    }
    let mut events = vec![AccountEvent::Opened {
        user: command.user,
        name: command.name.to_string(),
        email: command.email.map(|email| email.to_string()),
        is_active: command.is_active,
        expires_at: command.expires_at,
    }];
    let groups: std::collections::BTreeMap<_, _> = command
        .groups
        .iter()
        .map(|one| (one.group, one.organisation))
        .collect();
    let joined = groups
        .iter()
        .map(|(group, organisation)| AccountEvent::GroupJoined {
            group: *group,
            organisation: *organisation,
        });
    events.extend(joined);
    let requested = command.requested.into_iter();
    events.extend(requested.map(|organisation| AccountEvent::OrganisationRequested { organisation }));
    events.push(Account::placed(&groups));
    Ok(events)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        account::{
            AccountCommand,
            tests::{at, group, open, opened, organisation},
        },
        testing::given,
    };

    fn decided(command: OpenAccount) -> Result<Vec<AccountEvent>, AccountError> {
        given::<Account>(&[])
            .when(AccountCommand::Open(command))
            .inspect_result()
    }

    #[test]
    fn an_account_is_opened_with_its_groups_and_wishes() {
        let (joined, organisation) = (group(2), organisation(4));
        let command = OpenAccount {
            groups: vec![joined, joined],
            requested: BTreeSet::from([organisation]),
            ..open()
        };
        let events = vec![
            opened(),
            AccountEvent::GroupJoined {
                group: joined.group,
                organisation: joined.organisation,
            },
            AccountEvent::OrganisationRequested { organisation },
            AccountEvent::Placed {
                organisations: joined.organisation.into_iter().collect(),
                is_global: false,
            },
        ];
        assert_eq!(decided(command), Ok(events));
    }

    #[test]
    fn an_account_expires_after_it_is_opened() {
        for end in [0, 1] {
            let expires_at = Some(at(end));
            let command = OpenAccount { expires_at, ..open() };
            assert_eq!(decided(command), Err(AccountError::ExpiresInThePast));
        }
        let expires_at = Some(at(2));
        assert!(decided(OpenAccount { expires_at, ..open() }).is_ok());
    }

    #[test]
    fn a_number_is_used_once() {
        for events in [vec![opened()], vec![opened(), AccountEvent::Closed {}]] {
            given::<Account>(&events)
                .when(AccountCommand::Open(open()))
                .then_expect_error(AccountError::NumberTaken);
        }
    }
}
