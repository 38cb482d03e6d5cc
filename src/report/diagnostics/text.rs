//! For people: the place, the line, what to do next.

use std::collections::BTreeMap;
use std::fmt::Write;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};

use super::listing::{Count, Item, list};
use super::{Findings, tokens};
use crate::diagnostic::{Annotation, Severity};
use crate::source::{FileId, Source};

/// How many are shown; all are counted.
const SHOWN: usize = 50;

/// Findings with the lines that they point to, errors first, the first 50 shown and all counted. Ends in a line end.
pub fn text(groups: &[Findings<'_>], colors: bool) -> String {
    let mut items = list(groups);
    items.sort_by_key(|item| std::cmp::Reverse(item.rule.severity));
    let several = groups.len() > 1;
    let renderer = renderer(colors);
    let mut text = String::new();
    for item in items.iter().take(SHOWN) {
        let _ = writeln!(text, "{}\n", renderer.render(&[group(item, several)]));
    }
    if let Some(summary) = summary(&items) {
        let _ = writeln!(text, "{summary}");
    }
    text
}

/// A message without a place: `error: …` and its hints.
pub fn plain(level: &str, message: &str, hints: &[String], colors: bool) -> String {
    let level = if level == "error" { Level::ERROR } else { Level::WARNING };
    let hints = hints.iter().map(|hint| Level::HELP.message(hint.as_str()));
    renderer(colors).render(&[level.primary_title(message).elements(hints)])
}

fn renderer(colors: bool) -> Renderer {
    if colors { Renderer::styled() } else { Renderer::plain() }
}

fn group<'a>(item: &'a Item<'a>, several: bool) -> Group<'a> {
    let level = match item.rule.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(item.message.as_str()).id(item.rule.name);
    let mut elements: Vec<Element<'a>> = snippets(item).into_iter().map(Element::from).collect();
    if let Some(about) = about(item, several) {
        elements.push(Level::NOTE.message(about).into());
    }
    elements.extend(item.hints.iter().map(|hint| Element::from(Level::HELP.message(hint.as_str()))));
    title.elements(elements)
}

/// `in Deployment/x, spec.replicas (dev, prod)`
fn about(item: &Item<'_>, several: bool) -> Option<String> {
    let mut parts: Vec<String> = item.object.into_iter().chain(item.field).map(|part| format!("`{part}`")).collect();
    let environments = if several { item.environments.join(", ") } else { String::new() };
    if !environments.is_empty() {
        parts.push(format!("environment {environments}"));
    }
    (!parts.is_empty()).then(|| format!("in {}", parts.join(", ")))
}

/// One snippet a file, the primary place's file first.
fn snippets<'a>(item: &Item<'a>) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let mut files: Vec<FileId> = Vec::new();
    let mut by_file: BTreeMap<FileId, Vec<(AnnotationKind, &'a Annotation)>> = BTreeMap::new();
    let primary = item.diagnostic.primary.iter().map(|annotation| (AnnotationKind::Primary, annotation));
    let secondary = item.diagnostic.secondary.iter().map(|annotation| (AnnotationKind::Context, annotation));
    for (kind, annotation) in primary.chain(secondary) {
        if !files.contains(&annotation.span.file) {
            files.push(annotation.span.file);
        }
        by_file.entry(annotation.span.file).or_default().push((kind, annotation));
    }
    let with_annotations = files.into_iter().filter_map(|file| Some((item.sources.get(file), by_file.remove(&file)?)));
    with_annotations.map(|(source, annotations)| snippet(item.rule.name, &source, &annotations)).collect()
}

/// The lines from the first place to the last; what lies between is folded by the renderer.
fn snippet<'a>(
    rule: &str,
    source: &Source,
    places: &[(AnnotationKind, &'a Annotation)],
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let starts = places.iter().map(|(_, annotation)| annotation.span.start as usize);
    let first = starts.clone().min().unwrap_or(0).min(source.text.len());
    let last = starts.max().unwrap_or(0).min(source.text.len());
    let from = line_start(&source.text, first);
    let to = line_end(&source.text, last);
    let starts: Vec<usize> = places.iter().map(|(_, annotation)| annotation.span.start as usize).collect();
    let lines = tokens::Lines::of(&source.text, from..to, rule, &starts);
    let annotations = places.iter().map(|(kind, annotation)| {
        let start = (annotation.span.start as usize).clamp(from, to);
        // A place of many lines (a whole document) is shown by its first.
        let end = (annotation.span.end as usize).min(line_end(&source.text, start)).max(start);
        let range = lines.moved(start - from)..lines.moved(end - from);
        let label = (!annotation.label.is_empty()).then(|| tokens::hide(&annotation.label));
        kind.span(range).label(label)
    });
    Snippet::source(lines.text.clone())
        .path(source.name.to_string())
        .line_start(source.position(from).line)
        .annotations(annotations.collect::<Vec<_>>())
}

fn line_start(text: &str, offset: usize) -> usize {
    text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
}

fn line_end(text: &str, offset: usize) -> usize {
    text.get(offset..).and_then(|after| after.find('\n')).map_or(text.len(), |at| offset + at)
}

/// `2 errors, 1 warning`, and how many of them weren't shown.
fn summary(items: &[Item<'_>]) -> Option<String> {
    let count = Count::of(items);
    let counted = [(count.errors, "error"), (count.warnings, "warning"), (count.notes, "note")];
    let words: Vec<String> = counted
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}{}", if number == 1 { "" } else { "s" }))
        .collect();
    if words.is_empty() {
        return None;
    }
    let hidden = items.len().saturating_sub(SHOWN);
    let more = if hidden > 0 { format!("; the first {SHOWN} are shown, `--format json` has all") } else { String::new() };
    Some(format!("{}{more}", words.join(", ")))
}
