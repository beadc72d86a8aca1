//! How often one address may ask to be let in.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aggregates::values::Timestamp;

use crate::{
    address::Network,
    refusal::{Refusal, RefusalKind},
};

/// How many addresses are counted one by one in a minute. All further ones share a count.
const MOST_NETWORKS: usize = 16_384;
/// The length of a minute, in seconds.
const MINUTE: i64 = 60;

/// Counts the requests of each network in the present minute.
#[derive(Debug)]
pub(crate) struct Rate {
    most: u32,
    present: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    counts: HashMap<Network, u32>,
    /// The requests of the networks that have no count of their own.
    others: u32,
}

impl Rate {
    /// Lets each network make so many requests in a minute.
    pub(crate) fn new(most: u32) -> Self {
        Self {
            most,
            present: Mutex::default(),
        }
    }

    /// Counts a request, or refuses it.
    pub(crate) fn admit(&self, network: Network, now: Timestamp) -> Result<(), Refusal> {
        let mut minute = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.seconds().div_euclid(MINUTE);
        if minute.number != number {
            *minute = Minute {
                number,
                ..Minute::default()
            };
        }
        let has_room = minute.counts.len() < MOST_NETWORKS || minute.counts.contains_key(&network);
        let count = match has_room {
            true => minute.counts.entry(network).or_default(),
            false => &mut minute.others,
        };
        if *count >= self.most {
            let message = "too many registrations came from this address; try again in a minute";
            let mut refusal = Refusal::later(RefusalKind::TooManyRequests, "too_many_registrations", message);
            let rest = MINUTE - now.seconds().rem_euclid(MINUTE);
            refusal.retry_after = u32::try_from(rest).ok();
            return Err(refusal);
        }
        *count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::address::ClientAddress;

    fn network(number: u32) -> Network {
        ClientAddress::of(Ipv4Addr::from(number).into()).network()
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    #[test]
    fn each_address_has_a_number_of_requests_in_a_minute() {
        let rate = Rate::new(2);
        for address in [1, 2] {
            for _ in 0..2 {
                rate.admit(network(address), second(60)).unwrap();
            }
            let refused = rate.admit(network(address), second(100)).unwrap_err();
            assert_eq!(refused.kind, RefusalKind::TooManyRequests);
            assert_eq!(refused.retry_after, Some(20));
        }
        rate.admit(network(1), second(120)).unwrap();
    }

    #[test]
    fn addresses_without_end_take_a_bounded_memory_and_share_a_count() {
        let rate = Rate::new(1);
        let most = u32::try_from(MOST_NETWORKS).unwrap();
        for address in 0..=most {
            rate.admit(network(address), second(0)).unwrap();
        }
        for address in [0, most, most + 1] {
            rate.admit(network(address), second(0)).unwrap_err();
        }
        assert_eq!(rate.present.lock().unwrap().counts.len(), MOST_NETWORKS);
    }
}
