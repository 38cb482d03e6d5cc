//! Which fields an apply would own: structured-merge-diff's `ToFieldSet`, over our trees.

use std::collections::BTreeMap;

use super::fields::{Element, Fields, Scalar};
use super::place::{List, Named, Place};
use super::{Wanted, Why};
use crate::object::{Data, FieldPath, Map, Node, Text};

/// Fields of `metadata` that the server strips from every entry.
pub(super) const STRIPPED: &[&str] = &[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Walks a tree beside what is known of its type and what the live entry shows.
pub(super) struct Expect<'a> {
    reveal: &'a crate::object::emit::Reveal<'a>,
    /// Take what can't be known for lists and maps as most are, instead of giving up.
    loose: bool,
    path: FieldPath,
}

/// The fields that an apply of `wanted` would own, exactly; `hint` is our present entry, which tells what no schema does.
pub(super) fn expected(wanted: Wanted<'_>, hint: Option<&Fields>) -> Result<Fields, Why> {
    walk(wanted, hint, false)
}

/// As [`expected`], taking lists of which nothing is known as wholes and maps field by field. For what needs a wide answer, not
/// an exact one.
pub(super) fn roughly(wanted: Wanted<'_>, hint: Option<&Fields>) -> Fields {
    walk(wanted, hint, true).unwrap_or_default()
}

fn walk(wanted: Wanted<'_>, hint: Option<&Fields>, loose: bool) -> Result<Fields, Why> {
    let mut expect = Expect { reveal: wanted.reveal, loose, path: FieldPath::root() };
    let mut fields = Fields::default();
    for (key, entry) in wanted.root.as_map().into_iter().flat_map(Map::iter) {
        let below = hint.and_then(|hint| hint.field(key));
        let owned = match (key.as_str(), entry.node.as_map()) {
            ("apiVersion" | "kind", _) => continue,
            ("metadata", Some(metadata)) => {
                expect.path.push_field("metadata");
                let owned = expect.map(metadata, Place::metadata(), below, STRIPPED);
                expect.path.pop();
                owned?
            }
            _ => {
                let (place, named) = Place::of(wanted.schema).child(key);
                expect.below(key, |expect| expect.value(&entry.node, place, named, below))?
            }
        };
        fields.put(Element::field(key.clone()), owned);
    }
    Ok(fields)
}

impl Expect<'_> {
    fn below<T>(&mut self, key: &Text, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push_field(key.clone());
        let out = work(self);
        self.path.pop();
        out
    }

    fn not_understood(&self) -> Why {
        Why::NotUnderstood(self.path.to_string())
    }

    fn map(&mut self, map: &Map, place: Place<'_>, hint: Option<&Fields>, skipped: &[&str]) -> Result<Fields, Why> {
        let mut fields = Fields::default();
        for (key, entry) in map.iter().filter(|(key, _)| !skipped.contains(&key.as_str())) {
            let below = hint.and_then(|hint| hint.field(key));
            let (place, named) = place.child(key);
            let owned = self.below(key, |expect| expect.value(&entry.node, place, named, below))?;
            fields.put(Element::field(key.clone()), owned);
        }
        Ok(fields)
    }

    fn value(&mut self, node: &Node, place: Place<'_>, named: Named, hint: Option<&Fields>) -> Result<Fields, Why> {
        match &node.data {
            Data::Map(map) if map.is_empty() => Ok(Fields::leaf()),
            Data::Map(map) => {
                let granular = hint.is_some_and(|hint| !hint.children.is_empty());
                let whole = match place.whole_map() {
                    Some(whole) => whole,
                    // a leaf may be a map with one owner, or what was empty when it was applied
                    None if granular || self.loose => false,
                    None => return Err(self.not_understood()),
                };
                if whole {
                    return Ok(Fields::leaf());
                }
                let mut fields = self.map(map, place, hint, &[])?;
                fields.member = self.marked(named, hint)?;
                Ok(fields)
            }
            Data::List(items) => self.list(items, place, named, hint),
            _ => Ok(Fields::leaf()),
        }
    }

    /// Whether a map or list is a member besides what is in it: under the keys of maps, not in fields with names.
    fn marked(&self, named: Named, hint: Option<&Fields>) -> Result<bool, Why> {
        match named {
            Some(named) => Ok(!named),
            None if self.loose => Ok(false),
            // an entry that took over an `Update` entry's fields has marks that the next apply drops
            None if hint.is_some_and(|hint| hint.member && !hint.children.is_empty()) => Err(self.not_understood()),
            None => Ok(false),
        }
    }

    fn list(&mut self, items: &[Node], place: Place<'_>, named: Named, hint: Option<&Fields>) -> Result<Fields, Why> {
        let shown = hint.map_or(Shown::Nothing, Shown::of);
        let list = match (place.list(), &shown) {
            (Some(list), _) => list,
            (None, Shown::Keyed) => return self.keyed_by_hint(items, place, named, hint),
            (None, Shown::Set) => List::Set,
            (None, Shown::Leaf) => List::Whole,
            (None, _) if self.loose => List::Whole,
            (None, _) => return Err(self.not_understood()),
        };
        let mut fields = match list {
            List::Whole => return Ok(Fields::leaf()),
            List::Set => self.set(items)?,
            List::Keyed(keys) => self.keyed(items, place, keys, hint)?,
        };
        fields.member = self.marked(named, hint)?;
        Ok(fields)
    }

    fn set(&mut self, items: &[Node]) -> Result<Fields, Why> {
        let mut fields = Fields::default();
        for item in items {
            let value = self.scalar(item)?.filter(|value| *value != Scalar::Null).ok_or_else(|| self.not_understood())?;
            if fields.children.insert(Element::Value(value), Fields::leaf()).is_some() {
                return Err(Why::Duplicate(self.path.to_string()));
            }
        }
        Ok(fields)
    }

    /// A scalar, opened if it is sealed: it is compared with the live entry, which has it in the open.
    fn scalar(&self, node: &Node) -> Result<Option<Scalar>, Why> {
        match &node.data {
            Data::Sealed(sealed) => {
                let text = (self.reveal)(sealed).map_err(|why| Why::NotOpened(self.path.to_string(), why))?;
                Ok(Some(Scalar::Text(text.as_str().into())))
            }
            _ => Ok(Scalar::of_node(node)),
        }
    }

    fn keyed(&mut self, items: &[Node], place: Place<'_>, keys: &[Text], hint: Option<&Fields>) -> Result<Fields, Why> {
        let mut fields = Fields::default();
        for (at, item) in items.iter().enumerate() {
            self.path.push_index(at);
            let element = Element::Key(self.keys_of(item, place.items(), keys)?);
            let below = hint.and_then(|hint| hint.child(&element));
            let owned = self.item(item, place.items(), below)?;
            if fields.children.insert(element, owned).is_some() {
                return Err(Why::Duplicate(self.path.to_string()));
            }
            self.path.pop();
        }
        Ok(fields)
    }

    /// The keys that tell an item apart: its own, or the default; one with neither is left out.
    fn keys_of(&self, item: &Node, place: Place<'_>, keys: &[Text]) -> Result<Vec<(Text, Scalar)>, Why> {
        let mut found: BTreeMap<Text, Scalar> = BTreeMap::new();
        for key in keys {
            let value = match item.get(key) {
                Some(node) => Some(self.scalar(node)?.ok_or_else(|| self.not_understood())?),
                None => place.child(key).0.schema().and_then(|schema| schema.default.as_ref().and_then(Scalar::of)),
            };
            if let Some(value) = value {
                found.insert(key.clone(), value);
            }
        }
        if found.is_empty() { Err(self.not_understood()) } else { Ok(found.into_iter().collect()) }
    }

    fn keyed_by_hint(&mut self, items: &[Node], place: Place<'_>, named: Named, hint: Option<&Fields>) -> Result<Fields, Why> {
        let mut fields = Fields::default();
        let Some(hint) = hint else { return Err(self.not_understood()) };
        for (at, item) in items.iter().enumerate() {
            self.path.push_index(at);
            let Some((element, below)) = find_item(hint, item, Scalar::of_node) else {
                return Err(Why::NotOwned(self.path.to_string()));
            };
            let owned = self.item(item, place.items(), Some(below))?;
            if fields.children.insert(element.clone(), owned).is_some() {
                return Err(Why::Duplicate(self.path.to_string()));
            }
            self.path.pop();
        }
        fields.member = self.marked(named, Some(hint))?;
        Ok(fields)
    }

    /// An item of a list with keys is always a member itself.
    fn item(&mut self, item: &Node, place: Place<'_>, hint: Option<&Fields>) -> Result<Fields, Why> {
        let Some(map) = item.as_map() else { return Err(self.not_understood()) };
        // its keys are among its fields, so an item taken field by field never shows as a leaf
        let whole = place.whole_map().unwrap_or_else(|| hint.is_some_and(Fields::is_leaf));
        let mut fields = if whole { Fields::leaf() } else { self.map(map, place, hint, &[])? };
        fields.member = true;
        Ok(fields)
    }
}

/// What an entry shows of a list.
enum Shown {
    Nothing,
    Leaf,
    Keyed,
    Set,
    Other,
}

impl Shown {
    fn of(fields: &Fields) -> Self {
        if fields.is_leaf() {
            return Self::Leaf;
        }
        let mut elements = fields.children.keys();
        match elements.next() {
            Some(Element::Key(_)) if elements.all(|element| matches!(element, Element::Key(_))) => Self::Keyed,
            Some(Element::Value(_)) if elements.all(|element| matches!(element, Element::Value(_))) => Self::Set,
            None => Self::Nothing,
            _ => Self::Other,
        }
    }
}

/// The element of a set of fields that an item is: each key equals the item's, or is a default: the item lacks it and the
/// entry doesn't own it. Of several the one with most keys.
pub(super) fn find_item<'f>(
    fields: &'f Fields,
    item: &Node,
    scalar: impl Fn(&Node) -> Option<Scalar>,
) -> Option<(&'f Element, &'f Fields)> {
    let fits = |element: &Element, below: &Fields| {
        let Element::Key(keys) = element else { return None };
        let all = keys.iter().all(|(key, value)| match item.get(key) {
            Some(node) => scalar(node).as_ref() == Some(value),
            None => below.field(key).is_none(),
        });
        all.then_some(keys.len())
    };
    let found = fields.children.iter().filter_map(|(element, below)| Some((fits(element, below)?, (element, below))));
    found.max_by_key(|(keys, _)| *keys).map(|(_, found)| found)
}
