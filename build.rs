//! Builds again when a migration is added: the compiler sees changes of those it has, not new ones.

#![expect(clippy::print_stdout, reason = "this is how a build script talks to cargo")]

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
