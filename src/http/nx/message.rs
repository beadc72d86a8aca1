//! The message object: what this API answers if it has nothing else to say, and how it refuses (contracts/nx.md section 0).

use serde::Serialize;
use utoipa::ToSchema;

/// A message. Clients show `Message`.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = NxMessage)]
pub(crate) struct Message {
    /// Whether the request had no valid credential.
    #[serde(rename = "AuthorizationInvalid")]
    pub(crate) authorization_invalid: bool,
    /// The code of a refusal, for programs. Otherwise it is empty.
    #[serde(rename = "BackendMessage")]
    pub(crate) backend_message: String,
    /// The e-mail address that the message is about. It may be empty.
    #[serde(rename = "Email")]
    pub(crate) email: String,
    /// The field of the request that the message is about. It may be empty.
    #[serde(rename = "Field")]
    pub(crate) field: Field,
    /// The message.
    #[serde(rename = "Message")]
    pub(crate) message: String,
    /// The user that the message is about. It may be empty.
    #[serde(rename = "UUID")]
    pub(crate) uuid: String,
}

/// A field of a request, and what is to say about it.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = NxField)]
pub(crate) struct Field {
    /// The message about the field.
    #[serde(rename = "Message")]
    pub(crate) message: String,
    /// The name of the field.
    #[serde(rename = "Name")]
    pub(crate) name: String,
}

impl Message {
    /// A message with this text, about nothing in particular.
    pub(crate) fn of(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            ..Self::default()
        }
    }
}
