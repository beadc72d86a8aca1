//! The entities of the AuthZEN information model (Authorization API 1.0 section 5) as they are received and sent.
//! Unknown members are ignored.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Unexpected, Visitor},
};
use utoipa::ToSchema;

use super::{
    explanation::Explanation,
    properties::{Properties, Skipped},
};
use server::{ErrorBody, Refusal};

/// A subject or a resource.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct Entity {
    /// Of a subject: `user`, `username`, `role`, `certificate` or `token`. Of a resource: `http`, `mqtt`, `coiote-endpoint`,
    /// `domain`, or a type of OS2iot such as `os2iot-application`.
    #[serde(rename = "type")]
    #[schema(example = "user")]
    pub kind: String,
    /// Unique within the type.
    #[schema(example = "0a0b0c0d-0000-4000-8000-000000000001")]
    pub id: String,
    /// The properties in the request. An answer has none.
    #[serde(default, skip_serializing)]
    #[schema(value_type = Option<Object>)]
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

/// A subject or a resource in a list of questions. A default may lack a member. Then each question that names such an entity must
/// complete it. The entity of a question replaces a default with both members as a whole.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct PartOfEntity {
    /// The type.
    #[serde(rename = "type")]
    #[schema(example = "mqtt")]
    pub kind: Option<String>,
    /// Unique within the type.
    pub id: Option<String>,
    /// The properties in the request.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub properties: Properties,
}

/// A complete subject or resource of a question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    pub kind: &'a str,
    pub id: &'a str,
    pub properties: &'a Properties,
}

impl<'a> From<&'a Entity> for Named<'a> {
    fn from(entity: &'a Entity) -> Self {
        Self {
            kind: &entity.kind,
            id: &entity.id,
            properties: &entity.properties,
        }
    }
}

impl PartOfEntity {
    /// The entity of a question that may have its own one. `member` is what it is to the question.
    pub(crate) fn named<'a>(
        own: Option<&'a Self>,
        default: Option<&'a Self>,
        member: &str,
    ) -> Result<Named<'a>, Refusal> {
        let is_whole = |entity: &Self| entity.kind.is_some() && entity.id.is_some();
        let entity = own.or(default).ok_or_else(|| missing(member))?;
        let rest = default.filter(|default| !is_whole(default));
        let taken = |of: fn(&Self) -> Option<&String>, name: &str| {
            let found = of(entity).or_else(|| of(rest?));
            found.ok_or_else(|| missing(&format!("{member}.{name}")))
        };
        Ok(Named {
            kind: taken(|entity| entity.kind.as_ref(), "type")?,
            id: taken(|entity| entity.id.as_ref(), "id")?,
            properties: &entity.properties,
        })
    }
}

/// The refusal of a question that lacks a member.
pub(crate) fn missing(member: &str) -> Refusal {
    Refusal::invalid(format!("{member} is missing"))
}

/// What is to be done.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct Action {
    /// `read`, `write`; for `http` also a method; for `mqtt` also `subscribe` and `publish`.
    #[schema(example = "read")]
    pub name: String,
    /// The properties in the request. No decision depends on them.
    #[serde(default, skip_serializing)]
    #[schema(value_type = Option<Object>)]
    #[expect(dead_code, reason = "it is read so that a value of the wrong type is refused")]
    properties: Skipped,
}

impl Action {
    /// An action in an answer.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            properties: Skipped,
        }
    }
}

/// How to decide.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, ToSchema)]
#[schema(example = json!({"explain": true, "at": "2026-01-31T12:00:00Z"}))]
pub(crate) struct ContextIn {
    /// Also answer why.
    pub explain: Option<bool>,
    /// Answer as of then: a time (RFC 3339) or a position of the ledger.
    pub at: Option<At>,
}

/// A moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ToSchema)]
#[serde(untagged)]
pub(crate) enum At {
    /// Right after the event at this position.
    Position(i64),
    /// RFC 3339.
    Time(String),
}

/// Reads a moment. `serde(untagged)` would first store whatever stands in its place.
struct ReadAt;

impl Visitor<'_> for ReadAt {
    type Value = At;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time or a position")
    }

    fn visit_i64<E>(self, position: i64) -> Result<At, E> {
        Ok(At::Position(position))
    }

    fn visit_u64<E: de::Error>(self, position: u64) -> Result<At, E> {
        let invalid = |_| E::invalid_value(Unexpected::Unsigned(position), &self);
        i64::try_from(position).map(At::Position).map_err(invalid)
    }

    fn visit_str<E>(self, time: &str) -> Result<At, E> {
        Ok(At::Time(time.to_owned()))
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadAt)
    }
}

impl ContextIn {
    /// Whether the ledger must be read for an answer.
    fn is_heavy(&self) -> bool {
        self.at.is_some() || self.explain == Some(true)
    }
}

impl<'a> Evaluation<'a> {
    /// Whether the ledger must be read for an answer.
    pub(crate) fn is_heavy(&self) -> bool {
        self.context.is_some_and(ContextIn::is_heavy)
    }

    /// The past moment that the question is about.
    pub(crate) fn at(&self) -> Option<&'a At> {
        self.context.and_then(|context| context.at.as_ref())
    }
}

/// One question.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
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
    pub subject: Named<'a>,
    pub action: &'a Action,
    pub resource: Named<'a>,
    pub context: Option<&'a ContextIn>,
}

impl EvaluationIn {
    /// The question.
    pub(crate) fn question(&self) -> Result<Evaluation<'_>, Refusal> {
        let subject = self.subject.as_ref().ok_or_else(|| missing("subject"))?;
        let action = self.action.as_ref().ok_or_else(|| missing("action"))?;
        let resource = self.resource.as_ref().ok_or_else(|| missing("resource"))?;
        Ok(Evaluation {
            subject: subject.into(),
            action,
            resource: resource.into(),
            context: self.context.as_ref(),
        })
    }
}

/// One of many questions, or the defaults of many questions.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct PartOfEvaluation {
    /// Who.
    pub subject: Option<PartOfEntity>,
    /// Does what.
    pub action: Option<Action>,
    /// To what.
    pub resource: Option<PartOfEntity>,
    /// How to decide.
    pub context: Option<ContextIn>,
}

impl PartOfEvaluation {
    /// The question. If it lacks a member, the member is taken from `defaults`.
    pub(crate) fn question<'a>(&'a self, defaults: &'a Self) -> Result<Evaluation<'a>, Refusal> {
        let action = self.action.as_ref().or(defaults.action.as_ref());
        Ok(Evaluation {
            subject: PartOfEntity::named(self.subject.as_ref(), defaults.subject.as_ref(), "subject")?,
            action: action.ok_or_else(|| missing("action"))?,
            resource: PartOfEntity::named(self.resource.as_ref(), defaults.resource.as_ref(), "resource")?,
            context: self.context.as_ref().or(defaults.context.as_ref()),
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
    /// `unknown_action`, `not_a_path`, `not_a_topic`, `token_void`, `expired`, `method_not_allowed`, `second_factor_missing` or
    /// `password_change_needed`.
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
    #[schema(value_type = Explanation)]
    pub explanation: Option<Box<Explanation>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A default that lacks a member is completed. A default that has both is replaced as a whole: otherwise a question that lacks
    /// its id would be answered about another entity.
    #[test]
    fn a_part_of_an_entity_is_completed_by_a_default_that_is_a_part_itself() {
        let part = |text: &str| serde_json::from_str::<Option<PartOfEntity>>(text).unwrap();
        for (own, default, expected) in [
            (r#"{"type": "a", "id": "1"}"#, "null", Some(("a", "1"))),
            ("null", r#"{"type": "a", "id": "1"}"#, Some(("a", "1"))),
            (r#"{"id": "1"}"#, r#"{"type": "a"}"#, Some(("a", "1"))),
            (
                r#"{"id": "1", "type": null}"#,
                r#"{"type": "a", "id": null}"#,
                Some(("a", "1")),
            ),
            (r#"{"type": "b"}"#, r#"{"id": "2"}"#, Some(("b", "2"))),
            (
                r#"{"type": "b", "id": "1"}"#,
                r#"{"type": "a"}"#,
                Some(("b", "1")),
            ),
            (r#"{"type": "b"}"#, r#"{"type": "a", "id": "1"}"#, None),
            (r#"{"id": "2"}"#, r#"{"type": "a", "id": "1"}"#, None),
            (r#"{"id": "2"}"#, "null", None),
            (r#"{"type": "b"}"#, r#"{"type": "a"}"#, None),
            ("{}", "{}", None),
            ("null", r#"{"type": "a"}"#, None),
            ("null", "null", None),
        ] {
            let (one, other) = (part(own), part(default));
            let named = PartOfEntity::named(one.as_ref(), other.as_ref(), "subject").ok();
            assert_eq!(
                named.map(|named| (named.kind, named.id)),
                expected,
                "{own} {default}"
            );
        }
        let own = part(r#"{"id": "1"}"#);
        let default = part(r#"{"type": "a", "properties": {"room": "red"}}"#);
        let named = PartOfEntity::named(own.as_ref(), default.as_ref(), "subject").unwrap();
        assert_eq!(named.properties.as_slice(), []);
    }

    #[test]
    fn an_answer_has_no_properties() {
        let answer = serde_json::to_value(Entity::new("mqtt", "a")).unwrap();
        assert_eq!(answer, serde_json::json!({ "type": "mqtt", "id": "a" }));
    }
}
