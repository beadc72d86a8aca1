//! The faces: routes and wire shapes. No rule lives here.

pub mod audit;
mod body;
mod caller;
pub mod connectware;
mod openapi;
mod page;
mod position;
mod problem;
mod query;
mod router;
mod system;

pub use body::JsonBody;
pub use caller::{Caller, Permitted};
pub use openapi::document;
pub use page::{Pagination, page_of};
pub use position::Wrote;
pub use problem::Problem;
pub use query::Query;
pub use router::router;
