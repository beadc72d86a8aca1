//! The faces: routes and wire shapes. No rule lives here.

mod access;
pub mod audit;
mod body;
mod caller;
pub mod connections;
pub mod connectware;
mod front;
mod openapi;
mod page;
mod path;
mod position;
mod problem;
mod query;
mod refusals;
mod router;
mod system;
mod watched;

pub use body::{JsonBody, JsonList};
pub use caller::{Asking, Authenticated, Caller, Origin, Permitted, authenticate};
pub use front::Front;
pub use openapi::document;
pub use page::{Pagination, page_of};
pub use path::PathOf;
pub use position::{AsOf, Wrote};
pub use problem::{ErrorBody, Problem};
pub use query::Query;
pub use refusals::{Conflicts, Missing, Refusals};
pub use router::front_of;
