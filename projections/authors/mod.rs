//! Which number does os2iot show for whoever caused an event? For a user, that of the account; for an API key, that of its system user. A number
//! stays when its account is closed or its key is revoked.

mod queries;
mod record;
mod reducer;

pub use queries::numbers_of;
pub(crate) use record::author;
pub(crate) use reducer::Authors;
