//! `/auth/authenticate`: signing in, refreshing, signing out.

use std::collections::BTreeSet;

use axum::http::Method;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;

use super::*;
use crate::support::{
    both_engines,
    client::assert_keys,
    connectware::*,
    second_factor::{Enrolled, enable, step},
};

/// The tokens of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

#[track_caller]
pub(crate) fn pair(answer: Response) -> Pair {
    let answer = answer.expect(200);
    assert!(
        answer.body.len() < 400,
        "the client does not read {} bytes",
        answer.body.len()
    );
    let body = answer.json();
    assert_keys(&body, &["AccessToken", "RefreshToken"]);
    Pair {
        access: text(&body["AccessToken"]).to_owned(),
        refresh: text(&body["RefreshToken"]).to_owned(),
    }
}

pub(crate) async fn try_sign_in(server: &Server, username: &str, password: &str) -> Response {
    let body = json!({ "Username": username, "Password": password, "KeepLoggedIn": false });
    server.anonymous().post("/auth/authenticate/signin", body).await
}

pub(crate) async fn sign_in(server: &Server, username: &str, password: &str) -> Pair {
    pair(try_sign_in(server, username, password).await)
}

pub(crate) async fn refresh(server: &Server, token: &str, body: Value) -> Response {
    let client = server.anonymous().bearer(token);
    client.post("/auth/authenticate/refresh-token", body).await
}

fn rotate() -> Value {
    json!({ "GrantType": "RefreshToken" })
}

/// What a JWT says: its header and its claims.
fn said(token: &str) -> (Value, Value) {
    let mut parts = token
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url"));
    let mut next = || serde_json::from_slice(&parts.next().expect("a part")).expect("JSON");
    (next(), next())
}

/// Whether an access token counts.
async fn counts(server: &Server, access: &str) -> bool {
    let answer = server
        .anonymous()
        .bearer(access)
        .get("/auth/admin/agreements")
        .await;
    match answer.status {
        200 | 403 => true,
        _ => {
            refused(&answer, 401, "unauthorized");
            false
        }
    }
}

/// What the ledger has about sign-ins of this kind.
async fn recorded(admin: &Client, event_type: &str) -> Vec<Value> {
    let path = format!("/api/events?eventType={event_type}");
    let events = admin.get(path).await.expect(200).json();
    list(&events["events"]).clone()
}

both_engines! {
    async fn somebody_signs_in_and_out(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let tokens = sign_in(&server, "ada", PASSWORD).await;
        let (header, claims) = said(&tokens.access);
        assert_eq!(header, json!({ "alg": "HS256" }));
        assert_keys(&claims, &["sub", "exp", "jti"]);
        assert_eq!(claims["sub"], id);
        let (header, claims) = said(&tokens.refresh);
        assert_eq!(header, json!({ "alg": "HS256" }));
        assert_keys(&claims, &["exp", "jti"]);
        assert!(counts(&server, &tokens.access).await);
        let again = pair(refresh(&server, &tokens.refresh, json!({})).await);
        assert_eq!(again.refresh, tokens.refresh, "{{}} never rotates");
        assert_ne!(again.access, tokens.access);
        let out = server.anonymous().bearer(&tokens.access).post("/auth/authenticate/signout", json!({})).await;
        let out = out.expect(200).json();
        assert_eq!((&out["AuthorizationInvalid"], &out["UUID"]), (&json!(false), &json!(id)));
        assert!(!text(&out["Message"]).is_empty() && out.get("error").is_none(), "{out}");
        // All its access tokens have ended, and the refresh token.
        for access in [&tokens.access, &again.access] {
            assert!(!counts(&server, access).await);
        }
        for body in [json!({}), rotate()] {
            refused(&refresh(&server, &tokens.refresh, body).await, 401, "unauthorized");
        }
        let again = server.anonymous().bearer(&tokens.access).post("/auth/authenticate/signout", json!({})).await;
        refused(&again, 401, "unauthorized");
        // Another sign-in of the user goes on.
        let other = sign_in(&server, "ada", PASSWORD).await;
        assert!(counts(&server, &other.access).await);
        assert_eq!(recorded(&admin, "sign_in.ended").await.len(), 1);
    }

    async fn the_parent_gets_the_same_successor_and_an_older_one_ends_all(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let first = sign_in(&server, "ada", PASSWORD).await;
        let other = sign_in(&server, "ada", PASSWORD).await;
        let second = pair(refresh(&server, &first.refresh, rotate()).await);
        assert_ne!(second.refresh, first.refresh);
        // As the client of Scailable does: it shows the first one again before each call.
        for body in [rotate(), json!({}), rotate()] {
            let again = pair(refresh(&server, &first.refresh, body).await);
            assert_eq!(again.refresh, second.refresh);
            assert!(counts(&server, &again.access).await);
        }
        let third = pair(refresh(&server, &second.refresh, rotate()).await);
        assert_eq!(pair(refresh(&server, &second.refresh, rotate()).await).refresh, third.refresh);
        assert!(counts(&server, &third.access).await);
        assert_eq!(recorded(&admin, "sign_in.ended").await, Vec::<Value>::new());
        // The grandparent: somebody has a copy.
        refused(&refresh(&server, &first.refresh, json!({})).await, 401, "unauthorized");
        for token in [&first.refresh, &second.refresh, &third.refresh] {
            refused(&refresh(&server, token, rotate()).await, 401, "unauthorized");
        }
        for access in [&first.access, &second.access, &third.access] {
            assert!(!counts(&server, access).await);
        }
        let ended = recorded(&admin, "sign_in.ended").await;
        assert_eq!(ended.len(), 1, "{ended:?}");
        assert!(ended[0].to_string().contains("reused"), "{ended:?}");
        // Another sign-in of the same user has nothing to do with it.
        assert!(counts(&server, &other.access).await);
        pair(refresh(&server, &other.refresh, rotate()).await);
    }

    async fn parallel_refreshes_get_one_successor(server: Server) {
        create_user(&server.admin().await, "ada").await;
        let first = sign_in(&server, "ada", PASSWORD).await;
        let answers = join_all((0..8).map(|_| refresh(&server, &first.refresh, rotate()))).await;
        let pairs: Vec<Pair> = answers.into_iter().map(pair).collect();
        let refreshes: BTreeSet<&str> = pairs.iter().map(|pair| &*pair.refresh).collect();
        assert_eq!(refreshes.len(), 1, "{pairs:?}");
        let accesses: BTreeSet<&str> = pairs.iter().map(|pair| &*pair.access).collect();
        assert_eq!(accesses.len(), 8);
        for pair in &pairs {
            assert!(counts(&server, &pair.access).await);
        }
    }

    async fn the_older_client_signs_in_by_its_fields(server: Server) {
        create_user(&server.admin().await, "ada").await;
        let body = json!({ "Email": "ada", "Password": PASSWORD });
        pair(server.anonymous().post("/auth/authenticate/signin", body).await);
        let kept = json!({ "Username": "ada", "Password": PASSWORD, "KeepLoggedIn": true });
        let kept = pair(server.anonymous().post("/auth/authenticate/signin", kept).await);
        let short = sign_in(&server, "ada", PASSWORD).await;
        let end = |pair: &Pair| said(&pair.refresh).1["exp"].as_i64().expect("a time");
        assert!(end(&kept) > end(&short) + 24 * 3600);
    }

    async fn all_refused_sign_ins_look_alike(server: Server) {
        create_user(&server.admin().await, "ada").await;
        for (username, password) in [("ada", "wrong-password"), ("nobody", PASSWORD), ("", PASSWORD), ("ada", "")] {
            let answer = try_sign_in(&server, username, password).await;
            refused(&answer, 401, "unauthorized");
        }
    }

    async fn what_is_missing_or_of_another_type_is_named(server: Server) {
        for (body, field) in [
            (json!({}), "Username"),
            (json!({ "Username": "ada" }), "Password"),
            (json!({ "Password": PASSWORD }), "Username"),
        ] {
            let answer = server.anonymous().post("/auth/authenticate/signin", body).await;
            refused(&answer, 400, "invalid_request");
            assert_eq!(answer.json()["Field"]["Name"], field);
        }
        for body in [json!([]), json!({ "Username": 1 }), json!({ "Username": "a", "Password": "b", "KeepLoggedIn": "yes" })] {
            refused(&server.anonymous().post("/auth/authenticate/signin", body).await, 400, "invalid_request");
        }
        let tokens = sign_in(&server, "admin", ADMIN_PASSWORD).await;
        let answer = refresh(&server, &tokens.refresh, json!({ "GrantType": "Password" })).await;
        refused(&answer, 400, "invalid_request");
        assert_eq!(answer.json()["Field"]["Name"], "GrantType");
    }

    async fn the_quick_start_is_told_the_method_that_works(server: Server) {
        let answer = server.anonymous().call(Method::GET, "/auth/authenticate/signin").await;
        refused(&answer, 405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "POST");
    }

    async fn no_token_stands_for_another(server: Server) {
        let admin = server.admin().await;
        let tokens = sign_in(&server, "admin", ADMIN_PASSWORD).await;
        // A refresh token is no access token, and the other way round.
        assert!(!counts(&server, &tokens.refresh).await);
        for token in [&*tokens.access, admin.token(), "x", ""] {
            refused(&refresh(&server, token, rotate()).await, 401, "unauthorized");
        }
        let none = server.anonymous().post("/auth/authenticate/refresh-token", json!({})).await;
        refused(&none, 401, "unauthorized");
        let changed = format!("{}A", &tokens.refresh[..tokens.refresh.len() - 1]);
        if changed != tokens.refresh {
            refused(&refresh(&server, &changed, rotate()).await, 401, "unauthorized");
        }
        // It is no token of another face. A token of the connectware face counts here.
        server.anonymous().bearer(&tokens.access).get("/api/session").await.expect_error(401);
        assert!(counts(&server, admin.token()).await);
        pair(refresh(&server, &tokens.refresh, rotate()).await);
    }

    async fn a_second_factor_is_never_ignored(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "grace").await;
        let before = sign_in(&server, "grace", PASSWORD).await;
        let ada = Enrolled::user(&admin, "ada").await;
        refused(&try_sign_in(&server, "ada", PASSWORD).await, 401, "second_factor_needed");
        refused(&try_sign_in(&server, "ada", "wrong-password").await, 401, "unauthorized");
        assert!(!ada.id.is_empty());
        let session = server.anonymous().login("grace", PASSWORD).await;
        let device = enable(&session).await;
        pair(refresh(&server, &before.refresh, json!({})).await);
        let code = device.code(step(&admin).await);
        session.post("/api/mfa/validate", json!({ "otp": code })).await.expect(200);
        // The sessions of the user go on until they end, but no password alone leads to another one.
        assert!(counts(&server, &before.access).await);
        refused(&refresh(&server, &before.refresh, json!({})).await, 401, "unauthorized");
    }

    async fn what_ends_the_sessions_of_a_user_ends_the_sign_in(server: Server) {
        let admin = server.admin().await;
        for (name, how) in [("ada", "password"), ("bea", "tokens"), ("cat", "grants"), ("dan", "delete"), ("eve", "revoke")] {
            let id = create_user(&admin, name).await;
            let tokens = sign_in(&server, name, PASSWORD).await;
            pair(refresh(&server, &tokens.refresh, json!({})).await);
            let path = format!("/api/users/{id}");
            let ended = match how {
                "password" => admin.put(path, json!({ "password": "another-password" })).await,
                "tokens" => admin.delete(format!("{path}/tokens")).await,
                "grants" => admin.put(path, json!({ "grantTypes": [] })).await,
                "delete" => admin.delete(path).await,
                _ => admin.post(format!("{path}/revoke"), json!({})).await,
            };
            assert!(ended.status < 300, "{ended:?}");
            assert!(!counts(&server, &tokens.access).await, "{how}");
            refused(&refresh(&server, &tokens.refresh, rotate()).await, 401, "unauthorized");
        }
    }
}
