//! The attempts of devices at brokers that have not been answered. Each holds a connection of a broker.
//!
//! They have half of the connections, so that the other questions of brokers find one. If there is one attempt too many, one of them is
//! drawn by lot and refused at once. The lot knows the networks of the attempts, and not their names. It does not ask either whether an
//! attempt still waits for its turn, or has had it and waits for its answer. So a refusal tells nothing about a name.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::{Draw, queue::FEW};
use crate::address::Network;

/// An attempt that has not been answered.
#[derive(Debug)]
struct Member {
    number: u64,
    network: Network,
    /// What tells the attempt that it is refused.
    refuse: oneshot::Sender<()>,
}

/// The attempts that have not been answered.
#[derive(Debug)]
pub(super) struct Crowd {
    most: usize,
    next: u64,
    members: Vec<Member>,
    /// How many members each network has.
    networks: HashMap<Network, usize>,
}

impl Crowd {
    /// Room for so many attempts, at least one.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            next: 0,
            members: Vec::new(),
            networks: HashMap::new(),
        }
    }

    /// Adds an attempt. Returns its number, and what ends when the attempt is refused. If there is one attempt too many, one of the network
    /// that has the most goes, perhaps the new one. Up to a few attempts of a network count alike.
    pub(super) fn enter(&mut self, network: Network, draw: &mut Draw<'_>) -> (u64, oneshot::Receiver<()>) {
        let (refuse, refused) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        self.members.push(Member {
            number,
            network,
            refuse,
        });
        *self.networks.entry(network).or_default() += 1;
        if self.members.len() > self.most {
            let place = self.superfluous(draw);
            if let Some(member) = self.remove_at(place) {
                // The broker may have gone.
                let _ = member.refuse.send(());
            }
        }
        (number, refused)
    }

    /// Removes an attempt that has been answered, or whose broker has gone.
    pub(super) fn leave(&mut self, number: u64) {
        if let Some(place) = self.members.iter().position(|member| member.number == number) {
            self.remove_at(place);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// The place of an attempt that must go.
    fn superfluous(&self, draw: &mut Draw<'_>) -> usize {
        let most = self.networks.values().copied().max().unwrap_or_default();
        if most <= FEW || self.networks.len() == 1 {
            return draw.below(self.members.len());
        }
        let is_of_largest = |member: &Member| self.networks.get(&member.network) == Some(&most);
        let places = (0..)
            .zip(&self.members)
            .filter(|(_, member)| is_of_largest(member));
        let places: Vec<usize> = places.map(|(place, _)| place).collect();
        places.get(draw.below(places.len())).copied().unwrap_or_default()
    }

    fn remove_at(&mut self, place: usize) -> Option<Member> {
        if place >= self.members.len() {
            return None;
        }
        let member = self.members.swap_remove(place);
        if let Some(number) = self.networks.get_mut(&member.network) {
            *number -= 1;
            if *number == 0 {
                self.networks.remove(&member.network);
            }
        }
        Some(member)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use ledger::ids::SystemEntropy;

    use super::*;
    use crate::address::ClientAddress;

    fn network(number: u32) -> Network {
        ClientAddress::of(Ipv4Addr::from_bits(number).into()).network()
    }

    fn is_refused(refused: &mut oneshot::Receiver<()>) -> bool {
        refused.try_recv().is_ok()
    }

    #[test]
    fn there_are_never_too_many_and_one_goes_for_each_that_comes() {
        let (mut crowd, mut draw) = (Crowd::new(10), Draw::from(&SystemEntropy));
        let mut all: Vec<_> = (0..100).map(|_| crowd.enter(network(1), &mut draw).1).collect();
        assert_eq!(all.iter_mut().map(is_refused).filter(|gone| !gone).count(), 10);
        assert_eq!((crowd.members.len(), crowd.networks.len()), (10, 1));
    }

    #[test]
    fn those_who_leave_make_room() {
        let (mut crowd, mut draw) = (Crowd::new(2), Draw::from(&SystemEntropy));
        let (_, mut stays) = crowd.enter(network(1), &mut draw);
        for other in 0..10 {
            let (number, _refused) = crowd.enter(network(other), &mut draw);
            crowd.leave(number);
            crowd.leave(number);
        }
        assert!(!is_refused(&mut stays));
        assert_eq!((crowd.members.len(), crowd.networks.len()), (1, 1));
    }

    #[test]
    fn the_lot_is_fair_to_all_of_a_network() {
        let mut draw = Draw::from(&SystemEntropy);
        let stayed = (0..2_000).filter(|_| {
            let mut crowd = Crowd::new(100);
            let (_, mut one) = crowd.enter(network(1), &mut draw);
            let _flood: Vec<_> = (0..168).map(|_| crowd.enter(network(1), &mut draw)).collect();
            !is_refused(&mut one)
        });
        // One of 101 goes for each of the last 69, so half of the attempts stay: 1007 of 2000, and 22 more or less.
        let stayed = stayed.count();
        assert!((850..1_160).contains(&stayed), "{stayed}");
    }

    #[test]
    fn a_flood_of_one_network_pushes_out_nobody_else() {
        let (mut crowd, mut draw) = (Crowd::new(100), Draw::from(&SystemEntropy));
        let mut others: Vec<_> = (2..22)
            .flat_map(|other| [network(other); FEW])
            .map(|other| crowd.enter(other, &mut draw).1)
            .collect();
        for _ in 0..1_000 {
            crowd.enter(network(1), &mut draw);
        }
        assert!(!others.iter_mut().any(is_refused));
    }

    #[test]
    fn a_network_of_few_attempts_is_not_pushed_out_by_many_networks_of_one() {
        let mut draw = Draw::from(&SystemEntropy);
        let stayed = (0..200).filter(|_| {
            let mut crowd = Crowd::new(100);
            let mut few: Vec<_> = (0..FEW).map(|_| crowd.enter(network(0), &mut draw).1).collect();
            let _flood: Vec<_> = (1..130)
                .map(|other| crowd.enter(network(other), &mut draw))
                .collect();
            few.iter_mut().any(|one| !is_refused(one))
        });
        assert!(stayed.count() > 150);
    }
}
