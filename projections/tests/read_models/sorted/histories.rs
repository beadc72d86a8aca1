//! Random histories: every page equals the result of sorting all rows, and the marks do not depend on how the events
//! were split into batches.

use std::collections::BTreeMap;

use aggregates::{Event, Recorded, user::UserEvent, values::UserId};
use projections::store::List;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestCaseError, TestRunner},
};

use super::{Crowd, Person, filters, fold, next_position, sorts};
use crate::world::{Engine, recorded, user_created, user_id};

/// Names that are easy to compare wrongly: equal, empty, prefixes of each other, beyond ASCII.
const NAMES: &[&str] = &[
    "",
    " ",
    "\u{1}",
    "\u{1}\u{1}",
    "\u{1}\u{2}",
    "\u{2}",
    "a",
    "a\u{1}",
    "a\u{1}\u{1}b",
    "a ",
    "aa",
    "ab",
    "A",
    "Z",
    "=",
    ">",
    "'",
    "\\",
    "%",
    "ä",
    "é",
    "e\u{301}",
    "ß",
    "\u{e000}",
    "\u{ffff}",
    "\u{1f600}",
    "\u{10ffff}",
    "\u{10ffff}\u{10ffff}",
];

#[derive(Clone, Debug)]
enum Step {
    Create {
        name: String,
        machine: bool,
        enforced: bool,
        level: i64,
    },
    Rename(Index, String),
    Enforce(Index, bool),
    Touch(Index),
    Delete(Index),
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(NAMES).prop_map(str::to_owned),
        2 => Just("same".to_owned()),
        2 => "[^\u{0}]{0,6}",
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let level = prop_oneof![12 => Just(0_i64), 6 => Just(1), 3 => Just(2), 2 => Just(3), 1 => Just(4)];
    prop_oneof![
        5 => (name(), any::<bool>(), any::<bool>(), level)
            .prop_map(|(name, machine, enforced, level)| Step::Create { name, machine, enforced, level }),
        3 => (any::<Index>(), name()).prop_map(|(who, name)| Step::Rename(who, name)),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(who, enforced)| Step::Enforce(who, enforced)),
        1 => any::<Index>().prop_map(Step::Touch),
        2 => any::<Index>().prop_map(Step::Delete),
    ]
}

/// The events of these steps, and the resulting rows.
fn history(steps: &[Step]) -> (Vec<Recorded>, Vec<Person>) {
    let (mut events, mut rows) = (Vec::new(), BTreeMap::<UserId, Person>::new());
    let (mut made, mut position) = (0, 0);
    let mut living: Vec<u32> = Vec::new();
    for step in steps {
        let (who, event, level) = match step {
            Step::Create {
                name,
                machine,
                enforced,
                level,
            } => {
                made += 1;
                living.push(made);
                let (_, event) = user_created(made, name, *machine);
                let event = match event {
                    Event::User(UserEvent::Created {
                        username,
                        identity_provider,
                        auto_generated,
                        grant_types,
                        ..
                    }) => UserEvent::Created {
                        username,
                        identity_provider,
                        auto_generated,
                        grant_types,
                        mqtt_publish_prefix: None,
                        enforce_mfa_enrollment: *enforced,
                        password_hash: None,
                    },
                    other => panic!("{other:?} makes no user"),
                };
                (made, event, *level)
            }
            _ if living.is_empty() => continue,
            Step::Rename(who, name) => (
                *who.get(&living),
                UserEvent::Renamed {
                    username: name.clone(),
                },
                0,
            ),
            Step::Enforce(who, enforced) => {
                let event = UserEvent::MfaEnforcementChanged {
                    enforce_mfa_enrollment: *enforced,
                };
                (*who.get(&living), event, 0)
            }
            Step::Touch(who) => (*who.get(&living), UserEvent::TokensRevoked {}, 0),
            Step::Delete(who) => (living.remove(who.index(living.len())), UserEvent::Deleted {}, 0),
        };
        let id = user_id(who);
        position = next_position(position, level);
        let recorded = recorded(position, id.0, Event::User(event.clone()));
        match fold(rows.remove(&id), &recorded, id, &event) {
            Some(row) => rows.insert(id, row),
            None => None,
        };
        events.push(recorded);
    }
    (events, rows.into_values().collect())
}

/// Compares every page of every filter in every order, in both directions.
async fn agree(crowd: &Crowd, rows: &[Person]) -> Result<(), TestCaseError> {
    for lists in filters() {
        let held = |row: &&Person| lists.iter().any(|list: &List<Person>| (list.holds)(row));
        for (name, sort, by) in sorts() {
            let mut wanted: Vec<Person> = rows.iter().filter(held).cloned().collect();
            wanted.sort_by(|one, other| by(one).cmp(&by(other)));
            for descending in [false, true] {
                if descending {
                    wanted.reverse();
                }
                let last = i64::try_from(wanted.len().div_ceil(7)).expect("few") + 1;
                for number in 1..=last {
                    let sort = if descending { sort().reversed() } else { sort() };
                    let found = crowd.page(&lists, sort, number, 7).await.expect("a page");
                    let page = projections::Page { number, rows: 7 }.of(wanted.clone());
                    prop_assert_eq!(found, page, "by {}, descending: {}", name, descending);
                }
            }
        }
    }
    Ok(())
}

/// The same for the people of each team, and of a team that nobody is in.
async fn agree_on_teams(crowd: &Crowd, rows: &[Person]) -> Result<(), TestCaseError> {
    let mut teams: Vec<&str> = rows.iter().map(|row| row.team.as_str()).collect();
    teams.push("nobody");
    teams.sort_unstable();
    teams.dedup();
    for team in teams {
        for (name, sort, by) in sorts() {
            let mut wanted: Vec<Person> = rows.iter().filter(|row| row.team == team).cloned().collect();
            let total = i64::try_from(wanted.len()).expect("few");
            prop_assert_eq!(crowd.count_of(team).await.expect("a number"), total);
            wanted.sort_by(|one, other| by(one).cmp(&by(other)));
            for descending in [false, true] {
                if descending {
                    wanted.reverse();
                }
                for number in 1..=total / 5 + 2 {
                    let sort = if descending { sort().reversed() } else { sort() };
                    let found = crowd.page_of(team, sort, number, 5).await.expect("a page");
                    let page = projections::Page { number, rows: 5 }.of(wanted.clone());
                    prop_assert_eq!(found, page, "{} by {}, descending: {}", team, name, descending);
                }
            }
        }
    }
    Ok(())
}

fn run(engine: Engine, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (batched, other) =
        runtime.block_on(async { (Crowd::new(engine).await, Crowd::new(Engine::Sqlite).await) });
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let strategy = (vec(step(), 0..160), vec(1..50_usize, 1..8));
    TestRunner::new(config)
        .run(&strategy, |(steps, sizes)| {
            let (events, rows) = history(&steps);
            runtime.block_on(async {
                batched.clear().await;
                let mut rest = events.as_slice();
                for size in sizes.iter().cycle() {
                    let (batch, later) = rest.split_at((*size).min(rest.len()));
                    batched.apply(batch).await;
                    rest = later;
                    if rest.is_empty() {
                        break;
                    }
                }
                agree(&batched, &rows).await?;
                agree_on_teams(&batched, &rows).await?;
                let digests = batched.digests().await;
                // With all events in one batch, the result is as if nobody had ever been renamed or deleted.
                for size in [1, events.len().max(1)] {
                    other.clear().await;
                    for batch in events.chunks(size) {
                        other.apply(batch).await;
                    }
                    prop_assert_eq!(&other.digests().await, &digests, "batches of {}", size);
                }
                Ok(())
            })
        })
        .expect("every page should be what sorting gives");
}

#[test]
fn every_page_is_what_sorting_gives_on_sqlite() {
    run(Engine::Sqlite, 24);
}

#[test]
fn every_page_is_what_sorting_gives_on_postgres() {
    run(Engine::Postgres, 6);
}
