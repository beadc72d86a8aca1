//! Close an account with its user, who may have none.

use super::{NxAccount, NxAccountEvent};

pub(super) fn decide(account: &NxAccount) -> Vec<NxAccountEvent> {
    match account.exists() {
        true => vec![NxAccountEvent::Closed {}],
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nx_account::{NxAccountCommand, tests::opened},
        testing::given,
    };

    #[test]
    fn an_account_is_closed_once() {
        let closed = NxAccountEvent::Closed {};
        given::<NxAccount>(&[opened()])
            .when(NxAccountCommand::Close)
            .then_expect_events(vec![closed.clone()]);
        for events in [vec![], vec![opened(), closed]] {
            given::<NxAccount>(&events)
                .when(NxAccountCommand::Close)
                .then_expect_events(vec![]);
        }
    }
}
