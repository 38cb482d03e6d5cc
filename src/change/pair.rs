//! Which object of one side is which of the other.

use std::collections::BTreeMap;

use crate::object::{Object, ObjectId};

/// What makes two objects the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// Group, kind, namespace and name, as the cluster sees them; of a hashed ConfigMap or Secret the name before the hash.
    /// For two states of one environment: anything else that is renamed is deleted and made anew.
    Identity,
    /// Group, kind and name as the source writes them, before prefix, suffix, hash and namespace. For two environments.
    Source,
}

/// Pairs, and what has no partner; each in the order of its side.
#[derive(Debug, Default)]
pub(super) struct Pairs<'a> {
    pub both: Vec<(&'a Object, &'a Object)>,
    pub created: Vec<&'a Object>,
    pub deleted: Vec<&'a Object>,
}

/// The characters that kustomize's hash encoder leaves, and how many of them make a suffix.
const HASH_CHARACTERS: &str = "2456789bcdfghkmt";
const HASH_LENGTH: usize = 10;

/// Pairs the objects of two sides.
pub(super) fn pair<'a>(old: &'a [Object], new: &'a [Object], matching: Matching) -> Pairs<'a> {
    let mut pairs = Pairs::default();
    let (mut old, mut new): (Vec<&Object>, Vec<&Object>) = (old.iter().collect(), new.iter().collect());
    match matching {
        Matching::Identity => {
            join(&mut pairs, &mut old, &mut new, |object| Some(identity(object)));
            join(&mut pairs, &mut old, &mut new, unhashed);
        }
        Matching::Source => {
            join(&mut pairs, &mut old, &mut new, |object| Some(source(object)));
            // An environment's Namespace is named by the environment: where each side has one, they are the same thing.
            join(&mut pairs, &mut old, &mut new, |object| (object.kind() == "Namespace").then(ObjectKey::default));
        }
    }
    (pairs.created, pairs.deleted) = (new, old);
    pairs
}

/// Group, kind, namespace, name. The version is left out: an object that moves to another one stays the same object.
type ObjectKey = (String, String, Option<String>, String);

fn key(id: &ObjectId, name: &str) -> ObjectKey {
    (id.group.to_string(), id.kind.to_string(), id.namespace.as_ref().map(ToString::to_string), name.to_owned())
}

fn identity(object: &Object) -> ObjectKey {
    let id = object.id();
    key(&id, &id.name)
}

fn source(object: &Object) -> ObjectKey {
    key(&object.source, &object.source.name)
}

/// The identity with the name before the hash. An object that doesn't say whether it is hashed (it was read from a file) is
/// taken for hashed if it is immutable and its name ends as hashed names do. One that isn't hashed has its whole name: it may
/// be the same object before or after somebody made it immutable.
fn unhashed(object: &Object) -> Option<ObjectKey> {
    let id = object.id();
    if !id.group.is_empty() || !matches!(id.kind.as_str(), "ConfigMap" | "Secret") {
        return None;
    }
    let is_immutable = object.root.get("immutable").and_then(crate::object::Node::as_bool) == Some(true);
    let base = if object.hashed || is_immutable { strip_hash(&id.name) } else { None };
    Some(key(&id, base.unwrap_or(&id.name)))
}

/// The name before the hash that it ends in; `None` if it doesn't end as hashed names do.
pub fn strip_hash(name: &str) -> Option<&str> {
    let (base, hash) = name.rsplit_once('-')?;
    (hash.len() == HASH_LENGTH && hash.chars().all(|c| HASH_CHARACTERS.contains(c))).then_some(base)
}

/// Pairs what has the same key on both sides, if no other object of its side has it.
fn join<'a>(
    pairs: &mut Pairs<'a>,
    old: &mut Vec<&'a Object>,
    new: &mut Vec<&'a Object>,
    key: impl Fn(&Object) -> Option<ObjectKey>,
) {
    let index = |side: &[&'a Object]| {
        let mut index: BTreeMap<ObjectKey, Vec<&'a Object>> = BTreeMap::new();
        for object in side {
            if let Some(key) = key(object) {
                index.entry(key).or_default().push(object);
            }
        }
        index
    };
    let (old_index, new_index) = (index(old), index(new));
    let partner = |object: &Object, own: &BTreeMap<ObjectKey, Vec<&'a Object>>, other: &BTreeMap<ObjectKey, Vec<&'a Object>>| {
        let key = key(object)?;
        match (own.get(&key).map(Vec::as_slice), other.get(&key).map(Vec::as_slice)) {
            (Some([_]), Some([partner])) => Some(*partner),
            _ => None,
        }
    };
    new.retain(|object| match partner(object, &new_index, &old_index) {
        Some(partner) => {
            pairs.both.push((partner, object));
            false
        }
        None => true,
    });
    old.retain(|object| partner(object, &old_index, &new_index).is_none());
}
