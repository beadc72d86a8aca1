//! Which words are identifiers.

use super::precis::{self, Class};

const INVISIBLE: &str = "must not contain invisible characters or characters that format text";
const NO_LETTER: &str = "must consist of letters, digits and ASCII characters";
const CONTEXT: &str = "contains a character that may stand only between certain letters";

/// The rule of the IdentifierClass (RFC 8264 section 4.2) that a word in its normal form breaks, if any. This function also refuses
/// format characters and joiners where the RFC allows them.
pub(super) fn broken_rule(word: &str) -> Option<&'static str> {
    for (at, c) in word.char_indices() {
        if precis::is_invisible(c) {
            return Some(INVISIBLE);
        }
        match precis::class(c) {
            Class::Identifier => {}
            Class::Contextual if precis::fits(word, at) => {}
            Class::Contextual => return Some(CONTEXT),
            Class::FreeText | Class::Nowhere => return Some(NO_LETTER),
        }
    }
    None
}
