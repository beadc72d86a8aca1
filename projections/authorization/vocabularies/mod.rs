//! Resource types: what questions may be about, each in a file of its own, in the terms of the AuthZEN Authorization
//! API 1.0.
//!
//! | resource type | resource id | actions that need read | actions that need write |
//! |---|---|---|---|
//! | `http` | a path | `read`, `GET`, `HEAD`, `OPTIONS` | `write`, `POST`, `PUT`, `PATCH`, `DELETE` |
//! | `mqtt` | a topic, or a filter to read | `read`, `subscribe` | `write`, `publish` |
//! | `os2iot-...` | a number | see `os2iot.rs` | |
//! | `coiote-endpoint` | a path below the API's base | `GET`, `HEAD` | `POST`, `PUT`, `PATCH`, `DELETE` |
//! | `domain` | a domain such as `/a/b/` | `read` | `write` |
//! | `nx-license` | a UUID | `read` | `write` |
//!
//! A resource type turns a question into an [`Access`]: the names that the grants of a subject must cover. Patterns
//! match names, so all resource types share one engine. If the ids of a type are not names themselves, the type asks
//! the directory where a resource is.

pub(crate) mod access;
mod coiote;
mod http;
mod inquiry;
mod mqtt;
pub(crate) mod nx;
pub(crate) mod os2iot;
pub(crate) mod paths;
pub(crate) mod routes;

use aggregates::{
    Event,
    user::UserEvent,
    values::{Context, Operation},
};

use crate::{
    directory::Places,
    engine::facts::{self, Fact},
    past::Stream,
    principals::{
        standing::{self, Standing},
        subject::{SUBJECT_TYPES, SubjectType},
    },
};
use access::Access;

pub use inquiry::{Asked, Inquiry, Property, Wanted};

/// A space: names to which patterns apply, separate from all other names.
///
/// The engine knows two contexts. A space is either a context, or those names of a context that share one first level.
/// Paths begin with an empty level, so context `http` has room for any other first level beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// The name of the space on the wire.
    pub name: &'static str,
    /// The engine's context.
    pub context: Context,
    /// The first level of all names in the space; `None` if the space has all names of the context.
    pub first_level: Option<&'static str>,
}

impl Space {
    /// Whether a pattern in a context applies to names in this space.
    pub fn has(&self, context: Context, pattern: &str) -> bool {
        let first_level = || pattern.split('/').next();
        context == self.context && (self.first_level.is_none() || self.first_level == first_level())
    }
}

/// What the ids of a resource type are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Names in the space. There are infinitely many, so a search lists patterns of those that a subject may use.
    Names,
    /// Ids of resources in the directory.
    Placed,
    /// Texts that stand for names of a fixed list. A search tries all of them.
    Listed,
}

/// A type of resources.
pub trait ResourceType: Sync {
    /// The name of the type on the wire.
    fn name(&self) -> &'static str {
        self.space().name
    }

    /// The space of its names. Several types may share a space.
    fn space(&self) -> &'static Space;

    /// The actions in the order in which they are listed, each with the operation that it needs.
    fn actions(&self) -> &'static [(&'static str, Operation)];

    /// What the ids of the type are.
    fn ids(&self) -> Ids;

    /// The type to whose resources most resources of this type belong, one each, if both have numbers as ids. The directory finds these
    /// without waiting for memory.
    fn home(&self) -> Option<&'static str> {
        None
    }

    /// Whether the user's publish prefix is put before a resource, for an action.
    fn takes_publish_prefix(&self, _action: &str) -> bool {
        false
    }

    /// What must be granted, or why nobody can do it.
    fn access<'a>(&self, asked: &Asked<'a>, places: &dyn Places) -> Result<Access<'a>, Impossible>;

    /// The ids of a fixed list, if the type has one, each with what must be granted.
    fn listed(&self, _asked: &Asked<'_>) -> Result<Vec<(String, Access<'static>)>, Impossible> {
        Ok(Vec::new())
    }

    /// A pattern in the space as the ids of the type are written.
    fn shown(&self, pattern: &str) -> String {
        pattern.to_owned()
    }

    /// Whether somebody may give an operation on all that a pattern in the space matches. `held` says whether they hold one on all
    /// that a pattern matches. They may give what they hold, unless the vocabulary has levels that give more or less.
    fn may_give(&self, pattern: &str, operation: Operation, held: &dyn Fn(&str, Operation) -> bool) -> bool {
        held(pattern, operation)
    }

    /// The stream that records where a resource is, if it has one: decisions of the past read it.
    fn stream(&self, _id: &str) -> Option<Stream> {
        None
    }
}

/// Why nobody can do something, whatever their grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// The resource type does not exist.
    ResourceType,
    /// The resource type does not have this action.
    Action,
    /// A normalized request (RFC 3986 section 6.2.2.3) cannot have this path: it does not start with `/`, or it has a
    /// query, a fragment, a segment `.` or `..`, or something that some servers read as one of these: a backslash, an
    /// encoded slash, a control character.
    Path,
    /// The text is not a topic (MQTT 5.0 section 4.7); if the action reads, it is not a filter either.
    Topic,
    /// The resource does not exist.
    Resource,
    /// The text is not a domain: it does not begin or end with `/`, or a level is empty or has odd characters.
    Domain,
}

impl Impossible {
    /// The code of the reason. It never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceType => "unknown_resource_type",
            Self::Action => "unknown_action",
            Self::Path => "not_a_path",
            Self::Topic => "not_a_topic",
            Self::Resource => "unknown_resource",
            Self::Domain => "not_a_domain",
        }
    }
}

/// The kinds that an engine knows. Register here a subject type, a resource type, and the facts of new events.
pub struct Model {
    /// The types of subjects.
    pub subjects: &'static [SubjectType],
    /// The types of resources.
    pub resources: &'static [&'static dyn ResourceType],
    /// The facts that an event of a stream states about machines, and about where resources are.
    pub facts: fn(&str, &Event) -> Vec<Fact>,
    /// The effect of an event of a user on whether the user may do anything at all.
    pub standing: fn(&UserEvent) -> Standing,
}

/// The kinds that this server knows.
pub static MODEL: Model = Model {
    subjects: SUBJECT_TYPES,
    resources: &[
        &http::Http,
        &mqtt::Mqtt,
        &os2iot::Kind::Organisation,
        &os2iot::Kind::Application,
        &os2iot::Kind::User,
        &os2iot::Kind::ApiKey,
        &os2iot::Kind::Group,
        &os2iot::Kind::Gateway,
        &os2iot::Kind::Device,
        &coiote::CoioteEndpoint,
        &coiote::Domain,
        &nx::License,
    ],
    facts: facts::of,
    standing: standing::standing,
};

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.resources.iter().map(|one| one.name());
        f.debug_list().entries(names).finish()
    }
}

impl Model {
    /// The resource type with this name.
    pub fn resource_type(&self, name: &str) -> Option<&'static dyn ResourceType> {
        self.resources.iter().copied().find(|one| one.name() == name)
    }

    /// The subject type with this name.
    pub fn subject_type(&self, name: &str) -> Option<&'static SubjectType> {
        self.subjects.iter().find(|one| one.name == name)
    }

    /// Whether somebody may give an operation on all that a pattern matches, as [`ResourceType::may_give`] says.
    pub(crate) fn may_give(
        &self,
        context: Context,
        pattern: &str,
        operation: Operation,
        held: &dyn Fn(&str, Operation) -> bool,
    ) -> bool {
        let mut types = self.resources.iter();
        match types.find(|one| one.space().has(context, pattern)) {
            Some(one) => one.may_give(pattern, operation, held),
            None => held(pattern, operation),
        }
    }

    /// The name of the space of a pattern in a context.
    pub fn space_of(&self, context: Context, pattern: &str) -> &'static str {
        let spaces = self.resources.iter().map(|one| one.space());
        let space = spaces.into_iter().find(|space| space.has(context, pattern));
        space.map_or(context.as_str(), |space| space.name)
    }
}
