//! From the spanned file to the types of the sections. A struct with a field `location` is given the place where its
//! value stands, so that one type is what the file holds and what the rest of the tool reads.

use std::ops::Range;

use serde::de::value::{Error, MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};

use super::position::Positions;

/// The field that receives the place of its struct. No section has a key of this name.
const LOCATION: &str = "location";

/// Reads a file that passed the walk.
pub(super) fn from_file<T: DeserializeOwned>(
    file: &Spanned<DeTable<'_>>,
    positions: &Positions<'_>,
) -> Result<T, Error> {
    T::deserialize(Node {
        value: Shape::Table(file.get_ref()),
        span: file.span(),
        positions,
    })
}

/// A value of the file, and where it stands.
#[derive(Clone)]
struct Node<'a> {
    value: Shape<'a>,
    span: Range<usize>,
    positions: &'a Positions<'a>,
}

#[derive(Clone)]
enum Shape<'a> {
    Table(&'a DeTable<'a>),
    Value(&'a DeValue<'a>),
    /// The place of a struct.
    Place,
}

impl<'a> Node<'a> {
    fn of(&self, value: &'a Spanned<DeValue<'a>>) -> Self {
        Self {
            value: match value.get_ref() {
                DeValue::Table(table) => Shape::Table(table),
                _ => Shape::Value(value.get_ref()),
            },
            span: value.span(),
            positions: self.positions,
        }
    }

    fn entries(&self, table: &'a DeTable<'a>) -> impl Iterator<Item = (&'a str, Self)> {
        let node = self.clone();
        table
            .iter()
            .map(move |(key, value)| (key.get_ref().as_ref(), node.of(value)))
    }

    fn place(&self) -> Self {
        Self {
            value: Shape::Place,
            ..self.clone()
        }
    }
}

impl<'de> IntoDeserializer<'de, Error> for Node<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Shape::Table(table) => visitor.visit_map(MapDeserializer::new(self.entries(table))),
            Shape::Place => {
                let place = serde_json::to_value(self.positions.location(&self.span)).map_err(Error::custom)?;
                place.deserialize_any(visitor).map_err(Error::custom)
            }
            Shape::Value(value) => match value {
                DeValue::String(text) => visitor.visit_str(text),
                DeValue::Integer(number) => visitor.visit_i64(integer(number)?),
                DeValue::Float(number) => visitor.visit_f64(float(number)?),
                DeValue::Boolean(truth) => visitor.visit_bool(*truth),
                DeValue::Datetime(day) => visitor.visit_string(day.to_string()),
                DeValue::Array(items) => {
                    let items: Vec<Self> = items.iter().map(|item| self.of(item)).collect();
                    visitor.visit_seq(SeqDeserializer::new(items.into_iter()))
                }
                DeValue::Table(table) => visitor.visit_map(MapDeserializer::new(self.entries(table))),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A struct with a place. What is written as a value alone is its first field.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let place = fields.contains(&LOCATION).then(|| (LOCATION, self.place()));
        match (&self.value, fields) {
            (Shape::Table(table), _) => visitor.visit_map(MapDeserializer::new(self.entries(table).chain(place))),
            (Shape::Value(_), [first, _, ..]) if place.is_some() => {
                let alone = std::iter::once((*first, self.clone()));
                visitor.visit_map(MapDeserializer::new(alone.chain(place)))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Shape::Value(DeValue::String(word)) = self.value else {
            return Err(Error::custom("invalid type: a word was expected"));
        };
        StringDeserializer::new(word.to_string()).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

fn integer(number: &DeInteger<'_>) -> Result<i64, Error> {
    i64::from_str_radix(number.as_str(), number.radix()).map_err(Error::custom)
}

fn float(number: &DeFloat<'_>) -> Result<f64, Error> {
    number.as_str().replace('_', "").parse().map_err(Error::custom)
}
