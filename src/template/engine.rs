//! Tera, set up: functions, templates, and its errors as ours.

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;

use tera::{Context, ErrorKind, ReportError, Tera};

use super::load::Template;
use super::rewrite::{Edited, Mode};
use super::run::{Notes, OUTPUT_LIMIT, Run, Shared};
use super::site::SiteId;
use super::{filters, guard, rules, undefined};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::source::{Files, Span};

/// Tags, for near misses.
const TAGS: &[&str] = &[
    "set",
    "set_global",
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "endset",
    "endfilter",
    "endblock",
    "endcomponent",
    "include",
    "extends",
    "block",
    "filter",
    "component",
    "break",
    "continue",
    "raw",
    "endraw",
];

/// Tera with templates in it.
pub(super) struct Engine {
    tera: Tera,
    edited: Vec<Edited>,
    traced: bool,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("templates", &self.edited.len()).finish_non_exhaustive()
    }
}

/// What a rendering gave, or how far it came.
pub(super) struct Outcome {
    /// The text, if all went well.
    pub(super) text: Option<String>,
    /// Whether Tera stopped at an undefined variable, and there may be more.
    pub(super) stopped_early: bool,
    /// What was wrong.
    pub(super) problems: Diagnostics,
    /// What a traced rendering noted.
    pub(super) notes: Option<Notes>,
    /// Where the commit was used first.
    pub(super) commit: Option<SiteId>,
}

fn bare() -> Tera {
    let mut tera = Tera::default();
    tera.autoescape_on(Vec::<&str>::new());
    guard::register(&mut tera);
    filters::register(&mut tera);
    tera
}

impl Engine {
    /// Gives the templates to Tera, rewritten.
    ///
    /// # Errors
    /// The syntax errors of all templates.
    pub(super) fn new(files: &Files, templates: &[Template], mode: Mode) -> Result<Self, Diagnostics> {
        let write = |template: &Template| template.rewritten.write(&files.map().get(template.file).text, mode);
        let edited: Vec<Edited> = templates.iter().map(write).collect();
        let mut tera = bare();
        let batch = templates.iter().zip(&edited).map(|(template, edited)| (template.name.as_str(), edited.text.as_str()));
        let confused = templates.iter().any(|template| template.rewritten.confused.is_some());
        match tera.add_raw_templates(batch) {
            Ok(()) if !confused => Ok(Self { tera, edited, traced: mode == Mode::Traced }),
            Ok(()) => Err(syntax_errors(files, templates, &edited)),
            Err(error) => {
                let mut problems = syntax_errors(files, templates, &edited);
                if problems.is_empty() {
                    problems.push(translate(&error, files, templates, &edited));
                }
                Err(problems)
            }
        }
    }

    /// Renders one template.
    pub(super) fn render(&self, templates: &[Template], at: usize, context: &Context, shared: &Arc<Shared>) -> Option<Outcome> {
        let name = &templates.get(at)?.name;
        let written = Rc::new(Cell::new(0));
        let run = Run::new(shared.clone(), written.clone(), self.traced);
        let mut sink = Sink { bytes: Vec::with_capacity(4096), written };
        let (result, run) = run.during(|| self.tera.render_to(name, context, &mut sink));
        let mut run = run?;
        let mut stopped_early = false;
        if let Err(error) = result {
            let problem = translate(&error, &shared.files, templates, &self.edited);
            stopped_early = problem.rule == &rules::UNDEFINED_VARIABLE;
            if run.stopped() {
                run.place(problem.primary.map(|primary| primary.span));
            } else if run.problems.has_errors() {
                // What fails after a problem may fail because of it.
            } else if matches!(error.kind(), ErrorKind::Io(_)) {
                run.too_expensive(&format!("it writes more than {OUTPUT_LIMIT} bytes"));
            } else if matches!(error.kind(), ErrorKind::Msg(message) if message.contains("recursion depth")) {
                run.too_expensive("components call each other too deep");
            } else {
                run.problems.push(problem);
            }
        }
        let text = if run.problems.has_errors() { None } else { String::from_utf8(sink.bytes).ok() };
        Some(Outcome { text, stopped_early, problems: run.problems, notes: run.notes, commit: run.commit })
    }
}

/// Takes up to [`OUTPUT_LIMIT`] bytes.
struct Sink {
    bytes: Vec<u8>,
    written: Rc<Cell<usize>>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > OUTPUT_LIMIT {
            return Err(io::Error::other("too much output"));
        }
        self.bytes.extend_from_slice(bytes);
        self.written.set(self.bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The syntax errors of all templates, each taken alone: Tera stops at the first of a batch.
fn syntax_errors(files: &Files, templates: &[Template], edited: &[Edited]) -> Diagnostics {
    let mut problems = Diagnostics::new();
    for (template, text) in templates.iter().zip(edited) {
        match Tera::default().add_raw_template(&template.name, &text.text) {
            Err(error) if matches!(error.kind(), ErrorKind::SyntaxError(_)) => {
                problems.push(translate(&error, files, templates, edited));
            }
            _ => {
                if let Some(offset) = template.rewritten.confused {
                    // Tera reads it, but the checks can't be put in: better no output than an unchecked one.
                    let span = Span::new(template.file, offset, offset + 1);
                    problems.push(
                        Diagnostic::new(&rules::TEMPLATE_SYNTAX, "this can't be read")
                            .at(span, "not understood")
                            .hint("write it in a simpler way, for example with a `set` before it"),
                    );
                }
            }
        }
    }
    problems
}

/// An error of Tera's as ours.
fn translate(error: &tera::Error, files: &Files, templates: &[Template], edited: &[Edited]) -> Diagnostic {
    match error.kind() {
        ErrorKind::SyntaxError(report) => syntax(report, files, place(report, templates, edited)),
        ErrorKind::RenderingError(report) => {
            let span = place(report, templates, edited);
            let undefined = span.and_then(|span| undefined::translate(report.message(), span));
            undefined.unwrap_or_else(|| failure(report.message(), span))
        }
        kind => {
            // Only the first line: Tera shows the rewritten text below it.
            let message = kind.to_string();
            Diagnostic::new(
                &rules::TEMPLATE_ERROR,
                message.lines().next().unwrap_or("rendering fails").trim_start_matches("error: "),
            )
        }
    }
}

/// Where Tera's error lies in the template as it was written.
fn place(report: &ReportError, templates: &[Template], edited: &[Edited]) -> Option<Span> {
    let at = templates.iter().position(|template| template.name == report.filename())?;
    let (template, edited) = (templates.get(at)?, edited.get(at)?);
    let range = &report.span().range;
    let start = edited.source(range.start);
    let end = if range.is_empty() { start } else { edited.source(range.end - 1) + 1 };
    Some(Span::new(template.file, start, end.max(start)))
}

fn syntax(report: &ReportError, files: &Files, span: Option<Span>) -> Diagnostic {
    if report.message() == "Unknown tag" {
        return unknown_tag(&span.map(|span| files.map().text(span)).unwrap_or_default(), span);
    }
    let message = first_small(report.message());
    let problem = Diagnostic::new(&rules::TEMPLATE_SYNTAX, message.trim_end_matches('.')).at_opt(span, "");
    match report.message() {
        "Unexpected end of input" => {
            problem.hint("a tag or bracket is still open: look for a missing `{% endif %}`, `{% endfor %}` or `}}`")
        }
        message if message.contains("Keyword") || message.contains("expected identifier") => {
            problem.hint("arguments are given by name: `indent(width=4)`")
        }
        "The expression is too complex" => problem.hint("take parts of it out with `{% set name = … %}`"),
        _ => problem,
    }
}

/// A failure of a filter, function or operator; the lines behind the first are hints.
fn failure(message: &str, span: Option<Span>) -> Diagnostic {
    let mut lines = message.lines();
    let mut problem =
        Diagnostic::new(&rules::TEMPLATE_ERROR, first_small(lines.next().unwrap_or("rendering fails"))).at_opt(span, "");
    if message.contains("expected `string` but got") || message.contains("expected `&str` but got") {
        problem = problem.hint("make it a text first, with `| str`");
    }
    lines.fold(problem, Diagnostic::hint)
}

/// Messages begin with a small letter.
fn first_small(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}", first.to_lowercase(), chars.as_str()))
}

fn unknown_tag(written: &str, span: Option<Span>) -> Diagnostic {
    let problem = Diagnostic::new(&rules::TEMPLATE_SYNTAX, format!("there is no tag `{written}`")).at_opt(span, "unknown tag");
    match written {
        "macro" | "import" | "call" => problem.hint(
            "components take the place of macros: `{% component Name(argument) %}`, called by `{{ <Name argument=\"…\" /> }}`",
        ),
        "with" => problem.hint("write `{% set name = … %}`"),
        "end" => problem.hint("end tags have names: `endif`, `endfor`, …"),
        _ => match nearest(written, TAGS.iter().copied()) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint(format!("tags are `{}`", TAGS.join("`, `"))),
        },
    }
}
