//! Over HTTP, against the binary, on both engines. The scenarios of each face are in its folder. The scenarios
//! `errors`, `positions` and `rights` are here. All of them also run in process, in the tests of the face and of the
//! crate `server`.

mod access;
#[path = "../../../src/http/connectware/tests/api/mod.rs"]
mod api;
#[path = "../../../src/http/audit/tests/audit/mod.rs"]
mod audit;
mod bodies;
#[path = "../../../src/http/hooks/tests/brokers/mod.rs"]
mod brokers;
mod browsers;
#[path = "../../../src/http/coiote/tests/coiote/mod.rs"]
mod coiote;
mod credentials;
#[path = "../../../src/http/est/tests/enrolment/mod.rs"]
mod enrolment;
mod errors;
#[path = "../../../src/http/audit/tests/events/mod.rs"]
mod events;
mod evidence;
#[path = "../../../src/http/forward/tests/forward/mod.rs"]
pub(crate) mod forward;
mod key_client;
#[path = "../../../src/http/nx/tests/nx/mod.rs"]
mod nx;
pub(crate) mod openapi;
#[path = "../../../src/http/os2iot/tests/os2iot/mod.rs"]
mod os2iot;
mod positions;
mod rights;
mod shown_once;
#[path = "../../../src/http/trust/tests/trust/mod.rs"]
mod trust;
mod who_and_when;
