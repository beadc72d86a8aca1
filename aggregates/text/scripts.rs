//! Names that pretend to be other names (UTS #39).

use icu_properties::{CodePointSetData, CodePointSetDataBorrowed, props::SoftDotted};
use unicode_script::Script;
use unicode_security::{confusable_detection::skeleton, mixed_script::AugmentedScriptSet};

/// Letters of living languages whose skeleton is ASCII although no reader takes them for it: `Næstved` is not `Naestved`.
const UNMISTAKABLE: [char; 4] = ['æ', 'Æ', 'œ', 'Œ'];

/// Letters whose own dot gives way to a mark above, such as `i`.
const SOFT_DOTTED: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<SoftDotted>();

/// Whether a name mixes scripts beyond the level "highly restrictive" (section 5.2). That level allows one script, and Latin with the
/// scripts in which Japanese, Korean or Chinese is written. The level also has a rule about single characters. The rule of PRECIS
/// replaces it here.
pub(super) fn mixes(name: &str) -> bool {
    let (mut all, mut beside_latin) = (AugmentedScriptSet::default(), AugmentedScriptSet::default());
    for c in name.chars() {
        all.intersect_with(c.into());
        let of = AugmentedScriptSet::from(c);
        if !of.base.contains_script(Script::Latin) {
            beside_latin.intersect_with(of);
        }
    }
    all.is_empty() && !(beside_latin.hanb || beside_latin.jpan || beside_latin.kore)
}

/// Whether a name that is not ASCII looks like one that is.
pub(super) fn looks_like_ascii(name: &str) -> bool {
    !name.is_ascii()
        && !name.contains(UNMISTAKABLE)
        && skeleton(&without_hidden_dots(name)).all(|c| c.is_ascii())
}

/// The name without each dot that stands where its letter has a dot anyway. Nobody sees such a dot (ICU calls it a hidden overlay),
/// but a skeleton and a folded capital `İ` keep it.
pub(super) fn without_hidden_dots(name: &str) -> String {
    let mut seen = String::with_capacity(name.len());
    for c in name.chars() {
        let has_dot = |c| SOFT_DOTTED.contains(c) || matches!(c, 'ı' | 'ȷ');
        if c != '\u{307}' || !seen.chars().next_back().is_some_and(has_dot) {
            seen.push(c);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_script_and_the_scripts_of_one_language_are_no_mixture() {
        for name in [
            "ada",
            "wärter",
            "жанна",
            "Παύλος",
            "山田太郎",
            "やまだ山田ヤマダ",
            "山田ada",
            "김철수ada",
            "한국",
            "ㄅ中a",
            "123",
            "ada-1",
            "سارة",
            "e\u{301}",
            "地區ㄅ",
        ] {
            assert!(!mixes(name), "{name}");
        }
    }

    #[test]
    fn scripts_that_no_language_mixes_are_a_mixture() {
        for name in ["аda", "adaж", "Παul", "жΠ", "김やま", "अada", "山ж", "אда"] {
            assert!(mixes(name), "{name}");
        }
    }

    #[test]
    fn letters_that_look_like_ascii_are_found() {
        // Cyrillic, Greek, Latin letters outside ASCII, Armenian.
        for name in ["сосо", "рауса", "ΑΒΕ", "ɑdmin", "admın", "օս"] {
            assert!(looks_like_ascii(name), "{name}");
        }
        // The dot hides in the dot of the letter.
        for name in [
            "admi\u{307}n",
            "adm\u{131}\u{307}n",
            "j\u{307}",
            "\u{237}\u{307}",
            "admi\u{307}\u{307}n",
            "і\u{307}о",
        ] {
            assert!(looks_like_ascii(name), "{}", name.escape_unicode());
        }
        for name in [
            "admin",
            "",
            "wärter",
            "жанна",
            "Παύλος",
            "Næstved",
            "cœur",
            "Ørsted",
            "Łukasz",
            "山田",
            "İbrahim",
            "żaba",
            "i\u{307}\u{301}",
        ] {
            assert!(!looks_like_ascii(name), "{name}");
        }
    }
}
