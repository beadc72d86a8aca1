//! Tokens for the API of Coiote IoT DM.

mod exchange;
mod metadata;
mod oauth;
mod password;
mod service_accounts;

use http::Method;
use serde_json::{Value, json};

use crate::support::{
    client::{Call, Client, Response, assert_keys},
    server::{ADMIN_PASSWORD, Server},
};

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A form with these fields.
pub(crate) fn form(caller: &Client, path: &str, fields: &[(&str, &str)]) -> Call {
    let encoded = |text: &str| {
        let bytes = text.bytes().map(|byte| format!("%{byte:02X}"));
        bytes.collect::<String>()
    };
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    let call = caller.call(Method::POST, path);
    call.body("application/x-www-form-urlencoded", fields.join("&"))
}

/// What the official client sends: no type of grant.
pub(crate) fn password_grant(caller: &Client, username: &str, password: &str) -> Call {
    let fields = [("username", username), ("password", password)];
    form(caller, "/api/auth/oauth_password", &fields)
}

pub(crate) async fn token_of(caller: &Client, username: &str, password: &str) -> String {
    let answer = password_grant(caller, username, password)
        .await
        .expect(201)
        .json();
    answer["access_token"].as_str().expect("a token").to_owned()
}

/// Asks for a token for the API of Coiote in exchange for another token.
pub(crate) fn token_exchange(caller: &Client, token: &str) -> Call {
    let fields = [
        ("grant_type", TOKEN_EXCHANGE),
        ("subject_token_type", ACCESS_TOKEN),
        ("subject_token", token),
    ];
    form(caller, "/oauth/token", &fields)
}

/// A token of the first administrator for the os2iot face.
pub(crate) async fn of_os2iot(server: &Server) -> String {
    let body = json!({ "username": "admin", "password": ADMIN_PASSWORD });
    let call = server.anonymous().post("/api/v1/auth/login", body);
    let answer = call.await.expect(201).json();
    answer["accessToken"].as_str().expect("a token").to_owned()
}

/// What the server says of a token.
pub(crate) async fn introspected(asker: &Client, token: &str) -> Value {
    let answer = form(asker, "/oauth/introspect", &[("token", token)]).await;
    answer.expect(200).json()
}

/// Whether a request to an endpoint passes at the proxy.
pub(crate) async fn passes(caller: &Client, endpoint: &str) -> bool {
    let call = caller
        .get("/access/forward/nginx")
        .header("x-original-method", "GET");
    let target = format!("/api/coiotedm/v3/{endpoint}");
    call.header("x-original-uri", target).await.status == 200
}

/// Fails unless the answer is a refusal in the form of RFC 6749 section 5.2. Returns the description.
#[track_caller]
pub(crate) fn refused(answer: &Response, status: u16, error: &str) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(
        answer.content_type().starts_with("application/json"),
        "{answer:?}"
    );
    assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    let body = answer.json();
    assert_keys(&body, &["error", "error_description"]);
    assert_eq!(body["error"], error, "{answer:?}");
    let description = body["error_description"].as_str().expect("a text");
    assert!(!description.is_empty());
    description.to_owned()
}
