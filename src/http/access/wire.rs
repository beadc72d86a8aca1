//! The entities of the AuthZEN information model (Authorization API 1.0 section 5) as they are received and sent.
//! Unknown members are ignored.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use authorization::Property;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor},
};
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
/// them. If two properties have one name, the last one counts.
#[derive(Clone, Debug, Default)]
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

/// Reads a value and keeps only texts. It skips all other values while it reads. If it stored them first, they would take many
/// times the size of the body.
struct Keep<T>(PhantomData<T>);

/// The methods that read a value of another kind as the default.
macro_rules! skip_other_kinds {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

impl<'de> Visitor<'de> for Keep<Properties> {
    type Value = Properties;

    skip_other_kinds!();

    fn visit_str<E>(self, _: &str) -> Result<Properties, E> {
        Ok(Properties::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Properties, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some(name) = members.next_key::<String>()? {
            match members.next_value::<Member>()?.0 {
                Some(text) => drop(texts.insert(name, text)),
                None => drop(texts.remove(&name)),
            }
        }
        let texts = texts.into_iter().map(|(name, text)| (name.into(), text.into()));
        Ok(Properties(texts.collect()))
    }
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Keep::<Self>(PhantomData))
    }
}

/// The value of a property, if it is a text.
#[derive(Default)]
struct Member(Option<String>);

impl<'de> Visitor<'de> for Keep<Member> {
    type Value = Member;

    skip_other_kinds!();

    fn visit_str<E>(self, text: &str) -> Result<Member, E> {
        Ok(Member(Some(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Member, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::default())
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Keep::<Self>(PhantomData))
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
    #[schema(value_type = Explanation)]
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
        for other in ["{}", "null", "7", "-7", "7.5", "true", r#""room""#, r#"["room"]"#] {
            assert_eq!(properties(other), [], "{other}");
        }
        assert_eq!(properties(r#"{"room": "blue", "room": "red"}"#), room("red"));
        assert_eq!(properties(r#"{"room": "blue", "room": 7}"#), []);
    }

    /// What is collected before it is dropped is refused when it is nested too deep.
    #[test]
    fn other_properties_are_skipped_while_they_are_read() {
        let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
        assert_eq!(properties(&deep), []);
        assert_eq!(properties(&format!(r#"{{"more": {deep}}}"#)), []);
        assert_eq!(properties(r#"{"more": [1e999]}"#), []);
    }

    #[test]
    fn an_answer_has_no_properties() {
        let answer = serde_json::to_value(Entity::new("mqtt", "a")).unwrap();
        assert_eq!(answer, serde_json::json!({ "type": "mqtt", "id": "a" }));
    }
}
