//! A process that starts loads authorization from the read models. The result must equal a replay of all events.

use aggregates::{
    Command, Event, Recorded,
    role::{Role, RoleCommand},
    sealing::ERASED,
    session::SessionCommand,
    user::{CreateUser, RoleGrant, User, UserCommand},
    values::{
        Certificate, Context, Fingerprint, Operation, Permission, PermissionId, RoleId, Timestamp, UserId,
    },
};
use authorization::Authorization;
use ledger::{
    Executor, Filter, Ledger,
    ids::{Entropy, SystemEntropy},
};
use projections::{
    read_models::READ_MODELS,
    sql::{Db, sql},
};

use super::{
    on_both_engines,
    site::{
        Site, TestClock, create_user, metadata, new_role, new_session, new_user, role_created, role_granted,
        token_issued, unique, user_created,
    },
};

/// A time before the end of any token in these tests.
const NOW: Timestamp = Timestamp::from_micros(0);

fn permission(resource: &str) -> Permission {
    Permission::new(
        PermissionId(SystemEntropy.uuid()),
        resource.parse().expect("a filter"),
        Operation::Read,
        Context::Mqtt,
    )
    .expect("a permission")
}

fn certificate() -> Certificate {
    let digits = SystemEntropy.uuid().simple().to_string();
    Certificate {
        fingerprint: Fingerprint::parse(&digits.repeat(2)).expect("a fingerprint"),
        created_at: NOW,
        expires_at: Some(NOW),
    }
}

/// Makes a user with a value in every member.
fn rich_user(user: UserId, role_id: RoleId) -> Command {
    Command::User(
        user,
        UserCommand::Create(CreateUser {
            mqtt_publish_prefix: Some("site".to_owned()),
            roles: vec![RoleGrant {
                role_id,
                is_shared: true,
            }],
            permissions: vec![permission("own/+")],
            certificates: vec![certificate()],
            ..create_user(&unique("user"))
        }),
    )
}

async fn events(ledger: &Ledger, up_to: i64) -> Vec<Recorded> {
    let mut stored = ledger
        .after(0, 100_000, &Filter::default())
        .await
        .expect("events");
    stored.retain(|event| event.position <= up_to);
    ledger.open_events(&stored).await.expect("events should open")
}

/// Asks the projection, and another one that has replayed all events up to its position, all questions.
async fn must_be_replayed(ledger: &Ledger, engine: &Authorization) {
    let events = events(ledger, engine.position()).await;
    let replayed = Authorization::new();
    replayed.apply(&events);
    replayed.drop_expired(NOW);
    let counts = |engine: &Authorization| {
        (
            engine.user_count(),
            engine.role_count(),
            engine.session_count(),
            engine.certificate_count(),
        )
    };
    assert_eq!(engine.position(), replayed.position());
    assert_eq!(counts(engine), counts(&replayed));
    for event in &events {
        let id = &event.aggregate_id;
        if event.event.of::<User>().is_some() {
            let id = UserId::parse(id).expect("an id");
            let user = engine.user(id);
            assert_eq!(user, replayed.user(id));
            assert_eq!(engine.permissions(id), replayed.permissions(id));
            let name = user.map(|user| user.username).unwrap_or_default();
            assert_eq!(engine.user_by_name(&name), replayed.user_by_name(&name));
            for topic in ["own/x", "shared/x"] {
                let asked = |engine: &Authorization| engine.check(id, Context::Mqtt, Operation::Read, topic);
                assert_eq!(asked(engine), asked(&replayed));
            }
        }
        if event.event.of::<Role>().is_some() {
            let id = RoleId::parse(id).expect("an id");
            assert_eq!(engine.role(id), replayed.role(id));
        }
        agree_on_proofs(engine, &replayed, &event.event);
    }
}

fn agree_on_proofs(engine: &Authorization, replayed: &Authorization, event: &Event) {
    use aggregates::{session::SessionEvent, user::UserEvent};
    match event {
        Event::User(UserEvent::CertificateAdded { certificate }) => {
            let fingerprint = &certificate.fingerprint;
            assert_eq!(engine.certificate(fingerprint), replayed.certificate(fingerprint));
        }
        Event::Session(SessionEvent::TokenIssued { fingerprint, .. }) => {
            let digest = fingerprint.digest();
            assert_eq!(engine.session(&digest), replayed.session(&digest));
        }
        _ => {}
    }
}

/// Makes, changes and deletes users, roles and sessions.
async fn traffic(executor: Executor, rounds: usize) {
    let role = new_role();
    let run = async |command| {
        executor
            .execute(vec![command], &metadata())
            .await
            .expect("a command")
    };
    run(role_created(role, &unique("role"))).await;
    for round in 0..rounds {
        let (user, session, other) = (new_user(), new_session(), new_role());
        run(rich_user(user, role)).await;
        run(role_created(other, &unique("role"))).await;
        run(Command::Role(
            other,
            RoleCommand::AddPermission(permission("shared/#")),
        ))
        .await;
        run(role_granted(user, other)).await;
        run(token_issued(session, user, "token")).await;
        match round % 5 {
            0 => drop(run(Command::User(user, UserCommand::Delete)).await),
            1 => drop(run(Command::Role(other, RoleCommand::Delete)).await),
            2 => drop(run(Command::User(user, UserCommand::RevokeAllTokens)).await),
            3 => drop(run(Command::Session(session, SessionCommand::RevokeToken)).await),
            _ => drop(run(Command::User(user, UserCommand::RevokeRole { role_id: role })).await),
        }
        // The user of this token may be deleted already.
        let late = token_issued(new_session(), user, "token");
        drop(executor.execute(vec![late], &metadata()).await);
    }
}

/// The state that a process loads from the read models alone if it starts now.
async fn load(db: &Db) -> Authorization {
    let mut tx = db.snapshot().await.expect("a snapshot");
    let head = tx
        .optional(sql("SELECT position FROM ledger_head"))
        .await
        .expect("the head")
        .expect("a row");
    projections::loading::authorization(&mut tx, head.int(0).expect("a position"), NOW)
        .await
        .expect("the read models should load")
}

on_both_engines! {
    async fn what_is_loaded_while_others_write_is_of_one_position(site: Site) {
        let ledger = site.ledger().await;
        let writers: Vec<_> = (0..3)
            .map(|_| tokio::spawn(traffic(Executor::new(ledger.clone()), 20)))
            .collect();
        let db = site.db().await;
        let mut seen = Vec::new();
        while writers.iter().any(|writer| !writer.is_finished()) {
            let engine = load(&db).await;
            seen.push(engine.position());
            must_be_replayed(&ledger, &engine).await;
        }
        for writer in writers {
            writer.await.expect("a writer ends well");
        }
        seen.dedup();
        assert!(seen.len() > 3, "loaded at {seen:?} only");
        let started = start(&site).await;
        must_be_replayed(&ledger, started.authorization()).await;
        assert_eq!(started.authorization().position(), ledger.head().await.expect("the head").position);
        site.must_be_sound(&ledger).await;
    }

    async fn a_rebuild_that_is_not_committed_is_not_seen(site: Site) {
        let ledger = site.ledger().await;
        traffic(Executor::new(ledger.clone()), 5).await;
        let db = site.db().await;
        let mut rebuild = db.begin().await.expect("a transaction");
        for table in READ_MODELS.tables() {
            rebuild.execute(sql(format!("DELETE FROM {}", table.name))).await.expect("rows should go");
        }
        let engine = load(&db).await;
        assert!(engine.user_count() > 0);
        must_be_replayed(&ledger, &engine).await;
    }

    async fn damaged_read_models_are_not_believed(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        traffic(executor.clone(), 6).await;
        let user = new_user();
        executor.execute(vec![user_created(user, "ada")], &metadata()).await.expect("a user");
        let db = ledger.db();
        for table in READ_MODELS.tables() {
            let copy = format!("CREATE TABLE saved_{0} AS SELECT * FROM {0}", table.name);
            db.execute(sql(copy)).await.expect("a copy");
        }
        for damage in [
            // The tables do not contradict themselves here; they contradict the claims.
            "DELETE FROM user_directory WHERE username = 'ada'",
            "DELETE FROM user_certificates",
            "DELETE FROM permission_usage",
            "UPDATE permission_usage SET resource = '#'",
            "UPDATE user_directory SET grant_types = 'none'",
            "DELETE FROM user_directory",
            "DELETE FROM role_directory",
        ] {
            db.execute(sql(damage)).await.expect("the damage should be done");
            must_be_replayed(&ledger, start(&site).await.authorization()).await;
            for table in READ_MODELS.tables() {
                for repair in ["DELETE FROM", "INSERT INTO"] {
                    let columns = table.column_list();
                    let from = match repair {
                        "INSERT INTO" => format!("({columns}) SELECT {columns} FROM saved_{}", table.name),
                        _ => String::new(),
                    };
                    db.execute(sql(format!("{repair} {} {from}", table.name))).await.expect("the repair should be done");
                }
            }
        }
    }

    async fn a_node_knows_nobody_by_an_erased_name(site: Site) {
        let ledger = site.ledger().await;
        let user = new_user();
        let made = vec![user_created(user, "ada")];
        Executor::new(ledger.clone()).execute(made, &metadata()).await.expect("a user");
        assert!(ledger.erase_subject(&user.to_string()).await.expect("a person should be erased"));
        let started = start(&site).await;
        let name = started.authorization().user(user).expect("a user").username;
        assert_eq!(&*name, ERASED);
        assert_eq!(started.authorization().user_by_name("ada"), None);
        assert_eq!(started.authorization().user_by_name(ERASED), None);
        must_be_replayed(&ledger, started.authorization()).await;
    }

    async fn what_is_left_to_do_when_a_process_starts_is_what_was_written_since(site: Site) {
        let ledger = site.ledger().await;
        traffic(Executor::new(ledger.clone()), 6).await;
        // A ledger that cannot be replayed from its beginning can still start.
        let spoilt = "UPDATE events SET payload = '{}' WHERE position = 1";
        ledger.db().execute(sql(spoilt)).await.expect("an event should be spoilt");
        let started = start(&site).await;
        assert_eq!(started.authorization().position(), ledger.head().await.expect("the head").position);
    }
}

/// Another process, at a time before the end of any token.
async fn start(site: &Site) -> Ledger {
    let ledger = site.ledger_at(&TestClock::at(NOW.micros())).await;
    ledger.authorization().drop_expired(NOW);
    ledger
}
