//! Edits of a text, applied at once, and the way back from the edited text to the first one.

/// Which texts an edit belongs to, or which text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Every text; to write: the strict text.
    Any,
    /// The text that notes what comes from where.
    Traced,
    /// The text in which Tera doesn't stop at the first undefined variable, to find them all.
    Lenient,
}

/// One edit: `text` in place of the `drop` bytes at `at`.
#[derive(Debug, Clone)]
struct Edit {
    at: usize,
    /// Order among the edits of one place.
    order: i64,
    text: String,
    drop: usize,
    mode: Mode,
}

/// Edits, in any order.
#[derive(Debug, Default)]
pub(super) struct Edits {
    list: Vec<Edit>,
    count: i64,
}

impl Edits {
    fn add(&mut self, at: usize, order: i64, text: String, drop: usize, mode: Mode) {
        self.list.push(Edit { at, order, text, drop, mode });
    }

    /// Opens something that an earlier opening at the same place lies inside of.
    pub(super) fn open(&mut self, at: usize, text: impl Into<String>, mode: Mode) {
        self.count += 1;
        self.add(at, -self.count, text.into(), 0, mode);
    }

    /// Closes something that an earlier closing at the same place lies inside of.
    pub(super) fn close(&mut self, at: usize, text: impl Into<String>, mode: Mode) {
        self.count += 1;
        self.add(at, self.count, text.into(), 0, mode);
    }

    /// Puts text before everything else at a place.
    pub(super) fn before(&mut self, at: usize, text: impl Into<String>, mode: Mode) {
        self.add(at, i64::MIN, text.into(), 0, mode);
    }

    /// Puts text in the place of other text.
    pub(super) fn replace(&mut self, at: usize, drop: usize, text: impl Into<String>) {
        self.count += 1;
        self.add(at, self.count, text.into(), drop, Mode::Any);
    }

    /// Brings them into order; nothing is added afterwards.
    pub(super) fn sort(&mut self) {
        self.list.sort_by_key(|edit| (edit.at, edit.order));
    }

    /// Applies them.
    pub(super) fn apply(&self, source: &str, mode: Mode) -> Edited {
        let mut text = String::with_capacity(source.len() + 24 * self.list.len());
        let mut anchors = Vec::with_capacity(self.list.len());
        let mut from = 0;
        for edit in self.list.iter().filter(|edit| edit.mode == Mode::Any || edit.mode == mode) {
            text.push_str(source.get(from..edit.at).unwrap_or(""));
            anchors.push(Anchor { start: text.len(), length: edit.text.len(), source: edit.at });
            text.push_str(&edit.text);
            from = edit.at.max(from) + edit.drop;
        }
        text.push_str(source.get(from..).unwrap_or(""));
        Edited { text, anchors }
    }
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    /// Where the edit's text starts in the edited text.
    start: usize,
    /// Its length.
    length: usize,
    /// Where it was put into the source.
    source: usize,
}

/// A text after its edits.
#[derive(Debug, Default)]
pub(crate) struct Edited {
    /// The text.
    pub(crate) text: String,
    anchors: Vec<Anchor>,
}

impl Edited {
    /// The byte of the source that a byte of the edited text comes from; for one of an edit, the edit's place.
    pub(crate) fn source(&self, offset: usize) -> usize {
        let after = self.anchors.partition_point(|anchor| anchor.start <= offset);
        let Some(anchor) = after.checked_sub(1).and_then(|at| self.anchors.get(at)) else { return offset };
        // What an edit dropped is shorter than what it put in, or the difference is a name's: close enough for a place.
        anchor.source + offset.saturating_sub(anchor.start + anchor.length)
    }
}
