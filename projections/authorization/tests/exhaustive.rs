//! Every fold over events names every event: what a later event means is decided here before anything builds.
//!
//! The compiler checks a `match` without a wildcard. This test reads the source for what would hide an event from the
//! compiler: a wildcard arm, `matches!`, `if let` and `let ... else` over events.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The enums whose variants must all be named.
const EVENTS: [&str; 4] = ["Event::", "UserEvent::", "RoleEvent::", "SessionEvent::"];

/// The files of the crate, without its tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file: without comments, and without the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a piece of code names a variant of an event.
fn names_an_event(code: &str) -> bool {
    EVENTS.iter().any(|name| {
        code.match_indices(name).any(|(at, _)| {
            let starts_variant = |after: &str| after.starts_with(char::is_uppercase);
            let is_whole = !code[..at].ends_with(char::is_alphanumeric);
            is_whole && starts_variant(&code[at + name.len()..])
        })
    })
}

/// What stands within the brackets that open at the start of a text.
fn within(text: &str) -> &str {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth -= 1;
                if depth == 0 {
                    return &text[1..at];
                }
            }
            _ => {}
        }
    }
    text
}

/// The patterns of the arms of a `match`, by its body.
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

/// What in a piece of code hides events from the compiler.
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
        // What reaches beyond a statement is no pattern.
        if !pattern.contains(';') && names_an_event(pattern) {
            found.push(pattern.to_owned());
        }
    }
    found
}

#[test]
fn no_fold_passes_over_an_event_in_silence() {
    let mut files = Vec::new();
    sources(Path::new(env!("CARGO_MANIFEST_DIR")), &mut files);
    assert!(files.len() > 20, "the sources are elsewhere");
    let mut found = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let hidden = hidden(&code(&fs::read_to_string(&file).unwrap()));
        found.extend(hidden.into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(found.is_empty(), "these pass over events:\n{}", found.join("\n"));
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
