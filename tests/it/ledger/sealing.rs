//! Secret and personal values are encrypted in every column of the ledger, and a person can be erased.

use std::{sync::Arc, time::Duration};

use aggregates::{Event, session::SessionEvent, user::UserEvent, values::UserId};
use ledger::{Executor, Ledger, LedgerError, MasterKey, Metadata, clock::SystemClock, ids::SystemEntropy};
use projections::sql::{Db, sql};

use super::{
    child::{Child, Task, issue_tokens},
    on_both_engines,
    site::{Site, create_user, metadata, new_session, new_user, number, stored, token_issued, user_created},
};

const USERNAME: &str = "plain-username";
const LABEL: &str = "plain label";
const ADDRESS: &str = "192.0.2.77";

/// A user with a token. The user made the request, from an address.
async fn user_with_token(ledger: &Ledger) -> UserId {
    let executor = Executor::new(ledger.clone());
    let user = new_user();
    let metadata = Metadata {
        actor: user.to_string(),
        address: Some(ADDRESS.to_owned()),
        ..metadata()
    };
    executor
        .execute(vec![user_created(user, USERNAME)], &metadata)
        .await
        .expect("a user");
    executor
        .execute(vec![token_issued(new_session(), user, LABEL)], &metadata)
        .await
        .expect("a token");
    user
}

fn password_hash() -> String {
    create_user(USERNAME)
        .password_hash
        .expect("a password")
        .as_str()
        .to_owned()
}

/// The content of all tables of the ledger, as one text.
async fn all_columns(db: &Db) -> String {
    let mut all = String::new();
    for (table, columns) in [
        (
            "events",
            "aggregate_type || aggregate_id || event_type || CAST(payload AS TEXT) || CAST(metadata AS TEXT)",
        ),
        ("claims", "scope || value || owner"),
        ("subject_keys", "subject || CAST(wrapped_key AS TEXT)"),
    ] {
        // A wrapped key and an owner are bytes. SQLite cannot convert them to a text; Postgres can.
        let columns = match db {
            Db::Sqlite { .. } => columns
                .replace("CAST(wrapped_key AS TEXT)", "hex(wrapped_key)")
                .replace("owner", "hex(owner)"),
            Db::Postgres(_) => columns.to_owned(),
        };
        for row in db
            .all(sql(format!("SELECT {columns} FROM {table}")))
            .await
            .expect("rows")
        {
            all.push_str(&row.text_or_null(0).expect("a text").unwrap_or_default());
            all.push('\n');
        }
    }
    all
}

/// The decrypted username, password hash and label.
async fn opened(ledger: &Ledger) -> Result<(String, String, String), LedgerError> {
    let (mut name, mut hash, mut note) = (String::new(), String::new(), String::new());
    for event in ledger.open_events(&stored(ledger).await).await? {
        match event.event {
            Event::User(UserEvent::Created {
                username,
                password_hash,
                ..
            }) => {
                name = username;
                hash = password_hash.expect("a password").as_str().to_owned();
            }
            Event::Session(SessionEvent::TokenIssued { label, .. }) => note = label,
            _ => {}
        }
    }
    Ok((name, hash, note))
}

fn erased() -> String {
    aggregates::sealing::ERASED.to_owned()
}

/// Runs `UPDATE events SET payload = …` with this JSON.
async fn set_payload(db: &Db, position: i64, payload: &serde_json::Value) {
    let payload = serde_json::value::to_raw_value(payload).expect("JSON");
    let update = sql("UPDATE events SET payload = $1 WHERE position = $2")
        .bind(payload)
        .bind(position);
    assert_eq!(db.execute(update).await.expect("an update"), 1);
}

on_both_engines! {
    async fn no_column_of_the_ledger_holds_what_is_sealed(site: Site) {
        let ledger = site.ledger().await;
        user_with_token(&ledger).await;
        let all = all_columns(ledger.db()).await;
        assert!(all.contains("user.created") && all.contains("username"), "the scan sees nothing:\n{all}");
        for sealed in [USERNAME, LABEL, ADDRESS, "argon2id"] {
            assert!(!all.contains(sealed), "{sealed} is in plain text:\n{all}");
        }
        let export = stored(&ledger).await;
        let export = export.iter().map(|event| event.cloud_event(ledger.id()).expect("an event"));
        let export = serde_json::to_string(&export.collect::<Vec<_>>()).expect("JSON");
        for sealed in [USERNAME, LABEL, ADDRESS, "argon2id"] {
            assert!(!export.contains(sealed), "{sealed} is exported:\n{export}");
        }
        let whole = (USERNAME.to_owned(), password_hash(), LABEL.to_owned());
        assert_eq!(opened(&ledger).await.expect("what is sealed opens"), whole);
        assert_eq!(opened(&site.ledger().await).await.expect("what is sealed opens elsewhere"), whole);
    }

    async fn a_box_does_not_open_elsewhere(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        for name in ["ada", "grace"] {
            executor.execute(vec![user_created(new_user(), name)], &metadata()).await.expect("a user");
        }
        let db = site.db().await;
        let payloads: Vec<serde_json::Value> =
            stored(&ledger).await.iter().map(|event| serde_json::from_str(&event.payload).expect("JSON")).collect();
        let moved = |to: &str, from: (usize, &str)| {
            let mut payload = payloads[0].clone();
            payload[to] = payloads[from.0][from.1].clone();
            payload
        };
        for payload in [
            moved("password_hash", (1, "password_hash")),
            moved("username", (1, "username")),
            moved("username", (0, "password_hash")),
            moved("password_hash", (0, "username")),
            moved("mqtt_publish_prefix", (0, "password_hash")),
        ] {
            set_payload(&db, 1, &payload).await;
            let outcome = opened(&ledger).await;
            assert!(matches!(outcome, Err(LedgerError::Sealed(_))), "{payload} opens");
        }
        set_payload(&db, 1, &payloads[0]).await;
        opened(&ledger).await.expect("all is as it was");
    }

    async fn an_erased_person_is_gone_and_the_chain_stands(site: Site) {
        let ledger = site.ledger().await;
        let user = user_with_token(&ledger).await;
        assert!(ledger.erase_subject(&user.to_string()).await.expect("the ledger answers"));
        assert!(!ledger.erase_subject(&user.to_string()).await.expect("the ledger answers"), "erased twice");
        let gone = (erased(), password_hash(), erased());
        assert_eq!(opened(&ledger).await.expect("the rest opens"), gone);
        assert_eq!(opened(&site.ledger().await).await.expect("the rest opens elsewhere"), gone);
        assert_eq!(ledger.verify(|_| ()).await.expect("readable").flaw, None);

        site.must_be_sound(&ledger).await;
        for (table, column) in [("user_directory", "username"), ("sessions", "label")] {
            let blank = format!("SELECT COUNT(*) FROM {table} WHERE {column} = '[erased]'");
            assert_eq!(number(ledger.db(), &blank).await, 1, "{table} still tells who it was");
        }

        // No node makes a new key for an erased person, even if more is recorded about them.
        issue_tokens(&ledger, user, 1, "a later label").await;
        issue_tokens(&site.ledger().await, user, 1, "a later label").await;
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM subject_keys").await, 1);
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM subject_keys WHERE wrapped_key IS NULL").await, 1);
        assert_eq!(opened(&ledger).await.expect("the rest opens"), gone);
        site.must_be_sound(&ledger).await;

        // The name is free, and the user can be deleted.
        let executor = Executor::new(ledger.clone());
        executor.execute(vec![user_created(new_user(), USERNAME)], &metadata()).await.expect("a free name");
        let delete = aggregates::user::UserCommand::Delete;
        let delete = aggregates::Command::User(user, delete);
        executor.execute(vec![delete], &metadata()).await.expect("a user who can go");
        let taken = executor.execute(vec![user_created(new_user(), USERNAME)], &metadata()).await;
        assert!(taken.is_err(), "the other one still has the name");
        site.must_be_sound(&ledger).await;
    }

    async fn who_is_erased_before_anything_is_sealed_gets_no_key(site: Site) {
        let ledger = site.ledger().await;
        let user = new_user();
        assert!(!ledger.erase_subject(&user.to_string()).await.expect("the ledger answers"), "there was no key");
        let executor = Executor::new(ledger.clone());
        executor.execute(vec![user_created(user, USERNAME)], &metadata()).await.expect("a user");
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM subject_keys WHERE wrapped_key IS NOT NULL").await, 0);
        assert_eq!(opened(&ledger).await.expect("the rest opens").0, erased());
    }

    async fn another_key_opens_nothing(site: Site) {
        site.ledger().await;
        let opened = Ledger::open(
            site.db().await,
            &MasterKey::new([8; 32]),
            Arc::new(SystemClock),
            Arc::new(SystemEntropy),
            projections::GUARDS,
        )
        .await;
        assert!(matches!(opened.err(), Some(LedgerError::WrongKey)));
        site.ledger().await;
    }

    async fn two_processes_that_need_one_key_make_one(site: Site) {
        let ledger = site.ledger().await;
        let user = new_user();
        // This unit creates the user without a key, so that the two processes race to make it.
        let mut unit = crate::ledger::site::unit(vec![crate::ledger::site::tokens_revoked(user, 1)]);
        let claim = aggregates::Claim::new(aggregates::user::claims::USER, user.to_string());
        unit.take.push((claim, user.to_string()));
        ledger.append(unit).await.expect("a unit");
        let mut child = Child::ready(&Task::IssueTokens { user, tokens: 20 }, &site.url).await;
        child.go().await;
        issue_tokens(&ledger, user, 20, "from the parent").await;
        child.rest().await;
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM subject_keys").await, 1);
        let reader = site.ledger().await;
        let events = reader.open_events(&stored(&reader).await).await.expect("all opens");
        let labels = events.iter().filter_map(|event| match &event.event {
            Event::Session(SessionEvent::TokenIssued { label, .. }) => Some(label.as_str()),
            _ => None,
        });
        let mut labels: Vec<&str> = labels.collect();
        labels.sort_unstable();
        assert_eq!(labels, [["from the child"; 20], ["from the parent"; 20]].concat());
    }

    async fn processes_that_start_together_share_one_ledger(site: Site) {
        let mut children: Vec<Child> = Vec::new();
        for _ in 0..3 {
            children.push(Child::start(&Task::Open, &site.url));
        }
        let mut ids = Vec::new();
        for mut child in children {
            assert_eq!(child.line().await.as_deref(), Some("ready"));
            child.go().await;
            ids.extend(child.rest().await);
        }
        assert_eq!(ids, vec![site.ledger().await.id().to_owned(); 3]);
    }
}

/// Waits, at most five seconds, until the ledger decrypts to these values.
async fn opens_to(ledger: &Ledger, expected: &(String, String, String)) -> bool {
    let all = async {
        while opened(ledger).await.expect("the rest opens") != *expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), all).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_knows_the_key_of_an_erased_person_forgets_it() {
    let site = Site::new(crate::support::server::Engine::Postgres).await;
    let (here, there) = (site.ledger().await, site.ledger().await);
    let following = tokio::spawn(Arc::clone(there.follower()).run());
    let user = user_with_token(&here).await;
    assert!(there.wait_for(2, Duration::from_secs(5)).await);
    let whole = (USERNAME.to_owned(), password_hash(), LABEL.to_owned());
    assert_eq!(opened(&there).await.expect("all opens"), whole);
    let executor = Executor::new(there.clone());
    let create = async || {
        let command = vec![user_created(new_user(), USERNAME)];
        executor.execute(command, &metadata()).await
    };
    assert!(create().await.is_err(), "the name is taken");
    here.erase_subject(&user.to_string())
        .await
        .expect("the ledger answers");
    assert!(
        opens_to(&there, &(erased(), password_hash(), erased())).await,
        "the other node still opens it"
    );
    // The erasure also removes the claims that the other node remembers.
    create().await.expect("the name is free");
    following.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_did_not_hear_of_an_erasure_forgets_the_key_all_the_same() {
    let site = Site::new(crate::support::server::Engine::Postgres).await;
    let (here, there) = (site.ledger().await, site.ledger().await);
    let user = user_with_token(&here).await;
    let whole = (USERNAME.to_owned(), password_hash(), LABEL.to_owned());
    assert_eq!(opened(&there).await.expect("all opens"), whole);
    here.erase_subject(&user.to_string())
        .await
        .expect("the ledger answers");
    assert_eq!(
        opened(&there).await.expect("all opens"),
        whole,
        "who does not listen hears nothing"
    );
    let following = tokio::spawn(Arc::clone(there.follower()).run());
    assert!(
        opens_to(&there, &(erased(), password_hash(), erased())).await,
        "the other node still opens it"
    );
    following.abort();
}
