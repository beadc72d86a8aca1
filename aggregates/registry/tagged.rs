//! Reads an event from its JSON without a tree of values between them.

use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde_json::{Error, de::StrRead};

/// The form of an event that [`crate::event::tag`] makes: its type, and then its data. Serde knows the type first, so it can
/// read the data at once. In a [`serde_json::Value`] the data comes first, so serde would have to store it until it knows the
/// type.
pub(super) struct Tagged<'a, 'de> {
    event_type: &'a str,
    data: &'a mut serde_json::Deserializer<StrRead<'de>>,
    next: Part,
}

#[derive(Clone, Copy)]
enum Part {
    Type,
    Data,
    End,
}

impl<'a, 'de> Tagged<'a, 'de> {
    pub(super) fn new(event_type: &'a str, data: &'a mut serde_json::Deserializer<StrRead<'de>>) -> Self {
        Self {
            event_type,
            data,
            next: Part::Type,
        }
    }
}

impl<'de> Deserializer<'de> for Tagged<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Tagged<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let name = match self.next {
            Part::Type => "type",
            Part::Data => "data",
            Part::End => return Ok(None),
        };
        seed.deserialize(IntoDeserializer::<Error>::into_deserializer(name))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.next {
            Part::Type => {
                self.next = Part::Data;
                seed.deserialize(IntoDeserializer::<Error>::into_deserializer(self.event_type))
            }
            Part::Data => {
                self.next = Part::End;
                seed.deserialize(&mut *self.data)
            }
            Part::End => Err(Error::custom("a value without a key")),
        }
    }
}
