//! What the faces share: the running server, identity, and the kit of which endpoints are made. It does not know any
//! face.

pub mod app;
pub mod body;
pub mod bootstrap;
mod browsers;
mod caller;
mod code_and_message;
pub mod connections;
mod credential;
mod document;
mod done;
mod face;
mod front;
mod grants;
pub mod identity;
mod live;
mod page;
mod path;
mod permitted;
mod position;
mod query;
mod refusal;
mod refused;
mod rehearsal;
pub mod settings;
mod watched;

pub use app::App;
pub use body::{Ids, Item, JsonBody, JsonList, SMALL_BODY};
pub use browsers::Origins;
pub use caller::{Caller, Origin};
pub use code_and_message::{Conflicts, ErrorBody, Missing, Refusals, code_and_message};
pub use credential::Credential;
pub use document::described;
pub use done::{about, done, done_about};
pub use face::{Face, Faces, Operation};
pub use front::{Front, Page};
pub use grants::{role_grants, sole_holder};
pub use live::Live;
pub use page::{Pagination, page_of};
pub use path::PathOf;
pub use permitted::{ByPath, Permitted, PermittedToRead, Policy, ReadOnPath};
pub use position::{AsOf, AtLeast, Wrote};
pub use query::Query;
pub use refusal::{Refusal, RefusalKind, TOO_MANY};
pub use rehearsal::{Rehearsal, Rehearse, Rehearsing};
