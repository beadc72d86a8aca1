//! The publish prefix of a user, and what may follow it.

use aggregates::values::TopicFilter;

/// The pattern of what may follow a prefix so that the whole text matches `pattern`; `None` if nothing may.
pub(super) fn after_prefix(pattern: &str, prefix: &str) -> Option<TopicFilter> {
    if prefix.starts_with('$') && pattern.starts_with(['+', '#']) {
        return None;
    }
    let mut levels = pattern.split('/');
    let mut parts = prefix.split('/').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let rest = match levels.next()? {
            "#" => return TopicFilter::parse("#").ok(),
            "+" if is_last => "+",
            "+" => continue,
            level if is_last => level.strip_prefix(part)?,
            level if level == part => continue,
            _ => return None,
        };
        let rest: Vec<&str> = std::iter::once(rest).chain(levels).collect();
        return TopicFilter::parse(&rest.join("/")).ok();
    }
    None
}

#[cfg(test)]
mod tests {
    use aggregates::values::Context;
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::tests::oracle::matches;

    #[test]
    fn what_may_come_after_a_prefix() {
        for (pattern, prefix, rest) in [
            ("plant/7/#", "plant/7/", Some("#")),
            ("plant/7/state", "plant/7/", Some("state")),
            ("plant/+/state", "plant/", Some("+/state")),
            ("plant/+/state", "plant/7", Some("+/state")),
            ("plant/7/state", "plant/7", Some("/state")),
            ("plant/77/state", "plant/7", Some("7/state")),
            ("plant/7/#", "plant/7", Some("/#")),
            ("plant/7", "plant/7", None),
            ("plant", "plant/7/", None),
            ("plant/8/#", "plant/7/", None),
            ("#", "$SYS/", None),
            ("$SYS/#", "$SYS/", Some("#")),
        ] {
            assert_eq!(
                after_prefix(pattern, prefix).as_deref(),
                rest,
                "{pattern} {prefix}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_comes_after_a_prefix_matches_if_the_whole_does(
            pattern in vec(select(vec!["", "a", "b", "ab", "+", "$s"]), 1..5),
            rest in any::<bool>(),
            prefix in vec(select(vec!["", "a", "b", "$s"]), 1..4),
            topic in vec(select(vec!["", "a", "b", "ab"]), 1..4),
        ) {
            let pattern = pattern.join("/") + if rest { "/#" } else { "" };
            let (prefix, topic) = (prefix.join("/"), topic.join("/"));
            prop_assume!(TopicFilter::parse(&pattern).is_ok() && !prefix.is_empty() && !topic.is_empty());
            let whole = matches(Context::Mqtt, &pattern, &format!("{prefix}{topic}"));
            let after = after_prefix(&pattern, &prefix);
            prop_assert_eq!(after.is_some_and(|after| matches(Context::Mqtt, &after, &topic)), whole);
        }
    }
}
