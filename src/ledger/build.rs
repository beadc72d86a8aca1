//! Builds again when a migration is added: the compiler sees changes of those it has, not new ones.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
