//! The Bidi Rule (RFC 5893 section 2): a name with letters that run from right to left reads the same in every surrounding text.

use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
    props::{BidiClass, BidiControl},
};

const BIDI: CodePointMapDataBorrowed<'static, BidiClass> = CodePointMapData::new();
const CONTROLS: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<BidiControl>();

/// Whether a character is not seen and changes the direction of the text around it, so that it may look like another text.
pub(crate) fn turns_text(c: char) -> bool {
    CONTROLS.contains(c)
}

/// Whether a name satisfies the rule, in which a space counts as a neutral character. A name without right-to-left characters always
/// does (RFC 8265 section 3.4.1).
pub(super) fn is_readable(name: &str) -> bool {
    let classes = || name.chars().map(|c| BIDI.get(c));
    let runs_right_to_left = |class| {
        matches!(
            class,
            BidiClass::RightToLeft | BidiClass::ArabicLetter | BidiClass::ArabicNumber
        )
    };
    if !classes().any(runs_right_to_left) {
        return true;
    }
    let last = classes().rfind(|class| *class != BidiClass::NonspacingMark);
    match classes().next() {
        Some(BidiClass::RightToLeft | BidiClass::ArabicLetter) => {
            let has = |digits| classes().any(|class| class == digits);
            classes().all(|class| runs_right_to_left(class) || is_weak(class))
                && last.is_some_and(|class| runs_right_to_left(class) || class == BidiClass::EuropeanNumber)
                && !(has(BidiClass::EuropeanNumber) && has(BidiClass::ArabicNumber))
        }
        // A name that begins with a left-to-right letter must not contain right-to-left characters, and no name with such
        // characters may begin with anything else.
        _ => false,
    }
}

/// Characters that take the direction of those around them.
fn is_weak(class: BidiClass) -> bool {
    matches!(
        class,
        BidiClass::EuropeanNumber
            | BidiClass::EuropeanSeparator
            | BidiClass::CommonSeparator
            | BidiClass::EuropeanTerminator
            | BidiClass::OtherNeutral
            | BidiClass::BoundaryNeutral
            | BidiClass::WhiteSpace
            | BidiClass::NonspacingMark
    )
}

#[cfg(test)]
mod tests {
    use super::is_readable;

    #[test]
    fn names_of_one_direction_are_readable() {
        for name in [
            "",
            "ada",
            "123",
            "-",
            "אדה",
            "אדה1",
            "אדה-ב",
            "سارة",
            "سارة٣",
            "ad1",
            "מנהל ראשי",
            "مدير ٣",
            "ada l",
        ] {
            assert!(is_readable(name), "{name}");
        }
    }

    #[test]
    fn names_that_a_reader_could_take_for_others_are_not() {
        for name in [
            "adaא",
            "אada",
            "1א",
            "-א",
            "א-",
            "אaב",
            "ada אדה",
            "אדה ada",
            "א1٣",
            "٣",
            "\u{301}א",
        ] {
            assert!(!is_readable(name), "{name}");
        }
    }
}
