//! Open the window in which devices may ask to be let in.

use super::{ClientRegistryError, ClientRegistryEvent};
use crate::values::Timestamp;

pub(super) fn decide(
    now: Timestamp,
    until: Timestamp,
    most_pending: i64,
) -> Result<Vec<ClientRegistryEvent>, ClientRegistryError> {
    if until <= now {
        return Err(ClientRegistryError::NeverOpen);
    }
    if most_pending < 1 {
        return Err(ClientRegistryError::NoRoom);
    }
    Ok(vec![ClientRegistryEvent::Opened { until, most_pending }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client_registry::{
            ClientRegistry, ClientRegistryCommand,
            fixtures::{at, open, opened},
        },
        testing::{folded, given},
    };

    #[test]
    fn the_window_opens_and_ends() {
        given::<ClientRegistry>(&[])
            .when(open(1, 3))
            .then_expect_events(vec![opened(3)]);
        let registry: ClientRegistry = folded([opened(3)]);
        assert!(registry.is_open(at(2)));
        assert!(!registry.is_open(at(3)));
        assert!(!ClientRegistry::default().is_open(at(0)));
    }

    #[test]
    fn an_open_window_gets_another_end() {
        for end in [2, 5] {
            given::<ClientRegistry>(&[opened(3)])
                .when(open(1, end))
                .then_expect_events(vec![opened(end)]);
        }
    }

    #[test]
    fn a_closed_window_opens_again() {
        let events = [opened(3), ClientRegistryEvent::Closed {}];
        given::<ClientRegistry>(&events)
            .when(open(2, 4))
            .then_expect_events(vec![opened(4)]);
    }

    #[test]
    fn a_window_ends_after_it_begins() {
        for end in [0, 1] {
            given::<ClientRegistry>(&[])
                .when(open(1, end))
                .then_expect_error(ClientRegistryError::NeverOpen);
        }
    }

    #[test]
    fn at_least_one_registration_may_be_pending() {
        let command = ClientRegistryCommand::Open {
            now: at(1),
            until: at(2),
            most_pending: 0,
        };
        given::<ClientRegistry>(&[])
            .when(command)
            .then_expect_error(ClientRegistryError::NoRoom);
    }
}
