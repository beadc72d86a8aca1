//! Every Rust file is a module of some crate. The compiler does not read a file that no `mod` names, so the tests in it
//! never run.

use crate::{Source, assert_none, code::has_word, sources};

/// Files that cargo finds by itself.
const ROOTS: [&str; 4] = ["lib.rs", "main.rs", "in_process.rs", "build.rs"];

/// The folder of a path, and the name in it.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Whether a manifest makes the file a crate of its own: by its path, or as a test that cargo finds.
fn is_root(path: &str, manifests: &[Source]) -> bool {
    let (folder, name) = split(path);
    let is_named = |manifest: &Source| {
        let inner = path.strip_prefix(split(&manifest.path).0).unwrap_or(path);
        let named = format!("path = \"{}\"", inner.trim_start_matches('/'));
        let is_test = split(folder) == (split(&manifest.path).0, "tests");
        manifest.text.contains(&named) || is_test && !manifest.text.contains("autotests = false")
    };
    ROOTS.contains(&name) || folder.ends_with("fuzz_targets") || manifests.iter().any(is_named)
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The files that are neither a root nor a module of the file that would have to name them.
fn undeclared(files: &[Source], manifests: &[Source]) -> Vec<String> {
    let is_module = |path: &str| {
        let (folder, name) = split(path);
        let (parent, module) = match name {
            "mod.rs" => split(folder),
            _ => (folder, name.trim_end_matches(".rs")),
        };
        let declares = |source: &&Source| {
            let (beside, name) = split(&source.path);
            let is_parent = beside == parent && (name == "mod.rs" || ROOTS.contains(&name))
                || source.path.strip_suffix(".rs") == Some(parent);
            let declaration = format!("mod {module};");
            is_parent && code_lines(&source.text).any(|line| has_word(line, &declaration))
        };
        files.iter().any(|source| declares(&source))
    };
    let paths = files.iter().map(|source| source.path.as_str());
    let lost = paths.filter(|path| !is_root(path, manifests) && !is_module(path));
    lost.map(str::to_owned).collect()
}

#[test]
fn every_file_is_a_module() {
    let mut manifests = sources("toml");
    manifests.retain(|source| split(&source.path).1 == "Cargo.toml");
    let files = sources("rs");
    assert!(files.len() > 300, "the sources are elsewhere");
    assert_none(
        &undeclared(&files, &manifests),
        "No `mod` names these files, so nothing compiles them and their tests do not run:",
    );
}

#[test]
fn a_file_that_no_mod_names_is_found() {
    let files = [
        Source::new("a/lib.rs", "mod b;\npub mod c;\n#[cfg(test)]\nmod tests;\n"),
        Source::new("a/b.rs", ""),
        Source::new("a/c/mod.rs", "mod d;\n"),
        Source::new("a/c/d.rs", "mod e;\n"),
        Source::new("a/c/d/e.rs", ""),
        Source::new("a/tests/mod.rs", "// mod lost;\n"),
        Source::new("a/tests/alone.rs", ""),
        Source::new("b/tests/found.rs", ""),
        Source::new("b/tests/lost/mod.rs", ""),
        Source::new("a/c/lost.rs", ""),
        Source::new("a/lost/mod.rs", ""),
        Source::new("a/tests/lost.rs", ""),
    ];
    let manifests = [
        Source::new("a/Cargo.toml", "autotests = false\npath = \"tests/alone.rs\"\n"),
        Source::new("b/Cargo.toml", "[package]\n"),
    ];
    assert_eq!(
        undeclared(&files, &manifests),
        [
            "b/tests/lost/mod.rs",
            "a/c/lost.rs",
            "a/lost/mod.rs",
            "a/tests/lost.rs"
        ]
    );
}
