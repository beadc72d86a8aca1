//! Topics as RabbitMQ sees them: as routing keys of AMQP, with `.` for `/` and `*` for `+`.
//!
//! RabbitMQ cannot tell `a.b` from `a/b`: a message to one reaches the subscribers of both. So both the key and the grants are compared
//! as routing keys, which `keys` writes with `/` between the words.
//!
//! A key that has a wildcard of AMQP in another place than MQTT allows is refused.

use std::borrow::Cow;

use aggregates::values::{Operation, TopicFilter, UserId};
use authorization::Inquiry;

use super::{
    keys::{covers, filter, is_topic, words},
    rights::{decided, is_within},
};
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
