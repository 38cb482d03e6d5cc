//! Which templates an environment has, and what they name.
//!
//! A bundle is a folder of `templates/`. All its `*.yaml` and `*.yml`, in folders of it too, are rendered, in the order of their
//! paths. Files whose names begin with `_` are partials: there to be included, extended, or for their components. Partials of a
//! bundle and those that stand in `templates/` itself are loaded with it; any other template by being included or extended.
//!
//! `include` and `extends` name a template relative to the folder of the template that they stand in, or, if there is none, relative
//! to `templates/`.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::rewrite::{self, Rewritten};
use super::rules;
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::environment::Spanned;
use crate::source::{EntryKind, FileId, Files, RootPath, Span};

/// Fewer templates than this aren't worth a second thread.
const PARALLEL: usize = 8;

/// A template.
#[derive(Debug)]
pub(super) struct Template {
    /// Its path relative to `templates/`: its name for Tera.
    pub(super) name: String,
    /// Its text.
    pub(super) file: FileId,
    /// Whether it is rendered by itself.
    pub(super) rendered: bool,
    /// What it is rewritten to.
    pub(super) rewritten: Rewritten,
}

/// A template's place, before it is read.
struct Found {
    path: RootPath,
    name: String,
    rendered: bool,
    asked: Option<Span>,
}

/// Reads all templates of the bundles and what they include.
///
/// # Errors
/// What is wrong with the folders, and with the templates as far as it can be seen before Tera reads them: all at once. Warnings
/// are left in `findings`.
pub(super) fn load(files: &Files, bundles: &[Spanned<String>], findings: &mut Diagnostics) -> Vec<Template> {
    let mut found = Vec::new();
    for bundle in bundles {
        if let Some(bundle) = findings.take(find_bundle(files, bundle)) {
            found.extend(bundle);
        }
    }
    if !bundles.is_empty() {
        found.extend(shared_partials(files));
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    warn_ignored(&mut found, findings);
    let mut templates = read(files, 0, found, findings);
    include(files, &mut templates, findings);
    for template in &mut templates {
        findings.extend(std::mem::take(&mut template.rewritten.problems));
    }
    templates
}

/// The folder of all templates.
fn root() -> RootPath {
    RootPath::new("templates").unwrap_or_default()
}

fn find_bundle(files: &Files, bundle: &Spanned<String>) -> Result<Vec<Found>, Diagnostic> {
    let span = bundle.span();
    let folder = root().join(bundle.as_str()).ok().filter(|folder| folder.is_under(&root()) && *folder != root());
    let Some(folder) = folder else {
        return Err(Diagnostic::new(
            &rules::BUNDLE_WITHOUT_TEMPLATES,
            format!("the bundle `{}` isn't a folder of `templates/`", bundle.as_str()),
        )
        .at(span, "named here")
        .hint("name a folder of `templates/`, such as `inference` for `templates/inference/`"));
    };
    let mut found = Vec::new();
    walk(files, &folder, span, &mut found)?;
    if !found.iter().any(|found| found.rendered) {
        return Err(Diagnostic::new(&rules::BUNDLE_WITHOUT_TEMPLATES, format!("`{folder}` holds no template to render"))
            .at(span, "this bundle")
            .hint("templates are files that end in `.yaml` or `.yml` and don't begin with `_`"));
    }
    Ok(found)
}

fn walk(files: &Files, folder: &RootPath, asked: Span, found: &mut Vec<Found>) -> Result<(), Diagnostic> {
    for entry in files.list(folder, Some(asked))? {
        let Ok(path) = folder.join(&entry.name) else { continue };
        match entry.kind {
            _ if entry.name.starts_with('.') => {}
            EntryKind::Folder => walk(files, &path, asked, found)?,
            EntryKind::File | EntryKind::Other => found.extend(classify(path, Some(asked))),
        }
    }
    Ok(())
}

/// What a file of a bundle is to us; `None` for files that have nothing to do with templates.
fn classify(path: RootPath, asked: Option<Span>) -> Option<Found> {
    let file = path.file_name();
    let (_, extension) = file.rsplit_once('.').unwrap_or((file, ""));
    let (yaml, tera) = (matches!(extension, "yaml" | "yml"), extension == "tera");
    let name = path.as_str().strip_prefix("templates/")?.to_owned();
    let rendered = yaml && !file.starts_with('_');
    (yaml || tera).then_some(Found { path, name, rendered, asked })
}

/// A `.tera` file without `_` in front is most likely meant to be one or the other.
fn warn_ignored(found: &mut Vec<Found>, findings: &mut Diagnostics) {
    found.retain(|found| {
        let ignored = !found.rendered && !found.path.file_name().starts_with('_');
        if ignored {
            let file = found.path.file_name();
            findings.push(
                Diagnostic::new(&rules::TEMPLATE_IGNORED, format!("`{}` isn't rendered", found.path))
                    .at_opt(found.asked, "in this bundle")
                    .hint(format!(
                        "to render it, name it `{}.yaml`; a partial is named `_{file}`",
                        file.trim_end_matches(".tera")
                    )),
            );
        }
        !ignored
    });
}

fn shared_partials(files: &Files) -> Vec<Found> {
    let entries = files.list(&root(), None).unwrap_or_default();
    let partials = entries.into_iter().filter(|entry| entry.kind != EntryKind::Folder && entry.name.starts_with('_'));
    partials.filter_map(|entry| classify(root().join(&entry.name).ok()?, None)).collect()
}

/// Reads and rewrites templates; the first gets this number.
fn read(files: &Files, first: usize, found: Vec<Found>, findings: &mut Diagnostics) -> Vec<Template> {
    if found.len() >= PARALLEL {
        // Only so that the disk is asked from all threads; errors come from the second reading.
        found.par_iter().for_each(|found| {
            let _ = files.bytes(&found.path, None);
        });
    }
    let texts: Vec<(Found, FileId)> = found
        .into_iter()
        .filter_map(|found| {
            let file = findings.take(files.text(&found.path, found.asked))?;
            Some((found, file))
        })
        .collect();
    let rewrite = |(at, (found, file)): (usize, (Found, FileId))| {
        let text = files.map().get(file).text.clone();
        let number = u32::try_from(first + at).unwrap_or(u32::MAX);
        let rewritten = rewrite::rewrite(number, file, &text);
        Template { name: found.name, file, rendered: found.rendered, rewritten }
    };
    let texts: Vec<_> = texts.into_iter().enumerate().collect();
    if texts.len() >= PARALLEL { texts.into_par_iter().map(rewrite).collect() } else { texts.into_iter().map(rewrite).collect() }
}

/// Reads what is included or extended and not loaded yet, and puts the full names in place.
fn include(files: &Files, templates: &mut Vec<Template>, findings: &mut Diagnostics) {
    let mut names: BTreeSet<String> = templates.iter().map(|template| template.name.clone()).collect();
    let mut at = 0;
    while let Some(template) = templates.get(at) {
        let folder = folder(&template.name);
        let mut full = BTreeMap::new();
        let mut wanted = Vec::new();
        let facts = &template.rewritten.facts;
        for (written, span) in facts.includes.iter().chain(&facts.extends) {
            let near_then_root = [folder.join(written), RootPath::new(written)];
            let mut candidates = near_then_root.into_iter().flatten();
            let known = candidates
                .find(|name| names.contains(name.as_str()) || root().join(name.as_str()).is_ok_and(|path| files.has_file(&path)));
            match known {
                Some(name) => {
                    if names.insert(name.as_str().to_owned()) {
                        wanted.push((name.clone(), *span));
                    }
                    full.insert(written.clone(), name.as_str().to_owned());
                }
                None => findings.push(not_found(written, *span, &folder, names.iter().map(String::as_str))),
            }
        }
        let found = wanted.into_iter().filter_map(|(name, span)| {
            let path = root().join(name.as_str()).ok()?;
            Some(Found { path, name: name.as_str().to_owned(), rendered: false, asked: Some(span) })
        });
        let more = read(files, templates.len(), found.collect(), findings);
        templates.extend(more);
        if let Some(template) = templates.get_mut(at) {
            template.rewritten.resolve(|written| full.get(written).cloned());
        }
        at += 1;
    }
}

fn folder(name: &str) -> RootPath {
    RootPath::new(name).map(|path| path.parent()).unwrap_or_default()
}

fn not_found<'a>(written: &str, span: Span, folder: &RootPath, names: impl Iterator<Item = &'a str>) -> Diagnostic {
    let problem = Diagnostic::new(&rules::TEMPLATE_NOT_FOUND, format!("there is no template `{written}`")).at(span, "named here");
    let names: Vec<&str> = names.collect();
    let own = format!("{folder}/{written}");
    match nearest(written, names.iter().copied()).or_else(|| nearest(&own, names.iter().copied())) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("templates are named relative to their own folder, or relative to `templates/`"),
    }
}
