//! The checking filter `__s`, and the other functions that the rewriting calls.

use tera::{Kwargs, State, TeraResult, Value};

use super::rules;
use super::run::{BYTES_A_STEP, DEPTH_LIMIT, NESTING_LIMIT, Noted, OUTPUT_LIMIT, Run, TEXT_LIMIT};
use super::site::{Role, Site, SiteId, Stance};
use super::undefined;
use crate::diagnostic::{Diagnostic, Rule};
use crate::object::REF_PREFIX;
use crate::secret::TOKEN_PREFIX;

/// Registers the functions.
pub(super) fn register(tera: &mut tera::Tera) {
    tera.register_filter("__s", check);
    tera.register_function("__k", check_indexed);
    tera.register_function("__f", charge_body);
    tera.register_function("__x", leave_body);
    tera.register_function("__at", mark);
}

fn id(kwargs: &Kwargs) -> TeraResult<SiteId> {
    kwargs.must_get::<u64>("i").map(SiteId::read)
}

/// `value | __s(i=SITE)`: the value, if it may be used so.
fn check(value: &Value, kwargs: Kwargs, _: &State) -> TeraResult<Value> {
    let id = id(&kwargs)?;
    Run::with(|run| {
        let shared = run.shared.clone();
        let Some(site) = shared.site(id) else { return Ok(value.clone()) };
        run.last = Some(id);
        run.spend(1)?;
        if let Some(notes) = &mut run.notes
            && site.path.is_some()
        {
            notes.reads.push(Noted { offset: run.written.get(), site: id });
        }
        if value.is_undefined() {
            return run.undefined(id, site);
        }
        if site.path.as_deref() == Some("git.commit") && run.commit.is_none() {
            run.commit = Some(id);
        }
        run.check(id, site, value)
    })
}

/// `a[__k(i=SITE, v=a, n=index)]`: the index, if `a` isn't a secret's text.
fn check_indexed(kwargs: Kwargs, _: &State) -> TeraResult<Value> {
    let id = id(&kwargs)?;
    let index = kwargs.get::<&Value>("n")?.cloned().unwrap_or_else(Value::none);
    let Some(value) = kwargs.get::<&Value>("v")? else { return Ok(index) };
    Run::with(|run| {
        let shared = run.shared.clone();
        let Some(site) = shared.site(id) else { return Ok(index) };
        run.last = Some(id);
        run.spend(1)?;
        if !value.is_undefined() {
            run.check(id, site, value)?;
        }
        Ok(index)
    })
}

/// `{{ __f(i=SITE) }}` at the beginning of a component or partial.
fn charge_body(kwargs: Kwargs, _: &State) -> TeraResult<Value> {
    let id = id(&kwargs)?;
    Run::with(|run| {
        let literal = run.shared.site(id).map_or(0, |site| site.literal as usize);
        run.spend(8 + literal / BYTES_A_STEP)?;
        run.depth += 1;
        if run.depth > NESTING_LIMIT {
            run.last = Some(id);
            return Err(run.too_expensive("templates and components call each other too deep"));
        }
        Ok(Value::from(""))
    })
}

/// `{{ __x() }}` at its end.
fn leave_body(_: Kwargs, _: &State) -> TeraResult<Value> {
    Run::with(|run| {
        run.depth = run.depth.saturating_sub(1);
        Ok(Value::from(""))
    })
}

/// `{{ __at(i=SITE) }}`: what is written next comes from there.
fn mark(kwargs: Kwargs, _: &State) -> TeraResult<Value> {
    let id = id(&kwargs)?;
    Run::with(|run| {
        let offset = run.written.get();
        if let Some(notes) = &mut run.notes {
            notes.marks.push(Noted { offset, site: id });
        }
        Ok(Value::from(""))
    })
}

/// A token in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// One that stands for a secret.
    Secret,
    /// One that stands for an object's name.
    Reference,
}

/// Whether a text holds the prefix of what `ref()` renders.
pub(super) fn mentions_ref(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), REF_PREFIX.as_bytes()).is_some()
}

/// The token that a text holds, if any; that of a secret rather than that of a reference.
pub(super) fn token_in(text: &str) -> Option<Holds> {
    let bytes = text.as_bytes();
    if memchr::memmem::find(bytes, b"plimsoll").is_none() {
        None
    } else if memchr::memmem::find(bytes, TOKEN_PREFIX.as_bytes()).is_some() {
        Some(Holds::Secret)
    } else {
        mentions_ref(text).then_some(Holds::Reference)
    }
}

impl Run {
    fn check(&mut self, id: SiteId, site: &Site, value: &Value) -> TeraResult<Value> {
        if let Some(text) = value.as_str() {
            if text.len() > TEXT_LIMIT {
                return Err(self.too_expensive(&format!("a text grows over {TEXT_LIMIT} bytes")));
            }
            self.spend(text.len() / BYTES_A_STEP)?;
        }
        match site.role {
            Role::Pass | Role::Asked | Role::Call | Role::Body | Role::Text | Role::Expression => return Ok(value.clone()),
            Role::Loop => {
                // A text is looped over by character, a list or table of secrets by entry.
                let rounds = value.as_str().map_or_else(|| value.len().unwrap_or(0), str::len);
                self.spend(rounds.saturating_mul(1 + site.literal as usize / BYTES_A_STEP))?;
            }
            Role::Container => self.spend(value.as_str().map_or_else(|| value.len().unwrap_or(0), |text| text.len() / 8))?,
            _ => {}
        }
        if site.clean {
            return Ok(value.clone());
        }
        let holds = match value.as_str() {
            Some(_) if site.role.takes_tokens() => None,
            Some(text) => token_in(text),
            None if matches!(site.role, Role::Loop | Role::Indexed) || site.role.passes() => None,
            None => self.scan(value)?,
        };
        match holds {
            Some(holds) if site.role != Role::Item => {
                self.problem(id, misuse(site, value, holds))?;
                Ok(stand_in(site.role))
            }
            _ => Ok(value.clone()),
        }
    }

    /// Looks through a list or table: at a step for four entries, to a bounded depth and length of text.
    pub(super) fn scan(&mut self, value: &Value) -> TeraResult<Option<Holds>> {
        let mut scan =
            Scan { entries: 0, most: usize::try_from(self.fuel).unwrap_or(usize::MAX).saturating_mul(4), bytes: 0, holds: None };
        let bounded = scan.look(value, 0);
        self.spend(scan.entries / 4 + scan.bytes / BYTES_A_STEP)?;
        match bounded {
            Ok(()) => Ok(scan.holds),
            Err(why) => Err(self.too_expensive(why)),
        }
    }

    fn undefined(&mut self, id: SiteId, site: &Site) -> TeraResult<Value> {
        let decides = matches!(site.role, Role::Condition | Role::Comparison | Role::Test(_));
        if matches!(site.role, Role::Asked | Role::Decided) {
            return Ok(Value::undefined());
        }
        if site.optional && decides {
            return Ok(Value::none());
        }
        if self.told_within(site) {
            // The index isn't defined: that is said already.
            return Ok(stand_in(site.role));
        }
        let shared = self.shared.clone();
        let locals = shared.locals.get(id.0 as usize);
        self.problem(id, undefined::explain(site, &shared, locals))?;
        Ok(stand_in(site.role))
    }
}

impl Role {
    /// Whether anything with tokens in it is fine here.
    fn passes(self) -> bool {
        matches!(self, Self::Filter(row) if row.stance == Stance::Passes)
    }

    /// Whether a text with tokens in it is fine here.
    fn takes_tokens(self) -> bool {
        match self {
            Self::Output | Self::Concat | Self::Item | Self::Pass => true,
            Self::Filter(row) => row.stance != Stance::Refuses,
            _ => false,
        }
    }
}

/// What rendering goes on with where the value can't be used.
fn stand_in(role: Role) -> Value {
    match role {
        Role::Loop | Role::Container => Value::from(Vec::<Value>::new()),
        Role::Condition => Value::from(false),
        Role::Arithmetic => Value::from(1),
        _ => Value::from(""),
    }
}

struct Scan {
    entries: usize,
    most: usize,
    bytes: usize,
    holds: Option<Holds>,
}

impl Scan {
    fn look(&mut self, value: &Value, depth: usize) -> Result<(), &'static str> {
        self.entries += 1;
        if depth > DEPTH_LIMIT {
            return Err("lists and tables lie in each other too deep");
        }
        if self.entries > self.most {
            return Err("a list or table grows too large");
        }
        if let Some(text) = value.as_str() {
            return self.text(text);
        }
        if let Some(items) = value.as_array() {
            return items.iter().try_for_each(|item| self.look(item, depth + 1));
        }
        if let Some(map) = value.as_map() {
            for (key, item) in map {
                if let Some(key) = key.as_str() {
                    self.text(key)?;
                }
                self.look(item, depth + 1)?;
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), &'static str> {
        self.bytes += text.len();
        if self.bytes > OUTPUT_LIMIT {
            return Err("a list or table grows too large");
        }
        if self.holds != Some(Holds::Secret) {
            self.holds = token_in(text).or(self.holds);
        }
        Ok(())
    }
}

/// The error that a value with a token in it is used for more than text.
fn misuse(site: &Site, value: &Value, holds: Holds) -> Diagnostic {
    let what = match (&site.path, value.as_str()) {
        (Some(path), Some(_)) => format!("`{path}` is a secret"),
        (Some(path), None) => format!("`{path}` holds secrets"),
        (None, Some(_)) => "this text holds a secret".to_owned(),
        (None, None) => "this holds secrets".to_owned(),
    };
    if holds == Holds::Reference {
        return Diagnostic::new(&rules::REFERENCE_MISUSED, "the result of `ref()` can only be written out as text")
            .at(site.span, "it stands for a name that isn't known yet")
            .hint("names are known only after everything is rendered; write `{{ ref(\"kind/name\") }}` where the name belongs");
    }
    let (rule, problem, hint) = misuse_by_role(site.role);
    Diagnostic::new(rule, format!("{what}, {problem}")).at(site.span, "its value isn't known while templates render").hint(hint)
}

fn misuse_by_role(role: Role) -> (&'static Rule, String, String) {
    let decide = "put the choice into a value of its own (`values.*`); whether a secret exists can be asked with `is defined`";
    match role {
        Role::Condition | Role::Decided => {
            (&rules::SECRET_IN_CONDITION, "so nothing can be decided by it".to_owned(), decide.to_owned())
        }
        Role::Loop => {
            let hint = "loop over the table that holds it, or over a list in the values";
            (&rules::SECRET_IN_LOOP, "so its characters can't be looped over".to_owned(), hint.to_owned())
        }
        Role::Index | Role::Indexed => {
            let problem = "so it can be neither cut nor used as an index";
            (&rules::SECRET_IN_SLICE, problem.to_owned(), "seal the part that you need under a key of its own".to_owned())
        }
        Role::Filter(row) => {
            let hint = match row.name {
                "sha256" | "sort" | "unique" | "length" | "wordcount" => {
                    "`fingerprint` gives a public text that changes when the secret does"
                }
                _ => {
                    "seal the text as it should be in the end; `b64encode`, `urlencode`, `quote`, `indent`, `to_json` and `to_yaml` work on secrets"
                }
            };
            (&rules::SECRET_IN_FILTER, format!("so the filter `{}` can't be applied to it", row.name), hint.to_owned())
        }
        Role::Test(name) => (&rules::SECRET_IN_FILTER, format!("so it can't be asked whether it is `{name}`"), decide.to_owned()),
        Role::Argument(name) => {
            let problem = format!("so it can't be an argument of `{name}`");
            (&rules::SECRET_AS_ARGUMENT, problem, "put texts together with `~`, and write secrets out with `{{ … }}`".to_owned())
        }
        Role::Output | Role::Concat => {
            let hint = "write `| to_yaml` or `| to_json` behind it, or write its values out one by one";
            (&rules::SECRET_TABLE_PRINTED, "so it can't be written out as it is".to_owned(), hint.to_owned())
        }
        _ => (&rules::SECRET_IN_COMPARISON, "so it can be neither compared nor calculated with".to_owned(), decide.to_owned()),
    }
}
