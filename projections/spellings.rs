//! The names for which a look-up searches.

use aggregates::text::spelling;

/// Each of these names as it was typed, and in its spelling. The result is sorted and has no name twice. Names of older users and
/// roles were recorded as they were typed.
pub(crate) fn with_spellings<'a>(typed: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = typed
        .flat_map(|name| [name.to_owned(), spelling(name).into_owned()])
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::with_spellings;

    #[test]
    fn each_name_is_searched_as_it_is_typed_and_in_its_spelling() {
        let names = ["b", "wa\u{308}", "a", "wä", "b"];
        assert_eq!(with_spellings(names.into_iter()), ["a", "b", "wa\u{308}", "wä"]);
    }
}
