//! Hashed objects whose content changes: a new object beside the old, shown as one object's change.

use super::body::opener;
use super::node::{Veil, scrub, tree};
use super::observe::Observed;
use super::{Operation, Plan};
use crate::change::{fields, hide, strip_hash};
use crate::cluster::Live;
use crate::secret::{Opened, Scrubber};

/// Notes on each new hashed object which live one of the same base name it succeeds, and shows it as that one's change.
pub(super) fn mark(
    plan: &mut Plan,
    observed: &Observed,
    set: Option<(&str, &str)>,
    opened: Option<&Opened>,
    scrubber: Option<&Scrubber>,
) {
    let reveal = opener(opened);
    for step in plan.steps.iter_mut().filter(|step| step.operation == Operation::Create) {
        let Some(member) = step.member.and_then(|at| plan.members.get(at)) else { continue };
        let (true, Some(base), Some(namespace)) = (member.object.hashed, strip_hash(&step.id.name), step.id.namespace.as_deref())
        else {
            continue;
        };
        let is_before = |live: &&Live| {
            strip_hash(&live.name) == Some(base)
                && set.is_none_or(|(key, set)| live.labels.get(key).is_some_and(|label| label == set))
        };
        let before = observed.all(&step.id.kind, namespace).filter(is_before);
        let made = |live: &Live| {
            let value = live.value();
            (value.pointer("/metadata/creationTimestamp").and_then(serde_json::Value::as_str).unwrap_or("").to_owned(), value)
        };
        let newest =
            before.map(|live| (made(live), live)).max_by(|((a, _), one), ((b, _), other)| (a, &one.name).cmp(&(b, &other.name)));
        let Some(((_, value), live)) = newest else { continue };
        let veil = Veil::new(&member.object.root, &reveal);
        let (mut old, mut new) = (tree(&value, member.object.span), member.object.root.clone());
        veil.cover(&mut old);
        veil.cover(&mut new);
        step.fields = fields(&old, &new);
        hide(&step.id, &mut step.fields);
        scrub(&mut step.fields, scrubber);
        step.renamed_from = Some(live.id());
    }
}
