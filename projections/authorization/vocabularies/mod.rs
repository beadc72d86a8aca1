//! What may be asked about: resource types, each in a file of its own, in the words of the AuthZEN Authorization API 1.0.
//!
//! | resource type | resource id | actions that need read | actions that need write |
//! |---|---|---|---|
//! | `http` | a path | `read`, `GET`, `HEAD`, `OPTIONS` | `write`, `POST`, `PUT`, `PATCH`, `DELETE` |
//! | `mqtt` | a topic, or a filter to read | `read`, `subscribe` | `write`, `publish` |
//!
//! A resource type turns a question into an [`Access`]: the names that the grants of a subject must cover. Patterns are
//! about names, so all resource types share one engine. A type whose ids are not names themselves asks the directory
//! where a resource is.

pub(crate) mod access;
mod http;
mod inquiry;
mod mqtt;
use aggregates::{
    Event,
    values::{Context, Operation},
};

use crate::{
    directory::Places,
    engine::facts::{self, Fact},
    past::Stream,
    principals::subject::{SUBJECT_TYPES, SubjectType},
};
use access::Access;

pub use inquiry::{Asked, Inquiry, Wanted};

/// Names that patterns are about, apart from all others.
///
/// The engine knows two contexts. A space is a context, or the names in it that have one first level: paths begin with an
/// empty level, so in context `http` there is room for every other first level beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What it is called on the wire.
    pub name: &'static str,
    /// The engine's context.
    pub context: Context,
    /// The first level of all names in it, if not all names of the context are in it.
    pub first_level: Option<&'static str>,
}

impl Space {
    /// Whether a pattern in a context is about names in this space.
    pub fn has(&self, context: Context, pattern: &str) -> bool {
        let first_level = || pattern.split('/').next();
        context == self.context && (self.first_level.is_none() || self.first_level == first_level())
    }
}

/// What the ids of a resource type are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Names in the space: there is no end of them, so patterns stand for those that somebody may use.
    Names,
    /// Ids of resources that the directory knows.
    Placed,
}

/// A type of resources.
pub trait ResourceType: Sync {
    /// What it is called on the wire.
    fn name(&self) -> &'static str {
        self.space().name
    }

    /// Where its names are. Several types may share a space.
    fn space(&self) -> &'static Space;

    /// The actions, in the order in which they are told, each with the operation that it needs.
    fn actions(&self) -> &'static [(&'static str, Operation)];

    /// What its ids are.
    fn ids(&self) -> Ids;

    /// Whether the publish prefix of a user is put before a resource, for an action.
    fn takes_publish_prefix(&self, _action: &str) -> bool {
        false
    }

    /// What must be granted, or why nobody can do it.
    fn access<'a>(&self, asked: &Asked<'a>, places: &dyn Places) -> Result<Access<'a>, Impossible>;

    /// The stream that says where a resource is, if it has one: the past is read from it.
    fn stream(&self, _id: &str) -> Option<Stream> {
        None
    }
}

/// Why nobody can do something, whatever their grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// There is no such resource type.
    ResourceType,
    /// The resource type has no such action.
    Action,
    /// The path is none that a request can have once it is normalized (RFC 3986 section 6.2.2.3): it does not start
    /// with `/`, has a query or a fragment, a segment `.` or `..`, or what some servers take for one: a backslash, an
    /// encoded slash, a control character.
    Path,
    /// The text is no topic (MQTT 5.0 section 4.7) and, to read, no filter either.
    Topic,
    /// There is no such resource.
    Resource,
}

impl Impossible {
    /// A stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceType => "unknown_resource_type",
            Self::Action => "unknown_action",
            Self::Path => "not_a_path",
            Self::Topic => "not_a_topic",
            Self::Resource => "unknown_resource",
        }
    }
}

/// The kinds that an engine knows. A kind of subject, a resource type and what it makes of events are registered here.
pub struct Model {
    /// The types of subjects.
    pub subjects: &'static [SubjectType],
    /// The types of resources.
    pub resources: &'static [&'static dyn ResourceType],
    /// What an event of a stream says of machines, and of where resources are.
    pub facts: fn(&str, &Event) -> Vec<Fact>,
}

/// What this server knows.
pub static MODEL: Model = Model {
    subjects: SUBJECT_TYPES,
    resources: &[&http::Http, &mqtt::Mqtt],
    facts: facts::of,
};

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.resources.iter().map(|one| one.name());
        f.debug_list().entries(names).finish()
    }
}

impl Model {
    /// The resource type of this name.
    pub fn resource_type(&self, name: &str) -> Option<&'static dyn ResourceType> {
        self.resources.iter().copied().find(|one| one.name() == name)
    }

    /// What the space of a pattern in a context is called.
    pub fn space_of(&self, context: Context, pattern: &str) -> &'static str {
        let spaces = self.resources.iter().map(|one| one.space());
        let space = spaces.into_iter().find(|space| space.has(context, pattern));
        space.map_or(context.as_str(), |space| space.name)
    }
}
