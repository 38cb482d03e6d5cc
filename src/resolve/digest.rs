//! Config objects that keep their name: their digest stands in an annotation of the pod templates that use them, so that a
//! changed value always rolls out.

use std::collections::BTreeMap;

use super::JOB_KEEPS_CONFIG;
use super::hash::content_hash;
use super::tokens::config_kind;
use super::uses::{Pod, Use};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::object::podspec::{UseBy, pod_template_path, rolls_out};
use crate::object::{Bundle, Data, Node, Text};
use crate::source::Span;

/// The annotation: `configmap/NAME=DIGEST`, several with commas between, sorted. A Secret's digest is over fingerprints.
pub const CONFIG_DIGEST: &str = "plimsoll.dev/config-digest";

/// `configmap/NAME=DIGEST` by final name, with the source's name and the object's place.
type Parts = BTreeMap<Text, (String, Span)>;

/// Annotates the pod templates of workloads that roll out. A Job's can't change, and a CronJob's next run reads what is there
/// then; for a Job that uses such an object there is a note.
pub(super) fn annotate(bundle: &mut Bundle, pods: &[Pod], found: &mut Diagnostics) {
    let mut digests: BTreeMap<usize, Option<Text>> = BTreeMap::new();
    for pod in pods {
        let Some(owner) = bundle.objects.get(pod.object) else { continue };
        let (rolls, is_job) = (rolls_out(&owner.source.group, owner.kind()), owner.kind() == "Job");
        if !(rolls || is_job) {
            continue;
        }
        let mut parts = Parts::new();
        for (used, at) in pod.uses.iter().filter_map(|used| Some((used, counted(used)?))) {
            let Some(config) = bundle.objects.get(at) else { continue };
            let digest = digests.entry(at).or_insert_with(|| {
                let kind = config_kind(config).filter(|_| !config.hashed && config.rolls_out)?;
                Some(content_hash(kind, &config.root).into())
            });
            if let Some(digest) = digest {
                let part = format!("{}/{}={digest}", used.kind.word(), used.name);
                parts.insert(part.into(), (format!("{}/{}", used.kind.word(), config.source.name), config.span));
            }
        }
        if let Some((_, span)) = parts.values().next() {
            let span = *span;
            if is_job { note(bundle, pod, &parts, found) } else { set(bundle, pod, &parts, span) }
        }
    }
}

/// The bundle's object behind a use that a container sees.
fn counted(used: &Use) -> Option<usize> {
    let seen = matches!(used.by, UseBy::Env | UseBy::EnvFrom | UseBy::Volume);
    used.object.filter(|_| seen)
}

fn set(bundle: &mut Bundle, pod: &Pod, parts: &Parts, span: Span) {
    let Some(object) = bundle.objects.get_mut(pod.object) else { return };
    let template = pod_template_path(&pod.path);
    let Some(map) = template.find_mut(&mut object.root).and_then(Node::as_map_mut) else { return };
    let annotations = map.child_map("metadata", span).and_then(|metadata| metadata.child_map("annotations", span));
    let Some(annotations) = annotations else { return };
    let value: Vec<&str> = parts.keys().map(Text::as_str).collect();
    annotations.set(CONFIG_DIGEST, Node::new(Data::Text(value.join(",").into()), span));
    object.touch(template.child("metadata").child("annotations").child(CONFIG_DIGEST), "resolve.digest", span);
}

fn note(bundle: &Bundle, pod: &Pod, parts: &Parts, found: &mut Diagnostics) {
    let Some(job) = bundle.objects.get(pod.object) else { return };
    let names: Vec<&str> = parts.values().map(|(name, _)| name.as_str()).collect();
    let mut finding = Diagnostic::new(
        &JOB_KEEPS_CONFIG,
        format!("a change of `{}` doesn't reach `{}`: a Job's pods can't change", names.join("`, `"), job.source),
    )
    .at(job.span, "this Job")
    .on(job.source.to_string())
    .hint("`immutable = true` gives the config object a hashed name, so that a change makes the Job another; `on-change = \"none\"` says that it needn't");
    for (_, span) in parts.values() {
        finding = finding.also(*span, "used by it");
    }
    found.push(finding);
}
