//! Expressions: walked as Tera's own parser walks them, with its binding powers, to know what every value is used for.
//!
//! Nothing is built: a walk gives an [`Operand`], what consumes it says what for ([`Rewriter::demand`]), and that puts the
//! checking filter around it, where one is needed.

use super::super::builtin;
use super::super::rules;
use super::super::site::{Gives, Role, Row, Stance};
use super::lex::{Confused, Kind, Token};
use super::{Mode, Rewriter, unquote};
use crate::diagnostic::{Diagnostic, nearest};

/// Tera refuses at 40; beyond this the walk gives up, and Tera's error is shown.
const DEPTH: usize = 60;

/// What is known of an expression that nothing has consumed yet.
pub(super) struct Operand {
    start: usize,
    end: usize,
    /// Its outermost part is an operator, which binds less than a filter behind it.
    loose: bool,
    pub(super) what: What,
}

/// See [`Operand`].
pub(super) enum What {
    /// A literal, number or truth value: defined, and no secret.
    Scalar,
    /// A text; clean if it is made of clean parts.
    Text { clean: bool },
    /// Anything else that is defined.
    Any { clean: bool },
    /// A variable, not checked yet.
    Path { path: Option<String>, optional: bool, clean: bool, dots: Vec<usize> },
    /// One of these.
    Branches(Vec<Operand>),
}

impl Operand {
    fn new(start: usize, end: usize, what: What) -> Self {
        Self { start, end, loose: false, what }
    }

    fn loose(start: usize, end: usize, what: What) -> Self {
        Self { loose: true, ..Self::new(start, end, what) }
    }

    fn clean(&self) -> bool {
        match &self.what {
            What::Scalar => true,
            What::Text { clean } | What::Any { clean } | What::Path { clean, .. } => *clean,
            What::Branches(branches) => branches.iter().all(Self::clean),
        }
    }
}

/// Left and right binding power of a binary operator.
fn power(operator: &str) -> Option<(u8, u8)> {
    Some(match operator {
        "or" => (1, 2),
        "and" => (3, 4),
        "in" | "is" => (5, 6),
        "==" | "!=" | "<" | "<=" | ">" | ">=" => (7, 8),
        "+" | "-" => (11, 12),
        "*" | "/" | "%" | "~" | "//" => (13, 14),
        "**" => (16, 15),
        "|" => (17, 18),
        _ => return None,
    })
}

impl Rewriter<'_> {
    /// Says what an operand is used for: the checks that this asks for are written around it.
    pub(super) fn demand(&mut self, operand: Operand, role: Role) {
        // A filter's input needs no brackets: nothing binds tighter than the filter that follows.
        self.check(operand, role, !matches!(role, Role::Filter(_) | Role::Decided));
    }

    fn check(&mut self, operand: Operand, role: Role, brackets: bool) {
        let (start, end) = (operand.start, operand.end);
        let charged = matches!(role, Role::Loop | Role::Container);
        let tokens_welcome = matches!(role, Role::Pass | Role::Output | Role::Concat)
            || matches!(role, Role::Filter(row) if row.stance != Stance::Refuses);
        match operand.what {
            What::Branches(branches) => branches.into_iter().for_each(|branch| self.check(branch, role, true)),
            What::Path { path, optional, clean, dots } => {
                // The lenient text leaves all that is undefined to the check, which goes on to find more.
                for dot in dots.into_iter().filter(|_| !optional && role != Role::Asked) {
                    self.edits.close(dot, "?", Mode::Lenient);
                }
                let site = self.site(start, end, role, path, optional, clean);
                self.wrap(start, end, if role == Role::Asked { Mode::Traced } else { Mode::Any }, brackets, site);
            }
            What::Scalar | What::Text { clean: true } | What::Any { clean: true } if !charged => {}
            What::Text { .. } if tokens_welcome => {}
            What::Any { .. } if matches!(role, Role::Pass) => {}
            What::Any { .. } if matches!(role, Role::Filter(row) if row.stance == Stance::Passes) => {}
            What::Scalar | What::Text { .. } | What::Any { .. } => {
                let clean = operand.clean();
                let site = self.site(start, end, role, None, false, clean);
                if operand.loose {
                    self.edits.open(start, "(", Mode::Any);
                    self.edits.close(end, ")", Mode::Any);
                }
                self.wrap(start, end, if role == Role::Asked { Mode::Traced } else { Mode::Any }, brackets, site);
            }
        }
    }

    fn wrap(&mut self, start: usize, end: usize, mode: Mode, brackets: bool, site: u64) {
        if brackets {
            self.edits.open(start, "(", mode);
            self.edits.close(end, format!(" | __s(i={site}))"), mode);
        } else {
            self.edits.close(end, format!(" | __s(i={site})"), mode);
        }
    }

    /// An expression whose operators bind at least as tight as `least`.
    pub(super) fn expression(&mut self, least: u8) -> Result<Operand, Confused> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.confused());
        }
        let first = self.prefix()?;
        let operand = self.operators(first, least);
        self.depth -= 1;
        operand
    }

    fn prefix(&mut self) -> Result<Operand, Confused> {
        let token = self.next()?;
        let start = token.start;
        let what = match token.kind {
            Kind::Text | Kind::Number => What::Scalar,
            Kind::Name => return self.name(token),
            Kind::Symbol("-") => {
                let operand = self.expression(20)?;
                self.demand(operand, Role::Arithmetic);
                What::Scalar
            }
            Kind::Symbol("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                inner.what
            }
            Kind::Symbol("[") => self.list()?,
            Kind::Symbol("{") => self.map()?,
            Kind::Symbol("<") => {
                self.component_call(false)?;
                self.expect("/")?;
                self.expect(">")?;
                What::Text { clean: false }
            }
            Kind::Symbol(_) => return Err(Confused { at: start }),
        };
        Ok(Operand::new(start, self.last_end, what))
    }

    fn name(&mut self, token: Token) -> Result<Operand, Confused> {
        match self.slice(token) {
            "true" | "True" | "false" | "False" | "none" | "None" | "null" => {
                Ok(Operand::new(token.start, token.end, What::Scalar))
            }
            "not" => {
                let operand = self.expression(5)?;
                self.demand(operand, Role::Condition);
                Ok(Operand::loose(token.start, self.last_end, What::Scalar))
            }
            _ if self.is("(") => self.call(token),
            _ => self.path(token),
        }
    }

    fn operators(&mut self, mut left: Operand, least: u8) -> Result<Operand, Confused> {
        loop {
            let Some(token) = self.peek() else { return Ok(left) };
            let operator = match token.kind {
                Kind::Symbol(symbol) => symbol,
                Kind::Name => self.slice(token),
                _ => return Ok(left),
            };
            match operator {
                "[" => {
                    let start = left.start;
                    self.demand(left, Role::Indexed);
                    self.subscript(None)?;
                    left = Operand::new(start, self.last_end, What::Any { clean: false });
                    continue;
                }
                "not" if least <= 5 => {
                    self.next()?;
                    if self.word() != Some("in") {
                        return Err(self.confused());
                    }
                    continue;
                }
                "if" if least == 0 => return self.ternary(left),
                _ => {}
            }
            let Some((_, right)) = power(operator).filter(|(left, _)| *left >= least) else { return Ok(left) };
            self.next()?;
            left = self.operation(left, operator, right)?;
        }
    }

    fn operation(&mut self, left: Operand, operator: &str, power: u8) -> Result<Operand, Confused> {
        let start = left.start;
        let what = match operator {
            "|" => return self.filter_behind(left),
            "is" => return self.test_behind(left),
            "or" | "and" => {
                self.demand(left, Role::Condition);
                let right = self.expression(power)?;
                match right.what {
                    What::Scalar => What::Scalar,
                    _ => What::Branches(vec![right]),
                }
            }
            "~" => {
                let clean = left.clean();
                self.demand(left, Role::Concat);
                let right = self.expression(power)?;
                let clean = clean && right.clean();
                self.demand(right, Role::Concat);
                What::Text { clean }
            }
            _ => {
                let (first, second) = match operator {
                    "in" => (Role::Comparison, Role::Container),
                    "==" | "!=" | "<" | "<=" | ">" | ">=" => (Role::Comparison, Role::Comparison),
                    _ => (Role::Arithmetic, Role::Arithmetic),
                };
                self.demand(left, first);
                let right = self.expression(power)?;
                self.demand(right, second);
                What::Scalar
            }
        };
        Ok(Operand::loose(start, self.last_end, what))
    }

    fn ternary(&mut self, yes: Operand) -> Result<Operand, Confused> {
        let start = yes.start;
        self.next()?;
        let condition = self.expression(0)?;
        self.demand(condition, Role::Condition);
        self.expect_word("else")?;
        let no = self.expression(0)?;
        Ok(Operand::new(start, self.last_end, What::Branches(vec![yes, no])))
    }

    fn filter_behind(&mut self, left: Operand) -> Result<Operand, Confused> {
        let start = left.start;
        let clean = left.clean();
        let token = self.next_name()?;
        let Some(row) = self.row(token, builtin::FILTERS) else {
            self.demand(left, Role::Pass);
            self.arguments(None)?;
            return Ok(Operand::new(start, self.last_end, What::Any { clean: false }));
        };
        if row.name == "default" {
            let decides = self.tokens.get(self.at..self.stop).is_some_and(|rest| self.names_argument(rest, "boolean"));
            let (role, mode) = if decides { (Role::Decided, Mode::Any) } else { (Role::Asked, Mode::Traced) };
            match left.what {
                What::Path { path, optional, .. } => {
                    let site = self.site(start, left.end, role, path, optional, clean);
                    self.edits.close(left.end, format!(" | __s(i={site})"), mode);
                }
                _ => self.demand(left, if decides { Role::Decided } else { Role::Filter(row) }),
            }
        } else {
            self.demand(left, Role::Filter(row));
        }
        let clean_arguments = self.arguments(Some(row))?;
        Ok(Operand::new(start, self.last_end, gives(row, clean && clean_arguments)))
    }

    /// Whether `(…)` at the beginning of `rest` gives an argument of this name.
    fn names_argument(&self, rest: &[Token], name: &str) -> bool {
        let mut depth = 0;
        for (at, token) in rest.iter().enumerate() {
            match token.kind {
                Kind::Symbol("(") => depth += 1,
                Kind::Symbol(")") => depth -= 1,
                Kind::Name if depth == 1 && self.slice(*token) == name => {
                    return rest.get(at + 1).is_some_and(|next| next.kind == Kind::Symbol("="));
                }
                _ => {}
            }
            if depth == 0 {
                return false;
            }
        }
        false
    }

    /// The filters of a tag: `{% filter a | b %}`, `{% set x | a %}`. Their input is what the tag captures.
    pub(super) fn filter_of_tag(&mut self) -> Result<(), Confused> {
        let token = self.next_name()?;
        if let Some(row) = self.row(token, builtin::FILTERS) {
            if row.stance == Stance::Refuses {
                let site = self.site(token.start, token.end, Role::Filter(row), None, false, false);
                self.edits.open(token.start, format!("__s(i={site}) | "), Mode::Any);
            }
            self.arguments(Some(row))?;
        } else {
            self.arguments(None)?;
        }
        Ok(())
    }

    fn test_behind(&mut self, left: Operand) -> Result<Operand, Confused> {
        let start = left.start;
        if self.word() == Some("not") {
            self.next()?;
        }
        let token = self.next_name()?;
        let row = self.row(token, builtin::TESTS);
        match row {
            Some(Row { name: "defined" | "undefined", .. }) => self.demand(left, Role::Asked),
            Some(row) => self.demand(left, Role::Test(row.name)),
            None => self.demand(left, Role::Pass),
        }
        self.arguments(row)?;
        Ok(Operand::loose(start, self.last_end, What::Scalar))
    }

    fn call(&mut self, token: Token) -> Result<Operand, Confused> {
        let row = self.row(token, builtin::FUNCTIONS);
        let name = self.slice(token);
        if matches!(name, "ref" | "file" | "throw") {
            let open = self.peek().ok_or_else(|| self.confused())?;
            let mut hidden = String::new();
            if name != "ref" {
                let site = self.site(token.start, token.end, Role::Call, None, false, true);
                hidden = format!("__i={site}, ");
            }
            let named = self.peek_at(2).is_some_and(|token| token.kind == Kind::Symbol("="));
            let unnamed = !named && !self.peek_at(1).is_some_and(|token| token.kind == Kind::Symbol(")"));
            if let (Some(row), true) = (row, unnamed) {
                hidden.extend(row.arguments.first().into_iter().flat_map(|name| [name, "="]));
                self.edits.before(open.end, hidden, Mode::Any);
                self.next()?;
                let value = self.expression(0)?;
                self.demand(value, Role::Argument(row.name));
                let _ = self.take(",");
                self.expect(")")?;
                return Ok(Operand::new(token.start, self.last_end, What::Text { clean: name == "file" }));
            }
            self.edits.before(open.end, hidden, Mode::Any);
        }
        let clean = self.arguments(row)?;
        let what = row.map_or(What::Any { clean: false }, |row| gives(row, clean && !matches!(row.name, "ref" | "super")));
        Ok(Operand::new(token.start, self.last_end, what))
    }

    /// `(name=value, …)`, if it stands there; gives whether all values are clean.
    fn arguments(&mut self, row: Option<&'static Row>) -> Result<bool, Confused> {
        let mut clean = true;
        if !self.take("(") {
            return Ok(clean);
        }
        while !self.take(")") {
            let name = self.next_name()?;
            let written = self.slice(name);
            if let Some(row) = row
                && !row.arguments.contains(&written)
            {
                self.unknown_argument(name, row);
            }
            self.expect("=")?;
            let value = self.expression(0)?;
            clean &= value.clean();
            let open = row.is_none_or(|row| row.open.contains(&written));
            self.demand(value, if open { Role::Pass } else { Role::Argument(row.map_or("", |row| row.name)) });
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(clean)
    }

    fn path(&mut self, root: Token) -> Result<Operand, Confused> {
        let name = self.slice(root);
        if name == "loop" && self.in_loop() && (self.is(".") || self.is("?.")) {
            self.next()?;
            self.next_name()?;
            return Ok(Operand::new(root.start, self.last_end, What::Scalar));
        }
        self.refuse_internal(root);
        let clean = matches!(name, "values" | "git") && !self.in_component();
        let (mut path, mut written_out, mut optional) = (name.to_owned(), true, false);
        let mut dots = Vec::new();
        loop {
            dots.extend(self.peek().map(|token| token.start));
            if self.is(".") || self.is("?.") {
                optional |= self.is("?.");
                self.next()?;
                let field = self.next_name()?;
                if written_out {
                    path.push('.');
                    path.push_str(self.slice(field));
                }
            } else if self.is("[") || self.is("?[") {
                optional |= self.is("?[");
                let prefix = (!clean).then_some((root.start, self.last_end));
                let key = self.subscript(prefix)?;
                written_out &= key.is_some();
                if let Some(key) = key {
                    path.push('.');
                    path.push_str(&key);
                }
            } else {
                break;
            }
        }
        dots.truncate(dots.len() - usize::from(self.peek().is_some()));
        Ok(Operand::new(root.start, self.last_end, What::Path { path: Some(path), optional, clean, dots }))
    }

    /// `[index]` or `[from:to:step]`; `prefix` is the range of what is indexed, if that must be checked here. Gives the key,
    /// if it is written out.
    fn subscript(&mut self, prefix: Option<(usize, usize)>) -> Result<Option<String>, Confused> {
        let open = self.next()?;
        let mut key = None;
        let guard = prefix.map(|(start, end)| {
            let site = self.site(start, end, Role::Indexed, None, false, false);
            format!("__k(i={site}, v={}", self.text.get(start..end).unwrap_or(""))
        });
        if self.is(":") {
            if let Some(guard) = guard {
                self.edits.close(open.end, format!("{guard})"), Mode::Any);
            }
        } else {
            let literal = self.peek().filter(|token| token.kind == Kind::Text);
            let first = self.expression(0)?;
            if let (Some(literal), What::Scalar) = (literal, &first.what)
                && literal.end == first.end
            {
                key = Some(unquote(self.slice(literal)));
            }
            self.demand(first, Role::Index);
            // A written-out key can't cut a text.
            if let (Some(guard), None) = (guard, &key) {
                self.edits.before(open.end, format!("{guard}, n="), Mode::Any);
                self.edits.close(self.last_end, ")", Mode::Any);
            }
        }
        while self.take(":") {
            key = None;
            if !self.is(":") && !self.is("]") {
                let bound = self.expression(0)?;
                self.demand(bound, Role::Index);
            }
        }
        self.expect("]")?;
        Ok(key)
    }

    fn list(&mut self) -> Result<What, Confused> {
        let mut clean = true;
        let mut first = true;
        while !self.take("]") {
            let spread = self.take("...");
            let item = self.expression(0)?;
            clean &= item.clean();
            self.demand(item, Role::Item);
            if first && !spread && self.word() == Some("for") {
                self.comprehension()?;
                return Ok(What::Any { clean: false });
            }
            first = false;
            if !self.take(",") {
                self.expect("]")?;
                break;
            }
        }
        Ok(What::Any { clean })
    }

    fn comprehension(&mut self) -> Result<(), Confused> {
        self.next()?;
        self.loop_names()?;
        let list = self.expression(1)?;
        self.demand(list, Role::Loop);
        if self.word() == Some("if") {
            self.next()?;
            let condition = self.expression(1)?;
            self.demand(condition, Role::Condition);
        }
        self.expect("]")
    }

    fn map(&mut self) -> Result<What, Confused> {
        let mut clean = true;
        while !self.take("}") {
            if !self.take("...") {
                self.next()?;
                self.expect(":")?;
            }
            let value = self.expression(0)?;
            clean &= value.clean();
            self.demand(value, Role::Item);
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(What::Any { clean })
    }

    /// What follows the `<` of a component's call, up to its `/` or `>`.
    pub(super) fn component_call(&mut self, closing: bool) -> Result<(), Confused> {
        let (name, start) = self.dotted_name()?;
        let span = self.span(start, self.last_end);
        if closing {
            return Ok(());
        }
        self.facts.calls.push((name, span));
        loop {
            if self.take("{") {
                self.expect("...")?;
                let value = self.expression(0)?;
                self.demand(value, Role::Pass);
                self.expect("}")?;
                continue;
            }
            let Some(attribute) = self.peek().filter(|token| token.kind == Kind::Name) else { return Ok(()) };
            self.next()?;
            self.refuse_given(attribute);
            if !self.take("=") {
                let site =
                    self.site(attribute.start, attribute.end, Role::Pass, Some(self.slice(attribute).to_owned()), false, false);
                self.edits.close(attribute.end, format!("={{({} | __s(i={site}))}}", self.slice(attribute)), Mode::Any);
            } else if self.take("{") {
                let value = self.expression(0)?;
                self.demand(value, Role::Pass);
                self.expect("}")?;
            } else if self.next()?.kind != Kind::Text {
                return Err(self.confused());
            }
        }
    }

    /// The row of a name that stands at `token`; one that doesn't exist is an error with a near miss.
    fn row(&mut self, token: Token, rows: &'static [Row]) -> Option<&'static Row> {
        let name = self.slice(token);
        let row = builtin::find(rows, name);
        if row.is_none() {
            let (rule, kind) = if std::ptr::eq(rows, builtin::FILTERS) {
                (&rules::UNKNOWN_FILTER, "filter")
            } else if std::ptr::eq(rows, builtin::TESTS) {
                (&rules::UNKNOWN_TEST, "test")
            } else {
                (&rules::UNKNOWN_FUNCTION, "function")
            };
            let mut problem = Diagnostic::new(rule, format!("there is no {kind} `{name}`"))
                .at(self.span(token.start, token.end), format!("unknown {kind}"));
            if let Some(hint) = builtin::known_elsewhere(name) {
                problem = problem.hint(hint);
            } else if let Some(near) = nearest(name, rows.iter().map(|row| row.name)) {
                problem = problem.hint(format!("did you mean `{near}`?"));
            } else {
                let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
                problem = problem.hint(format!("there are `{}`", names.join("`, `")));
            }
            self.problems.push(problem);
        }
        row
    }

    fn unknown_argument(&mut self, token: Token, row: &'static Row) {
        let written = self.slice(token);
        let problem = Diagnostic::new(&rules::UNKNOWN_ARGUMENT, format!("`{}` takes no argument `{written}`", row.name))
            .at(self.span(token.start, token.end), "unknown argument");
        let hint = match nearest(written, row.arguments.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if row.arguments.is_empty() => format!("`{}` takes no arguments", row.name),
            None => format!("it takes `{}`", row.arguments.join("`, `")),
        };
        self.problems.push(problem.hint(hint));
    }
}

fn gives(row: &Row, clean: bool) -> What {
    match row.gives {
        Gives::Scalar => What::Scalar,
        Gives::Text => What::Text { clean },
        Gives::Any => What::Any { clean },
    }
}
