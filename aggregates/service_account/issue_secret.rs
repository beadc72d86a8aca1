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
    let too_many = (account.secrets.len() + 1).saturating_sub(MOST);
    let oldest = account.secrets.iter().take(too_many);
    let withdrawn = oldest.map(|old| ServiceAccountEvent::SecretWithdrawn { id: old.id });
    Ok(withdrawn.chain([issued(secret)]).collect())
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
    fn the_newest_two_secrets_are_valid() {
        given::<ServiceAccount>(&opened())
            .when(ServiceAccountCommand::IssueSecret(secret(2)))
            .then_expect_events(vec![secret_issued(2)]);
        let two = [opened(), vec![secret_issued(2)]].concat();
        given::<ServiceAccount>(&two)
            .when(ServiceAccountCommand::IssueSecret(secret(3)))
            .then_expect_events(vec![withdrawn(1), secret_issued(3)]);
        let account: ServiceAccount = folded([two, vec![withdrawn(1), secret_issued(3)]].concat());
        let valid = |number| account.secret_with(&secret(number).digest).is_some();
        assert_eq!([valid(1), valid(2), valid(3)], [false, true, true]);
    }

    #[test]
    fn a_secret_is_issued_once_and_to_an_open_account() {
        given::<ServiceAccount>(&opened())
            .when(ServiceAccountCommand::IssueSecret(secret(1)))
            .then_expect_error(ServiceAccountError::SecretTwice);
        for events in [vec![], [opened(), vec![ServiceAccountEvent::Closed {}]].concat()] {
            given::<ServiceAccount>(&events)
                .when(ServiceAccountCommand::IssueSecret(secret(2)))
                .then_expect_error(ServiceAccountError::NotFound);
        }
    }
}
