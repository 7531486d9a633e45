//! From the spanned file to the types of the sections. A struct with a field `location` is given the place where its
//! value stands, so that one type is what the file holds and what the rest of the tool reads.

use std::borrow::Cow;
use std::ops::Range;
use std::vec::IntoIter;

use serde::de::value::{Error, StrDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::{DeArray, DeFloat, DeInteger, DeTable, DeValue};

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
    Array(&'a DeArray<'a>),
    Text(Cow<'a, str>),
    Integer(i64),
    Float(f64),
    Truth(bool),
    /// The place of a struct.
    Place,
}

impl<'a> Node<'a> {
    fn of(&self, value: &'a Spanned<DeValue<'a>>) -> Result<Self, Error> {
        Ok(Self {
            value: match value.get_ref() {
                DeValue::String(text) => Shape::Text(Cow::Borrowed(text)),
                DeValue::Integer(number) => Shape::Integer(integer(number)?),
                DeValue::Float(number) => Shape::Float(float(number)?),
                DeValue::Boolean(truth) => Shape::Truth(*truth),
                DeValue::Datetime(day) => Shape::Text(Cow::Owned(day.to_string())),
                DeValue::Array(items) => Shape::Array(items),
                DeValue::Table(table) => Shape::Table(table),
            },
            span: value.span(),
            positions: self.positions,
        })
    }

    fn shaped(&self, value: Shape<'a>) -> Self {
        Self { value, ..self.clone() }
    }

    fn entries(&self, table: &'a DeTable<'a>) -> Result<Vec<(&'a str, Self)>, Error> {
        let entries = table.iter();
        entries
            .map(|(key, value)| Ok((key.get_ref().as_ref(), self.of(value)?)))
            .collect()
    }

    /// The fields of its place.
    fn place(&self) -> Vec<(&'a str, Self)> {
        let place = self.positions.location(&self.span);
        let numbers = [("line", place.line), ("column", place.column), ("length", place.length)];
        let numbers = numbers
            .into_iter()
            .filter_map(|(key, number)| Some((key, self.shaped(Shape::Integer(number?.into())))));
        std::iter::once(("path", self.shaped(Shape::Text(place.path.into()))))
            .chain(numbers)
            .collect()
    }

    /// What a struct with these fields is read from: its table and, where it has a field for it, its place. What is written as a value
    /// alone is the first field of a struct with a place.
    fn fields(&self, fields: &'static [&'static str]) -> Result<Vec<(&'a str, Self)>, Error> {
        let place = fields
            .contains(&LOCATION)
            .then(|| (LOCATION, self.shaped(Shape::Place)));
        let mut entries = match (&self.value, fields) {
            (Shape::Table(table), _) => self.entries(table)?,
            (Shape::Place, _) => self.place(),
            (_, [first, _, ..]) if place.is_some() => vec![(*first, self.clone())],
            _ => return Err(Error::custom("invalid type: a table was expected")),
        };
        entries.extend(place);
        Ok(entries)
    }
}

/// The entries of a table. All tables are read through this one type: serde compiles every struct once for each type that hands
/// it its fields.
struct Entries<'a> {
    rest: IntoIter<(&'a str, Node<'a>)>,
    value: Option<Node<'a>>,
}

impl<'a> Entries<'a> {
    fn new(entries: Vec<(&'a str, Node<'a>)>) -> Self {
        Self {
            rest: entries.into_iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        seed.deserialize(StrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self
            .value
            .take()
            .ok_or_else(|| Error::custom("a value before its key"))?;
        seed.deserialize(value)
    }
}

/// The elements of an array.
struct Items<'a>(IntoIter<Node<'a>>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|item| seed.deserialize(item)).transpose()
    }
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Shape::Table(table) => visitor.visit_map(Entries::new(self.entries(table)?)),
            Shape::Place => visitor.visit_map(Entries::new(self.place())),
            Shape::Text(text) => visitor.visit_str(&text),
            Shape::Integer(number) => visitor.visit_i64(number),
            Shape::Float(number) => visitor.visit_f64(number),
            Shape::Truth(truth) => visitor.visit_bool(truth),
            Shape::Array(items) => {
                let items: Vec<Self> = items.iter().map(|item| self.of(item)).collect::<Result<_, _>>()?;
                visitor.visit_seq(Items(items.into_iter()))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Entries::new(self.fields(fields)?))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Shape::Text(word) = self.value else {
            return Err(Error::custom("invalid type: a word was expected"));
        };
        StringDeserializer::new(word.into_owned()).deserialize_enum(name, variants, visitor)
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
