//! Random histories: every answer equals the model's answer, and the tables do not depend on how the events were split
//! into batches.

use std::collections::BTreeSet;

use aggregates::Event;
use projections::{Page, Paged, permission_usage, role_directory, user_directory};
use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestCaseError, TestRunner},
};

use crate::{
    model::{Model, PARTS},
    steps::{History, step},
    world::{Engine, NOW, World, role_id},
};

/// Compares all answers.
async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let db = &world.db;
    let users = model.user_rows(NOW);
    for exclude in [false, true] {
        let wanted: Vec<_> = users
            .iter()
            .filter(|row| !(exclude && row.auto_generated))
            .cloned()
            .collect();
        for page in pages(wanted.len()) {
            let found = user_directory::page(db, &page, exclude, NOW)
                .await
                .expect("users");
            prop_assert_eq!(found, page.of(wanted.clone()));
        }
        let names: Vec<_> = users
            .iter()
            .step_by(2)
            .map(|row| row.username.clone())
            .chain(["?".to_owned()])
            .collect();
        let named: Vec<_> = wanted
            .iter()
            .filter(|row| names.contains(&row.username))
            .cloned()
            .collect();
        for page in pages(named.len()) {
            let found = user_directory::by_usernames(db, &names, &page, exclude, NOW)
                .await
                .expect("users");
            prop_assert_eq!(found, page.of(named.clone()));
        }
    }
    for user in &users {
        let found = user_directory::find(db, user.id, NOW).await.expect("users");
        prop_assert_eq!(found.as_ref(), Some(user));
    }
    let ids: Vec<_> = users.iter().map(|user| user.id).collect();
    prop_assert_eq!(
        user_directory::find_many(db, &ids, NOW).await.expect("users"),
        users.clone()
    );
    prop_assert_eq!(user_directory::ids(db).await.expect("ids"), ids);
    let names: Vec<_> = users.iter().map(|user| user.username.clone()).collect();
    prop_assert_eq!(user_directory::usernames(db).await.expect("names"), names);
    for part in PARTS {
        (part.agree)(world, model).await?;
    }
    agree_on_roles(world, model).await?;
    agree_on_permissions(world, model).await
}

async fn agree_on_role_pages(world: &World, model: &Model, most_holders: i64) -> Result<(), TestCaseError> {
    let db = &world.db;
    let rows = model.role_page_rows(usize::try_from(most_holders).expect("few"));
    for auto_generated in [None, Some(false), Some(true)] {
        for shared in [None, Some(false), Some(true)] {
            let passing = rows.iter().filter(|row| {
                auto_generated.is_none_or(|wanted| wanted == row.role.auto_generated)
                    && shared.is_none_or(|wanted| wanted == row.role.is_shared)
            });
            let passing: Vec<_> = passing.cloned().collect();
            for page in pages(passing.len()) {
                let found = role_directory::page(db, &page, None, auto_generated, shared, most_holders)
                    .await
                    .expect("roles");
                prop_assert_eq!(found, page.of(passing.clone()));
            }
            let names = ["role 1".to_owned(), "role 2".to_owned(), "role 1".to_owned()];
            let named: Vec<_> = passing
                .iter()
                .filter(|row| names.contains(&row.role.name))
                .cloned()
                .collect();
            for page in pages(named.len()) {
                let found =
                    role_directory::page(db, &page, Some(&names), auto_generated, shared, most_holders).await;
                prop_assert_eq!(found.expect("roles"), page.of(named.clone()));
            }
        }
    }
    Ok(())
}

async fn agree_on_roles(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let db = &world.db;
    for most_holders in [0, 2] {
        agree_on_role_pages(world, model, most_holders).await?;
    }
    prop_assert_eq!(
        role_directory::list(db, None).await.expect("roles"),
        model.roles.clone()
    );
    let rows = model.role_page_rows(usize::MAX);
    for row in &rows {
        let found = role_directory::find(db, row.role.id).await.expect("roles");
        prop_assert_eq!(found.as_ref(), Some(&row.role));
        let holders = role_directory::holders(&mut &*db, row.role.id, 2)
            .await
            .expect("holders");
        prop_assert_eq!(holders, row.holders.iter().take(2).cloned().collect::<Vec<_>>());
    }
    let ids: Vec<_> = model
        .roles
        .iter()
        .map(|role| role.id)
        .chain([role_id(0)])
        .collect();
    let existing = role_directory::existing(db, &ids).await.expect("roles");
    let existing: Vec<_> = existing
        .iter()
        .map(|role| (role.id, role.is_shared, role.owner))
        .collect();
    let expected: Vec<_> = model
        .roles
        .iter()
        .map(|role| (role.id, role.is_shared, role.owner))
        .collect();
    prop_assert_eq!(existing, expected);
    Ok(())
}

async fn agree_on_permissions(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let db = &world.db;
    let located = model.located();
    let ids: Vec<_> = located.iter().map(|held| held.id).collect();
    let some: Vec<_> = ids.iter().step_by(2).copied().collect();
    for only in [None, Some(some.as_slice())] {
        let rows = model.resource_rows(only);
        for page in pages(rows.len()) {
            let found = permission_usage::page(db, &page, only).await.expect("resources");
            prop_assert_eq!(found, page.of(rows.clone()));
        }
    }
    prop_assert_eq!(
        permission_usage::ids(db).await.expect("permissions"),
        model.right_rows()
    );
    prop_assert_eq!(
        permission_usage::locate(db, &ids).await.expect("permissions"),
        located
    );
    Ok(())
}

/// All pages of a list with this many rows, and one page past the end.
pub(crate) fn pages(rows: usize) -> impl Iterator<Item = Page> {
    let last = i64::try_from(rows.div_ceil(3)).expect("few");
    (1..=last + 1).map(|number| Page { number, rows: 3 })
}

fn run(engine: Engine, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (batched, single) =
        runtime.block_on(async { (World::new(engine).await, World::new(Engine::Sqlite).await) });
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let strategy = (vec(step(), 0..120), vec(1..40_usize, 1..8));
    TestRunner::new(config)
        .run(&strategy, |(steps, sizes)| {
            runtime.block_on(async {
                let history = History::of(&steps);
                batched.clear().await;
                single.clear().await;
                let mut rest = history.events.as_slice();
                for size in sizes.iter().cycle() {
                    let (batch, later) = rest.split_at((*size).min(rest.len()));
                    batched.apply(batch).await;
                    rest = later;
                    if rest.is_empty() {
                        break;
                    }
                }
                for event in &history.events {
                    single.apply(std::slice::from_ref(event)).await;
                }
                prop_assert_eq!(batched.digests().await, single.digests().await);
                agree(&batched, &history.model).await
            })
        })
        .expect("every history should end alike");
}

/// The events that no random history contains, each with the reason. For a new event, add a step, or list it here.
const NEVER_MADE: [(&str, &str); 0] = [];

#[test]
fn random_histories_have_every_event() {
    let mut runner = TestRunner::deterministic();
    let mut made = BTreeSet::new();
    for _ in 0..192 {
        let steps = vec(step(), 120).new_tree(&mut runner).expect("steps").current();
        let events = History::of(&steps).events;
        made.extend(events.iter().map(|event| event.event.event_type()));
    }
    let never: BTreeSet<&str> = NEVER_MADE.iter().map(|(event, _)| *event).collect();
    let missing: Vec<&str> = Event::forms()
        .map(|form| form.event_type)
        .filter(|event| made.contains(event) == never.contains(event))
        .collect();
    assert_eq!(
        missing, [""; 0],
        "no step makes these, or they are listed although one does"
    );
}

#[test]
fn every_answer_is_the_models_on_sqlite() {
    run(Engine::Sqlite, 48);
}

#[test]
fn every_answer_is_the_models_on_postgres() {
    run(Engine::Postgres, 8);
}

#[test]
fn a_page_past_the_end_has_the_total() {
    let page = Page { number: 4, rows: 3 };
    assert_eq!(
        page.of(vec![1, 2, 3, 4]),
        Paged {
            rows: vec![],
            total: 4
        }
    );
    let page = Page {
        number: i64::MAX,
        rows: i64::MAX,
    };
    assert_eq!(
        page.of(vec![1]),
        Paged {
            rows: vec![],
            total: 1
        }
    );
}
