//! Over HTTP, against the binary. The scenarios of each face are in its folder, where they also run in process; here they run
//! on both engines, with what holds for all faces.

mod access;
#[path = "../../../src/http/connectware/tests/api/mod.rs"]
mod api;
mod credentials;
mod errors;
#[path = "../../../src/http/audit/tests/events/mod.rs"]
mod events;
mod openapi;
mod positions;
mod rights;
