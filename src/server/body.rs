//! Request bodies in JSON. They are bounded and UTF-8, and their refusals never repeat what the client sent.

use aggregates::values::Invalid;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{StatusCode, header},
};
use serde::de::DeserializeOwned;

use crate::refusal::{Refusal, RefusalKind};

/// The message about a body that should be an object but is not.
const NO_OBJECT: &str = "the body must be a JSON object";

/// The largest body, in bytes. A route may allow more.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// A body that is a JSON object. A missing `Content-Type` counts as JSON; any other type is refused.
pub struct JsonBody<T>(pub T);

/// A body that is a JSON array; otherwise like [`JsonBody`].
pub struct JsonList<T>(pub Vec<T>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        read(request, state, '{', NO_OBJECT).await.map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonList<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        read(request, state, '[', "the body must be a JSON array")
            .await
            .map(Self)
    }
}

/// Reads a body that begins with `begin`. Without this check, serde would also read a struct from an array.
async fn read<S: Send + Sync, T: DeserializeOwned>(
    request: Request,
    state: &S,
    begin: char,
    otherwise: &'static str,
) -> Result<T, Refusal> {
    if let Some(kind) = request.headers().get(header::CONTENT_TYPE)
        && !kind.to_str().is_ok_and(is_json)
    {
        let message = "the body must be application/json";
        return Err(Refusal::new(
            RefusalKind::UnsupportedMediaType,
            "unsupported_media_type",
            message,
        ));
    }
    let bytes = tokio::time::timeout(PATIENCE, Bytes::from_request(request, state))
        .await
        .map_err(|_elapsed| Refusal::new(RefusalKind::Timeout, "timeout", "the body took too long"))?
        .map_err(|rejection| refused(&rejection))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Refusal::invalid("the body is not UTF-8"))?;
    parse(text, begin, otherwise)
}

/// Reads a JSON object that is part of another body, by the same rules as a whole body.
pub(crate) fn object<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    parse(text, '{', NO_OBJECT)
}

fn parse<T: DeserializeOwned>(text: &str, begin: char, otherwise: &'static str) -> Result<T, Refusal> {
    let begun = text.trim_start().chars().next();
    if begun.is_some_and(|first| first != begin && matches!(first, '{' | '[')) {
        return Err(Refusal::invalid(otherwise));
    }
    serde_json::from_str(text).map_err(|error| Refusal::invalid(describe(&error)))
}

/// How long a body may take to arrive.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
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

fn refused(rejection: &BytesRejection) -> Refusal {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Refusal::new(RefusalKind::TooLarge, "too_large", "the body is too large")
    } else {
        Refusal::invalid("the body cannot be read")
    }
}

fn is_json(kind: &str) -> bool {
    let essence = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Says what is wrong with a body, but leaves out its values: serde quotes them, and they may be passwords.
fn describe(error: &serde_json::Error) -> String {
    let place = format!("line {} column {}", error.line(), error.column());
    let said = error.to_string();
    match error.classify() {
        serde_json::error::Category::Data if said.starts_with("missing field") => {
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
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Wanted {
        #[expect(dead_code, reason = "only its type matters")]
        number: u8,
    }

    #[test]
    fn a_refusal_names_the_field_that_is_missing_and_never_the_value() {
        let error = serde_json::from_str::<Wanted>("{}").unwrap_err();
        assert!(describe(&error).contains("missing field `number`"));
        let error = serde_json::from_str::<Wanted>(r#"{"number": "hunter2"}"#).unwrap_err();
        assert!(!describe(&error).contains("hunter2"));
    }

    #[test]
    fn media_types_of_json_are_known() {
        for (kind, json) in [
            ("application/json; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/plain", false),
        ] {
            assert_eq!(is_json(kind), json, "{kind}");
        }
    }
}
