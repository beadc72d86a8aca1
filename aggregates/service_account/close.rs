//! Close a service account. The same unit deletes its user.

use super::{ServiceAccount, ServiceAccountError, ServiceAccountEvent};

pub(super) fn decide(account: &ServiceAccount) -> Result<Vec<ServiceAccountEvent>, ServiceAccountError> {
    account.must_be_open()?;
    Ok(vec![ServiceAccountEvent::Closed {}])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        service_account::{
            ServiceAccountCommand,
            tests::{opened, secret},
        },
        testing::{folded, given},
    };

    #[test]
    fn an_account_is_closed_once_and_has_no_secret_then() {
        let closed = vec![ServiceAccountEvent::Closed {}];
        given::<ServiceAccount>(&opened())
            .when(ServiceAccountCommand::Close)
            .then_expect_events(closed.clone());
        let events = [opened(), closed].concat();
        let account: ServiceAccount = folded(events.clone());
        assert!(!account.is_open() && !account.is_of_realm("plant"));
        assert_eq!(account.secret_with(&secret(1).digest), None);
        for events in [vec![], events] {
            given::<ServiceAccount>(&events)
                .when(ServiceAccountCommand::Close)
                .then_expect_error(ServiceAccountError::NotFound);
        }
    }
}
