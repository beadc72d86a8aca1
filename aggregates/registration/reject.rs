//! Do not let the device in.

use super::{Registration, RegistrationError, RegistrationEvent};
use crate::values::Timestamp;

pub(super) fn decide(
    registration: &Registration,
    now: Timestamp,
) -> Result<Vec<RegistrationEvent>, RegistrationError> {
    registration.must_be_pending(now)?;
    Ok(vec![RegistrationEvent::Rejected {}])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        registration::{
            RegistrationCommand,
            fixtures::{at, ended, requested},
        },
        testing::{folded, given},
    };

    #[test]
    fn a_pending_registration_is_rejected() {
        given::<Registration>(&[requested()])
            .when(RegistrationCommand::Reject { now: at(1) })
            .then_expect_events(vec![RegistrationEvent::Rejected {}]);
        let registration: Registration = folded([requested(), RegistrationEvent::Rejected {}]);
        assert!(!registration.is_granted());
        assert_eq!(registration.username, "");
        assert_eq!(registration.password_hash, None);
    }

    #[test]
    fn an_expired_registration_is_not_rejected() {
        given::<Registration>(&[requested()])
            .when(RegistrationCommand::Reject { now: at(2) })
            .then_expect_error(RegistrationError::NotPending);
    }

    #[test]
    fn somebody_decides_once() {
        for events in ended().into_iter().chain([vec![]]) {
            given::<Registration>(&events)
                .when(RegistrationCommand::Reject { now: at(1) })
                .then_expect_error(RegistrationError::NotPending);
        }
    }
}
