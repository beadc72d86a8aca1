//! The whole server with its default settings, for comparison with other servers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::available_parallelism,
};

use ledger::ids::SystemEntropy;
use server::identity::passwords::{HashingOptions, MayHash, Passwords};

use crate::{
    context::{Bench, HASHING, Result},
    cpu::{Cpu, Processes},
    http::Connection,
    measure::{Rate, Series, rate},
    progress, seed,
    server::Server,
    table::{Row, Table},
};

/// Connections for requests that hash a password. They keep all cores busy, and the server refuses none of them.
pub(super) const HASHING_CONNECTIONS: usize = 16;
/// Connections for the other requests.
const CONNECTIONS: usize = 64;

/// The kind of request.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    LogIn,
    CheckToken,
    ListUsers,
    CreateUser,
}

const ALL: [Ask; 4] = [Ask::LogIn, Ask::CheckToken, Ask::ListUsers, Ask::CreateUser];

/// The server under test.
pub(super) struct Subject<'a> {
    bench: &'a Bench,
    pub(super) server: Server,
    pub(super) token: Arc<str>,
    /// The next number of a user or a page. Each request gets a number of its own.
    pub(super) next: Arc<AtomicU64>,
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let subject = Subject::start(bench, "bench_server").await?;
    let at_rest = subject.server.memory()?;
    let mut figures = [const {
        Series {
            values: Vec::new(),
            shares: Vec::new(),
            latencies: Vec::new(),
        }
    }; ALL.len()];
    let mut ceiling = Series::default();
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        ceiling.add(hashes(bench).await?);
        for (ask, series) in ALL.into_iter().zip(&mut figures) {
            series.add(subject.ask(ask).await?);
        }
    }
    let busy = subject.server.memory()?;
    subject.server.stop().await?;

    let [logins, checks, lists, creations] = &figures;
    let HashingOptions {
        memory_kib,
        iterations,
        parallelism,
        ..
    } = HASHING;
    let parameters = format!("argon2id, m={memory_kib} KiB, t={iterations}, p={parallelism}");
    let hashes = "hashes alone, all cores";
    let mut memory = Series::default();
    memory.push(busy as f64 / 1_048_576.0);
    let users = bench.options.users;
    table.add(
        Row::rate("server: logins", "logins/s", logins)
            .beside(hashes, &ceiling)
            .note(&parameters),
    );
    table.add(Row::rate("server: token checks", "requests/s", checks).note("GET /api/session"));
    table.add(
        Row::rate("server: list of 100 users", "requests/s", lists)
            .note(format!("any page of {users} users")),
    );
    table.add(
        Row::rate("server: users created", "users/s", creations)
            .beside(hashes, &ceiling)
            .note(parameters),
    );
    let note = format!(
        "after all of this, with {users} users; {:.0} MiB before it",
        at_rest as f64 / 1_048_576.0
    );
    table.add(Row::rate("server: resident memory", "MiB", &memory).note(note));
    Ok(())
}

impl<'a> Subject<'a> {
    /// Starts a server on a database of this name with many users.
    pub(super) async fn start(bench: &'a Bench, database: &str) -> Result<Self> {
        Self::start_at(bench, &bench.database_of_people(database).await?).await
    }

    /// Starts a server on a database that has these users already.
    pub(super) async fn start_at(bench: &'a Bench, url: &str) -> Result<Self> {
        let server = Server::muniment(bench, url).await?;
        Ok(Self {
            bench,
            token: server.log_in().await?.into(),
            server,
            next: Arc::default(),
        })
    }

    /// Another server than ours, which needs no token.
    pub(super) fn other(bench: &'a Bench, server: Server) -> Self {
        Self {
            bench,
            token: "".into(),
            server,
            next: Arc::default(),
        }
    }

    /// Stops the server.
    pub(super) async fn stop(self) -> Result<()> {
        self.server.stop().await
    }

    /// Asks as often as the server can answer.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Rate> {
        let cpu = Cpu::of(&[
            ("server", self.server.processes()),
            ("postgres", Processes::Tree(self.bench.cluster.process)),
            ("load", Processes::Own),
        ]);
        let connections = match ask {
            Ask::LogIn | Ask::CreateUser => HASHING_CONNECTIONS,
            Ask::CheckToken | Ask::ListUsers => CONNECTIONS,
        };
        let (address, users) = (self.server.address(), self.bench.options.users);
        rate(connections, self.bench.options.window(), &cpu, |_, run| {
            let (token, next) = (Arc::clone(&self.token), Arc::clone(&self.next));
            async move {
                let mut connection = Connection::open(address).await?;
                while run.goes_on() {
                    ask.send(
                        &mut connection,
                        &token,
                        users,
                        next.fetch_add(1, Ordering::Relaxed),
                    )
                    .await?;
                    run.count();
                }
                Ok(())
            }
        })
        .await
    }
}

impl Ask {
    pub(super) async fn send(
        self,
        connection: &mut Connection,
        token: &str,
        users: u64,
        number: u64,
    ) -> Result<()> {
        match self {
            Self::LogIn => {
                let body = seed::login_body(&seed::username(number % users));
                connection.expect(200, ("POST", "/api/login"), "", &body).await?
            }
            Self::CheckToken => connection.expect(200, ("GET", "/api/session"), token, "").await?,
            Self::ListUsers => {
                let page = 1 + number * 7_919 % (users / 100);
                let path = format!("/api/listUsers?pageNumber={page}&rowsPerPage=100");
                connection.expect(200, ("GET", &path), token, "").await?
            }
            Self::CreateUser => {
                let body = format!(
                    r#"{{"username":"new.{number}","password":"{}","identityProvider":"local","grantTypes":[{{"method":"password","isRequired":false}},{{"method":"token","isRequired":false}}],"roles":[]}}"#,
                    seed::PASSWORD
                );
                connection
                    .expect(201, ("POST", "/api/users"), token, &body)
                    .await?
            }
        };
        Ok(())
    }
}

/// Password hashes on all cores, and nothing else. No server with the same hash can log in more users.
pub(super) async fn hashes(bench: &Bench) -> Result<Rate> {
    let cores = available_parallelism()?.get();
    let options = HashingOptions {
        workers: cores,
        ..HASHING
    };
    let passwords = Passwords::start(options, Arc::new(SystemEntropy))?;
    rate(2 * cores, bench.options.window(), &Cpu::default(), |_, run| {
        let passwords = passwords.clone();
        async move {
            while run.goes_on() {
                passwords
                    .hash(MayHash::without_requests(), seed::new_password()?)
                    .await?;
                run.count();
            }
            Ok(())
        }
    })
    .await
}
