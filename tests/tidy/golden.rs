//! Every golden file belongs to an event that an aggregate declares.

use crate::{Source, assert_none, code::code, program, sources};

/// The golden files of events that no file of the aggregates names.
fn orphans(golden: &[String], aggregates: &[Source]) -> Vec<String> {
    let declares = |source: &Source, event: &str| code(&source.text).contains(&format!("\"{event}\""));
    let event = |path: &String| {
        let file = path.rsplit('/').next().unwrap_or_default();
        file.rsplit_once(".v").map_or(file, |(event, _)| event).to_owned()
    };
    let is_orphan = |path: &&String| {
        let event = event(path);
        !aggregates.iter().any(|source| declares(source, &event))
    };
    golden.iter().filter(is_orphan).cloned().collect()
}

#[test]
fn every_golden_file_has_its_event() {
    let mut golden = sources("json");
    golden.retain(|source| source.is_in(&["aggregates/golden/"]));
    let golden: Vec<String> = golden.into_iter().map(|source| source.path).collect();
    assert!(golden.len() >= 26, "the golden files are elsewhere");
    let mut aggregates = program();
    aggregates.retain(|source| source.is_in(&["aggregates/"]));
    assert_none(
        &orphans(&golden, &aggregates),
        "No event is stored under the names of these files:",
    );
}

#[test]
fn a_golden_file_without_an_event_is_found() {
    let declared = [Source::new(
        "aggregates/user/event.rs",
        "#[serde(rename = \"user.created\")]",
    )];
    let files =
        ["user.created.v1.json", "user.suspended.v1.json"].map(|name| format!("aggregates/golden/{name}"));
    assert_eq!(
        orphans(&files, &declared),
        ["aggregates/golden/user.suspended.v1.json"]
    );
}
