//! Where each key of a TOML text stood first. The parser says where a key is repeated, but not where it was before.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_parser::parser::{Event, EventKind, RecursionGuard};
use toml_parser::{ParseError, Source};

use super::syntax::DEEPEST;

/// For each key that stands twice: the start of a later place, and the first place.
pub(super) fn first_places(text: &str) -> BTreeMap<usize, Range<usize>> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut walk = Walk::new(source);
    let mut ignored: Vec<ParseError> = Vec::new();
    let mut receive = |event: Event| walk.event(&event);
    toml_parser::parser::parse_document(&tokens, &mut RecursionGuard::new(&mut receive, DEEPEST), &mut ignored);
    walk.again
}

struct Walk<'i> {
    source: Source<'i>,
    /// Paths, NUL between their keys, with the place that named each first.
    seen: BTreeMap<String, Range<usize>>,
    again: BTreeMap<usize, Range<usize>>,
    /// How many items each `[[list]]` has so far.
    items: BTreeMap<String, usize>,
    /// Where keys belong: the table of the last header, then inline tables that are open.
    open: Vec<String>,
    /// The path of the header or key that is being read, and of the value behind it.
    path: String,
    in_header: bool,
    inline: usize,
}

impl<'i> Walk<'i> {
    fn new(source: Source<'i>) -> Self {
        Self {
            source,
            seen: BTreeMap::new(),
            again: BTreeMap::new(),
            items: BTreeMap::new(),
            open: Vec::new(),
            path: String::new(),
            in_header: false,
            inline: 0,
        }
    }

    fn event(&mut self, event: &Event) {
        match event.kind() {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => {
                self.open.clear();
                self.path.clear();
                self.in_header = true;
            }
            EventKind::SimpleKey => self.key(event),
            EventKind::ArrayTableClose => {
                *self.items.entry(self.path.clone()).or_default() += 1;
                self.enter_item();
                self.header_done();
            }
            EventKind::StdTableClose => self.header_done(),
            EventKind::InlineTableOpen => {
                // Inline tables in a list are tables of their own.
                self.inline += 1;
                self.open.push(format!("{}\0#{}", self.path, self.inline));
                self.path.clear();
            }
            EventKind::InlineTableClose => {
                self.open.pop();
                self.path.clear();
            }
            EventKind::Newline | EventKind::ValueSep => {
                // In a list, the next item stands at the same path; in a table a new key comes.
                self.path.clear();
            }
            _ => {}
        }
    }

    fn header_done(&mut self) {
        self.open.push(std::mem::take(&mut self.path));
        self.in_header = false;
    }

    fn key(&mut self, event: &Event) {
        if self.path.is_empty() && !self.in_header {
            self.path = self.open.last().cloned().unwrap_or_default();
        }
        let mut decoded = std::borrow::Cow::Borrowed("");
        if let Some(raw) = self.source.get(event) {
            raw.decode_key(&mut decoded, &mut ());
        }
        self.path.push('\0');
        self.path.push_str(&decoded);
        let at = event.span().start()..event.span().end();
        let first = self.seen.entry(self.path.clone()).or_insert_with(|| at.clone()).clone();
        if first != at {
            self.again.insert(at.start, first);
        }
        if self.in_header {
            self.enter_item();
        }
    }

    /// A header below a `[[list]]` means the list's last item.
    fn enter_item(&mut self) {
        if let Some(count) = self.items.get(&self.path) {
            self.path = format!("{}\0#{count}", self.path);
        }
    }
}
