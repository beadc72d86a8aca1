//! Random schedules of everything that can happen between a decision and its commit. After every schedule, each acknowledged
//! event is in the ledger once, and the chain and the read models are right.

use std::{collections::BTreeMap, time::Duration};

use aggregates::{Command, user::UserCommand, values::UserId};
use futures_util::future::join_all;
use ledger::{AppendError, Appended, ExecuteError, Executor, Head, Ledger};
use projections::sql::sql;
use proptest::{prelude::*, sample::select, test_runner::TestRunner};
use tokio::{runtime::Handle, task::JoinHandle, time::timeout};

use super::site::{
    Site, metadata, new_role, new_session, new_user, role_created, role_granted, role_unit, stored,
    token_issued, unique, user_created,
};
use crate::support::server::Engine;

/// How long one command may take at most.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many people there are.
const PEOPLE: usize = 4;
/// How many names of roles there are.
const NAMES: u8 = 6;

/// What happens next. The nodes are 0 and 1.
#[derive(Clone, Debug)]
enum Step {
    /// Clients of a node send commands at the same time.
    Commands { node: usize, wishes: Vec<Wish> },
    /// Another process holds the head for a while, and perhaps moves it.
    Hold { moves: bool },
    /// A person is erased.
    Erase { node: usize, person: usize },
    /// The connections of the nodes end, even during a statement.
    EndConnections,
    /// A unit that the database refuses.
    Faulty { node: usize },
    /// The nodes have time to finish their work.
    Rest,
}

#[derive(Clone, Debug)]
enum Wish {
    /// The next event of a person's stream.
    Revoke { person: usize },
    /// A role with one of a few names.
    Role { name: u8 },
    /// A new role, and a grant of it.
    Grant { person: usize },
    /// A token: its label is sealed with the person's key.
    Token { person: usize },
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        (0..PEOPLE).prop_map(|person| Wish::Revoke { person }),
        (0..NAMES).prop_map(|name| Wish::Role { name }),
        (0..PEOPLE).prop_map(|person| Wish::Grant { person }),
        (0..PEOPLE).prop_map(|person| Wish::Token { person }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let node = || select(vec![0_usize, 0, 0, 1]);
    prop_oneof![
        8 => (node(), prop::collection::vec(wish(), 1..10))
            .prop_map(|(node, wishes)| Step::Commands { node, wishes }),
        2 => any::<bool>().prop_map(|moves| Step::Hold { moves }),
        1 => (node(), 0..PEOPLE).prop_map(|(node, person)| Step::Erase { node, person }),
        1 => Just(Step::EndConnections),
        1 => node().prop_map(|node| Step::Faulty { node }),
        2 => Just(Step::Rest),
    ]
}

/// What a client knows after its command.
#[derive(Debug)]
enum Answer {
    /// The events are at these positions.
    Done(Vec<(i64, String)>),
    /// Nothing was written.
    Refused,
    /// It may have been written.
    Unknown,
}

fn answer_of(outcome: Result<Appended, ExecuteError>) -> Answer {
    match outcome {
        Ok(appended) => {
            let events = appended.events.into_iter();
            Answer::Done(events.map(|event| (event.position, event.aggregate_id)).collect())
        }
        Err(ExecuteError::Domain { .. } | ExecuteError::NotHeld { .. } | ExecuteError::Rejected(_)) => {
            Answer::Refused
        }
        Err(ExecuteError::Unavailable(_)) => Answer::Unknown,
    }
}

/// The aggregates that a command creates.
fn created_by(commands: &[Command]) -> Vec<String> {
    let created = commands.iter().filter_map(|command| match command {
        Command::Role(id, _) => Some(id.to_string()),
        Command::Session(id, _) => Some(id.to_string()),
        _ => None,
    });
    created.collect()
}

/// The schedule's world.
struct World<'a> {
    site: &'a Site,
    nodes: [Ledger; 2],
    people: Vec<UserId>,
    run: String,
    /// The running commands, with the aggregates that they create.
    commands: Vec<(Vec<String>, JoinHandle<Answer>)>,
    others: Vec<JoinHandle<()>>,
}

impl World<'_> {
    fn commands_of(&self, wish: &Wish) -> Vec<Command> {
        let person = |person: &usize| self.people[*person];
        match wish {
            Wish::Revoke { person: who } => vec![Command::User(person(who), UserCommand::RevokeAllTokens)],
            Wish::Role { name } => vec![role_created(new_role(), &format!("{}-{name}", self.run))],
            Wish::Grant { person: who } => {
                let role = new_role();
                vec![
                    role_created(role, &unique("role")),
                    role_granted(person(who), role),
                ]
            }
            Wish::Token { person: who } => vec![token_issued(new_session(), person(who), "a personal label")],
        }
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Commands { node, wishes } => {
                for wish in wishes {
                    let (executor, commands) = (
                        Executor::new(self.nodes[*node].clone()).with_a_snapshot_every(3),
                        self.commands_of(wish),
                    );
                    let created = created_by(&commands);
                    let running =
                        tokio::spawn(async move { answer_of(executor.execute(commands, &metadata()).await) });
                    self.commands.push((created, running));
                }
            }
            Step::Hold { moves } => {
                let (db, moves) = (self.site.db().await, *moves);
                self.others.push(tokio::spawn(async move {
                    let Ok(mut tx) = db.begin().await else { return };
                    // Its connection may end, too.
                    if let Ok(head) = Head::lock(&mut tx).await {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        if moves {
                            let _ = head.touch(&mut tx).await;
                        }
                    }
                    let _ = tx.commit().await;
                    db.close().await;
                }));
            }
            Step::Erase { node, person } => {
                let (ledger, person) = (self.nodes[*node].clone(), self.people[*person].to_string());
                self.others.push(tokio::spawn(async move {
                    // It may be refused while connections end.
                    let _ = ledger.erase_subject(&person).await;
                }));
            }
            Step::EndConnections => {
                if let Engine::Postgres = self.site.engine {
                    let db = self.site.db().await;
                    let end = "SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                               WHERE datname = current_database() AND pid <> pg_backend_pid()) AS ended";
                    let _ = db.optional(sql(end)).await;
                }
            }
            Step::Faulty { node } => {
                let ledger = self.nodes[*node].clone();
                let mut faulty = role_unit(new_role(), &unique("role"));
                faulty.events[0].aggregate_id = "no uuid".to_owned();
                self.others.push(tokio::spawn(async move {
                    let outcome = ledger.append(faulty).await;
                    assert!(matches!(outcome, Err(AppendError::Unavailable(_))), "{outcome:?}");
                }));
            }
            Step::Rest => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn run(site: &Site, steps: &[Step]) -> Result<(), TestCaseError> {
    let nodes = [site.ledger().await, site.ledger().await];
    let people: Vec<UserId> = (0..PEOPLE).map(|_| new_user()).collect();
    let executor = Executor::new(nodes[0].clone());
    for person in &people {
        let create = user_created(*person, &unique("user"));
        executor.execute(vec![create], &metadata()).await.expect("a user");
    }
    let start = nodes[0].head().await.expect("the head").position;
    let mut world = World {
        site,
        nodes,
        people,
        run: unique("name"),
        commands: Vec::new(),
        others: Vec::new(),
    };
    for step in steps {
        world.take(step).await;
    }
    let ended = timeout(PATIENCE, async {
        for other in join_all(world.others).await {
            other.expect("no panic");
        }
        let (created, running): (Vec<_>, Vec<_>) = world.commands.into_iter().unzip();
        created.into_iter().zip(join_all(running).await)
    });
    let answers = ended.await.expect("every command should be answered");
    let kept: BTreeMap<i64, String> = stored(&world.nodes[0])
        .await
        .into_iter()
        .filter(|event| event.position > start)
        .map(|event| (event.position, event.aggregate_id))
        .collect();
    let mut acknowledged = BTreeMap::new();
    let mut unknown = 0;
    for (created, answer) in answers {
        match answer.expect("no panic") {
            Answer::Done(events) => {
                for (position, aggregate) in events {
                    prop_assert_eq!(
                        kept.get(&position),
                        Some(&aggregate),
                        "an acknowledged event is missing"
                    );
                    let other = acknowledged.insert(position, aggregate);
                    prop_assert!(other.is_none(), "two events have one position");
                }
            }
            Answer::Refused => {
                let written = kept.values().any(|aggregate| created.contains(aggregate));
                prop_assert!(!written, "a refused command is in the ledger");
            }
            Answer::Unknown => unknown += 1,
        }
    }
    // All other events are from commands whose clients do not know the result. A command has two events at most.
    let others = kept.len() - acknowledged.len();
    prop_assert!(others <= 2 * unknown, "{others} events of {unknown} commands");
    let head = world.nodes[0].head().await.expect("the head").position;
    prop_assert_eq!(kept.len() as i64, head - start);
    // After the schedule, both nodes can write.
    for node in &world.nodes {
        let role = role_unit(new_role(), &unique("role"));
        let again = timeout(PATIENCE, async {
            while node.append(role.clone()).await.is_err() {}
        });
        prop_assert!(again.await.is_ok(), "a node does not recover");
    }
    site.must_be_sound(&world.nodes[0]).await;
    site.must_be_sound(&world.nodes[1]).await;
    for node in world.nodes {
        node.close().await;
    }
    Ok(())
}

async fn survive_any_schedule(site: Site, cases: u32) {
    let steps = prop::collection::vec(step(), 5..25);
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..ProptestConfig::default()
    });
    tokio::task::block_in_place(|| {
        runner.run(&steps, |steps| Handle::current().block_on(run(&site, &steps)))
    })
    .expect("any schedule should leave a sound ledger");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    survive_any_schedule(Site::new(Engine::Sqlite).await, 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    survive_any_schedule(Site::new(Engine::Postgres).await, 12).await;
}
