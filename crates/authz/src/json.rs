//! JSON, kept as it was written: order and equal keys stay, so that they can be seen.
//!
//! `serde_json` refuses what Go's decoder forgives: bytes after the value, text that is not UTF-8,
//! lone surrogates. That suits here: what two parsers read differently is not decided but refused.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::rule::{Refusal, Rule, quoted};

/// A value. Of a number it is enough to know that it is one: none decides anything.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number,
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// One value, with nothing after it and no two equal keys anywhere in it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        if std::str::from_utf8(bytes).is_err() {
            return Err(Refusal::new(Rule::BodyEncoding, "it is not UTF-8"));
        }
        let value: Self = serde_json::from_slice(bytes)
            .map_err(|e| Refusal::new(Rule::BodyJson, format!("not one JSON value: {e}")))?;
        match value.repeated() {
            Some(key) => {
                Err(Refusal::new(Rule::DuplicateKey, format!("{} is there twice", quoted(key))))
            }
            None => Ok(value),
        }
    }

    fn repeated(&self) -> Option<&str> {
        match self {
            Self::Array(values) => values.iter().find_map(Self::repeated),
            Self::Object(pairs) => {
                let mut seen = BTreeSet::new();
                let twice = pairs.iter().find(|(key, _)| !seen.insert(key.as_str()));
                twice
                    .map(|(key, _)| key.as_str())
                    .or_else(|| pairs.iter().find_map(|(_, value)| value.repeated()))
            }
            _ => None,
        }
    }

    /// What `key` names holds.
    pub(crate) fn boolean(&self, key: &str) -> Result<bool, Refusal> {
        match self {
            Self::Bool(value) => Ok(*value),
            _ => Err(wrong(key, "true or false")),
        }
    }

    /// The same of a text.
    pub(crate) fn text(&self, key: &str) -> Result<&str, Refusal> {
        match self {
            Self::Text(value) => Ok(value),
            _ => Err(wrong(key, "a text")),
        }
    }

    /// The same of a list.
    pub(crate) fn list(&self, key: &str) -> Result<&[Self], Refusal> {
        match self {
            Self::Array(values) => Ok(values),
            _ => Err(wrong(key, "a list")),
        }
    }

    /// The same of an object, whose keys may be any.
    pub(crate) fn map(&self, key: &str) -> Result<&[(String, Self)], Refusal> {
        match self {
            Self::Object(pairs) => Ok(pairs),
            _ => Err(wrong(key, "an object")),
        }
    }
}

fn wrong(key: &str, wanted: &str) -> Refusal {
    Refusal::new(Rule::WrongType, format!("{key} is not {wanted}"))
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Whatever)
    }
}

struct Whatever;

impl<'de> Visitor<'de> for Whatever {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = values.next_element()? {
            all.push(value);
        }
        Ok(Json::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            all.push(pair);
        }
        Ok(Json::Object(all))
    }
}
