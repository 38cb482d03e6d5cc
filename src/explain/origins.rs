//! The origin of a setting, found by its place.

use std::collections::BTreeMap;

use crate::environment::{Environment, Origin, Spanned, Table, Value, ValueKind};
use crate::source::Span;

/// Origins by the place of what holds: values, and the settings that become fields of objects.
pub(super) struct Origins<'a>(BTreeMap<Span, &'a Origin>);

impl<'a> Origins<'a> {
    pub(super) fn new(environment: &'a Environment) -> Self {
        let mut origins = Self(BTreeMap::new());
        origins.table(&environment.values);
        let settings = &environment.settings;
        for configmap in &settings.configmaps {
            origins.pairs(&configmap.literals);
            origins.all(&configmap.common.files);
            origins.pairs(&configmap.common.labels);
            origins.pairs(&configmap.common.annotations);
        }
        for secret in &settings.secrets {
            origins.pairs(&secret.keys);
            origins.all(&secret.common.files);
            origins.pairs(&secret.common.labels);
            origins.pairs(&secret.common.annotations);
        }
        for inject in &settings.injects {
            origins.pairs(&inject.env);
            origins.all(&inject.env_from);
        }
        let transform = &settings.transform;
        origins.all(transform.name_prefix.iter().chain(&transform.name_suffix));
        origins.pairs(&transform.labels);
        origins.pairs(&transform.annotations);
        for image in &transform.images {
            origins.all(image.tag.iter().chain(&image.new_name).chain(&image.digest));
        }
        origins.all(transform.replicas.iter().map(|replicas| &replicas.count));
        origins.all(&settings.target.namespace);
        origins
    }

    /// The places that the setting at this place overrode, nearest layer first.
    pub(super) fn overrode(&self, span: Span) -> &'a [Span] {
        self.0.get(&span).map_or(&[], |origin| &origin.overrode)
    }

    fn all<T: 'a>(&mut self, settings: impl IntoIterator<Item = &'a Spanned<T>>) {
        self.0.extend(settings.into_iter().map(|setting| (setting.origin.span, &setting.origin)));
    }

    fn pairs(&mut self, pairs: &'a [(Spanned<String>, Spanned<String>)]) {
        self.all(pairs.iter().map(|(_, value)| value));
    }

    fn table(&mut self, table: &'a Table) {
        for entry in table.0.values() {
            self.value(&entry.value);
        }
    }

    fn value(&mut self, value: &'a Value) {
        self.0.insert(value.origin.span, &value.origin);
        match &value.kind {
            ValueKind::Table(table) => self.table(table),
            ValueKind::List(items) => items.iter().for_each(|item| self.value(item)),
            _ => {}
        }
    }
}
