//! The model: what may stand at one place of an object.

use compact_str::CompactString;
use serde_json::{Number, Value};

/// A node's number in its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// What may stand at one place. Child places are other nodes of the same store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of its own in the schema")]
pub struct Schema {
    /// The form of the value, with its child places.
    pub shape: Shape,
    /// The name of the definition in the OpenAPI, such as `io.k8s.api.core.v1.PodSpec`; empty if it has none.
    pub definition: CompactString,
    /// `int32`, `int64`, `byte`, `date-time`, `double` …; empty if the schema says none.
    pub format: CompactString,
    /// Whether `null` is a value here (only CRDs say so).
    pub nullable: bool,
    /// The only values allowed; empty: any.
    pub allowed: Vec<Value>,
    /// What the server takes when nothing is given. Zero values (`""`, `0`, `false`, `{}`) are left out for built-in kinds.
    pub default: Option<Value>,
    /// How server-side apply takes a list: whole, as a set, or by key.
    pub list: ListKind,
    /// Whether server-side apply takes the map whole (`x-kubernetes-map-type: atomic`).
    pub atomic_map: bool,
    /// What strategic merge does here.
    pub patch: Patch,
    /// Whether fields that no schema names are kept (`x-kubernetes-preserve-unknown-fields`).
    pub keeps_unknown: bool,
    /// Whether a whole object with apiVersion, kind and metadata stands here (`x-kubernetes-embedded-resource`).
    pub embedded: bool,
    /// Further conditions of JSON Schema; few places have any.
    pub limits: Option<Box<Limits>>,
}

/// The form of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Anything.
    #[default]
    Any,
    /// A map.
    Object {
        /// The fields that have a name, sorted by it, bytewise.
        fields: Vec<Field>,
        /// What may stand under any other key.
        others: Others,
    },
    /// A list, with the schema of each item.
    List(Option<NodeId>),
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A truth value.
    Boolean,
    /// A whole number or a text: a port, or a percentage.
    IntOrText,
    /// A quantity such as `500m`: a text, or a number.
    Quantity,
}

/// A named field of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name.
    pub name: CompactString,
    /// Whether it must be there.
    pub required: bool,
    /// What stands under it.
    pub node: NodeId,
}

/// What may stand under a key that no field has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Others {
    /// Nothing: strict validation refuses such a key.
    #[default]
    Refused,
    /// Anything.
    Free,
    /// A value of this schema: the object is a map, like labels.
    Of(NodeId),
}

/// How server-side apply merges a list (`x-kubernetes-list-type`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// One owner has it whole. The default.
    #[default]
    Atomic,
    /// Each item stands for itself, and once.
    Set,
    /// Items are told apart by these keys of theirs.
    Keyed(Vec<CompactString>),
}

/// What strategic merge does (`x-kubernetes-patch-strategy`, `x-kubernetes-patch-merge-key`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Patch {
    /// `merge`: items are merged and added; otherwise the list is replaced.
    pub merge: bool,
    /// `retainKeys`: only the keys that the patch has stay, as for a union.
    pub retain_keys: bool,
    /// `replace`: said outright.
    pub replace: bool,
    /// The key that tells items apart; empty: items are plain values.
    pub key: CompactString,
}

/// Conditions of JSON Schema beyond the type. Numbers are as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Limits {
    /// The least number.
    pub minimum: Option<Number>,
    /// Whether the least number itself is too small.
    pub above_minimum: bool,
    /// The greatest number.
    pub maximum: Option<Number>,
    /// Whether the greatest number itself is too great.
    pub below_maximum: bool,
    /// The number is a multiple of this.
    pub multiple_of: Option<Number>,
    /// The least length in Unicode characters.
    pub min_length: Option<u64>,
    /// The greatest length.
    pub max_length: Option<u64>,
    /// A regular expression, in Go's RE2 syntax, that some part of the text matches; empty: none.
    pub pattern: CompactString,
    /// The least number of items.
    pub min_items: Option<u64>,
    /// The greatest number of items.
    pub max_items: Option<u64>,
    /// Whether no two items are equal.
    pub unique_items: bool,
    /// The least number of keys.
    pub min_properties: Option<u64>,
    /// The greatest number of keys.
    pub max_properties: Option<u64>,
    /// All of these hold too. Nodes under here are conditions only: they name no new fields and refuse none.
    pub all_of: Vec<NodeId>,
    /// At least one of these holds.
    pub any_of: Vec<NodeId>,
    /// Exactly one of these holds.
    pub one_of: Vec<NodeId>,
    /// This doesn't hold.
    pub not: Option<NodeId>,
}

impl Schema {
    /// A schema of this shape and no other condition.
    pub fn of(shape: Shape) -> Self {
        Self { shape, ..Self::default() }
    }

    /// The field of this name, if the shape is an object that has it.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let fields = self.fields();
        let at = fields.binary_search_by(|field| field.name.as_str().cmp(name)).ok()?;
        fields.get(at)
    }

    /// The named fields, sorted; none if the shape is something else.
    pub fn fields(&self) -> &[Field] {
        match &self.shape {
            Shape::Object { fields, .. } => fields,
            _ => &[],
        }
    }

    /// Whether the definition's name ends in `.name`, such as `v1.PodSpec`.
    pub fn is(&self, name: &str) -> bool {
        self.definition.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
    }
}
