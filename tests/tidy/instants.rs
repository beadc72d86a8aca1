//! Time and randomness come only from `src/ledger/clock.rs` and `src/ledger/ids.rs`. Code that takes them as arguments
//! can be tested and replayed.

use crate::{
    Source, assert_none,
    code::{code, has_word},
    less, program,
};

/// The files that may ask the system for time and randomness.
const SOURCES: [&str; 2] = ["src/ledger/clock.rs", "src/ledger/ids.rs"];

/// The calls that ask the system for time and randomness.
const CALLS: [&str; 9] = [
    "SystemTime",
    "Instant::now",
    "now_utc",
    "now_local",
    "OsRng",
    "thread_rng",
    "getrandom",
    "new_v4",
    "now_v7",
];

/// These files measure how long something took. They do not decide or record anything by it.
const EXCEPTIONS: [(&str, &str); 3] = [
    ("src/ledger/executor.rs", "how long a command is tried again"),
    (
        "src/ledger/executor/attempts.rs",
        "how long a change is judged again",
    ),
    ("src/ledger/rehearsal.rs", "how long a rehearsal is tried again"),
];

fn asked(source: &Source) -> Vec<String> {
    if source.is_in(&SOURCES) {
        return Vec::new();
    }
    let code = code(&source.text);
    let lines = code
        .lines()
        .filter(|line| CALLS.iter().any(|call| has_word(line, call)));
    lines
        .map(|line| format!("{}: {}", source.path, line.trim()))
        .collect()
}

#[test]
fn time_and_randomness_come_from_their_files() {
    let found = program().iter().flat_map(asked).collect();
    let rule = "Take the time and ids as arguments, or from a Clock or an Entropy:";
    assert_none(&less(found, &EXCEPTIONS), rule);
}

#[test]
fn a_clock_elsewhere_is_found() {
    for line in [
        "let now = SystemTime::now();",
        "let at = std::time::Instant::now();",
        "Uuid::new_v4()",
        "OsRng.gen()",
    ] {
        assert_eq!(
            asked(&Source::new("aggregates/user/create_user.rs", line)).len(),
            1,
            "{line}"
        );
        assert!(
            asked(&Source::new("src/ledger/clock.rs", line)).is_empty(),
            "{line}"
        );
    }
    let taken = "fn plus(now: Instant) -> Duration { clock.now() }";
    assert!(asked(&Source::new("src/server/app.rs", taken)).is_empty());
}
