//! Request bodies in JSON. They are bounded and UTF-8, and their refusals never repeat what the client sent.
//!
//! The credential and the right are checked before the body is read. A request without a credential may have a small body only, and
//! all bodies that have not arrived completely share one budget of memory.

mod budget;
mod form;
mod kinds;
mod optional;
mod plain;
mod receive;
mod strict;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aggregates::values::Invalid;
use axum::{
    extract::{FromRequest, Request},
    http::header,
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;

use self::{
    kinds::{JSON, essence, must_be_json, not_json},
    receive::Terms,
    strict::Strict,
};
use crate::{
    app::App,
    caller::Admitted,
    refusal::{Refusal, RefusalKind},
};

pub(crate) use self::{budget::Budget, kinds::is_json_type, plain::of_broker};
pub use self::{
    budget::SMALL_BODY,
    form::Form,
    plain::{JsonText, RawBody},
};

/// The message about a body that should be an object but is not.
const NO_OBJECT: &str = "the body must be a JSON object";

/// The largest body, in bytes. An endpoint may allow more.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// A larger body is parsed on another thread.
const LARGE: usize = 256 << 10;

/// A body that is a JSON object of at most `MOST` bytes. Any `Content-Type` but JSON is refused. If it is missing, the body counts
/// as JSON, except in a request of a browser: the page of another site can send such a request without asking first.
pub struct JsonBody<T, const MOST: usize = MOST_BYTES>(pub T);

/// A body as AuthZEN wants it: its content type, if it has one, is `application/json` itself, and a body of another type is a
/// malformed request. Otherwise like [`JsonBody`].
pub struct ExactJson<T, const MOST: usize = MOST_BYTES>(pub T);

/// A body that is a JSON array; otherwise like [`JsonBody`].
pub struct JsonList<T, const MOST: usize = MOST_BYTES>(pub Vec<T>);

/// An object that is one of many in a body. If it is malformed, only this object is refused.
#[derive(Clone, Debug)]
pub struct Item<T>(pub Result<T, Refusal>);

/// A body with ids. Only the document has this type; a handler takes a [`JsonList`].
#[derive(utoipa::ToSchema)]
#[schema(max_items = 1000)]
pub struct Ids(#[expect(dead_code, reason = "only its type matters")] Vec<String>);

impl<T: DeserializeOwned + Send + 'static, const MOST: usize> FromRequest<App> for JsonBody<T, MOST> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let bytes = read(request, app, MOST).await?;
        if bytes.len() <= LARGE {
            return object_of(&bytes).map(Self);
        }
        // This takes long, so it must not run on the threads that serve requests.
        let parsed = tokio::task::spawn_blocking(move || object_of(&bytes));
        let parsed = parsed
            .await
            .map_err(|panicked| Refusal::unavailable().because(panicked))?;
        parsed.map(Self)
    }
}

fn object_of<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    parse(text(bytes)?, '{', NO_OBJECT)
}

impl<T: DeserializeOwned + Send + 'static, const MOST: usize> FromRequest<App> for ExactJson<T, MOST> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let mut kinds = request.headers().get_all(header::CONTENT_TYPE).iter();
        let is_json = kinds.all(|kind| kind.to_str().is_ok_and(|kind| essence(kind) == JSON));
        let body = match is_json {
            true => JsonBody::<T, MOST>::from_request(request, app).await,
            false => Err(not_json()),
        };
        match body {
            Ok(JsonBody(body)) => Ok(Self(body)),
            Err(mut refusal) => {
                if refusal.kind == RefusalKind::UnsupportedMediaType {
                    refusal.kind = RefusalKind::Invalid;
                }
                Err(refusal)
            }
        }
    }
}

impl<T: DeserializeOwned, const MOST: usize> FromRequest<App> for JsonList<T, MOST> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let bytes = read(request, app, MOST).await?;
        parse(text(&bytes)?, '[', "the body must be a JSON array").map(Self)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(parse(text, '{', "it must be a JSON object")))
    }
}

/// The time of the process at which the server last judged the caller of a request. [`crate::Front`] puts it into the extensions
/// of a request with a body: an answer must not rest on what the memory was then, if the process stood still since.
#[derive(Clone, Debug)]
pub(crate) struct Judged(Arc<AtomicU64>);

impl Judged {
    pub(crate) fn at(elapsed: Duration) -> Self {
        Self(Arc::new(AtomicU64::new(micros(elapsed))))
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, elapsed: Duration) {
        self.0.store(micros(elapsed), Ordering::Relaxed);
    }
}

fn micros(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}

/// Receives the body of a request, after its headers were checked. If the server had to wait for the body, checks again whether
/// the caller may make the request: a client could otherwise use a right that it has lost meanwhile.
async fn read(request: Request, app: &App, most: usize) -> Result<Vec<u8>, Refusal> {
    must_be_json(request.headers())?;
    received(request, app, most).await
}

/// Like [`read`], for a body of any content type.
async fn received(request: Request, app: &App, most: usize) -> Result<Vec<u8>, Refusal> {
    let (parts, body) = request.into_parts();
    let admitted = parts.extensions.get::<Admitted>();
    let terms = Terms {
        budget: app.bodies(),
        most,
        is_admitted: admitted.is_some(),
        is_asked_for: parts.headers.contains_key(header::EXPECT),
        patience: Duration::from_millis(app.settings.body_patience_ms),
    };
    let (body, waited) = receive::receive(body, terms).await?;
    if waited {
        let now = app.clock.elapsed();
        admitted.map_or(Ok(()), |Admitted(caller)| caller.may_still(app))?;
        if let Some(judged) = parts.extensions.get::<Judged>() {
            judged.set(now);
        }
    }
    Ok(body)
}

/// A body as a text.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|_| Refusal::invalid("the body is not UTF-8"))
}

/// Reads a JSON object, by the rules of whole bodies.
pub(crate) fn object<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    parse(text, '{', NO_OBJECT)
}

/// Reads a text that begins with `begin`.
fn parse<T: DeserializeOwned>(text: &str, begin: char, otherwise: &'static str) -> Result<T, Refusal> {
    let begun = text.trim_start().chars().next();
    if begun.is_some_and(|first| first != begin && matches!(first, '{' | '[')) {
        return Err(Refusal::invalid(otherwise));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let read = T::deserialize(Strict(&mut json)).and_then(|value| json.end().map(|()| value));
    read.map_err(|error| Refusal::invalid(describe(&error)))
}

/// The most ids in one request.
const MOST_IDS: usize = 1_000;

impl JsonList<String> {
    /// The ids without duplicates, in the order of their first occurrence.
    pub fn ids<T: Copy + Ord>(&self, parse: fn(&str) -> Result<T, Invalid>) -> Result<Vec<T>, Refusal> {
        if self.0.len() > MOST_IDS {
            return Err(Refusal::invalid(format!(
                "one request may name at most {MOST_IDS} ids"
            )));
        }
        let mut seen = std::collections::BTreeSet::new();
        let ids = self.0.iter().map(|id| parse(id)).collect::<Result<Vec<T>, _>>()?;
        Ok(ids.into_iter().filter(|id| seen.insert(*id)).collect())
    }
}

/// Says what is wrong with a body, but leaves out its values: serde quotes them, and they may be passwords.
fn describe(error: &serde_json::Error) -> String {
    let place = format!("line {} column {}", error.line(), error.column());
    let said = error.to_string();
    // These messages of serde and of ours name only what the server itself declares.
    let is_shown = |begin: &&str| said.starts_with(*begin);
    let shown = [
        "missing field",
        "duplicate field",
        strict::ARRAY,
        strict::TOO_LONG,
    ];
    match error.classify() {
        serde_json::error::Category::Data if shown.iter().any(is_shown) => {
            format!(
                "the body is not as it should be: {}",
                said.split(" at line").next().unwrap_or_default()
            )
        }
        serde_json::error::Category::Data => {
            format!(
                "the body is not as it should be: a value of the wrong type, or not one of those allowed, at {place}"
            )
        }
        _ => format!("the body is not JSON, at {place}"),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::{
        kinds::{BROWSERS, is_json},
        *,
    };

    #[derive(Debug, serde::Deserialize)]
    struct Wanted {
        number: u8,
    }

    fn refused(text: &str) -> String {
        let refusal = object::<Wanted>(text).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Invalid);
        refusal.message.into_owned()
    }

    #[test]
    fn a_refusal_names_the_field_that_is_missing_and_never_the_value() {
        assert!(refused("{}").contains("missing field `number`"));
        assert!(!refused(r#"{"number": "hunter2"}"#).contains("hunter2"));
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_and_an_unknown_one_is_not() {
        assert!(refused(r#"{"number": 1, "number": 1}"#).contains("duplicate field `number`"));
        assert!(refused(r#"{"number": 1, "\u006eumber": 1}"#).contains("duplicate field `number`"));
        let read = object::<Wanted>(r#"{"number": 1, "other": 1, "other": [2]}"#).unwrap();
        assert_eq!(read.number, 1);
    }

    #[test]
    fn numbers_are_as_large_as_their_member_takes() {
        for number in [
            "256",
            "-1",
            "1.0",
            "1e2",
            "1e400",
            "99999999999999999999999",
            "NaN",
            "01",
            "+1",
            "0x1",
        ] {
            assert!(
                !refused(&format!(r#"{{"number": {number}}}"#)).contains(number),
                "{number}"
            );
        }
        // The server does not judge a number that it skips.
        assert!(object::<Wanted>(r#"{"number": 1, "other": 1e400}"#).is_ok());
    }

    #[test]
    fn nesting_is_bounded_where_it_is_read_and_free_where_it_is_skipped() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        refused(&format!(r#"{{"number": {deep}}}"#));
        assert!(object::<Wanted>(&format!(r#"{{"number": 1, "other": {deep}}}"#)).is_ok());
        refused(&format!(r#"{{"number": 1, "other": {}}}"#, "[".repeat(100_000)));
    }

    #[test]
    fn a_byte_order_mark_is_no_json() {
        assert!(refused("\u{feff}{\"number\": 1}").contains("not JSON"));
        assert!(text(b"\xff\xfe{\0}\0").is_err(), "UTF-16");
    }

    #[test]
    fn a_malformed_item_is_refused_alone() {
        let text = r#"[{"number": 1}, [2], {}, 3, null, {"number": 4}]"#;
        let items: Vec<Item<Wanted>> = parse(text, '[', "").unwrap();
        let good: Vec<bool> = items.iter().map(|item| item.0.is_ok()).collect();
        assert_eq!(good, [true, false, false, false, false, true]);
        // A text that is not JSON has no items.
        assert!(parse::<Vec<Item<Wanted>>>(r#"[{"number": 1}, {"number": }]"#, '[', "").is_err());
    }

    #[test]
    fn media_types_of_json_are_known() {
        let headers = |kinds: &[&'static str]| {
            let value = |kind: &&'static str| (header::CONTENT_TYPE, kind.parse().unwrap());
            kinds.iter().map(value).collect::<HeaderMap>()
        };
        for (kinds, json) in [
            (&[][..], true),
            (&["application/json; charset=utf-8"], true),
            (&["application/merge-patch+json"], true),
            (&["text/plain"], false),
            (&["text/plain; application/json"], false),
            (&["application/json, text/plain"], false),
            (&[""], false),
            (&["application/json", "application/json"], false),
            (&["application/json", "text/plain"], false),
        ] {
            assert_eq!(is_json(&headers(kinds)), json, "{kinds:?}");
        }
        for name in BROWSERS {
            let mut of_browser = headers(&[]);
            of_browser.insert(name, "null".parse().unwrap());
            assert!(!is_json(&of_browser));
            of_browser.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
            assert!(is_json(&of_browser));
        }
    }
}
