//! The entities of the AuthZEN information model (Authorization API 1.0 section 5) as they are received and sent.
//! Unknown members are ignored.

use std::{borrow::Cow, collections::BTreeMap};

use authorization::Property;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

use super::explanation::Explanation;
use server::{ErrorBody, Refusal};

/// A subject or a resource.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct Entity {
    /// Of a subject: `user`, `username`, `role`, `certificate` or `token`. Of a resource: `http` or `mqtt`.
    #[serde(rename = "type")]
    #[schema(example = "user")]
    pub kind: String,
    /// Unique within the type.
    #[schema(example = "0a0b0c0d-0000-4000-8000-000000000001")]
    pub id: String,
    /// The properties that a request gives besides. An answer has none.
    #[serde(default, skip_serializing)]
    #[schema(ignore)]
    pub properties: Properties,
}

impl Entity {
    /// An entity in an answer.
    pub(crate) fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            id: id.into(),
            properties: Properties::default(),
        }
    }
}

/// The properties of an entity whose values are texts. Other properties are ignored, since no resource type can ask for
/// them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "PropertiesIn")]
pub(crate) struct Properties(Vec<Property>);

impl Properties {
    /// All properties.
    pub(crate) fn as_slice(&self) -> &[Property] {
        &self.0
    }

    /// All names and values, alternating.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|(name, value)| [&**name, &**value])
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PropertiesIn {
    Members(BTreeMap<String, Member>),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Member {
    Text(String),
    Other(IgnoredAny),
}

impl From<PropertiesIn> for Properties {
    fn from(properties: PropertiesIn) -> Self {
        let members = match properties {
            PropertiesIn::Members(members) => members,
            PropertiesIn::Other(_) => BTreeMap::new(),
        };
        let text = |(name, value)| match value {
            Member::Text(value) => Some((Cow::Owned(name), Cow::Owned(value))),
            Member::Other(_) => None,
        };
        Self(members.into_iter().filter_map(text).collect())
    }
}

/// What is to be done.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct Action {
    /// `read`, `write`; for `http` also a method; for `mqtt` also `subscribe` and `publish`.
    #[schema(example = "read")]
    pub name: String,
}

/// How to decide.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, ToSchema)]
#[schema(example = json!({"explain": true, "at": "2026-01-31T12:00:00Z"}))]
pub(crate) struct ContextIn {
    /// Also answer why.
    pub explain: Option<bool>,
    /// Answer as of then: a time (RFC 3339) or a position of the ledger.
    #[schema(value_type = Option<String>)]
    pub at: Option<At>,
}

/// A moment.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash)]
#[serde(untagged)]
pub(crate) enum At {
    /// Right after the event at this position.
    Position(i64),
    /// RFC 3339.
    Time(String),
}

/// One question.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "subject": {"type": "user", "id": "0a0b0c0d-0000-4000-8000-000000000001"},
    "action": {"name": "publish"},
    "resource": {"type": "mqtt", "id": "plant/7/valve/3"},
    "context": {"explain": true}
}))]
pub(crate) struct EvaluationIn {
    /// Who.
    pub subject: Option<Entity>,
    /// Does what.
    pub action: Option<Action>,
    /// To what.
    pub resource: Option<Entity>,
    /// How to decide.
    pub context: Option<ContextIn>,
}

/// A question with everything that it needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evaluation<'a> {
    pub subject: &'a Entity,
    pub action: &'a Action,
    pub resource: &'a Entity,
    pub context: Option<&'a ContextIn>,
}

impl EvaluationIn {
    /// The question. If it lacks a member, the member is taken from `defaults`.
    pub(crate) fn question<'a>(&'a self, defaults: Option<&'a Self>) -> Result<Evaluation<'a>, Refusal> {
        let missing = |name: &str| Refusal::invalid(format!("{name} is missing"));
        let default = |of: fn(&Self) -> Option<&Entity>| defaults.and_then(of);
        Ok(Evaluation {
            subject: self
                .subject
                .as_ref()
                .or_else(|| default(|all| all.subject.as_ref()))
                .ok_or_else(|| missing("subject"))?,
            action: self
                .action
                .as_ref()
                .or_else(|| defaults?.action.as_ref())
                .ok_or_else(|| missing("action"))?,
            resource: self
                .resource
                .as_ref()
                .or_else(|| default(|all| all.resource.as_ref()))
                .ok_or_else(|| missing("resource"))?,
            context: self.context.as_ref().or_else(|| defaults?.context.as_ref()),
        })
    }
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"decision": false, "context": {"position": 42, "reason": "no_grant"}}))]
pub(crate) struct DecisionOut {
    /// Whether it is allowed.
    pub decision: bool,
    /// As of when, and why.
    pub context: ContextOut,
}

/// What is said besides a decision.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ContextOut {
    /// The decision is that of the ledger at this position, or, unless another moment was asked for, a later one.
    pub position: i64,
    /// Why it is a denial: `no_grant`, `unknown_subject`, `unknown_subject_type`, `unknown_resource_type`,
    /// `unknown_action`, `not_a_path`, `not_a_topic`, `token_void`, `expired` or `method_not_allowed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// If another moment was asked for: what time it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// In one of many answers: what is wrong with the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<ErrorBody>>,
    /// If it was asked for: why.
    #[serde(flatten)]
    pub explanation: Option<Box<Explanation>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(text: &str) -> Vec<(String, String)> {
        let entity = format!(r#"{{"type": "mqtt", "id": "a", "properties": {text}}}"#);
        let entity: Entity = serde_json::from_str(&entity).unwrap();
        let properties = entity.properties.as_slice().iter();
        properties
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    }

    #[test]
    fn properties_are_read_as_far_as_they_are_texts() {
        let room = |value: &str| vec![("room".to_owned(), value.to_owned())];
        assert_eq!(properties(r#"{"room": "red"}"#), room("red"));
        assert_eq!(
            properties(
                r#"{"floor": 7, "room": "red", "tags": ["a"], "none": null, "more": {"room": "blue"}}"#
            ),
            room("red")
        );
        for other in ["{}", "null", "7", r#""room""#, r#"["room"]"#] {
            assert_eq!(properties(other), [], "{other}");
        }
    }

    #[test]
    fn an_answer_has_no_properties() {
        let answer = serde_json::to_value(Entity::new("mqtt", "a")).unwrap();
        assert_eq!(answer, serde_json::json!({ "type": "mqtt", "id": "a" }));
    }
}
