//! Close the window before its end.

use super::{ClientRegistry, ClientRegistryEvent};

/// The registry knows no clock: a window that has ended closes once more.
pub(super) fn decide(registry: &ClientRegistry) -> Vec<ClientRegistryEvent> {
    match registry.open_until {
        Some(_) => vec![ClientRegistryEvent::Closed {}],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client_registry::{
            ClientRegistryCommand,
            fixtures::{at, opened},
        },
        testing::{folded, given},
    };

    #[test]
    fn an_open_window_closes() {
        given::<ClientRegistry>(&[opened(3)])
            .when(ClientRegistryCommand::Close)
            .then_expect_events(vec![ClientRegistryEvent::Closed {}]);
        let registry: ClientRegistry = folded([opened(3), ClientRegistryEvent::Closed {}]);
        assert!(!registry.is_open(at(0)));
    }

    #[test]
    fn a_closed_window_stays_closed() {
        for events in [vec![], vec![opened(3), ClientRegistryEvent::Closed {}]] {
            given::<ClientRegistry>(&events)
                .when(ClientRegistryCommand::Close)
                .then_expect_events(vec![]);
        }
    }
}
