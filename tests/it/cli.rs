//! The command line: how the server starts, ends and refuses to start, and its sub-commands.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    both_engines,
    client::Client,
    connectware::*,
    database,
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

/// Everything that a command wrote.
fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, said(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn failed(output: &Output) -> String {
    assert!(
        output.status.code().is_some_and(|code| code != 0),
        "{}: {}",
        output.status,
        said(output)
    );
    assert!(!said(output).contains("panicked"), "{}", said(output));
    said(output)
}

/// A ledger with some events. Its server has ended.
async fn some_events(server: Server) -> Site {
    let admin = server.admin().await;
    let role = create_role(&admin, "operators", json!([mqtt("plant/#", "read")])).await;
    create_user_with(&admin, "ada", json!({ "roles": [role] })).await;
    create_user(&admin, "grace").await;
    server.terminate().await
}

/// The word of `text` that is the password of `admin`, if there is one.
async fn password_in(text: &str, anonymous: &Client) -> Option<String> {
    for word in text.split_whitespace() {
        let word = word.trim_matches(['"', '\'', '`', ',']);
        let body = json!({ "username": "admin", "password": word });
        if anonymous.post("/api/login", body).await.status == 200 {
            return Some(word.to_owned());
        }
    }
    None
}

both_engines! {
    async fn a_server_that_is_asked_to_end_does_so_with_success(server: Server) {
        server.admin().await.get("/api/session").await.expect(200);
        let _ = server.terminate().await;
    }

    async fn a_server_starts_from_what_came_of_the_events_and_does_not_read_them_all(server: Server) {
        let site = some_events(server).await;
        let mut database = database::open(&site).await;
        database.execute("UPDATE events SET payload = '{}' WHERE position = 1").await;
        let server = site.start().await;
        server.admin().await.get("/api/session").await.expect(200);
    }

    async fn a_request_that_is_under_way_is_answered_before_the_end(server: Server) {
        let body = json!({ "username": "admin", "password": ADMIN_PASSWORD }).to_string();
        let address = server.address().strip_prefix("http://").expect("an address").to_owned();
        let mut connection = TcpStream::connect(&address).await.expect("the server should listen");
        let head = format!(
            "POST /api/login HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
            body.len(),
        );
        connection.write_all(head.as_bytes()).await.expect("the server should listen");
        // The server sends this when it begins to read the body. From here on the request is running.
        let mut said = [0; 25];
        connection.read_exact(&mut said).await.expect("the server should go on");
        assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");

        server.ask_to_end();
        connection.write_all(body.as_bytes()).await.expect("the server should read on");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.expect("the server should answer");

        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let ended = server.ended().await;
        assert!(ended.status.success(), "{}: {}", ended.status, ended.log);
    }

    async fn connections_that_idle_do_not_hold_up_the_end(server: Server) {
        let address = server.address().strip_prefix("http://").expect("an address").to_owned();
        let _silent = TcpStream::connect(&address).await.expect("the server should listen");
        let mut half = TcpStream::connect(&address).await.expect("the server should listen");
        half.write_all(b"GET /api/ses").await.expect("the server should listen");
        // The client keeps this connection alive.
        let _kept = server.admin().await;
        let _ = server.terminate().await;
    }

    async fn what_was_acknowledged_survives_a_kill(server: Server) {
        let admin = server.admin().await;
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..40 {
            let body = user(&format!("user.{number}"), json!({}));
            calls.spawn(admin.post("/api/users", body).into_future());
        }
        let mut ids = Vec::new();
        while let Some(answer) = calls.join_next().await {
            ids.push(id_of(&answer.expect("a call should end").expect(201).json()));
        }
        let token = admin.token().to_owned();

        let site = server.kill9().await;
        succeeded(&site.run(&["verify"]).await);
        let server = site.start().await;

        let admin = server.anonymous().bearer(&token);
        for id in ids {
            admin.get(format!("/api/users/{id}")).await.expect(200);
        }
        create_user(&admin, "next").await;
    }

    async fn the_ledger_verifies(server: Server) {
        let site = some_events(server).await;
        succeeded(&site.run(&["verify"]).await);
        let server = site.start().await;
        create_user(&server.admin().await, "later").await;
        succeeded(&server.terminate().await.run(&["verify"]).await);
    }

    async fn snapshots_are_verified_and_rebuilt(server: Server) {
        let permissions: Vec<_> = (0..70).map(|number| mqtt(&format!("plant/{number}"), "read")).collect();
        create_role(&server.admin().await, "operators", json!(permissions)).await;
        let site = server.terminate().await;
        let said = succeeded(&site.run(&["verify"]).await);
        assert!(said.contains("snapshots: 1 equal the events"), "{said}");
        let said = succeeded(&site.run(&["rebuild"]).await);
        assert!(!said.contains("snapshots"), "{said}");

        let mut database = database::open(&site).await;
        assert_eq!(database.execute("UPDATE stream_snapshots SET position = position + 1").await, 1);
        let said = succeeded(&site.run(&["verify"]).await);
        assert!(said.contains("snapshots: 1 are not used") && !said.contains("equal"), "{said}");
        let said = succeeded(&site.run(&["rebuild"]).await);
        assert!(said.contains("snapshots: 1 written; 1 deleted that were not used; 0 deleted that differed"), "{said}");
        let said = succeeded(&site.run(&["verify"]).await);
        assert!(said.contains("snapshots: 1 equal the events"), "{said}");
    }

    async fn claims_are_verified_and_rebuilt(server: Server) {
        let site = some_events(server).await;
        let said_before = succeeded(&site.run(&["verify"]).await);
        assert!(said_before.contains("are as the events give them"), "{said_before}");
        let mut database = database::open(&site).await;
        assert_eq!(database.execute("DELETE FROM claims WHERE scope = 'username'").await, 3);
        drop(database);
        for command in ["verify", "doctor"] {
            let said = failed(&site.run(&[command]).await);
            assert!(said.contains("in scope username") && said.contains("muniment rebuild"), "{said}");
        }
        let said = succeeded(&site.run(&["rebuild"]).await);
        assert!(said.contains("corrected: 3 claims"), "{said}");
        assert_eq!(succeeded(&site.run(&["verify"]).await), said_before);
        let server = site.start().await;
        let taken = server.admin().await.post("/api/users", user("ada", json!({}))).await;
        assert_eq!(taken.status, 409, "{taken:?}");
    }

    async fn a_changed_event_is_found_and_named(server: Server) {
        let site = some_events(server).await;
        let mut ledger = database::open(&site).await;
        let position = ledger.position_of("role.created", "operators").await;
        ledger.replace(position, "payload", "operators", "operatorz").await;
        drop(ledger);
        let said = failed(&site.run(&["verify"]).await);
        let names_it = said.split(|c: char| !c.is_ascii_digit()).any(|number| number == position.to_string());
        assert!(names_it, "position {position} should be named: {said}");
    }

    async fn a_changed_actor_time_or_order_is_found(server: Server) {
        let site = some_events(server).await;
        let mut ledger = database::open(&site).await;
        let last = ledger.last_position().await;
        for (change, undo) in [
            ("recorded_at = recorded_at + 1", "recorded_at = recorded_at - 1"),
            ("sequence = sequence + 100", "sequence = sequence - 100"),
            ("event_type = 'user.deleted'", "event_type = 'user.created'"),
            ("event_version = '2'", "event_version = '1'"),
            ("aggregate_id = 'x' || aggregate_id", "aggregate_id = substr(aggregate_id, 2)"),
        ] {
            let of_grace = format!("WHERE position = {last} AND event_type LIKE 'user.%'");
            let changed = ledger.execute(&format!("UPDATE events SET {change} {of_grace}")).await;
            assert_eq!(changed, 1, "{change}");
            failed(&site.run(&["verify"]).await);
            ledger.execute(&format!("UPDATE events SET {undo} WHERE position = {last}")).await;
            succeeded(&site.run(&["verify"]).await);
        }
        ledger.replace(last, "metadata", "connectware", "connectwarf").await;
        failed(&site.run(&["verify"]).await);
    }

    async fn a_missing_event_is_found(server: Server) {
        let site = some_events(server).await;
        let mut ledger = database::open(&site).await;
        let last = ledger.last_position().await;
        assert_eq!(ledger.execute(&format!("DELETE FROM events WHERE position = {last}")).await, 1);
        let said = failed(&site.run(&["verify"]).await);
        assert!(said.contains(&last.to_string()), "position {last} should be named: {said}");
    }

    async fn events_are_printed_one_a_line(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let over_http = admin.get("/api/events?limit=1000").await.expect(200).json();
        let site = server.terminate().await;
        let printed = succeeded(&site.run(&["events"]).await);
        let events: Result<Vec<Value>, _> = printed.lines().map(serde_json::from_str).collect();
        assert_eq!(events.expect("each line should be JSON"), *list(&over_http["events"]));
    }

    async fn a_rebuild_comes_to_the_same(server: Server) {
        let site = some_events(server).await;
        let server = site.start().await;
        let admin = server.admin().await;
        let before = admin.get("/api/listUsers").await.expect(200).json();
        let token = admin.token().to_owned();
        let site = server.terminate().await;
        // On SQLite, a rebuild that was interrupted may leave such a file.
        std::fs::write(site.data().join("rebuild.db"), "half a page").expect("a file");

        let said = said(&{
            let output = site.run(&["rebuild"]).await;
            succeeded(&output);
            output
        });

        assert!(said.to_lowercase().contains("equal"), "{said}");
        let server = site.start().await;
        let after = server.anonymous().bearer(&token).get("/api/listUsers").await.expect(200).json();
        assert_eq!(after, before);
    }

    async fn a_rebuild_says_what_it_replaced_even_if_the_snapshots_then_fail(server: Server) {
        let site = some_events(server).await;
        let mut database = database::open(&site).await;
        assert!(database.execute("UPDATE user_directory SET mqtt_publish_prefix = 'wrong'").await > 0);
        database.execute("ALTER TABLE stream_snapshots RENAME TO hidden").await;
        let said = failed(&site.run(&["rebuild"]).await);
        assert!(said.contains("user_directory differed and were replaced") && said.contains("stream_snapshots"), "{said}");
        database.execute("ALTER TABLE hidden RENAME TO stream_snapshots").await;
        let said = succeeded(&site.run(&["rebuild"]).await);
        assert!(said.contains("the read models equal the rebuilt ones"), "{said}");
    }

    async fn read_models_of_another_version_are_rebuilt_before_a_start(server: Server) {
        let site = some_events(server).await;
        let mut database = database::open(&site).await;
        database.execute("UPDATE read_models SET version = 0 WHERE name = 'sessions'").await;
        let message = "the read model sessions holds version 0, but this program is for version 1: stop all servers \
                       and run `muniment rebuild`";
        for command in ["serve", "doctor"] {
            let said = failed(&site.run(&[command]).await);
            assert!(said.contains(message), "{command}: {said}");
        }
        succeeded(&site.run(&["rebuild"]).await);
        succeeded(&site.run(&["doctor"]).await);
        database.execute("INSERT INTO read_models (name, version) VALUES ('ships', 3)").await;
        let said = failed(&site.run(&["serve"]).await);
        assert!(said.contains("the read model ships holds version 3, but this program is for no version"), "{said}");
        succeeded(&site.run(&["rebuild"]).await);
        site.start().await.admin().await.get("/api/session").await.expect(200);
    }

    async fn a_doctor_finds_nothing_wrong(server: Server) {
        let site = some_events(server).await;
        let said = succeeded(&site.run(&["doctor"]).await);
        let unbounded = "tokens: valid for 24 hours, or as long as the login asks, without a bound";
        assert!(said.contains(unbounded), "{said}");
        let bounded = site.with("MUNIMENT_TOKEN_HOURS_MOST", "8");
        let said = succeeded(&bounded.run(&["doctor"]).await);
        assert!(said.contains("tokens: valid for 8 hours, or as long as the login asks, at most 8 hours"), "{said}");
        for impossible in ["0", "1000001", "none"] {
            failed(&bounded.clone().with("MUNIMENT_TOKEN_HOURS_MOST", impossible).run(&["doctor"]).await);
        }
    }

    async fn a_doctor_finds_a_count_that_is_not_that_of_the_claims(server: Server) {
        let site = some_events(server).await;
        let mut database = database::open(&site).await;
        for (tampering, found) in [
            ("UPDATE claim_counts SET held = held + 1 WHERE scope = 'administrator'", "is 2, but there are 1 claims"),
            ("DELETE FROM claim_counts WHERE scope = 'administrator'", "is 0, but there are 1 claims"),
        ] {
            database.execute(tampering).await;
            let said = failed(&site.run(&["doctor"]).await);
            let message = format!("claims: the stored count of the scope administrator {found}");
            assert!(said.contains(&message), "{said}");
        }
        let said = succeeded(&site.run(&["rebuild"]).await);
        assert!(said.contains("corrected: the stored count of the scope administrator is 0"), "{said}");
        let said = succeeded(&site.run(&["doctor"]).await);
        assert!(said.contains("claims: their stored counts are right"), "{said}");
    }

    async fn a_doctor_lists_the_names_that_are_alike(server: Server) {
        let admin = server.admin().await;
        let grace = create_user(&admin, "grace").await;
        create_user(&admin, "ada").await;
        let site = server.terminate().await;
        let said = succeeded(&site.run(&["doctor"]).await);
        assert!(said.contains("names: no two are alike"), "{said}");

        // As the version before would have left it.
        let mut database = database::open(&site).await;
        for statement in [
            "UPDATE user_directory SET username = 'ADA' WHERE username = 'grace'",
            "DELETE FROM claims WHERE scope LIKE '%alike%'",
            "UPDATE ledger_head SET lowest_writer = 2",
        ] {
            database.execute(statement).await;
        }
        let said = succeeded(&site.run(&["doctor"]).await);
        assert!(said.contains("names: are not compared yet"), "{said}");
        let server = site.start().await;
        server.admin().await.post("/api/users", user("Ada", json!({}))).await.expect_error(409);
        let site = server.terminate().await;
        let said = succeeded(&site.run(&["doctor"]).await);
        assert!(said.contains("names: username \"") && said.contains("is like"), "{said}");
        for told in ["\"ADA\"", "\"ada\"", &grace, "names: pairs that are alike: 1"] {
            assert!(said.contains(told), "{told}: {said}");
        }

        database.execute("DELETE FROM claims WHERE scope = 'username_alike_others'").await;
        let said = failed(&site.run(&["doctor"]).await);
        assert!(said.contains("names: 3 names are claimed in scope username, but 2 are compared"), "{said}");
        let said = succeeded(&site.run(&["rebuild"]).await);
        assert!(said.contains("corrected: the lists of names that are alike"), "{said}");
        let said = succeeded(&site.run(&["doctor"]).await);
        assert!(said.contains("names: no two are alike"), "{said}");
    }

    async fn a_doctor_lists_the_roles_that_cannot_give_all_that_they_gave(server: Server) {
        let admin = server.admin().await;
        let site = server.terminate().await;
        let said = succeeded(&site.run(&["doctor"]).await);
        assert!(said.contains("granting: users give only what they hold (GRANTING=held)"), "{said}");
        assert!(said.contains("roles: all that can give hold what other roles grant"), "{said}");
        let server = site.start().await;
        let admin = server.anonymous().bearer(admin.token());
        create_role(&admin, "engineers", json!([mqtt("plant/#", "readWrite")])).await;
        create_role(&admin, "readers", json!([http("/api/users/+", "read")])).await;
        create_role(&admin, "deputies", json!([http("/#", "readWrite"), mqtt("#", "readWrite")])).await;
        let own = json!([mqtt("nobody/else", "read")]);
        create_user_with(&admin, "ada", json!({ "initialPermissions": own })).await;
        let desk = create_role(&admin, "desk", json!([http(&format!("/api/users/{NOBODY}/roles"), "write")])).await;
        let site = server.terminate().await;
        let said = succeeded(&site.run(&["doctor"]).await);
        let listed = format!("roles: \"desk\" ({desk}) does not hold what \"deputies\" grants: ");
        assert!(said.contains(&listed), "{said}");
        assert!(said.contains(", nor 3 other roles"), "{said}");
        assert!(said.contains("roles: 1 can use an endpoint that gives rights"), "{said}");
        let server = site.start().await;
        let admin = server.anonymous().bearer(admin.token());
        for number in 0..25 {
            create_role(&admin, &format!("desk {number:02}"), json!([http("/api/roles/#", "write")])).await;
        }
        let site = server.terminate().await;
        let said = succeeded(&site.run(&["doctor"]).await);
        assert!(said.contains("roles: more than 20 can use an endpoint"), "{said}");
        assert_eq!(said.matches("does not hold what").count(), 20, "{said}");
        let said = succeeded(&site.with("MUNIMENT_GRANTING", "any").run(&["doctor"]).await);
        assert!(said.contains("(GRANTING=any)") && !said.contains("roles: "), "{said}");
    }

    async fn readiness_is_said_to_anybody(server: Server) {
        server.anonymous().get("/healthz").await.expect(200);
        server.anonymous().get("/readyz").await.expect(200);
    }
}

/// Makes a test per engine from each of these tests. Each has a site on which nothing was started yet.
macro_rules! on_both_sites {
    ($($(#[$attribute:meta])* async fn $name:ident($site:ident: Site) $body:block)*) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            async fn scenario($site: Site) $body

            #[tokio::test]
            async fn sqlite() {
                scenario(Site::new(Engine::Sqlite)).await;
            }

            #[tokio::test]
            async fn postgres() {
                scenario(Site::new(Engine::Postgres)).await;
            }
        }
    )*};
}

on_both_sites! {
    async fn a_generated_password_is_printed_at_the_first_start_only(site: Site) {
        let server = site.without("MUNIMENT_ADMIN_PASSWORD").start().await;
        server.ask_to_end();
        let first = server.ended().await;

        let server = first.site.start().await;
        let password = password_in(&first.stdout, &server.anonymous()).await;
        let password = password.expect("the first start should print the password");
        assert!(password.len() >= 16, "a generated password should not be guessed");
        assert!(!first.log.contains(&password), "the password should not be in the log");
        server.ask_to_end();
        let second = server.ended().await;
        assert!(!second.stdout.contains(&password) && !second.log.contains(&password), "{}", second.stdout);
    }

    async fn a_given_password_counts_at_the_first_start_only(site: Site) {
        let site = site.start().await.terminate().await;
        let server = site.with("MUNIMENT_ADMIN_PASSWORD", "another password").start().await;
        let body = json!({ "username": "admin", "password": "another password" });
        server.anonymous().post("/api/login", body).await.expect_error(401);
        server.admin().await;
        assert!(!server.stdout().contains(ADMIN_PASSWORD), "{}", server.stdout());
    }

    async fn migrating_twice_is_migrating_once(site: Site) {
        succeeded(&site.run(&["migrate"]).await);
        succeeded(&site.run(&["migrate"]).await);
        site.start().await.admin().await;
    }

    async fn a_ledger_without_events_takes_the_versions_of_the_program(site: Site) {
        succeeded(&site.run(&["migrate"]).await);
        let mut database = database::open(&site).await;
        database.execute("UPDATE read_models SET version = 0 WHERE name = 'sessions'").await;
        let server = site.start().await;
        server.admin().await.get("/api/session").await.expect(200);
        let site = server.terminate().await;
        succeeded(&site.run(&["doctor"]).await);
    }

    async fn a_policy_that_is_none_is_refused(site: Site) {
        for policy in [r#"{"min":"x"}"#, "{", "5", "[]", "[5]", r#"{"min":-1}"#, r#"{"minimum":5}"#] {
            let (_, said) = site.clone().with("MUNIMENT_PASSWORD_POLICY", policy).refuses_to_start().await;
            assert!(said.contains("PASSWORD_POLICY") || said.contains("password_policy"), "{policy}: {said}");
        }
    }

    async fn the_first_password_must_satisfy_the_policy(site: Site) {
        let site =
            site.with("MUNIMENT_PASSWORD_POLICY", r#"{"min":8,"lower":1,"upper":1,"numeric":1,"symbol":1}"#);
        for weak in ["Aa1!", "aaaaaaa1!", "AAAAAAA1!", "Aaaaaaaa!", "Aaaaaaaa1"] {
            let (_, said) = site.clone().with("MUNIMENT_ADMIN_PASSWORD", weak).refuses_to_start().await;
            assert!(said.to_lowercase().contains("password"), "{said}");
            assert!(!said.contains(weak), "the password should not be repeated: {said}");
        }
        let server = site.with("MUNIMENT_ADMIN_PASSWORD", "Aaaaaaa1!").start().await;
        let admin = server.anonymous().login("admin", "Aaaaaaa1!").await;
        admin.post("/api/users", user("ada", json!({ "password": "nouppercase1!" }))).await.expect_error(400);
        admin.post("/api/users", user("ada", json!({ "password": "Ñandú-7-ß" }))).await.expect(201);

        // A policy that is stricter than the password of the first start ends no server.
        let site = server.terminate().await.with("MUNIMENT_PASSWORD_POLICY", r#"{"min":20}"#);
        let server = site.start().await;
        server.anonymous().login("admin", "Aaaaaaa1!").await;
    }

    async fn settings_that_make_no_sense_are_refused_by_name(site: Site) {
        for (name, value) in [
            ("MUNIMENT_LISTEN", "nowhere"),
            ("MUNIMENT_PASSWORD_MEMORY_KIB", "much"),
            ("MUNIMENT_TOKEN_HOURS", "0"),
            ("MUNIMENT_DATABASE_URL", "mysql://somewhere"),
            ("MUNIMENT_LISTNE", "127.0.0.1:0"),
        ] {
            let (_, said) = site.clone().with(name, value).refuses_to_start().await;
            let field = name.trim_start_matches("MUNIMENT_");
            assert!(said.contains(field) || said.contains(&field.to_lowercase()), "{name}: {said}");
        }
    }

    async fn a_port_that_is_taken_is_said(site: Site) {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port should be free");
        let address = taken.local_addr().expect("an address").to_string();
        let (_, said) = site.with("MUNIMENT_LISTEN", &address).refuses_to_start().await;
        assert!(said.contains(&address), "{said}");
    }

    async fn commands_that_read_make_no_ledger(site: Site) {
        // A typing error in a path must not look like an empty, healthy ledger.
        failed(&site.run(&["verify"]).await);
    }
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_is_refused() {
    let server = Server::start(Engine::Sqlite).await;
    let said = failed(&server.site().run(&["serve"]).await).to_lowercase();
    let folder = server.site().data().to_string_lossy().to_lowercase();
    assert!(said.contains(&folder), "the folder should be named: {said}");
    create_user(&server.admin().await, "ada").await;
    let _ = server.terminate().await;
}

#[tokio::test]
async fn a_folder_is_free_again_after_a_kill() {
    let site = Server::start(Engine::Sqlite).await.kill9().await;
    site.start().await.admin().await;
}

#[tokio::test]
async fn a_ledger_sealed_with_another_key_is_not_opened() {
    let site = Server::start(Engine::Postgres).await.terminate().await;
    for (_, said) in [
        site.without_keys().refuses_to_start().await,
        // A first refusal must not change this: a key that it made would look like the right key.
        site.without_keys().refuses_to_start().await,
    ] {
        assert!(said.to_lowercase().contains("key"), "{said}");
    }
    site.start().await.admin().await;
}

#[tokio::test]
async fn a_folder_that_lost_its_keys_is_not_opened() {
    let site = Server::start(Engine::Sqlite).await.terminate().await;
    let database = site.sqlite_file();
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(site.data()).expect("the data folder should be readable") {
        let path = entry.expect("the data folder should be readable").path();
        let is_database = path.to_string_lossy().starts_with(&*database.to_string_lossy());
        if path.is_file() && !is_database {
            kept.push((
                path.clone(),
                std::fs::read(&path).expect("a file should be readable"),
            ));
            std::fs::remove_file(&path).expect("a file should be removable");
        }
    }
    for _ in 0..2 {
        let (_, said) = site.clone().refuses_to_start().await;
        assert!(said.to_lowercase().contains("key"), "{said}");
    }
    for (path, content) in kept {
        std::fs::write(path, content).expect("a file should be writable");
    }
    site.start().await.admin().await;
}

#[tokio::test]
async fn keys_and_database_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| {
        std::fs::metadata(path)
            .expect("it should be there")
            .permissions()
            .mode()
            & 0o777
    };
    let site = Site::new(Engine::Sqlite);
    let folder = site.data().join("a/new/one");
    let server = site
        .with("MUNIMENT_DATA_DIR", &folder.to_string_lossy())
        .start()
        .await;
    assert_eq!(mode(&folder), 0o700);
    // Another program may make the folder readable, so the keys have permissions of their own.
    let files = std::fs::read_dir(&folder).expect("the data folder should be readable");
    let files = files.map(|file| file.expect("the data folder should be readable").path());
    let is_key = |path: &PathBuf| {
        path.extension()
            .is_some_and(|kind| kind == "key" || kind == "pem")
    };
    let keys: Vec<_> = files.filter(is_key).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    keys.iter()
        .for_each(|key| assert_eq!(mode(key), 0o600, "{key:?}"));
    let _ = server.terminate().await;
}

#[tokio::test]
async fn the_command_line_explains_itself() {
    let site = Site::new(Engine::Sqlite);
    let help = succeeded(&site.run(&["--help"]).await);
    for command in ["serve", "migrate", "verify", "rebuild", "events", "doctor"] {
        assert!(help.contains(command), "{command} should be in the help: {help}");
    }
    succeeded(&site.run(&["--version"]).await);
    let said = failed(&site.run(&["dance"]).await);
    assert!(said.contains("dance"), "{said}");
    failed(&site.run(&["serve", "--loudly"]).await);
}
