//! What is recorded with every event besides the event itself: who did it, through which API, and why.

use serde::{Deserialize, Serialize};

/// The metadata of the events of one unit. Actors are ids, never names.
///
/// A stored one with a field more is refused, since that field would be in no hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// A user id, or `system`.
    pub actor: String,
    /// The user on whose behalf the actor acted, if another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onbehalfof: Option<String>,
    /// The API through which it came: `connectware`, `cli`, `start`.
    pub face: String,
    /// The request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requestid: Option<String>,
    /// What groups several requests (W3C Trace Context's trace id, or what the client sent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlationid: Option<String>,
    /// The position of the event that led to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<String>,
    /// The address the request came from. Personal: in the ledger it is ciphertext under the actor's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Metadata {
    /// The actor that is no user.
    pub const SYSTEM: &'static str = "system";

    /// Of what the server does by itself, through `face`.
    pub fn system(face: &str) -> Self {
        Self {
            actor: Self::SYSTEM.to_owned(),
            onbehalfof: None,
            face: face.to_owned(),
            requestid: None,
            correlationid: None,
            causationid: None,
            address: None,
        }
    }
}
