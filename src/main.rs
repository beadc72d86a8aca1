//! The binary: see [`muniment::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    muniment::cli::main()
}
