//! The binary: see [`crate::cli`].

use std::process::ExitCode;

/// The system's allocator took a third of an append's time: see docs/benchmarks.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    muniment::cli::main()
}
