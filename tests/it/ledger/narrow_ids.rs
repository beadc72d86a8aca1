//! Ledgers of programs that stored ids as text: `fixtures/wide_ids.*.sql` are dumps of such ledgers, made by such a program.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use aggregates::{
    Command,
    user::claims::{CERTIFICATE, USERNAME},
    user::{CreateUser, UserCommand},
    values::{Certificate, Timestamp, UserId},
};
use ledger::{
    AlikeNames, Executor, Head, Ledger, MasterKey, Rejection,
    audit::{Actor, Filter},
    clock::SystemClock,
    ids::SystemEntropy,
    migrations::migrate,
};
use projections::{
    Page,
    read_models::READ_MODELS,
    rebuild::Shadow,
    role_directory,
    sql::{Db, sql},
    user_directory,
};

use super::{
    claims::{deleted, refusal},
    site::{
        Site, create_user, metadata, new_role, new_user, number, role_created, role_granted, user_created,
    },
};
use crate::support::server::Engine;

/// The key of the ledgers in the dumps.
const KEY: [u8; 32] = [
    197, 66, 81, 133, 142, 169, 72, 88, 101, 138, 12, 29, 64, 144, 32, 123, 101, 162, 255, 92, 201, 36, 8, 3,
    208, 255, 16, 197, 173, 108, 237, 156,
];
/// How the programs that made the dumps move the head.
const OLD_WRITER: &str =
    "UPDATE ledger_head SET recorded_at = recorded_at + 1 WHERE id = 1 AND lowest_writer <= 1";
/// No token of the dumps has expired at this time.
const NOW: Timestamp = Timestamp::from_micros(0);

/// A file of SQL.
fn script(folder: &str, name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The database of a ledger whose ids are text.
async fn wide(engine: Engine) -> Site {
    let site = Site::unmigrated(engine);
    let db = site.db().await;
    let dump = script(
        "tests/it/ledger/fixtures",
        &format!("wide_ids.{}.sql", db.engine()),
    );
    db.script(&dump).await.expect("the dump should run");
    db.close().await;
    site
}

/// The ledger, after its read models were rebuilt: those that are younger than the dump are empty before.
async fn ledger(site: &Site) -> Ledger {
    rebuild(site).await;
    let key = MasterKey::new(KEY);
    let opened = Ledger::open(
        site.db().await,
        &key,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        projections::GUARDS,
    );
    opened.await.expect("the ledger should open")
}

/// Rebuilds the read models. Those that are in the dump are as the events say.
async fn rebuild(site: &Site) {
    let (db, key) = (site.db().await, MasterKey::new(KEY));
    let opened = Ledger::open_unfollowed(
        db.clone(),
        &key,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        projections::GUARDS,
    );
    let ledger = opened.await.expect("the ledger should open");
    let mut shadow = Shadow::create(&db, &site.shadow_url(), READ_MODELS)
        .await
        .expect("a shadow");
    let mut live = db.begin().await.expect("a transaction");
    let head = Head::lock(&mut live).await.expect("the head's lock");
    let filled = ledger.fill(&shadow, 0, head.position, |_| ()).await;
    assert_eq!(filled.expect("the events should be replayed"), head.position);
    let differing = shadow
        .differing(&mut live)
        .await
        .expect("the tables should be read");
    for table in &differing {
        let is_young = ["permission_spans", "role_spans"].contains(&table.name);
        assert!(is_young, "{} was not as the events say", table.name);
    }
    shadow
        .swap(&mut live, &differing)
        .await
        .expect("rows should be copied");
    live.commit().await.expect("a commit");
    shadow.drop(&db).await.expect("the shadow should go");
}

async fn texts(db: &Db, statement: &str) -> Vec<String> {
    let rows = db.all(sql(statement)).await;
    let rows = rows.unwrap_or_else(|error| panic!("{statement}: {error}"));
    rows.iter().map(|row| row.text(0).expect("a text")).collect()
}

/// A view for the program itself. A later migration makes it.
const EVENT_STREAMS: &str = "event_streams";

/// The rows of each table and of each view, as texts. The table of the migrations and [`EVENT_STREAMS`] are left out.
async fn content(db: &Db) -> BTreeMap<String, Vec<String>> {
    let names = match db {
        Db::Postgres(_) => {
            "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace"
        }
        Db::Sqlite { .. } => "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')",
    };
    let mut content = BTreeMap::new();
    for name in texts(db, names).await {
        if name == "_sqlx_migrations" || name == EVENT_STREAMS {
            continue;
        }
        let row = match db {
            Db::Postgres(_) => "t::text".to_owned(),
            Db::Sqlite { .. } => {
                let columns = format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{name}')");
                texts(db, &columns).await.join(" || ',' || ")
            }
        };
        let mut rows = texts(db, &format!("SELECT {row} FROM {name} AS t")).await;
        rows.sort();
        content.insert(name, rows);
    }
    content
}

/// A view that a later migration makes.
const NEWER_VIEW: &str = "analytics_certificates";

/// What analysts rely on beside the rows: the columns with their types and collations, and who may read the views. Leaves out
/// [`EVENT_STREAMS`] and [`NEWER_VIEW`].
async fn interface(db: &Db) -> Vec<String> {
    let statement = match db {
        Db::Postgres(_) => {
            "SELECT c.relname || ' ' || COALESCE(c.relacl::text, '') || ' ' || a.attname || ' ' \
             || a.atttypid::regtype::text || ' ' || a.attcollation::regcollation::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
             WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname, a.attnum"
        }
        Db::Sqlite { .. } => {
            "SELECT v.name || ' ' || c.name FROM sqlite_master v JOIN pragma_table_info(v.name) c WHERE v.type = 'view' \
             ORDER BY v.name, c.cid"
        }
    };
    let mut interface = texts(db, statement).await;
    interface.retain(|column| !column.starts_with(EVENT_STREAMS) && !column.starts_with(NEWER_VIEW));
    interface
}

fn only_views(content: &BTreeMap<String, Vec<String>>) -> BTreeMap<&String, &Vec<String>> {
    let views = content
        .iter()
        .filter(|(name, _)| name.starts_with("analytics_") || *name == "names")
        .filter(|(name, _)| *name != NEWER_VIEW);
    views.collect()
}

/// How many ids of the read models and owners of claims do not take 16 bytes.
async fn wide_ids(db: &Db) -> i64 {
    let width = match db {
        Db::Postgres(_) => "pg_column_size",
        Db::Sqlite { .. } => "octet_length",
    };
    let columns = [
        ("claims", "owner"),
        ("user_directory", "user_id"),
        ("user_roles", "user_id"),
        ("user_roles", "role_id"),
        ("user_certificates", "user_id"),
        ("role_directory", "role_id"),
        ("role_directory", "owner_user_id"),
        ("permission_usage", "permission_id"),
        ("permission_usage", "role_id"),
        ("sessions", "session_id"),
        ("sessions", "user_id"),
    ];
    let mut wide = 0;
    for (table, column) in columns {
        let count = format!("SELECT COUNT(*) FROM {table} WHERE {width}({column}) <> 16");
        wide += number(db, &count).await;
    }
    wide
}

async fn migrated(site: &Site) -> Db {
    let db = site.db().await;
    migrate(&db).await.expect("the migrations should apply");
    db.close().await;
    // Connections keep the plans of statements about the old tables.
    site.db().await
}

async fn a_ledger_gets_narrow_ids_and_analysts_see_no_difference(engine: Engine) {
    let site = wide(engine).await;
    let db = site.db().await;
    // Analysts made a view of their own, and got rights.
    let view = "CREATE VIEW names AS SELECT user_id, username FROM analytics_users";
    db.script(view).await.expect("a view");
    if engine == Engine::Postgres {
        let grant = "GRANT SELECT ON analytics_users, names TO PUBLIC";
        db.script(grant).await.expect("a grant");
    }
    let (before, interface_before) = (content(&db).await, interface(&db).await);
    assert!(before["user_roles"].len() > 10 && before["sessions"].len() > 2);
    assert!(wide_ids(&db).await > 50);
    assert_eq!(db.execute(sql(OLD_WRITER)).await.expect("an update"), 1);
    db.close().await;

    let db = migrated(&site).await;
    let after = content(&db).await;
    assert_eq!(only_views(&after), only_views(&before));
    assert_eq!(interface(&db).await, interface_before);
    assert_eq!(wide_ids(&db).await, 0);
    assert_eq!(after["events"], before["events"]);
    db.close().await;
    let ledger = ledger(&site).await;
    site.must_be_sound(&ledger).await;
    assert_eq!(ledger.miscounts(aggregates::scopes()).await.expect("counts"), []);
    // The first start compared the names.
    assert_eq!(
        number(ledger.db(), "SELECT lowest_writer FROM ledger_head").await,
        10
    );
    let names = "SELECT COUNT(*) FROM claims WHERE scope IN ('username', 'role_name')";
    let compared = "SELECT COUNT(*) FROM claims WHERE scope LIKE '%alike%'";
    let names = number(ledger.db(), names).await;
    assert!(names > 10);
    assert_eq!(number(ledger.db(), compared).await, names);
    assert_eq!(
        ledger.alike_names().await.expect("an answer"),
        AlikeNames::Pairs(Vec::new())
    );
}

/// Older versions wrote metadata in other forms. The index by actor reads each of them.
async fn the_actors_of_old_events_are_found(engine: Engine) {
    let site = wide(engine).await;
    let db = migrated(&site).await;
    let (all, right) = (
        "SELECT COUNT(*) FROM events",
        "SELECT COUNT(*) FROM event_streams WHERE actor = metadata ->> 'actor' AND place = position",
    );
    let all = number(&db, all).await;
    assert!(all > 50);
    assert_eq!(number(&db, right).await, all);
    db.close().await;
    let ledger = ledger(&site).await;
    for actor in texts(
        ledger.db(),
        "SELECT DISTINCT metadata ->> 'actor' FROM event_streams",
    )
    .await
    {
        let of_actor = format!("SELECT COUNT(*) FROM event_streams WHERE metadata ->> 'actor' = '{actor}'");
        let filter = Filter {
            actor: Actor::parse(&actor),
            ..Filter::default()
        };
        let page = ledger.audit(&filter, None, 1_000).await.expect("a page");
        let found = i64::try_from(page.items.len()).expect("few");
        assert_eq!(found, number(ledger.db(), &of_actor).await, "{actor}");
    }
}

async fn programs_from_before_are_refused(engine: Engine) {
    let site = wide(engine).await;
    let db = site.db().await;
    assert_eq!(db.execute(sql(OLD_WRITER)).await.expect("an update"), 1);
    db.close().await;
    let db = migrated(&site).await;
    assert_eq!(db.execute(sql(OLD_WRITER)).await.expect("an update"), 0);
    assert_eq!(number(&db, "SELECT lowest_writer FROM ledger_head").await, 2);
    // A new ledger refuses them, too.
    let new = Site::new(engine).await;
    let new = new.ledger().await;
    assert_eq!(new.db().execute(sql(OLD_WRITER)).await.expect("an update"), 0);
}

async fn claims_from_before_hold(engine: Engine) {
    let site = wide(engine).await;
    migrated(&site).await.close().await;
    let ledger = ledger(&site).await;
    let executor = Executor::new(ledger.clone());
    let execute = async |command: Command| executor.execute(vec![command], &metadata()).await;

    let taken = refusal(execute(user_created(new_user(), "ada")).await);
    assert!(
        matches!(&taken, Rejection::ClaimTaken(claim) if claim.scope == USERNAME),
        "{taken:?}"
    );
    let certificate = |digits: &str| {
        let certificate = Certificate {
            fingerprint: digits.parse().expect("a fingerprint"),
            created_at: NOW,
            expires_at: None,
        };
        let create = CreateUser {
            certificates: vec![certificate],
            ..create_user("mallory")
        };
        Command::User(new_user(), UserCommand::Create(create))
    };
    for digits in ["ab".repeat(32), "0f".repeat(20)] {
        let taken = refusal(execute(certificate(&digits)).await);
        assert!(
            matches!(&taken, Rejection::ClaimTaken(claim) if claim.scope == CERTIFICATE),
            "{taken:?}"
        );
    }

    let found =
        user_directory::by_usernames(ledger.db(), &["ada"], &Page { number: 1, rows: 10 }, false, NOW);
    let ada = found.await.expect("users").rows.remove(0);
    assert_eq!(
        (ada.certificates.len(), ada.roles.len(), ada.tokens.len()),
        (2, 3, 2)
    );
    for role in ada.roles.iter().filter(|role| role.owner.is_none()) {
        let holders = role_directory::holders(&mut ledger.db(), role.id, 100)
            .await
            .expect("holders");
        assert!(holders.iter().any(|holder| holder.id == ada.id), "{holders:?}");
    }
    write_on(&executor, ada.id).await;
    // The name is free again.
    execute(user_created(new_user(), "ada")).await.expect("a user");
    site.must_be_sound(&ledger).await;
}

/// Grants a new role to a user of the old ledger, and deletes the user.
async fn write_on(executor: &Executor, user: UserId) {
    let role = new_role();
    for command in [
        role_created(role, "a new role"),
        role_granted(user, role),
        deleted(user),
    ] {
        executor
            .execute(vec![command], &metadata())
            .await
            .expect("a command");
    }
}

async fn the_way_back_gives_the_same_database(engine: Engine) {
    let site = wide(engine).await;
    let db = site.db().await;
    let before = content(&db).await;
    db.close().await;
    let db = migrated(&site).await;
    let folder = format!("migrations/back/{}", db.engine());
    let scripts = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder)).expect("a folder");
    let scripts = scripts.map(|entry| entry.expect("a file").file_name().into_string().expect("a name"));
    let mut scripts: Vec<String> = scripts.collect();
    scripts.sort();
    let applied = "SELECT CAST(version AS TEXT) FROM _sqlx_migrations WHERE version >= 10 ORDER BY version";
    let with_script: Vec<&str> = scripts
        .iter()
        .map(|name| name[2..4].trim_start_matches('0'))
        .collect();
    assert_eq!(
        texts(&db, applied).await,
        with_script,
        "each migration since 0010 has a way back"
    );
    // Analysts made a view of their own.
    let theirs = "CREATE VIEW writers AS SELECT actor FROM event_streams";
    db.script(theirs).await.expect("a view");
    let writers = texts(&db, "SELECT actor FROM writers").await;
    for name in scripts.iter().rev() {
        let back = script(&folder, name);
        db.script(&back).await.expect(name);
        if name.starts_with("0013") && engine == Engine::Postgres {
            assert_eq!(texts(&db, "SELECT actor FROM writers").await, writers);
        }
        if name.starts_with("0012") {
            // The next script makes the view of events anew.
            db.script("DROP VIEW writers").await.expect("a view");
        }
    }
    db.close().await;
    let db = site.db().await;
    let after = content(&db).await;
    for (name, rows) in &before {
        assert_eq!(after.get(name), Some(rows), "{name}");
    }
    assert_eq!(db.execute(sql(OLD_WRITER)).await.expect("an update"), 1);
    db.close().await;
    // Apply the migrations again.
    let db = migrated(&site).await;
    assert_eq!(wide_ids(&db).await, 0);
    db.close().await;
    site.must_be_sound(&ledger(&site).await).await;
}

/// Makes a test for each engine.
macro_rules! on_engines {
    ($($scenario:ident),+ $(,)?) => {$(
        mod $scenario {
            use crate::support::server::Engine;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$scenario(Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$scenario(Engine::Postgres).await;
            }
        }
    )+};
}

on_engines! {
    a_ledger_gets_narrow_ids_and_analysts_see_no_difference,
    the_actors_of_old_events_are_found,
    programs_from_before_are_refused,
    claims_from_before_hold,
    the_way_back_gives_the_same_database,
}
