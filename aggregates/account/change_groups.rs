//! Join groups and leave groups.

use super::{Account, AccountError, AccountEvent, ChangeGroups};

pub(super) fn decide(account: &Account, command: ChangeGroups) -> Result<Vec<AccountEvent>, AccountError> {
    account.must_exist()?;
    let member_of = account.organisations();
    let mut groups = account.groups.clone();
    let mut events = Vec::new();
    for group in command.left {
        if groups.remove(&group).is_some() {
            events.push(AccountEvent::GroupLeft { group });
        }
    }
    let mut requested = account.requested.clone();
    for one in command.joined {
        let (group, organisation) = (one.group, one.organisation);
        if groups.contains_key(&group) {
            continue;
        }
        let is_known =
            organisation.is_some_and(|one| member_of.contains(&one) || account.requested.contains(&one));
        if !is_known && !command.of_anybody {
            return Err(AccountError::NoMember);
        }
        groups.insert(group, organisation);
        events.push(AccountEvent::GroupJoined { group, organisation });
        if let Some(organisation) = organisation.filter(|one| requested.remove(one)) {
            events.push(AccountEvent::RequestEnded { organisation });
        }
    }
    if !events.is_empty() {
        events.push(Account::placed(&groups));
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        account::{
            AccountCommand,
            tests::{group, opened, organisation},
        },
        testing::given,
        values::{GroupId, Membership},
    };

    fn joined(one: Membership) -> AccountEvent {
        AccountEvent::GroupJoined {
            group: one.group,
            organisation: one.organisation,
        }
    }

    fn placed(numbers: &[i64]) -> AccountEvent {
        AccountEvent::Placed {
            organisations: numbers.iter().map(|number| organisation(*number)).collect(),
            is_global: false,
        }
    }

    fn decided(events: &[AccountEvent], command: ChangeGroups) -> Result<Vec<AccountEvent>, AccountError> {
        let events = [vec![opened()], events.to_vec()].concat();
        given::<Account>(&events)
            .when(AccountCommand::ChangeGroups(command))
            .inspect_result()
    }

    fn join(one: Membership, of_anybody: bool) -> ChangeGroups {
        ChangeGroups {
            joined: vec![one],
            of_anybody,
            ..ChangeGroups::default()
        }
    }

    #[test]
    fn a_member_joins_other_groups_of_the_organisation() {
        assert_eq!(
            decided(&[joined(group(2))], join(group(4), false)),
            Ok(vec![joined(group(4)), placed(&[3])])
        );
        assert_eq!(decided(&[joined(group(2))], join(group(2), false)), Ok(vec![]));
    }

    /// The takeover chain (design/people.md): whoever administers one organisation must not draw a stranger into it.
    #[test]
    fn a_stranger_is_not_drawn_into_an_organisation() {
        assert_eq!(decided(&[], join(group(2), false)), Err(AccountError::NoMember));
        let global = Membership {
            group: GroupId::GLOBAL_ADMIN,
            organisation: None,
        };
        assert_eq!(
            decided(&[joined(group(2))], join(global, false)),
            Err(AccountError::NoMember)
        );
        assert!(decided(&[], join(group(2), true)).is_ok());
        assert!(decided(&[], join(global, true)).is_ok());
    }

    /// To leave the last group of an organisation and to join another one of it is one change.
    #[test]
    fn a_member_may_change_from_one_group_to_another() {
        let command = ChangeGroups {
            left: BTreeSet::from([group(2).group]),
            ..join(group(4), false)
        };
        let left = AccountEvent::GroupLeft {
            group: group(2).group,
        };
        assert_eq!(
            decided(&[joined(group(2))], command),
            Ok(vec![left, joined(group(4)), placed(&[3])])
        );
    }

    #[test]
    fn whoever_asked_may_be_let_in() {
        let organisation = organisation(3);
        let requested = AccountEvent::OrganisationRequested { organisation };
        assert_eq!(
            decided(&[requested], join(group(2), false)),
            Ok(vec![
                joined(group(2)),
                AccountEvent::RequestEnded { organisation },
                placed(&[3])
            ])
        );
    }

    #[test]
    fn a_group_is_left_once() {
        let leave = || ChangeGroups {
            left: BTreeSet::from([group(2).group]),
            ..ChangeGroups::default()
        };
        let left = AccountEvent::GroupLeft {
            group: group(2).group,
        };
        assert_eq!(decided(&[joined(group(2))], leave()), Ok(vec![left, placed(&[])]));
        assert_eq!(decided(&[], leave()), Ok(vec![]));
    }

    #[test]
    fn a_closed_account_joins_nothing() {
        assert_eq!(
            decided(&[AccountEvent::Closed {}], join(group(2), true)),
            Err(AccountError::NotFound)
        );
    }
}
