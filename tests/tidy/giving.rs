//! The commands of a caller go through the kit, which judges what they give.

use crate::{Source, assert_none, code::code, less, program};

/// How a face would go around the kit.
const AROUND: &str = "executor.execute";

/// The files that do it, with the reason.
const EXCEPTIONS: [(&str, &str); 1] = [(
    "src/http/connectware/log_out.rs: executor.execute",
    "it ends the caller's own session, and answers a session that has ended in its own way",
)];

fn around(source: &Source) -> Vec<String> {
    let code: String = code(&source.text).split_whitespace().collect();
    let goes_around = code.contains(AROUND);
    goes_around
        .then(|| format!("{}: {AROUND}", source.path))
        .into_iter()
        .collect()
}

#[test]
fn a_face_executes_commands_with_the_kit() {
    let program = program();
    let faces = program.iter().filter(|source| source.is_in(&["src/http/"]));
    let found: Vec<String> = faces.flat_map(around).collect();
    let found = less(found, &EXCEPTIONS);
    assert_none(&found, "A handler executes commands by `Caller::execute`:");
}

#[test]
fn a_way_around_the_kit_is_found() {
    let source = |text: &str| Source::new("src/http/a/lib.rs", text);
    assert_eq!(
        around(&source(
            "let a = app.executor.execute(commands, &metadata).await?;"
        ))
        .len(),
        1
    );
    assert_eq!(
        around(&source(
            "let a = app.executor.execute_unless_changed(c, &m, &[s]).await?;"
        ))
        .len(),
        1
    );
    assert_eq!(
        around(&source(
            "let a = app\n    .executor\n    .execute(commands, &metadata)"
        ))
        .len(),
        1
    );
    assert!(around(&source("let a = caller.execute(&app, commands).await?;")).is_empty());
    assert!(around(&source("let (user, _) = app.executor.read::<User>(id).await?;")).is_empty());
}
