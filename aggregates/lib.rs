//! The write side: pure functions decide what may happen.
//!
//! Each aggregate is a folder: `mod.rs` holds the state and its fold, `command.rs`, `event.rs` and
//! `error.rs` its vocabulary, and one file per command holds one decision:
//! `fn decide(&State, Command) -> Result<Vec<Event>, Error>`.
//!
//! Nothing here does IO, reads a clock, draws randomness, or knows SQL or HTTP. Times and ids are fields of the
//! commands. Secrets arrive already hashed.

pub mod account;
pub mod agreement;
pub mod api_key;
pub mod application;
pub mod authority;
pub mod certified_key;
pub mod claim;
pub mod client_registry;
mod declared;
mod error;
pub mod event;
#[cfg(test)]
mod golden;
pub mod licence;
pub mod nx_account;
pub mod organisation;
mod permission_set;
pub mod registration;
mod registry;
pub mod role;
pub mod sealing;
pub mod seat;
pub mod service_account;
pub mod session;
pub mod sign_in;
#[cfg(test)]
mod states;
#[cfg(test)]
mod testing;
pub mod text;
pub mod upcast;
pub mod user;
pub mod values;

pub use claim::{Claim, Claimed, Claims};
pub use declared::{DeclaredEvent, EventForm};
pub use error::{Classified, ErrorKind};
pub use event::{NewEvent, Recorded};
pub use registry::{Listed, Registered, WrongAggregate};
pub use upcast::upcast;

use account::Account;
use agreement::Agreement;
use api_key::ApiKey;
use application::Application;
use authority::Authority;
use certified_key::CertifiedKey;
use client_registry::ClientRegistry;
use licence::Licence;
use nx_account::NxAccount;
use organisation::Organisation;
use registration::Registration;
use role::Role;
use seat::Seat;
use service_account::ServiceAccount;
use session::Session;
use sign_in::SignIn;
use user::User;

// The only list of the aggregates.
registry::aggregates! {
    User, Role, Session, ClientRegistry, Registration, CertifiedKey, Authority, Organisation, Application, ApiKey, Account,
    Agreement, Licence, Seat, ServiceAccount, SignIn, NxAccount,
}
