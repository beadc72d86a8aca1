//! Topics as RabbitMQ sees them: as routing keys of AMQP, with `.` for `/` and `*` for `+`.
//!
//! RabbitMQ cannot tell `a.b` from `a/b`: a message to one reaches the subscribers of both. So both the key and the grants are compared
//! as routing keys. In this module a routing key is written with `/` between its words, like a filter of MQTT.
//!
//! A key that has a wildcard of AMQP in another place than MQTT allows is refused.

use std::borrow::Cow;

use aggregates::values::{Context, Operation, Permission, TopicFilter, UserId};
use authorization::Inquiry;

use super::rights::{decided, is_within};
use crate::{app::App, refusal::Refusal};

/// Whether a client may send a message with a routing key.
pub fn may_route(app: &App, user: UserId, key: &str) -> Result<(), Refusal> {
    let topic = words(key);
    let is_inside = |prefix: Option<&str>| {
        let prefix = prefix.map(words);
        is_within(&topic, prefix.as_deref())
    };
    let authorization = app.ledger().authorization();
    let written = authorization.may_publish(user, |prefix| {
        is_inside(prefix).then(|| Cow::Owned(topic.clone().into_owned()))
    });
    let is_granted = written.is_some()
        || is_topic(&topic)
            && authorization.holds_permission(user, |prefix, permission| {
                is_inside(prefix) && covers(permission, Operation::Write, &topic)
            });
    decided(app, is_granted.then_some(()), "write", key)
}

/// Whether a client may bind a queue to a pattern of routing keys: it then gets all messages that the pattern matches.
pub fn may_bind(app: &App, user: UserId, pattern: &str) -> Result<(), Refusal> {
    let filter = filter(pattern);
    let is_granted = TopicFilter::is_well_formed(&filter) && {
        let authorization = app.ledger().authorization();
        let is_granted = Inquiry::parse("mqtt", &filter, "read")
            .is_ok_and(|inquiry| authorization.check_access(user, &inquiry).allowed);
        is_granted
            || authorization
                .holds_permission(user, |_, permission| covers(permission, Operation::Read, &filter))
    };
    decided(app, is_granted.then_some(()), "read", pattern)
}

/// The words of a routing key, with `/` between them.
fn words(key: &str) -> Cow<'_, str> {
    match key.contains('.') {
        true => Cow::Owned(key.replace('.', "/")),
        false => Cow::Borrowed(key),
    }
}

/// A pattern of routing keys as a filter: `*` as a whole word stands for one word.
fn filter(pattern: &str) -> String {
    let words = words(pattern);
    let levels = words.split('/').map(|word| if word == "*" { "+" } else { word });
    levels.collect::<Vec<_>>().join("/")
}

/// Whether a text can be a topic.
fn is_topic(text: &str) -> bool {
    TopicFilter::is_well_formed(text) && !text.contains(['+', '#'])
}

/// Whether a permission covers a topic or filter once it is read as a routing key, too. Only a permission with a dot differs then.
fn covers(permission: &Permission, operation: Operation, asked: &str) -> bool {
    permission.context == Context::Mqtt
        && permission.operation.covers(operation)
        && permission.resource.contains('.')
        && is_covered(&words(&permission.resource), asked)
}

/// Whether a filter matches everything that `asked` matches.
fn is_covered(filter: &str, asked: &str) -> bool {
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
}
