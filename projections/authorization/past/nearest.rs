//! How far a grant is from covering the question.

use aggregates::values::{Context, Operation};

use super::{Grant, covers};
use crate::Part;

/// How many near grants are listed.
const MOST: usize = 5;

/// What a grant lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The grant does not allow the operation.
    Operation {
        /// The operation that was needed.
        wanted: Operation,
        /// The operation that the grant allows.
        granted: Operation,
    },
    /// The pattern of the grant differs at a level.
    Level {
        /// The level: levels of a topic, or segments of a path, are counted from 1.
        level: usize,
        /// The level in the topic, path or filter; `None` past its end.
        wanted: Option<String>,
        /// The level in the pattern; `None` past its end.
        granted: Option<String>,
    },
}

/// A grant that does not cover the question, but comes near.
#[derive(Clone, Debug, PartialEq)]
pub struct Near {
    /// The grant.
    pub grant: Grant,
    /// What the grant lacks: at least one thing.
    pub lacks: Vec<Lack>,
}

/// The nearest grants, the nearest first.
pub(super) fn nearest(grants: &[Grant], part: &Part<'_>, effective: &str) -> Vec<Near> {
    let mut near: Vec<_> = grants
        .iter()
        .filter(|grant| grant.permission.context == part.context())
        .filter_map(|grant| {
            let (matched, lacks) = lacks(grant, part, effective);
            let far = lacks.is_empty() || matched == 0;
            (!far).then(|| (lacks.len(), usize::MAX - matched, grant.since(), grant, lacks))
        })
        .collect();
    // A complete match counts as more levels than any partial match.
    near.sort_by_key(|(count, matched, since, _, _)| (*matched, *count, *since));
    near.into_iter()
        .take(MOST)
        .map(|(_, _, _, grant, lacks)| Near {
            grant: grant.clone(),
            lacks,
        })
        .collect()
}

/// How many levels match, and what the grant lacks: nothing if the grant covers the question. The context must be the
/// same.
pub(super) fn lacks(grant: &Grant, part: &Part<'_>, effective: &str) -> (usize, Vec<Lack>) {
    let permission = &grant.permission;
    let (matched, level) = compare(&permission.resource, effective, part.context(), part.is_filter());
    let operation = (!covers(permission.operation, part.operation())).then_some(Lack::Operation {
        wanted: part.operation(),
        granted: permission.operation,
    });
    (matched, operation.into_iter().chain(level).collect())
}

/// How many levels of a text a pattern matches, not counting the empty level before a leading slash; and the first
/// difference.
fn compare(pattern: &str, text: &str, context: Context, is_filter: bool) -> (usize, Option<Lack>) {
    let reserved = context == Context::Mqtt && text.starts_with('$');
    // The first level of a path is the empty one before its slash, so it has number 0.
    let first = usize::from(context == Context::Mqtt || !text.starts_with('/'));
    let (mut levels, mut asked) = (pattern.split('/'), text.split('/'));
    let mut at = 0;
    let mut matched = 0;
    loop {
        let (granted, wanted) = (levels.next(), asked.next());
        let hidden = reserved && at == 0;
        let same = match (granted, wanted) {
            (None, None) => return (usize::MAX, None),
            (Some("#"), _) if !hidden => return (usize::MAX, None),
            (Some("+"), Some(wanted)) => !(hidden || is_filter && wanted == "#"),
            (Some(granted), Some(wanted)) => granted == wanted,
            _ => false,
        };
        if !same {
            let lack = Lack::Level {
                level: at + first,
                wanted: wanted.map(str::to_owned),
                granted: granted.map(str::to_owned),
            };
            return (matched, Some(lack));
        }
        matched += usize::from(at > 0 || wanted != Some(""));
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(level: usize, wanted: Option<&str>, granted: Option<&str>) -> Option<Lack> {
        Some(Lack::Level {
            level,
            wanted: wanted.map(str::to_owned),
            granted: granted.map(str::to_owned),
        })
    }

    #[test]
    fn it_is_told_where_pattern_and_text_part() {
        use Context::{Http, Mqtt};
        for (pattern, text, context, is_filter, matched, lack) in [
            ("a/b", "a/c", Mqtt, false, 1, level(2, Some("c"), Some("b"))),
            ("a/b", "a/b/c", Mqtt, false, 2, level(3, Some("c"), None)),
            ("a/b/c", "a/b", Mqtt, false, 2, level(3, None, Some("c"))),
            (
                "/api/users",
                "/api/roles",
                Http,
                false,
                1,
                level(2, Some("roles"), Some("users")),
            ),
            ("#", "$SYS/x", Mqtt, false, 0, level(1, Some("$SYS"), Some("#"))),
            ("a/+", "a/#", Mqtt, true, 1, level(2, Some("#"), Some("+"))),
            ("a/b", "a/+", Mqtt, true, 1, level(2, Some("+"), Some("b"))),
            ("a/#", "a", Mqtt, false, usize::MAX, None),
            ("a/+/#", "a/+/#", Mqtt, true, usize::MAX, None),
        ] {
            assert_eq!(
                compare(pattern, text, context, is_filter),
                (matched, lack),
                "{pattern} {text}"
            );
        }
    }
}
