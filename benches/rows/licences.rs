//! The nx face: any page of many licences beside the first page of a few, over HTTP, and the seats of one licence, which many clients assign at
//! the same time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use aggregates::{
    Event,
    agreement::AgreementEvent,
    licence::{LicenceEvent, LicenceKey},
    values::{AgreementId, LicenceId, Ordinal, OrganisationId, Timestamp},
};
use ledger::NewEvent;
use serde_json::{Value, json};

use crate::{
    context::{Bench, Result, open_ledger},
    cpu::{Cpu, Processes},
    http::Connection,
    measure::{Rate, Series, median, rate},
    postgres::{FLOOR_NAME, Floor},
    progress,
    random::{Random, uuid},
    seed,
    server::Server,
    table::{Row, Table},
};

/// How many licences the smaller database has.
const FEW: u64 = 1_000;
/// How many organisations own the licences.
const ORGANISATIONS: u64 = 10;
/// How many agreements the licences have.
const AGREEMENTS: u64 = 20;
/// How many licences are issued in one unit.
const LICENCES_PER_UNIT: u64 = 250;
/// The rows of a page.
const ROWS: u64 = 100;
/// How many requests each figure has.
const REQUESTS: usize = 20;
/// A page of many licences may take this many times the time of the first page of a few.
const TIMES: f64 = 2.0;
/// The orders by one key.
const ORDERS: [&str; 4] = ["AgreementName", "LicenseKey", "StartsAt", "ExpiresAt"];
/// How many clients assign seats.
const CLIENTS: usize = 64;
/// The most seats that a licence may have: more than are assigned.
const SEATS: u32 = aggregates::licence::MOST_SEATS;
/// The database of the server for seats.
const DATABASE: &str = "bench_seats";

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    lists(bench, table).await?;
    seats(bench, table).await
}

fn agreement(number: u64) -> AgreementId {
    AgreementId(uuid(5, number))
}

fn organisation(number: u64) -> Result<OrganisationId> {
    let ordinal = Ordinal::new(i64::try_from(number + 1)?).ok_or("a number is out of range")?;
    Ok(OrganisationId::of(ordinal))
}

/// The event that issues a licence. Each organisation has as many as the others.
fn issued(number: u64, organisations: &[OrganisationId]) -> NewEvent {
    let mut random = Random::new(number);
    let mut day = |days| Timestamp::from_micros(random.below(days) as i64 * 86_400_000_000);
    let (starts_at, ends_at) = (day(1_000), day(3_000).plus_hours(24_000));
    let event = LicenceEvent::Issued {
        agreement: agreement(random.below(AGREEMENTS)),
        organisation: organisations[(number % ORGANISATIONS) as usize],
        licence_key: LicenceKey::drawn(uuid(6, number).into_bytes()),
        starts_at,
        expires_at: (!number.is_multiple_of(3)).then_some(ends_at),
        paid_until_at: None,
        amount_per_month: 100,
        discount_bp: 0,
        catalogue: Vec::new(),
        seats: 10,
    };
    seed::new_event(LicenceId(uuid(7, number)), 1, Event::Licence(event))
}

/// Makes a database with so many licences. They take no claims: nothing changes them.
async fn fill(bench: &Bench, database: &str, licences: u64) -> Result<()> {
    progress(&format!("  making {licences} licences"));
    bench.cluster.create(database).await?;
    let ledger = open_ledger(&bench.cluster.url(database)).await?;
    let mut agreements = Vec::new();
    for number in 0..AGREEMENTS {
        let created = AgreementEvent::Created {
            name: format!("Agreement {number:02}").parse()?,
            kind: "trial".parse()?,
            provides: Vec::new(),
            published_at: None,
            provider: None,
        };
        agreements.push(seed::new_event(agreement(number), 1, Event::Agreement(created)));
    }
    ledger.append(seed::unit(agreements)).await?;
    let organisations: Vec<_> = (0..ORGANISATIONS).map(organisation).collect::<Result<_>>()?;
    seed::in_shards(&ledger, licences.div_ceil(LICENCES_PER_UNIT), move |block| {
        let first = block * LICENCES_PER_UNIT;
        let numbers = first..(first + LICENCES_PER_UNIT).min(licences);
        vec![numbers.map(|number| issued(number, &organisations)).collect()]
    })
    .await?;
    ledger.close().await;
    bench.cluster.settle(database).await
}

/// A server with licences.
struct Subject {
    server: Server,
    token: String,
    connection: Connection,
}

impl Subject {
    async fn start(bench: &Bench, database: &str, licences: u64) -> Result<Self> {
        fill(bench, database, licences).await?;
        let data = bench.folder.join(database);
        std::fs::create_dir_all(&data)?;
        let url = bench.cluster.url(database);
        let server = Server::muniment_in(bench, &data, Some(&url)).await?;
        Ok(Self {
            token: server.log_in().await?,
            connection: Connection::open(server.address()).await?,
            server,
        })
    }

    /// The median time of a page that begins after `offset` rows, in milliseconds.
    async fn milliseconds(&mut self, query: &str, offset: u64) -> Result<f64> {
        let path = format!("/auth/admin/licenses?Limit={ROWS}&Offset={offset}{query}");
        let mut times = Vec::with_capacity(REQUESTS);
        for request in 0..REQUESTS + 3 {
            let begun = Instant::now();
            let answer = self
                .connection
                .expect(200, ("GET", &path), &self.token, "")
                .await?;
            // The first requests warm up caches and statements.
            if request >= 3 {
                times.push(begun.elapsed().as_secs_f64() * 1_000.0);
                continue;
            }
            let rows: Vec<Value> = serde_json::from_slice(answer.body)?;
            if rows.len() as u64 != ROWS {
                return Err(format!("{path} has {} rows", rows.len()).into());
            }
        }
        Ok(median(&times))
    }
}

async fn lists(bench: &Bench, table: &mut Table) -> Result<()> {
    let count = bench.options.users_in_memory;
    let mut many = Subject::start(bench, "bench_many_licences", count).await?;
    let mut few = Subject::start(bench, "bench_few_licences", FEW).await?;
    let one = format!("&Organisation={}", organisation(1)?);
    for (whose, filter, total) in [
        ("of all", "", count),
        ("of an organisation", one.as_str(), count / ORGANISATIONS),
    ] {
        for key in ORDERS {
            progress(&format!("  licences {whose} by {key}"));
            let (mut ours, mut theirs) = (Series::default(), Series::default());
            let mut each = [const { Vec::new() }; 3];
            for _ in 0..bench.options.rounds {
                let query = format!("&OrderBy={key}{filter}");
                theirs.push(few.milliseconds(&query, 0).await?);
                let mut slowest = 0.0_f64;
                for (times, offset) in each.iter_mut().zip([0, total / 2, total - ROWS]) {
                    for way in ["", "-"] {
                        let query = format!("&OrderBy={way}{key}{filter}");
                        let took = many.milliseconds(&query, offset).await?;
                        times.push(took);
                        slowest = slowest.max(took);
                    }
                }
                ours.push(slowest);
            }
            let [first, middle, last] = each.map(|times| median(&times));
            table.add(
                Row::rate(format!("licences {whose} by {key}, {total}"), "ms", &ours)
                    .less_is_better()
                    .beside(format!("the first page of {FEW} licences in all"), &theirs)
                    .goal(1.0 / TIMES)
                    .note(format!(
                        "the slowest of the first, the middle and the last page of {ROWS} rows ({first:.2}, {middle:.2}, \
                         {last:.2} ms), in both directions"
                    )),
            );
        }
    }
    few.server.stop().await?;
    many.server.stop().await
}

async fn seats(bench: &Bench, table: &mut Table) -> Result<()> {
    let floor = Floor::new(bench).await?.by(CLIENTS);
    floor.warm_up().await?;
    let server = Server::muniment(bench, &bench.database_of_people(DATABASE).await?).await?;
    let token = server.log_in().await?;
    let seats = Seats {
        bench,
        server: &server,
        path: make_licence(&server, &token).await?.into(),
        token: token.into(),
        next: Arc::default(),
    };
    let (mut ours, mut inserts) = (Series::default(), Series::default());
    for round in 1..=bench.options.rounds {
        inserts.add(floor.measure().await?);
        ours.add(seats.measure().await?);
        progress(&format!("  round {round}"));
    }
    server.stop().await?;
    let what = format!("seats of one licence assigned, {CLIENTS} clients");
    table.add(
        Row::rate(what, "seats/s", &ours)
            .beside(FLOOR_NAME, &inserts)
            .note(ours.latency()),
    );
    Ok(())
}

/// The licence whose seats are assigned.
struct Seats<'a> {
    bench: &'a Bench,
    server: &'a Server,
    /// The path at which seats are assigned.
    path: Arc<str>,
    token: Arc<str>,
    /// The number of the next device.
    next: Arc<AtomicU64>,
}

impl Seats<'_> {
    async fn measure(&self) -> Result<Rate> {
        let cluster = &self.bench.cluster;
        let cpu = Cpu::of(&[
            ("server", self.server.processes()),
            ("postgres", Processes::Tree(cluster.process)),
            ("load", Processes::Own),
        ]);
        let (before, address) = (cluster.head(DATABASE).await?, self.server.address());
        let rate = rate(CLIENTS, self.bench.options.window(), &cpu, |_, run| {
            let (path, token) = (Arc::clone(&self.path), Arc::clone(&self.token));
            let next = Arc::clone(&self.next);
            async move {
                let mut connection = Connection::open(address).await?;
                while run.goes_on() {
                    let device = uuid(8, next.fetch_add(1, Ordering::Relaxed));
                    let body = format!(r#"{{"DeviceUUID":"{device}"}}"#);
                    let began = Instant::now();
                    connection.expect(204, ("POST", &path), &token, &body).await?;
                    run.count_since(began);
                }
                Ok(())
            }
        })
        .await?;
        let recorded = cluster.head(DATABASE).await? - before;
        if recorded == rate.all {
            Ok(rate)
        } else {
            Err(format!("{} seats were acknowledged, but {recorded} recorded", rate.all).into())
        }
    }
}

/// Makes a licence with many seats, and returns the path at which they are assigned.
async fn make_licence(server: &Server, token: &str) -> Result<String> {
    let mut connection = Connection::open(server.address()).await?;
    let login = made(
        &mut connection,
        "/api/v1/auth/login",
        "",
        &seed::login_body("admin"),
    )
    .await?;
    let global = text(&login, "accessToken")?;
    let body = json!({ "name": "measured" }).to_string();
    let founded = made(&mut connection, "/api/v1/organization", global, &body).await?;
    let number = founded["id"].as_u64().ok_or("the organisation has no number")?;
    let body = json!({ "Name": "measured", "Kind": "trial" }).to_string();
    let agreement = made(&mut connection, "/auth/admin/agreements", token, &body).await?;
    let body = json!({
        "AgreementUUID": agreement["UUID"], "Seats": SEATS,
        "OrganisationUUID": organisation(number - 1)?.to_string(),
    });
    let licence = made(&mut connection, "/auth/admin/licenses", token, &body.to_string()).await?;
    Ok(format!("/auth/admin/licenses/{}/assign", text(&licence, "UUID")?))
}

/// The answer to a request that makes something.
async fn made(connection: &mut Connection, path: &str, token: &str, body: &str) -> Result<Value> {
    let answer = connection.expect(201, ("POST", path), token, body).await?;
    Ok(serde_json::from_slice(answer.body)?)
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    let text = value[key].as_str();
    Ok(text.ok_or_else(|| format!("no text under {key}"))?)
}
