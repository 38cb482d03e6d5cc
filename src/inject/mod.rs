//! `[[inject]]`: ConfigMaps and Secrets become variables, volumes and pull secrets of workloads.
//!
//! Names here are those of the source; `resolve` rewrites them with all other references.

mod env;
mod held;
mod mount;
mod source;

use crate::diagnostic::{Diagnostic, Diagnostics, Rule, nearest, rule};
use crate::environment::{Environment, Inject};
use crate::object::podspec::{pod_spec_mut, pod_spec_paths};
use crate::object::{Bundle, FieldPath, Map, Node, Object, Pattern, Selector};
use crate::source::Span;

use held::Held;
use source::{Mount, Source};

rule!(INJECT_SYNTAX, "inject-syntax", Error, "an entry of `[[inject]]` isn't in the form that its place wants");
rule!(INJECT_NOTHING, "inject-nothing", Error, "an `[[inject]]` finds no pod or container to put something into");
rule!(INJECT_SOURCE, "inject-source", Error, "an `[[inject]]` names a ConfigMap or Secret that doesn't exist");
rule!(INJECT_KEY, "inject-key", Error, "an `[[inject]]` names a key that its ConfigMap or Secret doesn't hold");
rule!(INJECT_CONFLICT, "inject-conflict", Error, "an `[[inject]]` would replace what the workload already has");

/// The rules of this module.
pub static RULES: &[&Rule] = &[&INJECT_SYNTAX, &INJECT_NOTHING, &INJECT_SOURCE, &INJECT_KEY, &INJECT_CONFLICT];

/// An `[[inject]]`, read.
struct Wanted<'a> {
    table: &'a Inject,
    into: Selector,
    containers: Vec<Pattern>,
    env: Vec<env::Variable>,
    env_from: Vec<env::AllKeys>,
    env_each: Vec<Source>,
    image_pull: Vec<Source>,
    mounts: Vec<Mount>,
}

/// Does what every `[[inject]]` of the environment says, base first.
///
/// # Errors
/// An entry that can't be read; a source or key that doesn't exist; a conflict with what is there; a table that touches nothing.
pub fn inject(environment: &Environment, mut bundle: Bundle) -> Result<Bundle, Diagnostics> {
    let mut found = Diagnostics::new();
    if environment.settings.injects.is_empty() {
        return Ok(bundle);
    }
    let tables = &environment.settings.injects;
    let wanted: Vec<Wanted<'_>> = tables.iter().filter_map(|table| read(table, &mut found)).collect();
    let held = Held::new(environment, &bundle);
    let mut reached = vec![Reached::default(); wanted.len()];
    for object in &mut bundle.objects {
        let chosen = wanted.iter().zip(&mut reached).filter(|(wanted, _)| wanted.into.selects(object));
        let chosen: Vec<_> = chosen.collect();
        if !chosen.is_empty() {
            into_object(object, &held, chosen, &mut found);
        }
    }
    for (wanted, reached) in wanted.iter().zip(&reached) {
        found.extend(wanted.missed(reached, &bundle));
    }
    held::once(&mut found);
    found.into_result(bundle)
}

/// How far an `[[inject]]` came.
#[derive(Debug, Clone, Default)]
struct Reached {
    /// An object that it selects, without pods.
    podless: Option<String>,
    /// Containers that its pods have.
    seen: Vec<String>,
    pod: bool,
    container: bool,
}

fn read<'a>(table: &'a Inject, found: &mut Diagnostics) -> Option<Wanted<'a>> {
    let into = found.take(Selector::read(&table.into));
    let mut containers = Vec::new();
    for written in &table.containers {
        let bad = |problem| {
            Diagnostic::new(&INJECT_SYNTAX, format!("`{}` isn't a pattern: {problem}", written.value)).at(written.span(), "here")
        };
        containers.extend(found.take(Pattern::read(&written.value).map_err(bad)));
    }
    let env = table.env.iter().filter_map(|pair| found.take(env::Variable::read(pair))).collect();
    let env_from = table.env_from.iter().filter_map(|written| found.take(env::AllKeys::read(written))).collect();
    let env_each = table.env_each.iter().filter_map(|written| found.take(Source::whole(written, "env-each"))).collect();
    let image_pull = table.image_pull.iter().filter_map(|written| found.take(Source::pull(written))).collect();
    let mounts = table.mount.iter().filter_map(|mount| found.take(Mount::read(mount))).collect();
    let is_empty = [table.env.len(), table.env_from.len(), table.env_each.len(), table.image_pull.len(), table.mount.len()]
        .iter()
        .all(|length| *length == 0);
    if is_empty {
        found.push(
            Diagnostic::new(&INJECT_NOTHING, "this `[[inject]]` doesn't say what to put in")
                .at(table.span, "here")
                .hint("give it `env`, `env-from`, `env-each`, `image-pull` or `mount`"),
        );
    }
    Some(Wanted { table, into: into?, containers, env, env_from, env_each, image_pull, mounts })
}

fn into_object(object: &mut Object, held: &Held, chosen: Vec<(&Wanted<'_>, &mut Reached)>, found: &mut Diagnostics) {
    let paths = pod_spec_paths(object);
    let id = object.source.clone();
    let namespace = id.namespace.as_ref().map(ToString::to_string);
    // Injected variables come before the object's own, so that `$(NAME)` in those can use them.
    let mut fronts = vec![Fronts::default(); paths.len()];
    for (wanted, reached) in chosen {
        if paths.is_empty() {
            reached.podless.get_or_insert_with(|| id.to_string());
        }
        for (path, front) in paths.iter().zip(&mut fronts) {
            reached.pod = true;
            let mut touched = Vec::new();
            let mut pod =
                Pod { held, namespace: namespace.as_deref(), object: id.to_string(), path, touched: &mut touched, found };
            let Some(spec) = pod_spec_mut(object, path) else { continue };
            wanted.edit_pod(spec, front, reached, &mut pod);
            for (path, span) in touched {
                object.touch(path, "inject", span);
            }
        }
    }
}

/// How many variables stand before a container's own, by list and position.
type Fronts = std::collections::BTreeMap<(&'static str, usize), usize>;

/// A pod that is being edited.
struct Pod<'a> {
    held: &'a Held,
    namespace: Option<&'a str>,
    object: String,
    path: &'a FieldPath,
    touched: &'a mut Vec<(FieldPath, Span)>,
    found: &'a mut Diagnostics,
}

impl Pod<'_> {
    fn conflict(&self, message: String, new: Span, old: Span) -> Diagnostic {
        Diagnostic::new(&INJECT_CONFLICT, message).at(new, "put in here").also(old, "already there").on(self.object.clone())
    }
}

impl Wanted<'_> {
    fn edit_pod(&self, spec: &mut Map, fronts: &mut Fronts, reached: &mut Reached, pod: &mut Pod<'_>) {
        let lists: &[&'static str] = if self.table.init_containers { &["containers", "initContainers"] } else { &["containers"] };
        let mut matched = Vec::new();
        for list in lists {
            let containers = spec.get(list).and_then(Node::as_list).unwrap_or_default();
            for (at, container) in containers.iter().enumerate() {
                let name = container.get("name").and_then(Node::as_str).unwrap_or("");
                if self.containers.is_empty() || self.containers.iter().any(|pattern| pattern.matches(name)) {
                    matched.push((*list, at));
                } else {
                    reached.seen.push(name.to_owned());
                }
            }
        }
        if matched.is_empty() {
            return;
        }
        reached.container = true;
        let volumes = mount::add_volumes(spec, &self.mounts, pod);
        for (list, at) in matched {
            let path = pod.path.child(list).index(at);
            let container = spec.get_mut(list).and_then(Node::as_list_mut).and_then(|list| list.get_mut(at));
            let Some(container) = container.and_then(Node::as_map_mut) else { continue };
            env::add(container, self, fronts.entry((list, at)).or_default(), &path, pod);
            mount::add_mounts(container, &self.mounts, &volumes, &path, pod);
        }
        self.add_pull_secrets(spec, pod);
    }

    fn add_pull_secrets(&self, spec: &mut Map, pod: &mut Pod<'_>) {
        for source in &self.image_pull {
            if !pod.held.has(source, pod.namespace, pod.found) {
                continue;
            }
            let Some(secrets) = spec.child_list("imagePullSecrets", source.span) else { continue };
            if secrets.iter().all(|secret| secret.get("name").and_then(Node::as_str) != Some(source.name.as_str())) {
                pod.touched.push((pod.path.child("imagePullSecrets").index(secrets.len()), source.span));
                secrets.push(source::fields(source.span, [("name", Node::text(source.name.as_str(), source.span))]));
            }
        }
    }

    /// What is to be said of a table that came nowhere.
    fn missed(&self, reached: &Reached, bundle: &Bundle) -> Option<Diagnostic> {
        let here = self.into.span();
        if reached.container {
            return None;
        }
        if !reached.pod {
            let Some(podless) = &reached.podless else {
                return Some(self.into.nothing(&INJECT_NOTHING, "this `[[inject]]`", bundle));
            };
            let finding = Diagnostic::new(&INJECT_NOTHING, format!("`{podless}` has no pods to put something into"));
            return Some(finding.at(here, "selects no workload"));
        }
        let Some(written) = self.table.containers.first() else {
            let message = format!("the pods of `{}` have no containers", self.into.written());
            return Some(Diagnostic::new(&INJECT_NOTHING, message).at(here, "selects no container"));
        };
        let message = format!("no container of `{}` is `{}`", self.into.written(), written.value);
        let finding = Diagnostic::new(&INJECT_NOTHING, message).at(written.span(), "selects no container");
        Some(
            match nearest(&written.value, reached.seen.iter().map(String::as_str)).or(reached.seen.first().map(String::as_str)) {
                Some(near) => finding.hint(format!("there is a container `{near}`")),
                None => finding,
            },
        )
    }
}

#[cfg(test)]
mod tests;
