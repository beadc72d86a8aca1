//! People on the face of Nx: their accounts. Each function here is one change or question that the face offers, with its rules.

mod account;
mod invite;
mod links;
mod mailed;
mod members;
mod reset;
mod sign_up;
mod users;

pub use account::{Profile, change, profile};
pub use invite::{ADMINISTRATION, InvitedPerson, administers_all, invite, join, sign_up_invited};
pub(crate) use links::Links;
pub(crate) use mailed::Mailed;
pub use members::{members, remove_member};
pub use reset::{forget_password, reset_password, user_of_email};
pub use sign_up::{NewPerson, SignUpMode, SignedUp, sign_up, verify_email};
pub(crate) use users::for_nx_accounts;
