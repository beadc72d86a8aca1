//! Every setting is in the README's table, and every setting in the table exists.

use std::collections::BTreeSet;

use crate::{assert_none, read};

/// The settings that the server declares, in upper case: `name: Type = "default"` and `name: Type, else "..."`.
fn declared(source: &str) -> BTreeSet<String> {
    let declarations = source.lines().skip_while(|line| !line.starts_with("settings! {"));
    let name = |line: &str| {
        let (name, rest) = line.trim().split_once(": ")?;
        (rest.contains(" = ") || rest.contains(", else ")).then(|| name.to_uppercase())
    };
    declarations
        .take_while(|line| *line != "}")
        .filter_map(name)
        .collect()
}

/// The settings of the table: the names in backticks in the first column.
fn documented(readme: &str) -> BTreeSet<String> {
    let table = readme
        .lines()
        .skip_while(|line| !line.starts_with("| setting "))
        .skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    let column = |row: &str| row.split('|').nth(1).unwrap_or_default().to_owned();
    let names = rows.map(column).collect::<Vec<_>>().join(",");
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn differences(source: &str, readme: &str) -> Vec<String> {
    let (declared, documented) = (declared(source), documented(readme));
    let missing = declared
        .difference(&documented)
        .map(|name| format!("{name} is not in the README"));
    let unknown = documented
        .difference(&declared)
        .map(|name| format!("{name} is in the README and does not exist"));
    missing.chain(unknown).collect()
}

#[test]
fn the_readme_has_every_setting() {
    let source = read("src/server/settings/mod.rs");
    assert!(
        declared(&source).len() >= 20,
        "the settings are declared elsewhere"
    );
    assert_none(
        &differences(&source, &read("README.md")),
        "The README's table of settings differs:",
    );
}

#[test]
fn a_setting_without_a_row_is_found() {
    let source = "settings! {\n    listen: SocketAddr = \"a\", parsed;\n    data_dir: PathBuf, else \"b\", parsed;\n}\n";
    let readme = |names: &str| {
        format!("| setting (`MUNIMENT_`) | default | |\n|---|---|---|\n| {names} | | |\n\n| `OTHER` |\n")
    };
    assert!(differences(source, &readme("`LISTEN`, `DATA_DIR`")).is_empty());
    assert_eq!(
        differences(source, &readme("`LISTEN`")),
        ["DATA_DIR is not in the README"]
    );
    assert_eq!(
        differences(source, &readme("`LISTEN`, `DATA_DIR`, `MORE`")),
        ["MORE is in the README and does not exist"]
    );
}
