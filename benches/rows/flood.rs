//! Right logins while others flood the server with wrong passwords.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    context::{Bench, Result},
    cpu::Cpu,
    http::Connection,
    measure::{Run, Series, rate},
    progress, seed,
    server::Server,
    table::{Row, Table},
};

/// Connections of the attackers.
const ATTACKERS: usize = 64;
/// Connections of users who log in. Each has a name and an address of its own.
const OWNERS: usize = 4;
/// How long an attacker waits after a refusal, and a user after each login. An attacker has a machine of his own; without a pause he
/// would take the cores from the server here.
const PAUSE: Duration = Duration::from_millis(20);
/// The address of an attack that comes from a single address.
const ATTACKER: &str = "203.0.113.1";

/// Which addresses an attack comes from, and which names it tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flood {
    Nothing,
    OneAddressOneName,
    OneAddressManyNames,
    ManyAddressesOneName,
    /// The users have the address of the attack.
    SameAddressOtherNames,
    /// The users have the address of the attack, and the attack tries their names.
    SameAddressSameNames,
    /// The attack tries the users' names, and the users come from a new address each time.
    SameNamesNewAddresses,
}

const FLOODS: [(Flood, &str); 7] = [
    (Flood::Nothing, "no flood"),
    (Flood::OneAddressOneName, "a flood from one address for one name"),
    (
        Flood::OneAddressManyNames,
        "a flood from one address for many names",
    ),
    (
        Flood::ManyAddressesOneName,
        "a flood from many addresses for one name",
    ),
    (
        Flood::SameAddressOtherNames,
        "a flood from the users' address for other names",
    ),
    (
        Flood::SameAddressSameNames,
        "a flood from the users' address for their names",
    ),
    (
        Flood::SameNamesNewAddresses,
        "a flood for the users' names, who come from new addresses",
    ),
];

impl Flood {
    /// The address and the name of an attacker's next request.
    fn attack(self, number: u64) -> (String, String) {
        let new_address = || format!("198.{}.{}.{}", 18 + number % 2, number / 250 % 250, number % 250);
        match self {
            Self::Nothing | Self::OneAddressOneName | Self::SameAddressOtherNames => {
                (ATTACKER.to_owned(), seed::username(100))
            }
            Self::OneAddressManyNames => (ATTACKER.to_owned(), seed::username(100 + number % 900)),
            Self::ManyAddressesOneName => (new_address(), seed::username(100)),
            Self::SameAddressSameNames => (ATTACKER.to_owned(), owner(number)),
            Self::SameNamesNewAddresses => (new_address(), owner(number)),
        }
    }

    /// The address of a user.
    fn address(self, owner: usize, number: u64) -> String {
        match self {
            Self::SameAddressOtherNames | Self::SameAddressSameNames => ATTACKER.to_owned(),
            Self::SameNamesNewAddresses => format!("10.{owner}.{}.{}", number / 250 % 250, number % 250),
            Self::Nothing
            | Self::OneAddressOneName
            | Self::OneAddressManyNames
            | Self::ManyAddressesOneName => {
                format!("192.0.2.{owner}")
            }
        }
    }
}

fn owner(number: u64) -> String {
    seed::username(number % OWNERS as u64)
}

/// What all tasks of a flood share.
#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    attacks: AtomicU64,
    refused: AtomicU64,
    succeeded: AtomicU64,
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let url = bench.database_of_people("bench_flood").await?;
    let mut half = FLOODS.map(|_| Series::default());
    let mut most = FLOODS.map(|_| Series::default());
    let mut notes = FLOODS.map(|_| String::new());
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        for (at, (flood, _)) in FLOODS.into_iter().enumerate() {
            // Each flood meets a server that knows nothing of the floods before.
            let server =
                Server::muniment_with(bench, &url, &[("MUNIMENT_TRUSTED_PROXIES", "127.0.0.1")]).await?;
            let counts = Arc::new(Counts::default());
            let (p50, p99) = logins_in(bench, &server, flood, &counts).await?;
            server.stop().await?;
            half[at].push(p50);
            most[at].push(p99);
            let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
            notes[at] = format!(
                "last round: {} of {} logins succeeded, {} wrong ones were answered",
                read(&counts.succeeded),
                read(&counts.succeeded) + read(&counts.refused),
                read(&counts.attacks)
            );
        }
    }
    for (at, (_, what)) in FLOODS.into_iter().enumerate() {
        for (name, series) in [("p50", &half), ("p99", &most)] {
            let mut row =
                Row::rate(format!("{name} of right logins: {what}"), "ms", &series[at]).less_is_better();
            if at > 0 {
                row = row.beside("no flood", &series[0]);
            }
            if name == "p99" {
                row = row.note(format!("{}; goal: all, and at most 3,000 ms", notes[at]));
            }
            table.add(row);
        }
    }
    Ok(())
}

/// Logs users in while a flood runs. Returns the percentiles of their times, in milliseconds.
async fn logins_in(bench: &Bench, server: &Server, flood: Flood, counts: &Arc<Counts>) -> Result<(f64, f64)> {
    let address = server.address();
    // Each user has logged in before, from the address that is known then.
    let mut connection = Connection::open(address).await?;
    for user in 0..OWNERS {
        connection.come_from(&flood.address(user, 0));
        let body = seed::login_body(&owner(user as u64));
        connection.expect(200, ("POST", "/api/login"), "", &body).await?;
    }
    let attackers = if flood == Flood::Nothing { 0 } else { ATTACKERS };
    let cpu = Cpu::default();
    let measured = rate(OWNERS + attackers, bench.options.window(), &cpu, |worker, run| {
        let counts = Arc::clone(counts);
        async move {
            let mut connection = Connection::open(address).await?;
            while run.goes_on() {
                let number = counts.requests.fetch_add(1, Ordering::Relaxed);
                if worker < OWNERS {
                    log_in(&mut connection, flood, (worker, number), &run, &counts).await?;
                } else {
                    attack(&mut connection, flood, number, &counts).await?;
                }
            }
            Ok(())
        }
    });
    Ok(measured.await?.latency)
}

async fn log_in(
    connection: &mut Connection,
    flood: Flood,
    (user, number): (usize, u64),
    run: &Run,
    counts: &Counts,
) -> Result<()> {
    connection.come_from(&flood.address(user, number));
    let body = seed::login_body(&owner(user as u64));
    let began = Instant::now();
    match connection.send("POST", "/api/login", "", &body).await?.status {
        200 => {
            run.count_since(began);
            counts.succeeded.fetch_add(1, Ordering::Relaxed);
        }
        _ => {
            counts.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
    tokio::time::sleep(PAUSE).await;
    Ok(())
}

async fn attack(connection: &mut Connection, flood: Flood, number: u64, counts: &Counts) -> Result<()> {
    let (address, name) = flood.attack(number);
    connection.come_from(&address);
    let body = format!(r#"{{"username":"{name}","password":"guess {number}"}}"#);
    match connection.send("POST", "/api/login", "", &body).await?.status {
        401 => {
            counts.attacks.fetch_add(1, Ordering::Relaxed);
        }
        429 => tokio::time::sleep(PAUSE).await,
        status => return Err(format!("a wrong password was answered {status}").into()),
    }
    Ok(())
}
