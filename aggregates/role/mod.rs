//! A role: a named set of permissions that users hold.

mod add_permission;
mod change_permission;
mod command;
mod create_role;
mod delete_role;
mod error;
mod event;
mod remove_permission;
mod update_role;

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

pub use command::{CreateRole, RoleCommand, UpdateRole};
pub use error::RoleError;
pub use event::RoleEvent;

use crate::{
    claim::{self, Claim, Claims},
    values::{Permission, PermissionId},
};

/// The stored name of this aggregate type.
pub const TYPE: &str = "role";
