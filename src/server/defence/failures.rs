//! How many wrong passwords came lately: from each network, for each name, and for each name from each network.

use std::time::Duration;

use super::{Draw, Who, bounded::Bounded, pairs::Pairs, queue::Rank};
use crate::address::Network;

/// How many networks, names, and pairs of them have a place.
const MOST: usize = 16_384;
/// After this time, a failure counts half.
const HALF_LIFE: Duration = Duration::from_secs(600);
/// The answer to a wrong password waits for this time at first, and twice as long after each further one.
const FIRST_HOLD: Duration = Duration::from_millis(125);
/// The answer to a wrong password waits for this time at most.
const MOST_HOLD: Duration = Duration::from_secs(2);
/// How many failures of a pair of name and network stay without consequences.
const FREE_OF_PAIR: f64 = 3.0;
/// How many failures of a network stay without consequences.
const FREE_OF_NETWORK: f64 = 5.0;
/// How many failures of a name, from networks from which it never logged in, stay without consequences.
const FREE_OF_NAME: f64 = 20.0;
/// From this many failures on, a network from which nobody ever logged in may try the names at which it has failed only now and then.
const THROTTLED: f64 = 9.5;
/// How often it may try such a name then.
const NOW_AND_THEN: Duration = Duration::from_secs(1);

/// From this many failures on, a network has failed. One failure counts for ten minutes.
const FAILED: f64 = 0.5;

/// Whether an attempt may have its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Yes.
    Now,
    /// That depends on attempts that have not ended.
    Later,
    /// No.
    Never,
}

/// A number of failures that shrinks with time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Score {
    value: f64,
    at: Duration,
}

impl Score {
    pub(super) fn one(now: Duration) -> Self {
        Self { value: 1.0, at: now }
    }

    pub(super) fn now(self, now: Duration) -> f64 {
        let halvings = now.saturating_sub(self.at).as_secs_f64() / HALF_LIFE.as_secs_f64();
        self.value * (-halvings).exp2()
    }

    pub(super) fn add(&mut self, number: f64, now: Duration) {
        self.value = (self.now(now) + number).max(0.0);
        self.at = self.at.max(now);
    }
}

/// The failures of all.
#[derive(Debug)]
pub(super) struct Failures {
    networks: Bounded<Network, Score>,
    pairs: Pairs,
    names: Bounded<u64, Score>,
}

impl Failures {
    pub(super) fn new() -> Self {
        Self {
            networks: Bounded::new(MOST),
            pairs: Pairs::new(MOST),
            names: Bounded::new(MOST),
        }
    }

    /// Counts a wrong password. Returns how long its answer must wait. `is_known` says whether the name has logged in from this network.
    pub(super) fn count(&mut self, who: Who, is_known: bool, now: Duration, draw: &mut Draw<'_>) -> Duration {
        let network = count(&mut self.networks, who.network, now, draw);
        let pair = self.pairs.count(who, now, draw);
        let strangers = match is_known {
            true => 0.0,
            false => count(&mut self.names, who.name, now, draw),
        };
        hold(network, FREE_OF_NETWORK)
            .max(hold(pair, FREE_OF_PAIR))
            .max(hold(strangers, FREE_OF_NAME))
    }

    /// The rank of an attempt, if nothing speaks for it. A network that has not failed comes before those that have: so whoever attacks a
    /// name from many networks does not keep out its owner at another one.
    pub(super) fn rank(&self, who: Who, now: Duration) -> Rank {
        let of_network = self.of_network(who.network, now);
        let is_tried = self.names.get(&who.name).map_or(0.0, |score| score.now(now)) >= FREE_OF_NAME;
        let has_failed = of_network >= FAILED;
        if of_network >= FREE_OF_NETWORK || (is_tried && has_failed) {
            Rank::Failing
        } else if is_tried || has_failed {
            Rank::Doubtful
        } else {
            Rank::Usual
        }
    }

    /// The same if many share the network: the failures of others say nothing about a name.
    pub(super) fn rank_among_many(&self, who: Who, now: Duration) -> Rank {
        let of_pair = self.pairs.get(who).map_or(0.0, |pair| pair.score.now(now));
        match of_pair >= FREE_OF_PAIR {
            true => self.rank(who, now),
            false => Rank::Usual,
        }
    }

    /// Whether a name may be tried now from a network from which nobody ever logged in, while the attempts of `open` have not ended. Each
    /// of these may still fail: so many attempts at once are no more guesses than one after the other.
    pub(super) fn allows(&self, who: Who, open: &[Who], now: Duration) -> Allowed {
        if self.is_throttled(who, &[], now) {
            return match self.pairs.get(who).is_some_and(|pair| pair.next > now) {
                true => Allowed::Never,
                false => Allowed::Now,
            };
        }
        match self.is_throttled(who, open, now) {
            true => Allowed::Later,
            false => Allowed::Now,
        }
    }

    /// Notes that an attempt from a network from which nobody ever logged in has its turn.
    pub(super) fn tries(&mut self, who: Who, now: Duration) {
        if self.is_throttled(who, &[], now)
            && let Some(pair) = self.pairs.get_mut(who)
        {
            pair.next = now + NOW_AND_THEN;
        }
    }

    /// Whether a network may try a name only now and then, if the attempts of `open` count as failures.
    fn is_throttled(&self, who: Who, open: &[Who], now: Duration) -> bool {
        let open_here = open.iter().filter(|other| other.network == who.network);
        let open_of_pair = open_here.clone().filter(|other| **other == who).count();
        let of_pair = self.pairs.get(who).map_or(0.0, |pair| pair.score.now(now));
        let of_network = self.of_network(who.network, now);
        // What other names have failed does not hold up a name that has not.
        of_network + open_here.count() as f64 >= THROTTLED && of_pair + open_of_pair as f64 >= FREE_OF_PAIR
    }

    fn of_network(&self, network: Network, now: Duration) -> f64 {
        self.networks.get(&network).map_or(0.0, |score| score.now(now))
    }

    /// Forgets the failures of a name, also where networks answer for them.
    pub(super) fn clear(&mut self, name: u64, now: Duration) {
        self.names.remove(&name);
        for (network, pair) in self.pairs.take(name) {
            if let Some(score) = self.networks.get_mut(&network) {
                score.add(-pair.score.now(now), now);
            }
        }
    }
}

fn count<K: Copy + Eq + std::hash::Hash>(
    scores: &mut Bounded<K, Score>,
    key: K,
    now: Duration,
    draw: &mut Draw<'_>,
) -> f64 {
    if let Some(score) = scores.get_mut(&key) {
        score.add(1.0, now);
        return score.now(now);
    }
    scores.add(key, Score::one(now), |score| score.now(now), draw);
    1.0
}

/// How long the answer to a wrong password waits after this many failures.
fn hold(failures: f64, free: f64) -> Duration {
    let over = failures - free;
    if over <= 0.0 {
        return Duration::ZERO;
    }
    // The number of failures is no whole number, since they fade.
    let doublings = (over - 1.0).clamp(0.0, 16.0);
    FIRST_HOLD.mul_f64(doublings.exp2()).min(MOST_HOLD)
}

#[cfg(test)]
mod tests {
    use ledger::ids::SystemEntropy;

    use super::*;
    use crate::address::ClientAddress;

    fn network(number: u32) -> Network {
        ClientAddress::of(std::net::Ipv4Addr::from_bits(number).into()).network()
    }

    fn who(name: u64, address: u32) -> Who {
        Who {
            name,
            network: network(address),
        }
    }

    const START: Duration = Duration::from_secs(1_000);

    fn fail(failures: &mut Failures, who: Who, times: usize) -> Vec<Duration> {
        let mut draw = Draw::from(&SystemEntropy);
        (0..times)
            .map(|_| failures.count(who, false, START, &mut draw))
            .collect()
    }

    /// Tries while no other attempt is open.
    fn may_try(failures: &mut Failures, who: Who, now: Duration) -> Allowed {
        let allowed = failures.allows(who, &[], now);
        if allowed == Allowed::Now {
            failures.tries(who, now);
        }
        allowed
    }

    #[test]
    fn the_wait_grows_with_the_failures_of_a_pair() {
        let holds = fail(&mut Failures::new(), who(1, 1), 12);
        let millis: Vec<u128> = holds.iter().map(Duration::as_millis).collect();
        assert_eq!(
            millis,
            [0, 0, 0, 125, 250, 500, 1_000, 2_000, 2_000, 2_000, 2_000, 2_000]
        );
    }

    #[test]
    fn the_wait_grows_with_the_failures_of_an_address_whatever_the_names() {
        let mut failures = Failures::new();
        let millis: Vec<u128> = (0..12)
            .flat_map(|name| fail(&mut failures, who(name, 1), 1))
            .map(|hold| hold.as_millis())
            .collect();
        assert_eq!(millis, [0, 0, 0, 0, 0, 125, 250, 500, 1_000, 2_000, 2_000, 2_000]);
        assert_eq!(
            fail(&mut failures, who(1, 2), 1),
            [Duration::ZERO],
            "another address"
        );
    }

    #[test]
    fn the_wait_grows_with_the_failures_of_strangers_who_try_a_name() {
        let mut failures = Failures::new();
        for address in 0..20 {
            assert_eq!(fail(&mut failures, who(1, address), 1), [Duration::ZERO]);
        }
        assert_eq!(fail(&mut failures, who(1, 20), 1), [FIRST_HOLD]);
        let known = failures.count(who(1, 21), true, START, &mut Draw::from(&SystemEntropy));
        assert_eq!(known, Duration::ZERO, "the name has logged in from here");
        assert_eq!(
            fail(&mut failures, who(2, 20), 1),
            [Duration::ZERO],
            "another name"
        );
    }

    #[test]
    fn an_address_that_never_was_good_is_throttled_after_ten_failures() {
        let mut failures = Failures::new();
        fail(&mut failures, who(1, 1), 9);
        assert_eq!(may_try(&mut failures, who(1, 1), START), Allowed::Now);
        fail(&mut failures, who(2, 1), 1);
        assert_eq!(may_try(&mut failures, who(1, 1), START), Allowed::Now);
        assert_eq!(may_try(&mut failures, who(1, 1), START), Allowed::Never);
        for other in [who(1, 2), who(2, 1), who(3, 1)] {
            for _ in 0..5 {
                assert_eq!(
                    may_try(&mut failures, other, START),
                    Allowed::Now,
                    "another address or name"
                );
            }
        }
        assert_eq!(
            may_try(&mut failures, who(1, 1), START + NOW_AND_THEN),
            Allowed::Now
        );
    }

    #[test]
    fn failures_fade() {
        let mut failures = Failures::new();
        fail(&mut failures, who(1, 1), 40);
        assert_eq!(failures.rank(who(1, 1), START), Rank::Failing);
        assert_eq!(
            failures.rank(who(1, 2), START),
            Rank::Doubtful,
            "strangers try this name"
        );
        fail(&mut failures, who(3, 2), 1);
        assert_eq!(
            failures.rank(who(1, 2), START),
            Rank::Failing,
            "and this address has failed"
        );
        assert_eq!(failures.rank(who(2, 2), START), Rank::Doubtful, "another name");
        assert!(failures.rank(who(2, 2), START) < Rank::Failing);
        let later = START + 4 * HALF_LIFE;
        assert!(failures.rank(who(1, 1), later) < Rank::Failing);
        assert_eq!(may_try(&mut failures, who(1, 1), later), Allowed::Now);
        assert_eq!(may_try(&mut failures, who(1, 1), later), Allowed::Now);
    }

    #[test]
    fn failures_of_a_name_that_is_known_here_are_not_those_of_strangers() {
        let mut failures = Failures::new();
        let mut draw = Draw::from(&SystemEntropy);
        for _ in 0..40 {
            failures.count(who(1, 1), true, START, &mut draw);
        }
        assert_eq!(failures.rank(who(1, 2), START), Rank::Usual);
    }

    #[test]
    fn clearing_a_name_takes_its_failures_from_the_addresses() {
        let mut failures = Failures::new();
        fail(&mut failures, who(1, 1), 20);
        fail(&mut failures, who(1, 2), 20);
        fail(&mut failures, who(2, 2), 4);
        failures.clear(1, START);
        assert!(failures.rank(who(1, 1), START) < Rank::Failing);
        assert_eq!(fail(&mut failures, who(1, 1), 1), [Duration::ZERO]);
        let rest = fail(&mut failures, who(3, 2), 2);
        assert_eq!(
            rest.last().map(Duration::as_millis),
            Some(125),
            "the other name's failures still count"
        );
    }

    #[test]
    fn an_attacker_does_not_forget_himself_by_many_others() {
        let mut failures = Failures::new();
        fail(&mut failures, who(1, 1), 12);
        for number in 0..3 * MOST as u32 {
            fail(&mut failures, who(u64::from(number) + 2, number + 2), 1);
        }
        assert!(
            failures.networks.len() <= MOST && failures.pairs.len() <= MOST && failures.names.len() <= MOST
        );
        let held = fail(&mut failures, who(1, 1), 1);
        assert_eq!(held, [MOST_HOLD]);
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_harms_nothing() {
        let mut score = Score::one(START);
        score.add(1.0, Duration::ZERO);
        assert!((score.now(Duration::ZERO) - 2.0).abs() < 1e-9);
        assert_eq!(hold(f64::MAX, 3.0), MOST_HOLD);
        assert_eq!(hold(0.0, 3.0), Duration::ZERO);
    }
}
