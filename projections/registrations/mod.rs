//! Which devices asked to be let in, and were they?

mod queries;
mod record;
mod reducer;
mod rows;

pub use queries::{expired, find, list};
pub(crate) use reducer::Registrations;
pub use rows::RegistrationRow;
