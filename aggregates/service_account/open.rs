//! Open a service account.

use super::{NewSecret, ServiceAccount, ServiceAccountError, ServiceAccountEvent, Stage, issue_secret};
use crate::values::{Title, UserId};

pub(super) fn decide(
    account: &ServiceAccount,
    user_id: UserId,
    realm: Title,
    secret: NewSecret,
) -> Result<Vec<ServiceAccountEvent>, ServiceAccountError> {
    if account.stage != Stage::Absent {
        return Err(ServiceAccountError::AlreadyExists);
    }
    Ok(vec![
        ServiceAccountEvent::Opened { user_id, realm },
        issue_secret::issued(secret),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        service_account::{
            ServiceAccountCommand,
            tests::{opened, secret, secret_issued},
        },
        testing::{folded, given, user_id},
    };

    fn open() -> ServiceAccountCommand {
        ServiceAccountCommand::Open {
            user: user_id(7),
            realm: "plant".parse().unwrap(),
            secret: secret(1),
        }
    }

    #[test]
    fn an_account_opens_with_a_secret() {
        given::<ServiceAccount>(&[])
            .when(open())
            .then_expect_events(opened());
        let account: ServiceAccount = folded(opened());
        assert!(account.is_open() && account.is_of_realm("plant"));
        assert!(!account.is_of_realm("Plant") && !account.is_of_realm(""));
        assert_eq!(account.secret_with(&secret(1).digest), Some(secret(1).id));
        assert_eq!(account.secret_with(&secret(2).digest), None);
    }

    #[test]
    fn an_id_is_used_once() {
        for events in [
            opened(),
            [opened(), vec![secret_issued(2), ServiceAccountEvent::Closed {}]].concat(),
        ] {
            given::<ServiceAccount>(&events)
                .when(open())
                .then_expect_error(ServiceAccountError::AlreadyExists);
        }
    }
}
