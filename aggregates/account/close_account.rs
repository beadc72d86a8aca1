//! Close an account.

use super::{Account, AccountError, AccountEvent};

pub(super) fn decide(account: &Account) -> Result<Vec<AccountEvent>, AccountError> {
    account.must_exist()?;
    Ok(vec![AccountEvent::Closed {}])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{AccountCommand, tests::opened},
        testing::given,
    };

    #[test]
    fn an_account_is_closed_once() {
        let close = |events: &[AccountEvent]| {
            given::<Account>(events)
                .when(AccountCommand::Close)
                .inspect_result()
        };
        let closed = AccountEvent::Closed {};
        assert_eq!(close(&[opened()]), Ok(vec![closed.clone()]));
        assert_eq!(close(&[opened(), closed]), Err(AccountError::NotFound));
        assert_eq!(close(&[]), Err(AccountError::NotFound));
    }
}
