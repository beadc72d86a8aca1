//! What the faces share: the running server, identity, and the kit that endpoints are made of. It knows no face.

pub mod app;
pub mod body;
pub mod bootstrap;
mod caller;
pub mod connections;
mod front;
pub mod identity;
mod page;
mod path;
mod position;
mod problem;
mod query;
mod refusals;
pub mod settings;
mod watched;

pub use app::App;
pub use body::{JsonBody, JsonList};
pub use caller::{Asking, Authenticated, Caller, Origin, Permitted, authenticate};
pub use front::Front;
pub use page::{Pagination, page_of};
pub use path::PathOf;
pub use position::{AsOf, Wrote};
pub use problem::{ErrorBody, Problem, TOO_MANY};
pub use query::Query;
pub use refusals::{Conflicts, Missing, Refusals};
