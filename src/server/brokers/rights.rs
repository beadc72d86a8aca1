//! What a connected client may do.
//!
//! A broker names the user in each question. A user whom this node does not know may do nothing.

use std::borrow::Cow;

use aggregates::values::UserId;
use authorization::Inquiry;

use crate::{
    app::App,
    evidence::{Evidence, caller_is},
    refusal::Refusal,
};

/// The user of exactly this name: nobody connects under another spelling of it.
pub fn known(app: &App, username: &str) -> Result<UserId, Refusal> {
    let user = app.ledger().authorization().user_by_exact_name(username);
    let user = user.ok_or_else(|| {
        Evidence::login(username, None, "unknown_user").leave();
        Refusal::bad_credentials()
    })?;
    caller_is(user);
    Ok(user)
}

/// The topic to which a client's message goes if the broker puts the publish prefix before it.
pub fn publish_rewritten<'a>(app: &App, user: UserId, topic: &'a str) -> Result<Cow<'a, str>, Refusal> {
    let rewritten = app.ledger().authorization().may_publish(user, |prefix| {
        Some(match prefix {
            Some(prefix) => Cow::Owned(format!("{prefix}{topic}")),
            None => Cow::Borrowed(topic),
        })
    });
    decided(app, rewritten, "write", topic)
}

/// Whether a client may publish to a topic of a broker that does not put the prefix before it: a topic outside of the user's prefix is
/// refused.
pub fn may_write(app: &App, user: UserId, topic: &str) -> Result<(), Refusal> {
    let written = app.ledger().authorization().may_publish(user, |prefix| {
        is_within(topic, prefix).then_some(Cow::Borrowed(topic))
    });
    decided(app, written, "write", topic).map(drop)
}

/// Whether a client may subscribe to a filter: one grant must cover all topics that it matches.
pub fn may_subscribe(app: &App, user: UserId, filter: &str) -> Result<(), Refusal> {
    may(app, user, "subscribe", filter)
}

/// Whether a client may get a message of a topic.
pub fn may_read(app: &App, user: UserId, topic: &str) -> Result<(), Refusal> {
    may(app, user, "read", topic)
}

fn may(app: &App, user: UserId, action: &'static str, filter: &str) -> Result<(), Refusal> {
    let inquiry = Inquiry::parse("mqtt", filter, action).ok();
    let authorization = app.ledger().authorization();
    let granted = inquiry.filter(|inquiry| authorization.check_access(user, inquiry).allowed);
    decided(app, granted.map(drop), "read", filter)
}

/// Whether a topic is within the publish prefix of a user.
pub(super) fn is_within(topic: &str, prefix: Option<&str>) -> bool {
    let prefix = prefix.unwrap_or_default();
    topic.len() > prefix.len() && topic.starts_with(prefix)
}

/// The decision, unless this node is stale.
pub(super) fn decided<T>(app: &App, granted: Option<T>, operation: &str, topic: &str) -> Result<T, Refusal> {
    app.fresh()?;
    granted.ok_or_else(|| Refusal::forbidden(operation, beginning(topic)))
}

/// As much of a topic as a message for people needs.
fn beginning(topic: &str) -> &str {
    const MOST: usize = 200;
    topic.get(..topic.floor_char_boundary(MOST)).unwrap_or_default()
}
