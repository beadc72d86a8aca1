//! How hard a password is to guess (zxcvbn).

use zxcvbn::{feedback::Warning, zxcvbn};

/// How many characters are looked at. The time grows with their number, and with each kind of character that may stand for a letter: at
/// worst, 32 characters take as long as a few hashes, and 100 as long as thirty.
const MOST: usize = 32;
/// Shorter parts of a name say little about whose password it is.
const SHORTEST_PART: usize = 3;

/// How many guesses a password needs, as a number from 0 to 4, and what makes it weak. `names` are words that somebody would try first.
pub(super) fn of(password: &str, names: &[String]) -> (u8, Option<Warning>) {
    let looked_at = beginning(password);
    let names: Vec<&str> = names.iter().flat_map(|name| words(name)).collect();
    let judged = zxcvbn(looked_at, &names);
    let warning = judged.feedback().and_then(|feedback| feedback.warning());
    (u8::from(judged.score()), warning)
}

/// A name, and its parts.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let parts = name.split(|c: char| !c.is_alphanumeric());
    let parts = parts.filter(|part| part.chars().count() >= SHORTEST_PART);
    std::iter::once(name).chain(parts).map(beginning)
}

fn beginning(text: &str) -> &str {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strength(password: &str, names: &[&str]) -> u8 {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        of(password, &names).0
    }

    #[test]
    fn common_passwords_are_weak_and_uncommon_words_are_not() {
        for weak in ["password", "P4ssw0rd!", "qwertyuiop", "aaaaaaaaaaaa", "19911991"] {
            assert!(strength(weak, &[]) < 2, "{weak}");
        }
        assert_eq!(strength("correct horse battery staple", &[]), 4);
    }

    #[test]
    fn the_own_name_and_its_parts_are_weak() {
        let name = "press7.zone-north.0123456";
        for of_name in [name, "PRESS7.zone-north.0123456", "zone", "press7"] {
            assert!(strength(of_name, &[name]) < 2, "{of_name}");
        }
        assert!(strength(name, &[]) > 2);
        let long = "quixotic-zebra-".repeat(16);
        assert!(strength(&long, &[&long]) < 2);
    }

    #[test]
    fn only_the_beginning_counts() {
        let weak = "a".repeat(MOST);
        let long = format!("{weak}Zq8#v-tree-Lamp-0vz");
        assert_eq!(strength(&long, &[]), strength(&weak, &[]));
        // Characters, not bytes.
        assert_eq!(beginning(&"ß".repeat(40)), "ß".repeat(MOST));
        assert_eq!(beginning("ß"), "ß");
    }
}
