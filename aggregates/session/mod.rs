//! A session: one issued token. Each is a stream of its own, so that streams stay short.

mod command;
mod error;
mod event;
mod issue_token;
mod revoke_token;

use std::collections::BTreeSet;

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

pub use command::{IssueToken, SessionCommand};
pub use error::SessionError;
pub use event::SessionEvent;

use crate::{
    claim::{self, Claim, Claims},
    values::UserId,
};

/// The stored name of this aggregate type.
pub const TYPE: &str = "session";
