//! Routing keys of AMQP as texts with `/` between their words, like filters of MQTT. The fuzzer includes this file.

use std::borrow::Cow;

use aggregates::values::{Context, Operation, Permission, TopicFilter};

/// The words of a routing key, with `/` between them.
pub(super) fn words(key: &str) -> Cow<'_, str> {
    match key.contains('.') {
        true => Cow::Owned(key.replace('.', "/")),
        false => Cow::Borrowed(key),
    }
}

/// A pattern of routing keys as a filter: `*` as a whole word stands for one word.
pub(super) fn filter(pattern: &str) -> String {
    let words = words(pattern);
    let levels = words.split('/').map(|word| if word == "*" { "+" } else { word });
    levels.collect::<Vec<_>>().join("/")
}

/// Whether a text can be a topic.
pub(super) fn is_topic(text: &str) -> bool {
    TopicFilter::is_well_formed(text) && !text.contains(['+', '#'])
}

/// Whether a permission covers a topic or filter once it is read as a routing key, too. Only a permission with a dot differs then.
pub(super) fn covers(permission: &Permission, operation: Operation, asked: &str) -> bool {
    permission.context == Context::Mqtt
        && permission.operation.covers(operation)
        && permission.resource.contains('.')
        && is_covered(&words(&permission.resource), asked)
}

/// Whether a filter matches everything that `asked` matches.
pub(super) fn is_covered(filter: &str, asked: &str) -> bool {
    // Wildcards at the beginning do not match topics of the broker itself (MQTT 5.0 section 4.7.2).
    if asked.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let (mut wanted, mut given) = (filter.split('/'), asked.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(level)) if level != "#" => {}
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    #[test]
    fn a_pattern_of_amqp_is_a_filter() {
        for (pattern, wanted) in [
            ("a.*.b", "a/+/b"),
            ("a.#", "a/#"),
            ("#", "#"),
            ("a/b", "a/b"),
            ("a..b", "a//b"),
            ("x*.y", "x*/y"),
            ("", ""),
        ] {
            assert_eq!(filter(pattern), wanted);
        }
    }

    #[test]
    fn a_filter_covers_what_it_matches() {
        for (filter, asked) in [
            ("a/#", "a"),
            ("a/#", "a/b/c"),
            ("a/#", "a/+/#"),
            ("a/+/c", "a/b/c"),
            ("a/+/c", "a/+/c"),
            ("#", "a/#"),
            ("$a/#", "$a/b"),
            ("a/+", "a/"),
        ] {
            assert!(is_covered(filter, asked), "{filter} {asked}");
        }
        for (filter, asked) in [
            ("a/+", "a/#"),
            ("a/+", "a"),
            ("a/+", "a/b/c"),
            ("a", "a/b"),
            ("a/b", "a"),
            ("a/b", "a/+"),
            ("#", "$a"),
            ("+/b", "$a/b"),
        ] {
            assert!(!is_covered(filter, asked), "{filter} {asked}");
        }
    }

    /// Whether a pattern of AMQP matches a routing key: `*` is one word, `#` is any number of words.
    fn amqp(pattern: &[&str], key: &[&str]) -> bool {
        match pattern {
            [] => key.is_empty(),
            ["#", rest @ ..] => (0..=key.len()).any(|at| amqp(rest, &key[at..])),
            [word, rest @ ..] => {
                matches!(key, [first, left @ ..] if (*word == "*" || word == first) && amqp(rest, left))
            }
        }
    }

    /// All keys of at most five words. No pattern names the word `z`.
    fn keys() -> Vec<Vec<&'static str>> {
        let mut all: Vec<Vec<&str>> = ["a", "b", "z"].map(|word| vec![word]).to_vec();
        let mut last = all.clone();
        for _ in 1..5 {
            let longer = |key: &Vec<&'static str>| ["a", "b", "z"].map(|word| [&key[..], &[word]].concat());
            last = last.iter().flat_map(longer).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    fn joined(words: Vec<&str>, is_open: bool, by: &str) -> String {
        let all: Vec<&str> = words.into_iter().chain(is_open.then_some("#")).collect();
        all.join(by)
    }

    proptest! {
        /// RabbitMQ delivers what matches a pattern. So a grant covers a pattern if it matches, as RabbitMQ writes it, every key that the
        /// pattern matches.
        #[test]
        fn a_grant_covers_what_rabbitmq_would_deliver(
            granted in vec(select(vec!["a", "b", "a.b", "b.a.b", "+"]), 0..3), granted_open in any::<bool>(),
            asked in vec(select(vec!["a", "b", "*"]), 0..4), asked_open in any::<bool>(),
        ) {
            let (grant, pattern) = (joined(granted, granted_open, "/"), joined(asked, asked_open, "."));
            prop_assume!(!grant.is_empty() && !pattern.is_empty());
            // A topic has a level, so `+/#` covers `#`. The engine does not say so either.
            prop_assume!((grant.as_str(), pattern.as_str()) != ("+/#", "#"));
            let in_amqp = grant.replace('/', ".").replace('+', "*");
            let (grant_words, words): (Vec<_>, Vec<_>) = (in_amqp.split('.').collect(), pattern.split('.').collect());
            let delivers = keys().iter().all(|key| !amqp(&words, key) || amqp(&grant_words, key));
            prop_assert_eq!(is_covered(&super::words(&grant), &filter(&pattern)), delivers, "{} {}", grant, pattern);
        }
    }
}
