//! Tests that apply to all faces, in process. `tests/it` runs the same tests against the binary, on both engines.

#[path = "../../../tests/it/http/errors.rs"]
mod errors;
#[path = "../../../tests/it/http/positions.rs"]
mod positions;
#[path = "../../../tests/it/http/rights.rs"]
mod rights;

use kit as support;
