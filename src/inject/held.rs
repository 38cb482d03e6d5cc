//! Which ConfigMaps and Secrets there are, and what they hold.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::source::Source;
use super::{INJECT_KEY, INJECT_SOURCE};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::environment::{Environment, Spanned};
use crate::object::podspec::ConfigKind;
use crate::object::{Bundle, Text, config_of};
use crate::source::Span;

/// Config objects by source name.
pub(super) struct Held {
    /// The namespace of objects that name none.
    default: Text,
    /// By kind and name: each namespace's (`None`: any) with its keys, `None` if they can't be known.
    by: IndexMap<(ConfigKind, Text), Vec<Holder>, FxBuildHasher>,
}

struct Holder {
    namespace: Option<Text>,
    keys: Option<Vec<Text>>,
    /// Where it is made or declared.
    span: Span,
}

impl Held {
    pub(super) fn new(environment: &Environment, bundle: &Bundle) -> Self {
        let default = environment.settings.target.namespace.as_ref().map_or("", |namespace| namespace.value.as_str()).into();
        let mut held = Self { default, by: IndexMap::default() };
        for object in &bundle.objects {
            let Some(config) = config_of(object) else { continue };
            let namespace = Some(object.source.namespace.clone().unwrap_or_else(|| held.default.clone()));
            let keys = config.keys.map(|keys| keys.into_iter().map(Text::from).collect());
            held.by.entry((config.kind, config.name.into())).or_default().push(Holder { namespace, keys, span: object.span });
        }
        let external = &environment.settings.external;
        for (kind, list) in [(ConfigKind::ConfigMap, &external.configmaps), (ConfigKind::Secret, &external.secrets)] {
            for written in list {
                held.declare(kind, written);
            }
        }
        held
    }

    /// `name` or `name#key` of `[external]`: the keys are known if any is listed.
    fn declare(&mut self, kind: ConfigKind, written: &Spanned<String>) {
        let text = written.value.as_str();
        let (name, key) = text.split_once('#').map_or((text, None), |(name, key)| (name, Some(key)));
        let holders = self.by.entry((kind, name.into())).or_default();
        match (key, holders.iter_mut().find(|holder| holder.namespace.is_none())) {
            (Some(key), Some(holder)) => holder.keys.get_or_insert_default().push(key.into()),
            (None, Some(_)) => {}
            (key, None) => {
                let keys = key.map(|key| vec![Text::from(key)]);
                holders.push(Holder { namespace: None, keys, span: written.span() });
            }
        }
    }

    fn find(&self, source: &Source, namespace: Option<&str>) -> Result<&Holder, Diagnostic> {
        let namespace = namespace.unwrap_or(&self.default);
        let holders = self.by.get(&(source.kind, source.name.as_str().into())).map(Vec::as_slice).unwrap_or_default();
        let here = holders.iter().find(|holder| holder.namespace.as_deref().is_none_or(|there| there == namespace));
        here.ok_or_else(|| self.unknown(source, namespace, holders))
    }

    fn unknown(&self, source: &Source, namespace: &str, elsewhere: &[Holder]) -> Diagnostic {
        let finding =
            Diagnostic::new(&INJECT_SOURCE, format!("there is no `{}`", source.words())).at(source.span, "not in the bundle");
        if let Some((holder, there)) = elsewhere.first().and_then(|holder| Some((holder, holder.namespace.as_ref()?))) {
            return finding
                .also(holder.span, "this one is in another namespace")
                .hint(format!("it is in namespace `{there}`, and the workload in `{namespace}`; a pod only reaches its own"));
        }
        let other = match source.kind {
            ConfigKind::ConfigMap => ConfigKind::Secret,
            ConfigKind::Secret => ConfigKind::ConfigMap,
        };
        if self.by.contains_key(&(other, source.name.as_str().into())) {
            return finding.hint(format!("there is `{}/{}`", other.word(), source.name));
        }
        let names = self.by.keys().filter(|(kind, _)| *kind == source.kind).map(|(_, name)| name.as_str());
        let finding = match nearest(&source.name, names) {
            Some(near) => finding.hint(format!("there is `{}/{near}`", source.kind.word())),
            None => finding,
        };
        let list = match source.kind {
            ConfigKind::ConfigMap => "configmaps",
            ConfigKind::Secret => "secrets",
        };
        finding.hint(format!("if it exists outside of the bundle, list it in `{list}` of `[external]`"))
    }

    /// Whether the source is there; says so if not.
    pub(super) fn has(&self, source: &Source, namespace: Option<&str>, found: &mut Diagnostics) -> bool {
        found.take(self.find(source, namespace)).is_some()
    }

    /// Whether the source is there with this key; says so if not.
    pub(super) fn has_key(
        &self,
        source: &Source,
        key: &str,
        span: Span,
        namespace: Option<&str>,
        found: &mut Diagnostics,
    ) -> bool {
        let Some(holder) = found.take(self.find(source, namespace)) else { return false };
        let Some(keys) = &holder.keys else { return true };
        if keys.iter().any(|known| known == key) {
            return true;
        }
        let finding = Diagnostic::new(&INJECT_KEY, format!("`{}` has no key `{key}`", source.words()))
            .at(span, "no such key")
            .also(holder.span, "made here");
        let near = nearest(key, keys.iter().map(Text::as_str));
        found.push(match (near, keys.as_slice()) {
            (Some(near), _) => finding.hint(format!("it has `{near}`")),
            (None, []) => finding.hint("it has no keys at all"),
            (None, keys) => finding.hint(format!("it has {}", list(keys))),
        });
        false
    }

    /// The source's keys, `Ok(None)` if they can't be known.
    pub(super) fn keys(&self, source: &Source, namespace: Option<&str>) -> Result<Option<&[Text]>, Diagnostic> {
        self.find(source, namespace).map(|holder| holder.keys.as_deref())
    }
}

fn list(keys: &[Text]) -> String {
    let names: Vec<String> = keys.iter().take(5).map(|key| format!("`{key}`")).collect();
    format!("{}{}", names.join(", "), if keys.len() > names.len() { ", …" } else { "" })
}

/// One table reaches many workloads: what is wrong with its own words is said once.
pub(super) fn once(found: &mut Diagnostics) {
    let mut said = BTreeSet::new();
    found.retain(|finding| {
        let span = finding.primary.as_ref().map(|primary| primary.span);
        finding.object.is_some() || said.insert((finding.rule.name, span, finding.message.clone()))
    });
}
