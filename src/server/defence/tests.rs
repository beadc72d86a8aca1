//! How attempts wait for their turn, and what failures and right passwords do.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use aggregates::values::Timestamp;
use projections::sql::Boxed;
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

use super::{devices::PATIENCE, *};

/// A clock that the test moves.
#[derive(Default)]
struct TestClock(watch::Sender<Duration>);

impl TestClock {
    fn advance(&self, by: Duration) {
        self.0.send_modify(|elapsed| *elapsed += by);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.elapsed().as_micros() as i64)
    }

    fn elapsed(&self) -> Duration {
        *self.0.borrow()
    }

    fn after(&self, time: Duration) -> Boxed<'static, ()> {
        let (end, mut elapsed) = (self.elapsed() + time, self.0.subscribe());
        Box::pin(async move {
            let _ = elapsed.wait_for(|now| *now >= end).await;
        })
    }
}

/// The same numbers in each run (SplitMix64).
#[derive(Default)]
struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut mixed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

struct Fixture {
    clock: Arc<TestClock>,
    defence: Defence,
}

const OWNER: UserId = UserId(Uuid::from_u128(1));
const RIGHT: &str = "the right password";

fn address(text: &str) -> ClientAddress {
    ClientAddress::of(text.parse::<IpAddr>().unwrap())
}

impl Fixture {
    fn new(turns: usize, queue: usize) -> Self {
        Self::with(Limits {
            turns,
            queue,
            devices: 500,
        })
    }

    fn with(limits: Limits) -> Self {
        let clock = Arc::new(TestClock::default());
        let defence = Defence::new(
            limits,
            Arc::<TestClock>::clone(&clock),
            Arc::new(Seeded::default()),
        );
        Self { clock, defence }
    }

    fn try_as(
        &self,
        user: Option<UserId>,
        name: &str,
        from: &str,
        password: &str,
    ) -> JoinHandle<Result<Attempt, TooMany>> {
        let (defence, name, password, address) = (
            self.defence.clone(),
            name.to_owned(),
            password.to_owned(),
            address(from),
        );
        tokio::spawn(async move {
            let guess = Guess {
                asker: Asker::Client,
                address,
                name: &name,
                user,
                password: &password,
            };
            defence.turn(guess).await
        })
    }

    /// Tries, and lets the turn end at once. The result says whether there was a turn.
    fn ask(&self, name: &str, from: &str) -> JoinHandle<bool> {
        let attempt = self.try_as(None, name, from, "x");
        tokio::spawn(async move { attempt.await.unwrap().is_ok() })
    }

    fn owner(&self, from: &str, password: &str) -> JoinHandle<Result<Attempt, TooMany>> {
        self.try_as(Some(OWNER), "owner", from, password)
    }

    /// The owner logs in from this address.
    async fn know(&self, from: &str) {
        drop(self.owner(from, RIGHT).await.unwrap().unwrap().succeeded(OWNER));
    }

    /// Somebody fails so many times, one after the other, and waits between.
    async fn fail(&self, from: &str, times: usize) -> Duration {
        let mut hold = Duration::ZERO;
        for number in 0..times {
            self.clock.advance(Duration::from_secs(2));
            hold = self
                .owner(from, &format!("wrong {number}"))
                .await
                .unwrap()
                .unwrap()
                .failed();
        }
        hold
    }

    fn waiting(&self) -> bool {
        !self.defence.0.state().queue.is_empty()
    }
}

/// Lets all other tasks do what they can do.
async fn settle() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_turn_is_given_on_when_it_ends() {
    let fixture = Fixture::new(1, 10);
    let first = fixture.owner("192.0.2.1", "a").await.unwrap().unwrap();
    let second = fixture.owner("192.0.2.1", "b");
    settle().await;
    assert!(!second.is_finished() && fixture.waiting());
    drop(first);
    drop(second.await.unwrap().unwrap());
    assert!(!fixture.waiting());
    drop(fixture.owner("192.0.2.1", "c").await.unwrap().unwrap());
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_the_queue_and_takes_no_turn() {
    let fixture = Fixture::new(1, 10);
    let first = fixture.owner("192.0.2.1", "a").await.unwrap().unwrap();
    let gone: Vec<_> = (0..5).map(|_| fixture.owner("192.0.2.1", "b")).collect();
    settle().await;
    for gone in gone {
        gone.abort();
        let _ = gone.await;
    }
    assert!(!fixture.waiting());
    let waiting = fixture.owner("192.0.2.1", "c");
    settle().await;
    drop(first);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_turn_that_nobody_took_is_not_lost() {
    let fixture = Fixture::new(1, 10);
    for number in 0..20 {
        let from = format!("192.0.2.{number}");
        let first = fixture.owner(&from, "a").await.unwrap().unwrap();
        let given = fixture.owner(&from, "b");
        settle().await;
        // The turn is sent, but its receiver goes before it takes the turn.
        drop(first);
        given.abort();
        let _ = given.await;
    }
    assert_eq!(fixture.defence.0.state().free, 1);
}

#[tokio::test]
async fn a_flood_of_one_address_fills_its_own_share_only() {
    let fixture = Fixture::new(1, 20);
    let first = fixture.owner("192.0.2.1", "a").await.unwrap().unwrap();
    let flood: Vec<_> = (0..200)
        .map(|number| fixture.ask(&format!("name.{}", number % 50), "192.0.2.1"))
        .collect();
    settle().await;
    assert_eq!(flood.iter().filter(|one| one.is_finished()).count(), 180);
    let others: Vec<_> = (2..12)
        .map(|last| fixture.ask("owner", &format!("192.0.2.{last}")))
        .collect();
    settle().await;
    assert!(
        others.iter().all(|one| !one.is_finished()),
        "nobody else is refused"
    );
    drop(first);
    for other in others {
        assert!(other.await.unwrap());
    }
    let mut served = 0;
    for one in flood {
        served += usize::from(one.await.unwrap());
    }
    assert_eq!(served, 10);
}

#[tokio::test]
async fn a_client_that_hangs_up_before_the_answer_has_failed() {
    let fixture = Fixture::new(1, 10);
    for _ in 0..8 {
        drop(fixture.owner("192.0.2.1", "x").await.unwrap().unwrap());
    }
    assert!(!fixture.fail("192.0.2.1", 1).await.is_zero());
    for _ in 0..8 {
        fixture.owner("192.0.2.2", "x").await.unwrap().unwrap().spoilt();
    }
    assert!(fixture.fail("192.0.2.2", 1).await.is_zero());
}

#[tokio::test]
async fn ten_failures_of_an_address_make_the_next_wait() {
    let fixture = Fixture::new(1, 10);
    assert_eq!(fixture.fail("192.0.2.1", 1).await, Duration::ZERO);
    assert!(fixture.fail("192.0.2.1", 10).await >= Duration::from_millis(1_900));
    assert_eq!(
        fixture.fail("192.0.2.2", 1).await,
        Duration::ZERO,
        "another address"
    );
    let fixture = Fixture::new(1, 10);
    assert_eq!(fixture.fail("2001:db8::1", 1).await, Duration::ZERO);
    assert!(fixture.fail("2001:db8::2", 10).await >= Duration::from_millis(1_900));
    assert_eq!(
        fixture.fail("2001:db8:0:1::2", 1).await,
        Duration::ZERO,
        "another network"
    );
}

#[tokio::test]
async fn an_address_from_which_nobody_logged_in_is_throttled_and_no_other() {
    let fixture = Fixture::new(4, 10);
    fixture.know("192.0.2.9").await;
    for from in ["192.0.2.1", "192.0.2.9"] {
        fixture.fail(from, 12).await;
    }
    fixture.clock.advance(Duration::from_secs(2));
    let mut tried = Vec::new();
    for from in ["192.0.2.1", "192.0.2.1", "192.0.2.9", "192.0.2.9", "192.0.2.3"] {
        tried.push(fixture.owner(from, "x").await.unwrap().map(drop));
    }
    assert_eq!(tried, [Ok(()), Err(TooMany::Failures), Ok(()), Ok(()), Ok(())]);
    for _ in 0..3 {
        let other = fixture.try_as(None, "another name", "192.0.2.1", "x");
        assert!(other.await.unwrap().is_ok());
    }
}

/// How many turns the requests of a flood get before the owner gets one.
async fn turns_before(
    owner: JoinHandle<Result<Attempt, TooMany>>,
    mut flood: Vec<JoinHandle<Result<Attempt, TooMany>>>,
) -> usize {
    let mut turns = 0;
    while !owner.is_finished() {
        let place = flood.iter().position(JoinHandle::is_finished);
        if let Ok(attempt) = flood
            .swap_remove(place.expect("somebody has the turn"))
            .await
            .unwrap()
        {
            turns += 1;
            let _hold = attempt.failed();
            settle().await;
        }
    }
    let attempt = owner.await.unwrap().expect("the owner has a turn");
    drop(attempt.succeeded(OWNER));
    turns
}

/// The same, if the owner asks from `from` in the middle of a flood of one address for the owner's name.
async fn turns_before_the_owner(fixture: &Fixture, from: &str) -> usize {
    let guess = |number: usize| fixture.owner("127.0.0.1", &format!("guess {number}"));
    let mut flood: Vec<_> = (0..200).map(guess).collect();
    settle().await;
    let owner = fixture.owner(from, RIGHT);
    flood.extend((200..400).map(guess));
    settle().await;
    turns_before(owner, flood).await
}

#[tokio::test]
async fn a_flood_for_a_name_does_not_hold_up_its_owner_at_the_same_address() {
    let fixture = Fixture::new(1, 64);
    fixture.know("127.0.0.1").await;
    fixture.fail("127.0.0.1", 30).await;
    let turns = turns_before_the_owner(&fixture, "127.0.0.1").await;
    assert!(turns < 40, "{turns}");
}

#[tokio::test]
async fn a_flood_for_a_name_does_not_hold_up_its_owner_elsewhere() {
    let fixture = Fixture::new(1, 64);
    fixture.know("127.0.0.1").await;
    fixture.fail("127.0.0.1", 30).await;
    let turns = turns_before_the_owner(&fixture, "192.0.2.77").await;
    assert!(turns < 20, "{turns}");
}

#[tokio::test]
async fn an_owner_who_never_logged_in_has_the_share_of_an_address() {
    for failures in [0, 9, 30] {
        let fixture = Fixture::new(1, 64);
        fixture.fail("127.0.0.1", failures).await;
        let turns = turns_before_the_owner(&fixture, "192.0.2.77").await;
        assert!(turns < 6, "{turns} after {failures} failures");
    }
}

#[tokio::test]
async fn a_flood_for_a_name_from_many_addresses_does_not_hold_up_its_owner() {
    let fixture = Fixture::new(1, 64);
    fixture.know("192.0.2.1").await;
    let flood: Vec<_> = (0..1_000)
        .map(|number| {
            let from = format!("10.0.{}.{}", number / 250, number % 250);
            fixture.owner(&from, &format!("guess {number}"))
        })
        .collect();
    settle().await;
    let owner = fixture.owner("192.0.2.1", RIGHT);
    settle().await;
    let turns = turns_before(owner, flood).await;
    assert!(turns < 10, "{turns}");
}

#[tokio::test]
async fn guesses_at_once_are_no_more_than_guesses_one_after_the_other() {
    for turns in [1, 4, 64] {
        let fixture = Fixture::new(turns, 200);
        let mut guesses: Vec<_> = (0..130)
            .map(|number| fixture.owner("192.0.2.1", &format!("guess {number}")))
            .collect();
        settle().await;
        let (mut compared, mut refused) = (0, 0);
        while let Some(place) = guesses.iter().position(JoinHandle::is_finished) {
            match guesses.swap_remove(place).await.unwrap() {
                Ok(attempt) => {
                    compared += 1;
                    let _hold = attempt.failed();
                }
                Err(error) => {
                    assert_eq!(error, TooMany::Failures);
                    refused += 1;
                }
            }
            settle().await;
        }
        // Ten, and the one of this second.
        assert_eq!((compared, refused), (11, 119), "{turns} turns");
        assert_eq!(fixture.defence.0.state().free, turns);
    }
}

#[tokio::test]
async fn many_right_logins_at_once_from_a_new_address_all_have_their_turn() {
    let fixture = Fixture::new(64, 200);
    let mut logins: Vec<_> = (0..130).map(|_| fixture.owner("192.0.2.1", RIGHT)).collect();
    settle().await;
    while !logins.is_empty() {
        let place = logins.iter().position(JoinHandle::is_finished);
        let attempt = logins.swap_remove(place.expect("somebody has the turn")).await;
        drop(attempt.unwrap().expect("it has a turn").succeeded(OWNER));
        settle().await;
    }
    assert_eq!(fixture.defence.0.state().free, 64);
}

#[tokio::test]
async fn many_users_at_once_from_a_new_address_all_have_their_turn() {
    let fixture = Fixture::new(64, 200);
    let logins: Vec<_> = (0..130)
        .map(|number| fixture.ask(&format!("name.{number}"), "192.0.2.1"))
        .collect();
    for login in logins {
        assert!(login.await.unwrap());
    }
}

/// The owner logs in at a new address, while this many addresses attack the name with so many connections each. Returns how many turns
/// the attack has before.
async fn turns_before_the_owner_at_a_new_address(addresses: u32, connections: usize, queue: usize) -> usize {
    let fixture = Fixture::new(1, queue);
    let address_of = |number: u32| std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).to_string();
    // The attack has gone on for a while.
    for number in 0..addresses {
        fixture.fail(&address_of(number), 1).await;
    }
    let attack = || {
        let guess = |number| fixture.owner(&address_of(number), "a guess");
        (0..addresses).flat_map(move |number| (0..connections).map(move |_| guess(number)))
    };
    let mut flood: Vec<_> = attack().collect();
    settle().await;
    let owner = fixture.owner("192.0.2.77", RIGHT);
    settle().await;
    flood.extend(attack());
    settle().await;
    turns_before(owner, flood).await
}

#[tokio::test]
async fn a_flood_for_a_name_from_many_addresses_does_not_hold_up_its_owner_at_a_new_one() {
    for (addresses, connections) in [(120, 2), (200, 1), (30, 20)] {
        let turns = turns_before_the_owner_at_a_new_address(addresses, connections, 128).await;
        assert!(
            turns < 4,
            "{turns} with {addresses} addresses of {connections} connections"
        );
    }
}

#[tokio::test]
async fn clearing_a_user_forgets_the_failures() {
    let fixture = Fixture::new(1, 10);
    fixture.fail("192.0.2.1", 12).await;
    let clearing = Clearing {
        user: OWNER,
        asked_at: Timestamp::from_micros(1),
    };
    fixture.defence.clear(clearing);
    assert_eq!(fixture.fail("192.0.2.1", 1).await, Duration::ZERO);
}

#[tokio::test]
async fn what_another_node_asks_is_done_once() {
    let fixture = Fixture::new(1, 10);
    let asked = |second: i64| Clearing {
        user: OWNER,
        asked_at: Timestamp::from_micros(second),
    };
    fixture.fail("192.0.2.1", 12).await;
    fixture.defence.clear_new(HashSet::from([asked(1)]));
    assert!(
        !fixture.fail("192.0.2.1", 1).await.is_zero(),
        "it was asked before the start"
    );
    fixture.defence.clear_new(HashSet::from([asked(2)]));
    assert!(fixture.fail("192.0.2.1", 1).await.is_zero());
    fixture.fail("192.0.2.1", 12).await;
    fixture.defence.clear_new(HashSet::from([asked(2)]));
    assert!(
        !fixture.fail("192.0.2.1", 1).await.is_zero(),
        "it was done before"
    );
}

#[tokio::test]
async fn spellings_of_a_name_count_as_one() {
    let fixture = Fixture::new(1, 10);
    let mut hold = Duration::ZERO;
    for name in [
        "zo\u{eb}",
        "zoe\u{308}",
        "\u{ff5a}o\u{eb}",
        "zo\u{eb}",
        "zoe\u{308}",
    ] {
        hold = fixture
            .try_as(None, name, "192.0.2.1", "x")
            .await
            .unwrap()
            .unwrap()
            .failed();
    }
    assert_eq!(hold.as_millis(), 250, "five failures of one pair");
}

#[tokio::test]
async fn what_is_recalled_is_known_without_a_mark() {
    let fixture = Fixture::new(1, 10);
    fixture.defence.recall(OWNER, address("192.0.2.1"), 0);
    let who = Who {
        name: fixture.defence.0.name_of(OWNER),
        network: address("192.0.2.1").network(),
    };
    let state = fixture.defence.0.state();
    assert!(state.known.has(who, 1));
    assert_eq!(state.known.mark(who.name), None);
}

/// Tries as a device at a broker that does not say the device's address.
fn at_broker(fixture: &Fixture, user: Option<UserId>, name: &str) -> JoinHandle<Result<Attempt, TooMany>> {
    let (defence, name) = (fixture.defence.clone(), name.to_owned());
    tokio::spawn(async move {
        let guess = Guess {
            asker: Asker::BrokerOfMany,
            address: address("127.0.0.1"),
            name: &name,
            user,
            password: RIGHT,
        };
        defence.turn(guess).await
    })
}

async fn until_waiting(fixture: &Fixture, number: usize) {
    while fixture.defence.0.state().queue.len() < number {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_device_of_a_user_comes_before_names_that_nobody_has() {
    let fixture = Fixture::new(1, 4);
    let first = at_broker(&fixture, None, "nobody").await.unwrap().unwrap();
    let flood: Vec<_> = (0..8)
        .map(|number| {
            let attempt = at_broker(&fixture, None, &format!("nobody {number}"));
            // The turn ends at once.
            tokio::spawn(async move {
                let mut attempt = attempt.await.unwrap()?;
                Ok::<bool, TooMany>(attempt.take_patience().has_deadline())
            })
        })
        .collect();
    until_waiting(&fixture, 8).await;
    let device = at_broker(&fixture, Some(OWNER), "owner");
    until_waiting(&fixture, 9).await;
    drop(first);
    let device = device.await.unwrap().unwrap();
    assert!(flood.iter().all(|one| !one.is_finished()));
    drop(device);
    for one in flood {
        assert_eq!(
            one.await.unwrap(),
            Ok(true),
            "it waited, and got a turn before its deadline"
        );
    }
}

#[tokio::test]
async fn a_device_that_gets_no_turn_is_refused_when_a_wrong_password_is() {
    let fixture = Fixture::new(1, 1);
    let first = at_broker(&fixture, Some(OWNER), "owner").await.unwrap();
    let mut first = first.unwrap();
    assert!(!first.take_patience().has_deadline(), "it did not wait");
    let waiting = [
        at_broker(&fixture, None, "one"),
        at_broker(&fixture, Some(OWNER), "owner"),
    ];
    until_waiting(&fixture, 2).await;
    fixture.clock.advance(PATIENCE - Duration::from_millis(1));
    settle().await;
    assert!(waiting.iter().all(|one| !one.is_finished()));
    fixture.clock.advance(Duration::from_millis(1));
    for refused in waiting {
        assert!(matches!(refused.await.unwrap(), Err(TooMany::Waiting)));
    }
    assert!(fixture.defence.0.state().queue.is_empty());
    let _ = first.failed();
    let one = at_broker(&fixture, None, "one");
    assert!(one.await.unwrap().is_ok(), "the turn is free");
}

/// Fails, and returns when the answer may leave.
fn answered(attempt: Result<Attempt, TooMany>) -> JoinHandle<()> {
    let mut attempt = attempt.unwrap();
    let patience = attempt.take_patience();
    let _ = attempt.failed();
    tokio::spawn(patience.until_due(std::future::ready(())))
}

#[tokio::test]
async fn the_answer_to_a_wrong_password_of_a_device_that_waited_comes_at_its_deadline() {
    let fixture = Fixture::new(1, 1);
    let first = at_broker(&fixture, None, "nobody").await.unwrap().unwrap();
    let second = at_broker(&fixture, Some(OWNER), "owner");
    until_waiting(&fixture, 1).await;
    drop(first);
    let answer = answered(second.await.unwrap());
    fixture.clock.advance(PATIENCE - Duration::from_millis(1));
    settle().await;
    assert!(!answer.is_finished());
    fixture.clock.advance(Duration::from_millis(1));
    answer.await.unwrap();
    // Whoever did not wait is answered as the failures say.
    answered(at_broker(&fixture, Some(OWNER), "owner").await.unwrap())
        .await
        .unwrap();
    assert_eq!(fixture.defence.0.state().crowd.len(), 0);
}

/// How many attempts of each kind the lot refuses: of those that wait for a turn, and of those that had one and wait for their answer.
#[tokio::test]
async fn the_lot_asks_neither_for_the_name_nor_for_the_turn() {
    let fixture = Fixture::with(Limits {
        turns: 1,
        queue: 1,
        devices: 200,
    });
    let first = at_broker(&fixture, None, "nobody").await.unwrap().unwrap();
    // A hundred have had their turn, and a hundred more wait for it.
    let devices: Vec<_> = (0..99)
        .map(|number| at_broker(&fixture, Some(UserId(Uuid::from_u128(number))), "owner"))
        .collect();
    until_waiting(&fixture, 99).await;
    drop(first);
    let mut answers = Vec::new();
    for device in devices {
        answers.push(answered(device.await.unwrap()));
    }
    let turn = at_broker(&fixture, None, "nobody").await.unwrap().unwrap();
    let waiting: Vec<_> = (0..100)
        .map(|number| at_broker(&fixture, None, &format!("nobody {number}")))
        .collect();
    until_waiting(&fixture, 100).await;
    assert!(
        answers.iter().all(|one| !one.is_finished()),
        "there is room for all"
    );
    // Half of them must go.
    let flood: Vec<_> = (100..238)
        .map(|number| at_broker(&fixture, None, &format!("nobody {number}")))
        .collect();
    settle().await;
    assert_eq!(fixture.defence.0.state().crowd.len(), 200);
    let answered = answers.iter().filter(|one| one.is_finished()).count();
    let refused = waiting.iter().filter(|one| one.is_finished()).count();
    for number in [answered, refused] {
        assert!((30..70).contains(&number), "{answered} {refused}");
    }
    drop((turn, flood));
}

#[tokio::test]
async fn a_device_that_is_drawn_while_its_password_is_compared_is_refused_and_has_not_failed() {
    let fixture = Fixture::with(Limits {
        turns: 1,
        queue: 1,
        devices: 1,
    });
    let mut drawn = 0;
    for _ in 0..40 {
        let mut attempt = at_broker(&fixture, Some(OWNER), "owner").await.unwrap().unwrap();
        let mut patience = attempt.take_patience();
        // One of two goes.
        let other = at_broker(&fixture, None, "nobody");
        settle().await;
        if other.is_finished() {
            assert!(matches!(other.await.unwrap(), Err(TooMany::Waiting)));
            attempt.spoilt();
        } else {
            patience.refused().await;
            attempt.spoilt();
            other.await.unwrap().unwrap().spoilt();
            drawn += 1;
        }
    }
    assert!((5..35).contains(&drawn), "{drawn}");
    let who = Who {
        name: fixture.defence.0.name_of(OWNER),
        network: address("127.0.0.1").network(),
    };
    let rank = fixture.defence.0.state().failures.rank(who, Duration::ZERO);
    assert_eq!(rank, Rank::Usual);
}

#[tokio::test]
async fn a_broker_that_hangs_up_makes_room() {
    let fixture = Fixture::new(1, 1);
    let first = at_broker(&fixture, None, "nobody").await.unwrap().unwrap();
    let gone = at_broker(&fixture, None, "one");
    until_waiting(&fixture, 1).await;
    gone.abort();
    let _ = gone.await;
    drop(first);
    let state = fixture.defence.0.state();
    assert_eq!((state.crowd.len(), state.queue.len()), (0, 0));
}

#[tokio::test]
async fn a_device_that_fails_often_does_not_come_before_others() {
    let fixture = Fixture::new(1, 8);
    for _ in 0..4 {
        let attempt = at_broker(&fixture, Some(OWNER), "owner").await.unwrap();
        let _ = attempt.unwrap().failed();
    }
    let who = Who {
        name: fixture.defence.0.name_of(OWNER),
        network: address("127.0.0.1").network(),
    };
    let other = Who { name: 1, ..who };
    let rank = |who| {
        fixture
            .defence
            .0
            .state()
            .failures
            .rank_among_many(who, Duration::ZERO)
    };
    assert_eq!((rank(who), rank(other)), (Rank::Doubtful, Rank::Usual));
}
