//! Make a secret of a service account void. An account may have no secret: then only its certificates prove it.

use super::{ClientSecretId, ServiceAccount, ServiceAccountError, ServiceAccountEvent};

pub(super) fn decide(
    account: &ServiceAccount,
    id: ClientSecretId,
) -> Result<Vec<ServiceAccountEvent>, ServiceAccountError> {
    account.must_be_open()?;
    match account.secrets.iter().any(|secret| secret.id == id) {
        true => Ok(vec![ServiceAccountEvent::SecretWithdrawn { id }]),
        false => Err(ServiceAccountError::UnknownSecret),
    }
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
    fn a_secret_is_withdrawn_once() {
        let (id, withdrawn) = (
            secret(1).id,
            ServiceAccountEvent::SecretWithdrawn { id: secret(1).id },
        );
        given::<ServiceAccount>(&opened())
            .when(ServiceAccountCommand::WithdrawSecret { id })
            .then_expect_events(vec![withdrawn.clone()]);
        let without = [opened(), vec![withdrawn]].concat();
        let account: ServiceAccount = folded(without.clone());
        assert_eq!(account.secret_with(&secret(1).digest), None);
        assert!(account.is_open());
        given::<ServiceAccount>(&without)
            .when(ServiceAccountCommand::WithdrawSecret { id })
            .then_expect_error(ServiceAccountError::UnknownSecret);
        for events in [vec![], [opened(), vec![ServiceAccountEvent::Closed {}]].concat()] {
            given::<ServiceAccount>(&events)
                .when(ServiceAccountCommand::WithdrawSecret { id })
                .then_expect_error(ServiceAccountError::NotFound);
        }
    }
}
