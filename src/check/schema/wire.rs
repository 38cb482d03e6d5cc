//! Packed stores, read in place. [`pack`](super::pack) writes what this reads:
//!
//! - the magic line, then the numbers of texts, nodes and kinds, each a little-endian `u32`;
//! - where each text begins and where the last ends, then the same for nodes: `u32` offsets into what follows;
//! - the kinds, sorted: group, version, kind and resource (numbers of texts), root (number of a node), bits of [`row`];
//! - the texts, the most used first, so that their numbers are short; then the nodes.
//!
//! Within a node numbers are varints (7 bits a byte, the low ones first). A shape's tag ([`shape`]) and its children
//! come first, then a set of bits ([`part`]) says which other parts follow, in the order of the bits.

use compact_str::CompactString;
use serde_json::Value;

use super::kinds::{Kind, Scope};
use super::model::{Field, Limits, ListKind, NodeId, Others, Patch, Schema, Shape};

/// What a packed store begins with; its number changes with the layout.
pub(super) const MAGIC: &[u8] = b"plimsoll schemas 1\n";

/// Tags of shapes.
pub(super) mod shape {
    pub(in super::super) const ANY: u8 = 0;
    pub(in super::super) const OBJECT: u8 = 1;
    pub(in super::super) const LIST: u8 = 2;
    pub(in super::super) const LIST_OF: u8 = 3;
    pub(in super::super) const TEXT: u8 = 4;
    pub(in super::super) const INTEGER: u8 = 5;
    pub(in super::super) const NUMBER: u8 = 6;
    pub(in super::super) const BOOLEAN: u8 = 7;
    pub(in super::super) const INT_OR_TEXT: u8 = 8;
    pub(in super::super) const QUANTITY: u8 = 9;
}

/// Bits of a kind's row.
pub(super) mod row {
    pub(in super::super) const NAMESPACED: u32 = 1;
    pub(in super::super) const CLUSTER: u32 = 2;
    pub(in super::super) const STORABLE: u32 = 4;
}

/// Bits for the parts of a node beyond its shape.
pub(super) mod part {
    pub(in super::super) const DEFINITION: u64 = 1;
    pub(in super::super) const FORMAT: u64 = 1 << 1;
    pub(in super::super) const ALLOWED: u64 = 1 << 2;
    pub(in super::super) const DEFAULT: u64 = 1 << 3;
    pub(in super::super) const SET: u64 = 1 << 4;
    pub(in super::super) const KEYED: u64 = 1 << 5;
    pub(in super::super) const PATCH_KEY: u64 = 1 << 6;
    pub(in super::super) const PATCH_MERGE: u64 = 1 << 7;
    pub(in super::super) const PATCH_RETAIN: u64 = 1 << 8;
    pub(in super::super) const PATCH_REPLACE: u64 = 1 << 9;
    pub(in super::super) const LIMITS: u64 = 1 << 10;
    pub(in super::super) const NULLABLE: u64 = 1 << 11;
    pub(in super::super) const ATOMIC_MAP: u64 = 1 << 12;
    pub(in super::super) const KEEPS_UNKNOWN: u64 = 1 << 13;
    pub(in super::super) const EMBEDDED: u64 = 1 << 14;
}

/// Bits for the parts of limits.
pub(super) mod limit {
    pub(in super::super) const MINIMUM: u64 = 1;
    pub(in super::super) const MAXIMUM: u64 = 1 << 1;
    pub(in super::super) const MULTIPLE_OF: u64 = 1 << 2;
    pub(in super::super) const MIN_LENGTH: u64 = 1 << 3;
    pub(in super::super) const MAX_LENGTH: u64 = 1 << 4;
    pub(in super::super) const PATTERN: u64 = 1 << 5;
    pub(in super::super) const MIN_ITEMS: u64 = 1 << 6;
    pub(in super::super) const MAX_ITEMS: u64 = 1 << 7;
    pub(in super::super) const MIN_PROPERTIES: u64 = 1 << 8;
    pub(in super::super) const MAX_PROPERTIES: u64 = 1 << 9;
    pub(in super::super) const ALL_OF: u64 = 1 << 10;
    pub(in super::super) const ANY_OF: u64 = 1 << 11;
    pub(in super::super) const ONE_OF: u64 = 1 << 12;
    pub(in super::super) const NOT: u64 = 1 << 13;
    pub(in super::super) const ABOVE_MINIMUM: u64 = 1 << 14;
    pub(in super::super) const BELOW_MAXIMUM: u64 = 1 << 15;
    pub(in super::super) const UNIQUE_ITEMS: u64 = 1 << 16;
}

/// Numbers in a kind's row.
const ROW: usize = 6;

/// A packed store: where its sections lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    texts: Section,
    nodes: Section,
    /// Six numbers a kind.
    kinds: &'static [u8],
}

/// Offsets, and the bytes that they point into.
#[derive(Debug, Clone, Copy)]
struct Section {
    offsets: &'static [u8],
    bytes: &'static [u8],
}

impl Section {
    fn get(&self, at: u64) -> Option<&'static [u8]> {
        let at = usize::try_from(at).ok()?;
        self.bytes.get(number_at(self.offsets, at)?..number_at(self.offsets, at.checked_add(1)?)?)
    }
}

/// The `at`th little-endian `u32`.
fn number_at(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at.checked_mul(4)?..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*four)).ok()
}

impl Packed {
    /// Finds the sections; `None` if the bytes aren't a packed store.
    pub(super) fn open(bytes: &'static [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (texts, nodes, kinds) = (number_at(rest, 0)?, number_at(rest, 1)?, number_at(rest, 2)?);
        let (text_offsets, rest) = rest.get(12..)?.split_at_checked((texts + 1).checked_mul(4)?)?;
        let (node_offsets, rest) = rest.split_at_checked((nodes + 1).checked_mul(4)?)?;
        let (kinds, rest) = rest.split_at_checked(kinds.checked_mul(4 * ROW)?)?;
        let (text_bytes, node_bytes) = rest.split_at_checked(number_at(text_offsets, texts)?)?;
        Some(Self {
            texts: Section { offsets: text_offsets, bytes: text_bytes },
            nodes: Section { offsets: node_offsets, bytes: node_bytes },
            kinds,
        })
    }

    /// How many nodes there are.
    pub(super) fn node_count(&self) -> usize {
        (self.nodes.offsets.len() / 4).saturating_sub(1)
    }

    fn text(&self, at: u64) -> Option<&'static str> {
        std::str::from_utf8(self.texts.get(at)?).ok()
    }

    /// All kinds, as sorted.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        (0..self.kind_count()).filter_map(|at| self.kind(at)).collect()
    }

    fn kind_count(&self) -> usize {
        self.kinds.len() / (4 * ROW)
    }

    fn kind_part(&self, at: usize, part: usize) -> Option<usize> {
        number_at(self.kinds, at * ROW + part)
    }

    fn kind_text(&self, at: usize, part: usize) -> Option<&'static str> {
        self.text(u64::try_from(self.kind_part(at, part)?).ok()?)
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        let bits = u32::try_from(self.kind_part(at, 5)?).ok()?;
        let scope = match bits & (row::NAMESPACED | row::CLUSTER) {
            row::NAMESPACED => Scope::Namespaced,
            row::CLUSTER => Scope::Cluster,
            _ => Scope::None,
        };
        Some(Kind {
            group: self.kind_text(at, 0)?.into(),
            version: self.kind_text(at, 1)?.into(),
            kind: self.kind_text(at, 2)?.into(),
            resource: self.kind_text(at, 3)?.into(),
            scope,
            storable: bits & row::STORABLE != 0,
            root: NodeId(u32::try_from(self.kind_part(at, 4)?).ok()?),
        })
    }

    /// The row with this group, version and kind.
    pub(super) fn find_kind(&self, key: (&str, &str, &str)) -> Option<Kind> {
        let (mut low, mut high) = (0, self.kind_count());
        while low < high {
            let middle = low.midpoint(high);
            let found = (self.kind_text(middle, 0)?, self.kind_text(middle, 1)?, self.kind_text(middle, 2)?);
            match found.cmp(&key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.kind(middle),
            }
        }
        None
    }

    /// Decodes a node; `None` if it isn't there or isn't sound.
    pub(super) fn node(&self, id: NodeId) -> Option<Schema> {
        let mut reader = Reader { packed: self, rest: self.nodes.get(u64::from(id.0))? };
        let schema = reader.schema()?;
        reader.rest.is_empty().then_some(schema)
    }
}

/// The rest of a node's bytes.
struct Reader<'a> {
    packed: &'a Packed,
    rest: &'static [u8],
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<CompactString> {
        let at = self.number()?;
        self.packed.text(at).map(CompactString::from)
    }

    fn json<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        serde_json::from_str(&self.text()?).ok()
    }

    fn id(&mut self) -> Option<NodeId> {
        u32::try_from(self.number()?).ok().map(NodeId)
    }

    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        (0..count).map(|_| one(self)).collect()
    }

    fn field(&mut self) -> Option<Field> {
        let name = self.text()?;
        let number = self.number()?;
        Some(Field { name, required: number & 1 == 1, node: NodeId(u32::try_from(number >> 1).ok()?) })
    }

    fn shape(&mut self) -> Option<Shape> {
        Some(match self.byte()? {
            shape::ANY => Shape::Any,
            shape::OBJECT => {
                let others = match self.number()? {
                    0 => Others::Refused,
                    1 => Others::Free,
                    id => Others::Of(NodeId(u32::try_from(id - 2).ok()?)),
                };
                Shape::Object { fields: self.many(Self::field)?, others }
            }
            shape::LIST => Shape::List(None),
            shape::LIST_OF => Shape::List(Some(self.id()?)),
            shape::TEXT => Shape::Text,
            shape::INTEGER => Shape::Integer,
            shape::NUMBER => Shape::Number,
            shape::BOOLEAN => Shape::Boolean,
            shape::INT_OR_TEXT => Shape::IntOrText,
            shape::QUANTITY => Shape::Quantity,
            _ => return None,
        })
    }

    fn schema(&mut self) -> Option<Schema> {
        let mut schema = Schema::of(self.shape()?);
        let bits = self.number()?;
        let has = |part| bits & part != 0;
        if has(part::DEFINITION) {
            schema.definition = self.text()?;
        }
        if has(part::FORMAT) {
            schema.format = self.text()?;
        }
        if has(part::ALLOWED) {
            schema.allowed = self.many(Self::json::<Value>)?;
        }
        if has(part::DEFAULT) {
            schema.default = Some(self.json()?);
        }
        if has(part::SET) {
            schema.list = ListKind::Set;
        }
        if has(part::KEYED) {
            schema.list = ListKind::Keyed(self.many(Self::text)?);
        }
        let key = if has(part::PATCH_KEY) { self.text()? } else { CompactString::default() };
        schema.patch =
            Patch { merge: has(part::PATCH_MERGE), retain_keys: has(part::PATCH_RETAIN), replace: has(part::PATCH_REPLACE), key };
        if has(part::LIMITS) {
            schema.limits = Some(Box::new(self.limits()?));
        }
        schema.nullable = has(part::NULLABLE);
        schema.atomic_map = has(part::ATOMIC_MAP);
        schema.keeps_unknown = has(part::KEEPS_UNKNOWN);
        schema.embedded = has(part::EMBEDDED);
        Some(schema)
    }

    fn limits(&mut self) -> Option<Limits> {
        let bits = self.number()?;
        let has = |part| bits & part != 0;
        let mut limits = Limits {
            above_minimum: has(limit::ABOVE_MINIMUM),
            below_maximum: has(limit::BELOW_MAXIMUM),
            unique_items: has(limit::UNIQUE_ITEMS),
            ..Limits::default()
        };
        for (bit, number) in [
            (limit::MINIMUM, &mut limits.minimum),
            (limit::MAXIMUM, &mut limits.maximum),
            (limit::MULTIPLE_OF, &mut limits.multiple_of),
        ] {
            if has(bit) {
                *number = Some(self.json()?);
            }
        }
        for (bit, number) in [
            (limit::MIN_LENGTH, &mut limits.min_length),
            (limit::MAX_LENGTH, &mut limits.max_length),
            (limit::MIN_ITEMS, &mut limits.min_items),
            (limit::MAX_ITEMS, &mut limits.max_items),
            (limit::MIN_PROPERTIES, &mut limits.min_properties),
            (limit::MAX_PROPERTIES, &mut limits.max_properties),
        ] {
            if has(bit) {
                *number = Some(self.number()?);
            }
        }
        if has(limit::PATTERN) {
            limits.pattern = self.text()?;
        }
        for (bit, nodes) in
            [(limit::ALL_OF, &mut limits.all_of), (limit::ANY_OF, &mut limits.any_of), (limit::ONE_OF, &mut limits.one_of)]
        {
            if has(bit) {
                *nodes = self.many(Self::id)?;
            }
        }
        if has(limit::NOT) {
            limits.not = Some(self.id()?);
        }
        Some(limits)
    }
}
