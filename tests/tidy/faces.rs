//! Finds what a face can leave out without an error: routes that are missing in the document, and tests that never run.

use std::fs;

use crate::{Source, assert_none, code::code, program, root, sources};

/// The functions that add a route which is not in the OpenAPI document. The tests of denials call only the operations
/// in the document.
const UNDESCRIBED: [&str; 9] = [
    ".route(",
    ".route_service(",
    ".nest(",
    ".nest_service(",
    ".fallback(",
    ".fallback_service(",
    ".method_not_allowed_fallback(",
    "axum::Router",
    "routing::",
];

fn undescribed(source: &Source) -> Vec<String> {
    let code = code(&source.text);
    let found = UNDESCRIBED.iter().filter(|text| code.contains(**text));
    found.map(|text| format!("{}: {text}", source.path)).collect()
}

/// The scenarios that are missing in `tests/it` or in the tests in process. A scenario is a folder in `tests/` of a
/// face.
fn left_out(face: &str, scenario: &str, in_process: &str, it: &str) -> Vec<String> {
    let file = format!("src/http/{face}/tests/{scenario}/mod.rs");
    let missing = [
        ("in_process.rs", in_process.contains(&format!("mod {scenario};"))),
        ("tests/it/http", it.contains(&format!("{file}\"]"))),
    ];
    let missing = missing.into_iter().filter(|(_, is_there)| !is_there);
    missing
        .map(|(place, _)| format!("{file} is not in {place}"))
        .collect()
}

/// The names of the folders in a folder.
fn folders(path: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(path)).into_iter().flatten();
    let folders = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir());
    folders
        .map(|folder| folder.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn the_document_has_every_route_of_a_face() {
    let program = program();
    let faces = program.iter().filter(|source| source.is_in(&["src/http/"]));
    let found: Vec<String> = faces.flat_map(undescribed).collect();
    assert_none(
        &found,
        "A face adds its endpoints by `routes!` and `merge` alone:",
    );
}

#[test]
fn the_scenarios_of_a_face_run_in_process_and_against_the_binary() {
    let it: String = sources("rs")
        .iter()
        .filter(|source| source.is_in(&["tests/it/http/"]))
        .map(|source| source.text.as_str())
        .collect();
    let (mut found, mut seen) = (Vec::new(), 0);
    for face in folders("src/http") {
        for scenario in folders(&format!("src/http/{face}/tests")) {
            let path = format!("src/http/{face}/tests/in_process.rs");
            let in_process = fs::read_to_string(root().join(path)).unwrap_or_default();
            found.extend(left_out(&face, &scenario, &in_process, &it));
            seen += 1;
        }
    }
    assert!(seen >= 3, "the scenarios are elsewhere");
    assert_none(&found, "Scenarios that do not run:");
}

#[test]
fn a_hidden_route_and_a_scenario_that_does_not_run_are_found() {
    let source = |line: &str| Source::new("src/http/a/lib.rs", line);
    assert!(undescribed(&source("    .routes(routes!(b)).merge(c::routes())")).is_empty());
    assert!(!undescribed(&source("    .route(\"/a\", get(b))")).is_empty());
    let it = "#[path = \"../../../src/http/a/tests/b/mod.rs\"]\nmod b;";
    assert!(left_out("a", "b", "mod b;", it).is_empty());
    assert_eq!(left_out("a", "b", "", "").len(), 2);
}
