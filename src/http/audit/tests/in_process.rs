//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod events;

use kit as support;
