//! The tree.

use std::sync::Arc;

use compact_str::CompactString;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::secret::Sealed;
use crate::source::Span;

/// The text type of the tree: short texts without an allocation.
pub type Text = CompactString;

/// A value and the place that wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub data: Data,
    /// The place that wrote the present value: in a rendered text, a TOML file, or a patch.
    pub span: Span,
}

/// A value, as JSON has them; a text may be sealed.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number; never NaN or infinite.
    Float(f64),
    /// A text without secrets.
    Text(Text),
    /// A text made of secrets, not opened.
    Sealed(Box<Sealed>),
    /// A list.
    List(Vec<Node>),
    /// A map with text keys, in the order written.
    Map(Map),
}

/// What stands under a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The place of the key.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

/// A map in the order written. Equality ignores the order, as JSON objects do. A clone shares what neither changes: bundles are copied
/// whole for a label.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Map(Arc<Entries>);

/// In so many entries a key is found sooner by looking at each than by its hash.
const SMALL: usize = 8;

type Entries = IndexMap<Text, Entry, FxBuildHasher>;

impl Map {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    fn own(&mut self) -> &mut Entries {
        Arc::make_mut(&mut self.0)
    }

    /// Makes what it shares with others its own, down to the leaves.
    fn unshare(&mut self) {
        self.own().values_mut().for_each(|entry| entry.node.unshare());
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The value under `key`, to edit.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.own().get_mut(key).map(|entry| &mut entry.node)
    }

    /// The value under `key` with its key's place.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        if self.0.len() <= SMALL {
            return self.0.iter().find(|(own, _)| own.as_str() == key).map(|(_, entry)| entry);
        }
        self.0.get(key)
    }

    /// Whether `key` is there.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Sets `key`; keeps the position of a key that is there. Gives back what stood there.
    pub fn insert(&mut self, key: impl Into<Text>, key_span: Span, node: Node) -> Option<Entry> {
        self.own().insert(key.into(), Entry { key_span, node })
    }

    /// Sets `key` to a node, with the node's own span for the key.
    pub fn set(&mut self, key: impl Into<Text>, node: Node) {
        let span = node.span;
        self.insert(key, span, node);
    }

    /// The value under `key`, which is made an empty map (written at `span`) if absent or null; `None` if it is something else.
    pub fn child_map(&mut self, key: &str, span: Span) -> Option<&mut Self> {
        let entry = self.own().entry(key.into()).or_insert_with(|| Entry { key_span: span, node: Node::new(Data::Null, span) });
        if matches!(entry.node.data, Data::Null) {
            entry.node = Node::new(Data::Map(Self::new()), span);
        }
        entry.node.as_map_mut()
    }

    /// As [`Map::child_map`], for a list.
    pub fn child_list(&mut self, key: &str, span: Span) -> Option<&mut Vec<Node>> {
        let entry = self.own().entry(key.into()).or_insert_with(|| Entry { key_span: span, node: Node::new(Data::Null, span) });
        if matches!(entry.node.data, Data::Null) {
            entry.node = Node::new(Data::List(Vec::new()), span);
        }
        entry.node.as_list_mut()
    }

    /// Takes `key` out; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        self.own().shift_remove(key)
    }

    /// Gives `key` another name at its position; nothing happens if it is absent or the new name is there.
    pub fn rename_key(&mut self, key: &str, name: &str) {
        if let Some(index) = self.0.get_index_of(key) {
            let _ = self.own().replace_index(index, name.into());
        }
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Text, &Entry)> + ExactSizeIterator {
        self.0.iter()
    }

    /// Keys and values in order, to edit.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Text, &mut Entry)> {
        self.own().iter_mut()
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &Text> {
        self.0.keys()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the entries that `keep` wants.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Entry) -> bool) {
        self.own().retain(|key, entry| keep(key, entry));
    }

    /// Sorts by key, bytewise.
    pub fn sort(&mut self) {
        self.own().sort_keys();
    }
}

impl IntoIterator for Map {
    type Item = (Text, Entry);
    type IntoIter = indexmap::map::IntoIter<Text, Entry>;
    fn into_iter(self) -> Self::IntoIter {
        Arc::unwrap_or_clone(self.0).into_iter()
    }
}

impl Node {
    /// Makes the maps that it shares with other trees, or that stand at several places of it, its own. Afterwards each node is at one place,
    /// and can be known by its address.
    pub fn unshare(&mut self) {
        match &mut self.data {
            Data::Map(map) => map.unshare(),
            Data::List(items) => items.iter_mut().for_each(Self::unshare),
            _ => {}
        }
    }

    /// A value written at `span`.
    pub fn new(data: Data, span: Span) -> Self {
        Self { data, span }
    }

    /// A text.
    pub fn text(text: impl Into<Text>, span: Span) -> Self {
        Self::new(Data::Text(text.into()), span)
    }

    /// A map.
    pub fn map(map: Map, span: Span) -> Self {
        Self::new(Data::Map(map), span)
    }

    /// A list.
    pub fn list(items: Vec<Self>, span: Span) -> Self {
        Self::new(Data::List(items), span)
    }

    /// The text, if it is one without secrets.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.data {
            Data::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The map, to edit.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.data {
            Data::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.data {
            Data::List(items) => Some(items),
            _ => None,
        }
    }

    /// The items, to edit.
    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.data {
            Data::List(items) => Some(items),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self.data {
            Data::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.data {
            Data::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// The value under `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// What a user calls this kind of value.
    pub fn type_name(&self) -> &'static str {
        match self.data {
            Data::Null => "null",
            Data::Bool(_) => "a boolean",
            Data::Int(_) => "an integer",
            Data::Float(_) => "a number",
            Data::Text(_) => "a string",
            Data::Sealed(_) => "a sealed string",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }

    /// Whether two values are the same, wherever they were written.
    pub fn same(&self, other: &Self) -> bool {
        match (&self.data, &other.data) {
            (Data::List(a), Data::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Data::Map(a), Data::Map(b)) => {
                a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| a.node.same(b)))
            }
            (a, b) => a == b,
        }
    }
}
