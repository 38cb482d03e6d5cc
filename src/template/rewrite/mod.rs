//! Rewriting: a template's text is changed before Tera sees it, because Tera offers no hook.
//!
//! Every variable is put through a filter `__s(i=SITE)` that refuses undefined values and secrets used for more than text,
//! and that counts the work; the site table says where the variable stands and what it is used for. The traced text has
//! calls of `__at(i=SITE)` besides, which note what part of the output comes from where. The names of filters, tests and
//! functions are checked here, because Tera gives no place for them.
//!
//! Rewriting never changes what a template writes for defined values.

mod edits;
mod expression;
mod lex;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub(super) use edits::Edited;
use edits::Edits;
pub(super) use edits::Mode;
use lex::{Code, Confused, Kind, Lexed, Piece, Token};

use super::rules;
use super::site::{Role, Site, SiteId};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::object::{FOREIGN_TOKEN, REF_PREFIX};
use crate::secret::{TOKEN_PREFIX, Tokens};
use crate::source::{FileId, Span};

/// What a template names, with the places.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// `{% include "…" %}`, as written.
    pub(super) includes: Vec<(String, Span)>,
    /// `{% extends "…" %}`, as written.
    pub(super) extends: Option<(String, Span)>,
    /// `{% block … %}`
    pub(super) blocks: Vec<(String, Span)>,
    /// `{% component … %}`
    pub(super) components: Vec<(String, Span)>,
    /// `<Component …>`
    pub(super) calls: Vec<(String, Span)>,
    /// Variables that the template itself makes.
    pub(super) locals: BTreeSet<String>,
}

/// A template, read: what it names, what is watched, and how to write it for Tera.
#[derive(Debug)]
pub(super) struct Rewritten {
    /// What it names.
    pub(super) facts: Facts,
    /// Its sites; a [`SiteId`]'s second number counts them.
    pub(super) sites: Vec<Site>,
    /// What is wrong with it, as far as is seen here.
    pub(super) problems: Diagnostics,
    /// The byte where it couldn't be read; Tera says why.
    pub(super) confused: Option<usize>,
    edits: Edits,
}

impl Rewritten {
    /// The text for Tera, as it is if it couldn't be read.
    pub(super) fn write(&self, source: &str, mode: Mode) -> Edited {
        if self.confused.is_some() { Edits::default().apply(source, mode) } else { self.edits.apply(source, mode) }
    }

    /// Puts the full names of included and extended templates where they are written.
    pub(super) fn resolve(&mut self, rename: impl Fn(&str) -> Option<String>) {
        for (written, span) in self.facts.includes.iter_mut().chain(&mut self.facts.extends) {
            if let Some(name) = rename(written)
                && name != *written
            {
                let range = span.range();
                self.edits.replace(range.start, range.len(), format!("\"{name}\""));
                *written = name;
            }
        }
        self.edits.sort();
    }
}

/// What a counter of literal text belongs to.
enum Scope {
    /// A loop: the sites of its list.
    Loop(std::ops::Range<usize>),
    /// The part behind the `else` of a loop.
    Otherwise,
    /// A component's definition: its body's site.
    Component(usize),
    /// A `filter` block: the site of its opening tag, which is where its output is said to come from.
    Filter(u64),
    /// Anything else with an end tag.
    Other,
}

struct Rewriter<'a> {
    /// Which template, in site numbers.
    template: u32,
    file: FileId,
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// One past the last token of this tag or expression.
    stop: usize,
    /// Where the last token ended.
    last_end: usize,
    depth: usize,
    scopes: Vec<Scope>,
    edits: Edits,
    facts: Facts,
    sites: Vec<Site>,
    problems: Diagnostics,
}

/// Reads the template with this number.
pub(super) fn rewrite(template: u32, file: FileId, text: &str) -> Rewritten {
    let (lexed, lex_error) = match lex::lex(text) {
        Ok(lexed) => (lexed, None),
        Err(confused) => (Lexed::default(), Some(confused)),
    };
    let mut rewriter = Rewriter {
        template,
        file,
        text,
        tokens: &lexed.tokens,
        at: 0,
        stop: 0,
        last_end: 0,
        depth: 0,
        scopes: Vec::new(),
        edits: Edits::default(),
        facts: Facts::default(),
        sites: Vec::new(),
        problems: Diagnostics::new(),
    };
    rewriter.refuse_tokens();
    let confused = lex_error.or_else(|| rewriter.pieces(&lexed.pieces).err()).map(|confused| confused.at);
    let Rewriter { edits, facts, sites, problems, .. } = rewriter;
    Rewritten { facts, sites, problems, confused, edits }
}

/// What a string literal says.
fn unquote(literal: &str) -> String {
    let mut inside = literal.chars();
    inside.next();
    inside.next_back();
    let mut text = String::with_capacity(literal.len());
    while let Some(c) = inside.next() {
        match c {
            '\\' => match inside.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                other => text.extend(other),
            },
            c => text.push(c),
        }
    }
    text
}

impl<'a> Rewriter<'a> {
    fn pieces(&mut self, pieces: &[Piece]) -> Result<(), Confused> {
        // A template is charged for its text each time it is included.
        let body = self.site(0, 0, Role::Body, None, false, true);
        let (mut total, mut trimmed) = (0, false);
        for piece in pieces {
            let after = std::mem::replace(&mut trimmed, false);
            match piece {
                Piece::Text(range) => {
                    total += range.len();
                    self.literal(range.len());
                    self.mark_text(range.start, range.end);
                }
                Piece::Raw { open, body, trims_after } => {
                    total += body.len();
                    trimmed = *trims_after;
                    self.literal(body.len());
                    let written = self.text.get(body.clone()).unwrap_or("");
                    let blanks = if after { written.len() - written.trim_start().len() } else { 0 };
                    let site = self.site(body.start + blanks, body.end, Role::Text, None, false, true);
                    self.call_before(*open, &format!("__at(i={site})"), after, Mode::Traced);
                }
                // Tera trims through a comment.
                Piece::Comment(trims) => trimmed = after || *trims,
                Piece::Code(code) => {
                    trimmed = code.trims;
                    self.at = code.tokens.start;
                    self.stop = code.tokens.end;
                    self.last_end = code.open;
                    self.depth = 0;
                    if code.tag {
                        self.tag(code)?;
                    } else {
                        self.expression_piece(code)?;
                    }
                    if self.at != self.stop {
                        return Err(self.confused());
                    }
                }
            }
        }
        // `extends` must stay the first tag; what such a template writes stands in its blocks, once.
        if self.facts.extends.is_none() {
            self.charge(0, total);
            self.edits.before(0, format!("{{{{ __f(i={body}) }}}}"), Mode::Any);
            self.edits.close(self.text.len(), "{{ __x() }}", Mode::Any);
        }
        Ok(())
    }

    fn mark_text(&mut self, start: usize, end: usize) {
        let text = self.text.get(start..end).unwrap_or("");
        let blanks = text.len() - text.trim_start().len();
        if blanks < text.len() {
            let first = start + blanks;
            let site = self.site(first, end, Role::Text, None, false, true);
            self.edits.close(first, format!("{{{{ __at(i={site}) }}}}"), Mode::Traced);
        }
    }

    /// Calls a function before the tag whose opening delimiter ends at `open`: `{%- raw` becomes `{{- call }}{%- raw`, so that what
    /// trims comes first; if the piece before trims what follows, so does the call.
    fn call_before(&mut self, open: usize, call: &str, after: bool, mode: Mode) {
        let trims = self.text.as_bytes().get(open - 1) == Some(&b'-');
        let (start, dash) = if trims { (open - 3, "-") } else { (open - 2, "") };
        let end = if after { "-" } else { "" };
        self.edits.before(start, format!("{{{{{dash} {call} {end}}}}}"), mode);
    }

    fn expression_piece(&mut self, code: &Code) -> Result<(), Confused> {
        let start = self.peek().map_or(code.open, |token| token.start);
        let operand = self.expression(0)?;
        let site = self.site(start, self.last_end, Role::Expression, None, false, true);
        self.edits.before(code.open, format!(" __at(i={site}) }}}}{{{{"), Mode::Traced);
        self.demand(operand, Role::Output);
        Ok(())
    }

    fn tag(&mut self, code: &Code) -> Result<(), Confused> {
        let first = self.next()?;
        if first.kind == Kind::Symbol("<") {
            self.component_call(false)?;
            self.expect(">")?;
            self.scopes.push(Scope::Other);
            return Ok(());
        }
        if first.kind == Kind::Symbol("</") {
            self.component_call(true)?;
            self.scopes.pop();
            return self.expect(">");
        }
        match self.slice(first) {
            "set" | "set_global" => self.set(),
            "if" => {
                self.scopes.push(Scope::Other);
                self.condition()
            }
            "elif" => self.condition(),
            "else" => {
                if let Some(scope @ Scope::Loop(_)) = self.scopes.last_mut() {
                    *scope = Scope::Otherwise;
                }
                Ok(())
            }
            "for" => self.for_loop(),
            "endif" | "endfor" | "endset" => {
                self.scopes.pop();
                Ok(())
            }
            "endfilter" => {
                if let Some(Scope::Filter(site)) = self.scopes.pop() {
                    self.call_before(code.open, &format!("__at(i={site})"), false, Mode::Traced);
                }
                Ok(())
            }
            "endblock" => {
                self.scopes.pop();
                self.take_name();
                Ok(())
            }
            "endcomponent" => {
                self.scopes.pop();
                self.call_before(code.open, "__x()", false, Mode::Any);
                if self.peek().is_some() { self.dotted_name().map(|_| ()) } else { Ok(()) }
            }
            "include" => {
                let template = self.template_name()?;
                self.facts.includes.push(template);
                Ok(())
            }
            "extends" => {
                let template = self.template_name()?;
                self.facts.extends = Some(template);
                Ok(())
            }
            "block" => {
                let name = self.next_name()?;
                let entry = (self.slice(name).to_owned(), self.span(name.start, name.end));
                self.facts.blocks.push(entry);
                self.scopes.push(Scope::Other);
                Ok(())
            }
            "filter" => {
                self.filter_of_tag()?;
                self.more_filters()?;
                let site = self.site(first.start, self.last_end, Role::Expression, None, false, true);
                self.scopes.push(Scope::Filter(site));
                Ok(())
            }
            "component" => self.component(code),
            "break" | "continue" => Ok(()),
            _ => Err(Confused { at: first.start }),
        }
    }

    fn condition(&mut self) -> Result<(), Confused> {
        let condition = self.expression(0)?;
        self.demand(condition, Role::Condition);
        Ok(())
    }

    fn set(&mut self) -> Result<(), Confused> {
        let name = self.next_name()?;
        self.define(name);
        if self.take("=") {
            let value = self.expression(0)?;
            self.demand(value, Role::Pass);
            return Ok(());
        }
        self.scopes.push(Scope::Other);
        self.more_filters()
    }

    fn more_filters(&mut self) -> Result<(), Confused> {
        while self.take("|") {
            self.filter_of_tag()?;
        }
        Ok(())
    }

    fn for_loop(&mut self) -> Result<(), Confused> {
        self.loop_names()?;
        let list = self.expression(0)?;
        let first = self.sites.len();
        self.demand(list, Role::Loop);
        self.scopes.push(Scope::Loop(first..self.sites.len()));
        Ok(())
    }

    /// `name in` or `key, name in`, of a loop or comprehension.
    fn loop_names(&mut self) -> Result<(), Confused> {
        let name = self.next_name()?;
        self.define(name);
        if self.take(",") {
            let name = self.next_name()?;
            self.define(name);
        }
        self.expect_word("in")
    }

    fn component(&mut self, code: &Code) -> Result<(), Confused> {
        let (name, start) = self.dotted_name()?;
        let span = self.span(start, self.last_end);
        self.facts.components.push((name, span));
        self.expect("(")?;
        let mut depth = 1;
        let (mut awaits_name, mut implicit) = (true, false);
        while depth > 0 {
            let token = self.next()?;
            match token.kind {
                Kind::Symbol("(" | "[" | "{") => depth += 1,
                Kind::Symbol(")" | "]" | "}") => depth -= 1,
                Kind::Symbol(",") if depth == 1 => (awaits_name, implicit) = (true, false),
                Kind::Symbol("@") => implicit = true,
                Kind::Name if awaits_name && depth == 1 => {
                    if !implicit {
                        self.refuse_given(token);
                    }
                    self.refuse_internal(token);
                    self.facts.locals.insert(self.slice(token).to_owned());
                    awaits_name = false;
                }
                _ => {}
            }
        }
        // A map of metadata may follow: literals only.
        while self.peek().is_some() {
            self.next()?;
        }
        let site = self.site(start, self.last_end, Role::Body, None, false, true);
        let dash = if code.trims { "-" } else { "" };
        self.edits.close(code.end, format!("{{{{ __f(i={site}) {dash}}}}}"), Mode::Any);
        self.scopes.push(Scope::Component(self.sites.len() - 1));
        Ok(())
    }

    fn template_name(&mut self) -> Result<(String, Span), Confused> {
        let token = self.next()?;
        if token.kind != Kind::Text {
            return Err(Confused { at: token.start });
        }
        Ok((unquote(self.slice(token)), self.span(token.start, token.end)))
    }

    fn dotted_name(&mut self) -> Result<(String, usize), Confused> {
        let first = self.next_name()?;
        let mut name = self.slice(first).to_owned();
        while self.take(".") {
            let part = self.next_name()?;
            name.push('.');
            name.push_str(self.slice(part));
        }
        Ok((name, first.start))
    }

    /// A variable that the template makes.
    fn define(&mut self, token: Token) {
        self.refuse_given(token);
        self.refuse_internal(token);
        self.facts.locals.insert(self.slice(token).to_owned());
    }

    /// What is known of `values` and `git` holds only if nothing else has their name.
    fn refuse_given(&mut self, token: Token) {
        let name = self.slice(token);
        if matches!(name, "values" | "secrets" | "git") {
            let problem = Diagnostic::new(&rules::RESERVED_NAME, format!("`{name}` is what every template is given"))
                .at(self.span(token.start, token.end), "reserved")
                .hint("choose another name; a component takes it from its caller with `@` before it");
            self.problems.push(problem);
        }
    }

    /// Names with two underscores in front are Tera's and Plimsoll's own.
    fn refuse_internal(&mut self, token: Token) {
        let name = self.slice(token);
        if !name.starts_with("__") {
            return;
        }
        let hint = match name {
            "__tera_context" => "it would write out everything, secrets included; name the values that you need",
            _ => "choose a name without the underscores",
        };
        let problem = Diagnostic::new(&rules::RESERVED_NAME, format!("`{name}`: names that begin with `__` are reserved"))
            .at(self.span(token.start, token.end), "reserved");
        self.problems.push(problem.hint(hint));
    }

    /// The prefixes of tokens, typed by hand.
    fn refuse_tokens(&mut self) {
        if !Tokens::mentioned(self.text) && !super::guard::mentions_ref(self.text) {
            return;
        }
        let lower = self.text.to_ascii_lowercase();
        let hints = [
            (TOKEN_PREFIX, "write `{{ secrets.PATH }}`: the token is put there while rendering, and differs at each run"),
            (REF_PREFIX, "write `{{ ref(\"configmap/NAME\") }}`: the token is put there while rendering"),
        ];
        for (prefix, hint) in hints {
            for (at, _) in lower.match_indices(prefix) {
                let problem = Diagnostic::new(&FOREIGN_TOKEN, "a token of Plimsoll's is typed into a template")
                    .at(self.span(at, at + prefix.len()), "the prefix of tokens")
                    .hint(hint);
                self.problems.push(problem);
            }
        }
    }

    fn literal(&mut self, bytes: usize) {
        for at in (0..self.scopes.len()).rev() {
            match self.scopes.get(at) {
                Some(Scope::Loop(sites)) => {
                    for site in sites.clone() {
                        self.charge(site, bytes);
                    }
                    return;
                }
                Some(Scope::Component(site)) => {
                    let site = *site;
                    return self.charge(site, bytes);
                }
                _ => {}
            }
        }
    }

    fn charge(&mut self, site: usize, bytes: usize) {
        if let Some(site) = self.sites.get_mut(site) {
            site.literal = site.literal.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        }
    }

    fn in_loop(&self) -> bool {
        self.scopes.iter().any(|scope| matches!(scope, Scope::Loop(_)))
    }

    fn in_component(&self) -> bool {
        self.scopes.iter().any(|scope| matches!(scope, Scope::Component(_)))
    }

    fn site(&mut self, start: usize, end: usize, role: Role, path: Option<String>, optional: bool, clean: bool) -> u64 {
        let id = SiteId(self.template, u32::try_from(self.sites.len()).unwrap_or(u32::MAX));
        self.sites.push(Site { span: self.span(start, end), role, path, optional, clean, literal: 0 });
        id.number()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    fn slice(&self, token: Token) -> &'a str {
        self.text.get(token.start..token.end).unwrap_or("")
    }

    fn peek_at(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied().filter(|_| self.at + ahead < self.stop)
    }

    fn peek(&self) -> Option<Token> {
        self.peek_at(0)
    }

    fn word(&self) -> Option<&'a str> {
        self.peek().filter(|token| token.kind == Kind::Name).map(|token| self.slice(token))
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Token { kind: Kind::Symbol(found), .. }) if found == symbol)
    }

    fn next(&mut self) -> Result<Token, Confused> {
        let token = self.peek().ok_or_else(|| self.confused())?;
        self.at += 1;
        self.last_end = token.end;
        Ok(token)
    }

    fn next_name(&mut self) -> Result<Token, Confused> {
        let token = self.next()?;
        if token.kind == Kind::Name { Ok(token) } else { Err(Confused { at: token.start }) }
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            let _ = self.next();
        }
        found
    }

    fn take_name(&mut self) {
        if self.word().is_some() {
            let _ = self.next();
        }
    }

    fn expect(&mut self, symbol: &str) -> Result<(), Confused> {
        if self.take(symbol) { Ok(()) } else { Err(self.confused()) }
    }

    fn expect_word(&mut self, word: &str) -> Result<(), Confused> {
        if self.word() == Some(word) { self.next().map(|_| ()) } else { Err(self.confused()) }
    }

    fn confused(&self) -> Confused {
        Confused { at: self.peek().map_or(self.last_end, |token| token.start) }
    }
}
