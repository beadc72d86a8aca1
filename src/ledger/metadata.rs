//! Metadata: what the ledger records with every event besides the event itself: the actor, the API, and the cause.

use serde::{Deserialize, Serialize};

/// The metadata of the events of one unit. Actors are ids, never names.
///
/// Stored metadata with an unknown field is an error, since no hash would cover that field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// A user id, or `system`.
    pub actor: String,
    /// The user on whose behalf the actor acted, if that is another user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onbehalfof: Option<String>,
    /// The API through which the command came: `connectware`, `cli`, `start`.
    pub face: String,
    /// The id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requestid: Option<String>,
    /// The id that groups several requests (the trace id of W3C Trace Context, or what the client sent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlationid: Option<String>,
    /// The position of the event that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<String>,
    /// The address from which the request came. It is personal: the ledger stores it as ciphertext under the actor's
    /// key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Metadata {
    /// The actor for everything that no user does.
    pub const SYSTEM: &'static str = "system";

    /// The metadata for what the server does by itself, through `face`.
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
