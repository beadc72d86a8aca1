//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod api;

use kit as support;

use std::time::Duration;

use aggregates::{
    Command,
    user::{User, UserCommand},
    values::UserId,
};
use kit::{
    client::Client,
    connectware::*,
    openssl::Openssl,
    second_factor::{Enrolled, step},
    server::{ADMIN_PASSWORD, Server},
};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn a_token_ends_at_its_minute_and_not_before() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = create_user(&admin, "ada").await;
    let login = json!({ "username": "ada", "password": PASSWORD, "expireTimeInHours": 1 });
    let token = server
        .anonymous()
        .post("/api/login", login)
        .await
        .expect(200)
        .json();
    let ada = server.anonymous().bearer(text(&token["token"]));
    let tokens = async || {
        admin
            .get(format!("/api/users/{id}/tokens"))
            .await
            .expect(200)
            .json()
    };
    ada.get("/api/session").await.expect(200);
    server.advance(59 * MINUTE);
    ada.get("/api/session").await.expect(200);
    assert_eq!(list(&tokens().await).len(), 1);
    server.advance(MINUTE);
    ada.get("/api/session").await.expect_error(401);
    assert_eq!(tokens().await, json!([]));
    admin.get("/api/session").await.expect(200);
}

#[tokio::test]
async fn the_password_of_a_refused_request_is_not_hashed() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (ada, grace) = (
        create_user(&admin, "ada").await,
        create_user(&admin, "grace").await,
    );
    let rights = json!([http("/api/users/#", "write")]);
    let helper = caller(&admin, "helper", rights).await;
    let powers = json!({ "initialPermissions": [http("/api/roles/#", "write")] });
    let before = server.app().passwords.runs();
    for (status, new) in [
        (409, user("ada", json!({}))),
        (409, user("ADA", json!({}))),
        (403, user("new", powers)),
    ] {
        helper.post("/api/users", new.clone()).await.expect_error(status);
        helper
            .post("/api/users/batch", json!([new]))
            .await
            .expect_error(status);
    }
    let taken = json!({ "username": "grace", "password": PASSWORD });
    helper
        .put(format!("/api/users/{ada}"), taken)
        .await
        .expect_error(409);
    let powers = json!({ "permissions": [http("/api/roles/#", "write")], "password": PASSWORD });
    helper
        .put(format!("/api/users/{grace}"), powers)
        .await
        .expect_error(403);
    let elsewhere = json!({ "identityProvider": "ldap", "password": PASSWORD });
    admin
        .put(format!("/api/users/{grace}"), elsewhere)
        .await
        .expect_error(400);
    assert_eq!(server.app().passwords.runs(), before);
    // What is not refused is hashed, once.
    helper
        .post("/api/users", user("new", json!({})))
        .await
        .expect(201);
    helper
        .put(format!("/api/users/{ada}"), json!({ "password": "another one" }))
        .await
        .expect(200);
    assert_eq!(server.app().passwords.runs(), before + 2);
    server.anonymous().login("new", PASSWORD).await;
    server.anonymous().login("ada", "another one").await;
}

#[tokio::test]
async fn no_token_is_valid_for_longer_than_the_settings_allow() {
    let settings = [("MUNIMENT_TOKEN_HOURS_MOST", "8")];
    let server = Server::start_set(&settings).await;
    let log_in = async |hours: Value| {
        let login = json!({ "username": "admin", "password": ADMIN_PASSWORD, "expireTimeInHours": hours });
        server.anonymous().post("/api/login", login).await
    };
    let until = async |hours: Value| {
        let answer = log_in(hours).await.expect(200).json();
        let token = server.anonymous().bearer(text(&answer["token"]));
        let session = token.get("/api/session").await.expect(200).json();
        assert_eq!(session["expiresAt"], answer["expiresAt"]);
        (text(&answer["expiresAt"])[..16].to_owned(), token)
    };
    assert_eq!(until(json!(1)).await.0, "2026-01-31T13:00");
    // Without a wish a token would be valid for 24 hours.
    for hours in [json!(8), json!(9), json!(99_999), json!(1_000_000), json!(null)] {
        assert_eq!(until(hours.clone()).await.0, "2026-01-31T20:00", "{hours}");
    }
    for hours in [json!(0), json!(1_000_001), json!(i64::MAX)] {
        log_in(hours).await.expect_error(400);
    }
    let (_, token) = until(json!(99_999)).await;
    server.advance(8 * 60 * MINUTE);
    token.get("/api/session").await.expect_error(401);
}

/// Ways to lose a right, or the proof of who one is.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Password,
    OwnPassword,
    Provider,
    Tokens,
    Role,
    User,
}

impl Loss {
    const ALL: [Self; 6] = [
        Self::Password,
        Self::OwnPassword,
        Self::Provider,
        Self::Tokens,
        Self::Role,
        Self::User,
    ];

    async fn befall(self, admin: &Client, ada: &Client, id: &str) {
        let user = format!("/api/users/{id}");
        match self {
            Self::Password => drop(
                admin
                    .put(user, json!({ "password": "the next one" }))
                    .await
                    .expect(200),
            ),
            Self::OwnPassword => {
                let change = json!({ "password": PASSWORD, "newPassword": "the next one" });
                let other = ada.anonymous().login("ada", PASSWORD).await;
                drop(other.put("/api/users/change-password", change).await.expect(204));
            }
            Self::Provider => drop(
                admin
                    .put(user, json!({ "identityProvider": "ldap" }))
                    .await
                    .expect(200),
            ),
            Self::Tokens => drop(admin.delete(format!("{user}/tokens")).await.expect(204)),
            Self::Role => drop(admin.put(user, json!({ "roles": [] })).await.expect(200)),
            Self::User => drop(admin.delete(user).await.expect(204)),
        }
    }
}

#[tokio::test]
async fn who_holds_back_a_body_keeps_no_right_by_that() {
    for loss in Loss::ALL {
        for by_token in [true, false] {
            let server = Server::start().await;
            let admin = server.admin().await;
            let rights = json!([http("/api/users/#", "write"), http("/api/roles/#", "write")]);
            let helpers = create_role(&admin, "helpers", rights).await;
            let id = create_user_with(&admin, "ada", json!({ "roles": [helpers] })).await;
            let ada = match by_token {
                true => server.anonymous().login("ada", PASSWORD).await,
                false => server.anonymous().basic("ada", PASSWORD),
            };
            // Whoever loses nothing may take their time.
            let late = ada.post("/api/users", user("early", json!({}))).hold_back().await;
            late.release().await.expect(201);

            let calls = [
                ada.post("/api/users", user("mallory", json!({}))),
                ada.post("/api/users/batch", json!([user("mallory", json!({}))])),
                ada.post("/api/roles", role("mallory's", json!([]))),
            ];
            let mut held = Vec::new();
            for call in calls {
                held.push(call.hold_back().await);
            }
            loss.befall(&admin, &ada, &id).await;
            for held in held {
                held.release().await.expect_error_in(&[401, 403]);
            }
            let names = admin
                .get("/api/listUsers?pageNumber=1&rowsPerPage=100")
                .await
                .text();
            assert!(!names.contains("mallory"), "{loss:?} by token: {by_token}");
        }
    }
}

#[tokio::test]
async fn a_body_may_take_longer_than_the_memory_may_be_old() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let slow = admin
        .post("/api/roles", role("slow", json!([])))
        .hold_back()
        .await;
    let question = json!({
        "subject": { "type": "user", "id": admin_id(&admin).await },
        "action": { "name": "GET" },
        "resource": { "type": "http", "id": "/api/users" },
    });
    let slow_question = admin
        .post("/access/v1/evaluation", question.clone())
        .hold_back()
        .await;
    let still = admin.post("/access/v1/evaluation", question).hold_back().await;
    server.stand_still(Duration::from_millis(6_000));
    // A process that stood still does not know what happened meanwhile.
    assert_eq!(still.release().await.expect_error(503).code, "stale");
    server
        .app()
        .ledger()
        .read_to_head()
        .await
        .expect("SQLite answers");
    slow.release().await.expect(201);
    slow_question.release().await.expect(200);
}

#[tokio::test]
async fn a_process_that_stood_still_decides_nothing_until_it_has_looked() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.stand_still(Duration::from_millis(4_999));
    admin.get("/api/session").await.expect(200);
    server.stand_still(Duration::from_millis(2));
    let stale = admin.get("/api/session").await;
    assert_eq!(stale.expect_error(503).code, "stale");
    assert_eq!(stale.header("retry-after"), "1");
    server.anonymous().get("/api/session").await.expect_error(401);
    server
        .app()
        .ledger()
        .read_to_head()
        .await
        .expect("SQLite answers");
    admin.get("/api/session").await.expect(200);
}

#[tokio::test]
async fn what_is_lost_while_passwords_are_hashed_does_not_count() {
    // Hashing the passwords of a batch takes far longer than everything else.
    let settings = [
        ("MUNIMENT_PASSWORD_MEMORY_KIB", "19456"),
        ("MUNIMENT_PASSWORD_WORKERS", "1"),
    ];
    let server = Server::start_set(&settings).await;
    let admin = server.admin().await;
    let endpoint = create_role(&admin, "endpoint", json!([http("/api/users/batch", "write")])).await;
    let right = create_role(&admin, "right", json!([mqtt("a", "read")])).await;
    let giver = create_user_with(&admin, "giver", json!({ "roles": [endpoint, right] })).await;
    let caller = admin.login("giver", PASSWORD).await;
    let roles = format!("/api/users/{giver}/roles");
    let send = |more: Value| {
        let users = (0..40).map(|number| user(&format!("user.{number}"), more.clone()));
        caller
            .post("/api/users/batch", json!(users.collect::<Vec<_>>()))
            .into_future()
    };
    let meanwhile = async |change: kit::client::Call| {
        // The batch is judged and waits for its passwords.
        for _ in 0..10 {
            admin.get("/api/session").await.expect(200);
        }
        change.await.expect(204);
    };
    let without = |role: &str| admin.delete_with_body(&roles, json!({ "roleId": role }));
    let more = json!({ "initialPermissions": [mqtt("a", "read")] });
    let (answer, ()) = tokio::join!(send(more), meanwhile(without(&right)));
    let error = answer.expect_error(403);
    assert_eq!(error.code, "not_held", "{error:?}");
    assert!(error.message.contains("read on a in context mqtt"), "{error:?}");
    let (answer, ()) = tokio::join!(send(json!({})), meanwhile(without(&endpoint)));
    let error = answer.expect_error(403);
    assert_eq!(error.code, "forbidden", "{error:?}");
    admin
        .post(&roles, json!({ "roleId": endpoint }))
        .await
        .expect(204);
    let tokens = admin.delete(format!("/api/users/{giver}/tokens"));
    let (answer, ()) = tokio::join!(send(json!({})), meanwhile(tokens));
    answer.expect_error(401);
    let names = admin.get("/api/users/usernames").await.expect(200).json();
    assert_eq!(names, json!(["admin", "giver"]));
}

#[tokio::test]
async fn any_right_can_be_given_if_the_settings_say_so() {
    let server = Server::start_set(&[("MUNIMENT_GRANTING", "any")]).await;
    let admin = server.admin().await;
    let carrier = create_role(&admin, "carrier", json!([mqtt("plant/#", "readWrite")])).await;
    let giver = caller(&admin, "giver", json!([http("/api/#", "write")])).await;
    for (method, path, body) in api::giving::gifts(&admin, "giver", &carrier).await {
        let call = giver.call(method.clone(), &path);
        let answer = call.body("application/json", body.to_string()).await;
        assert!(answer.status < 300, "{method} {path} {body}: {answer:?}");
    }
    let first = admin_id(&admin).await;
    let change = json!({ "mqttPublishPrefix": "p/" });
    giver.put(format!("/api/users/{first}"), change).await.expect(200);
}

const REGISTRY: &str = "/api/client-registry";

/// The status of the answer to a device.
async fn registered(server: &Server, username: &str) -> u16 {
    let body = json!({ "username": username, "password": PASSWORD });
    let path = format!("{REGISTRY}/register");
    server.anonymous().post(path, body).await.status
}

#[tokio::test]
async fn the_registry_closes_at_its_time_and_not_before() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin
        .post(format!("{REGISTRY}/open"), json!({ "duration": 600_000 }))
        .await
        .expect(204);
    server.advance(9 * MINUTE);
    assert_eq!(registered(&server, "press.7").await, 202);
    server.advance(MINUTE);
    assert_eq!(registered(&server, "press.8").await, 423);
    // The device that has asked learns the answer all the same.
    assert_eq!(registered(&server, "press.7").await, 202);
}

#[tokio::test]
async fn a_shorter_window_of_the_registry_replaces_a_longer_one() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for minutes in [24 * 60, 1] {
        let window = json!({ "duration": minutes * 60_000 });
        admin.post("/api/client-registry/open", window).await.expect(204);
    }
    server.advance(MINUTE);
    assert_eq!(registered(&server, "press.7").await, 423);
}

#[tokio::test]
async fn what_nobody_confirms_expires_and_frees_its_name_and_its_place() {
    let settings = [
        ("MUNIMENT_REGISTRY_PENDING_MINUTES", "60"),
        ("MUNIMENT_REGISTRY_PENDING_MOST", "2"),
    ];
    let server = Server::start_set(&settings).await;
    let admin = server.admin().await;
    let open = json!({ "duration": 86_400_000 });
    admin.post(format!("{REGISTRY}/open"), open).await.expect(204);
    for name in ["press.7", "press.8"] {
        assert_eq!(registered(&server, name).await, 202);
    }
    let full = json!({ "username": "press.9", "password": PASSWORD });
    let full = server
        .anonymous()
        .post(format!("{REGISTRY}/register"), full)
        .await
        .expect_error(503);
    assert_eq!(full.code, "registry_full");
    // A confirmed device leaves its place to the next one.
    let press = json!({ "username": "press.8" });
    admin.post(format!("{REGISTRY}/confirm"), press).await.expect(201);
    assert_eq!(registered(&server, "press.9").await, 202);
    server.advance(59 * MINUTE);
    assert_eq!(registered(&server, "press.7").await, 202);
    assert_eq!(list(&admin.get(REGISTRY).await.json()).len(), 3);
    server.advance(MINUTE);
    let press = json!({ "username": "press.7" });
    for decide in ["confirm", "reject"] {
        admin
            .post(format!("{REGISTRY}/{decide}"), press.clone())
            .await
            .expect_error(404);
    }
    assert_eq!(admin.get(REGISTRY).await.expect(200).json(), json!([]));
    // Both places are free, one of them for another device with the same name.
    for name in ["press.10", "press.7"] {
        let body = json!({ "username": name, "password": "of another device" });
        server
            .anonymous()
            .post(format!("{REGISTRY}/register"), body)
            .await
            .expect(202);
    }
    // Who was let in in time stays.
    assert_eq!(registered(&server, "press.8").await, 201);
    let events = admin.get("/api/events?after=0").await.expect(200).text();
    assert_eq!(events.matches("registration.expired").count(), 2, "{events}");
}

#[tokio::test]
async fn an_address_may_register_a_number_of_times_in_a_minute() {
    let settings = [("MUNIMENT_REGISTRY_REQUESTS_PER_MINUTE", "3")];
    let server = Server::start_set(&settings).await;
    server.advance(MINUTE);
    for _ in 0..3 {
        assert_eq!(registered(&server, "press.7").await, 423);
    }
    assert_eq!(registered(&server, "press.7").await, 429);
    server.admin().await.get("/api/session").await.expect(200);
    server.advance(MINUTE);
    assert_eq!(registered(&server, "press.7").await, 423);
}

#[tokio::test]
async fn guesses_at_the_password_of_a_device_wait_longer_and_longer() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin
        .post(format!("{REGISTRY}/open"), json!({ "duration": 600_000 }))
        .await
        .expect(204);
    assert_eq!(registered(&server, "press.7").await, 202);
    server.rests();
    for number in 0..8 {
        let body = json!({ "username": "press.7", "password": format!("guess {number}") });
        let path = format!("{REGISTRY}/register");
        server.anonymous().post(path, body).await.expect_error(409);
    }
    let rests = server.rests();
    assert!(
        rests.len() > 2 && rests.is_sorted() && rests.last() > rests.first(),
        "{rests:?}"
    );
}

/// Random steps of operators and devices against the registry, and against the simplest registry that there could be.
mod registry_model {
    use std::collections::BTreeMap;

    use super::*;

    /// How many registrations may be pending.
    const ROOM: usize = 2;
    const MINUTE: u64 = 60;

    /// What the simplest registry knows of a name.
    #[derive(Clone, Debug)]
    struct Known {
        password: usize,
        /// The minute at which it expires; `None` once it is confirmed.
        expires: Option<u64>,
        /// The user, once it is confirmed.
        user: Option<String>,
        /// Whether the user was revoked: the name is taken, but nobody can ask by it.
        revoked: bool,
    }

    #[derive(Debug, Default)]
    struct Model {
        now: u64,
        open_until: u64,
        known: BTreeMap<usize, Known>,
    }

    impl Model {
        fn forget_expired(&mut self) {
            let now = self.now;
            self.known
                .retain(|_, known| known.expires.is_none_or(|expires| now < expires));
        }

        fn register(&mut self, name: usize, password: usize) -> u16 {
            self.forget_expired();
            let is_open = self.now < self.open_until;
            let same = self
                .known
                .get(&name)
                .filter(|known| known.password == password && !known.revoked);
            if let Some(known) = same {
                return if known.user.is_some() { 201 } else { 202 };
            }
            if !is_open {
                return 423;
            }
            if self.known.contains_key(&name) {
                return 409;
            }
            let pending = self.known.values().filter(|known| known.user.is_none());
            if pending.count() >= ROOM {
                return 503;
            }
            let known = Known {
                password,
                expires: Some(self.now + 60),
                user: None,
                revoked: false,
            };
            self.known.insert(name, known);
            202
        }

        fn is_pending(&mut self, name: usize) -> bool {
            self.forget_expired();
            self.known.get(&name).is_some_and(|known| known.user.is_none())
        }
    }

    /// A source of numbers that is the same in each run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).expect("31 bits") % end
        }
    }

    async fn ask(server: &Server, admin: &kit::client::Client, path: &str, body: Value) -> (u16, Value) {
        let answer = match path {
            "register" => {
                server
                    .anonymous()
                    .post(format!("{REGISTRY}/register"), body)
                    .await
            }
            path => admin.post(format!("{REGISTRY}/{path}"), body).await,
        };
        let json = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        (answer.status, json)
    }

    #[tokio::test]
    async fn the_registry_answers_as_the_simplest_one() {
        for seed in 0..6 {
            let settings = [
                ("MUNIMENT_REGISTRY_PENDING_MOST", "2"),
                ("MUNIMENT_REGISTRY_PENDING_MINUTES", "60"),
                // The credentials of operators must outlast the test.
                ("MUNIMENT_TOKEN_HOURS", "100000"),
            ];
            let server = Server::start_set(&settings).await;
            let admin = server.admin().await;
            let (mut model, mut numbers) = (Model::default(), Numbers(seed));
            let mut steps = Vec::new();
            for _ in 0..120 {
                let (name, password) = (numbers.below(4), numbers.below(2));
                let username = format!("press.{name}");
                let named = json!({ "username": username });
                let what = numbers.below(12);
                steps.push((what, name, password));
                match what {
                    0 => {
                        model.open_until = model.now + 20;
                        let body = json!({ "duration": 20 * MINUTE * 1_000 });
                        assert_eq!(ask(&server, &admin, "open", body).await.0, 204, "{steps:?}");
                    }
                    1 => {
                        model.open_until = 0;
                        assert_eq!(ask(&server, &admin, "close", json!({})).await.0, 204, "{steps:?}");
                    }
                    2 => {
                        // Half a minute more, so that no step falls on the very end of something.
                        model.now += 15;
                        server.advance(Duration::from_secs(15 * MINUTE));
                    }
                    3 | 4 => {
                        let is_pending = model.is_pending(name);
                        let (status, made) = ask(&server, &admin, "confirm", named).await;
                        assert_eq!(status, if is_pending { 201 } else { 404 }, "{steps:?}");
                        if let Some(known) = model.known.get_mut(&name).filter(|_| is_pending) {
                            (known.user, known.expires) = (Some(id_of(&made)), None);
                        }
                    }
                    5 => {
                        let is_pending = model.is_pending(name);
                        let (status, _) = ask(&server, &admin, "reject", named).await;
                        assert_eq!(status, if is_pending { 204 } else { 404 }, "{steps:?}");
                        if is_pending {
                            model.known.remove(&name);
                        }
                    }
                    6 => {
                        let user = model.known.get(&name).and_then(|known| known.user.clone());
                        if let Some(user) = user {
                            admin.delete(format!("/api/users/{user}")).await.expect(204);
                            model.known.remove(&name);
                        }
                    }
                    7 => {
                        if let Some(known) = model.known.get_mut(&name)
                            && let Some(user) = &known.user
                        {
                            admin
                                .post(format!("/api/users/{user}/revoke"), json!({}))
                                .await
                                .expect(204);
                            known.revoked = true;
                        }
                    }
                    _ => {
                        let body =
                            json!({ "username": username, "password": format!("password {password}") });
                        let expected = model.register(name, password);
                        let (status, answer) = ask(&server, &admin, "register", body).await;
                        assert_eq!(status, expected, "{steps:?} {answer} {model:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_login_waits_two_minutes_for_the_second_factor() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = Enrolled::user(&admin, "ada").await;
    let handle = ada.begin().await;
    server.advance(2 * MINUTE - Duration::from_secs(1));
    let now = step(&admin).await;
    ada.complete(&handle, &ada.device.wrong(now))
        .await
        .expect_error(401);
    server.advance(Duration::from_secs(1));
    let late = ada.complete(&handle, &ada.device.code(now)).await;
    assert_eq!(late.expect_error(401).code, "login_ended");
    ada.complete(&ada.begin().await, &ada.device.code(now))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_clock_may_be_wrong_by_one_step() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = Enrolled::user(&admin, "ada").await;
    let tries = async |step: i64| {
        ada.complete(&ada.begin().await, &ada.device.code(step))
            .await
            .status
    };
    server.advance(10 * MINUTE);
    let now = step(&admin).await;
    for (step, status) in [
        (now - 2, 401),
        (now + 2, 401),
        (now - 1, 200),
        (now - 1, 401),
        (now, 200),
        (now + 1, 200),
        // Codes of earlier steps are void, even if they were not used.
        (now, 401),
    ] {
        assert_eq!(tries(step).await, status, "{}", step - now);
    }
}

#[tokio::test]
async fn a_ban_ends_after_its_minutes() {
    let settings = [
        ("MUNIMENT_MFA_MAX_INVALID_OTPS", "2"),
        ("MUNIMENT_MFA_BAN_MINUTES", "7"),
    ];
    let server = Server::start_set(&settings).await;
    let admin = server.admin().await;
    let ada = Enrolled::user(&admin, "ada").await;
    let wrong = async || {
        let now = step(&admin).await;
        ada.complete(&ada.begin().await, &ada.device.wrong(now)).await
    };
    let right = async || {
        let now = step(&admin).await;
        ada.complete(&ada.begin().await, &ada.device.code(now)).await
    };
    server.advance(MINUTE);
    // A right code ends the count.
    wrong().await.expect_error(401);
    right().await.expect(200);
    wrong().await.expect_error(401);
    wrong().await.expect_error(401);
    server.advance(MINUTE);
    let banned = right().await;
    assert_eq!(banned.expect_error(429).code, "too_many_wrong_codes");
    let seconds: u64 = banned.header("retry-after").parse().expect("a number");
    assert!((355..=361).contains(&seconds), "{seconds}");
    server.advance(5 * MINUTE);
    right().await.expect_error(429);
    server.advance(MINUTE);
    // Wrong codes during the ban were not counted.
    wrong().await.expect_error(401);
    right().await.expect(200);
}

#[tokio::test]
async fn neither_secrets_nor_codes_reach_the_log() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = Enrolled::user(&admin, "ada").await;
    let handle = ada.begin().await;
    ada.complete(&handle, "000000").await;
    ada.complete_by_backup_code(&handle, &ada.backup_codes[0])
        .await
        .expect(200);
    let log = server.log();
    for secret in [handle.as_str(), ada.backup_codes[0].as_str(), ada.device.secret()] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn certificates_that_can_no_longer_be_renewed_do_not_keep_a_user_from_being_renamed() {
    let settings = [
        ("MUNIMENT_CERTIFICATE_DAYS", "10"),
        ("MUNIMENT_CERTIFICATE_GRACE_DAYS", "5"),
    ];
    let (server, openssl) = (Server::start_set(&settings).await, Openssl::default());
    let admin = server.admin().await;
    let user = create_user(&admin, "press.7").await;
    let path = format!("/api/users/{user}");
    let issue = async |admin: &Client, name: &str| {
        let body = json!({ "userId": user, "csr": openssl.csr(name, "/CN=press.7") });
        admin.post("/api/certificates/issued", body).await.expect(201);
    };
    issue(&admin, "first").await;
    server.advance(14 * DAY);
    let admin = server.admin().await;
    let renamed = json!({ "username": "press.8", "password": "the second one" });
    let refused = admin.put(&path, renamed.clone()).await.expect_error(409);
    assert_eq!(refused.code, "certificates_name_user", "it can still be renewed");
    issue(&admin, "second").await;
    server.advance(2 * DAY);
    let admin = server.admin().await;
    admin.put(&path, renamed.clone()).await.expect_error(409);
    let issued = async |admin: &Client| {
        let found = admin
            .get(format!("/api/certificates/issued?user={user}"))
            .await
            .expect(200)
            .json();
        let of_each = list(&found["certificates"])
            .iter()
            .map(|one| one["revokedOn"].is_i64());
        of_each.collect::<Vec<bool>>()
    };
    assert_eq!(
        issued(&admin).await,
        [false, false],
        "a refused renaming takes nothing"
    );
    server.advance(14 * DAY);
    let admin = server.admin().await;
    // All else leaves the certificates alone.
    admin
        .put(&path, json!({ "username": "press.7" }))
        .await
        .expect(200);
    assert_eq!(issued(&admin).await, [false, false]);
    admin.put(&path, renamed).await.expect(200);
    assert_eq!(issued(&admin).await, [true, true]);
}

#[tokio::test]
async fn a_user_has_no_more_valid_tokens_than_the_settings_allow() {
    let server = Server::start_set(&[("MUNIMENT_SESSIONS_MOST", "3")]).await;
    let admin = server.admin().await;
    let id = create_user(&admin, "ada").await;
    let log_in = async |password: &str, hours: i64| {
        let body = json!({ "username": "ada", "password": password, "expireTimeInHours": hours });
        server.anonymous().post("/api/login", body).await
    };
    log_in(PASSWORD, 1).await.expect(200);
    log_in(PASSWORD, 99_999).await.expect(200);
    let last = log_in(PASSWORD, 99_999).await.expect(200).json();
    let refused = log_in(PASSWORD, 1).await.expect_error(409);
    assert_eq!(refused.code, "too_many_sessions");
    // Whoever does not know the password learns nothing of it.
    log_in("a guess", 1).await.expect_error(401);
    // Others log in, and the tokens go on.
    server.admin().await;
    let ada = server.anonymous().bearer(text(&last["token"]));
    ada.get("/api/session").await.expect(200);
    // A token that has expired does not count.
    server.advance(60 * MINUTE);
    log_in(PASSWORD, 99_999).await.expect(200);
    log_in(PASSWORD, 99_999).await.expect_error(409);
    // HTTP Basic needs no session.
    let admin = server.anonymous().basic("admin", ADMIN_PASSWORD);
    admin.delete(format!("/api/users/{id}/tokens")).await.expect(204);
    log_in(PASSWORD, 1).await.expect(200);
}

#[tokio::test]
async fn the_number_of_tokens_needs_no_bound() {
    let server = Server::start_set(&[("MUNIMENT_SESSIONS_MOST", "0")]).await;
    for _ in 0..4 {
        server.admin().await;
    }
}

#[tokio::test]
async fn a_login_with_a_second_factor_is_refused_too_and_uses_up_nothing() {
    let server = Server::start_set(&[("MUNIMENT_SESSIONS_MOST", "2")]).await;
    let admin = server.admin().await;
    let ada = Enrolled::user(&admin, "ada").await;
    let (first, second) = (ada.begin().await, ada.begin().await);
    ada.complete(&first, &ada.device.code(ada.step))
        .await
        .expect_error(401);
    server.advance(MINUTE / 2);
    ada.complete(&first, &ada.device.code(ada.step + 1))
        .await
        .expect(200);
    server.advance(MINUTE / 2);
    let code = ada.device.code(ada.step + 2);
    let refused = ada.complete(&second, &code).await.expect_error(409);
    assert_eq!(refused.code, "too_many_sessions");
    let path = format!("/api/users/{}/tokens", ada.id);
    let tokens = admin.get(&path).await.expect(200).json();
    let which = text(&list(&tokens)[0]["fingerprint"]);
    admin.delete(format!("{path}?tokenId={which}")).await.expect(204);
    ada.complete(&second, &code).await.expect(200);
}

/// The answer to a request for all users: 200, or the code of the refusal.
async fn asks_for_all(caller: &Client) -> String {
    let answer = caller.get("/api/users/ids").await;
    match answer.status {
        200 => "200".to_owned(),
        _ => answer.expect_error(403).code,
    }
}

#[tokio::test]
async fn a_password_that_is_too_old_must_be_changed_at_the_next_login() {
    let server = Server::start_set(&[("MUNIMENT_PASSWORD_DAYS_MOST", "90")]).await;
    let admin = server.admin().await;
    let rights = json!({ "initialPermissions": [http("/#", "readWrite")] });
    for name in ["ada", "grace"] {
        create_user_with(&admin, name, rights.clone()).await;
    }
    let long = async |name: &str, password: &str| {
        let login = json!({ "username": name, "password": password, "expireTimeInHours": 99_999 });
        let answer = server
            .anonymous()
            .post("/api/login", login)
            .await
            .expect(200)
            .json();
        server.anonymous().bearer(text(&answer["token"]))
    };
    let change = json!({ "password": PASSWORD, "newPassword": "the next one" });
    let before = long("ada", PASSWORD).await;
    server.pass(90 * DAY - MINUTE).await;
    assert_eq!(asks_for_all(&long("ada", PASSWORD).await).await, "200");
    let by_name = server.anonymous().basic("grace", PASSWORD);
    assert_eq!(asks_for_all(&by_name).await, "200");

    server.pass(MINUTE).await;
    // A session goes on. The next proof by the password is limited, and from then on the sessions are, too.
    assert_eq!(asks_for_all(&before).await, "200");
    let after = long("ada", PASSWORD).await;
    assert_eq!(asks_for_all(&after).await, "password_change_needed");
    assert_eq!(asks_for_all(&before).await, "password_change_needed");
    assert_eq!(asks_for_all(&by_name).await, "password_change_needed");
    after
        .put("/api/users/change-password", change.clone())
        .await
        .expect(204);
    assert_eq!(asks_for_all(&after).await, "200");
    by_name
        .put("/api/users/change-password", change)
        .await
        .expect(204);
    assert_eq!(
        asks_for_all(&server.anonymous().basic("grace", "the next one")).await,
        "200"
    );

    // The new password is good for as long.
    server.pass(89 * DAY).await;
    assert_eq!(asks_for_all(&long("ada", "the next one").await).await, "200");
    server.pass(DAY).await;
    assert_eq!(
        asks_for_all(&long("ada", "the next one").await).await,
        "password_change_needed"
    );
    let log = server.log();
    assert!(!log.contains("the next one"));
}

#[tokio::test]
async fn an_old_password_under_a_stronger_hash_stays_old() {
    let server = Server::start_set(&[("MUNIMENT_PASSWORD_DAYS_MOST", "1")]).await;
    let admin = server.admin().await;
    let id = create_user(&admin, "ada").await;
    let user = UserId::parse(&id).expect("an id");
    let (state, _) = server.app().executor.read::<User>(user).await.expect("a user");
    let rehash = UserCommand::RehashPassword {
        verified: state.password_hash.clone().expect("a password"),
        password_hash: state.password_hash.expect("a password"),
    };
    server.pass(DAY - MINUTE).await;
    let commands = vec![Command::User(user, rehash)];
    let metadata = ledger::Metadata::system("login");
    server
        .app()
        .executor
        .execute(commands, &metadata)
        .await
        .expect("a hash");
    server.pass(MINUTE).await;
    assert_eq!(
        asks_for_all(&admin.login("ada", PASSWORD).await).await,
        "password_change_needed"
    );
}

#[tokio::test]
async fn machines_need_no_new_password_because_of_its_age() {
    let server = Server::start_set(&[("MUNIMENT_PASSWORD_DAYS_MOST", "30")]).await;
    let admin = server.admin().await;
    let rights = json!([http("/#", "readWrite"), mqtt("#", "readWrite")]);
    create_user_with(&admin, "person", json!({ "initialPermissions": rights })).await;
    let service = json!({ "initialPermissions": rights, "autoGenerated": true });
    create_user_with(&admin, "service", service).await;
    admin
        .post("/api/client-registry/open", json!({ "duration": 3_600_000 }))
        .await
        .expect(204);
    let device = json!({ "username": "press.7", "password": PASSWORD, "context": "a press" });
    server
        .anonymous()
        .post("/api/client-registry/register", device)
        .await
        .expect(202);
    let grant = json!({ "username": "press.7", "initialPermissions": rights });
    admin
        .post("/api/client-registry/confirm", grant)
        .await
        .expect(201);
    server.pass(1_000 * DAY).await;
    let broker = server.broker();
    let connects = async |name: &str| {
        let connect = json!({ "username": name, "password": PASSWORD, "clientid": "c1" });
        broker.post("/hooks/emqx/authn", connect).await.expect(200).json()["result"] == "allow"
    };
    for name in ["service", "press.7"] {
        assert!(connects(name).await);
        assert_eq!(
            asks_for_all(&server.anonymous().basic(name, PASSWORD)).await,
            "200"
        );
        assert_eq!(
            asks_for_all(&admin.anonymous().login(name, PASSWORD).await).await,
            "200"
        );
        assert!(connects(name).await);
    }
    // A broker never asks for the age. Once the person has logged in, a change is demanded everywhere.
    assert!(connects("person").await);
    let basic = server.anonymous().basic("person", PASSWORD);
    assert_eq!(asks_for_all(&basic).await, "password_change_needed");
    assert!(!connects("person").await);
}
