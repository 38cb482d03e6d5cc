//! Whether a live object has the values that we send, in our order.

use super::expected::{STRIPPED, find_item};
use super::fields::{Element, Fields, Scalar};
use super::place::{List, Place};
use super::spelling::{counts_empty, is_default, is_dropped, is_quantity};
use super::tree::{Pairs, Tree};
use super::{Manager, Wanted, Why};
use crate::object::{Data, FieldPath, Map, Node, Step};
use crate::planted;

/// A walk beside the fields that an apply would own, which tell how each list is taken.
pub(super) struct Agree<'a> {
    wanted: Wanted<'a>,
    kind: &'a str,
    entries: &'a [Manager],
    ours: &'a Manager,
    path: FieldPath,
    elements: Vec<Element>,
}

impl<'a> Agree<'a> {
    pub(super) fn new(wanted: Wanted<'a>, entries: &'a [Manager], ours: &'a Manager) -> Self {
        let kind = wanted.root.get("kind").and_then(Node::as_str).unwrap_or_default();
        Self { wanted, kind, entries, ours, path: FieldPath::root(), elements: Vec::new() }
    }

    /// The whole object, of which `sent` is what we would own.
    pub(super) fn object(&mut self, live: &Tree<'_>, sent: &Fields) -> Result<(), Why> {
        for (key, entry) in self.wanted.root.as_map().into_iter().flat_map(Map::iter) {
            let below = sent.field(key);
            match (key.as_str(), entry.node.as_map()) {
                ("apiVersion" | "kind", _) => {}
                ("metadata", Some(metadata)) => {
                    Self::stripped(metadata)?;
                    self.step(key, |agree| agree.map(metadata, live.get("metadata"), below, Place::metadata(), STRIPPED))?;
                }
                _ => self.field(key, &entry.node, live.get(key.as_str()), below, Place::of(self.wanted.schema))?,
            }
        }
        Ok(())
    }

    /// Names have been compared; a null is as good as nothing; of anything else the server makes what it likes.
    fn stripped(metadata: &Map) -> Result<(), Why> {
        for (key, entry) in metadata.iter().filter(|(key, _)| STRIPPED.contains(&key.as_str())) {
            if !matches!(key.as_str(), "name" | "namespace") && !matches!(entry.node.data, Data::Null) {
                return Err(Why::NotUnderstood(FieldPath::of(&["metadata", key]).to_string()));
            }
        }
        Ok(())
    }

    fn step<T>(&mut self, key: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push_field(key);
        self.elements.push(Element::field(key));
        let out = work(self);
        self.elements.pop();
        self.path.pop();
        out
    }

    fn differs(&self) -> Why {
        Why::Differs(self.path.to_string())
    }

    fn map(
        &mut self,
        map: &Map,
        live: Option<&Tree<'_>>,
        sent: Option<&Fields>,
        place: Place<'_>,
        skipped: &[&str],
    ) -> Result<(), Why> {
        let live = live.and_then(Tree::as_map).ok_or_else(|| self.differs())?;
        for (key, entry) in map.iter().filter(|(key, _)| !skipped.contains(&key.as_str())) {
            let below = sent.and_then(|sent| sent.field(key));
            self.field(key, &entry.node, live.get(key.as_str()), below, place)?;
        }
        Ok(())
    }

    /// Whether the field, sent like this, isn't stored, and changes nothing else by being sent.
    fn drops(&self, place: Place<'_>, key: &str, node: &Node) -> bool {
        let is_metadata = self.path.0.first() == Some(&Step::Field("metadata".into()));
        is_dropped(place, key, node) && (is_metadata || node.as_str().is_some() || !counts_empty(self.kind))
    }

    /// One field of a map at `place`.
    fn field(
        &mut self,
        key: &str,
        node: &Node,
        live: Option<&Tree<'_>>,
        sent: Option<&Fields>,
        place: Place<'_>,
    ) -> Result<(), Why> {
        if live.is_none_or(Tree::is_null) && self.drops(place, key, node) {
            return self.step(key, |agree| agree.spelled());
        }
        self.step(key, |agree| agree.value(node, live, sent, place.child(key).0))
    }

    /// What is sent isn't what is stored, though the server makes the same of both. It compares before it does, so whoever else
    /// owns the field has a conflict.
    fn spelled(&self) -> Result<(), Why> {
        let mut others = self.entries.iter().filter(|entry| !std::ptr::eq(*entry, self.ours));
        let meets = |entry: &Manager| {
            // the fields of another version may have other names
            (entry.api_version != self.ours.api_version && entry.subresource.is_empty())
                || entry.fields.as_ref().is_none_or(|fields| fields.has(&self.elements))
        };
        if others.any(meets) { Err(Why::Shared(self.path.to_string())) } else { Ok(()) }
    }

    fn value(&mut self, node: &Node, live: Option<&Tree<'_>>, sent: Option<&Fields>, place: Place<'_>) -> Result<(), Why> {
        match &node.data {
            Data::Map(map) if !map.is_empty() && !sent.is_some_and(Fields::is_leaf) => self.map(map, live, sent, place, &[]),
            // an empty map taken field by field leaves what is there
            Data::Map(map) if map.is_empty() && place.whole_map() == Some(false) => {
                if live.is_some_and(|live| live.as_map().is_some()) { Ok(()) } else { Err(self.differs()) }
            }
            Data::List(items) if !sent.is_some_and(Fields::is_leaf) => self.list(items, live, sent, place),
            _ => self.whole(node, live, place),
        }
    }

    fn list(&mut self, items: &[Node], live: Option<&Tree<'_>>, sent: Option<&Fields>, place: Place<'_>) -> Result<(), Why> {
        let live = live.and_then(Tree::as_list).ok_or_else(|| self.differs())?;
        let mut last = None;
        for (at, item) in items.iter().enumerate() {
            let Some(sent) = sent else { return Err(self.differs()) };
            let found = match item.as_map() {
                Some(_) => self.item(at, item, live, sent, place)?,
                None => self.member(item, live)?,
            };
            if last.is_some_and(|last| found <= last) && !planted::is("order-ignored") {
                return Err(Why::Order(self.path.to_string()));
            }
            last = Some(found);
        }
        Ok(())
    }

    /// Where the one live item with the same keys stands, if it agrees.
    fn item(&mut self, at: usize, item: &Node, live: &[Tree<'_>], sent: &Fields, place: Place<'_>) -> Result<usize, Why> {
        let found = find_item(sent, item, |node| self.scalar(node).ok().flatten());
        let Some((element @ Element::Key(keys), below)) = found else {
            return Err(Why::NotUnderstood(self.path.to_string()));
        };
        let all = match place.list() {
            Some(List::Keyed(all)) => all,
            _ => &[],
        };
        let absent = || all.iter().filter(|key| !keys.iter().any(|(name, _)| name == *key));
        let is_it = |value: &Tree<'_>| {
            keys.iter().all(|(key, wanted)| value.get(key.as_str()).and_then(Tree::scalar).as_ref() == Some(wanted))
                && absent().all(|key| value.get(key.as_str()).is_none())
        };
        let mut places = live.iter().enumerate().filter(|(_, value)| is_it(value));
        let (place_of, value) = places.next().ok_or_else(|| self.differs())?;
        if places.next().is_some() {
            return Err(Why::Duplicate(self.path.to_string()));
        }
        self.path.push_index(at);
        self.elements.push(element.clone());
        let items = place.items();
        let agreed = match item.as_map() {
            Some(map) if !below.is_leaf() => self.map(map, Some(value), Some(below), items, &[]),
            _ => self.whole(item, Some(value), items),
        };
        self.elements.pop();
        self.path.pop();
        agreed.map(|()| place_of)
    }

    /// Where the one equal value of a live set stands.
    fn member(&self, item: &Node, live: &[Tree<'_>]) -> Result<usize, Why> {
        let wanted = self.scalar(item)?.ok_or_else(|| Why::NotUnderstood(self.path.to_string()))?;
        let mut places = live.iter().enumerate().filter(|(_, value)| value.scalar().as_ref() == Some(&wanted));
        let (found, _) = places.next().ok_or_else(|| self.differs())?;
        if places.next().is_some() { Err(Why::Duplicate(self.path.to_string())) } else { Ok(found) }
    }

    fn scalar(&self, node: &Node) -> Result<Option<Scalar>, Why> {
        match &node.data {
            Data::Sealed(_) => Ok(Some(Scalar::Text(self.open(node)?.as_str().into()))),
            _ => Ok(Scalar::of_node(node)),
        }
    }

    fn open(&self, node: &Node) -> Result<zeroize::Zeroizing<String>, Why> {
        let Data::Sealed(sealed) = &node.data else { return Ok(zeroize::Zeroizing::default()) };
        (self.wanted.reveal)(sealed).map_err(|why| Why::NotOpened(self.path.to_string(), why))
    }

    /// What has one owner: equal as a whole.
    fn whole(&mut self, node: &Node, live: Option<&Tree<'_>>, place: Place<'_>) -> Result<(), Why> {
        let Some(live) = live else { return Err(self.differs()) };
        match (&node.data, live) {
            (Data::Sealed(_), Tree::Text(text)) => {
                if *self.open(node)? == *text {
                    Ok(())
                } else {
                    Err(self.differs())
                }
            }
            (Data::List(items), Tree::List(live)) if items.len() == live.len() => {
                for (at, (item, live)) in items.iter().zip(live).enumerate() {
                    self.path.push_index(at);
                    self.whole(item, Some(live), place.items())?;
                    self.path.pop();
                }
                Ok(())
            }
            (Data::Map(map), Tree::Map(live)) => self.whole_map(map, live, place),
            (Data::List(_) | Data::Map(_) | Data::Sealed(_), _) => Err(self.differs()),
            _ if Scalar::of_node(node) == live.scalar() => Ok(()),
            _ if is_quantity(place, node, live) => self.spelled(),
            _ => Err(self.differs()),
        }
    }

    fn whole_map(&mut self, map: &Map, live: &Pairs<'_>, place: Place<'_>) -> Result<(), Why> {
        for (key, entry) in map.iter() {
            let value = live.get(key.as_str());
            self.path.push_field(key.clone());
            if value.is_none_or(Tree::is_null) && is_dropped(place, key, &entry.node) {
                self.spelled()?;
            } else {
                self.whole(&entry.node, value, place.child(key).0)?;
            }
            self.path.pop();
        }
        for (key, value) in live.iter().filter(|(key, _)| !map.has(key)) {
            if !is_default(place, map, key, value) {
                return Err(self.differs());
            }
            self.spelled()?;
        }
        Ok(())
    }
}
