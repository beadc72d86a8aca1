//! Finds the code of the program in a file.

/// The code of a file, line by line, without comments and without the tests at its end.
pub(crate) fn code(text: &str) -> String {
    let lines = text.lines().map(without_comment);
    let lines: Vec<&str> = lines.take_while(|line| line.trim() != "mod tests {").collect();
    lines.join("\n")
}

/// A line without its comment. `//` after a colon is part of a URL.
fn without_comment(line: &str) -> &str {
    let comment = line
        .match_indices("//")
        .find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// The text within the brackets that open at the start of a text.
pub(crate) fn within(text: &str) -> &str {
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

/// Whether a text has this word as a whole word.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

#[test]
fn comments_and_tests_are_no_code() {
    let text = "let a = \"http://b\"; // c\n//! d\n#[cfg(test)]\nmod tests {\n    e\n}\n";
    assert_eq!(code(text), "let a = \"http://b\"; \n\n#[cfg(test)]");
    assert_eq!(within("{ a { b } c } d"), " a { b } c ");
    assert!(has_word("a.now()", "now") && !has_word("known", "now") && !has_word("now_utc", "now"));
}
