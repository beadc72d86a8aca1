//! Long texts in messages and explanations.

use std::borrow::Cow;

/// How many characters of a text a message or an explanation repeats.
const MOST_CHARACTERS: usize = 256;

/// The text. A long text is cut and ends with an ellipsis.
pub fn shortened(text: &str) -> Cow<'_, str> {
    let cut = text.char_indices().nth(MOST_CHARACTERS);
    match cut.and_then(|(end, _)| text.get(..end)) {
        None => Cow::Borrowed(text),
        Some(start) => Cow::Owned(format!("{start}…")),
    }
}
