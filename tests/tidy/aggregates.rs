//! Each aggregate has the tests that nothing else asks for.

use crate::{Source, assert_none, sources};

/// What the tests of an aggregate call: without it, a command that wrongly begins a stream is refused for every aggregate
/// that exists, and no test notices.
const CALLED: &str = "commands_begin_streams_as_they_say::<";

/// The aggregates whose folders do not call it.
fn untested(sources: &[Source]) -> Vec<String> {
    let folders = sources.iter().filter_map(|source| {
        let folder = source.path.strip_suffix("command.rs")?;
        folder.starts_with("aggregates/").then_some(folder)
    });
    let calls = |folder: &&str| {
        let mut files = sources.iter().filter(|source| source.is_in(&[folder]));
        files.any(|source| source.text.contains(CALLED))
    };
    folders
        .filter(|folder| !calls(folder))
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_aggregate_tries_which_commands_begin_a_stream() {
    let sources = sources("rs");
    let commands = sources
        .iter()
        .filter(|source| source.path.ends_with("/command.rs"));
    assert!(commands.count() >= 3, "the aggregates are elsewhere");
    assert_none(
        &untested(&sources),
        "Call `commands_begin_streams_as_they_say` in the tests of these aggregates:",
    );
}

#[test]
fn an_aggregate_that_does_not_try_it_is_found() {
    let sources = [
        Source::new("aggregates/a/command.rs", ""),
        Source::new(
            "aggregates/a/tests.rs",
            "commands_begin_streams_as_they_say::<A>(|_| None);",
        ),
        Source::new("aggregates/b/command.rs", ""),
        Source::new("aggregates/b/tests.rs", ""),
    ];
    assert_eq!(untested(&sources), ["aggregates/b/"]);
}
