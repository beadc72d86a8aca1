//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.

mod enrolment;

use kit as support;
