//! Titles: names that people read and that nobody logs in by.

use icu_properties::{CodePointMapData, CodePointMapDataBorrowed, props::GeneralCategory};

use super::{Invalid, text_value};

const CATEGORY: CodePointMapDataBorrowed<'static, GeneralCategory> = CodePointMapData::new();

/// A title, in Normalization Form C: at most 1,024 characters, not only white space, without control characters and characters that
/// format text. Each kind of thing may have a lower limit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Title(String);

impl Title {
    /// The most characters of any title.
    pub const MOST: usize = 1024;

    /// Reads the title of a thing of this kind, or says which rule it breaks.
    pub fn parse_within(what: &'static str, text: &str, least: usize, most: usize) -> Result<Self, Invalid> {
        let fail = |rule| Err(Invalid { what, rule });
        let title = crate::text::composed(text);
        let length = title.chars().count();
        if length > most {
            return fail("is too long");
        }
        if title.trim().is_empty() {
            return fail("must not be blank");
        }
        if length < least {
            return fail("is too short");
        }
        if title.chars().any(is_hidden) {
            return fail("must not contain control characters or characters that format text");
        }
        Ok(Self(title.into_owned()))
    }

    /// Reads a title of any length.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::parse_within("name", text, 1, Self::MOST)
    }

    /// A title as it was recorded.
    fn recorded(text: String) -> Self {
        Self(text)
    }
}

/// Whether the character does not show, or changes how others show.
fn is_hidden(character: char) -> bool {
    matches!(
        CATEGORY.get(character),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
    )
}

text_value!(Title, recorded);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_read_in_their_composed_form() {
        for title in ["a", "Aarhus – Læserettigheder", "C&A / 7 (old)", "日本", " x"] {
            assert_eq!(&*Title::parse(title).unwrap(), title);
        }
        assert_eq!(&*Title::parse("Wa\u{308}rter").unwrap(), "Wärter");
    }

    #[test]
    fn what_hides_or_turns_text_is_refused() {
        for title in [
            "",
            " ",
            "\u{a0}",
            "a\nb",
            "a\0",
            "a\u{202e}b",
            "a\u{200b}",
            "a\u{2028}b",
            "\u{e000}",
        ] {
            assert!(Title::parse(title).is_err(), "{title:?}");
        }
    }

    #[test]
    fn each_kind_has_its_own_length() {
        let of = |text: &str| Title::parse_within("name", text, 2, 5).map_err(|invalid| invalid.rule);
        assert_eq!(of("a"), Err("is too short"));
        assert!(of("ab").is_ok() && of("ééééé").is_ok());
        assert_eq!(of("éééééé"), Err("is too long"));
    }

    #[test]
    fn a_recorded_title_stays_as_it_is() {
        let title: Title = serde_json::from_str("\" \\n\"").unwrap();
        assert_eq!(&*title, " \n");
    }
}
