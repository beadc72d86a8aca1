//! The binary: see [`crate::cli`].

use std::process::ExitCode;

/// A third of an append's time went to the system's allocator: docs/benchmarks.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    muniment::cli::main()
}
