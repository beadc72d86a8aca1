//! The open connections, by network, and which of them must go if there is one too many.
//!
//! A network with many connections keeps nobody else out: one of its connections without a request makes room. So a flood of silent
//! connections from one address costs only its own connections.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    address::Network,
    watched::{Order, Watched},
};

/// The open connections. Each has a number; older ones have smaller numbers.
pub(super) struct Room {
    most: usize,
    next: u64,
    networks: HashMap<Network, BTreeMap<u64, Arc<Watched>>>,
    /// The networks of the connections.
    all: HashMap<u64, Network>,
    /// How many connections each network has, and its oldest one. Of networks of one size, the one with the oldest connection comes last.
    sizes: BTreeSet<(usize, Reverse<u64>)>,
}

impl Room {
    /// Room for so many connections.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            next: 0,
            networks: HashMap::new(),
            all: HashMap::new(),
            sizes: BTreeSet::new(),
        }
    }

    /// Lets a connection in, and returns its number. If there is no room, an idle connection of a larger network ends, or one of the same
    /// network that has never made a request. If there is no such connection, the new one may not come in.
    pub(super) fn enter(&mut self, network: Network, watched: Arc<Watched>) -> Option<u64> {
        if self.all.len() >= self.most {
            let (number, superfluous) = self.superfluous(network)?;
            superfluous.tell(Order::End);
            self.leave(number);
        }
        let number = self.next;
        self.next += 1;
        self.all.insert(number, network);
        self.change(network, |connections| drop(connections.insert(number, watched)));
        Some(number)
    }

    /// Removes a connection that has ended.
    pub(super) fn leave(&mut self, number: u64) {
        if let Some(network) = self.all.remove(&number) {
            self.change(network, |connections| drop(connections.remove(&number)));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Watched> {
        self.networks.values().flat_map(BTreeMap::values).map(Arc::as_ref)
    }

    /// A connection that may end for a new one of this network: of the largest network, the oldest that has never made a request, or else
    /// the oldest that makes none now.
    fn superfluous(&self, of: Network) -> Option<(u64, &Watched)> {
        let own = self.networks.get(&of).map_or(0, BTreeMap::len);
        let larger = self.sizes.iter().rev().take_while(|(size, _)| *size >= own);
        let mut networks = larger.filter_map(|(size, Reverse(oldest))| {
            let network = self.all.get(oldest)?;
            Some((*size, network, self.networks.get(network)?))
        });
        networks.find_map(|(size, network, connections)| {
            let first = |may_end: fn(&Watched) -> bool| {
                let mut found = connections.iter().map(|(number, watched)| (*number, &**watched));
                found.find(|(_, watched)| may_end(watched))
            };
            if *network == of {
                first(Watched::is_silent)
            } else if size > own {
                first(Watched::is_silent).or_else(|| first(|watched| watched.idle_since().is_some()))
            } else {
                None
            }
        })
    }

    /// Changes the connections of a network.
    fn change(&mut self, network: Network, change: impl FnOnce(&mut BTreeMap<u64, Arc<Watched>>)) {
        let size = |connections: &BTreeMap<u64, Arc<Watched>>| {
            let oldest = connections.first_key_value().map(|(oldest, _)| Reverse(*oldest));
            oldest.map(|oldest| (connections.len(), oldest))
        };
        let connections = self.networks.entry(network).or_default();
        if let Some(before) = size(connections) {
            self.sizes.remove(&before);
        }
        change(connections);
        match size(connections) {
            Some(after) => drop(self.sizes.insert(after)),
            None => drop(self.networks.remove(&network)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::{IpAddr, Ipv4Addr},
        sync::atomic::AtomicU64,
    };

    use super::*;
    use crate::address::ClientAddress;

    fn network(number: u32) -> Network {
        ClientAddress::of(IpAddr::V4(Ipv4Addr::from_bits(number))).network()
    }

    struct Tried {
        room: Room,
        open: Vec<(u64, u32, Arc<Watched>)>,
    }

    impl Tried {
        fn new(most: usize) -> Self {
            let (room, open) = (Room::new(most), Vec::new());
            Self { room, open }
        }

        /// A new connection. It is `None` if it may not come in.
        fn connect(&mut self, from: u32) -> Option<Arc<Watched>> {
            let watched = Arc::new(Watched::new(Arc::new(AtomicU64::new(0))));
            let number = self.room.enter(network(from), Arc::clone(&watched))?;
            self.open.push((number, from, Arc::clone(&watched)));
            Some(watched)
        }

        fn asked(&mut self, from: u32) -> Arc<Watched> {
            let watched = self.connect(from).unwrap();
            watched.begin();
            watched.finish();
            watched
        }

        /// How many connections each of these networks has.
        fn of<const N: usize>(&self, networks: [u32; N]) -> [usize; N] {
            let of = |number| self.room.networks.get(&network(number)).map_or(0, BTreeMap::len);
            let all: usize = self.room.networks.values().map(BTreeMap::len).sum();
            assert!(all == self.room.all.len() && all <= self.room.most);
            assert_eq!(self.room.sizes.len(), self.room.networks.len());
            networks.map(of)
        }
    }

    #[test]
    fn a_flood_of_silent_connections_keeps_nobody_out() {
        let mut tried = Tried::new(100);
        for _ in 0..150 {
            tried.connect(1).expect("a silent connection makes room");
        }
        for other in 2..60 {
            let watched = tried.connect(other).expect("a place");
            tried.connect(1);
            assert!(!watched.is_told_to_end());
        }
        assert_eq!(tried.of([1, 2, 59]), [42, 1, 1]);
        let ended = tried
            .open
            .iter()
            .filter(|(_, _, watched)| watched.is_told_to_end());
        assert!(ended.clone().all(|(_, from, _)| *from == 1));
        assert_eq!(ended.count(), 150 + 2 * 58 - 100);
    }

    #[test]
    fn the_oldest_silent_connection_goes_first_and_then_the_oldest_idle_one() {
        let mut tried = Tried::new(4);
        let (idle, silent, newer) = (
            tried.asked(1),
            tried.connect(1).unwrap(),
            tried.connect(1).unwrap(),
        );
        let busy = tried.asked(1);
        busy.begin();
        for (other, ended) in [(2, &silent), (3, &newer), (4, &idle)] {
            assert!(!ended.is_told_to_end());
            tried.connect(other).expect("a place").begin();
            assert!(ended.is_told_to_end());
        }
        assert!(tried.connect(5).is_none(), "all make requests");
        assert!(!busy.is_told_to_end());
    }

    #[test]
    fn no_network_takes_the_place_of_a_smaller_one() {
        let mut tried = Tried::new(4);
        for from in [1, 1, 2, 2] {
            tried.asked(from);
        }
        assert!(tried.connect(1).is_none() && tried.connect(2).is_none());
        tried.connect(3).expect("the others have more");
        assert_eq!(tried.of([1, 2, 3]), [1, 2, 1], "the oldest of the largest goes");
        tried
            .connect(3)
            .expect("its own silent connection, or one of network 2, makes room");
        assert!(tried.of([2]) <= [2]);
    }

    #[test]
    fn connections_that_end_leave_no_trace() {
        let mut tried = Tried::new(10);
        for number in 0..100 {
            tried.connect(number % 7);
        }
        for (number, ..) in std::mem::take(&mut tried.open) {
            tried.room.leave(number);
        }
        assert!(tried.room.is_empty() && tried.room.sizes.is_empty() && tried.room.networks.is_empty());
    }
}
