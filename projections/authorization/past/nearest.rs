//! How far a grant is from covering the question.

use std::cmp::Reverse;

use aggregates::values::{Context, Operation, SHARED};

use super::{Grant, covers};
use crate::Part;

/// How many near grants are listed.
const MOST: usize = 5;

/// What a grant lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The grant is for another context.
    Context {
        /// The context that was needed.
        wanted: Context,
        /// The context of the grant.
        granted: Context,
    },
    /// The grant does not allow the operation.
    Operation {
        /// The operation that was needed.
        wanted: Operation,
        /// The operation that the grant allows.
        granted: Operation,
    },
    /// The pattern of the grant is a shared subscription (`$share/{name}/{filter}`). Only the filter counts in a question, so such a
    /// pattern matches no subscription. Nobody can give such a grant for reading any more.
    SharedSubscription {
        /// The filter in the pattern, which should have been granted.
        wanted: String,
        /// The pattern.
        granted: String,
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

/// How far a grant is from a question. The least is the nearest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Distance {
    /// The pattern and what was asked have the same beginning.
    SameBeginning,
    /// Only the context is the same.
    SameContext,
    /// Not even the context is the same.
    OtherContext,
}

/// The nearest grants, the nearest first. Grants that are further away are listed only if no grant is nearer: so the list is empty
/// only if there is no grant at all.
pub(super) fn nearest(grants: &[Grant], part: &Part<'_>, effective: &str) -> Vec<Near> {
    let mut near: Vec<_> = grants
        .iter()
        .map(|grant| (grant, lacks(grant, part, effective)))
        .filter(|(_, (_, lacks))| !lacks.is_empty())
        .map(|(grant, (matched, lacks))| {
            let distance = match (grant.permission.context == part.context(), matched) {
                (false, _) => Distance::OtherContext,
                (true, 0) => Distance::SameContext,
                (true, _) => Distance::SameBeginning,
            };
            (
                distance,
                Reverse(matched),
                lacks.len(),
                grant.since(),
                grant,
                lacks,
            )
        })
        .collect();
    // A complete match counts as more levels than any partial match.
    near.sort_by_key(|(distance, matched, count, since, _, _)| (*distance, *matched, *count, *since));
    let least = near.first().map(|(distance, ..)| *distance);
    near.into_iter()
        .take_while(|(distance, ..)| Some(*distance) == least)
        .take(MOST)
        .map(|(_, _, _, _, grant, lacks)| Near {
            grant: grant.clone(),
            lacks,
        })
        .collect()
}

/// How many levels match, and what the grant lacks: nothing if the grant covers the question.
pub(super) fn lacks(grant: &Grant, part: &Part<'_>, effective: &str) -> (usize, Vec<Lack>) {
    let permission = &grant.permission;
    let context = (permission.context != part.context()).then_some(Lack::Context {
        wanted: part.context(),
        granted: permission.context,
    });
    let operation = (!covers(permission.operation, part.operation())).then_some(Lack::Operation {
        wanted: part.operation(),
        granted: permission.operation,
    });
    let compared = |pattern| compare(pattern, effective, part.context(), part.is_filter());
    let (matched, level) = compared(&permission.resource);
    let filter = shared_filter(&permission.resource).filter(|_| permission.context == Context::Mqtt);
    let (matched, shared, level) = match filter.map(|filter| (filter, compared(filter))) {
        Some((filter, (more, other))) if more > matched => {
            let shared = Lack::SharedSubscription {
                wanted: filter.to_owned(),
                granted: permission.resource.to_string(),
            };
            (more, Some(shared), other)
        }
        _ => (matched, None, level),
    };
    (
        matched,
        [context, operation, shared, level]
            .into_iter()
            .flatten()
            .collect(),
    )
}

/// The filter in a shared subscription.
fn shared_filter(pattern: &str) -> Option<&str> {
    let (_, filter) = pattern.strip_prefix(SHARED)?.split_once('/')?;
    (!filter.is_empty()).then_some(filter)
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
    fn the_filter_of_a_shared_subscription_is_found() {
        for (pattern, filter) in [
            ("$share/workers/plant/#", Some("plant/#")),
            ("$share/workers//a", Some("/a")),
            ("$share/+/a", Some("a")),
            ("$share/workers/", None),
            ("$share/workers", None),
            ("$share/#", None),
            ("plant/#", None),
        ] {
            assert_eq!(shared_filter(pattern), filter, "{pattern}");
        }
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
