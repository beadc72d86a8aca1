//! The stored form of a sealed field: `{"$sealed": {"by": "server" | <subject id>, "box": <base64url>}}`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

/// The key of a sealed field's object.
pub(super) const SEALED: &str = "$sealed";
/// The name of the server's key in `by`.
pub(super) const SERVER: &str = "server";

/// What a sealed field consists of.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Parts<'a> {
    /// The name of the key.
    pub(super) by: &'a str,
    /// Nonce and ciphertext in base64url.
    #[serde(rename = "box")]
    pub(super) boxed: &'a str,
}

/// A sealed field, read from its JSON.
#[derive(Deserialize)]
struct Field<'a> {
    #[serde(borrow, rename = "$sealed")]
    parts: &'a RawValue,
}

impl<'a> Parts<'a> {
    /// The parts of a sealed value; `None` if the value is not sealed.
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        let parts = value.as_object()?.get(SEALED)?.as_object()?;
        Some(Self {
            by: parts.get("by")?.as_str()?,
            boxed: parts.get("box")?.as_str()?,
        })
    }

    /// The parts of a sealed field, from its JSON; `None` if it is not exactly in the form that this program writes.
    pub(super) fn of_json(json: &'a str) -> Option<Self> {
        let field: Field<'a> = serde_json::from_str(json).ok()?;
        // The derived code would also read an array as the parts.
        let parts = Some(field.parts.get()).filter(|parts| parts.starts_with('{'))?;
        serde_json::from_str(parts).ok()
    }

    /// The subject whose key sealed the field; `None` if it was the server's key.
    pub(super) fn subject(self) -> Option<&'a str> {
        (self.by != SERVER).then_some(self.by)
    }
}

/// A sealed field.
pub(super) fn sealed(by: &str, boxed: &[u8]) -> Value {
    json!({ SEALED: { "box": URL_SAFE_NO_PAD.encode(boxed), "by": by } })
}

/// The subjects whose keys sealed fields of this payload.
pub(super) fn subjects_of(payload: &Value) -> impl Iterator<Item = String> {
    let fields = payload.as_object().into_iter().flat_map(|fields| fields.values());
    fields
        .filter_map(Parts::of)
        .filter_map(Parts::subject)
        .map(str::to_owned)
}
