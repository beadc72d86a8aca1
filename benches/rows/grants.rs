//! Tokens for service accounts by client credentials, and access tokens by refresh tokens: each durable before the answer, beside npm's
//! oidc-provider, which keeps its tokens in memory, and beside an axum handler that does nothing.

use std::{fs::File, sync::Arc};

use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command, sync::Mutex};

use crate::{
    context::{Bench, Result},
    cpu::{Cpu, Processes},
    http::Connection,
    measure::{Rate, Series, rate},
    progress, seed,
    server::Server,
    table::{Row, Table},
};

/// How many clients ask at once. Each has a service account.
const CLIENTS: usize = 64;
/// How many users have signed in. Each refresh is of another one, so a sign-in has few access tokens, as in use.
const SIGN_INS: u64 = 1_024;
/// How many of them sign in at once.
const AT_ONCE: u64 = 16;
/// The paths at our server and at oidc-provider.
const GRANT: &str = "/iam/realms/bench/protocol/openid-connect/token";
const REFRESH: &str = "/auth/authenticate/refresh-token";
const THEIRS: &str = "/token";
/// The client at oidc-provider, as `scripts/peers/oidc/server.js` has it.
const CLIENT: &str = "client_id=bench&client_secret=a-secret-of-the-bench";
const OTHER: &str = "oidc-provider on node, in memory";
const BARE: &str = "bare axum handler, same answer";
/// A program may be this many times as fast as the other.
const TIMES: f64 = 2.0;
/// The best figure for a core that another server's makers publish.
const PER_CORE: f64 = 1_234.0;

/// What one client sends again and again.
type Clients = Arc<Vec<Mutex<Client>>>;

/// A client, and what it shows.
enum Client {
    /// The bodies are always these.
    Grants(&'static str, String),
    /// Refresh tokens at our server, which are replaced by their use.
    Nx(Vec<String>, usize),
    /// The same at oidc-provider.
    Oidc(Vec<String>, usize),
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = Server::muniment(bench, &bench.database_of_people("bench_grants").await?).await?;
    let ours = accounts(&server).await?;
    let families = sign_ins(&server).await?;
    let granted = bare(bench, &server, "granting", &ours).await?;
    let refreshed = bare(bench, &server, "refreshing", &families).await?;
    let other = Other::start(bench).await?;

    let (mut grants, mut refreshes, mut floors) = (
        Measured::default(),
        Measured::default(),
        [(); 2].map(|()| Series::default()),
    );
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        grants.add(ask(bench, &server, &ours).await?);
        refreshes.add(ask(bench, &server, &families).await?);
        floors[0].add(ask(bench, &granted, &ours).await?);
        floors[1].add(ask(bench, &refreshed, &families_again(&families).await).await?);
        if let Some(other) = &other {
            grants.theirs.add(ask(bench, &other.server, &other.grants).await?);
            refreshes
                .theirs
                .add(ask(bench, &other.server, &other.refreshes).await?);
        }
    }
    for process in [granted, refreshed, server] {
        process.stop().await?;
    }
    for (what, measured, floor) in [
        ("grants by client credentials", &grants, &floors[0]),
        ("refreshes", &refreshes, &floors[1]),
    ] {
        let name = format!("{what}, {CLIENTS} clients");
        if !measured.theirs.values.is_empty() {
            table.add(
                Row::rate(&*name, "tokens/s", &measured.ours)
                    .beside(OTHER, &measured.theirs)
                    .goal(TIMES),
            );
        }
        table.add(Row::rate(&*name, "tokens/s", &measured.ours).beside(BARE, floor));
        table.add(
            Row::rate(
                format!("{what}, for a core of server and Postgres"),
                "tokens/s",
                &measured.per_core,
            )
            .at_least(PER_CORE),
        );
    }
    Ok(())
}

/// The figures of one kind of request.
#[derive(Default)]
struct Measured {
    ours: Series,
    per_core: Series,
    theirs: Series,
}

impl Measured {
    fn add(&mut self, rate: Rate) {
        let used = rate
            .shares
            .iter()
            .filter(|(name, _)| ["server", "postgres"].contains(name));
        let cores = used.map(|(_, share)| share / 100.0).sum::<f64>();
        self.per_core.push(rate.per_second / cores);
        self.ours.add(rate);
    }
}

/// Opens a service account for each client.
async fn accounts(server: &Server) -> Result<Clients> {
    let token = server.log_in().await?;
    let mut connection = Connection::open(server.address()).await?;
    let mut clients = Vec::with_capacity(CLIENTS);
    for number in 0..CLIENTS {
        let body = json!({ "name": format!("bench.{number}"), "realm": "bench", "roles": [] }).to_string();
        let answer = connection
            .expect(201, ("POST", "/api/service-accounts"), &token, &body)
            .await?;
        let opened: Value = serde_json::from_slice(answer.body)?;
        let text = |name: &str| opened[name].as_str().ok_or("no service account");
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            text("clientId")?,
            text("clientSecret")?
        );
        clients.push(Mutex::new(Client::Grants(GRANT, body)));
    }
    Ok(Arc::new(clients))
}

/// Signs users in, and shares them among the clients.
async fn sign_ins(server: &Server) -> Result<Clients> {
    progress(&format!("  {SIGN_INS} users sign in"));
    let address = server.address();
    let tasks = (0..AT_ONCE).map(|first| {
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut tokens = Vec::new();
            for number in (first..SIGN_INS).step_by(AT_ONCE as usize) {
                let body =
                    json!({ "Username": seed::username(number), "Password": seed::PASSWORD }).to_string();
                let answer = connection
                    .expect(200, ("POST", "/auth/authenticate/signin"), "", &body)
                    .await?;
                tokens.push(refresh_token(answer.body, "RefreshToken")?);
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(tokens)
        })
    });
    let mut tokens = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        tokens.extend(task.await??);
    }
    Ok(shared(&tokens, |tokens| Client::Nx(tokens, 0)))
}

fn refresh_token(body: &[u8], name: &str) -> Result<String> {
    let answer: Value = serde_json::from_slice(body)?;
    Ok(answer[name].as_str().ok_or("no refresh token")?.to_owned())
}

fn shared(tokens: &[String], client: impl Fn(Vec<String>) -> Client) -> Clients {
    let parts = tokens.chunks(tokens.len().div_ceil(CLIENTS));
    Arc::new(parts.map(|part| Mutex::new(client(part.to_vec()))).collect())
}

/// The same clients for the bare handler, whose answer is always the same: theirs are not replaced by it.
async fn families_again(clients: &Clients) -> Clients {
    let mut again = Vec::with_capacity(clients.len());
    for client in clients.iter() {
        if let Client::Nx(tokens, at) = &*client.lock().await {
            again.push(Mutex::new(Client::Nx(tokens.clone(), *at)));
        }
    }
    Arc::new(again)
}

/// A handler that always gives the answer which the first client gets.
async fn bare(bench: &Bench, server: &Server, how: &str, clients: &Clients) -> Result<Server> {
    let mut connection = Connection::open(server.address()).await?;
    let answer = clients[0].lock().await.send(&mut connection).await?;
    let file = bench.folder.join(format!("{how}.http"));
    std::fs::write(&file, answer)?;
    Server::bare(bench, how, &file).await
}

/// Lets all clients ask as often as they get answers.
async fn ask(bench: &Bench, server: &Server, clients: &Clients) -> Result<Rate> {
    let cpu = Cpu::of(&[
        ("server", server.processes()),
        ("postgres", Processes::Tree(bench.cluster.process)),
        ("load", Processes::Own),
    ]);
    let address = server.address();
    rate(CLIENTS, bench.options.window(), &cpu, |worker, run| {
        let clients = Arc::clone(clients);
        async move {
            let mut connection = Connection::open(address).await?;
            let mut client = clients[worker].lock().await;
            while run.goes_on() {
                client.send(&mut connection).await?;
                run.count();
            }
            Ok(())
        }
    })
    .await
}

impl Client {
    /// Asks once. Returns the answer as it is on the wire.
    async fn send(&mut self, connection: &mut Connection) -> Result<Vec<u8>> {
        match self {
            Self::Grants(path, body) => {
                connection.send_forms();
                let answer = connection.expect(200, ("POST", path), "", body).await?;
                Ok([answer.head, answer.body].concat())
            }
            Self::Nx(tokens, at) => {
                *at = (*at + 1) % tokens.len();
                let token = &mut tokens[*at];
                let body = r#"{"GrantType":"RefreshToken"}"#;
                let answer = connection.expect(200, ("POST", REFRESH), token, body).await?;
                *token = refresh_token(answer.body, "RefreshToken")?;
                Ok([answer.head, answer.body].concat())
            }
            Self::Oidc(tokens, at) => {
                *at = (*at + 1) % tokens.len();
                let token = &mut tokens[*at];
                connection.send_forms();
                let body = format!("grant_type=refresh_token&refresh_token={token}&{CLIENT}");
                let answer = connection.expect(200, ("POST", THEIRS), "", &body).await?;
                *token = refresh_token(answer.body, "refresh_token")?;
                Ok([answer.head, answer.body].concat())
            }
        }
    }
}

/// npm's oidc-provider.
struct Other {
    server: Server,
    grants: Clients,
    refreshes: Clients,
}

impl Other {
    /// Starts it, if it is installed.
    async fn start(bench: &Bench) -> Result<Option<Self>> {
        let Some(program) = std::env::var_os("BENCH_OIDC") else {
            return Ok(None);
        };
        let address = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
        let file = bench.folder.join("oidc.tokens");
        let mut command = Command::new("node");
        command
            .arg(program)
            .arg(address.port().to_string())
            .arg(SIGN_INS.to_string())
            .arg(&file)
            .current_dir(&bench.folder)
            .stderr(File::create(bench.folder.join("oidc.log"))?);
        let server = Server::start(command).await?;
        let tokens: Vec<String> = std::fs::read_to_string(file)?
            .lines()
            .map(str::to_owned)
            .collect();
        let body = format!("grant_type=client_credentials&{CLIENT}");
        let grants = (0..CLIENTS).map(|_| Mutex::new(Client::Grants(THEIRS, body.clone())));
        Ok(Some(Self {
            server,
            grants: Arc::new(grants.collect()),
            refreshes: shared(&tokens, |tokens| Client::Oidc(tokens, 0)),
        }))
    }
}
