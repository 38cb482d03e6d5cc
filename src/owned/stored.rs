//! An object as the server stores it, read once for the proof: its values borrow from the answer, and its managers' fields become sets
//! of fields at once. A bundle has thousands of them, and nearly all of each is looked at once.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fields::{Element, Fields};
use super::tree::{Pairs, Tree};
use super::{Manager, migrate};

/// A live object: its managers, and all else.
#[derive(Debug)]
pub struct Stored<'a> {
    pub(super) managers: Vec<Manager>,
    /// Without `metadata.managedFields`.
    pub(super) root: Tree<'a>,
}

impl<'a> Stored<'a> {
    /// Reads the JSON of an object.
    ///
    /// # Errors
    /// It isn't JSON.
    pub fn read(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        let mut managers = Vec::new();
        let mut input = serde_json::Deserializer::from_slice(json);
        let root = Reader { at: At::Object, managers: &mut managers }.deserialize(&mut input)?;
        input.end()?;
        Ok(Self { managers, root })
    }

    /// Whether kubectl's client-side apply has an entry: whether [`migration`](super::migration) may find something.
    pub fn is_client_side(&self) -> bool {
        self.managers.iter().any(migrate::is_client_side)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Tree<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Reader { at: At::Value, managers: &mut Vec::new() }.deserialize(input)
    }
}

/// Where the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Object,
    Metadata,
    Value,
}

struct Reader<'m> {
    at: At,
    managers: &'m mut Vec<Manager>,
}

impl Reader<'_> {
    fn below(&mut self, key: &str) -> Reader<'_> {
        let at = if self.at == At::Object && key == "metadata" { At::Metadata } else { At::Value };
        Reader { at, managers: self.managers }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Tree<'de>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Tree<'de>, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree<'de>, E> {
        Ok(Tree::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree<'de>, E> {
        #[expect(clippy::cast_precision_loss, reason = "beyond the integers of Kubernetes, which are signed")]
        Ok(i64::try_from(number).map_or(Tree::Float(number as f64), Tree::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree<'de>, E> {
        Ok(Tree::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(text)))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Tree<'de>, S::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Reader { at: At::Value, managers: self.managers })? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut entries: M) -> Result<Tree<'de>, M::Error> {
        let mut pairs = Vec::new();
        while let Some(Key(key)) = entries.next_key()? {
            if self.at == At::Metadata && key == "managedFields" {
                *self.managers = entries.next_value::<Option<Vec<Manager>>>()?.unwrap_or_default();
                continue;
            }
            let value = entries.next_value_seed(self.below(&key))?;
            pairs.push((key, value));
        }
        Ok(Tree::Map(Pairs::of(pairs)))
    }
}

impl<'de> Deserialize<'de> for Manager {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Entry {
            manager: String,
            operation: String,
            subresource: String,
            api_version: String,
            time: Option<String>,
            fields_type: String,
            fields_v1: Understood,
        }
        let entry = Entry::deserialize(input)?;
        let understood = entry.fields_type == "FieldsV1";
        Ok(Self {
            name: entry.manager,
            operation: entry.operation,
            subresource: entry.subresource,
            api_version: entry.api_version,
            time: entry.time,
            fields: entry.fields_v1.0.filter(|_| understood),
        })
    }
}

/// A set of fields; `None` if any part isn't understood: an unknown kind of path element, or a value that is no object.
#[derive(Default)]
pub(super) struct Understood(pub(super) Option<Fields>);

impl<'de> Deserialize<'de> for Understood {
    /// The outermost object is the whole of the set: empty, it is the empty set.
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let mut fields = Below::deserialize(input)?.0;
        if let Some(fields) = fields.as_mut().filter(|fields| fields.children.is_empty()) {
            fields.member = false;
        }
        Ok(Self(fields))
    }
}

struct Below(Option<Fields>);

impl<'de> Deserialize<'de> for Below {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(FieldsReader).map(Self)
    }
}

struct FieldsReader;

impl<'de> Visitor<'de> for FieldsReader {
    type Value = Option<Fields>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a set of fields")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut entries: M) -> Result<Option<Fields>, M::Error> {
        let mut fields = Fields::default();
        while let Some(Key(key)) = entries.next_key()? {
            if key == "." {
                entries.next_value::<IgnoredAny>()?;
                fields.member = true;
                continue;
            }
            let (element, Below(below)) = (Element::parse(&key), entries.next_value()?);
            let (Some(element), Some(below)) = (element, below) else {
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(None);
            };
            fields.children.insert(element, below);
        }
        if fields.children.is_empty() {
            fields.member = true;
        }
        Ok(Some(fields))
    }

    fn visit_unit<E>(self) -> Result<Option<Fields>, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Option<Fields>, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Option<Fields>, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Option<Fields>, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Option<Fields>, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Option<Fields>, E> {
        Ok(None)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Option<Fields>, S::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A text that is borrowed where it can be.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
        }
        input.deserialize_str(Text)
    }
}
