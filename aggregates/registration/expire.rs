//! End a registration that was not confirmed in time.

use super::{Registration, RegistrationEvent, Stage};
use crate::values::Timestamp;

/// Several nodes may ask at the same time. Only the first one ends the registration.
pub(super) fn decide(registration: &Registration, now: Timestamp) -> Vec<RegistrationEvent> {
    match registration.stage {
        Stage::Pending if registration.expires_at <= now => vec![RegistrationEvent::Expired {}],
        Stage::Pending | Stage::Absent | Stage::Granted | Stage::Ended => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        registration::{
            RegistrationCommand,
            fixtures::{at, ended, requested},
        },
        testing::given,
    };

    #[test]
    fn a_registration_ends_when_it_has_expired() {
        for (now, events) in [
            (1, vec![]),
            (2, vec![RegistrationEvent::Expired {}]),
            (3, vec![RegistrationEvent::Expired {}]),
        ] {
            given::<Registration>(&[requested()])
                .when(RegistrationCommand::Expire { now: at(now) })
                .then_expect_events(events);
        }
    }

    #[test]
    fn a_registration_that_is_not_pending_does_not_expire() {
        for events in ended().into_iter().chain([vec![]]) {
            given::<Registration>(&events)
                .when(RegistrationCommand::Expire { now: at(9) })
                .then_expect_events(vec![]);
        }
    }
}
