//! What a patch applies to.

use super::label_selector::LabelSelector;
use super::{PATCH_NOTHING, bad_selector};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::environment::{Patch, Spanned};
use crate::object::{Bundle, Node, Object, Pattern, Selector};

/// A patch's conditions, read.
#[derive(Debug)]
pub(super) struct Target {
    object: Option<Selector>,
    group: Option<String>,
    version: Option<String>,
    namespace: Option<Pattern>,
    labels: Option<LabelSelector>,
    annotations: Option<LabelSelector>,
}

impl Target {
    /// Reads the conditions of `patch`; says what is wrong with each.
    pub(super) fn read(patch: &Patch, diagnostics: &mut Diagnostics) -> Option<Self> {
        let target = &patch.target;
        let mut errors = Diagnostics::new();
        let object = target.object.as_ref().and_then(|object| errors.take(Selector::read(object)));
        let namespace = read(target.namespace.as_ref(), Pattern::read, &mut errors);
        let labels = read(target.labels.as_ref(), LabelSelector::read, &mut errors);
        let annotations = read(target.annotations.as_ref(), LabelSelector::read, &mut errors);
        if errors.has_errors() {
            diagnostics.extend(errors);
            return None;
        }
        let text = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.value.clone());
        Some(Self { object, group: text(&target.group), version: text(&target.version), namespace, labels, annotations })
    }

    /// Whether all conditions hold for an object: names as the source writes them, labels and annotations as they are now.
    pub(super) fn selects(&self, object: &Object) -> bool {
        let id = &object.source;
        let metadata = object.root.get("metadata");
        let pairs = |field: &str| metadata.and_then(|metadata| metadata.get(field));
        self.object.as_ref().is_none_or(|selector| selector.matches(id))
            && self.group.as_ref().is_none_or(|group| *group == id.group)
            && self.version.as_ref().is_none_or(|version| *version == id.version)
            && self.namespace.as_ref().is_none_or(|namespace| object.namespace().is_some_and(|name| namespace.matches(name)))
            && self.labels.as_ref().is_none_or(|labels| matches(labels, pairs("labels")))
            && self.annotations.as_ref().is_none_or(|annotations| matches(annotations, pairs("annotations")))
    }

    /// The finding that no object of the bundle meets the conditions.
    pub(super) fn nothing(&self, patch: &Patch, bundle: &Bundle) -> Diagnostic {
        let what = patch.name.as_ref().map_or_else(|| "the patch".to_owned(), |name| format!("the patch `{}`", name.value));
        let candidates =
            bundle.objects.iter().filter(|object| self.object.as_ref().is_none_or(|selector| selector.selects(object)));
        let names: Vec<String> = candidates.take(3).map(|object| format!("`{}`", object.source)).collect();
        match &self.object {
            Some(selector) if names.is_empty() => selector.nothing(&PATCH_NOTHING, &what, bundle),
            selector => {
                let at = selector.as_ref().map_or(patch.span, Selector::span);
                let finding = Diagnostic::new(
                    &PATCH_NOTHING,
                    format!("{what} touches nothing: no object meets all conditions of its target"),
                );
                finding.at(at, "selects nothing").hint(match selector {
                    Some(selector) => format!("`{}` alone means {}", selector.written(), names.join(", ")),
                    None => "leave one condition out to see which".to_owned(),
                })
            }
        }
    }
}

fn matches(selector: &LabelSelector, pairs: Option<&Node>) -> bool {
    selector.matches(|key| pairs.and_then(|pairs| pairs.get(key)).and_then(Node::as_str))
}

fn read<T>(written: Option<&Spanned<String>>, read: impl Fn(&str) -> Result<T, String>, errors: &mut Diagnostics) -> Option<T> {
    let written = written?;
    match read(&written.value) {
        Ok(value) => Some(value),
        Err(what) => {
            errors.push(bad_selector(&written.value, &what).at(written.span(), "here"));
            None
        }
    }
}
