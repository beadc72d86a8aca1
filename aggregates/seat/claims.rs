//! What a seat holds, and the licence that it needs.

use std::collections::BTreeSet;

use super::Seat;
use crate::{
    claim::{Claim, Claims, scopes},
    licence::claims::{LICENCE_IN_FORCE, LICENCE_SEAT},
};

scopes! {}

impl Claims for Seat {
    /// The device, within the licence. The licence limits how many there may be.
    fn claims(&self, _: &str) -> BTreeSet<Claim> {
        let taken = self.taken.iter();
        taken
            .map(|(licence, device)| Claim::within(LICENCE_SEAT, licence.to_string(), device.to_string()))
            .collect()
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let taken = self.taken.iter();
        taken
            .map(|(licence, _)| Claim::new(LICENCE_IN_FORCE, licence.to_string()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        seat::tests::{assigned, device, licence, released},
        testing::folded,
    };

    #[test]
    fn a_taken_seat_claims_its_device_within_the_licence_and_requires_that_the_licence_is_in_force() {
        let seat: Seat = folded([assigned()]);
        let claim = Claim::within(LICENCE_SEAT, licence().to_string(), device(2).to_string());
        assert_eq!(seat.claims("7"), BTreeSet::from([claim]));
        let required = Claim::new(LICENCE_IN_FORCE, licence().to_string());
        assert_eq!(seat.requires(), BTreeSet::from([required]));
        for seat in [Seat::default(), folded([assigned(), released()])] {
            assert_eq!(seat.claims("7"), BTreeSet::new());
            assert_eq!(seat.requires(), BTreeSet::new());
        }
    }
}
