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
        self.queue.push(rank, who, Asker::Client, who, &mut self.draw)
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
