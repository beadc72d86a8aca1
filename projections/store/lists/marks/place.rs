//! The place of a row in a sorted list.

use super::{LEVELS, SortedTable};
use crate::store::{
    lists::Key,
    sql::{Argument, Error},
    table::{Kind, unreadable},
};

/// How many zero bits of a hash each level needs.
const BITS: u32 = 5;

/// Comes before every place.
pub(super) const START: &str = "";
/// Comes after every place.
pub(super) const END: &str = ">";

/// The text before every key.
const OPEN: &str = "=";
/// The text between key and ordinal. Inside a key it is replaced by [`ESCAPED`], which sorts after it.
const CLOSE: &str = "\u{1}\u{1}";
const SPECIAL: &str = "\u{1}";
const ESCAPED: &str = "\u{1}\u{2}";

/// The place of a row as one text. Comparing such texts by code points gives the order of the keys and then of the
/// ordinals.
pub(in super::super) fn place(key: Key<'_>, ordinal: i64) -> String {
    let key = match key {
        Key::Text(text) => text.replace(SPECIAL, ESCAPED),
        Key::Int(number) => hexadecimal(number),
    };
    format!("{OPEN}{key}{CLOSE}{}", hexadecimal(ordinal))
}

/// The values of the two sorting columns at a place. There is no greatest text, so the key is null for [`END`].
pub(super) fn values(sorted: &SortedTable, place: &str) -> Result<[Argument<'static>; 2], Error> {
    let is_text = sorted.kind == Kind::Text;
    if place == START {
        let first: Argument<'_> = if is_text { "".into() } else { i64::MIN.into() };
        return Ok([first, i64::MIN.into()]);
    }
    if place == END {
        let null = if is_text {
            Argument::Text(None)
        } else {
            Argument::Int(None)
        };
        return Ok([null, i64::MAX.into()]);
    }
    let (key, ordinal) = split(place)?;
    let key = if is_text {
        key.replace(ESCAPED, SPECIAL).into()
    } else {
        number(key)?.into()
    };
    Ok([key, ordinal.into()])
}

/// The highest level at which the row at a place is a mark; 0 if the row is not a mark.
pub(super) fn height(place: &str) -> Result<i64, Error> {
    Ok(height_of(split(place)?.1))
}

fn height_of(ordinal: i64) -> i64 {
    // The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    let mut hash = ordinal.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    i64::from(hash.trailing_zeros() / BITS).min(LEVELS)
}

fn split(place: &str) -> Result<(&str, i64), Error> {
    let parts = place
        .strip_prefix(OPEN)
        .and_then(|rest| rest.rsplit_once(CLOSE))
        .ok_or_else(|| unreadable("a place has no key"))?;
    Ok((parts.0, number(parts.1)?))
}

/// Sixteen digits. Comparing these texts gives the order of the numbers.
fn hexadecimal(number: i64) -> String {
    format!("{:016x}", number.cast_unsigned() ^ (1 << 63))
}

fn number(digits: &str) -> Result<i64, Error> {
    let number = u64::from_str_radix(digits, 16).map_err(unreadable)?;
    Ok((number ^ (1 << 63)).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(kind: Kind) -> SortedTable {
        SortedTable {
            sort: "rows by key".into(),
            order: "rows by key",
            table: "rows",
            column: "key",
            kind,
            lists: vec![("all", "")],
            of: None,
        }
    }

    #[test]
    fn places_compare_by_key_and_then_by_ordinal() {
        let keys = [
            "",
            "\u{1}",
            "\u{1}\u{1}",
            "\u{1}\u{2}",
            "\u{2}",
            " ",
            "a",
            "a\u{1}",
            "a\u{1}\u{2}",
            "a ",
            "ab",
            "b",
            "ä",
            "\u{e000}",
            "\u{10ffff}",
        ];
        let ordinals = [0, 1, 255, 256, i64::MAX];
        let mut rows: Vec<_> = keys
            .iter()
            .flat_map(|key| ordinals.map(|ordinal| (Key::Text(key), ordinal)))
            .collect();
        rows.sort();
        let mut places = vec![START.to_owned()];
        places.extend(rows.iter().map(|(key, ordinal)| place(*key, *ordinal)));
        places.push(END.to_owned());
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        let sorted = sorted(Kind::Text);
        for (key, ordinal) in rows {
            let Key::Text(text) = key else { continue };
            let values = values(&sorted, &place(key, ordinal)).expect("a place");
            assert!(
                matches!(&values, [Argument::Text(Some(key)), Argument::Int(Some(number))]
                    if *key == text && *number == ordinal),
                "{values:?}"
            );
        }
    }

    #[test]
    fn places_of_numbers_compare_as_the_numbers() {
        let numbers = [i64::MIN, -256, -1, 0, 1, 9, 10, 1_700_000_000_000_000, i64::MAX];
        let places = numbers.map(|number| place(Key::Int(number), 7));
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        for (number, place) in numbers.iter().zip(&places) {
            let values = values(&sorted(Kind::Int), place).expect("a place");
            assert!(
                matches!(values, [Argument::Int(Some(key)), Argument::Int(Some(7))] if key == *number),
                "{values:?}"
            );
        }
    }

    #[test]
    fn a_text_that_is_no_place_is_an_error() {
        for text in ["ada", "=ada", "=ada\u{1}\u{1}x", START, END] {
            assert!(height(text).is_err(), "{text}");
        }
    }

    #[test]
    fn one_row_in_32_begins_a_span() {
        let heights: Vec<_> = (1..=1_000_000).map(height_of).collect();
        for (level, expected) in [(1, 31_250), (2, 977), (3, 31), (4, 1)] {
            let begun = heights.iter().filter(|height| **height >= level).count();
            assert!(begun.abs_diff(expected) < expected / 10 + 10, "{level}: {begun}");
        }
        let (mut longest, mut length) = (0, 0);
        for height in heights {
            length = if height > 0 { 0 } else { length + 1 };
            longest = longest.max(length);
        }
        assert!(longest < 500, "{longest}");
    }
}
