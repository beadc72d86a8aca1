//! Decide that somebody does not become a member of an organisation.

use super::{Account, AccountError, AccountEvent};
use crate::values::OrganisationId;

pub(super) fn decide(
    account: &Account,
    organisation: OrganisationId,
) -> Result<Vec<AccountEvent>, AccountError> {
    account.must_exist()?;
    match account.requested.contains(&organisation) {
        true => Ok(vec![AccountEvent::RequestEnded { organisation }]),
        false => Err(AccountError::NotRequested),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{
            AccountCommand,
            tests::{opened, organisation},
        },
        testing::given,
    };

    fn end(events: &[AccountEvent]) -> Result<Vec<AccountEvent>, AccountError> {
        let organisation = organisation(3);
        given::<Account>(events)
            .when(AccountCommand::EndRequest { organisation })
            .inspect_result()
    }

    #[test]
    fn a_wish_ends_once() {
        let organisation = organisation(3);
        let requested = AccountEvent::OrganisationRequested { organisation };
        let ended = AccountEvent::RequestEnded { organisation };
        assert_eq!(end(&[opened(), requested.clone()]), Ok(vec![ended.clone()]));
        assert_eq!(
            end(&[opened(), requested, ended]),
            Err(AccountError::NotRequested)
        );
        assert_eq!(end(&[opened()]), Err(AccountError::NotRequested));
        assert_eq!(end(&[]), Err(AccountError::NotFound));
    }
}
