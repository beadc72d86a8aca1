//! Random histories: nobody keeps a session by which they may do more than they may. A simple model says what each session may do.

mod histories;
mod model;
mod settings;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use ledger::{
    Executor, Filter, Ledger, MasterKey, Metadata, OpenKick, clock::SystemClock, ids::SystemEntropy,
    migrations,
};
use projections::sql::{Db, Options};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use super::losses::{Losses, sessions};
use histories::{Step, a_history};
use model::Model;

/// How many histories are tried.
const HISTORIES: usize = 32;

/// A ledger, the reaction to it, and the model.
struct Play {
    executor: Executor,
    model: Model,
    /// Up to which event the reaction has looked.
    position: i64,
    /// How many events the model knows.
    events: i64,
    kicks: usize,
    needless: usize,
}

impl Play {
    async fn begin(folder: &Path) -> Self {
        let url = format!("sqlite:{}", folder.join("muniment.db").display());
        let db = Db::open(&url, &Options::default()).await.unwrap();
        migrations::migrate(&db).await.unwrap();
        let key = MasterKey::new([7; 32]);
        let ledger = Ledger::open(
            db,
            &key,
            Arc::new(SystemClock),
            Arc::new(SystemEntropy),
            projections::GUARDS,
        );
        Self {
            executor: Executor::new(ledger.await.unwrap()),
            model: Model::default(),
            position: 0,
            events: 0,
            kicks: 0,
            needless: 0,
        }
    }

    fn ledger(&self) -> Ledger {
        self.executor.ledger().clone()
    }

    async fn go(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                // Many commands are refused: nothing happens then.
                Step::Command(command) => {
                    let _ = self
                        .executor
                        .execute(vec![*command], &Metadata::system("test"))
                        .await;
                    self.show_to_model().await;
                }
                Step::Look(number) => drop(self.look(number).await),
            }
        }
        while self.look(500).await {}
        self.model.check();
    }

    async fn show_to_model(&mut self) {
        let ledger = self.ledger();
        let stored = ledger.after(self.events, 500, &Filter::default()).await.unwrap();
        for recorded in ledger.open_events(&stored).await.unwrap() {
            self.events = recorded.position;
            self.model.apply(&recorded);
        }
    }

    /// Looks at some of the next events, as the task does that follows the ledger. Returns whether there were any.
    async fn look(&mut self, number: i64) -> bool {
        let ledger = self.ledger();
        let stored = ledger
            .after(self.position, number, &Filter::default())
            .await
            .unwrap();
        let Some(last) = stored.last().map(|event| event.position) else {
            return false;
        };
        ledger.follower().catch_up().await.unwrap();
        let page = ledger.open_events(&stored).await.unwrap();
        let mut losses = Losses::of(&ledger, page).await.unwrap();
        let mut kicks = BTreeMap::new();
        while let Some(part) = losses.next().await.unwrap() {
            for loser in part.losers {
                let kick = OpenKick {
                    user: loser.user,
                    named_until: if loser.by_old_name { part.position } else { 0 },
                    position: part.position,
                    is_gone: loser.is_gone,
                    since: aggregates::values::Timestamp::from_micros(0),
                };
                kicks.insert(kick.key(), kick);
            }
        }
        for kick in kicks.values() {
            if let Some(kick) = sessions(&ledger, kick).await.unwrap() {
                self.kicks += 1;
                self.needless += usize::from(!self.model.kick(&kick.username));
            }
        }
        self.position = last;
        if self.position == self.events {
            self.model.check();
        }
        true
    }
}

#[test]
fn no_session_outlives_what_its_user_lost() {
    let mut runner = TestRunner::deterministic();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (mut events, mut kicks, mut needless) = (0, 0, 0);
    for _ in 0..HISTORIES {
        let steps = a_history().new_tree(&mut runner).unwrap().current();
        let folder = tempfile::tempdir().unwrap();
        let play = runtime.block_on(async {
            let mut play = Play::begin(folder.path()).await;
            play.go(steps).await;
            play
        });
        events += play.events;
        kicks += play.kicks;
        needless += play.needless;
    }
    println!("{events} events, {kicks} kicks, {needless} of them needless");
    assert!(events > 1_000 && kicks > 100, "the histories are too short");
    assert!(needless * 5 < kicks, "{needless} of {kicks} kicks are needless");
}
