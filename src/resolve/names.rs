//! From the names of the source to the final ones.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::object::{Bundle, Node, Object, Text, config_of};
use crate::source::Span;

/// An object that a name may mean.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) group: Text,
    /// `None`: of the whole cluster, or of whatever namespace.
    pub(super) namespace: Option<Text>,
    /// Its final name.
    pub(super) name: Text,
    /// Its position in the bundle.
    pub(super) object: usize,
    /// Whether the object is it; a maker's Secret isn't in the bundle.
    pub(super) is_it: bool,
    pub(super) span: Span,
}

/// What a field names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// `None`: any.
    pub(super) group: Option<&'a str>,
    pub(super) kind: &'a str,
    /// Name as the source writes it.
    pub(super) name: &'a str,
    /// The namespace it is looked for in; `None`: the one who asks belongs to the whole cluster.
    pub(super) namespace: Option<&'a str>,
}

/// What was found under a name.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Nothing,
    One(&'a Named),
    /// Several, with different final names.
    Several(&'a Named, &'a Named),
}

type ByName = IndexMap<Text, Vec<Named>, FxBuildHasher>;

/// All objects of the bundle by kind and source name.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_kind: IndexMap<Text, ByName, FxBuildHasher>,
}

impl Names {
    /// Indexes the bundle; `finals` has the objects' final names, in the bundle's order.
    pub(super) fn new(bundle: &Bundle, finals: &[Text]) -> Self {
        let mut names = Self::default();
        for (at, (object, name)) in bundle.objects.iter().zip(finals).enumerate() {
            let namespace = object.namespace().map(Text::from);
            let entry = Named {
                group: object.source.group.clone(),
                namespace: namespace.clone(),
                name: name.clone(),
                object: at,
                is_it: true,
                span: object.span,
            };
            names.add(&object.source.kind, &object.source.name, entry);
            if let Some((source, name)) = made_secret(object, name) {
                let entry = Named { group: Text::default(), namespace, name, object: at, is_it: false, span: object.span };
                names.add("Secret", &source, entry);
            }
        }
        names
    }

    fn add(&mut self, kind: &str, name: &str, entry: Named) {
        if !self.by_kind.contains_key(kind) {
            self.by_kind.insert(kind.into(), ByName::default());
        }
        if let Some(by_name) = self.by_kind.get_mut(kind) {
            by_name.entry(name.into()).or_default().push(entry);
        }
    }

    /// The object that is meant: of this kind and name, in this namespace if it is in one.
    pub(super) fn find(&self, wanted: Wanted<'_>) -> Found<'_> {
        let all =
            self.by_kind.get(wanted.kind).and_then(|by_name| by_name.get(wanted.name)).map(Vec::as_slice).unwrap_or_default();
        let mut fitting = all.iter().filter(|named| {
            wanted.group.is_none_or(|group| group == named.group)
                && (named.namespace.is_none() || wanted.namespace.is_none() || named.namespace.as_deref() == wanted.namespace)
        });
        let Some(first) = fitting.next() else { return Found::Nothing };
        match fitting.find(|other| other.name != first.name) {
            Some(other) => Found::Several(first, other),
            None => Found::One(first),
        }
    }

    /// The kinds of the bundle.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.by_kind.keys().map(Text::as_str)
    }

    /// The source names of a kind.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.by_kind.get(kind).into_iter().flat_map(|by_name| by_name.keys().map(Text::as_str))
    }
}

/// The Secret that an object makes in the cluster: its name as the source has it, and the final one. A Secret that takes its
/// maker's name takes the final one too; a name that the source spells out stays.
fn made_secret(object: &Object, final_name: &Text) -> Option<(Text, Text)> {
    let config = config_of(object).filter(|config| config.made)?;
    if follows_maker(object) {
        return Some((object.source.name.clone(), final_name.clone()));
    }
    Some((config.name.into(), config.name.into()))
}

/// Whether the Secret of a maker has the maker's own name: nothing spells out another, or a table of the environment made both.
pub(super) fn follows_maker(object: &Object) -> bool {
    let target = object.root.get("spec").and_then(|spec| spec.get("target")).and_then(|target| target.get("name"));
    match object.kind() {
        "ExternalSecret" => {
            let is_generated = matches!(object.made_by, crate::object::MadeBy::Generator(_));
            target.and_then(Node::as_str).is_none_or(|name| is_generated && name == object.source.name)
        }
        "SealedSecret" => true,
        _ => false,
    }
}
