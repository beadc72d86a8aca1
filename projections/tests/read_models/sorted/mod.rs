//! Lists in several orders, in a read model that only these tests have.

mod costs;
mod histories;
mod measure;

use std::borrow::Cow;

use aggregates::{
    Recorded,
    user::{User, UserEvent},
    values::{Timestamp, UserId},
};
use projections::{
    Page, Paged,
    rebuild::digest,
    sql::{Db, Error, sql},
    store::{Fold, FoldOf, Key, List, Model, ReadModel, RecordType, Registry, Sort, page, page_of, total_of},
};

use crate::world::{Engine, World};

projections::record! {
    /// A person, in the list that the two conditions choose, or in none of them, and always in the list of their team.
    #[derive(PartialEq)]
    pub(crate) struct Person in "people" {
        pub(crate) user_id: UserId,
        pub(crate) ordinal: i64,
        pub(crate) name: String,
        pub(crate) auto_generated: bool,
        pub(crate) enforced: bool,
        pub(crate) changed_at: Timestamp,
        /// The last character of the name.
        pub(crate) team: String,
    }
    key(user_id: UserId)
    lists by ordinal {
        FREE = "people:free" { auto_generated: false, enforced: false };
        ENFORCED = "people:enforced" { auto_generated: false, enforced: true };
        MACHINES = "people:machines" { auto_generated: true, enforced: false };
    }
    lists of { OF_TEAM = "people of team" team; }
    orders {
        BY_NAME = name;
        BY_CHANGE = changed_at;
    }
}

/// The indexes that the orders and lists of [`Person`] need.
const INDEXES: &str = "
    CREATE INDEX people_by_list ON people (auto_generated, enforced, ordinal);
    CREATE INDEX people_by_name ON people (auto_generated, enforced, name, ordinal);
    CREATE INDEX people_by_change ON people (auto_generated, enforced, changed_at, ordinal);
    CREATE INDEX people_of_team ON people (team, ordinal);
    CREATE INDEX people_of_team_by_name ON people (team, name, ordinal);
    CREATE INDEX people_of_team_by_change ON people (team, changed_at, ordinal);
";

/// The read model.
struct People;

impl ReadModel for People {
    const NAME: &'static str = "people";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] = &[RecordType::of::<Person>()];
    const FOLDS: &'static [Fold] = &[Fold::of(&FoldOf::<User> {
        needs: |needs, id, event| match event {
            UserEvent::Created { .. } => needs.new_row::<Person>(id),
            _ => needs.row::<Person>(id),
        },
        reduce: |changes, at, id, event| {
            if let Some(person) = fold(changes.get::<Person>(&id)?.cloned(), at, id, event) {
                changes.put(person)
            } else {
                changes.remove::<Person>(&id).map(|_| ())
            }
        },
    })];
}

const PEOPLE: Registry = Registry::of(&[Model::of::<People>()]);

/// The row after an event.
fn fold(row: Option<Person>, at: &Recorded, user_id: UserId, event: &UserEvent) -> Option<Person> {
    let mut person = match event {
        UserEvent::Created {
            username,
            auto_generated,
            enforce_mfa_enrollment,
            ..
        } => Person {
            user_id,
            ordinal: at.position,
            name: username.clone(),
            auto_generated: *auto_generated,
            enforced: *enforce_mfa_enrollment,
            changed_at: at.recorded_at,
            team: team_of(username),
        },
        UserEvent::Deleted {} => return None,
        _ => row?,
    };
    if let UserEvent::Renamed { username } = event {
        person.name.clone_from(username);
        person.team = team_of(username);
    }
    if let UserEvent::MfaEnforcementChanged {
        enforce_mfa_enrollment,
    } = event
    {
        person.enforced = *enforce_mfa_enrollment;
    }
    person.changed_at = at.recorded_at;
    Some(person)
}

fn team_of(name: &str) -> String {
    name.chars().last().map(String::from).unwrap_or_default()
}

/// A database with the read model.
struct Crowd {
    world: World,
}

impl Crowd {
    async fn new(engine: Engine) -> Self {
        let world = World::new(engine).await;
        world
            .db
            .script(&format!("{}{INDEXES}", table(engine)))
            .await
            .expect("a table");
        Self { world }
    }

    fn db(&self) -> &Db {
        &self.world.db
    }

    async fn apply(&self, events: &[Recorded]) {
        let mut tx = self.db().begin().await.expect("a transaction should begin");
        PEOPLE
            .apply(&mut tx, events)
            .await
            .expect("the events should be taken");
        tx.commit().await.expect("the transaction should commit");
    }

    async fn clear(&self) {
        for table in PEOPLE.tables() {
            let statement = sql(format!("DELETE FROM {}", table.name));
            self.db().execute(statement).await.expect("rows should go");
        }
    }

    async fn digests(&self) -> Vec<(&'static str, [u8; 32])> {
        let mut tx = self.db().snapshot().await.expect("a snapshot should begin");
        let mut digests = Vec::new();
        for table in PEOPLE.tables() {
            digests.push((table.name, digest(&mut tx, &table).await.expect("a digest")));
        }
        digests
    }

    async fn page(
        &self,
        lists: &[List<Person>],
        sort: Sort<Person>,
        number: i64,
        rows: i64,
    ) -> Result<Paged<Person>, Error> {
        let mut tx = self.db().snapshot().await?;
        page(&mut tx, lists, sort, &Page { number, rows }).await
    }

    /// A page of the people of a team.
    async fn page_of(
        &self,
        team: &str,
        sort: Sort<Person>,
        number: i64,
        rows: i64,
    ) -> Result<Paged<Person>, Error> {
        let mut tx = self.db().snapshot().await?;
        page_of(
            &mut tx,
            &Person::OF_TEAM,
            Key::Text(team),
            sort,
            &Page { number, rows },
        )
        .await
    }

    /// How many people a team has.
    async fn count_of(&self, team: &str) -> Result<i64, Error> {
        let mut tx = self.db().snapshot().await?;
        total_of(&mut tx, &Person::OF_TEAM, Key::Text(team)).await
    }
}

/// The next position whose row would begin spans of exactly this level and the levels below.
fn next_position(last: i64, level: i64) -> i64 {
    (last + 1..)
        .find(|position| height(*position) == level)
        .expect("there is always another")
}

fn table(engine: Engine) -> String {
    let columns = "user_id ID PRIMARY KEY, ordinal BIGINT NOT NULL, name TEXT C NOT NULL, \
                   auto_generated BOOLEAN NOT NULL, enforced BOOLEAN NOT NULL, changed_at BIGINT NOT NULL, \
                   team TEXT C NOT NULL";
    let (text, id) = match engine {
        Engine::Postgres => ("TEXT COLLATE \"C\"", "UUID"),
        Engine::Sqlite => ("TEXT", "BLOB"),
    };
    format!(
        "CREATE TABLE people ({});",
        columns
            .replace("TEXT C", text)
            .replace(" ID ", &format!(" {id} "))
    )
}

/// The highest level at which the row with an ordinal begins a span, computed from the documentation of the marks.
fn height(ordinal: i64) -> i64 {
    let mut hash = ordinal.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    i64::from(hash.trailing_zeros() / 5).min(4)
}

/// The sets of base lists for the filters.
fn filters() -> Vec<Vec<List<Person>>> {
    vec![
        vec![Person::FREE, Person::ENFORCED, Person::MACHINES],
        vec![Person::FREE, Person::ENFORCED],
        vec![Person::MACHINES, Person::ENFORCED],
        vec![Person::FREE],
        vec![Person::ENFORCED],
        vec![Person::MACHINES],
    ]
}

/// The key by which the oracle compares rows in an order.
type Compared = for<'a> fn(&'a Person) -> (Cow<'a, str>, i64, i64);

/// A sort with its name, and how the oracle compares rows for it.
type NamedSort = (&'static str, fn() -> Sort<Person>, Compared);

/// Each sort's name, the sort itself, and what it sorts by.
fn sorts() -> Vec<NamedSort> {
    vec![
        (
            "creation",
            || Sort::OLDEST_FIRST,
            |row| ("".into(), 0, row.ordinal),
        ),
        (
            "name",
            || Sort::by(&Person::BY_NAME),
            |row| (Cow::from(&row.name), 0, row.ordinal),
        ),
        (
            "change",
            || Sort::by(&Person::BY_CHANGE),
            |row| ("".into(), row.changed_at.micros(), row.ordinal),
        ),
    ]
}
