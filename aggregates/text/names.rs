//! Names of users and roles.

use std::borrow::Cow;

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_normalizer::{DecomposingNormalizer, DecomposingNormalizerBorrowed};

use super::{NFC, NFKC, bidi, identifier, scripts};

const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfd();
const NFKD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfkd();
const CASE: CaseMapperBorrowed<'static> = CaseMapper::new();
/// Names that nobody may have: the server uses them for itself.
const RESERVED: [&str; 1] = ["system"];

/// In bytes: a longer text is never a name, however it is spelt. A name has at most 255 characters. Four characters of four bytes may
/// stand for one of them.
const LONGEST: usize = 255 * 4 * 4;

/// The spelling in which the server keeps a name: Normalization Form C, without characters of half or full width (RFC 8265 section
/// 3.4.1). Every text has one, even a text that is no name. A text in its spelling stays as it is. So does a text that is too long
/// for a name: strangers send names, and must not keep the server busy with them.
pub fn spelling(name: &str) -> Cow<'_, str> {
    if name.is_ascii() || name.len() > LONGEST {
        return Cow::Borrowed(name);
    }
    let composed = NFC.normalize(name);
    if composed.chars().all(|c| ordinary_width(c) == c) {
        return composed;
    }
    let narrow: String = composed.chars().map(ordinary_width).collect();
    Cow::Owned(NFC.normalize(&narrow).into_owned())
}

/// A character in the width that other characters of its script have.
fn ordinary_width(c: char) -> char {
    // The half-width letters of Korean are left out: they stand for letters that no name may contain.
    if !matches!(c, '\u{3000}' | '\u{ff01}'..='\u{ff9f}' | '\u{ffe0}'..='\u{ffee}') {
        return c;
    }
    let mut form = NFKC.normalize_iter(std::iter::once(c));
    match (form.next(), form.next()) {
        (Some(ordinary), None) => ordinary,
        _ => c,
    }
}

/// The key that two names share if they are equal after compatibility normalization and case folding (Unicode, D146). The dot of a capital
/// `İ` does not count, since it is not seen on the small letter: `ADMİN` is like `admin`. For
/// characters that Unicode defines today, the key never changes. A text that is too long for a name is its own key. A key may be
/// eleven times longer than its name, in bytes.
pub fn alike(name: &str) -> String {
    if name.len() > LONGEST {
        return name.to_owned();
    }
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let folded = CASE.fold_string(&NFD.normalize(name)).into_owned();
    let folded = CASE.fold_string(&NFKD.normalize(&folded)).into_owned();
    let folded = scripts::without_hidden_dots(&NFKC.normalize(&folded));
    NFKC.normalize(&folded).into_owned()
}

/// Whether the server uses this name for itself. Upper and lower case make no difference.
fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&alike(name).as_str())
}

/// The rule that a name in its spelling breaks, if any. Each of its words must be an identifier.
pub(crate) fn broken_rule(name: &str) -> Option<&'static str> {
    if let Some(rule) = name.split(' ').find_map(identifier::broken_rule) {
        return Some(rule);
    }
    if !bidi::is_readable(name) {
        return Some("must not mix left-to-right and right-to-left text");
    }
    if name.ends_with('.') {
        return Some("must not end with a dot");
    }
    if is_reserved(name) {
        return Some("is reserved");
    }
    if scripts::mixes(name) {
        return Some("must not mix letters of different scripts");
    }
    scripts::looks_like_ascii(name).then_some("must not look like a name that consists of ASCII characters")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        for (typed, kept) in [
            ("ada", "ada"),
            ("wa\u{308}rter", "wärter"),
            ("ａｄａ．ｌ", "ada.l"),
            ("ﾔﾏﾀﾞ", "ヤマダ"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("A\u{3000}B", "A B"),
            ("Å", "Å"),
            // These have no single character of ordinary width.
            ("\u{ffe3}", "\u{ffe3}"),
            ("\u{ffa1}", "\u{ffa1}"),
        ] {
            assert_eq!(spelling(typed), kept);
        }
    }

    #[test]
    fn the_longest_names_have_a_spelling_and_longer_texts_stay() {
        // Iota below, circumflex and breathing: nothing takes more characters.
        let longest = "ᾧ".repeat(255);
        let decomposed = NFD.normalize(&longest).into_owned();
        assert_eq!(decomposed.chars().count(), 255 * 4);
        assert_eq!(spelling(&decomposed), longest);
        let longer = "e\u{301}".repeat(LONGEST);
        assert!(matches!(spelling(&longer), Cow::Borrowed(same) if same == longer));
    }

    #[test]
    fn a_text_that_is_too_long_for_a_name_is_its_own_key() {
        assert_eq!(alike(&"A".repeat(LONGEST)), "a".repeat(LONGEST));
        for longer in ["A".repeat(LONGEST + 1), "\u{fdfa}".repeat(1 << 20)] {
            assert_eq!(alike(&longer), longer);
        }
    }

    #[test]
    fn a_key_is_at_most_eleven_times_longer_than_its_name() {
        let growth =
            ('\0'..=char::MAX).map(|c| alike(c.encode_utf8(&mut [0; 4])).len().div_ceil(c.len_utf8()));
        assert_eq!(growth.max(), Some(11));
    }

    #[test]
    fn no_more_than_four_characters_stand_for_one() {
        let most = ('\0'..=char::MAX).map(|c| NFD.normalize_iter(std::iter::once(c)).count());
        assert_eq!(most.max(), Some(4));
    }

    #[test]
    fn case_and_compatibility_do_not_tell_names_apart() {
        for (left, right) in [
            ("Ada", "aDA"),
            ("straße", "STRASSE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ﬁtter", "Fitter"),
            ("①", "1"),
            ("Ⅷ", "viii"),
            ("ａｄａ", "ada"),
            ("ﾔﾏﾀﾞ", "ヤマダ"),
            ("İ", "i\u{307}"),
            ("ADMİN", "admin"),
            ("İbrahim", "ibrahim"),
            ("i\u{307}\u{307}", "I"),
            ("į\u{307}", "Į"),
            ("\u{345}", "ι"),
        ] {
            assert_eq!(alike(left), alike(right), "{left} {right}");
        }
        for (left, right) in [("ada", "adä"), ("ada", "аdа"), ("ı", "i"), ("ø", "o")] {
            assert_ne!(alike(left), alike(right), "{left} {right}");
        }
    }

    #[test]
    fn a_reserved_name_is_reserved_in_every_spelling() {
        for name in ["system", "System", "SYSTEM", "ſystem"] {
            assert!(is_reserved(name), "{name}");
        }
        assert!(!is_reserved("systems"));
    }

    proptest! {
        #[test]
        fn a_spelling_stays(text in any::<String>()) {
            let kept = spelling(&text).into_owned();
            prop_assert_eq!(spelling(&kept).into_owned(), kept);
        }

        #[test]
        fn composed_and_decomposed_texts_have_one_spelling(text in any::<String>()) {
            for form in [NFD.normalize(&text), NFC.normalize(&text)] {
                prop_assert_eq!(spelling(&form).into_owned(), spelling(&text).into_owned());
            }
        }

        #[test]
        fn every_form_of_a_name_has_the_same_key(text in any::<String>()) {
            let key = alike(&text);
            prop_assert_eq!(&alike(&key), &key);
            prop_assert_eq!(&alike(&spelling(&text)), &key);
            let folded = CASE.fold_string(&NFD.normalize(&text)).into_owned();
            let forms = [NFD.normalize(&text), NFC.normalize(&text), NFKC.normalize(&text), folded.into()];
            for form in forms {
                prop_assert_eq!(&alike(&form), &key);
            }
        }
    }
}
