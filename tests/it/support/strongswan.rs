//! strongSwan's `pki`, as a client of EST and as a relying party.

use std::{
    path::Path,
    process::{Command, Stdio},
};

const PROGRAM: &str = "/usr/bin/pki";
const INSTALL: &str = "install it with: apt-get install strongswan-pki libstrongswan-standard-plugins (or run scripts/install-test-tools)";

/// Runs `pki` in a folder. Returns whether it succeeded, what it wrote, and what it said. The output is a file or nothing.
pub fn pki(folder: &Path, arguments: &[&str]) -> (bool, Vec<u8>, String) {
    assert!(Path::new(PROGRAM).exists(), "strongSwan is missing: {INSTALL}");
    let output = Command::new(PROGRAM)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("pki should start");
    let said = String::from_utf8_lossy(&output.stderr);
    // It says which plugins of other packages it does not have.
    let said: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("plugin '"))
        .collect();
    (output.status.success(), output.stdout, said.join("\n"))
}
