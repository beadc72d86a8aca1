//! The properties in a request: what it says about a subject, an action or a resource in addition to the members that each of them has.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use authorization::Property;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

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

impl<'de> Visitor<'de> for Keep<Properties> {
    type Value = Properties;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_unit<E>(self) -> Result<Properties, E> {
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

/// Properties that nothing depends on: an object, which is skipped, or `null`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Skipped;

impl<'de> Visitor<'de> for Keep<Skipped> {
    type Value = Skipped;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_unit<E>(self) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Skipped, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Skipped)
    }
}

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Keep::<Self>(PhantomData))
    }
}

/// The value of a property, if it is a text.
#[derive(Default)]
struct Member(Option<String>);

impl<'de> Visitor<'de> for Keep<Member> {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Member, E> {
        Ok(Member::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Member, E> {
        Ok(Member::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Member, E> {
        Ok(Member::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Member, E> {
        Ok(Member::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Member, E> {
        Ok(Member::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Member, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::default())
    }

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

#[cfg(test)]
mod tests {
    use crate::wire::{Action, Entity, PartOfEntity};

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
        for none in ["{}", "null"] {
            assert_eq!(properties(none), [], "{none}");
        }
        assert_eq!(properties(r#"{"room": "blue", "room": "red"}"#), room("red"));
        assert_eq!(properties(r#"{"room": "blue", "room": 7}"#), []);
    }

    #[test]
    fn properties_are_an_object() {
        for other in ["7", "-7", "7.5", "true", r#""room""#, r#"["room"]"#, "[]"] {
            let entity = format!(r#"{{"type": "mqtt", "id": "a", "properties": {other}}}"#);
            assert!(serde_json::from_str::<Entity>(&entity).is_err(), "{other}");
            assert!(serde_json::from_str::<PartOfEntity>(&entity).is_err(), "{other}");
            let action = format!(r#"{{"name": "read", "properties": {other}}}"#);
            assert!(serde_json::from_str::<Action>(&action).is_err(), "{other}");
        }
        let action = r#"{"name": "read", "properties": {"soft": true, "deep": [[{}]]}}"#;
        assert!(serde_json::from_str::<Action>(action).is_ok());
    }

    /// What is collected before it is dropped is refused when it is nested too deep.
    #[test]
    fn other_properties_are_skipped_while_they_are_read() {
        let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
        assert_eq!(properties(&format!(r#"{{"more": {deep}}}"#)), []);
        assert_eq!(properties(r#"{"more": [1e999]}"#), []);
    }
}
