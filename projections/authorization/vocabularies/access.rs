//! What is asked of a subject's grants, in the words of the AuthZEN Authorization API 1.0: an action on a resource.
//!
//! | resource type | resource id | actions that need read | actions that need write |
//! |---|---|---|---|
//! | `http` | a path | `read`, `GET`, `HEAD`, `OPTIONS` | `write`, `POST`, `PUT`, `PATCH`, `DELETE` |
//! | `mqtt` | a topic, or a filter to read | `read`, `subscribe` | `write`, `publish` |
//!
//! `publish` is what a client asks of its broker: the user's publish prefix is put before the topic. `write` is about
//! the topic as it is in the broker. A filter is granted if one grant covers all that it matches; `subscribe` takes
//! a shared one (`$share/{name}/{filter}`, MQTT 5.0 section 4.8.2) for the filter in it.

use aggregates::values::{Context, MAX_FILTER_BYTES, Operation, TopicFilter};

use crate::patterns::question::{Operations, Question, operations};

/// The longest path that can be asked about, in bytes: as long as the longest pattern.
const LONGEST: usize = MAX_FILTER_BYTES;
/// What comes before the name of a shared subscription.
const SHARE: &str = "$share/";

/// The actions on a resource type, each with the operation it needs.
pub const HTTP_ACTIONS: [(&str, Operation); 9] = [
    ("read", Operation::Read),
    ("write", Operation::Write),
    ("GET", Operation::Read),
    ("HEAD", Operation::Read),
    ("OPTIONS", Operation::Read),
    ("POST", Operation::Write),
    ("PUT", Operation::Write),
    ("PATCH", Operation::Write),
    ("DELETE", Operation::Write),
];
/// See [`HTTP_ACTIONS`].
pub const MQTT_ACTIONS: [(&str, Operation); 4] = [
    ("read", Operation::Read),
    ("write", Operation::Write),
    ("subscribe", Operation::Read),
    ("publish", Operation::Write),
];
/// The action to which the publish prefix belongs.
const PUBLISH: &str = "publish";
/// The action that takes shared subscriptions.
const SUBSCRIBE: &str = "subscribe";

/// Why nobody can do something, whatever their grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// The resource type is not `http` or `mqtt`.
    ResourceType,
    /// The resource type has no such action.
    Action,
    /// The path is none that a request can have once it is normalized (RFC 3986 section 6.2.2.3): it does not start
    /// with `/`, has a query or a fragment, a segment `.` or `..`, or what some servers take for one: a backslash, an
    /// encoded slash, a control character.
    Path,
    /// The text is no topic (MQTT 5.0 section 4.7) and, to read, no filter either.
    Topic,
}

impl Impossible {
    /// A stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceType => "unknown_resource_type",
            Self::Action => "unknown_action",
            Self::Path => "not_a_path",
            Self::Topic => "not_a_topic",
        }
    }
}

/// How the text of an [`Access`] is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A path, or a topic as it is in the broker.
    Exact,
    /// A topic as the client names it: the publish prefix comes before it.
    Publish,
    /// A filter of topics.
    Filter,
}

/// An action on a resource that a grant could allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access<'a> {
    context: Context,
    operation: Operation,
    text: &'a str,
    kind: Kind,
}

impl<'a> Access<'a> {
    /// Reads an action on a resource, or says why it is none.
    pub fn parse(resource_type: &str, resource: &'a str, action: &str) -> Result<Self, Impossible> {
        let context = Context::parse(resource_type).map_err(|_| Impossible::ResourceType)?;
        let operation = Self::operation_of(context, action).ok_or(Impossible::Action)?;
        let (text, kind) = match context {
            Context::Http if is_path(resource) => (resource, Kind::Exact),
            Context::Http => return Err(Impossible::Path),
            Context::Mqtt => topic(resource, operation, action).ok_or(Impossible::Topic)?,
        };
        Ok(Self {
            context,
            operation,
            text,
            kind,
        })
    }

    /// The operation that an action on a resource of this type needs.
    pub fn operation_of(context: Context, action: &str) -> Option<Operation> {
        let actions: &[(&str, Operation)] = match context {
            Context::Http => &HTTP_ACTIONS,
            Context::Mqtt => &MQTT_ACTIONS,
        };
        actions
            .iter()
            .find(|(name, _)| *name == action)
            .map(|(_, operation)| *operation)
    }

    /// Whether an action is that of a client that publishes, whose prefix comes before the topic.
    pub fn is_publish(action: &str) -> bool {
        action == PUBLISH
    }

    /// Where it happens.
    pub fn context(&self) -> Context {
        self.context
    }

    /// The operation that must be granted.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The path, topic or filter that must be granted to a user with this publish prefix.
    pub fn effective(&self, prefix: Option<&str>) -> std::borrow::Cow<'a, str> {
        match (self.kind, prefix) {
            (Kind::Publish, Some(prefix)) => format!("{prefix}{}", self.text).into(),
            _ => self.text.into(),
        }
    }

    /// Whether a publish prefix matters to it.
    #[inline]
    pub(crate) fn takes_prefix(&self) -> bool {
        self.kind == Kind::Publish
    }

    /// Whether all of a filter must be covered.
    pub fn is_filter(&self) -> bool {
        self.kind == Kind::Filter
    }

    #[inline]
    pub(crate) fn wanted(&self) -> Operations {
        operations(self.operation)
    }

    /// The question that it is without a publish prefix.
    #[inline]
    pub(crate) fn question(&self) -> Option<Question<'a>> {
        self.question_of(self.text)
    }

    /// The question that it is about another text: one that [`Access::effective`] made.
    #[inline]
    pub(crate) fn question_of<'b>(&self, text: &'b str) -> Option<Question<'b>> {
        match self.kind {
            Kind::Filter => Some(Question::filter(text)),
            _ if text.len() > LONGEST => None,
            _ => Question::resource(self.context, text),
        }
    }
}

/// What a text is that names topics, for an action.
fn topic<'a>(text: &'a str, operation: Operation, action: &str) -> Option<(&'a str, Kind)> {
    if text.is_empty() || text.len() > MAX_FILTER_BYTES || text.contains('\0') {
        return None;
    }
    if operation != Operation::Read {
        let kind = if Access::is_publish(action) {
            Kind::Publish
        } else {
            Kind::Exact
        };
        return (!text.contains(['+', '#'])).then_some((text, kind));
    }
    let filter = match text.strip_prefix(SHARE) {
        Some(shared) if action == SUBSCRIBE => {
            let (name, filter) = shared.split_once('/')?;
            if name.is_empty() || name.contains(['+', '#']) {
                return None;
            }
            filter
        }
        _ => text,
    };
    TopicFilter::is_well_formed(filter).then_some((filter, Kind::Filter))
}

/// Whether a text is the path of a request in its normal form.
fn is_path(text: &str) -> bool {
    let unheard_of = |byte: u8| byte.is_ascii_control() || matches!(byte, b'?' | b'#' | b'\\');
    if !text.starts_with('/') || text.len() > LONGEST || text.bytes().any(unheard_of) {
        return false;
    }
    // Most have no dot in them, and dots can be percent-encoded.
    if !text.contains(['.', '%']) {
        return true;
    }
    is_well_encoded(text) && !text.split('/').any(is_dot_segment)
}

/// Whether each `%` begins an octet, and none of them is one that some servers take for a separator or an end.
fn is_well_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().first_chunk::<2>();
        let octet = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        octet.is_some_and(|octet| !octet.is_ascii_control() && !matches!(octet, b'/' | b'\\'))
            && !after.starts_with('+')
    })
}

/// Whether a segment is `.` or `..`, however they are written.
fn is_dot_segment(segment: &str) -> bool {
    // Some servers take what follows a semicolon for parameters of the segment.
    let mut rest = segment.split(';').next().unwrap_or_default();
    let mut dots = 0;
    while !rest.is_empty() {
        let after = rest
            .strip_prefix('.')
            .or_else(|| rest.strip_prefix("%2e"))
            .or_else(|| rest.strip_prefix("%2E"));
        let Some(after) = after else { return false };
        rest = after;
        dots += 1;
    }
    dots == 1 || dots == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_need_the_operation_of_their_kind() {
        for (kind, resource, action, operation) in [
            ("http", "/a", "GET", Operation::Read),
            ("http", "/a", "PATCH", Operation::Write),
            ("mqtt", "a", "subscribe", Operation::Read),
            ("mqtt", "a", "publish", Operation::Write),
        ] {
            assert_eq!(
                Access::parse(kind, resource, action).unwrap().operation(),
                operation
            );
        }
    }

    #[test]
    fn what_nobody_can_do_is_told_apart() {
        use Impossible::{Action, Path, ResourceType, Topic};
        for (kind, resource, action, why) in [
            ("coap", "/a", "GET", ResourceType),
            ("http", "/a", "get", Action),
            ("http", "/a", "publish", Action),
            ("http", "/a", "CONNECT", Action),
            ("mqtt", "a", "GET", Action),
            ("http", "", "GET", Path),
            ("http", "a", "GET", Path),
            ("http", "/a?b", "GET", Path),
            ("http", "/a#b", "GET", Path),
            ("http", "/a/../b", "GET", Path),
            ("http", "/a/%2E./b", "GET", Path),
            ("http", "/a/.", "GET", Path),
            ("http", "/a/..;x=1/b", "GET", Path),
            ("http", "/a/..%2fb", "GET", Path),
            ("http", "/a/..%5Cb", "GET", Path),
            ("http", "/a/..\\b", "GET", Path),
            ("http", "/a%00", "GET", Path),
            ("http", "/a%2", "GET", Path),
            ("http", "/a%zz", "GET", Path),
            ("http", "/a%+1", "GET", Path),
            ("http", "/a\n", "GET", Path),
            ("mqtt", "", "publish", Topic),
            ("mqtt", "a/+", "publish", Topic),
            ("mqtt", "a/#", "write", Topic),
            ("mqtt", "a\0", "read", Topic),
            ("mqtt", "a/#/b", "subscribe", Topic),
            ("mqtt", "$share//a", "subscribe", Topic),
            ("mqtt", "$share/+/a", "subscribe", Topic),
            ("mqtt", "$share/group", "subscribe", Topic),
            ("mqtt", "$share/group/", "subscribe", Topic),
        ] {
            assert_eq!(
                Access::parse(kind, resource, action),
                Err(why),
                "{kind} {resource:?} {action}"
            );
        }
    }

    #[test]
    fn a_path_may_have_dots_in_its_names() {
        for path in [
            "/",
            "//",
            "/a.b",
            "/...",
            "/.well-known/x",
            "/%2e%2e%2e",
            "/a+b/%23",
        ] {
            assert!(Access::parse("http", path, "GET").is_ok(), "{path}");
        }
    }

    #[test]
    fn a_shared_subscription_is_about_the_filter_in_it() {
        let shared = Access::parse("mqtt", "$share/workers/plant/+/state", "subscribe").unwrap();
        assert_eq!(shared.effective(None), "plant/+/state");
        assert!(shared.is_filter());
        let read = Access::parse("mqtt", "$share/workers/plant", "read").unwrap();
        assert_eq!(read.effective(None), "$share/workers/plant");
    }

    #[test]
    fn only_publishing_takes_the_prefix() {
        let effective = |action| {
            Access::parse("mqtt", "state", action)
                .unwrap()
                .effective(Some("plant/7/"))
                .into_owned()
        };
        assert_eq!(effective("publish"), "plant/7/state");
        assert_eq!(effective("write"), "state");
        assert_eq!(effective("subscribe"), "state");
    }
}
