//! Reads the source and checks the rules that the compiler cannot check. Each file has one rule: a function that finds
//! violations, a test that runs the function over the repository, and a test that plants a violation.
//!
//! The crate has no dependencies, so that `cargo nextest run -p tidy` builds in a second.
#![cfg(test)]

mod aggregates;
mod bodies;
mod code;
mod crates;
mod events;
mod faces;
mod giving;
mod golden;
mod instants;
mod ledger;
mod modules;
mod settings;
mod size;
mod sql;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A text file of the repository.
struct Source {
    /// The path from the root of the repository, with `/` as the separator.
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn is_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    /// Whether the file is only for tests, benchmarks or fuzzing.
    fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let is_test_file = ["tests.rs", "testing.rs", "fixtures.rs", "golden.rs"].contains(&name);
        is_test_file || self.is_in(&["tests/", "benches/", "fuzz/"]) || self.path.contains("/tests/")
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A file by its path from the root of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The repository's files with this extension, in order.
fn sources(extension: &str) -> Vec<Source> {
    let (mut folders, mut found) = (vec![root()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                let relative = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                found.push(Source::new(&relative, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The Rust files that are part of the program.
fn program() -> Vec<Source> {
    let mut sources = sources("rs");
    sources.retain(|source| !source.is_test());
    assert!(sources.len() > 150, "the sources are elsewhere");
    sources
}

/// Fails if something was found.
fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}\n{}", found.join("\n"));
}

/// Removes the exceptions from the findings, and adds each exception that is no longer needed, since the lists may only
/// shrink.
fn less(found: Vec<String>, exceptions: &[(&str, &str)]) -> Vec<String> {
    let is_excepted = |line: &String| exceptions.iter().any(|(start, _)| line.starts_with(start));
    let unneeded = exceptions
        .iter()
        .filter(|(start, _)| !found.iter().any(|line| line.starts_with(start)));
    let mut rest: Vec<String> = unneeded
        .map(|(start, _)| format!("{start}: this exception is no longer needed, delete it"))
        .collect();
    rest.extend(found.iter().filter(|line| !is_excepted(line)).cloned());
    rest
}

#[test]
fn an_exception_that_is_no_longer_needed_is_found() {
    let found = vec!["a.rs: 1".to_owned(), "b.rs: 2".to_owned()];
    assert_eq!(less(found.clone(), &[("a.rs", "why")]), ["b.rs: 2"]);
    assert_eq!(
        less(found, &[("a.rs", "why"), ("b.rs", "why"), ("c.rs", "why")]).len(),
        1
    );
}
