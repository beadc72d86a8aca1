//! The os2iot face: a check by level in process beside a check of a pattern, and requests with an API key over HTTP beside a bare handler.
//!
//! In process, 100,000 applications are in 1,000 organisations. Each of 100,000 users is a member of three groups of different
//! organisations, and each group gives `Read` on 19 applications: 60 patterns a user, as in the group `check`.

use std::{hint::black_box, time::Instant};

use aggregates::{
    Event,
    application::ApplicationEvent,
    organisation::OrganisationEvent,
    role::{Group, RoleEvent},
    user::UserEvent,
    values::{
        ApplicationId, Context, GroupId, Level, Operation, Ordinal, OrganisationId, RoleName, Timestamp,
        Title, UserId,
    },
};
use authorization::{Authorization, Inquiry, Subject};

use super::{
    memory::{self, GRANTS, recorded},
    plain::Plain,
};
use crate::{
    context::{Bench, Result},
    cpu::{Cpu, Processes},
    http::Connection,
    measure::{Series, median, quantile},
    outside::{Credential, wrk_with},
    progress,
    random::Random,
    seed,
    server::Server,
    table::{Row, Table},
};

const ORGANISATIONS: u64 = 1_000;
const APPLICATIONS: u64 = 100_000;
const USERS: u64 = 100_000;
/// How many applications are attached to a group.
const ATTACHED: u64 = 19;
/// The questions, which are asked again and again.
const QUESTIONS: usize = 1 << 16;
/// Users whose events are applied at once.
const CHUNK: u64 = 1_000;
/// Checks between two reads of the clock.
const BATCH: usize = 16;
const PATH: &str = "/api/v1/api-key-info/organization";

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    checks(bench, table)?;
    keys(bench, table).await
}

/// Whether a user may read an application.
struct Question {
    user: UserId,
    application: String,
    allowed: bool,
}

fn ordinal(number: u64) -> Result<Ordinal> {
    let number = Ordinal::new(i64::try_from(number)?);
    number.ok_or_else(|| "a number is out of range".into())
}

/// The `at`-th application of an organisation, both counted from 0.
fn application(organisation: u64, at: u64) -> Result<ApplicationId> {
    Ok(ApplicationId::of(ordinal(1 + at * ORGANISATIONS + organisation)?))
}

/// The group of an organisation. Number 1 is the group of the global administrators.
fn group(organisation: u64) -> Result<GroupId> {
    Ok(GroupId::of(ordinal(organisation + 2)?))
}

/// The organisations of a user's groups.
fn organisations(user: u64) -> impl Iterator<Item = u64> {
    (0..GRANTS).map(move |at| memory::role_of(user, at) % ORGANISATIONS)
}

fn apply_organisations(engine: &Authorization) -> Result<()> {
    for number in 0..ORGANISATIONS {
        let organisation = OrganisationId::of(ordinal(number + 1)?);
        let mut events = vec![(
            organisation.to_string(),
            Event::Organisation(OrganisationEvent::Founded {
                name: Title::parse(&format!("organisation {number}"))?,
            }),
        )];
        for at in 0..APPLICATIONS / ORGANISATIONS {
            let created = ApplicationEvent::Created {
                organisation,
                name: Title::parse(&format!("application {number} {at}"))?,
            };
            events.push((application(number, at)?.to_string(), Event::Application(created)));
        }
        let group_id = group(number)?;
        let attached = (0..ATTACHED)
            .map(|at| application(number, at))
            .collect::<Result<_>>()?;
        let group = Group {
            organisation: Some(organisation),
            levels: [Level::Read].into(),
            adds_new_applications: false,
            applications: attached,
        };
        let mut of_role = vec![
            RoleEvent::Created {
                name: RoleName::parse(&format!("group {number}"))?,
                is_shared: true,
                auto_generated: false,
                protected: false,
            },
            RoleEvent::GroupFormed {
                organisation: group.organisation,
                levels: group.levels.iter().copied().collect(),
                adds_new_applications: false,
            },
        ];
        for permission in group.permissions(group_id)? {
            of_role.push(RoleEvent::PermissionAdded { permission });
        }
        let role = group_id.role().to_string();
        events.extend(
            of_role
                .into_iter()
                .map(|event| (role.clone(), Event::Role(event))),
        );
        engine.apply(&recorded(engine, events));
    }
    Ok(())
}

fn apply_members(engine: &Authorization) -> Result<()> {
    for first in (0..USERS).step_by(CHUNK as usize) {
        let mut events = Vec::new();
        for number in first..first + CHUNK {
            let id = seed::user(number).to_string();
            events.push((id.clone(), Event::User(seed::user_created(number, None))));
            for organisation in organisations(number) {
                let granted = UserEvent::RoleGranted {
                    role_id: group(organisation)?.role(),
                    exclusive: false,
                };
                events.push((id.clone(), Event::User(granted)));
            }
        }
        engine.apply(&recorded(engine, events));
    }
    Ok(())
}

/// As many allowed as denied questions, in an unpredictable order.
fn questions() -> Result<Vec<Question>> {
    let mut random = Random::new(11);
    let mut questions = Vec::with_capacity(QUESTIONS);
    for _ in 0..QUESTIONS {
        let number = random.below(USERS);
        let allowed = random.below(2) == 0;
        let at_group = random.below(GRANTS) as usize;
        let organisation = organisations(number).nth(at_group).unwrap_or_default();
        // Half of what is denied is in an organisation of the user, but not attached.
        let (organisation, at) = match (allowed, random.below(2)) {
            (true, _) => (organisation, random.below(ATTACHED)),
            (false, 0) => (
                organisation,
                ATTACHED + random.below(APPLICATIONS / ORGANISATIONS - ATTACHED),
            ),
            (false, _) => {
                let mut other = random.below(ORGANISATIONS);
                while organisations(number).any(|own| own == other) {
                    other = (other + 1) % ORGANISATIONS;
                }
                (other, random.below(ATTACHED))
            }
        };
        questions.push(Question {
            user: seed::user(number),
            application: application(organisation, at)?.ordinal().to_string(),
            allowed,
        });
    }
    Ok(questions)
}

fn may_read(engine: &Authorization, user: UserId, application: &str) -> bool {
    let inquiry = Inquiry::parse("os2iot-application", application, "read");
    let answer = |inquiry| engine.answer(&Subject::User(user), &inquiry, Timestamp::from_micros(0));
    inquiry.is_ok_and(|inquiry| answer(inquiry).denied.is_none())
}

fn checks(bench: &Bench, table: &mut Table) -> Result<()> {
    progress("  filling two engines");
    let (by_level, by_pattern) = (Authorization::new(), Authorization::new());
    apply_organisations(&by_level)?;
    apply_members(&by_level)?;
    let of_levels = questions()?;
    if let Some(wrong) = of_levels
        .iter()
        .find(|question| may_read(&by_level, question.user, &question.application) != question.allowed)
    {
        return Err(format!("the engine is wrong about application {}", wrong.application).into());
    }
    memory::apply_roles(&by_pattern)?;
    memory::apply_users(&by_pattern, USERS)?;
    let of_patterns = Plain::new(USERS)?.questions(QUESTIONS);
    let [mut levels, mut patterns, mut levels_p99, mut patterns_p99]: [Series; 4] = Default::default();
    for round in 1..=bench.options.rounds {
        let times = times(bench, &of_levels, |question| {
            may_read(&by_level, question.user, &question.application)
        });
        levels.push(median(&times));
        levels_p99.push(quantile(&times, 0.99));
        let times = self::times(bench, &of_patterns, |question| {
            by_pattern
                .check(question.user, Context::Mqtt, Operation::Read, &question.topic)
                .allowed
        });
        patterns.push(median(&times));
        patterns_p99.push(quantile(&times, 0.99));
        progress(&format!("  round {round}"));
    }
    let beside = "check of a topic against 60 patterns";
    table.add(
        Row::rate("check of a level, median", "ns", &levels)
            .less_is_better()
            .beside(beside, &patterns)
            .goal(1.0 / 1.5)
            .note(format!(
                "median of the means of {BATCH} checks of different users; half are allowed"
            )),
    );
    table.add(
        Row::rate("check of a level, p99", "ns", &levels_p99)
            .less_is_better()
            .beside(beside, &patterns_p99),
    );
    Ok(())
}

/// Nanoseconds of a check, one value per batch.
fn times<Q>(bench: &Bench, questions: &[Q], check: impl Fn(&Q) -> bool) -> Vec<f64> {
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed().as_secs() < bench.options.seconds.div_ceil(2) {
        for batch in questions.chunks_exact(BATCH) {
            let begun = Instant::now();
            for question in batch {
                black_box(check(black_box(question)));
            }
            times.push(begun.elapsed().as_nanos() as f64 / BATCH as f64);
        }
    }
    times
}

async fn keys(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = Server::muniment(bench, &bench.database_of_people("bench_levels").await?).await?;
    let key = make_key(&server).await?;
    let file = bench.folder.join("key.http");
    let answer = answer_of(&server, &key).await?;
    std::fs::write(&file, &answer)?;
    let bare = Server::bare(bench, "key", &file).await?;
    super::session::same_headers(&answer, &answer_of(&bare, &key).await?)?;
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    for round in 0..=bench.options.rounds {
        for (process, series) in [(&server, &mut ours), (&bare, &mut theirs)] {
            let url = format!("http://{}{PATH}", process.address());
            let cpu = Cpu::of(&[("server", process.processes()), ("wrk", Processes::Own)]);
            let seconds = if round == 0 { 1 } else { bench.options.seconds };
            let rate = wrk_with(bench, &url, Credential::ApiKey(&key), seconds, &cpu).await?;
            // The first round is a warm-up.
            if round > 0 {
                series.add(rate);
            }
        }
        progress(&format!("  round {round}"));
    }
    bare.stop().await?;
    server.stop().await?;
    table.add(
        Row::rate(
            "GET api-key-info with an API key, 64 connections",
            "requests/s",
            &ours,
        )
        .beside("bare axum handler, same answer", &theirs)
        .goal(0.7),
    );
    Ok(())
}

/// Makes an organisation and a key of one of its groups, as a global administrator.
async fn make_key(server: &Server) -> Result<String> {
    let mut connection = Connection::open(server.address()).await?;
    let body = seed::login_body("admin");
    let answer = connection
        .expect(201, ("POST", "/api/v1/auth/login"), "", &body)
        .await?;
    let token = text_at(answer.body, "/accessToken")?;
    let name = r#"{"name":"measured"}"#;
    connection
        .expect(201, ("POST", "/api/v1/organization"), &token, name)
        .await?;
    let answer = connection
        .expect(200, ("GET", "/api/v1/permission"), &token, "")
        .await?;
    let groups: serde_json::Value = serde_json::from_slice(answer.body)?;
    let groups = groups["data"].as_array().ok_or("no list of groups")?;
    let group = groups.iter().find(|group| !group["organization"].is_null());
    let group = group.ok_or("the organisation has no group")?["id"].to_string();
    let body = format!(r#"{{"name":"measured","permissionIds":[{group}]}}"#);
    let answer = connection
        .expect(201, ("POST", "/api/v1/api-key"), &token, &body)
        .await?;
    text_at(answer.body, "/key")
}

fn text_at(body: &[u8], pointer: &str) -> Result<String> {
    let json: serde_json::Value = serde_json::from_slice(body)?;
    let text = json.pointer(pointer).and_then(|text| text.as_str());
    Ok(text.ok_or_else(|| format!("no text at {pointer}"))?.to_owned())
}

/// The answer, byte by byte as it is on the wire.
async fn answer_of(server: &Server, key: &str) -> Result<Vec<u8>> {
    let mut connection = Connection::open(server.address()).await?;
    connection.show_key(key);
    let answer = connection.expect(200, ("GET", PATH), "", "").await?;
    Ok([answer.head, answer.body].concat())
}
