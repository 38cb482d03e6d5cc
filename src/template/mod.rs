//! Templates: Tera renders texts that hold tokens, never secrets.
//!
//! [`render`] loads the templates of an environment's bundles, rewrites them so that undefined variables, secrets used for more than
//! text, and work without end are refused with exact places, and renders them. [`Rendered::relocate`] maps findings in
//! rendered texts to the templates' lines, by a second rendering that is made only then.
//!
//! Template authors find the context, filters and functions in `docs/templates.md`.

mod builtin;
mod context;
mod engine;
mod filters;
mod guard;
mod load;
mod names;
mod quantity;
mod rewrite;
mod rules;
mod run;
mod site;
#[cfg(test)]
mod tests;
mod trace;
mod undefined;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;
use tera::Context;

use engine::{Engine, Outcome};
use load::Template;
use rewrite::Mode;
use run::Shared;

pub(crate) use quantity::Quantity;
pub use rules::RULES;
pub use trace::{Read, Traced};

use crate::diagnostic::{Annotation, Diagnostic, Diagnostics};
use crate::environment::Environment;
use crate::secret::{Secrets, TOKEN_PREFIX};
use crate::source::{FileId, Files, SourceKind, Span};

/// Fewer templates than this aren't worth a second thread.
const PARALLEL: usize = 8;

/// A template and what it rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// The template's text.
    pub template: FileId,
    /// The rendered text.
    pub text: FileId,
}

/// What the templates of an environment rendered.
#[derive(Debug)]
pub struct Rendered {
    /// By template path.
    pub outputs: Vec<Output>,
    /// Warnings.
    pub findings: Diagnostics,
    stage: Stage,
}

/// What a second rendering needs.
#[derive(Debug)]
struct Stage {
    files: Files,
    templates: Vec<Template>,
    context: Context,
    shared: Arc<Shared>,
    traced: OnceLock<Option<Engine>>,
    traces: Mutex<BTreeMap<FileId, Option<Arc<Traced>>>>,
}

/// Renders all templates of an environment. `commit` is the repository's commit, for `git.commit`.
///
/// # Errors
/// All that is wrong with any template: syntax, names, undefined variables, misused secrets, too much work.
pub fn render(
    files: &Files,
    environment: &Environment,
    secrets: &Secrets,
    commit: Option<&str>,
) -> Result<Rendered, Diagnostics> {
    let mut findings = Diagnostics::new();
    let mut templates = load::load(files, &environment.settings.target.bundles, &mut findings);
    let given = context::given(environment, secrets, commit, &mut findings);
    names::check(&templates, &mut findings);
    let engine = match Engine::new(files, &templates, Mode::Any) {
        Ok(engine) if !findings.has_errors() => engine,
        Ok(_) => return Err(findings),
        Err(mut problems) => {
            // What is known to be missing fails in Tera as well, in other words.
            let known = findings.has_errors();
            problems.retain(|problem| !known || problem.rule == &rules::TEMPLATE_SYNTAX);
            findings.extend(problems);
            return Err(findings);
        }
    };
    let shared = Arc::new(Shared {
        files: files.clone(),
        tokens: secrets.shared_tokens(),
        sites: templates.iter_mut().map(|template| std::mem::take(&mut template.rewritten.sites)).collect(),
        locals: templates.iter_mut().map(|template| std::mem::take(&mut template.rewritten.facts.locals)).collect(),
        given,
        made: Mutex::default(),
    });
    let mut context = Context::new();
    for (name, value) in &shared.given {
        context.insert_value(*name, value.clone());
    }
    let stage = Stage { files: files.clone(), templates, context, shared, traced: OnceLock::new(), traces: Mutex::default() };
    let outputs = stage.render_all(&engine, &mut findings);
    if findings.has_errors() { Err(findings) } else { Ok(Rendered { outputs, findings, stage }) }
}

impl Stage {
    /// Renders what is rendered by itself; texts are added to the sources in the order of the templates.
    fn render_all(&self, engine: &Engine, findings: &mut Diagnostics) -> Vec<Output> {
        let numbers: Vec<usize> =
            (0..self.templates.len()).filter(|at| self.templates.get(*at).is_some_and(|t| t.rendered)).collect();
        let render = |at: usize| engine.render(&self.templates, at, &self.context, &self.shared).map(|outcome| (at, outcome));
        let outcomes: Vec<Option<(usize, Outcome)>> = if numbers.len() >= PARALLEL {
            numbers.into_par_iter().map(render).collect()
        } else {
            numbers.into_iter().map(render).collect()
        };
        let mut outputs = Vec::with_capacity(outcomes.len());
        let mut told = BTreeSet::new();
        let lenient = OnceLock::new();
        for (at, Outcome { text, stopped_early, mut problems, commit, .. }) in outcomes.into_iter().flatten() {
            if stopped_early {
                let all = lenient.get_or_init(|| Engine::new(&self.files, &self.templates, Mode::Lenient).ok());
                let again = all.as_ref().and_then(|engine| engine.render(&self.templates, at, &self.context, &self.shared));
                problems = again.map(|again| again.problems).filter(Diagnostics::has_errors).unwrap_or(problems);
            }
            if let Some(site) = commit.and_then(|id| self.shared.site(id)) {
                findings.push(commit_used(site.span));
            }
            // A partial's problem shows in every template that includes it: once is enough.
            findings.extend(problems.into_iter().filter(|problem| {
                let place = problem.primary.as_ref().map(|primary| (primary.span, problem.message.clone()));
                place.is_none_or(|place| told.insert(place))
            }));
            if let (Some(text), Some(template)) = (text, self.templates.get(at)) {
                let template = template.file;
                let name = format!("rendered from {}", self.files.map().get(template).name);
                let text = self.files.map().add(name, text, SourceKind::Rendered { template });
                outputs.push(Output { template, text });
            }
        }
        outputs
    }

    fn trace(&self, text: FileId, template: FileId) -> Option<Arc<Traced>> {
        let mut traces = self.traces.lock().unwrap_or_else(PoisonError::into_inner);
        let made = traces.entry(text).or_insert_with(|| {
            let engine = self.traced.get_or_init(|| Engine::new(&self.files, &self.templates, Mode::Traced).ok()).as_ref()?;
            let at = self.templates.iter().position(|candidate| candidate.file == template)?;
            let outcome = engine.render(&self.templates, at, &self.context, &self.shared)?;
            let rendered = self.files.map().get(text).text.clone();
            // The second rendering gives the same text; were it not so, its places would be wrong.
            let same = outcome.text.as_deref() == Some(&*rendered);
            outcome.notes.filter(|_| same).map(|notes| Arc::new(Traced::new(rendered, &notes, &self.shared)))
        });
        made.clone()
    }
}

impl Rendered {
    /// Where the parts of a rendered text come from. Made when first asked for.
    pub fn trace(&self, text: FileId) -> Option<Arc<Traced>> {
        let output = self.outputs.iter().find(|output| output.text == text)?;
        self.stage.trace(text, output.template)
    }

    /// The paths of all values that any template of the environment reads, whatever is rendered: `values.a.b`. A path may be that of
    /// a table, and then all in it may be read.
    pub fn values_read(&self) -> BTreeSet<String> {
        let paths = self.stage.shared.sites.iter().flatten().filter_map(|site| site.path.as_ref());
        paths.filter(|path| *path == "values" || path.starts_with("values.")).cloned().collect()
    }

    /// The same for secrets: `secrets.a.b`.
    pub fn secrets_read(&self) -> BTreeSet<String> {
        let paths = self.stage.shared.sites.iter().flatten().filter_map(|site| site.path.as_ref());
        paths.filter(|path| *path == "secrets" || path.starts_with("secrets.")).cloned().collect()
    }

    /// Moves findings from rendered texts to the templates' lines. Where the rendered line says more than the template's, it is added
    /// as a hint.
    pub fn relocate(&self, diagnostics: Diagnostics) -> Diagnostics {
        diagnostics.into_iter().map(|diagnostic| self.relocate_one(diagnostic)).collect()
    }

    fn relocate_one(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        let mut rendered_line = None;
        if let Some(primary) = &mut diagnostic.primary
            && let Some(span) = self.template_span(primary.span)
        {
            rendered_line = self.differing_line(primary.span, span);
            primary.span = span;
        }
        for Annotation { span, .. } in &mut diagnostic.secondary {
            *span = self.template_span(*span).unwrap_or(*span);
        }
        match rendered_line {
            Some(line) => diagnostic.hint(format!("rendered, the line is `{line}`")),
            None => diagnostic,
        }
    }

    /// The place of the template that wrote this place of a rendered text; `None` for any other place.
    pub fn template_span(&self, span: Span) -> Option<Span> {
        match self.stage.files.map().get(span.file).kind {
            SourceKind::Rendered { .. } => self.trace(span.file)?.template_span(span),
            SourceKind::File(_) | SourceKind::Other => None,
        }
    }

    fn differing_line(&self, rendered: Span, template: Span) -> Option<String> {
        let line = |span: Span| {
            let source = self.stage.files.map().get(span.file);
            source.line(source.position(span.start as usize).line).trim().to_owned()
        };
        let (rendered, template) = (line(rendered), line(template));
        let short: String = rendered.chars().take(100).collect();
        // A line inside a private key holds nothing but base64; one alone says nothing to a reader.
        let has_key = rendered.len() >= 16 && rendered.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='));
        let tokens = has_key || rendered.contains(TOKEN_PREFIX) || guard::mentions_ref(&rendered);
        (rendered != template && !rendered.is_empty() && !tokens).then_some(short)
    }
}

fn commit_used(span: Span) -> Diagnostic {
    Diagnostic::new(&rules::GIT_COMMIT_USED, "the commit becomes a part of an object")
        .at(span, "another text at each commit")
        .hint("the object changes at every commit, also where nothing else does; `plimsoll history` knows each apply's commit anyway")
}
