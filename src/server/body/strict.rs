//! Reads structs from JSON objects only.
//!
//! What serde derives also reads a struct from an array of its members' values. [`Strict`] wraps a deserializer and
//! everything that it hands out, so that a struct at any depth refuses an array. It does not reach what serde stores
//! before it reads it (`flatten`, `untagged` and tags of enums); a tidy test forbids these in bodies.

use std::fmt::{self, Formatter};

use serde::{
    Deserializer,
    de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor},
};

/// The beginning of the message about an array in the place of an object.
pub(super) const ARRAY: &str = "an array in the place of an object";
/// The beginning of the message about a list that is too long.
pub(super) const TOO_LONG: &str = "a list with too many items";
/// The most items of a list. An item in memory may take many times its size in the body.
const MOST_ITEMS: usize = 10_000;

/// A deserializer, or what a deserializer hands out, that reads structs from objects only.
pub(super) struct Strict<T>(pub(super) T);

/// A visitor that hands out [`Strict`] parts only.
struct Visiting<V> {
    visitor: V,
    /// Whether the visitor makes a struct, and so must not see an array.
    is_struct: bool,
    /// The most items of the list that the visitor sees.
    most: usize,
}

/// The items of a list.
struct Items<A> {
    items: A,
    left: usize,
}

impl<V> Visiting<V> {
    fn any(visitor: V) -> Self {
        Self {
            visitor,
            is_struct: false,
            most: usize::MAX,
        }
    }

    fn object(visitor: V) -> Self {
        Self {
            is_struct: true,
            ..Self::any(visitor)
        }
    }

    fn list(visitor: V) -> Self {
        Self {
            most: MOST_ITEMS,
            ..Self::any(visitor)
        }
    }
}

/// Passes calls on to the wrapped deserializer.
macro_rules! pass_on {
    ($($method:ident($($name:ident: $type:ty),*) => $how:ident;)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Self::Error> {
            self.0.$method($($name,)* Visiting::$how(visitor))
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    pass_on! {
        deserialize_any() => any;
        deserialize_bool() => any;
        deserialize_i8() => any;
        deserialize_i16() => any;
        deserialize_i32() => any;
        deserialize_i64() => any;
        deserialize_i128() => any;
        deserialize_u8() => any;
        deserialize_u16() => any;
        deserialize_u32() => any;
        deserialize_u64() => any;
        deserialize_u128() => any;
        deserialize_f32() => any;
        deserialize_f64() => any;
        deserialize_char() => any;
        deserialize_str() => any;
        deserialize_string() => any;
        deserialize_bytes() => any;
        deserialize_byte_buf() => any;
        deserialize_option() => any;
        deserialize_unit() => any;
        deserialize_unit_struct(name: &'static str) => any;
        deserialize_newtype_struct(name: &'static str) => any;
        deserialize_seq() => list;
        deserialize_tuple(len: usize) => any;
        deserialize_tuple_struct(name: &'static str, len: usize) => any;
        deserialize_map() => object;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) => object;
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) => any;
        deserialize_identifier() => any;
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.0.deserialize_ignored_any(visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// Passes values on to the wrapped visitor.
macro_rules! see {
    ($($method:ident($type:ty);)+) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.visitor.$method(value)
        }
    )+};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Visiting<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    see! {
        visit_bool(bool);
        visit_i8(i8);
        visit_i16(i16);
        visit_i32(i32);
        visit_i64(i64);
        visit_i128(i128);
        visit_u8(u8);
        visit_u16(u16);
        visit_u32(u32);
        visit_u64(u64);
        visit_u128(u128);
        visit_f32(f32);
        visit_f64(f64);
        visit_char(char);
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Strict(value))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Strict(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        if self.is_struct {
            return Err(A::Error::custom(ARRAY));
        }
        let left = self.most;
        self.visitor.visit_seq(Items { items, left })
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Strict(members))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Strict(variant))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Strict(value))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let item = self.items.next_element_seed(Strict(seed))?;
        match (&item, self.left.checked_sub(1)) {
            (None, _) => {}
            (Some(_), Some(left)) => self.left = left,
            (Some(_), None) => return Err(A::Error::custom(TOO_LONG)),
        }
        Ok(item)
    }

    fn size_hint(&self) -> Option<usize> {
        self.items.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Strict(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Strict<A> {
    type Error = A::Error;
    type Variant = Strict<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.0.variant_seed(Strict(seed))?;
        Ok((value, Strict(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Strict(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, Visiting::any(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Visiting::object(visitor))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::{json, value::RawValue};

    use super::*;

    /// A struct in every position that serde has.
    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Whole {
        one: Option<Part>,
        many: Vec<Part>,
        named: BTreeMap<String, Part>,
        pair: Option<(u8, Part)>,
        wrapped: Option<Wrapped>,
        either: Option<Either>,
        raw: Option<Box<Raw>>,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    struct Part {
        a: u8,
        b: Option<Box<Part>>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Wrapped(Part);

    #[derive(Debug, Deserialize)]
    #[serde(transparent)]
    struct Raw(Box<RawValue>);

    impl PartialEq for Raw {
        fn eq(&self, other: &Self) -> bool {
            self.0.get() == other.0.get()
        }
    }

    #[derive(Debug, Deserialize, PartialEq)]
    enum Either {
        Nothing,
        New(Part),
        Struct { a: u8 },
        Tuple(u8, Part),
    }

    fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
        let mut json = serde_json::Deserializer::from_str(text);
        let value = T::deserialize(Strict(&mut json)).map_err(|error| error.to_string())?;
        json.end().map_err(|error| error.to_string())?;
        Ok(value)
    }

    #[test]
    fn what_has_no_array_for_an_object_is_read_as_ever() {
        for value in [
            json!({}),
            json!({ "one": { "a": 1, "b": { "a": 2 } }, "many": [{ "a": 3, "b": null }, { "a": 4 }] }),
            json!({ "named": { "x": { "a": 5 } }, "pair": [6, { "a": 7 }], "wrapped": { "a": 8 } }),
            json!({ "either": "Nothing", "raw": [1, { "any": "thing" }], "another": [[{ "a": [] }]] }),
            json!({ "either": { "New": { "a": 9 } } }),
            json!({ "either": { "Struct": { "a": 9 } } }),
            json!({ "either": { "Tuple": [9, { "a": 9 }] } }),
        ] {
            let text = value.to_string();
            let plain: Whole = serde_json::from_str(&text).unwrap();
            assert_eq!(read::<Whole>(&text), Ok(plain), "{text}");
        }
    }

    #[test]
    fn an_array_is_no_object_at_any_depth() {
        for value in [
            json!([null, [], {}, null, null, null, null]),
            json!({ "one": [1, null] }),
            json!({ "one": { "a": 1, "b": [2, null] } }),
            json!({ "many": [{ "a": 3 }, [4, null]] }),
            json!({ "named": { "x": [5, null] } }),
            json!({ "pair": [6, [7, null]] }),
            json!({ "wrapped": [8, null] }),
            json!({ "either": { "New": [9, null] } }),
            json!({ "either": { "Struct": [9] } }),
            json!({ "either": { "Tuple": [9, [9, null]] } }),
        ] {
            let text = value.to_string();
            assert!(
                serde_json::from_str::<Whole>(&text).is_ok(),
                "serde refuses {text}"
            );
            assert!(read::<Whole>(&text).unwrap_err().starts_with(ARRAY), "{text}");
        }
    }

    #[test]
    fn a_list_has_an_end() {
        let list = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
        assert_eq!(read::<Vec<u8>>(&list(MOST_ITEMS)).unwrap().len(), MOST_ITEMS);
        assert!(
            read::<Vec<u8>>(&list(MOST_ITEMS + 1))
                .unwrap_err()
                .starts_with(TOO_LONG)
        );
        // What is skipped is not counted.
        let skipped = format!(r#"{{"another": {}}}"#, list(2 * MOST_ITEMS));
        assert_eq!(read::<Whole>(&skipped), Ok(Whole::default()));
    }
}
