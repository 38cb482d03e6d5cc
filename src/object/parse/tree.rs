//! YAML events into trees.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::place::Place;
use super::scalar::{self, Fault};
use super::syntax;
use super::tokens::Reader;
use super::{
    AMBIGUOUS_SCALAR, NUMBER_OUT_OF_RANGE, YAML_ALIAS_BOMB, YAML_DUPLICATE_KEY, YAML_KEY_NOT_TEXT, YAML_MERGE_KEY, YAML_SYNTAX,
    YAML_TAG, YAML_TOO_DEEP,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::object::node::{Data, Map, Node, Text};
use crate::source::Span;

/// Most nodes that one document's aliases may expand to together.
const ALIAS_NODES: usize = 100_000;
/// Most levels of a document in which aliases are expanded; the scanner bounds each source level by the same number.
const DEPTH: usize = 255;

/// A document's tree, and whether any text in it is sealed.
pub(super) struct Document {
    pub(super) root: Node,
    pub(super) sealed: bool,
}

/// Reads all documents and gives each to `each`; a broken one is skipped after its first syntax error, everything else goes on.
pub(super) fn documents(
    text: &str,
    place: Place,
    reader: &Reader,
    diagnostics: &mut Diagnostics,
    mut each: impl FnMut(Document, &mut Diagnostics),
) {
    let mut options = granit_parser::options! {
        strict_indentation: true,
        emit_comments: false,
        // as libyaml and so kubectl: a block scalar that the text ends within has no line end of its own
        block_scalar_eof_without_line_feed: true,
    };
    options.set_emit_comments(false);
    let parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder { parser, text, place, reader, diagnostics, anchors: BTreeMap::new(), expanded: 0, sealed: false };
    loop {
        match builder.document() {
            Ok(Some(root)) => each(Document { root, sealed: builder.sealed }, builder.diagnostics),
            Ok(None) => return,
            Err(error) => {
                builder.diagnostics.push(syntax::explain(&error, text, place));
                if !builder.parser.proceed_next_document().unwrap_or(false) {
                    return;
                }
            }
        }
    }
}

/// An anchored node with what its expansion costs.
struct Anchor {
    node: Node,
    nodes: usize,
    depth: usize,
}

/// A node with its number of nodes and levels, for the bounds on aliases.
struct Built {
    node: Node,
    nodes: usize,
    depth: usize,
}

struct Builder<'a, 'r> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
    place: Place,
    reader: &'r Reader<'r>,
    diagnostics: &'r mut Diagnostics,
    anchors: BTreeMap<usize, Anchor>,
    expanded: usize,
    sealed: bool,
}

type Item<'a> = (Event<'a>, granit_parser::Span);

impl<'a> Builder<'a, '_> {
    fn next(&mut self) -> Result<Item<'a>, ScanError> {
        self.parser.next_event().unwrap_or_else(|| {
            let end = granit_parser::Marker::new(0, 1, 0).with_byte_offset(Some(self.text.len()));
            Ok((Event::StreamEnd, granit_parser::Span::empty(end)))
        })
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or_default();
        // a block scalar's event ends behind its last line end, which would show as the next line
        let covered = self.text.get(range.clone()).unwrap_or("");
        self.place.span(range.start, range.start + covered.trim_end().len())
    }

    /// The next document's root; `None` at the end of the text.
    fn document(&mut self) -> Result<Option<Node>, ScanError> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(None),
                Event::DocumentStart(..) => {
                    self.anchors.clear();
                    self.expanded = 0;
                    self.sealed = false;
                }
                Event::StreamStart | Event::DocumentEnd => {}
                event => return Ok(Some(self.node(event, &span, 0)?.node)),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: &granit_parser::Span, level: usize) -> Result<Built, ScanError> {
        let at = self.span(span);
        let (anchor, built) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let data = self.scalar(text, style, tag.as_deref(), at);
                (anchor, Built { node: Node::new(data, at), nodes: 1, depth: 1 })
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.expect_tag(tag.as_deref(), "seq", at);
                (anchor, self.list(at, level)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.expect_tag(tag.as_deref(), "map", at);
                (anchor, self.map(at, level)?)
            }
            Event::Alias(anchor) => return Ok(self.alias(anchor, at, level)),
            _ => (0, Built { node: Node::new(Data::Null, at), nodes: 1, depth: 1 }),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor { node: built.node.clone(), nodes: built.nodes, depth: built.depth });
        }
        Ok(built)
    }

    fn list(&mut self, start: Span, level: usize) -> Result<Built, ScanError> {
        let mut items = Vec::new();
        let (mut nodes, mut depth, mut whole) = (1, 0, start);
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                if !self.is_block_end(&span) {
                    whole = whole.join(self.span(&span));
                }
                return Ok(Built { node: Node::list(items, whole), nodes, depth: depth + 1 });
            }
            let item = self.node(event, &span, level + 1)?;
            nodes += item.nodes;
            depth = depth.max(item.depth);
            whole = cover(whole, &item.node);
            items.push(item.node);
        }
    }

    fn map(&mut self, start: Span, level: usize) -> Result<Built, ScanError> {
        let mut map = Map::new();
        let mut merges = Vec::new();
        let (mut nodes, mut depth, mut whole) = (1, 0, start);
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                if !self.is_block_end(&span) {
                    whole = whole.join(self.span(&span));
                }
                break;
            }
            let key_span = self.span(&span);
            let key = self.key(event, &span, level)?;
            let (event, span) = self.next()?;
            let value = self.node(event, &span, level + 1)?;
            nodes += value.nodes;
            depth = depth.max(value.depth);
            whole = cover(whole.join(key_span), &value.node);
            match key {
                Key::Text(key) => self.insert(&mut map, key, key_span, value.node),
                Key::Merge => merges.push((key_span, value.node)),
                Key::Bad => {}
            }
        }
        for (span, merged) in merges {
            self.merge(&mut map, merged, span);
        }
        Ok(Built { node: Node::map(map, whole), nodes, depth: depth + 1 })
    }

    /// Whether a collection's end is the unwritten one of block style.
    fn is_block_end(&self, span: &granit_parser::Span) -> bool {
        span.byte_range().and_then(|range| self.text.get(range)).is_none_or(|text| text != "]" && text != "}")
    }

    fn insert(&mut self, map: &mut Map, key: Text, span: Span, node: Node) {
        if let Some(first) = map.entry(&key) {
            let finding = Diagnostic::new(&YAML_DUPLICATE_KEY, format!("the key `{key}` stands twice in one map"))
                .at(span, "again here")
                .also(first.key_span, "first here")
                .hint("readers keep one of the two without a word: remove or rename one");
            self.diagnostics.push(finding);
            return;
        }
        map.insert(key, span, node);
    }

    fn key(&mut self, event: Event<'a>, span: &granit_parser::Span, level: usize) -> Result<Key, ScanError> {
        let at = self.span(span);
        if let Event::Scalar(text, style, 0, None) = &event {
            if self.reader.suspects(text) {
                let refused = self.reader.refuse_key(text, at);
                self.diagnostics.push(refused);
                return Ok(Key::Bad);
            }
            if *style != ScalarStyle::Plain {
                return Ok(Key::Text(text.as_ref().into()));
            }
            if text == "<<" {
                return Ok(Key::Merge);
            }
        }
        let before = self.diagnostics.len();
        let node = self.node(event, span, level + 1)?.node;
        if let Data::Text(key) = node.data {
            return Ok(Key::Text(key));
        }
        if self.diagnostics.len() == before {
            let written = self.text.get(span.byte_range().unwrap_or_default()).unwrap_or("").trim();
            let finding = Diagnostic::new(&YAML_KEY_NOT_TEXT, format!("a key is {}; keys are strings", node.type_name()));
            let finding = if matches!(node.data, Data::List(_) | Data::Map(_)) {
                finding.at(at, "here").hint(
                    "a value that begins with `{` or `[` needs quotes; so does a template's `{{ … }}` that was not rendered",
                )
            } else {
                finding.at(at, "here").hint(format!("quote it: `\"{written}\":`"))
            };
            self.diagnostics.push(finding);
        }
        Ok(Key::Bad)
    }

    /// `<<`: the keys of a map, or of several, where the map has none of its own; an earlier map wins over a later one.
    fn merge(&mut self, map: &mut Map, merged: Node, span: Span) {
        let sources = match merged.data {
            Data::List(items) => items,
            data => vec![Node::new(data, merged.span)],
        };
        for source in sources {
            let Data::Map(source) = source.data else {
                let finding = Diagnostic::new(&YAML_MERGE_KEY, format!("`<<` merges a map, and this is {}", source.type_name()))
                    .at(span, "here")
                    .hint("write `<<: *anchor` with an anchor on a map; as a plain key write `\"<<\"`");
                self.diagnostics.push(finding);
                continue;
            };
            for (key, entry) in source {
                if !map.has(&key) {
                    map.insert(key, entry.key_span, entry.node);
                }
            }
        }
    }

    fn alias(&mut self, anchor: usize, at: Span, level: usize) -> Built {
        let null = Built { node: Node::new(Data::Null, at), nodes: 1, depth: 1 };
        let Some(anchor) = self.anchors.get(&anchor) else {
            self.diagnostics.push(
                Diagnostic::new(&YAML_SYNTAX, "an alias stands inside the value that it names")
                    .at(at, "this alias would never end"),
            );
            return null;
        };
        let before = self.expanded;
        self.expanded = self.expanded.saturating_add(anchor.nodes);
        if self.expanded > ALIAS_NODES {
            if before <= ALIAS_NODES {
                self.diagnostics.push(
                    Diagnostic::new(
                        &YAML_ALIAS_BOMB,
                        format!("the aliases of this document stand for more than {ALIAS_NODES} values"),
                    )
                    .at(at, "the bound is crossed here")
                    .hint("write the values out, or make them with a template's loop"),
                );
            }
            return null;
        }
        if level + anchor.depth > DEPTH {
            self.diagnostics.push(
                Diagnostic::new(&YAML_TOO_DEEP, format!("with its aliases this document has more than {DEPTH} levels"))
                    .at(at, "the bound is crossed here"),
            );
            return null;
        }
        Built { node: anchor.node.clone(), nodes: anchor.nodes, depth: anchor.depth }
    }

    fn scalar(&mut self, text: Cow<'a, str>, style: ScalarStyle, tag: Option<&Tag>, at: Span) -> Data {
        if self.reader.suspects(&text) {
            return match self.reader.read(&text, style == ScalarStyle::DoubleQuoted, at) {
                Ok(data) => {
                    self.sealed |= matches!(data, Data::Sealed(_));
                    data
                }
                Err(finding) => {
                    self.diagnostics.push(finding);
                    Data::Text(text.into())
                }
            };
        }
        match tag {
            None if style == ScalarStyle::Plain => self.resolve(&text, at),
            None => Data::Text(text.into()),
            Some(tag) => self.tagged(&text, tag, at),
        }
    }

    fn resolve(&mut self, text: &str, at: Span) -> Data {
        let fault = match scalar::resolve(text) {
            Ok(data) => return data,
            Err(fault) => fault,
        };
        let finding = match fault {
            Fault::Ambiguous { kubectl, write } => {
                Diagnostic::new(&AMBIGUOUS_SCALAR, format!("`{text}` is {kubectl} to kubectl and a string to other readers"))
                    .at(at, "without quotes")
                    .hint(format!("write `\"{text}\"` for the string, `{write}` for {kubectl}"))
            }
            Fault::Number(what) => Diagnostic::new(&NUMBER_OUT_OF_RANGE, format!("`{text}` is {what}"))
                .at(at, "read as a number")
                .hint(format!("for the string, write `\"{text}\"`")),
        };
        self.diagnostics.push(finding);
        Data::Text(text.into())
    }

    fn tagged(&mut self, text: &str, tag: &Tag, at: Span) -> Data {
        let kind = match (tag.core_suffix(), tag.parts()) {
            (Some("str"), _) | (None, ("", "!")) => return Data::Text(text.into()),
            (Some(kind), _) => kind,
            (None, _) => return self.bad_tag(&tag.original(), text, at),
        };
        let data = self.resolve(text, at);
        let fits = match kind {
            "null" => data == Data::Null,
            "bool" => matches!(data, Data::Bool(_)),
            "int" => matches!(data, Data::Int(_)),
            "float" => matches!(data, Data::Int(_) | Data::Float(_)),
            _ => false,
        };
        if fits { data } else { self.bad_tag(&tag.original(), text, at) }
    }

    fn bad_tag(&mut self, tag: &str, text: &str, at: Span) -> Data {
        self.diagnostics.push(
            Diagnostic::new(&YAML_TAG, format!("the tag `{tag}` doesn't fit here"))
                .at(at, "this value")
                .hint("manifests need no tags; leave it out, and quote the value if it is a string"),
        );
        Data::Text(text.into())
    }

    fn expect_tag(&mut self, tag: Option<&Tag>, suffix: &str, at: Span) {
        if let Some(tag) = tag
            && tag.core_suffix() != Some(suffix)
            && tag.parts() != ("", "!")
        {
            self.bad_tag(&tag.original(), "", at);
        }
    }
}

enum Key {
    Text(Text),
    Merge,
    Bad,
}

/// A collection's span with one more child in it; what an alias stands for lies elsewhere.
fn cover(whole: Span, child: &Node) -> Span {
    if child.span.start >= whole.start { whole.join(child.span) } else { whole }
}
