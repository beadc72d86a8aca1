//! Makes cargo build again when a migration is added: the compiler notices changes of the migrations that it knows, but
//! not new ones.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
