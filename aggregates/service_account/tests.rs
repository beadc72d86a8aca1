//! An account for the tests of its decisions, and what its commands say of themselves.

use uuid::Uuid;

use super::*;
use crate::testing::{commands_begin_streams_as_they_say, folded, user_id};

/// A secret that is issued at second 1.
pub(super) fn secret(number: u8) -> NewSecret {
    NewSecret {
        id: ClientSecretId(Uuid::from_u128(number.into())),
        prefix: format!("secret-{number}"),
        digest: KeyDigest::new([number; 32]),
        now: Timestamp::from_micros(1_000_000),
    }
}

/// The event of [`secret`].
pub(super) fn secret_issued(number: u8) -> ServiceAccountEvent {
    issue_secret::issued(secret(number))
}

/// An account of the realm `plant`, with the secret 1.
pub(super) fn opened() -> Vec<ServiceAccountEvent> {
    let realm = "plant".parse().unwrap();
    let user_id = user_id(7);
    vec![ServiceAccountEvent::Opened { user_id, realm }, secret_issued(1)]
}

#[test]
fn only_opening_begins_a_stream() {
    commands_begin_streams_as_they_say::<ServiceAccount>(|command| {
        Some(match command {
            None => ServiceAccountCommand::Open {
                user: user_id(7),
                realm: "plant".parse().unwrap(),
                secret: secret(1),
            },
            Some(ServiceAccountCommand::Open { .. }) => ServiceAccountCommand::IssueSecret(secret(1)),
            Some(ServiceAccountCommand::IssueSecret(_)) => {
                ServiceAccountCommand::WithdrawSecret { id: secret(1).id }
            }
            Some(ServiceAccountCommand::WithdrawSecret { .. }) => ServiceAccountCommand::Close,
            Some(ServiceAccountCommand::Close) => return None,
        })
    });
}

#[test]
fn an_id_is_that_of_a_user() {
    assert_eq!(user_id(7).service_account().user(), user_id(7));
    let account: ServiceAccount = folded(opened());
    assert!(account.is_open());
}
