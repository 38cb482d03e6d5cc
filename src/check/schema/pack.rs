//! Writes a packed store, in the layout that `wire.rs` describes. Only the command that makes the schemas anew calls it.

use std::collections::BTreeMap;

use super::kinds::{Kind, Scope};
use super::model::{Limits, ListKind, NodeId, Others, Schema, Shape};
use super::store::Schemas;
use super::wire::{MAGIC, limit, part, row, shape};

/// The bytes of a set of kinds. Equal sets give equal bytes.
pub fn pack(schemas: &Schemas) -> Vec<u8> {
    let kinds = schemas.kinds();
    // Twice over everything: first each text is counted, so that the most used get the shortest numbers.
    let mut uses: BTreeMap<String, u64> = BTreeMap::new();
    write_all(schemas, &kinds, &mut |text| {
        *uses.entry(text.to_owned()).or_default() += 1;
        0
    });
    let mut texts: Vec<(String, u64)> = uses.into_iter().collect();
    texts.sort_by(|(a_text, a), (b_text, b)| b.cmp(a).then_with(|| a_text.cmp(b_text)));
    let numbers: BTreeMap<&str, u64> = texts.iter().zip(0..).map(|((text, _), number)| (text.as_str(), number)).collect();
    let (rows, nodes) = write_all(schemas, &kinds, &mut |text| numbers.get(text).copied().unwrap_or_default());

    let mut out = MAGIC.to_vec();
    for count in [texts.len(), nodes.len(), kinds.len()] {
        out.extend(short(count));
    }
    out.extend(offsets(texts.iter().map(|(text, _)| text.len())));
    out.extend(offsets(nodes.iter().map(Vec::len)));
    out.extend(rows);
    out.extend(texts.iter().flat_map(|(text, _)| text.bytes()));
    out.extend(nodes.iter().flatten());
    out
}

fn short(number: usize) -> [u8; 4] {
    // A store of 4 GiB is out of the question.
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn offsets(lengths: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut at = 0;
    let mut out = short(0).to_vec();
    for length in lengths {
        at += length;
        out.extend(short(at));
    }
    out
}

/// The rows of the kinds, and each node; `number` says which number stands for a text.
fn write_all(schemas: &Schemas, kinds: &[Kind], number: &mut dyn FnMut(&str) -> u64) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut rows = Vec::new();
    for kind in kinds {
        for text in [&kind.group, &kind.version, &kind.kind, &kind.resource] {
            rows.extend(short(usize::try_from(number(text)).unwrap_or(usize::MAX)));
        }
        let scope = match kind.scope {
            Scope::Namespaced => row::NAMESPACED,
            Scope::Cluster => row::CLUSTER,
            Scope::None => 0,
        };
        rows.extend(kind.root.0.to_le_bytes());
        rows.extend((scope | if kind.storable { row::STORABLE } else { 0 }).to_le_bytes());
    }
    let count = u32::try_from(schemas.store().len()).unwrap_or(u32::MAX);
    let nodes = (0..count)
        .map(|id| {
            let mut writer = Writer { out: Vec::new(), number };
            writer.schema(schemas.store().get(NodeId(id)));
            writer.out
        })
        .collect();
    (rows, nodes)
}

struct Writer<'a> {
    out: Vec<u8>,
    number: &'a mut dyn FnMut(&str) -> u64,
}

impl Writer<'_> {
    fn number(&mut self, mut number: u64) {
        loop {
            let low = u8::try_from(number & 0x7f).unwrap_or_default();
            number >>= 7;
            if number == 0 {
                return self.out.push(low);
            }
            self.out.push(low | 0x80);
        }
    }

    fn text(&mut self, text: &str) {
        let number = (self.number)(text);
        self.number(number);
    }

    fn many<T>(&mut self, items: &[T], mut one: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            one(self, item);
        }
    }

    fn id(&mut self, id: NodeId) {
        self.number(u64::from(id.0));
    }

    fn shape(&mut self, of: &Shape) {
        self.out.push(match of {
            Shape::Any => shape::ANY,
            Shape::Object { .. } => shape::OBJECT,
            Shape::List(None) => shape::LIST,
            Shape::List(Some(_)) => shape::LIST_OF,
            Shape::Text => shape::TEXT,
            Shape::Integer => shape::INTEGER,
            Shape::Number => shape::NUMBER,
            Shape::Boolean => shape::BOOLEAN,
            Shape::IntOrText => shape::INT_OR_TEXT,
            Shape::Quantity => shape::QUANTITY,
        });
        match of {
            Shape::Object { fields, others } => {
                self.number(match others {
                    Others::Refused => 0,
                    Others::Free => 1,
                    Others::Of(id) => u64::from(id.0) + 2,
                });
                self.many(fields, |writer, field| {
                    writer.text(&field.name);
                    writer.number(u64::from(field.node.0) << 1 | u64::from(field.required));
                });
            }
            Shape::List(Some(items)) => self.id(*items),
            _ => {}
        }
    }

    fn schema(&mut self, schema: &Schema) {
        self.shape(&schema.shape);
        self.number(bits(&[
            (part::DEFINITION, !schema.definition.is_empty()),
            (part::FORMAT, !schema.format.is_empty()),
            (part::ALLOWED, !schema.allowed.is_empty()),
            (part::DEFAULT, schema.default.is_some()),
            (part::SET, schema.list == ListKind::Set),
            (part::KEYED, matches!(schema.list, ListKind::Keyed(_))),
            (part::PATCH_KEY, !schema.patch.key.is_empty()),
            (part::PATCH_MERGE, schema.patch.merge),
            (part::PATCH_RETAIN, schema.patch.retain_keys),
            (part::PATCH_REPLACE, schema.patch.replace),
            (part::LIMITS, schema.limits.is_some()),
            (part::NULLABLE, schema.nullable),
            (part::ATOMIC_MAP, schema.atomic_map),
            (part::KEEPS_UNKNOWN, schema.keeps_unknown),
            (part::EMBEDDED, schema.embedded),
        ]));
        for text in [&schema.definition, &schema.format] {
            if !text.is_empty() {
                self.text(text);
            }
        }
        if !schema.allowed.is_empty() {
            self.many(&schema.allowed, |writer, value| writer.text(&value.to_string()));
        }
        if let Some(default) = &schema.default {
            self.text(&default.to_string());
        }
        if let ListKind::Keyed(keys) = &schema.list {
            self.many(keys, |writer, key| writer.text(key));
        }
        if !schema.patch.key.is_empty() {
            self.text(&schema.patch.key);
        }
        if let Some(limits) = &schema.limits {
            self.limits(limits);
        }
    }

    fn limits(&mut self, limits: &Limits) {
        self.number(bits(&[
            (limit::MINIMUM, limits.minimum.is_some()),
            (limit::MAXIMUM, limits.maximum.is_some()),
            (limit::MULTIPLE_OF, limits.multiple_of.is_some()),
            (limit::MIN_LENGTH, limits.min_length.is_some()),
            (limit::MAX_LENGTH, limits.max_length.is_some()),
            (limit::PATTERN, !limits.pattern.is_empty()),
            (limit::MIN_ITEMS, limits.min_items.is_some()),
            (limit::MAX_ITEMS, limits.max_items.is_some()),
            (limit::MIN_PROPERTIES, limits.min_properties.is_some()),
            (limit::MAX_PROPERTIES, limits.max_properties.is_some()),
            (limit::ALL_OF, !limits.all_of.is_empty()),
            (limit::ANY_OF, !limits.any_of.is_empty()),
            (limit::ONE_OF, !limits.one_of.is_empty()),
            (limit::NOT, limits.not.is_some()),
            (limit::ABOVE_MINIMUM, limits.above_minimum),
            (limit::BELOW_MAXIMUM, limits.below_maximum),
            (limit::UNIQUE_ITEMS, limits.unique_items),
        ]));
        for number in [&limits.minimum, &limits.maximum, &limits.multiple_of].into_iter().flatten() {
            self.text(&number.to_string());
        }
        let counts = [
            limits.min_length,
            limits.max_length,
            limits.min_items,
            limits.max_items,
            limits.min_properties,
            limits.max_properties,
        ];
        for number in counts.into_iter().flatten() {
            self.number(number);
        }
        if !limits.pattern.is_empty() {
            self.text(&limits.pattern);
        }
        for nodes in [&limits.all_of, &limits.any_of, &limits.one_of] {
            if !nodes.is_empty() {
                self.many(nodes, |writer, id| writer.id(*id));
            }
        }
        if let Some(not) = limits.not {
            self.id(not);
        }
    }
}

fn bits(parts: &[(u64, bool)]) -> u64 {
    parts.iter().filter(|(_, there)| *there).fold(0, |bits, (bit, _)| bits | bit)
}
