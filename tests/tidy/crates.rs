//! The dependencies between the crates: no face depends on another face, and no crate below the faces depends on a
//! face.

use std::fs;

use crate::{assert_none, read, root};

/// The folder of the faces. Each face has a folder in it.
const FACES: &str = "src/http";

/// The crates below the faces.
const BELOW: [&str; 6] = [
    "aggregates",
    "projections/authorization",
    "projections",
    "src/ledger",
    "src/pki",
    "src/server",
];

fn faces() -> Vec<String> {
    let entries = fs::read_dir(root().join(FACES)).unwrap();
    let folders = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir());
    folders
        .map(|folder| folder.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The dependencies that a manifest names. Dependencies of tests do not count, since tests may need a face to try.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut is_list = false;
    let mut found = Vec::new();
    for line in manifest.lines() {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            let is_of_tests = table.contains("dev-dependencies");
            is_list = table.ends_with("dependencies") && !is_of_tests;
            // `[dependencies.NAME]`
            let one = table.split_once("dependencies.").filter(|_| !is_of_tests);
            found.extend(one.map(|(_, name)| name));
        } else if is_list && !line.starts_with('#') {
            found.extend(line.split(['=', '.', ' ']).next().filter(|name| !name.is_empty()));
        }
    }
    found
}

/// The faces on which a crate depends.
fn on_faces(name: &str, manifest: &str, faces: &[String]) -> Vec<String> {
    let is_face = |dependency: &&str| faces.iter().any(|face| face == dependency);
    let found = dependencies(manifest).into_iter().filter(is_face);
    found
        .map(|face| format!("{name} depends on the face {face}"))
        .collect()
}

#[test]
fn no_face_depends_on_another() {
    let faces = faces();
    assert!(faces.len() >= 4, "the faces are elsewhere");
    let mut found = Vec::new();
    for folder in faces
        .iter()
        .map(|face| format!("{FACES}/{face}"))
        .chain(BELOW.map(str::to_owned))
    {
        found.extend(on_faces(&folder, &read(&format!("{folder}/Cargo.toml")), &faces));
    }
    assert_none(&found, "What two faces share belongs into src/server:");
}

#[test]
fn a_dependency_on_a_face_is_found() {
    let faces = ["audit".to_owned()];
    for manifest in [
        "[dependencies]\naudit.workspace = true\n",
        "[dependencies]\nserde = \"1\"\naudit = { path = \"../audit\" }\n",
        "[build-dependencies]\naudit = \"1\"\n",
        "[dependencies.audit]\npath = \"../audit\"\n",
    ] {
        assert_eq!(on_faces("access", manifest, &faces).len(), 1, "{manifest}");
    }
    let others = "[package]\nname = \"audit\"\n[dependencies]\n# audit\nserver.workspace = true\n";
    let of_tests =
        "[dev-dependencies]\naudit.workspace = true\n[dev-dependencies.audit]\npath = \"../audit\"\n";
    for manifest in [others, of_tests] {
        assert!(on_faces("access", manifest, &faces).is_empty(), "{manifest}");
    }
}
