//! Do not show the face's welcome again.

use super::{Account, AccountError, AccountEvent};

pub(super) fn decide(account: &Account) -> Result<Vec<AccountEvent>, AccountError> {
    account.must_exist()?;
    let hidden = account.shows_welcome.then_some(AccountEvent::WelcomeHidden {});
    Ok(hidden.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{AccountCommand, tests::opened},
        testing::given,
    };

    #[test]
    fn the_welcome_is_hidden_once() {
        let hide = |events: &[AccountEvent]| {
            given::<Account>(events)
                .when(AccountCommand::HideWelcome)
                .inspect_result()
        };
        let hidden = AccountEvent::WelcomeHidden {};
        assert_eq!(hide(&[opened()]), Ok(vec![hidden.clone()]));
        assert_eq!(hide(&[opened(), hidden]), Ok(vec![]));
        assert_eq!(hide(&[]), Err(AccountError::NotFound));
    }
}
