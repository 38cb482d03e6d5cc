//! How server-side apply takes what stands at a place.
//!
//! The server decides by its OpenAPI, turned into structured-merge-diff's schema (kube-openapi, `schemaconv`). Where ours knows the
//! place it says the same; where nothing is known, the proof leaves it to the live entry, and to a dry-run if that could mean two
//! things.

use std::sync::LazyLock;

use crate::check::schema::{ListKind, Others, SchemaRef, Schemas, Shape};
use crate::object::Text;

/// What is known of a place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// Its schema.
    Known(SchemaRef<'a>),
    /// Free-form (`x-kubernetes-preserve-unknown-fields`, or an object without properties): maps by field, lists as a whole.
    Free,
    /// A raw object that has one owner as a whole.
    Raw,
    /// Nothing.
    Unknown,
}

/// How a list is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List<'a> {
    /// It has one owner as a whole.
    Whole,
    /// Each value has its owners.
    Set,
    /// Items are told apart by these keys.
    Keyed(&'a [Text]),
}

/// Whether a field has a name in its type, or is a key of a map; unknown where the place is. The server marks maps under a map's
/// keys as members (`.`), those under named fields not.
pub(super) type Named = Option<bool>;

impl<'a> Place<'a> {
    pub(super) fn of(schema: Option<SchemaRef<'a>>) -> Self {
        schema.map_or(Self::Unknown, Self::Known)
    }

    /// `metadata`, the same for all kinds.
    pub(super) fn metadata() -> Self {
        static SCHEMA: LazyLock<Option<SchemaRef<'static>>> =
            LazyLock::new(|| Schemas::minors().last().and_then(|minor| Schemas::builtin(minor)).and_then(Schemas::object_meta));
        Self::of(*SCHEMA)
    }

    /// The schema, if known.
    pub(super) fn schema(self) -> Option<SchemaRef<'a>> {
        match self {
            Self::Known(schema) => Some(schema),
            _ => None,
        }
    }

    /// Whether a map here has one owner as a whole.
    pub(super) fn whole_map(self) -> Option<bool> {
        match self {
            Self::Known(schema) if schema.is("runtime.RawExtension") || schema.atomic_map => Some(true),
            Self::Known(schema) => matches!(schema.shape, Shape::Object { .. } | Shape::Any).then_some(false),
            Self::Free => Some(false),
            Self::Raw => Some(true),
            Self::Unknown => None,
        }
    }

    /// How a list here is taken.
    pub(super) fn list(self) -> Option<List<'a>> {
        match self {
            Self::Known(schema) => match schema.shape {
                // without a list type the server goes by the older patch strategy, and our model doesn't keep which one was written
                Shape::List(_) => match &schema.schema().list {
                    ListKind::Atomic => (!schema.patch.merge).then_some(List::Whole),
                    ListKind::Set => Some(List::Set),
                    ListKind::Keyed(keys) => Some(List::Keyed(keys)),
                },
                Shape::Any => Some(List::Whole),
                _ => None,
            },
            Self::Free | Self::Raw => Some(List::Whole),
            Self::Unknown => None,
        }
    }

    /// What is under a key.
    pub(super) fn child(self, key: &str) -> (Self, Named) {
        match self {
            Self::Known(schema) => match schema.field(key) {
                Some(_) if schema.embedded && key == "metadata" => (Self::Unknown, Some(true)),
                Some(field) => (Self::Known(schema.node(field.node)), Some(true)),
                None => match schema.shape {
                    Shape::Object { others: Others::Of(id), .. } => (Self::Known(schema.node(id)), Some(false)),
                    Shape::Object { others: Others::Free, .. } | Shape::Any => (Self::Free, Some(false)),
                    _ => (Self::Unknown, None),
                },
            },
            Self::Free => (Self::Free, Some(false)),
            Self::Raw => (Self::Raw, Some(false)),
            Self::Unknown => (Self::Unknown, None),
        }
    }

    /// What each item of a list is.
    pub(super) fn items(self) -> Self {
        match self {
            Self::Known(schema) => schema.items().map_or(Self::Raw, Self::Known),
            Self::Free | Self::Raw => Self::Raw,
            Self::Unknown => Self::Unknown,
        }
    }

    /// Whether the place is of this type of Kubernetes: `v1.PodSpec`.
    pub(super) fn is(self, definition: &str) -> bool {
        self.schema().is_some_and(|schema| schema.is(definition))
    }

    /// Whether an empty value under `key` isn't kept, since the server stores the place as a Go structure in which the field is a
    /// slice or a map: those know no difference between empty and absent. Custom objects keep what they are sent.
    pub(super) fn drops_empty(self, key: &str) -> bool {
        let typed = self.schema().is_some_and(|schema| schema.definition.starts_with("io.k8s."));
        typed
            && self.child(key).0.schema().is_some_and(|schema| match &schema.shape {
                Shape::List(_) => true,
                Shape::Object { fields, others } => fields.is_empty() && matches!(others, Others::Of(_)),
                _ => false,
            })
    }
}
