//! Ask to be a member of organisations.

use std::collections::BTreeSet;

use super::{Account, AccountError, AccountEvent};
use crate::values::OrganisationId;

pub(super) fn decide(
    account: &Account,
    organisations: BTreeSet<OrganisationId>,
) -> Result<Vec<AccountEvent>, AccountError> {
    account.must_exist()?;
    let member_of = account.organisations();
    let new = organisations.into_iter();
    let new = new.filter(|one| !account.requested.contains(one) && !member_of.contains(one));
    Ok(new
        .map(|organisation| AccountEvent::OrganisationRequested { organisation })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{
            AccountCommand,
            tests::{group, opened, organisation},
        },
        testing::given,
    };

    fn request(events: &[AccountEvent]) -> Result<Vec<AccountEvent>, AccountError> {
        let organisations = BTreeSet::from([organisation(3), organisation(4)]);
        given::<Account>(events)
            .when(AccountCommand::RequestOrganisations { organisations })
            .inspect_result()
    }

    fn requested(number: i64) -> AccountEvent {
        AccountEvent::OrganisationRequested {
            organisation: organisation(number),
        }
    }

    #[test]
    fn only_a_new_wish_is_recorded() {
        assert_eq!(request(&[opened()]), Ok(vec![requested(3), requested(4)]));
        let member = AccountEvent::GroupJoined {
            group: group(2).group,
            organisation: group(2).organisation,
        };
        assert_eq!(request(&[opened(), member, requested(4)]), Ok(vec![]));
    }

    #[test]
    fn no_account_has_no_wishes() {
        assert_eq!(request(&[]), Err(AccountError::NotFound));
    }
}
