//! Replaces the parts of an answer that differ from run to run by fixed texts.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The beginning of the fixed ids of the roles that every ledger has. They do not differ.
const FIXED: &str = "6d756e69-6d65-4e74-8000-";

/// JSON members whose texts are random, or depend on random bytes.
const RANDOM: [&str; 5] = ["next_token", "kid", "x", "box", "actoraddress"];

/// Gives each id a number when it first occurs, so that the same id has the same number in the whole transcript.
#[derive(Default)]
pub(super) struct Redactor {
    ids: BTreeMap<String, usize>,
}

impl Redactor {
    /// The text without the parts that differ from run to run.
    pub(super) fn redacted(&mut self, text: &str) -> String {
        let text = without_members(text);
        let mut redacted = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let length = if end == 0 { first.len_utf8() } else { end };
            let (word, after) = rest.split_at(length);
            redacted.push_str(&self.word(word));
            rest = after;
        }
        redacted
    }

    /// A word has only letters, digits and `-_.:`.
    fn word(&mut self, word: &str) -> String {
        if let Some((kind, id)) = word.rsplit_once(':').filter(|(_, id)| is_id(id)) {
            return format!("{kind}:{}", self.id(id));
        }
        // In a message, an id may be followed by a colon or a full stop.
        if let Some(id) = word.strip_suffix([':', '.']).filter(|id| is_id(id)) {
            return format!("{}{}", self.id(id), &word[id.len()..]);
        }
        if is_id(word) {
            return self.id(word);
        }
        if is_time(word) {
            // Times of the ledger have another number of digits than times of the face.
            return format!("{{time of {} characters}}", word.len());
        }
        if is_hash(word) {
            return "{hash}".to_owned();
        }
        if word.starts_with("eyJ") && word.matches('.').count() == 2 {
            return "{token}".to_owned();
        }
        word.to_owned()
    }

    fn id(&mut self, id: &str) -> String {
        let is_simple = id
            .bytes()
            .filter(|byte| *byte != b'-')
            .all(|byte| byte.is_ascii_digit());
        if id.starts_with(FIXED) || is_simple {
            return id.to_owned();
        }
        let next = self.ids.len() + 1;
        format!("{{id {}}}", self.ids.entry(id.to_owned()).or_insert(next))
    }
}

fn is_id(word: &str) -> bool {
    let groups: Vec<usize> = word.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && word.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

fn is_time(word: &str) -> bool {
    let shape: String = word
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape.starts_with("0000-00-00T00:00:00") && shape.ends_with('Z')
}

/// Replaces the texts of the random members, unless they are empty.
fn without_members(text: &str) -> String {
    let mut text = text.to_owned();
    for name in RANDOM {
        let start = format!("\"{name}\":\"");
        let mut from = 0;
        while let Some(found) = text[from..].find(&start) {
            let begin = from + found + start.len();
            let length = text[begin..].find('"').unwrap_or_default();
            if length > 0 {
                text.replace_range(begin..begin + length, &format!("{{{length} characters}}"));
            }
            from = begin;
        }
    }
    text
}

/// The body with the list at a JSON pointer sorted; the elements stay the same to the byte. The server orders such a
/// list by ids, so its order differs in each run.
pub(super) fn sorted(body: &str, pointer: &str) -> String {
    let mut part = body;
    for name in pointer.split('/').skip(1) {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(part).expect("an object");
        part = members
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {part}"))
            .get();
    }
    let mut elements: Vec<&RawValue> = serde_json::from_str(part).expect("a list");
    elements.sort_by_cached_key(|element| without_ids(element.get()));
    let elements: Vec<&str> = elements.into_iter().map(RawValue::get).collect();
    body.replacen(part, &format!("[{}]", elements.join(",")), 1)
}

fn is_hash(word: &str) -> bool {
    let is_hash = [40, 64].contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    // The hashes that the transcripts invent do not differ.
    is_hash
        && !word.starts_with("9f86d081")
        && !word.starts_with("aa86d081")
        && word.bytes().any(|byte| byte != b'0')
}

fn without_ids(text: &str) -> String {
    let words = text
        .split('"')
        .map(|word| if is_id(word) || is_hash(word) { "" } else { word });
    words.collect()
}

#[test]
fn what_differs_is_replaced_and_nothing_else() {
    let mut redactor = Redactor::default();
    let id = "0a0b0c0d-0000-4000-8000-000000000001";
    let other = "1a0b0c0d-0000-4000-8000-000000000001";
    for (text, redacted) in [
        (
            format!("user/{id} and user:{other}"),
            "user/{id 1} and user:{id 2}",
        ),
        (
            format!("{other}: there is no such user"),
            "{id 2}: there is no such user",
        ),
        (
            format!("{FIXED}000000000001"),
            "6d756e69-6d65-4e74-8000-000000000001",
        ),
        (
            "\"2026-01-31T12:00:00.000Z\"".to_owned(),
            "\"{time of 24 characters}\"",
        ),
        (
            "a must be RFC 3339, e.g. 12:00".to_owned(),
            "a must be RFC 3339, e.g. 12:00",
        ),
        ("eyJ0.e30.c2ln".to_owned(), "{token}"),
        (format!("\"{}\"", "8f".repeat(32)), "\"{hash}\""),
        (
            "\"next_token\":\"\",\"x\":\"abc\"".to_owned(),
            "\"next_token\":\"\",\"x\":\"{3 characters}\"",
        ),
    ] {
        assert_eq!(redactor.redacted(&text), redacted);
    }
}

#[test]
fn a_list_is_sorted_whatever_ids_its_elements_have() {
    let body = r#"{"a": {"list": [{"id":"0a0b0c0d-0000-4000-8000-000000000001","b":2}, {"id":"1a0b0c0d-0000-4000-8000-000000000001","b":1}]}}"#;
    let sorted = sorted(body, "/a/list");
    assert_eq!(
        sorted,
        r#"{"a": {"list": [{"id":"1a0b0c0d-0000-4000-8000-000000000001","b":1},{"id":"0a0b0c0d-0000-4000-8000-000000000001","b":2}]}}"#
    );
}
