//! Finds what would go around the rules for request bodies: the size, the budget, and that an array is no object.

use crate::{Source, assert_none, code::code, program};

/// With these attributes, serde stores a value of any size before it reads it. The deserializer that refuses arrays in
/// the place of objects does not see how it is read then.
const STORED: [&str; 4] = ["flatten", "untagged", "tag = ", "content = "];

/// The extractors of axum that read a body. The kit has its own.
const EXTRACTORS: [&str; 8] = [
    "): Json<",
    "): Form<",
    ": Bytes",
    ": Multipart",
    ": Body",
    ": Request",
    ": RawForm",
    ": String)",
];

/// The types that are read and have one of the attributes.
fn stored(source: &Source) -> Vec<String> {
    let mut items = source.text.split("#[derive(").skip(1);
    let mut found = Vec::new();
    for item in &mut items {
        let item = item.split("\n}\n").next().unwrap_or_default();
        let (derived, rest) = item.split_once(")]").unwrap_or((item, ""));
        if derived.contains("Deserialize") {
            let attributes = rest
                .lines()
                .filter(|line| line.trim_start().starts_with("#[serde("));
            let bad = attributes.filter(|line| STORED.iter().any(|text| line.contains(text)));
            found.extend(bad.map(|line| format!("{}: {}", source.path, line.trim())));
        }
    }
    found
}

/// The handlers that read a body without the kit.
fn unbounded(source: &Source) -> Vec<String> {
    let code = code(&source.text);
    let mut found = Vec::new();
    for function in code.split("async fn ").skip(1) {
        let parameters = function.split(") -> ").next().unwrap_or_default().to_owned() + ")";
        let read = EXTRACTORS.iter().filter(|text| parameters.contains(**text));
        found.extend(read.map(|text| format!("{}: {text}", source.path)));
    }
    found
}

#[test]
fn a_body_is_not_stored_before_it_is_read() {
    let program = program();
    let faces = program.iter().filter(|source| source.is_in(&["src/http/"]));
    let found: Vec<String> = faces.flat_map(stored).collect();
    assert_none(&found, "A type of a request body names its members itself:");
}

#[test]
fn a_face_reads_bodies_with_the_kit() {
    let program = program();
    let faces = program.iter().filter(|source| source.is_in(&["src/http/"]));
    // This file makes an extractor of `JsonBody`.
    let faces = faces.filter(|source| source.path != "src/http/os2iot/fields.rs");
    let found: Vec<String> = faces.flat_map(unbounded).collect();
    assert_none(&found, "A handler takes its body as `JsonBody` or `JsonList`:");
}

#[test]
fn an_attribute_that_stores_and_an_extractor_of_axum_are_found() {
    let source = |text: &str| Source::new("src/http/a/lib.rs", text);
    let item = |derived: &str, attribute: &str| {
        source(&format!(
            "#[derive({derived})]\nstruct A {{\n    #[serde({attribute})]\n    b: B,\n}}\n"
        ))
    };
    assert_eq!(stored(&item("Debug, Deserialize", "flatten")).len(), 1);
    assert_eq!(stored(&item("Deserialize", "tag = \"type\"")).len(), 1);
    assert!(stored(&item("Debug, Deserialize", "default")).is_empty());
    assert!(stored(&item("Serialize", "flatten")).is_empty());
    let handler = |parameter: &str| {
        source(&format!(
            "async fn a(\n    State(app): State<App>,\n    {parameter},\n) -> Json<B> {{}}"
        ))
    };
    assert!(unbounded(&handler("JsonBody(body): JsonBody<B>")).is_empty());
    for parameter in ["Json(body): Json<B>", "body: Bytes", "request: Request"] {
        assert_eq!(unbounded(&handler(parameter)).len(), 1, "{parameter}");
    }
}
