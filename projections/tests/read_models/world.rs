//! A database with nothing but the read models, and short ways to say what happened.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use aggregates::{
    Event, Recorded,
    role::RoleEvent,
    session::SessionEvent,
    user::UserEvent,
    values::{
        Certificate, Context, Face, Fingerprint, GrantMethod, GrantType, IdentityProvider, Operation,
        Permission, PermissionId, RoleId, RoleName, SessionId, Timestamp, TokenFingerprint, TopicFilter,
        UserId,
    },
};
use projections::{
    read_models::apply,
    rebuild::{TABLES, digest},
    sql::{Db, Options, sql},
};
use uuid::Uuid;

use crate::postgres::{Cluster, Database};

const POSTGRES: &str = include_str!("../../../migrations/postgres/0002_create_read_models.sql");
const SQLITE: &str = include_str!("../../../migrations/sqlite/0002_create_read_models.sql");

/// The moment that tests ask at.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Where the data is; gone with this value.
#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    Database(Database),
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Folder(folder) = self {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Read models, and how far they have come.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) db: Db,
    position: i64,
    place: Place,
}

impl World {
    pub(crate) async fn new(engine: Engine) -> Self {
        let (place, url, script) = match engine {
            Engine::Sqlite => {
                let folder = folder();
                let url = format!("sqlite:{}", folder.join("live.sqlite").display());
                (Place::Folder(folder), url, SQLITE)
            }
            Engine::Postgres => {
                let database = Cluster::shared().create_database();
                let url = database.url.clone();
                (Place::Database(database), url, POSTGRES)
            }
        };
        let db = Db::open(&url, &Options::default())
            .await
            .expect("the database should open");
        db.script(script).await.expect("the migration should run");
        Self {
            db,
            position: 0,
            place,
        }
    }

    /// Where a shadow of it may be.
    pub(crate) fn shadow_url(&self) -> String {
        match &self.place {
            Place::Folder(folder) => format!("sqlite:{}", folder.join("shadow.sqlite").display()),
            Place::Database(database) => database.url.clone(),
        }
    }

    /// Takes these events as one batch.
    pub(crate) async fn record(&mut self, events: Vec<(Uuid, Event)>) -> Vec<Recorded> {
        let recorded = self.at_next_positions(events);
        self.apply(&recorded).await;
        recorded
    }

    /// Gives events their positions without applying them.
    pub(crate) fn at_next_positions(&mut self, events: Vec<(Uuid, Event)>) -> Vec<Recorded> {
        let events = events.into_iter().map(|(id, event)| {
            self.position += 1;
            recorded(self.position, id, event)
        });
        events.collect()
    }

    pub(crate) async fn apply(&self, events: &[Recorded]) {
        let mut tx = self.db.begin().await.expect("a transaction should begin");
        apply(&mut tx, events).await.expect("the events should be taken");
        tx.commit().await.expect("the transaction should commit");
    }

    /// Empties every table.
    pub(crate) async fn clear(&self) {
        for table in TABLES {
            self.db
                .execute(sql(format!("DELETE FROM {}", table.name)))
                .await
                .expect("rows should go");
        }
    }

    /// The digest of every table.
    pub(crate) async fn digests(&self) -> Vec<(&'static str, [u8; 32])> {
        let mut tx = self.db.snapshot().await.expect("a snapshot should begin");
        let mut digests = Vec::new();
        for table in TABLES {
            digests.push((
                table.name,
                digest(&mut tx, table).await.expect("a table should be read"),
            ));
        }
        digests
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let rows = self
            .db
            .all(sql(format!("SELECT COUNT(*) FROM {table}")))
            .await
            .expect("a table should be read");
        rows.first()
            .expect("a count is a row")
            .int(0)
            .expect("a count is a number")
    }
}

fn folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "muniment-read-models-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).expect("a folder should be made");
    folder
}

/// An event as the ledger has it.
pub(crate) fn recorded(position: i64, id: Uuid, event: Event) -> Recorded {
    Recorded {
        position,
        aggregate_id: id.to_string(),
        sequence: position,
        recorded_at: at(position),
        actor: "system".to_owned(),
        event,
    }
}

/// When the ledger took the event at a position.
pub(crate) fn at(position: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + position * 1_000)
}

pub(crate) fn user_id(n: u32) -> UserId {
    UserId(Uuid::from_u128(
        0x1000_0000_0000_0000_0000_0000_0000 + u128::from(n),
    ))
}

pub(crate) fn role_id(n: u32) -> RoleId {
    RoleId(Uuid::from_u128(
        0x2000_0000_0000_0000_0000_0000_0000 + u128::from(n),
    ))
}

pub(crate) fn permission_id(n: u32) -> PermissionId {
    PermissionId(Uuid::from_u128(
        0x3000_0000_0000_0000_0000_0000_0000 + u128::from(n),
    ))
}

pub(crate) fn session_id(n: u32) -> SessionId {
    SessionId(Uuid::from_u128(
        0x4000_0000_0000_0000_0000_0000_0000 + u128::from(n),
    ))
}

pub(crate) fn of_user(n: u32, event: UserEvent) -> (Uuid, Event) {
    (user_id(n).0, Event::User(event))
}

pub(crate) fn of_role(n: u32, event: RoleEvent) -> (Uuid, Event) {
    (role_id(n).0, Event::Role(event))
}

pub(crate) fn of_session(n: u32, event: SessionEvent) -> (Uuid, Event) {
    (session_id(n).0, Event::Session(event))
}

pub(crate) fn user_created(n: u32, username: &str, auto_generated: bool) -> (Uuid, Event) {
    of_user(
        n,
        UserEvent::Created {
            username: username.to_owned(),
            identity_provider: IdentityProvider::Local,
            auto_generated,
            mqtt_publish_prefix: n.is_multiple_of(2).then(|| format!("site/{n}")),
            grant_types: vec![GrantType {
                method: GrantMethod::Password,
                is_required: n.is_multiple_of(3),
            }],
            enforce_mfa_enrollment: n.is_multiple_of(5),
            password_hash: Some(String::from("$argon2id$secret").into()),
        },
    )
}

pub(crate) fn role_created(n: u32, name: &str, is_shared: bool, auto_generated: bool) -> (Uuid, Event) {
    let name = RoleName::parse(name).expect("a role name");
    of_role(
        n,
        RoleEvent::Created {
            name,
            is_shared,
            auto_generated,
            protected: n == 1,
        },
    )
}

pub(crate) fn role_granted(user: u32, role: u32) -> (Uuid, Event) {
    of_user(
        user,
        UserEvent::RoleGranted {
            role_id: role_id(role),
            exclusive: false,
        },
    )
}

pub(crate) fn permission(n: u32, resource: &str, operation: Operation, context: Context) -> Permission {
    Permission {
        id: permission_id(n),
        resource: topic(resource),
        operation,
        context,
    }
}

pub(crate) fn reading(n: u32, resource: &str) -> Permission {
    permission(n, resource, Operation::Read, Context::Mqtt)
}

pub(crate) fn permission_granted(user: u32, permission: Permission) -> (Uuid, Event) {
    of_user(user, UserEvent::PermissionGranted { permission })
}

pub(crate) fn permission_added(role: u32, permission: Permission) -> (Uuid, Event) {
    of_role(role, RoleEvent::PermissionAdded { permission })
}

pub(crate) fn topic(text: &str) -> TopicFilter {
    TopicFilter::parse(text).expect("a topic filter")
}

pub(crate) fn certificate(n: u32) -> Certificate {
    Certificate {
        fingerprint: Fingerprint::parse(&format!("{n:064x}")).expect("a fingerprint"),
        created_at: at(i64::from(n)),
        expires_at: n.is_multiple_of(2).then_some(NOW),
    }
}

pub(crate) fn token_fingerprint(n: u32) -> TokenFingerprint {
    TokenFingerprint::parse(&format!("{n:064x}")).expect("a fingerprint")
}

/// A token that ends `hours` after the moment that tests ask at.
pub(crate) fn token_issued(n: u32, user: u32, hours: i64) -> (Uuid, Event) {
    token_issued_to(n, user_id(user), hours)
}

/// The same for a user of any id.
pub(crate) fn token_issued_to(n: u32, user_id: UserId, hours: i64) -> (Uuid, Event) {
    of_session(
        n,
        SessionEvent::TokenIssued {
            user_id,
            face: Face::Connectware,
            fingerprint: token_fingerprint(n),
            label: format!("token {n}"),
            methods: vec![GrantMethod::Password],
            issued_at: at(i64::from(n)),
            expires_at: Timestamp::from_micros(NOW.micros() + hours * 3_600_000_000),
        },
    )
}

/// Makes each of these tests one per engine: `NAME::sqlite` and `NAME::postgres`, each on read models of its own.
macro_rules! both_engines {
    ($(async fn $name:ident($($world:tt)+) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn scenario($($world)+: crate::world::World) $body

            #[tokio::test]
            async fn sqlite() {
                scenario(crate::world::World::new(crate::world::Engine::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                scenario(crate::world::World::new(crate::world::Engine::Postgres).await).await;
            }
        }
    )*};
}
pub(crate) use both_engines;
