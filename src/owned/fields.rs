//! Sets of fields, as the API server stores them (`fieldsV1`).
//!
//! The form is structured-merge-diff's: a JSON object whose keys are path elements, `f:` and a field's name, `k:` and the keys of
//! a list's item, `v:` and a value of a set, `i:` and an index. `.` says that the place itself is a member; so does an empty object.

use std::cmp::Ordering;
use std::fmt::Write;

use serde::Deserialize;
use serde_json::{Map as JsonMap, Value};

use super::stored::Understood;
use crate::object::{Data, Node, Text};

/// A value that stands for itself: what list keys and members of sets are. Integral floats are integers, as the server compares them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scalar {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, by its bits.
    Float(u64),
    /// A text.
    Text(Text),
}

/// One step into an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Element {
    /// A field by name.
    Field(Text),
    /// A list's item by its keys, sorted by name.
    Key(Vec<(Text, Scalar)>),
    /// A member of a set.
    Value(Scalar),
    /// A list's item by its place.
    Index(i64),
}

/// A set of fields as a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Fields {
    /// Whether the place itself is in the set.
    pub member: bool,
    /// What is in the set below; never an empty set.
    pub children: Children,
}

/// Sets below elements, in the elements' order. A vector: entries are made in order, and most have few.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Children(Vec<(Element, Fields)>);

impl Children {
    fn place(&self, element: &Element) -> Result<usize, usize> {
        match self.0.last() {
            Some((last, _)) if last < element => Err(self.0.len()),
            _ => self.0.binary_search_by(|(other, _)| other.cmp(element)),
        }
    }

    /// What is below an element.
    pub fn get(&self, element: &Element) -> Option<&Fields> {
        self.place(element).ok().and_then(|at| self.0.get(at)).map(|(_, below)| below)
    }

    /// What is below a field.
    pub fn field(&self, name: &str) -> Option<&Fields> {
        let found = self.0.binary_search_by(|(other, _)| match other {
            Element::Field(other) => other.as_str().cmp(name),
            // As the elements are ordered: fields first.
            _ => Ordering::Greater,
        });
        found.ok().and_then(|at| self.0.get(at)).map(|(_, below)| below)
    }

    /// Puts a set below an element; what was there before.
    pub fn insert(&mut self, element: Element, below: Fields) -> Option<Fields> {
        match self.place(&element) {
            Ok(at) => self.0.get_mut(at).map(|(_, old)| std::mem::replace(old, below)),
            Err(at) => {
                self.0.insert(at, (element, below));
                None
            }
        }
    }

    /// What is below an element, an empty set if there was nothing.
    fn entry(&mut self, element: &Element) -> Option<&mut Fields> {
        let at = self.place(element).unwrap_or_else(|at| {
            self.0.insert(at, (element.clone(), Fields::default()));
            at
        });
        self.0.get_mut(at).map(|(_, below)| below)
    }

    /// All in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Element, &Fields)> {
        self.0.iter().map(|(element, below)| (element, below))
    }

    /// The elements in order.
    pub fn keys(&self) -> impl Iterator<Item = &Element> {
        self.0.iter().map(|(element, _)| element)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Integral floats up to here have one integer each.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Scalar {
    /// A JSON value, if it is neither list nor map.
    pub fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => match number.as_i64() {
                Some(number) => Self::Int(number),
                None => Self::of_float(number.as_f64()?),
            },
            Value::String(text) => Self::Text(text.into()),
            Value::Array(_) | Value::Object(_) => return None,
        })
    }

    /// A node, if it is neither list nor map, nor sealed.
    pub fn of_node(node: &Node) -> Option<Self> {
        Some(match &node.data {
            Data::Null => Self::Null,
            Data::Bool(truth) => Self::Bool(*truth),
            Data::Int(number) => Self::Int(*number),
            Data::Float(number) => Self::of_float(*number),
            Data::Text(text) => Self::Text(text.clone()),
            Data::Sealed(_) | Data::List(_) | Data::Map(_) => return None,
        })
    }

    /// A number; one without a fraction, and small enough to be exact, is an integer. The negative zero stays what it is.
    pub fn of_float(number: f64) -> Self {
        if number.fract() == 0.0 && number.abs() < EXACT && !(number == 0.0 && number.is_sign_negative()) {
            #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is below 2^53")]
            return Self::Int(number as i64);
        }
        Self::Float(number.to_bits())
    }

    /// The JSON value.
    pub fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => (*truth).into(),
            Self::Int(number) => (*number).into(),
            Self::Float(bits) => f64::from_bits(*bits).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

impl Element {
    /// A field by name.
    pub fn field(name: impl Into<Text>) -> Self {
        Self::Field(name.into())
    }

    /// Reads one key of `fieldsV1`; `None` if it isn't understood.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("f:") {
            return Some(Self::Field(name.into()));
        }
        if let Some(keys) = text.strip_prefix("k:") {
            let keys: JsonMap<String, Value> = serde_json::from_str(keys).ok()?;
            let mut keys: Vec<(Text, Scalar)> =
                keys.iter().map(|(name, value)| Some((name.into(), Scalar::of(value)?))).collect::<Option<_>>()?;
            keys.sort();
            return (!keys.is_empty()).then_some(Self::Key(keys));
        }
        if let Some(value) = text.strip_prefix("v:") {
            return Some(Self::Value(Scalar::of(&serde_json::from_str(value).ok()?)?));
        }
        text.strip_prefix("i:")?.parse().ok().map(Self::Index)
    }

    /// The key in `fieldsV1`.
    pub fn print(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => {
                let keys: JsonMap<String, Value> = keys.iter().map(|(name, value)| (name.to_string(), value.json())).collect();
                format!("k:{}", Value::Object(keys))
            }
            Self::Value(value) => format!("v:{}", value.json()),
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

impl Fields {
    /// The place itself and nothing below.
    pub fn leaf() -> Self {
        Self { member: true, children: Children::default() }
    }

    /// Reads `fieldsV1`; `None` if any part isn't understood: an unknown kind of path element, or a value that is no object.
    /// The outermost object is the whole of the set: empty, it is the empty set.
    pub fn parse(value: &Value) -> Option<Self> {
        Understood::deserialize(value).ok()?.0
    }

    /// The set as the server writes it.
    pub fn json(&self) -> Value {
        Value::Object(self.children.iter().map(|(element, below)| (element.print(), below.json_below())).collect())
    }

    fn json_below(&self) -> Value {
        let mut map = JsonMap::new();
        if self.member && !self.children.is_empty() {
            map.insert(".".to_owned(), Value::Object(JsonMap::new()));
        }
        map.extend(self.children.iter().map(|(element, below)| (element.print(), below.json_below())));
        Value::Object(map)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }

    /// Whether the place is a member with nothing below: a scalar, an empty map, or what has one owner as a whole.
    pub fn is_leaf(&self) -> bool {
        self.member && self.children.is_empty()
    }

    /// What is below the element.
    pub fn child(&self, element: &Element) -> Option<&Self> {
        self.children.get(element)
    }

    /// What is below the field.
    pub fn field(&self, name: &str) -> Option<&Self> {
        self.children.field(name)
    }

    /// Puts a set below an element; an empty one is left out.
    pub fn put(&mut self, element: Element, below: Self) {
        if !below.is_empty() {
            self.children.insert(element, below);
        }
    }

    /// Adds one path.
    pub fn insert(&mut self, path: &[Element]) {
        match path {
            [] => self.member = true,
            [first, rest @ ..] => {
                if let Some(below) = self.children.entry(first) {
                    below.insert(rest);
                }
            }
        }
    }

    /// Whether the path is a member.
    pub fn has(&self, path: &[Element]) -> bool {
        self.at(path).is_some_and(|below| below.member)
    }

    /// What is at the path.
    pub fn at(&self, path: &[Element]) -> Option<&Self> {
        path.iter().try_fold(self, |here, element| here.child(element))
    }

    /// What either has.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.member |= other.member;
        for (element, below) in other.children.iter() {
            let joined = out.children.get(element).map_or_else(|| below.clone(), |own| own.union(below));
            out.children.insert(element.clone(), joined);
        }
        out
    }

    /// What this has and the other hasn't.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut out = Self { member: self.member && !other.member, children: Children::default() };
        for (element, below) in self.children.iter() {
            let left = other.child(element).map_or_else(|| below.clone(), |taken| below.difference(taken));
            out.put(element.clone(), left);
        }
        out
    }

    /// What both have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut out = Self { member: self.member && other.member, children: Children::default() };
        for (element, below) in self.children.iter() {
            if let Some(shared) = other.child(element) {
                out.put(element.clone(), below.intersection(shared));
            }
        }
        out
    }

    /// All members' paths, in the order of the tree: a place before what is below it.
    pub fn paths(&self) -> Vec<Vec<Element>> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, here: &mut Vec<Element>, paths: &mut Vec<Vec<Element>>) {
        if self.member {
            paths.push(here.clone());
        }
        for (element, below) in self.children.iter() {
            here.push(element.clone());
            below.collect(here, paths);
            here.pop();
        }
    }
}

/// A path of elements as people write it: `spec.ports[port=80].name`, `metadata.finalizers["a"]`.
pub fn show_path(path: &[Element]) -> String {
    let mut out = String::new();
    for element in path {
        match element {
            Element::Field(name) => super::path::push_field(&mut out, name),
            Element::Key(keys) => {
                let keys: Vec<String> = keys.iter().map(|(name, value)| format!("{name}={}", bare(value))).collect();
                let _ = write!(out, "[{}]", keys.join(","));
            }
            Element::Value(value) => {
                let _ = write!(out, "[{}]", value.json());
            }
            Element::Index(index) => {
                let _ = write!(out, "[{index}]");
            }
        }
    }
    out
}

fn bare(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => text.to_string(),
        other => other.json().to_string(),
    }
}
