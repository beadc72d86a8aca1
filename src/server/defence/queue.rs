//! The queue of attempts that wait for their turn. It shares the turns out by rank, then by network, then by name.

use std::collections::HashMap;

use super::{Draw, Who, failures::Allowed};

/// How much is known about a request before its password is compared. A better rank comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rank {
    /// The user probably sent it.
    Trusted,
    /// Nothing speaks against it.
    Usual,
    /// Its network has failed a few times, or strangers try its name from other networks.
    Doubtful,
    /// Its network fails often, or it has failed and strangers try the name.
    Failing,
}

const RANKS: [Rank; 4] = [Rank::Trusted, Rank::Usual, Rank::Doubtful, Rank::Failing];
/// A network that has no more tickets than this does not have too many.
const FEW: usize = 4;

impl Rank {
    /// How many of eight turns the rank has while all ranks wait.
    fn share(self) -> i64 {
        match self {
            Self::Trusted => 4,
            Self::Usual => 2,
            Self::Doubtful | Self::Failing => 1,
        }
    }
}

/// An attempt that waits.
#[derive(Debug)]
struct Waiting<T> {
    number: u64,
    rank: Rank,
    who: Who,
    /// When the network had its last turn in this rank, or began to wait.
    network_since: u64,
    /// The same for the name within the network.
    name_since: u64,
    /// Whether it may have its turn, as of the last search for the next ticket.
    allowed: Allowed,
    ticket: T,
}

/// The ticket that is next.
#[derive(Debug)]
pub(super) enum Next<T> {
    /// It has its turn.
    Goes(T, Who),
    /// It must not have a turn.
    Refused(T),
}

impl<T> Waiting<T> {
    fn is_ready(&self, rank: Rank) -> bool {
        self.rank == rank && self.allowed == Allowed::Now
    }
}

/// The queue. It has a hundred entries or so, and a turn takes milliseconds: so it goes through all entries for each turn.
#[derive(Debug)]
pub(super) struct Queue<T> {
    most: usize,
    waiting: Vec<Waiting<T>>,
    /// Counts arrivals and turns.
    time: u64,
    /// What each rank has saved up for its next turn.
    credit: [i64; RANKS.len()],
}

impl<T> Queue<T> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            waiting: Vec::new(),
            time: 0,
            credit: [0; RANKS.len()],
        }
    }

    /// Adds a ticket, and returns its number. If the queue is full, one ticket must go, perhaps the new one. It is drawn by lot from those of
    /// the network with the most tickets, and there of the lowest rank and of the name with the most tickets. So a network or a name that
    /// asks too much takes nobody else's place. If no network has more than a few tickets, one of the lowest rank goes.
    pub(super) fn push(&mut self, rank: Rank, who: Who, ticket: T, draw: &mut Draw<'_>) -> u64 {
        self.time += 1;
        let number = self.time;
        let since = |found: Option<u64>| found.unwrap_or(number);
        let of_network = |one: &&Waiting<T>| one.rank == rank && one.who.network == who.network;
        let network_since = since(self.waiting.iter().find(of_network).map(|one| one.network_since));
        let of_name = |one: &&Waiting<T>| one.rank == rank && one.who == who;
        let name_since = since(self.waiting.iter().find(of_name).map(|one| one.name_since));
        self.waiting.push(Waiting {
            number,
            rank,
            who,
            network_since,
            name_since,
            allowed: Allowed::Later,
            ticket,
        });
        if self.waiting.len() > self.most
            && let Some(place) = self.superfluous(draw)
        {
            self.waiting.remove(place);
        }
        number
    }

    /// Takes a ticket that must not have a turn, or else the one that has the next turn. Within a name, this is the oldest ticket. But if
    /// the queue is full, it is drawn by lot: most tickets must go before they are the oldest.
    pub(super) fn pop(&mut self, allowed: impl Fn(Who) -> Allowed, draw: &mut Draw<'_>) -> Option<Next<T>> {
        for one in &mut self.waiting {
            one.allowed = allowed(one.who);
        }
        if let Some(place) = self.waiting.iter().position(|one| one.allowed == Allowed::Never) {
            return Some(Next::Refused(self.waiting.remove(place).ticket));
        }
        let rank = self.next_rank()?;
        let of_rank = self
            .waiting
            .iter()
            .enumerate()
            .filter(|(_, one)| one.is_ready(rank));
        let order = |one: &Waiting<T>| (one.network_since, one.name_since, one.number);
        let (mut place, first) = of_rank.min_by_key(|(_, one)| order(one))?;
        if self.waiting.len() >= self.most {
            let line = (first.rank, first.who);
            let of_line = |one: &Waiting<T>| (one.rank, one.who) == line;
            let chosen = draw.below(self.waiting.iter().filter(|one| of_line(one)).count());
            let mut places = (0..).zip(&self.waiting).filter(|(_, one)| of_line(one));
            place = places.nth(chosen).map_or(place, |(drawn, _)| drawn);
        }
        let taken = self.waiting.remove(place);
        self.time += 1;
        for one in &mut self.waiting {
            if one.rank == rank && one.who.network == taken.who.network {
                one.network_since = self.time;
                if one.who == taken.who {
                    one.name_since = self.time;
                }
            }
        }
        Some(Next::Goes(taken.ticket, taken.who))
    }

    /// Removes a ticket whose owner has gone.
    pub(super) fn remove(&mut self, number: u64) {
        self.waiting.retain(|one| one.number != number);
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The rank that has the next turn: of the ranks that wait, the one that lacks most of its share.
    fn next_rank(&mut self) -> Option<Rank> {
        let mut next: Option<(i64, usize, Rank)> = None;
        let mut shares = 0;
        for ((place, rank), credit) in RANKS.into_iter().enumerate().zip(&mut self.credit) {
            if !self.waiting.iter().any(|one| one.is_ready(rank)) {
                *credit = 0;
                continue;
            }
            *credit += rank.share();
            shares += rank.share();
            if next.is_none_or(|(most, ..)| *credit > most) {
                next = Some((*credit, place, rank));
            }
        }
        let (_, place, rank) = next?;
        if let Some(credit) = self.credit.get_mut(place) {
            *credit -= shares;
        }
        Some(rank)
    }

    /// The place of a ticket that must go.
    fn superfluous(&self, draw: &mut Draw<'_>) -> Option<usize> {
        let (mut networks, mut names) = (HashMap::new(), HashMap::new());
        for one in &self.waiting {
            *networks.entry(one.who.network).or_insert(0_usize) += 1;
            *names.entry((one.who, one.rank)).or_insert(0_usize) += 1;
        }
        // The greatest of these numbers and ranks. What is equal is drawn.
        let weight = |one: &Waiting<T>| {
            let network = networks.get(&one.who.network).map(|number| FEW.max(*number));
            (network, one.rank, names.get(&(one.who, one.rank)))
        };
        let weights: Vec<_> = self.waiting.iter().map(weight).collect();
        let most = weights.iter().max()?;
        let places: Vec<usize> = (0..)
            .zip(&weights)
            .filter(|(_, weight)| *weight == most)
            .map(|(place, _)| place)
            .collect();
        places.get(draw.below(places.len())).copied()
    }
}

#[cfg(test)]
mod tests {
    use ledger::ids::SystemEntropy;

    use super::*;
    use crate::address::ClientAddress;

    fn who(name: u64, address: u32) -> Who {
        let address = std::net::Ipv4Addr::from_bits(address);
        Who {
            name,
            network: ClientAddress::of(address.into()).network(),
        }
    }

    /// A queue whose tickets are names and networks.
    struct Tried {
        queue: Queue<Who>,
        draw: Draw<'static>,
    }

    impl Tried {
        fn new(most: usize) -> Self {
            Self {
                queue: Queue::new(most),
                draw: Draw::from(&SystemEntropy),
            }
        }

        fn push(&mut self, rank: Rank, who: Who) -> u64 {
            self.queue.push(rank, who, who, &mut self.draw)
        }

        fn turns(&mut self, number: usize) -> Vec<Who> {
            let next = || match self.queue.pop(|_| Allowed::Now, &mut self.draw)? {
                Next::Goes(ticket, _) => Some(ticket),
                Next::Refused(_) => panic!("every ticket is allowed"),
            };
            std::iter::from_fn(next).take(number).collect()
        }

        fn has(&self, who: Who) -> usize {
            self.queue.waiting.iter().filter(|one| one.who == who).count()
        }
    }

    #[test]
    fn networks_take_turns() {
        let mut tried = Tried::new(100);
        for _ in 0..50 {
            tried.push(Rank::Usual, who(1, 1));
        }
        tried.turns(10);
        tried.push(Rank::Usual, who(2, 2));
        tried.push(Rank::Usual, who(3, 3));
        let turns = tried.turns(4);
        assert!(
            turns.contains(&who(2, 2)) && turns.contains(&who(3, 3)),
            "{turns:?}"
        );
    }

    #[test]
    fn names_of_a_network_take_turns() {
        let mut tried = Tried::new(100);
        for _ in 0..50 {
            tried.push(Rank::Usual, who(1, 1));
        }
        tried.turns(10);
        tried.push(Rank::Usual, who(2, 1));
        assert!(tried.turns(3).contains(&who(2, 1)));
    }

    #[test]
    fn many_networks_that_come_again_and_again_do_not_starve_one() {
        let mut tried = Tried::new(100);
        tried.push(Rank::Usual, who(7, 7));
        tried.push(Rank::Usual, who(7, 7));
        tried.turns(1);
        let mut waited = 0;
        while tried.has(who(7, 7)) > 0 {
            waited += 1;
            for address in 10..15 {
                tried.push(Rank::Usual, who(1, address));
            }
            tried.turns(5);
            assert!(waited < 3);
        }
    }

    #[test]
    fn a_better_rank_has_more_turns_and_no_rank_starves() {
        let mut tried = Tried::new(1_000);
        for address in 0..100 {
            tried.push(Rank::Failing, who(1, address));
            tried.push(Rank::Usual, who(2, 200 + address));
            tried.push(Rank::Trusted, who(3, 400 + address));
        }
        let turns = tried.turns(70);
        let of = |name| turns.iter().filter(|who| who.name == name).count();
        assert_eq!([of(1), of(2), of(3)], [10, 20, 40]);
    }

    #[test]
    fn in_one_line_the_first_is_served_first() {
        let mut tried = Tried::new(10);
        let numbers: Vec<u64> = (0..5).map(|_| tried.push(Rank::Usual, who(1, 1))).collect();
        tried.queue.remove(numbers[0]);
        let first = tried.queue.waiting.iter().map(|one| one.number).min();
        assert_eq!(first, Some(numbers[1]));
        assert_eq!(tried.turns(10).len(), 4);
        assert!(tried.queue.is_empty());
    }

    #[test]
    fn in_a_full_line_each_has_a_chance_to_be_served() {
        let mut served = 0;
        for _ in 0..200 {
            let mut tried = Tried::new(16);
            // Ten come for each that is served.
            let come = |tried: &mut Tried| {
                for _ in 0..10 {
                    tried.push(Rank::Failing, who(1, 1));
                }
            };
            (0..20).for_each(|_| come(&mut tried));
            let owner = tried.push(Rank::Failing, who(1, 1));
            let waits = |tried: &Tried| tried.queue.waiting.iter().any(|one| one.number == owner);
            while waits(&tried) {
                tried.turns(1);
                let is_served = !waits(&tried);
                served += usize::from(is_served);
                come(&mut tried);
            }
        }
        assert!(served >= 8, "{served} of 200: one in ten has a turn");
    }

    #[test]
    fn a_full_queue_refuses_those_who_ask_most() {
        let mut tried = Tried::new(20);
        tried.push(Rank::Usual, who(8, 8));
        for name in 0..1_000 {
            tried.push(Rank::Trusted, who(name, 1));
        }
        for address in 2..10 {
            tried.push(Rank::Failing, who(9, address));
        }
        assert_eq!(tried.has(who(8, 8)), 1);
        assert!((2..10).all(|address| tried.has(who(9, address)) == 1));
        assert_eq!(tried.queue.waiting.len(), 20);
    }

    #[test]
    fn within_a_network_the_trusted_stay() {
        let mut tried = Tried::new(20);
        tried.push(Rank::Trusted, who(1, 1));
        for _ in 0..1_000 {
            tried.push(Rank::Failing, who(1, 1));
        }
        assert_eq!(
            tried
                .queue
                .waiting
                .iter()
                .filter(|one| one.rank == Rank::Trusted)
                .count(),
            1
        );
        for name in 0..1_000 {
            tried.push(Rank::Failing, who(name, 2));
            tried.push(Rank::Failing, who(1, 1));
        }
        assert_eq!(
            tried
                .queue
                .waiting
                .iter()
                .filter(|one| one.rank == Rank::Trusted)
                .count(),
            1
        );
    }

    #[test]
    fn within_one_line_each_has_the_same_chance() {
        let mut stayed = 0;
        for _ in 0..1_000 {
            let mut tried = Tried::new(10);
            let first = tried.push(Rank::Failing, who(1, 1));
            for _ in 0..10 {
                tried.push(Rank::Failing, who(1, 1));
            }
            stayed += usize::from(tried.queue.waiting.iter().any(|one| one.number == first));
        }
        assert!((850..960).contains(&stayed), "{stayed}: ten of eleven stay");
    }
}
