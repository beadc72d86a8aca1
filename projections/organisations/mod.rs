//! Which organisations are there?

mod guard;
mod queries;
pub(crate) mod record;
mod reducer;
mod rows;
mod step;
mod users_end;

pub use guard::CHANGED;
pub(crate) use guard::NothingStays;
pub use queries::{find, find_many, page};
pub(crate) use reducer::Organisations;
pub use rows::{OrganisationRow, OrganisationSort};
pub(crate) use users_end::UsersEndWhole;
