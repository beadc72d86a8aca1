//! The ledger does not name any aggregate: it stores, claims and replays every aggregate of the registry.

use crate::{
    Source, assert_none,
    code::{code, has_word},
    program,
};

/// The names of the aggregates, from their folders: `user`, and `UserEvent`, `UserCommand`, `User`.
fn aggregates(sources: &[Source]) -> Vec<String> {
    let folder = |source: &Source| {
        let folder = source
            .path
            .strip_prefix("aggregates/")?
            .strip_suffix("/command.rs")?;
        Some(folder.to_owned())
    };
    sources.iter().filter_map(folder).collect()
}

fn capitalized(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let (first, rest) = word.split_at(1.min(word.len()));
        first.to_uppercase() + rest
    });
    words.collect()
}

/// The lines of a file that name one of the aggregates.
fn named(source: &Source, aggregates: &[String]) -> Vec<String> {
    if !source.is_in(&["src/ledger/"]) {
        return Vec::new();
    }
    let code = code(&source.text);
    let names = |line: &&str| {
        aggregates.iter().any(|name| {
            let state = capitalized(name);
            let types = ["Event", "Command", "Error"].map(|what| format!("{state}{what}"));
            let is_module = line.contains(&format!("{name}::")) && has_word(line, name);
            is_module
                || types.iter().any(|word| has_word(line, word))
                || line.contains(&format!("::{state}("))
        })
    };
    code.lines()
        .filter(names)
        .map(|line| format!("{}: {}", source.path, line.trim()))
        .collect()
}

#[test]
fn the_ledger_names_no_aggregate() {
    let sources = program();
    let aggregates = aggregates(&sources);
    assert!(aggregates.len() >= 3, "the aggregates are elsewhere");
    let found: Vec<String> = sources
        .iter()
        .flat_map(|source| named(source, &aggregates))
        .collect();
    assert_none(
        &found,
        "What an aggregate needs of the ledger belongs into its folder:",
    );
}

#[test]
fn an_aggregate_in_the_ledger_is_found() {
    let aggregates = ["user".to_owned(), "seat_plan".to_owned()];
    for line in [
        "use aggregates::user::User;",
        "UserEvent::Deleted {} => {}",
        "Command::User(id, command) => decide(id, command),",
        "seat_plan::claims::SEAT",
        "let event: SeatPlanEvent = read()?;",
    ] {
        assert_eq!(
            named(&Source::new("src/ledger/unit.rs", line), &aggregates).len(),
            1,
            "{line}"
        );
        assert!(
            named(&Source::new("projections/a.rs", line), &aggregates).is_empty(),
            "{line}"
        );
    }
    for line in ["// UserEvent", "let user = metadata.actor;", "superuser::go()"] {
        assert!(
            named(&Source::new("src/ledger/unit.rs", line), &aggregates).is_empty(),
            "{line}"
        );
    }
}
