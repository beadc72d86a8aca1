//! Whether the time of a refused login tells anything about the name: kinds of logins, compared by a statistical test.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aggregates::{
    Command, Event,
    user::{UserCommand, UserEvent},
    values::{
        Context, GrantMethod, GrantType, Operation, PasswordHash, Permission, PermissionId, TopicFilter,
    },
};
use ledger::{Executor, Ledger, Metadata, ids::SystemEntropy};
use server::identity::passwords::{HashingOptions, MayHash, Passwords};

use crate::{
    context::{Bench, HASHING, Result, open_ledger},
    http::Connection,
    measure::{Series, median},
    progress,
    random::Random,
    seed,
    server::Server,
    table::{Row, Table},
};

/// How many names each kind has.
const NAMES: u64 = 8;
/// How often a round tries each name at most. The server holds back the answer after 20 wrong passwords for a name, wherever they come from.
const TRIES_OF_A_NAME: usize = 18;
/// Spellings of a reserved name. The server counts the failures of each of them apart.
const RESERVED: [&str; NAMES as usize] = [
    "system", "System", "sYstem", "syStem", "sysTem", "systEm", "systeM", "SYSTEM",
];
/// How long each round lasts at most for each second of a measurement: only one login runs at a time.
const LENGTH: Duration = Duration::from_secs(6);
/// How many events a long history has.
const LONG: i64 = 20_000;
/// How many permissions of their own users of a kind have.
const MANY: u128 = 4_000;

/// A kind of refused login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    UnknownName,
    WrongPassword,
    /// The user was deleted: nobody may log in by this name.
    DeletedUser,
    NoPassword,
    LongHistory,
    /// The user may not log in by password.
    GrantTypeMissing,
    /// The hash has weaker parameters than the present ones.
    OldHash,
    ReservedName,
    IllFormedName,
    /// The user's own permissions have hundreds of KiB.
    ManyPermissions,
}

const KINDS: [(Kind, &str); 10] = [
    (Kind::UnknownName, "unknown name"),
    (Kind::WrongPassword, "known name, wrong password"),
    (Kind::DeletedUser, "deleted user"),
    (Kind::NoPassword, "user without a password"),
    (Kind::LongHistory, "user with a long history"),
    (Kind::GrantTypeMissing, "password is no grant type of the user"),
    (Kind::OldHash, "hash with weaker parameters"),
    (Kind::ReservedName, "reserved name"),
    (Kind::IllFormedName, "ill-formed name"),
    (Kind::ManyPermissions, "user with many permissions of their own"),
];

impl Kind {
    /// The number of the user with this place in the kind.
    fn number(self, at: u64) -> u64 {
        self as u64 * NAMES + at
    }

    /// The name of a try. Unknown and ill-formed names are new each time.
    fn name(self, at: u64, tries: u64) -> String {
        match self {
            Self::UnknownName => format!("iot.device.x{tries:06}"),
            Self::ReservedName => RESERVED[at as usize].to_owned(),
            Self::IllFormedName => format!("no name {tries:07} :"),
            _ => seed::username(self.number(at)),
        }
    }

    /// Whether a user of this kind exists.
    fn exists(self) -> bool {
        !matches!(self, Self::UnknownName | Self::ReservedName | Self::IllFormedName)
    }
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    const DATABASE: &str = "bench_timing";
    bench.cluster.create(DATABASE).await?;
    let url = bench.cluster.url(DATABASE);
    progress("  making users");
    make_users(bench, &url).await?;
    let proxy = [("MUNIMENT_TRUSTED_PROXIES", "127.0.0.1")];
    let mut random = Random::new(1);
    let mut number = 0;
    let mut times = KINDS.map(|_| Vec::new());
    let mut medians = KINDS.map(|_| Series::default());
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        // A new server has counted no failures.
        let server = Server::muniment_with(bench, &url, &proxy).await?;
        let mut tries = Tries {
            connection: Connection::open(server.address()).await?,
            random: &mut random,
            number: &mut number,
        };
        let mut of_round = KINDS.map(|_| Vec::new());
        let until = Instant::now() + LENGTH * u32::try_from(bench.options.seconds)?;
        for _ in 0..TRIES_OF_A_NAME {
            tries.one_of_each(&mut of_round).await?;
            if Instant::now() >= until {
                break;
            }
        }
        server.stop().await?;
        for ((all, medians), of_round) in times.iter_mut().zip(&mut medians).zip(of_round) {
            medians.push(median(&of_round));
            all.extend(of_round);
        }
    }
    for (at, (_, what)) in KINDS.into_iter().enumerate() {
        let row = Row::rate(format!("refused login: {what}"), "ms", &medians[at]).less_is_better();
        table.add(match at {
            0 => row.note(format!("{} tries", times[0].len())),
            _ => row
                .beside(KINDS[0].1, &medians[0])
                .note(compare(&times[at], &times[0])),
        });
    }
    Ok(())
}

/// Tries to log in, one try after the other.
struct Tries<'a> {
    connection: Connection,
    random: &'a mut Random,
    /// How many tries there were in all rounds.
    number: &'a mut u64,
}

impl Tries<'_> {
    /// Tries each name of each kind once, in any order, and notes the times in milliseconds.
    async fn one_of_each(&mut self, times: &mut [Vec<f64>; KINDS.len()]) -> Result<()> {
        let mut order: Vec<(usize, u64)> = (0..KINDS.len())
            .flat_map(|kind| (0..NAMES).map(move |at| (kind, at)))
            .collect();
        for last in (1..order.len()).rev() {
            let other = self.random.below(last as u64 + 1) as usize;
            order.swap(last, other);
        }
        for (kind, at) in order {
            *self.number += 1;
            let n = *self.number;
            let name = KINDS[kind].0.name(at, n);
            // Each try has an address of its own: the server also holds back the answers to an address with many failures.
            self.connection
                .come_from(&format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255));
            let body = format!(r#"{{"username":"{name}","password":"not the password"}}"#);
            let begun = Instant::now();
            self.connection
                .expect(401, ("POST", "/api/login"), "", &body)
                .await?;
            times[kind].push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok(())
    }
}

/// The test of Mann and Whitney, and the medians: whether these times differ from those of unknown names.
fn compare(times: &[f64], unknown: &[f64]) -> String {
    let mut all: Vec<(f64, bool)> = times.iter().map(|time| (*time, true)).collect();
    all.extend(unknown.iter().map(|time| (*time, false)));
    all.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    // The times have nanoseconds, so equal ones are rare enough to be ignored.
    let ranks: f64 = (1..)
        .zip(&all)
        .filter(|(_, (_, is_ours))| *is_ours)
        .map(|(rank, _)| f64::from(rank))
        .sum();
    let (ours, theirs) = (times.len() as f64, unknown.len() as f64);
    let slower = ranks - ours * (ours + 1.0) / 2.0;
    let spread = (ours * theirs * (ours + theirs + 1.0) / 12.0).sqrt();
    format!(
        "slower than an unknown name in {:.1} % of pairs, Mann-Whitney z = {:.1} (beyond 2.6: significant at 1 %), medians differ by \
         {:+.3} ms",
        100.0 * slower / (ours * theirs),
        (slower - ours * theirs / 2.0) / spread,
        median(times) - median(unknown)
    )
}

/// Makes the users of all kinds.
async fn make_users(bench: &Bench, url: &str) -> Result<()> {
    let ledger = open_ledger(url).await?;
    ledger.read_to_head().await?;
    let executor = Executor::new(ledger.clone());
    let hash = bench.password_hash().await?;
    let weaker = HashingOptions {
        memory_kib: 8_192,
        iterations: 1,
        ..HASHING
    };
    let passwords = Passwords::start(weaker, Arc::new(SystemEntropy))?;
    let weaker = passwords
        .hash(MayHash::without_requests(), seed::new_password()?)
        .await?;
    for (kind, _) in KINDS.into_iter().filter(|(kind, _)| kind.exists()) {
        for at in 0..NAMES {
            let number = kind.number(at);
            let hash = match kind {
                Kind::NoPassword => None,
                Kind::OldHash => Some(weaker.clone()),
                _ => Some(hash.clone()),
            };
            make_user(&ledger, &executor, kind, (number, hash)).await?;
        }
    }
    ledger.close().await;
    Ok(())
}

async fn make_user(
    ledger: &Ledger,
    executor: &Executor,
    kind: Kind,
    (number, hash): (u64, Option<PasswordHash>),
) -> Result<()> {
    let user = seed::user(number);
    let mut events = vec![seed::user_created(number, hash)];
    if kind == Kind::GrantTypeMissing {
        let token = GrantType {
            method: GrantMethod::Token,
            is_required: false,
        };
        events.push(UserEvent::GrantTypesChanged {
            grant_types: vec![token],
        });
    }
    if kind == Kind::LongHistory {
        events.extend((1..LONG).map(|_| UserEvent::TokensRevoked {}));
    }
    if kind == Kind::ManyPermissions {
        let resource = |number| TopicFilter::parse(&format!("plant/{number}/{}", "long".repeat(50)));
        for number in 0..MANY {
            let id = PermissionId(uuid::Uuid::from_u128(number));
            let permission = Permission::new(id, resource(number)?, Operation::Read, Context::Mqtt)?;
            events.push(UserEvent::PermissionGranted { permission });
        }
    }
    let events: Vec<_> = (1..)
        .zip(events)
        .map(|(sequence, event)| seed::new_event(user, sequence, Event::User(event)))
        .collect();
    for unit in events.chunks(5_000) {
        ledger.append(seed::unit(unit.to_vec())).await?;
    }
    let command = match kind {
        // The command writes the snapshot.
        Kind::LongHistory | Kind::ManyPermissions => UserCommand::RevokeAllTokens,
        Kind::DeletedUser => UserCommand::Delete,
        _ => return Ok(()),
    };
    let commands = vec![Command::User(user, command)];
    executor.execute(commands, &Metadata::system("bench")).await?;
    Ok(())
}
