//! After a person is erased, the read models are the same as after a replay of the erased ledger, for any history.
//!
//! These tests find a personal field of an event that reaches a column which no record declares personal.

use aggregates::{
    Event, Recorded,
    sealing::{ERASED, Seal},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};

use crate::{
    steps::{History, step},
    world::{Engine, World},
};

/// The event as the ledger returns it after the key of `subject` is erased.
fn erased(recorded: &Recorded, subject: &str) -> Recorded {
    let mut recorded = recorded.clone();
    if recorded.event.subject(&recorded.aggregate_id) != subject {
        return recorded;
    }
    let mut payload = recorded.event.payload().expect("an event has a payload");
    for (field, seal) in recorded.event.form().sealed {
        if let Some(value) = payload.get_mut(*field).filter(|value| !value.is_null())
            && *seal == Seal::Personal
        {
            *value = ERASED.into();
        }
    }
    let (of, called) = (recorded.event.aggregate_type(), recorded.event.event_type());
    recorded.event = Event::from_stored(of, called, payload).expect("the event can be read");
    recorded
}

fn run(engine: Engine, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let world = runtime.block_on(World::new(engine));
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let blanked = std::cell::Cell::new(0);
    TestRunner::new(config)
        .run(&(vec(step(), 1..80), any::<Index>()), |(steps, whose)| {
            runtime.block_on(async {
                let history = History::of(&steps);
                // The key of an application seals what people say about it.
                let users = history.model.users.iter().map(|user| user.row.id.to_string());
                let applications = history.model.numbered.described();
                let subjects: Vec<String> = users.chain(applications).collect();
                if subjects.is_empty() {
                    return Ok(());
                }
                let subject = whose.get(&subjects).clone();
                world.clear().await;
                world.apply(&history.events).await;
                let before = world.digests().await;
                let mut tx = world.db.begin().await.expect("a transaction should begin");
                let erasing = projections::read_models::erase(&mut tx, &subject).await;
                erasing.expect("a person should be erased");
                tx.commit().await.expect("the transaction should commit");
                let after = world.digests().await;
                prop_assert_ne!(&after, &before, "the name, at least, is blanked");
                blanked.set(blanked.get() + 1);
                world.clear().await;
                let events: Vec<_> = history
                    .events
                    .iter()
                    .map(|event| erased(event, &subject))
                    .collect();
                world.apply(&events).await;
                prop_assert_eq!(world.digests().await, after);
                Ok(())
            })
        })
        .expect("erasing should be replaying what is erased");
    assert!(blanked.get() > 0, "no history had a user");
}

#[test]
fn erasing_is_replaying_the_erased_ledger_on_sqlite() {
    run(Engine::Sqlite, 48);
}

#[test]
fn erasing_is_replaying_the_erased_ledger_on_postgres() {
    run(Engine::Postgres, 12);
}
