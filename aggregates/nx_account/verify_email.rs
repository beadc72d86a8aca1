//! The person has proved that the address is theirs.

use super::{NxAccount, NxAccountError, NxAccountEvent};

pub(super) fn decide(account: &NxAccount) -> Result<Vec<NxAccountEvent>, NxAccountError> {
    account.must_exist()?;
    Ok(match account.is_verified {
        true => Vec::new(),
        false => vec![NxAccountEvent::EmailVerified {}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nx_account::{NxAccountCommand, tests::opened},
        testing::given,
    };

    #[test]
    fn an_address_is_verified_once() {
        let verified = NxAccountEvent::EmailVerified {};
        given::<NxAccount>(&[opened()])
            .when(NxAccountCommand::VerifyEmail)
            .then_expect_events(vec![verified.clone()]);
        given::<NxAccount>(&[opened(), verified])
            .when(NxAccountCommand::VerifyEmail)
            .then_expect_events(vec![]);
        for events in [vec![], vec![opened(), NxAccountEvent::Closed {}]] {
            given::<NxAccount>(&events)
                .when(NxAccountCommand::VerifyEmail)
                .then_expect_error(NxAccountError::NotFound);
        }
    }
}
