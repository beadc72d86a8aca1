//! The rules for new passwords, at each place where somebody sets one.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::http::openapi::log_in_on_os2iot;
use crate::support::{
    client::{Client, Response},
    connectware::*,
    raw::PATIENCE,
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

/// Strong, but on the list.
const LISTED: &str = "quixotic zebra lamp 7";
/// Strong, and nobody knows it.
const GOOD: &str = "Vellum-tram-09-oboe";
/// Passwords that break one rule each, the code of the refusal, and a part of its message.
const BAD: [(&str, &str, &str); 4] = [
    ("Vt-9o", "password_policy", "at least 8 characters"),
    ("sunshine12", "password_weak", "too easy to guess"),
    // Weak only because it is the user's name.
    ("quince.tapir.90", "password_weak", "too easy to guess"),
    (LISTED, "password_listed", "must not be used here"),
];
/// The name of each user of these tests.
const NAME: &str = "quince.tapir.90";

/// A site with all rules, whose blocklist has these lines.
fn site(engine: Engine, list: &str) -> Site {
    let site = Site::new(engine);
    fs::write(site.data().join("known.txt"), list).expect("the list can be written");
    let list = site.data().join("known.txt");
    site.with("MUNIMENT_PASSWORD_POLICY", r#"{"min":8}"#)
        .with("MUNIMENT_PASSWORD_STRENGTH", "3")
        .with("MUNIMENT_PASSWORD_BLOCKLIST", list.to_str().expect("a path"))
}

fn refused(place: &str, answer: &Response, (password, code, message): (&str, &str, &str)) {
    let problem = answer.expect_error(400);
    assert_eq!(problem.code, code, "{place}: {password}");
    assert!(problem.message.contains(message), "{place}: {}", problem.message);
    assert!(!answer.text().contains(password), "{place} repeats {password}");
}

async fn may_log_in(anybody: &Client, password: &str) -> bool {
    let body = json!({ "username": NAME, "password": password });
    anybody.anonymous().post("/api/login", body).await.status == 200
}

#[tokio::test]
async fn every_place_that_sets_a_password_asks_every_rule() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = site(engine, &format!("another one\n{LISTED}\n")).start().await;
        let admin = server.admin().await;
        for bad in BAD {
            let body = user(NAME, json!({ "password": bad.0 }));
            refused("new user", &admin.post("/api/users", body.clone()).await, bad);
            let batch = json!([user("somebody", json!({ "password": GOOD })), body]);
            let answer = admin.post("/api/users/batch", batch).await;
            refused("batch", &answer, bad);
            assert!(answer.expect_error(400).message.starts_with("entry 1: "));
        }
        let id = create_user_with(&admin, NAME, json!({ "password": GOOD })).await;
        let own = admin.login(NAME, GOOD).await;
        for bad in BAD {
            let answer = admin
                .put(format!("/api/users/{id}"), json!({ "password": bad.0 }))
                .await;
            refused("change by an administrator", &answer, bad);
            let change = json!({ "password": GOOD, "newPassword": bad.0 });
            refused(
                "change of one's own",
                &own.put("/api/users/change-password", change).await,
                bad,
            );
        }
        // The new name counts, too.
        let renamed = json!({ "username": "walnut.ibis.44", "password": "walnut.ibis.44" });
        let answer = admin.put(format!("/api/users/{id}"), renamed).await;
        refused(
            "renamed",
            &answer,
            ("walnut.ibis.44", "password_weak", "too easy"),
        );
        // On the face of OS2iot, the name and the address count, the new ones too.
        let on_os2iot = log_in_on_os2iot(&server, "admin", ADMIN_PASSWORD).await;
        let mut person =
            json!({ "name": "Quince", "email": "quince@example.org", "active": true, "password": GOOD });
        let made = on_os2iot
            .post("/api/v1/user", person.clone())
            .await
            .expect(201)
            .json();
        let path = format!("/api/v1/user/{}", made["id"]);
        for (field, word) in [
            ("name", "walnut.ibis.44"),
            ("email", "walnut.ibis.44@example.org"),
        ] {
            person[field] = json!(word);
            person["password"] = json!(word);
            let refused = on_os2iot.put(&path, person.clone()).await.expect(400).text();
            assert!(!refused.contains(&format!("{word}\"")), "{refused}");
            person[field] = made[field].clone();
        }
        person["password"] = json!(format!("{GOOD}?"));
        on_os2iot.put(&path, person).await.expect(200);
        assert!(may_log_in(&admin, GOOD).await);
        let change = json!({ "password": GOOD, "newPassword": format!("{GOOD}!") });
        own.put("/api/users/change-password", change).await.expect(204);
        assert!(may_log_in(&admin, &format!("{GOOD}!")).await);
        assert_eq!(
            list(&admin.get("/api/users/ids").await.expect(200).json()).len(),
            3
        );
        let log = server.log();
        assert!(
            BAD.iter()
                .all(|(password, ..)| *password == NAME || !log.contains(password))
        );
    }
}

#[tokio::test]
async fn a_device_registers_with_no_password_that_breaks_a_rule() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = site(engine, LISTED).start().await;
        let (admin, broker) = (server.admin().await, server.broker());
        admin
            .post("/api/client-registry/open", json!({ "duration": 3_600_000 }))
            .await
            .expect(204);
        let pending = async || list(&admin.get("/api/client-registry").await.expect(200).json()).len();
        for bad in BAD {
            let device = json!({ "username": NAME, "password": bad.0, "context": "a press" });
            let answer = server
                .anonymous()
                .post("/api/client-registry/register", device)
                .await;
            refused("registration", &answer, bad);
            let connect = json!({ "username": NAME, "password": bad.0, "clientid": "c1" });
            broker.post("/hooks/emqx/authn", connect).await.expect(200);
            assert_eq!(pending().await, 0, "{}", bad.0);
        }
        let connect = json!({ "username": NAME, "password": GOOD, "clientid": "c1" });
        broker.post("/hooks/emqx/authn", connect).await.expect(200);
        assert_eq!(pending().await, 1);
        admin
            .post("/api/client-registry/confirm", json!({ "username": NAME }))
            .await
            .expect(201);
        assert!(may_log_in(&admin, GOOD).await);
    }
}

#[tokio::test]
async fn the_first_password_satisfies_every_rule() {
    for (password, code) in [
        ("Vt-9o", "at least 8"),
        ("adminadmin", "too easy"),
        (LISTED, "must not be used"),
    ] {
        let site = site(Engine::Sqlite, LISTED).with("MUNIMENT_ADMIN_PASSWORD", password);
        let (_, said) = site.refuses_to_start().await;
        assert!(
            said.contains("MUNIMENT_ADMIN_PASSWORD") && said.contains(code),
            "{said}"
        );
        assert!(!said.contains(password), "{said}");
    }
    // A generated one does.
    let server = site(Engine::Sqlite, LISTED)
        .without("MUNIMENT_ADMIN_PASSWORD")
        .start()
        .await;
    assert!(server.stdout().contains("first start: user admin"));
}

#[tokio::test]
async fn a_list_that_cannot_be_searched_is_said_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("the list can be written");
        path.to_str().expect("a path").to_owned()
    };
    let missing = folder.path().join("missing").to_str().expect("a path").to_owned();
    for (list, reason) in [
        (missing, "No such file"),
        (
            folder.path().to_str().expect("a path").to_owned(),
            "not a regular file",
        ),
        (write("empty", ""), "empty"),
        (write("unsorted", "b\na\n"), "LC_ALL=C sort"),
        (write("ntlm", "8846F7EAEE8FB117AD06BDD830B7586C:3\n"), "SHA-1"),
    ] {
        let site = Site::new(Engine::Sqlite).with("MUNIMENT_PASSWORD_BLOCKLIST", &list);
        let (_, said) = site.clone().refuses_to_start().await;
        assert!(
            said.contains("password_blocklist") && said.contains(reason),
            "{reason}: {said}"
        );
        let doctor = site.run(&["doctor"]).await;
        let said = String::from_utf8_lossy(&doctor.stderr).into_owned();
        assert!(
            !doctor.status.success() && said.contains(reason),
            "{reason}: {said}"
        );
    }
}

#[tokio::test]
async fn nobody_chooses_one_of_their_last_passwords_again() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Site::new(engine)
            .with("MUNIMENT_PASSWORD_HISTORY", "3")
            .start()
            .await;
        let admin = server.admin().await;
        let id = create_user_with(&admin, "ada", json!({ "password": "number 0" })).await;
        let ada = admin.login("ada", "number 0").await;
        let change = async |from: usize, to: usize| {
            let body = json!({ "password": format!("number {from}"), "newPassword": format!("number {to}") });
            ada.put("/api/users/change-password", body).await
        };
        let refused = |answer: Response| {
            let problem = answer.expect_error(400);
            assert_eq!(problem.code, "password_used");
            assert!(
                problem.message.contains("last 3 passwords"),
                "{}",
                problem.message
            );
        };
        refused(change(0, 0).await);
        change(0, 1).await.expect(204);
        refused(change(1, 0).await);
        change(1, 2).await.expect(204);
        for last in 0..3 {
            refused(change(2, last).await);
        }
        change(2, 3).await.expect(204);
        // The first one is forgotten.
        refused(change(3, 1).await);
        change(3, 0).await.expect(204);
        // An administrator does not learn which passwords a user had, and what they set counts, too.
        admin
            .put(format!("/api/users/{id}"), json!({ "password": "number 2" }))
            .await
            .expect(200);
        let ada = admin.login("ada", "number 2").await;
        let body = json!({ "password": "number 2", "newPassword": "number 0" });
        refused(ada.put("/api/users/change-password", body).await);
        // A restart forgets nothing.
        let server = server.restart().await;
        let ada = server.anonymous().login("ada", "number 2").await;
        let body = json!({ "password": "number 2", "newPassword": "number 0" });
        refused(ada.put("/api/users/change-password", body).await);
    }
}

/// Waits until the log has this text so many times.
async fn logged(server: &Server, text: &str, times: usize) {
    let wait = async {
        while server.log().matches(text).count() < times {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("the log should have {text:?}"));
}

/// The status of an answer to a new password of a user.
async fn set(admin: &Client, id: &str, password: &str) -> u16 {
    admin
        .put(format!("/api/users/{id}"), json!({ "password": password }))
        .await
        .status
}

#[tokio::test]
async fn the_list_is_opened_again_by_sighup_and_a_bad_one_changes_nothing() {
    let server = site(Engine::Sqlite, LISTED).without("MUNIMENT_LOG").start().await;
    let admin = server.admin().await;
    let id = create_user_with(&admin, NAME, json!({ "password": GOOD })).await;
    let path = server.site().data().join("known.txt");
    let replace = |content: &str| {
        let new = server.site().data().join("new.txt");
        fs::write(&new, content).expect("the list can be written");
        fs::rename(new, &path).expect("the list can be replaced");
    };
    assert_eq!(set(&admin, &id, LISTED).await, 400);
    // A list in its place counts from SIGHUP on.
    replace(&format!("{GOOD}\n"));
    assert_eq!(set(&admin, &id, LISTED).await, 400);
    server.read_settings_again();
    logged(&server, "read the settings again", 1).await;
    assert_eq!(set(&admin, &id, GOOD).await, 400);
    assert_eq!(set(&admin, &id, LISTED).await, 200);
    replace("b\na\n");
    server.read_settings_again();
    logged(&server, "cannot read the settings again", 1).await;
    assert_eq!(set(&admin, &id, GOOD).await, 400);
    // A list that becomes shorter lets nothing through.
    replace(&format!("{GOOD}\n"));
    server.read_settings_again();
    logged(&server, "read the settings again; the others", 2).await;
    fs::write(&path, "").expect("the list can be written");
    let answer: Value = {
        let body = json!({ "password": LISTED });
        admin
            .put(format!("/api/users/{id}"), body)
            .await
            .expect(503)
            .json()
    };
    assert_eq!(answer["code"], "unavailable");
}
