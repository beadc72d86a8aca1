//! Give a service account another secret: two are valid at the same time, so that a client can change to the new one without a gap.

use super::{NewSecret, ServiceAccount, ServiceAccountError, ServiceAccountEvent};

/// How many secrets are valid at the same time.
const MOST: usize = 2;

pub(super) fn decide(
    account: &ServiceAccount,
    secret: NewSecret,
) -> Result<Vec<ServiceAccountEvent>, ServiceAccountError> {
    account.must_be_open()?;
    let is_known = |known: &super::Secret| known.id == secret.id || known.digest == secret.digest;
    if account.secrets.iter().any(is_known) {
        return Err(ServiceAccountError::SecretTwice);
    }
    // To withdraw a secret ends what was got by it. So whoever does not mean that must not do it by the way.
    if account.secrets.len() >= MOST {
        return Err(ServiceAccountError::TwoSecrets);
    }
    Ok(vec![issued(secret)])
}

/// The event of a new secret.
pub(super) fn issued(secret: NewSecret) -> ServiceAccountEvent {
    ServiceAccountEvent::SecretIssued {
        id: secret.id,
        prefix: secret.prefix,
        digest: secret.digest,
        issued_at: secret.now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        service_account::{
            ServiceAccountCommand,
            tests::{opened, secret, secret_issued},
        },
        testing::{folded, given},
    };

    fn withdrawn(number: u8) -> ServiceAccountEvent {
        ServiceAccountEvent::SecretWithdrawn {
            id: secret(number).id,
        }
    }

    #[test]
    fn two_secrets_are_valid_and_a_third_is_refused() {
        given::<ServiceAccount>(&opened())
            .when(ServiceAccountCommand::IssueSecret(secret(2)))
            .then_expect_events(vec![secret_issued(2)]);
        let two = [opened(), vec![secret_issued(2)]].concat();
        given::<ServiceAccount>(&two)
            .when(ServiceAccountCommand::IssueSecret(secret(3)))
            .then_expect_error(ServiceAccountError::TwoSecrets);
        let account: ServiceAccount = folded(two.clone());
        let valid = |number| account.secret_with(&secret(number).digest).is_some();
        assert_eq!([valid(1), valid(2), valid(3)], [true, true, false]);
        // Once one is withdrawn, there is room for another.
        for number in [1, 2] {
            given::<ServiceAccount>(&[two.clone(), vec![withdrawn(number)]].concat())
                .when(ServiceAccountCommand::IssueSecret(secret(3)))
                .then_expect_events(vec![secret_issued(3)]);
        }
    }

    #[test]
    fn a_secret_is_issued_once_and_to_an_open_account() {
        for events in [opened(), [opened(), vec![secret_issued(2)]].concat()] {
            given::<ServiceAccount>(&events)
                .when(ServiceAccountCommand::IssueSecret(secret(1)))
                .then_expect_error(ServiceAccountError::SecretTwice);
        }
        for events in [vec![], [opened(), vec![ServiceAccountEvent::Closed {}]].concat()] {
            given::<ServiceAccount>(&events)
                .when(ServiceAccountCommand::IssueSecret(secret(2)))
                .then_expect_error(ServiceAccountError::NotFound);
        }
    }
}
