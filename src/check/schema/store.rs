//! Stores of schemas, and the walk through one.

use std::ops::Deref;
use std::sync::OnceLock;

use super::kinds::{Kind, Scope};
use super::model::{NodeId, Others, Schema, Shape};
use super::wire::Packed;

static KUBERNETES_1_37: &[u8] = include_bytes!("kubernetes-1.37.bin");
static EXTERNAL_SECRETS: &[u8] = include_bytes!("external-secrets.bin");

/// What a node that can't be decoded reads as. The tests read every node of the built-in stores, so it is never met there.
static ANYTHING: OnceLock<Schema> = OnceLock::new();

/// Nodes, and where they come from.
#[derive(Debug)]
pub struct Store {
    packed: Option<Packed>,
    nodes: Box<[OnceLock<Box<Schema>>]>,
}

impl Store {
    /// A store whose nodes are all there: node `n` is the `n`th.
    pub fn of(nodes: Vec<Schema>) -> Self {
        Self { packed: None, nodes: nodes.into_iter().map(|node| OnceLock::from(Box::new(node))).collect() }
    }

    fn packed(packed: Packed) -> Self {
        let nodes = (0..packed.node_count()).map(|_| OnceLock::new()).collect();
        Self { packed: Some(packed), nodes }
    }

    /// The node of this number; one that the store doesn't have accepts anything.
    pub fn get(&self, id: NodeId) -> &Schema {
        let cell = usize::try_from(id.0).ok().and_then(|at| self.nodes.get(at));
        let Some(cell) = cell else { return ANYTHING.get_or_init(Schema::default) };
        cell.get_or_init(|| Box::new(self.packed.and_then(|packed| packed.node(id)).unwrap_or_default()))
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// A set of kinds with their schemas. Shared between threads.
#[derive(Debug)]
pub struct Schemas {
    store: Store,
    /// Sorted by group, version and kind; empty while `store.packed` has the index.
    kinds: Vec<Kind>,
}

impl Schemas {
    /// The kinds of a Kubernetes minor version, such as `1.37`; `None` if this binary has no schemas of it.
    pub fn builtin(minor: &str) -> Option<&'static Self> {
        static LOADED: OnceLock<Option<Schemas>> = OnceLock::new();
        match minor {
            "1.37" => LOADED.get_or_init(|| Self::packed(KUBERNETES_1_37)).as_ref(),
            _ => None,
        }
    }

    /// The minor versions that [`Schemas::builtin`] has, oldest first.
    pub fn minors() -> &'static [&'static str] {
        &["1.37"]
    }

    /// The External Secrets Operator's kinds, from the CRDs of its release.
    pub fn external_secrets() -> Option<&'static Self> {
        static LOADED: OnceLock<Option<Schemas>> = OnceLock::new();
        LOADED.get_or_init(|| Self::packed(EXTERNAL_SECRETS)).as_ref()
    }

    /// A packed set, as [`pack`](super::pack) writes it; `None` if the bytes aren't one.
    pub fn packed(bytes: &'static [u8]) -> Option<Self> {
        Some(Self { store: Store::packed(Packed::open(bytes)?), kinds: Vec::new() })
    }

    /// A set made of these nodes and kinds. Of two rows with the same group, version and kind the first counts.
    pub fn of(nodes: Vec<Schema>, mut kinds: Vec<Kind>) -> Self {
        kinds.sort_by(|a, b| a.key().cmp(&b.key()));
        kinds.dedup_by(|later, first| later.key() == first.key());
        Self { store: Store::of(nodes), kinds }
    }

    /// The kind with this group (empty: core), version and name.
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<KindSchema<'_>> {
        let key = (group, version, kind);
        let row = match &self.store.packed {
            Some(packed) => packed.find_kind(key)?,
            None => self.kinds.get(self.kinds.binary_search_by(|row| row.key().cmp(&key)).ok()?)?.clone(),
        };
        Some(KindSchema { row, store: &self.store })
    }

    /// All kinds, sorted by group, version and name.
    pub fn kinds(&self) -> Vec<Kind> {
        match &self.store.packed {
            Some(packed) => packed.kinds(),
            None => self.kinds.clone(),
        }
    }

    /// What `metadata` of every object may hold; `None` in a set without the core kinds.
    pub fn object_meta(&self) -> Option<SchemaRef<'_>> {
        self.kind("", "v1", "ConfigMap")?.root().child("metadata")
    }

    /// The nodes.
    pub fn store(&self) -> &Store {
        &self.store
    }
}

/// A kind, with the way into its schema.
#[derive(Debug, Clone)]
pub struct KindSchema<'a> {
    row: Kind,
    store: &'a Store,
}

impl<'a> KindSchema<'a> {
    /// Whether its objects live in a namespace.
    pub fn namespaced(&self) -> bool {
        self.row.scope == Scope::Namespaced
    }

    /// The schema of the whole object.
    pub fn root(&self) -> SchemaRef<'a> {
        SchemaRef::new(self.store, self.row.root)
    }
}

impl Deref for KindSchema<'_> {
    type Target = Kind;
    fn deref(&self) -> &Kind {
        &self.row
    }
}

/// A place in a walk: a schema, and the store that its children are in. Reads as the [`Schema`] itself.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct SchemaRef<'a> {
    store: &'a Store,
    schema: &'a Schema,
}

impl<'a> SchemaRef<'a> {
    /// The node `id` of `store`.
    pub fn new(store: &'a Store, id: NodeId) -> Self {
        Self { store, schema: store.get(id) }
    }

    /// The schema, for as long as its store lives.
    pub fn schema(self) -> &'a Schema {
        self.schema
    }

    /// Another node of the same store: one that [`Limits`](super::Limits) names.
    pub fn node(self, id: NodeId) -> Self {
        Self::new(self.store, id)
    }

    /// What stands under `key`: the field of that name, or else what the object's other keys hold. `None` where strict
    /// validation refuses the key, and where nothing is known of what is below.
    pub fn child(self, key: &str) -> Option<Self> {
        match self.schema.field(key) {
            Some(field) => Some(self.node(field.node)),
            None => self.others(),
        }
    }

    /// What stands under the keys that no field has, where the schema says it.
    pub fn others(self) -> Option<Self> {
        match self.schema.shape {
            Shape::Object { others: Others::Of(id), .. } => Some(self.node(id)),
            _ => None,
        }
    }

    /// What each item of the list is, where the schema says it.
    pub fn items(self) -> Option<Self> {
        match self.schema.shape {
            Shape::List(Some(id)) => Some(self.node(id)),
            _ => None,
        }
    }
}

impl Deref for SchemaRef<'_> {
    type Target = Schema;
    fn deref(&self) -> &Schema {
        self.schema
    }
}
