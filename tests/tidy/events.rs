//! Every fold over events names every event, so that nothing builds before somebody has decided what a new event means
//! there.
//!
//! The compiler checks a `match` without a wildcard. This rule finds code that would hide an event from the compiler: a
//! wildcard arm, `matches!`, `if let` and `let ... else` over events.

use crate::{
    Source, assert_none,
    code::{code, within},
    less, sources,
};

/// The enums whose variants must all be named: the event enum of all aggregates, and the event enum of each aggregate.
const EVENTS: &str = "Event::";

/// The folders of the folds, and of the oracles and models that the tests hold against them.
const FOLDS: [&str; 1] = ["projections/"];

/// Files that look for one event among others, and decide nothing about the events that they skip.
const EXCEPTIONS: [(&str, &str); 14] = [
    (
        "projections/authorization/tests/changing.rs: ",
        "leaves out what no ledger would record, and looks for the events of one permission",
    ),
    (
        "projections/tests/read_models/model/spans.rs: let RoleEvent::Created",
        "asks only whether the event creates its aggregate",
    ),
    (
        "projections/authorization/tests/library.rs: Step::",
        "leaves out the steps that no ledger would record",
    ),
    (
        "projections/authorization/tests/moments.rs: ",
        "looks for the events that name a credential or give a grant",
    ),
    (
        "projections/authorization/tests/oracle.rs: matches!(event, UserEvent::Created",
        "asks only whether the event creates its aggregate",
    ),
    (
        "projections/authorization/tests/os2iot.rs: _ =>",
        "looks for the event that formed a group",
    ),
    (
        "projections/tests/read_models/model/applications.rs: let ApplicationEvent::Created",
        "takes the event that begins an application",
    ),
    (
        "projections/tests/read_models/model/groups.rs: let RoleEvent::Created",
        "takes the event that begins a group",
    ),
    (
        "projections/tests/read_models/model/licences.rs: let LicenceEvent::Issued",
        "takes the event that begins a licence",
    ),
    (
        "projections/tests/read_models/model/api_keys.rs: ",
        "takes the events that begin a key",
    ),
    (
        "projections/tests/read_models/model/accounts.rs: let AccountEvent::Opened",
        "takes the event that begins an account",
    ),
    (
        "projections/authorization/tests/random.rs: let UserEvent::C",
        "gives a user a free name, and frees a certificate",
    ),
    (
        "projections/authorization/tests/what_if.rs: _ =>",
        "leaves out the steps that no ledger would record",
    ),
    (
        "projections/tests/read_models/sorted/",
        "its lists are about names and one flag",
    ),
];

/// Whether a piece of code names a variant of an event: `Event::User`, `UserEvent::Deleted`.
fn names_an_event(code: &str) -> bool {
    code.match_indices(EVENTS)
        .any(|(at, _)| code[at + EVENTS.len()..].starts_with(char::is_uppercase))
}

/// The patterns of the arms of a `match`, from the text of its body.
fn patterns(body: &str) -> Vec<&str> {
    let (mut patterns, mut start, mut depth) = (Vec::new(), 0, 0);
    let mut is_pattern = true;
    for (at, character) in body.char_indices() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth -= 1;
                // An arm that is a block needs no comma after it.
                if depth == 0 && !is_pattern && character == '}' {
                    (start, is_pattern) = (at + 1, true);
                }
            }
            '=' if depth == 0 && is_pattern && body[at..].starts_with("=>") => {
                patterns.push(body[start..at].trim().trim_start_matches(',').trim());
                is_pattern = false;
            }
            ',' if depth == 0 && !is_pattern => (start, is_pattern) = (at + 1, true),
            _ => {}
        }
    }
    patterns
}

/// The pieces of code that hide events from the compiler.
fn hidden(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("match ") {
        let Some(open) = code[at..].find('{') else {
            continue;
        };
        let patterns = patterns(within(&code[at + open..]));
        if patterns.iter().any(|pattern| names_an_event(pattern)) {
            let catches_all = |pattern: &&&str| !names_an_event(pattern);
            found.extend(
                patterns
                    .iter()
                    .filter(catches_all)
                    .map(|pattern| format!("{pattern} =>")),
            );
        }
    }
    for (at, _) in code.match_indices("matches!") {
        let arguments = within(&code[at + "matches!".len()..]);
        if names_an_event(arguments) {
            found.push(format!("matches!({arguments})"));
        }
    }
    for (at, _) in code.match_indices("let ") {
        let statement = &code[at..];
        let pattern = statement.split(" = ").next().unwrap_or_default();
        // A text that reaches beyond a statement is not a pattern.
        if !pattern.contains(';') && names_an_event(pattern) {
            found.push(pattern.to_owned());
        }
    }
    found
}

#[test]
fn no_fold_passes_over_an_event_in_silence() {
    let mut found = Vec::new();
    let all = sources("rs");
    let folds: Vec<&Source> = all.iter().filter(|source| source.is_in(&FOLDS)).collect();
    let has_oracle = folds.iter().any(|source| source.path.ends_with("/oracle.rs"));
    assert!(folds.len() > 100 && has_oracle, "the folds are elsewhere");
    for source in folds {
        let hidden = hidden(&code(&source.text));
        found.extend(hidden.into_iter().map(|what| format!("{}: {what}", source.path)));
    }
    assert_none(
        &less(found, &EXCEPTIONS),
        "These pass over events; name each event instead:",
    );
}

#[test]
fn what_hides_an_event_is_found() {
    for code in [
        "match event { UserEvent::Deleted {} => { a(); } _ => {} }",
        "match event { UserEvent::Deleted {} => None, other => b(other), }",
        "match (a, b) { (Event::User(_), 1) => x, _ if c => {} (_, _) => y }",
        "matches!(event, RoleEvent::Deleted {})",
        "if let Event::Session(event) = &recorded.event { a() }",
        "let Event::User(event) = &recorded.event else { return };",
    ] {
        assert!(!hidden(code).is_empty(), "{code}");
    }
    for code in [
        "match event { UserEvent::Deleted {} | UserEvent::Created { .. } => {} }",
        "match event { Event::User(event) => match user { None => 1, _ => 2 }, Event::Role(_) => 3 }",
        "match kind { Kind::One => a, _ => b }",
        "let event = Event::User(event);",
    ] {
        assert_eq!(hidden(code), Vec::<String>::new(), "{code}");
    }
}
