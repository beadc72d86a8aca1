//! What ends sessions: a change of the credential that proved them.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Client, Response},
    connectware::*,
    server::Server,
};

const CHANGE: &str = "/api/users/change-password";
const NEXT: &str = "the user's next password";

/// A user with sessions, and the administrator who changes the user.
struct Scene {
    admin: Client,
    id: String,
    sessions: Vec<Client>,
}

impl Scene {
    async fn of(server: &Server) -> Self {
        Self::with(server, json!({})).await
    }

    async fn with(server: &Server, more: Value) -> Self {
        let admin = server.admin().await;
        let id = create_user_with(&admin, "ada", more).await;
        let log_in = |hours: i64| {
            let body = json!({ "username": "ada", "password": PASSWORD, "expireTimeInHours": hours });
            let answer = server.anonymous().post("/api/login", body);
            async move { answer.await.expect(200).json() }
        };
        let mut sessions = Vec::new();
        for hours in [1, 99_999, 1_000_000] {
            sessions.push(server.anonymous().bearer(text(&log_in(hours).await["token"])));
        }
        Self { admin, id, sessions }
    }

    async fn change(&self, change: Value) -> Response {
        self.admin
            .put(format!("/api/users/{}", self.id), change)
            .await
            .expect(200)
    }

    /// For each of the user's tokens, whether it is good. All who decide about tokens must agree.
    async fn live(&self) -> Vec<bool> {
        let mut live = Vec::new();
        for session in &self.sessions {
            let is_live = session.get("/api/session").await.status == 200;
            let by_query = session
                .anonymous()
                .get(format!("/api/session?apiToken={}", session.token()));
            assert_eq!(by_query.await.status == 200, is_live);
            assert_eq!(
                self.reason(session.token(), json!({})).await != "token_void",
                is_live
            );
            live.push(is_live);
        }
        let listed = self
            .admin
            .get(format!("/api/users/{}/tokens", self.id))
            .await
            .expect(200)
            .json();
        assert_eq!(
            list(&listed).len(),
            live.iter().filter(|live| **live).count(),
            "{listed}"
        );
        assert_eq!(get_user(&self.admin, &self.id).await["tokens"], listed);
        live
    }

    /// Why a question about a token is denied, in this context.
    async fn reason(&self, token: &str, context: Value) -> Value {
        let question = json!({
            "subject": { "type": "token", "id": token },
            "action": { "name": "read" },
            "resource": { "type": "http", "id": "/api/users/ids" },
            "context": context,
        });
        let answer = self
            .admin
            .post("/access/v1/evaluation", question)
            .await
            .expect(200)
            .json();
        assert_eq!(answer["decision"], false);
        answer["context"]["reason"].clone()
    }
}

fn methods(methods: &[&str]) -> Value {
    let each = methods
        .iter()
        .map(|method| json!({ "method": method, "isRequired": false }));
    json!({ "grantTypes": each.collect::<Vec<_>>() })
}

both_engines! {
    async fn a_password_that_is_set_ends_all_sessions(server: Server) {
        let scene = Scene::of(&server).await;
        assert_eq!(scene.live().await, [true; 3]);
        scene.change(json!({ "password": NEXT })).await;
        assert_eq!(scene.live().await, [false; 3]);
        let next = server.anonymous().login("ada", NEXT).await;
        next.get("/api/session").await.expect(200);
        // Those who changed the user and other users are not concerned.
        scene.admin.get("/api/session").await.expect(200);
        // It is no matter that the password is the same again.
        scene.change(json!({ "password": NEXT })).await;
        next.get("/api/session").await.expect_error(401);
    }

    async fn a_session_that_changes_its_own_password_goes_on_alone(server: Server) {
        let scene = Scene::of(&server).await;
        let own = &scene.sessions[1];
        own.put(CHANGE, json!({ "password": PASSWORD, "newPassword": NEXT })).await.expect(204);
        assert_eq!(scene.live().await, [false, true, false]);
        // It is kept each time, until somebody else sets the password.
        own.put(CHANGE, json!({ "password": NEXT, "newPassword": PASSWORD })).await.expect(204);
        assert_eq!(scene.live().await, [false, true, false]);
        scene.change(json!({ "password": NEXT })).await;
        assert_eq!(scene.live().await, [false; 3]);
    }

    async fn another_session_may_be_kept_later(server: Server) {
        let mut scene = Scene::of(&server).await;
        scene.sessions[0].put(CHANGE, json!({ "password": PASSWORD, "newPassword": NEXT })).await.expect(204);
        scene.sessions.push(server.anonymous().login("ada", NEXT).await);
        assert_eq!(scene.live().await, [true, false, false, true]);
        scene.sessions[3].put(CHANGE, json!({ "password": NEXT, "newPassword": PASSWORD })).await.expect(204);
        assert_eq!(scene.live().await, [false, false, false, true]);
    }

    async fn a_change_by_basic_ends_all_sessions(server: Server) {
        let scene = Scene::of(&server).await;
        let basic = server.anonymous().basic("ada", PASSWORD);
        basic.put(CHANGE, json!({ "password": PASSWORD, "newPassword": NEXT })).await.expect(204);
        assert_eq!(scene.live().await, [false; 3]);
        basic.get("/api/session").await.expect_error(401);
        server.anonymous().basic("ada", NEXT).get("/api/session").await.expect(200);
    }

    async fn a_refused_change_ends_nothing(server: Server) {
        let scene = Scene::of(&server).await;
        let own = &scene.sessions[0];
        own.put(CHANGE, json!({ "password": "a guess", "newPassword": NEXT })).await.expect_error_in(&[400, 401]);
        own.put(CHANGE, json!({ "password": PASSWORD, "newPassword": "four" })).await.expect_error(400);
        let path = format!("/api/users/{}", scene.id);
        own.put(&path, json!({ "password": NEXT })).await.expect_error(403);
        scene.admin.put(&path, json!({ "password": "four" })).await.expect_error(400);
        let refused = json!({ "password": NEXT, "identityProvider": "ldap" });
        scene.admin.put(&path, refused).await.expect_error(400);
        assert_eq!(scene.live().await, [true; 3]);
    }

    async fn what_proves_no_session_ends_no_session(server: Server) {
        let scene = Scene::of(&server).await;
        scene.change(json!({
            "username": "lovelace",
            "mqttPublishPrefix": "site/7",
            "enforceMFAEnrollment": true,
            "disableMfa": true,
            "permissions": [mqtt("a", "read")],
            "roles": [role_named(&scene.admin, "minimum-access").await],
            "grantTypes": [
                { "method": "token", "isRequired": false },
                { "method": "password", "isRequired": true },
            ],
            "identityProvider": "local",
        }))
        .await;
        let certificates = format!("/api/users/{}/certificates", scene.id);
        let fingerprint = "ab".repeat(32);
        scene.admin.post(&certificates, json!({ "fingerprint": fingerprint })).await.expect(204);
        assert_eq!(scene.live().await, [true; 3]);
    }

    async fn another_identity_provider_ends_all_sessions_for_good(server: Server) {
        for provider in ["ldap", "msEntraId"] {
            let scene = Scene::of(&server).await;
            scene.change(json!({ "identityProvider": provider })).await;
            assert_eq!(scene.live().await, [false; 3]);
            server.anonymous().basic("ada", PASSWORD).get("/api/session").await.expect_error(401);
            scene.change(json!({ "identityProvider": "local", "password": PASSWORD })).await;
            assert_eq!(scene.live().await, [false; 3]);
            scene.admin.delete(format!("/api/users/{}", scene.id)).await.expect(204);
        }
    }

    async fn a_method_that_is_no_longer_granted_ends_its_sessions_for_good(server: Server) {
        let scene = Scene::with(&server, methods(&["password", "token"])).await;
        scene.change(methods(&["token"])).await;
        assert_eq!(scene.live().await, [false; 3]);
        server.anonymous().basic("ada", PASSWORD).get("/api/session").await.expect_error(401);
        scene.change(methods(&["password", "token"])).await;
        assert_eq!(scene.live().await, [false; 3]);
        server.anonymous().login("ada", PASSWORD).await.get("/api/session").await.expect(200);
    }

    async fn a_second_required_method_ends_the_sessions_without_it_for_good(server: Server) {
        let scene = Scene::of(&server).await;
        scene.change(json!({ "grantTypes": [
            { "method": "password", "isRequired": false },
            { "method": "certificate", "isRequired": true },
        ]}))
        .await;
        assert_eq!(scene.live().await, [false; 3]);
        scene.change(methods(&["password"])).await;
        assert_eq!(scene.live().await, [false; 3]);
    }

    async fn a_deleted_users_sessions_stay_ended_when_the_name_comes_back(server: Server) {
        let scene = Scene::of(&server).await;
        scene.admin.delete(format!("/api/users/{}", scene.id)).await.expect(204);
        create_user(&scene.admin, "ada").await;
        for session in &scene.sessions {
            session.get("/api/session").await.expect_error(401);
        }
    }

    async fn the_past_says_until_when_a_session_was_good(server: Server) {
        let scene = Scene::of(&server).await;
        let ended = scene.change(json!({ "password": NEXT })).await.position();
        let token = scene.sessions[1].token();
        // The last event of the change is the end of the sessions.
        for (position, reason) in [(ended - 1, "no_grant"), (ended, "token_void")] {
            for context in [json!({ "at": position }), json!({ "at": position, "explain": true })] {
                assert_eq!(scene.reason(token, context.clone()).await, reason, "{context}");
            }
        }
        let question = |position: i64| json!({
            "subject": { "type": "token", "id": token },
            "action": { "name": "read" },
            "context": { "at": position },
            "evaluations": [{ "resource": { "type": "http", "id": "/api/users/ids" } }],
        });
        let answers = scene.admin.post("/access/v1/evaluations", question(ended - 1)).await.expect(200).json();
        assert_eq!(answers["evaluations"][0]["context"]["reason"], "no_grant", "{answers}");
        let answers = scene.admin.post("/access/v1/evaluations", question(ended)).await.expect(200).json();
        assert_eq!(answers["evaluations"][0]["context"]["reason"], "token_void", "{answers}");
    }

    async fn a_login_that_races_with_the_change_is_refused_or_ended(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let path = format!("/api/users/{id}");
        let (mut old, mut new) = (PASSWORD, NEXT);
        let (mut issued, mut refused) = (0, 0);
        // The change begins at a moment when some logins are done and others are not.
        let mut delay = Duration::ZERO;
        for round in 0..36 {
            let body = json!({ "username": "ada", "password": old });
            let logins = join_all((0..6).map(|_| server.anonymous().post("/api/login", body.clone()).into_future()));
            let change = match round % 3 {
                0 => json!({ "password": new }),
                1 => methods(&["certificate"]),
                _ => json!({ "identityProvider": "ldap" }),
            };
            let changed = async {
                tokio::time::sleep(delay).await;
                admin.put(&path, change).await
            };
            let (logins, changed) = tokio::join!(logins, changed);
            changed.expect(200);
            let (done, others): (Vec<_>, Vec<_>) = logins.iter().partition(|login| login.status == 200);
            match (done.len(), others.len()) {
                (0, _) => delay += delay / 2 + Duration::from_millis(2),
                (_, 0) => delay /= 2,
                (..) => {}
            }
            issued += done.len();
            refused += others.len();
            for login in others {
                login.expect_error_in(&[401, 409]);
            }
            for login in done {
                let session = server.anonymous().bearer(text(&login.json()["token"]));
                session.get("/api/session").await.expect_error(401);
            }
            let mut back = methods(&["password"]);
            back["identityProvider"] = json!("local");
            back["password"] = json!(new);
            admin.put(&path, back).await.expect(200);
            (old, new) = (new, old);
        }
        assert!(issued > 0 && refused > 0, "without a race this proves nothing: {issued}, {refused}");
    }
}
