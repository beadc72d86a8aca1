//! Topics as RabbitMQ sees them. The target compares a grant and a pattern of routing keys, which stand on two lines, with what RabbitMQ
//! delivers: a grant that covers a pattern must match each key that the pattern matches.
//!
//! Further lines are keys to try, besides keys that are made of the pattern.

use aggregates::values::TopicFilter;

use crate::keys::{filter, is_covered, is_topic, words};

/// How many lines are keys.
const KEYS: usize = 16;

/// Tries one input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.split('\n');
    let (Some(grant), Some(pattern)) = (lines.next(), lines.next()) else {
        return;
    };
    let asked = filter(pattern);
    if !TopicFilter::is_well_formed(grant) || !TopicFilter::is_well_formed(&asked) {
        return;
    }
    // Each word stands for itself, so a topic is covered if it is matched.
    if is_topic(&asked) {
        assert!(is_covered(&asked, &asked), "{asked}");
    }
    if !is_covered(&words(grant), &asked) {
        return;
    }
    let in_amqp = grant.replace('/', ".");
    let in_amqp: Vec<&str> = in_amqp
        .split('.')
        .map(|word| if word == "+" { "*" } else { word })
        .collect();
    let wanted: Vec<&str> = asked
        .split('/')
        .map(|word| if word == "+" { "*" } else { word })
        .collect();
    let made = [("x", ""), ("", ""), ("x", ".y.z"), ("a.b", "")].map(|(word, end)| {
        let open = asked.ends_with('#').then_some(end).unwrap_or_default();
        let fixed = wanted.iter().filter(|one| **one != "#");
        let words: Vec<&str> = fixed.map(|one| if *one == "*" { word } else { one }).collect();
        format!("{}{open}", words.join("."))
    });
    for key in made.iter().map(String::as_str).chain(lines.take(KEYS)) {
        let key: Vec<&str> = key.split('.').collect();
        if matches(&wanted, &key) {
            assert!(
                matches(&in_amqp, &key),
                "{grant} covers {pattern}, but not {key:?}"
            );
        }
    }
}

/// Whether a pattern of AMQP matches a routing key.
fn matches(pattern: &[&str], key: &[&str]) -> bool {
    match pattern {
        [] => key.is_empty(),
        ["#", rest @ ..] => (0..=key.len()).any(|at| matches(rest, &key[at..])),
        [word, rest @ ..] => {
            matches!(key, [first, left @ ..] if (*word == "*" || word == first) && matches(rest, left))
        }
    }
}
