//! A JSON value that borrows its texts.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

/// Like [`serde_json::Value`]: it reads the same texts, and writes the same text with sorted keys. But it copies a text
/// only if the text has escapes, keeps the fields of an object in one allocation, and refuses an object with two fields of the
/// same name: an event that was recorded has no such object.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Positive(u64),
    Negative(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    /// The fields, sorted by their names. No two fields have the same name.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Positive(value) => serializer.serialize_u64(*value),
            Self::Negative(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Object(fields) => serializer.collect_map(fields.iter().map(|(name, value)| (name, value))),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values)
    }
}

/// Why an object is refused.
const TWICE: &str = "two fields have the same name";

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Json<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Json::Positive(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Json::Negative(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Json::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Self::Value, S::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element()? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut fields: Vec<(Cow<'de, str>, Json<'de>)> = Vec::with_capacity(8);
        while let Some(name) = map.next_key_seed(Name)? {
            fields.push((name, map.next_value()?));
        }
        fields.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        if fields.array_windows().any(|[one, other]| one.0 == other.0) {
            return Err(M::Error::custom(TWICE));
        }
        Ok(Json::Object(fields))
    }
}

/// Reads the name of a field.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// What each type writes after it read the text; `None` if it refuses the text.
    fn both(text: &str) -> (Option<String>, Option<String>) {
        let ours = serde_json::from_str::<Json<'_>>(text).ok();
        let theirs = serde_json::from_str::<Value>(text).ok();
        (
            ours.map(|value| serde_json::to_string(&value).unwrap()),
            theirs.map(|value| serde_json::to_string(&value).unwrap()),
        )
    }

    #[test]
    fn texts_of_all_kinds_are_read_and_written_like_a_value() {
        for text in [
            r#"{"b": 1, "a": [null, true, false, {"z": "", "y": {}}], "aa": "é", "": -1}"#,
            r#"{"\u0061": 1, "b": {"a": 2}, "\ud83d\ude00": "\ud83d\ude00\n\"\\\/\u0001"}"#,
            "[0, -0, 1.0, -1.5e3, 1e400, 1e300, 18446744073709551615, 18446744073709551616, -9223372036854775808]",
            "[0, -0, 1.0, -1.5e3, 1e300, 18446744073709551615, 18446744073709551616, -9223372036854775808]",
            "[-9223372036854775809, 0.1, 123456789.123456789, 1e-7]",
            r#""\ud800""#,
            r#"{"a": 1,}"#,
            r#"{"a" 1}"#,
            "{1: 2}",
            "01",
            "nul",
            "null null",
            "",
            " \n[ ] ",
            "\"\u{7f}\u{2028}\"",
            "\"\t\"",
        ] {
            let (ours, theirs) = both(text);
            assert_eq!(ours, theirs, "{text}");
        }
        let deep = "[".repeat(130) + &"]".repeat(130);
        assert_eq!(both(&deep), (None, None));
    }

    #[test]
    fn two_fields_with_the_same_name_are_refused() {
        for text in [
            r#"{"a": 1, "a": 1}"#,
            r#"{"a": 1, "b": 2, "a": {"c": 3}}"#,
            r#"{"\u0061": 1, "a": 2}"#,
            r#"[{"b": {"": 1, "c": 2, "": 1}}]"#,
        ] {
            let error = serde_json::from_str::<Json<'_>>(text).unwrap_err();
            assert!(error.to_string().contains(TWICE), "{text}: {error}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_is_written_like_a_value(value in any_json(), pretty: bool) {
            let text = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            let (ours, theirs) = both(&text);
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn any_text_is_read_or_refused_like_a_value(text in r#"[\[\]{}:," \\0-9a-fu\-\.en]{0,24}"#) {
            let (ours, theirs) = both(&text);
            let error = serde_json::from_str::<Json<'_>>(&text).err();
            prop_assume!(!error.is_some_and(|error| error.to_string().contains(TWICE)));
            prop_assert_eq!(ours, theirs);
        }
    }
}
