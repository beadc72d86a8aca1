//! A file of the program has at most 400 lines. (Functions have at most 80: clippy counts those.)

use crate::{Source, assert_none, less, program};

/// The most lines of a file.
const MOST: usize = 400;

/// Files that are longer. This list may only shrink.
const EXCEPTIONS: [(&str, &str); 0] = [];

fn too_long(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    (lines > MOST).then(|| format!("{}: {lines} lines", source.path))
}

#[test]
fn files_are_short() {
    let found = program().iter().filter_map(too_long).collect();
    assert_none(
        &less(found, &EXCEPTIONS),
        &format!("A file has at most {MOST} lines; split these:"),
    );
}

#[test]
fn a_long_file_is_found() {
    assert!(too_long(&Source::new("src/a.rs", &"\n".repeat(MOST + 1))).is_some());
    assert!(too_long(&Source::new("src/a.rs", &"\n".repeat(MOST))).is_none());
}
