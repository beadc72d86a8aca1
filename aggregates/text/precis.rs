//! The string classes of PRECIS (RFC 8264). The program derives them from properties of Unicode, so they are as new as its Unicode
//! data.

use std::ops::RangeInclusive;

use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
    props::{
        CanonicalCombiningClass, DefaultIgnorableCodePoint, GeneralCategory, HangulSyllableType, JoiningType,
        NoncharacterCodePoint,
    },
};
use unicode_script::{Script, UnicodeScript};

use super::NFKC;

const CATEGORY: CodePointMapDataBorrowed<'static, GeneralCategory> = CodePointMapData::new();
const HANGUL: CodePointMapDataBorrowed<'static, HangulSyllableType> = CodePointMapData::new();
const COMBINING: CodePointMapDataBorrowed<'static, CanonicalCombiningClass> = CodePointMapData::new();
const JOINING: CodePointMapDataBorrowed<'static, JoiningType> = CodePointMapData::new();
const IGNORABLE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<DefaultIgnorableCodePoint>();
const NONCHARACTER: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<NoncharacterCodePoint>();

/// Where a character may occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// In identifiers and in free text.
    Identifier,
    /// In free text only.
    FreeText,
    /// In both, but only between certain other characters; see [`fits`].
    Contextual,
    /// In neither.
    Nowhere,
}

/// The class of a character (RFC 8264 section 8).
pub(super) fn class(c: char) -> Class {
    match c {
        'ß' | 'ς' | '\u{6fd}' | '\u{6fe}' | '\u{f0b}' | '\u{3007}' => Class::Identifier,
        '\u{b7}' | '\u{375}' | '\u{5f3}' | '\u{5f4}' | '\u{30fb}' => Class::Contextual,
        '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' => Class::Contextual,
        '\u{640}' | '\u{7fa}' | '\u{302e}' | '\u{302f}' | '\u{3031}'..='\u{3035}' | '\u{303b}' => {
            Class::Nowhere
        }
        '!'..='~' => Class::Identifier,
        '\u{200c}' | '\u{200d}' => Class::Contextual,
        c if is_old_hangul(c) || IGNORABLE.contains(c) || NONCHARACTER.contains(c) => Class::Nowhere,
        c => by_category(c),
    }
}

fn by_category(c: char) -> Class {
    use GeneralCategory as Category;
    match CATEGORY.get(c) {
        Category::Unassigned
        | Category::Control
        | Category::Format
        | Category::LineSeparator
        | Category::ParagraphSeparator
        | Category::PrivateUse
        | Category::Surrogate => Class::Nowhere,
        _ if has_compatibility_form(c) => Class::FreeText,
        Category::LowercaseLetter
        | Category::UppercaseLetter
        | Category::OtherLetter
        | Category::ModifierLetter
        | Category::DecimalNumber
        | Category::NonspacingMark
        | Category::SpacingMark => Class::Identifier,
        _ => Class::FreeText,
    }
}

/// Invisible characters and characters that only format others.
pub(super) fn is_invisible(c: char) -> bool {
    IGNORABLE.contains(c) || CATEGORY.get(c) == GeneralCategory::Format
}

fn is_old_hangul(c: char) -> bool {
    matches!(
        HANGUL.get(c),
        HangulSyllableType::LeadingJamo | HangulSyllableType::VowelJamo | HangulSyllableType::TrailingJamo
    )
}

fn has_compatibility_form(c: char) -> bool {
    !NFKC.normalize_iter(std::iter::once(c)).eq(std::iter::once(c))
}

/// Whether the characters around the contextual character at this place of a text allow it (RFC 5892 appendix A).
pub(super) fn fits(text: &str, at: usize) -> bool {
    let Some((before, from)) = text.split_at_checked(at) else {
        return false;
    };
    let mut after = from.chars();
    let Some(c) = after.next() else {
        return false;
    };
    let (last, next) = (before.chars().next_back(), after.clone().next());
    let is_of = |c: Option<char>, script| c.is_some_and(|c| c.script() == script);
    let none_of = |digits: RangeInclusive<char>| !text.chars().any(|other| digits.contains(&other));
    match c {
        '\u{200d}' => is_virama(last),
        '\u{200c}' => {
            is_virama(last)
                || joins(before.chars().rev(), JoiningType::LeftJoining)
                    && joins(after, JoiningType::RightJoining)
        }
        // The middle dot of Catalan.
        '\u{b7}' => last == Some('l') && next == Some('l'),
        '\u{375}' => is_of(next, Script::Greek),
        '\u{5f3}' | '\u{5f4}' => is_of(last, Script::Hebrew),
        '\u{30fb}' => text
            .chars()
            .any(|c| matches!(c.script(), Script::Hiragana | Script::Katakana | Script::Han)),
        // Digits of both kinds look alike.
        '\u{660}'..='\u{669}' => none_of('\u{6f0}'..='\u{6f9}'),
        '\u{6f0}'..='\u{6f9}' => none_of('\u{660}'..='\u{669}'),
        _ => false,
    }
}

fn is_virama(c: Option<char>) -> bool {
    c.is_some_and(|c| COMBINING.get(c) == CanonicalCombiningClass::Virama)
}

/// Whether the nearest letter on one side of a non-joiner would join it. `side` is the joining type of letters that join only
/// there.
fn joins(mut away: impl Iterator<Item = char>, side: JoiningType) -> bool {
    let nearest = away.find(|c| JOINING.get(*c) != JoiningType::Transparent);
    nearest.is_some_and(|c| [side, JoiningType::DualJoining].contains(&JOINING.get(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_the_classes_of_the_rfc() {
        for (characters, expected) in [
            ("az09-._@é\u{301}ßςжשس山々한ー", Class::Identifier),
            ("٪€☃ \u{a0}ⅳﬁＡǅ\u{2019}", Class::FreeText),
            ("·\u{200d}\u{200c}\u{375}\u{30fb}٣۳", Class::Contextual),
            (
                "\t\0\u{ad}\u{200b}\u{202e}\u{2066}\u{fe0f}\u{e0041}\u{640}\u{1100}\u{fffe}\u{e000}\u{378}\u{2028}",
                Class::Nowhere,
            ),
        ] {
            for c in characters.chars() {
                assert_eq!(class(c), expected, "U+{:04X}", u32::from(c));
            }
        }
    }

    #[test]
    fn a_contextual_character_needs_its_neighbours() {
        let fits = |before: &str, c: char, after: &str| fits(&format!("{before}{c}{after}"), before.len());
        assert!(fits("l", '·', "l"));
        assert!(!fits("l", '·', "a") && !fits("", '·', "l"));
        assert!(fits("", '\u{375}', "α") && !fits("α", '\u{375}', "a"));
        assert!(fits("א", '\u{5f4}', "") && !fits("a", '\u{5f4}', "א"));
        assert!(fits("山", '\u{30fb}', "a") && !fits("a", '\u{30fb}', "b"));
        assert!(fits("٤", '٣', "") && !fits("۴", '٣', "") && !fits("", '۳', "٤"));
        assert!(fits("\u{915}\u{94d}", '\u{200d}', "") && !fits("a", '\u{200d}', "b"));
        assert!(fits("\u{915}\u{94d}", '\u{200c}', ""));
        assert!(fits("\u{6cc}", '\u{200c}', "\u{62e}"), "Persian");
        assert!(fits("\u{6cc}\u{64e}", '\u{200c}', "\u{64e}\u{62e}"), "with marks");
        assert!(!fits("a", '\u{200c}', "b") && !fits("\u{6cc}", '\u{200c}', ""));
        assert!(!fits("a", 'b', "c"));
    }
}
