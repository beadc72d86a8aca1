//! The scenarios of this face, in process. `tests/it` runs the same against the binary, on both engines.

mod events;

use kit as support;
