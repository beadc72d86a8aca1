//! Handlers that serve the content of a file, and do nothing else. They show the cost of HTTP itself.

use axum::{
    Json, Router,
    body::Bytes,
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue},
    routing::{get, post},
};
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::{context::Result, say};

/// The request that the handler answers.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Bare {
    /// `GET /api/session`.
    Session,
    /// `GET /api/v1/api-key-info/organization`.
    Key,
    /// `POST /access/v1/evaluation`; the handler reads the body as JSON.
    Reading,
    /// The same; the handler ignores the body.
    Ignoring,
    /// `POST /hooks/emqx/authz`; the handler reads the body as JSON.
    Authorizing,
    /// `GET /pki/ocsp/{request}`.
    Asking,
    /// `GET /api/coiotedm/v3/devices`.
    Devices,
    /// `POST /iam/realms/{realm}/protocol/openid-connect/token`; the handler ignores the body.
    Granting,
    /// `POST /auth/authenticate/refresh-token`; the handler ignores the body.
    Refreshing,
    /// `POST /api/login`, on the database whose URL is in the file; see [`super::bare_login`].
    LoggingIn,
}

/// The body of an evaluation, as the server reads it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "serde fills the field, and nothing reads it")]
struct Evaluation {
    subject: Option<Entity>,
    action: Option<Action>,
    resource: Option<Entity>,
    context: Option<Context>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "serde fills the field, and nothing reads it")]
struct Entity {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "serde fills the field, and nothing reads it")]
struct Action {
    name: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "serde fills the field, and nothing reads it")]
struct Context {
    #[serde(default)]
    explain: bool,
    at: Option<String>,
}

/// The body of an authorization of a broker, as the server reads it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "serde fills the field, and nothing reads it")]
struct Authorization {
    username: String,
    topic: String,
    action: String,
    mountpoint: Option<String>,
}

/// Serves the answer in a file.
pub(crate) async fn serve(how: Bare, file: &std::path::Path) -> Result<()> {
    let read = || answer_in(file);
    let router = match how {
        Bare::LoggingIn => return super::bare_login::serve(file).await,
        Bare::Session => {
            let answer = read()?;
            Router::new().route("/api/session", get(async move || answer))
        }
        Bare::Key => {
            let answer = read()?;
            Router::new().route("/api/v1/api-key-info/organization", get(async move || answer))
        }
        Bare::Reading => {
            let answer = read()?;
            let handler = post(async move |Json(_): Json<Evaluation>| answer);
            Router::new().route("/access/v1/evaluation", handler)
        }
        Bare::Ignoring => {
            let answer = read()?;
            Router::new().route("/access/v1/evaluation", post(async move |_: Bytes| answer))
        }
        Bare::Authorizing => {
            let answer = read()?;
            let handler = post(async move |Json(_): Json<Authorization>| answer);
            Router::new().route("/hooks/emqx/authz", handler)
        }
        Bare::Devices => {
            let answer = read()?;
            Router::new().route("/api/coiotedm/v3/devices", get(async move || answer))
        }
        Bare::Granting => {
            let answer = read()?;
            let path = "/iam/realms/{realm}/protocol/openid-connect/token";
            Router::new().route(path, post(async move |_: Path<String>, _: Bytes| answer))
        }
        Bare::Refreshing => {
            let answer = read()?;
            Router::new().route(
                "/auth/authenticate/refresh-token",
                post(async move |_: Bytes| answer),
            )
        }
        Bare::Asking => {
            let answer = read()?;
            Router::new().route("/pki/ocsp/{request}", get(async move |_: Path<String>| answer))
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    axum::serve(listener, router).await?;
    Ok(())
}

/// The headers and the body of the answer in a file.
fn answer_in(file: &std::path::Path) -> Result<(HeaderMap, Bytes)> {
    let answer = std::fs::read(file)?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let (head, body) = answer.split_at(end.ok_or("the file holds no answer")? + 4);
    let head = std::str::from_utf8(head)?.trim_end();
    let mut headers = HeaderMap::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").ok_or("a header without a value")?;
        // The server library sets these headers itself.
        if !["date", "content-length"].contains(&name) {
            headers.insert(
                HeaderName::from_bytes(name.as_bytes())?,
                HeaderValue::from_str(value)?,
            );
        }
    }
    Ok((headers, Bytes::copy_from_slice(body)))
}
