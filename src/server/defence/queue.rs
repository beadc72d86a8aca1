//! The queue of attempts that wait for their turn. It shares the turns out by rank, then by network, then by name.

use std::collections::HashMap;

use super::{Asker, Draw, Who, failures::Allowed};

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
pub(super) const FEW: usize = 4;

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
    /// Whether the ticket is one of a client, which can ask again later.
    is_of_client: bool,
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

/// The queue. It has some hundred entries, and a turn takes milliseconds: so it goes through all entries for each turn.
#[derive(Debug)]
pub(super) struct Queue<T> {
    /// How many tickets of clients may wait. Those of devices are bounded elsewhere (`crowd.rs`).
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

    /// Adds a ticket, and returns its number. If there are too many tickets of clients, one of them must go, perhaps the new one. It is drawn
    /// by lot from those of the network with the most tickets, and there of the lowest rank and of the name with the most tickets. So a network
    /// or a name that asks too much takes nobody else's place. If no network has more than a few tickets, one of the lowest rank goes.
    pub(super) fn push(&mut self, rank: Rank, who: Who, asker: Asker, ticket: T, draw: &mut Draw<'_>) -> u64 {
        let is_of_client = asker == Asker::Client;
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
            is_of_client,
            network_since,
            name_since,
            allowed: Allowed::Later,
            ticket,
        });
        if is_of_client
            && self.number_of(is_of_client) > self.most
            && let Some(place) = self.superfluous(draw)
        {
            self.waiting.remove(place);
        }
        number
    }

    /// Takes a ticket that must not have a turn, or else the one that has the next turn. Within a name, this is the oldest ticket. But if
    /// so many wait that some are given up, it is drawn by lot: most tickets must go before they are the oldest.
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
        if self.number_of(first.is_of_client) >= self.most {
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

    /// How many tickets of clients wait, or of devices.
    fn number_of(&self, clients: bool) -> usize {
        let of_kind = self.waiting.iter().filter(|one| one.is_of_client == clients);
        of_kind.count()
    }

    /// Removes a ticket whose owner has gone.
    pub(super) fn remove(&mut self, number: u64) {
        self.waiting.retain(|one| one.number != number);
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
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

    /// The place of a ticket of a client that must go.
    fn superfluous(&self, draw: &mut Draw<'_>) -> Option<usize> {
        let (mut networks, mut names) = (HashMap::new(), HashMap::new());
        let of_clients = || (0..).zip(&self.waiting).filter(|(_, one)| one.is_of_client);
        for (_, one) in of_clients() {
            *networks.entry(one.who.network).or_insert(0_usize) += 1;
            *names.entry((one.who, one.rank)).or_insert(0_usize) += 1;
        }
        // The greatest of these numbers and ranks. What is equal is drawn.
        let weight = |one: &Waiting<T>| {
            let network = networks.get(&one.who.network).map(|number| FEW.max(*number));
            (network, one.rank, names.get(&(one.who, one.rank)))
        };
        let weights: Vec<(usize, _)> = of_clients().map(|(place, one)| (place, weight(one))).collect();
        let most = weights.iter().map(|(_, weight)| weight).max()?;
        let heaviest = weights.iter().filter(|(_, weight)| weight == most);
        let places: Vec<usize> = heaviest.map(|(place, _)| *place).collect();
        places.get(draw.below(places.len())).copied()
    }
}

#[cfg(test)]
mod tests;
