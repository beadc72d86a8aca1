//! Passwords: the profile OpaqueString (RFC 8265 section 4.2).

use icu_properties::{CodePointMapData, CodePointMapDataBorrowed, props::GeneralCategory};

use super::{
    NFC,
    precis::{self, Class},
};

const CATEGORY: CodePointMapDataBorrowed<'static, GeneralCategory> = CodePointMapData::new();
/// How many times longer a text can be in Normalization Form C, in bytes of UTF-8.
const GROWTH: usize = 3;

/// Why a text is not a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpaque {
    /// The text is empty.
    #[error("the password must not be empty")]
    Empty,
    /// The password is too long.
    #[error("the password must have at most {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    /// The text contains a character that not every keyboard and system treats in the same way.
    #[error(
        "the password must not contain control characters, invisible characters, or characters that Unicode does not define"
    )]
    Character,
}

/// The longest password, in bytes. It is long enough for people, and too short to keep the hasher busy.
pub const MAX_PASSWORD_BYTES: usize = 1_024;

/// Writes into `password` the password that a text stands for. Different keyboards and systems send different texts for the same
/// password: composed and decomposed letters, and different spaces. The caller provides the memory, so that it can erase it.
///
/// RFC 8265 looks at the characters before it composes them. This function composes first, so it also accepts a decomposed
/// Korean password. If both orders accept a password, both give the same result.
pub fn opaque(typed: &str, password: &mut String) -> Result<(), NotOpaque> {
    let most = MAX_PASSWORD_BYTES * GROWTH;
    if typed.len() > most {
        return Err(NotOpaque::TooLong);
    }
    // With enough room from the beginning, no half-written copy of a password stays in memory.
    password.clear();
    password.reserve_exact(most * GROWTH);
    password.extend(NFC.normalize_iter(typed.chars()).map(plain_space));
    if password.is_empty() {
        return Err(NotOpaque::Empty);
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(NotOpaque::TooLong);
    }
    let is_free_text = password.char_indices().all(|(at, c)| match precis::class(c) {
        Class::Identifier | Class::FreeText => true,
        Class::Contextual => precis::fits(password, at),
        Class::Nowhere => false,
    });
    if is_free_text {
        Ok(())
    } else {
        Err(NotOpaque::Character)
    }
}

fn plain_space(c: char) -> char {
    match CATEGORY.get(c) {
        GeneralCategory::SpaceSeparator => ' ',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn password(typed: &str) -> Result<String, NotOpaque> {
        let mut password = String::new();
        opaque(typed, &mut password).map(|()| password)
    }

    #[test]
    fn what_the_rfc_allows_is_a_password() {
        // RFC 8265 section 4.3, and a Persian word with a non-joiner.
        for typed in [
            "correct horse battery staple",
            "Correct Horse",
            "πßå",
            "Jack of ♦s",
            "می\u{200c}خواهم",
            "😀 ☕",
        ] {
            assert_eq!(password(typed).as_deref(), Ok(typed));
        }
        assert_eq!(password("foo\u{1680}bar").as_deref(), Ok("foo bar"));
    }

    #[test]
    fn what_the_rfc_forbids_is_none() {
        assert_eq!(password(""), Err(NotOpaque::Empty));
        for typed in [
            "my cat is a \tby",
            "a\0b",
            "a\u{ad}b",
            "a\u{202e}b",
            "a\u{378}b",
            "a\u{200d}b",
            "a\u{1100}b",
            "\u{e000}",
        ] {
            assert_eq!(password(typed), Err(NotOpaque::Character), "{typed:?}");
        }
    }

    #[test]
    fn only_the_length_of_the_password_itself_counts() {
        let half = MAX_PASSWORD_BYTES / 2;
        assert_eq!(password(&"e\u{301}".repeat(half)), Ok("é".repeat(half)));
        assert_eq!(password(&"é".repeat(half + 1)), Err(NotOpaque::TooLong));
        assert_eq!(password(&"x".repeat(1 << 20)), Err(NotOpaque::TooLong));
    }

    #[test]
    fn every_way_to_type_it_gives_the_same_password() {
        for (one, other) in [
            ("pässwörd", "pa\u{308}sswo\u{308}rd"),
            (
                "비밀번호",
                "\u{1107}\u{1175}\u{1106}\u{1175}\u{11af}\u{1107}\u{1165}\u{11ab}\u{1112}\u{1169}",
            ),
            ("a b", "a\u{a0}b"),
            ("a b", "a\u{3000}b"),
            ("Å", "Å"),
        ] {
            assert_eq!(password(one), password(other));
        }
        assert_ne!(password("a"), password("A"));
        assert_ne!(password("a"), password("ａ"));
        assert_ne!(password("fi"), password("ﬁ"));
    }

    proptest! {
        #[test]
        fn a_password_stays(typed in any::<String>()) {
            if let Ok(kept) = password(&typed) {
                prop_assert_eq!(password(&kept), Ok(kept.clone()));
                let decomposed: String = icu_normalizer::DecomposingNormalizer::new_nfd().normalize(&typed).into_owned();
                prop_assert_eq!(password(&decomposed), Ok(kept));
            }
        }

        #[test]
        fn ascii_is_typed_in_one_way(typed in "[ -~]{1,40}") {
            prop_assert_eq!(password(&typed), Ok(typed));
        }
    }
}
