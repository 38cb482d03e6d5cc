//! Reads the merged tables into [`Settings`]. Types were checked layer by layer; what remains is whether all that must be
//! there is there, and what only the whole shows.

use std::collections::BTreeMap;

use super::keys::ROOT;
use super::settings::{
    Allow, Apply, BasicAuth, ConfigMap, ConfigObject, Conflict, External, ExternalSecret, Image, Inject, Namespace, Pair, Patch,
    PatchBody, PatchTarget, Registry, Replicas, SealedFile, Secret, ServiceAccount, Settings, Target, Tls, Transform,
};
use super::shape::{Key, Shape};
use super::value::{Spanned, Table, TableEntry, Value, ValueKind};
use super::{DUPLICATE_NAME, INCOMPLETE_TABLE, SEALED_TWICE, path};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{FileId, Files, RootPath, Span};

/// The settings of a merged environment, complete as far as it is; what lacks is said.
pub(super) fn settings(files: &Files, file: FileId, merged: &Table, diagnostics: &mut Diagnostics) -> Settings {
    let root = View { table: merged, span: Span::file_start(file) };
    Required { diagnostics, path: Vec::new() }.table(&root, ROOT);
    for pile in ["inject", "patch"] {
        unique_names(&root, pile, diagnostics);
    }
    let settings = Settings {
        target: root.section("target").map(|view| target(&view)).unwrap_or_default(),
        apply: root.section("apply").map(|view| apply(&view)).unwrap_or_default(),
        conflicts: root.each("conflict", conflict),
        sealed: sealed(files, &root, diagnostics),
        configmaps: root.named("configmap", |name, view| {
            Some(ConfigMap { common: config_object(name, view), literals: view.pairs("literals") })
        }),
        secrets: root.named("secret", |name, view| Some(secret(name, view))),
        injects: root.each("inject", inject),
        service_accounts: root.named("service-account", |name, view| {
            Some(ServiceAccount {
                span: view.span,
                name,
                secrets: view.text("secrets"),
                labels: view.pairs("labels"),
                annotations: view.pairs("annotations"),
            })
        }),
        namespace: root.section("namespace").map(|view| Namespace {
            span: view.span,
            create: view.boolean("create"),
            pod_security: view.text("pod-security"),
            labels: view.pairs("labels"),
            annotations: view.pairs("annotations"),
        }),
        external: root.section("external").map(|view| external(&view)).unwrap_or_default(),
        allows: root.each("allow", |view| {
            Some(Allow {
                span: view.span,
                rule: view.text("rule")?,
                objects: view.texts("objects"),
                reason: view.text("reason")?,
            })
        }),
        external_secrets: root.named("external-secret", external_secret),
        transform: root.section("transform").map(|view| transform(&view)).unwrap_or_default(),
        patches: root.each("patch", |view| patch(view, diagnostics)),
    };
    super::values::check(&settings, diagnostics);
    settings
}

/// A table with its place.
#[derive(Clone, Copy)]
struct View<'a> {
    table: &'a Table,
    span: Span,
}

impl<'a> View<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        match &value.kind {
            ValueKind::Table(table) => Some(Self { table, span: value.origin.span }),
            _ => None,
        }
    }

    fn section(&self, key: &str) -> Option<Self> {
        self.table.get(key).and_then(Self::of)
    }

    fn text(&self, key: &str) -> Option<Spanned<String>> {
        self.table.get(key).and_then(text)
    }

    fn boolean(&self, key: &str) -> Option<Spanned<bool>> {
        let value = self.table.get(key)?;
        match value.kind {
            ValueKind::Boolean(truth) => Some(Spanned { value: truth, origin: value.origin.clone() }),
            _ => None,
        }
    }

    fn integer(&self, key: &str) -> Option<Spanned<i64>> {
        let value = self.table.get(key)?;
        match value.kind {
            ValueKind::Integer(number) => Some(Spanned { value: number, origin: value.origin.clone() }),
            _ => None,
        }
    }

    /// A list of texts, or a text alone.
    fn texts(&self, key: &str) -> Vec<Spanned<String>> {
        self.table.get(key).map(texts).unwrap_or_default()
    }

    fn pairs(&self, key: &str) -> Vec<Pair<String>> {
        self.entries(key, text)
    }

    /// The entries of a table whose keys the user names.
    fn entries<T>(&self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Vec<(Spanned<String>, T)> {
        let Some(view) = self.section(key) else { return Vec::new() };
        let entry =
            |(name, entry): (&String, &TableEntry)| Some((Spanned::new(name.clone(), entry.key_span), read(&entry.value)?));
        view.table.0.iter().filter_map(entry).collect()
    }

    /// A table of tables.
    fn named<T>(&self, key: &str, read: impl Fn(Spanned<String>, &View<'_>) -> Option<T>) -> Vec<T> {
        let Some(view) = self.section(key) else { return Vec::new() };
        let entry =
            |(name, entry): (&String, &TableEntry)| read(Spanned::new(name.clone(), entry.key_span), &View::of(&entry.value)?);
        view.table.0.iter().filter_map(entry).collect()
    }

    /// A list of tables.
    fn each<T>(&self, key: &str, mut read: impl FnMut(&View<'_>) -> Option<T>) -> Vec<T> {
        match self.table.get(key).map(|value| &value.kind) {
            Some(ValueKind::List(items)) => items.iter().filter_map(|item| read(&View::of(item)?)).collect(),
            _ => Vec::new(),
        }
    }
}

fn text(value: &Value) -> Option<Spanned<String>> {
    match &value.kind {
        ValueKind::Text(text) => Some(Spanned { value: text.clone(), origin: value.origin.clone() }),
        _ => None,
    }
}

fn texts(value: &Value) -> Vec<Spanned<String>> {
    match &value.kind {
        ValueKind::List(items) => items.iter().filter_map(text).collect(),
        _ => text(value).into_iter().collect(),
    }
}

fn target(view: &View<'_>) -> Target {
    let mut bundles: Vec<Spanned<String>> = Vec::new();
    for bundle in view.texts("bundles") {
        // Layers accumulate, and two may want the same folder.
        if bundles.iter().all(|earlier| earlier.value != bundle.value) {
            bundles.push(bundle);
        }
    }
    Target {
        namespace: view.text("namespace"),
        namespaces: view.texts("namespaces"),
        cluster_id: view.text("cluster-id"),
        context: view.text("context"),
        bundles,
        kubernetes: view.text("kubernetes"),
        engine: view.text("engine"),
        require_clean: view.boolean("require-clean"),
    }
}

fn apply(view: &View<'_>) -> Apply {
    Apply {
        timeout: view.text("timeout"),
        keep: view.integer("keep"),
        prune_budget: view.integer("prune-budget"),
        prune_kinds: view.texts("prune-kinds"),
        replace: view.texts("replace"),
    }
}

fn conflict(view: &View<'_>) -> Option<Conflict> {
    Some(Conflict { span: view.span, object: view.text("object")?, field: view.text("field")?, policy: view.text("policy")? })
}

fn sealed(files: &Files, root: &View<'_>, diagnostics: &mut Diagnostics) -> Vec<SealedFile> {
    let mut places: BTreeMap<RootPath, Span> = BTreeMap::new();
    let mut sealed = Vec::new();
    for (name, recipients) in root.entries("sealed", |value| Some(View::of(value)?.texts("recipients"))) {
        let span = name.span();
        let Some(path) = diagnostics.take(files.resolve(&name.value, span)) else { continue };
        if let Some(first) = places.get(&path) {
            diagnostics.push(
                Diagnostic::new(&SEALED_TWICE, format!("the sealed file `{path}` is named twice"))
                    .at(span, "named again")
                    .also(*first, "first")
                    .hint("a sealed file has one list of recipients: remove one of the tables"),
            );
        } else {
            places.insert(path.clone(), span);
            sealed.push(SealedFile { path: Spanned { value: path, origin: name.origin }, recipients });
        }
    }
    sealed
}

fn config_object(name: Spanned<String>, view: &View<'_>) -> ConfigObject {
    ConfigObject {
        span: view.span,
        name,
        namespace: view.text("namespace"),
        files: view.texts("files"),
        env_files: view.texts("env-files"),
        immutable: view.boolean("immutable"),
        on_change: view.text("on-change"),
        labels: view.pairs("labels"),
        annotations: view.pairs("annotations"),
    }
}

fn secret(name: Spanned<String>, view: &View<'_>) -> Secret {
    Secret {
        common: config_object(name, view),
        type_: view.text("type"),
        keys: view.pairs("keys"),
        registry: if let Some(one) = view.section("registry") {
            registry(&one).into_iter().collect()
        } else {
            view.each("registry", registry)
        },
        tls: view.section("tls").and_then(|tls| Some(Tls { cert: tls.text("cert")?, key: tls.text("key")? })),
        basic_auth: view
            .section("basic-auth")
            .and_then(|auth| Some(BasicAuth { username: auth.text("username")?, password: auth.text("password")? })),
        ssh_auth: view.section("ssh-auth").and_then(|auth| auth.text("key")),
    }
}

fn registry(view: &View<'_>) -> Option<Registry> {
    Some(Registry {
        server: view.text("server")?,
        username: view.text("username")?,
        password: view.text("password")?,
        email: view.text("email"),
    })
}

fn inject(view: &View<'_>) -> Option<Inject> {
    Some(Inject {
        span: view.span,
        name: view.text("name"),
        into: view.text("into")?,
        containers: view.texts("container"),
        init_containers: view.boolean("init-containers").is_some_and(|on| on.value),
        env_from: view.texts("env-from"),
        env_each: view.texts("env-each"),
        env: view.pairs("env"),
        image_pull: view.texts("image-pull"),
        mount: view.entries("mount", |value| Some(texts(value))),
    })
}

fn external(view: &View<'_>) -> External {
    External {
        configmaps: view.texts("configmaps"),
        secrets: view.texts("secrets"),
        service_accounts: view.texts("service-accounts"),
        objects: view.texts("objects"),
    }
}

fn external_secret(name: Spanned<String>, view: &View<'_>) -> Option<ExternalSecret> {
    Some(ExternalSecret {
        span: view.span,
        name,
        store: view.text("store")?,
        store_kind: view.text("store-kind"),
        refresh: view.text("refresh"),
        keys: view.pairs("keys"),
        type_: view.text("type"),
        labels: view.pairs("labels"),
        annotations: view.pairs("annotations"),
    })
}

fn transform(view: &View<'_>) -> Transform {
    Transform {
        name_prefix: view.text("name-prefix"),
        name_suffix: view.text("name-suffix"),
        labels: view.pairs("labels"),
        label_selectors: view.boolean("label-selectors"),
        annotations: view.pairs("annotations"),
        images: view.each("image", |view| {
            Some(Image {
                span: view.span,
                name: view.text("name")?,
                new_name: view.text("new-name"),
                tag: view.text("tag"),
                digest: view.text("digest"),
            })
        }),
        replicas: view.each("replicas", |view| {
            Some(Replicas { span: view.span, target: view.text("target")?, count: view.integer("count")? })
        }),
    }
}

fn patch(view: &View<'_>, diagnostics: &mut Diagnostics) -> Option<Patch> {
    let target = if let Some(conditions) = view.section("target") {
        PatchTarget {
            object: conditions.text("object"),
            group: conditions.text("group"),
            version: conditions.text("version"),
            namespace: conditions.text("namespace"),
            labels: conditions.text("labels"),
            annotations: conditions.text("annotations"),
        }
    } else {
        let object = Some(view.text("target")?);
        PatchTarget { object, group: None, version: None, namespace: None, labels: None, annotations: None }
    };
    let body = match (patch_merge(view), patch_json(view)) {
        (Some(body), None) | (None, Some(body)) => body,
        (None, None) => {
            diagnostics.push(
                Diagnostic::new(&INCOMPLETE_TABLE, "a `[[patch]]` needs `merge` or `json`")
                    .at(view.span, "changes nothing")
                    .hint("`merge` takes a strategic merge patch, `json` a list of JSON patch operations"),
            );
            return None;
        }
        (Some(_), Some(_)) => {
            diagnostics.push(
                Diagnostic::new(&INCOMPLETE_TABLE, "a `[[patch]]` has either `merge` or `json`, not both")
                    .at(view.span, "has both")
                    .hint("write two `[[patch]]` tables: merge patches run before JSON patches"),
            );
            return None;
        }
    };
    Some(Patch { span: view.span, name: view.text("name"), target, body })
}

fn patch_merge(view: &View<'_>) -> Option<PatchBody> {
    let value = view.table.get("merge")?;
    match &value.kind {
        ValueKind::Table(table) => Some(PatchBody::MergeTable(Spanned { value: table.clone(), origin: value.origin.clone() })),
        _ => text(value).map(PatchBody::MergeText),
    }
}

fn patch_json(view: &View<'_>) -> Option<PatchBody> {
    let value = view.table.get("json")?;
    let operation = |item: &Value| match &item.kind {
        ValueKind::Table(table) => Some(Spanned { value: table.clone(), origin: item.origin.clone() }),
        _ => None,
    };
    match &value.kind {
        ValueKind::List(items) => Some(PatchBody::Json(items.iter().filter_map(operation).collect())),
        _ => text(value).map(PatchBody::JsonText),
    }
}

/// Two of the same name in one pile: neither could be dropped by itself.
fn unique_names(root: &View<'_>, pile: &str, diagnostics: &mut Diagnostics) {
    let mut places: BTreeMap<String, Span> = BTreeMap::new();
    for name in root.each(pile, |view| view.text("name")) {
        let at = name.span();
        if let Some(first) = places.get(&name.value) {
            diagnostics.push(
                Diagnostic::new(&DUPLICATE_NAME, format!("two `[[{pile}]]` have the name `{}`", name.value))
                    .at(at, "again")
                    .also(*first, "first")
                    .hint(format!(
                        "name it otherwise; to replace the earlier one: unset = ['{}']",
                        path::show([pile, &name.value])
                    )),
            );
        } else {
            places.insert(name.value, at);
        }
    }
}

/// Says which required keys lack.
struct Required<'a> {
    diagnostics: &'a mut Diagnostics,
    path: Vec<String>,
}

impl Required<'_> {
    fn table(&mut self, view: &View<'_>, keys: &'static [Key]) {
        // A key that is unknown was likely meant to be the one that lacks, and was said.
        let all_known = view.table.0.keys().all(|name| keys.iter().any(|key| key.name == name));
        for key in keys {
            match view.table.0.get(key.name) {
                Some(entry) => {
                    self.path.push(key.name.to_owned());
                    self.value(&entry.value, &key.shape);
                    self.path.pop();
                }
                None if key.required && all_known => self.missing(view.span, key),
                None => {}
            }
        }
    }

    fn value(&mut self, value: &Value, shape: &'static Shape) {
        match (shape.for_value(value), &value.kind) {
            (Shape::Table(keys), ValueKind::Table(table)) => self.table(&View { table, span: value.origin.span }, keys),
            (Shape::Map(_, of) | Shape::Owned(_, of), ValueKind::Table(table)) => {
                for (name, entry) in &table.0 {
                    self.path.push(name.clone());
                    self.value(&entry.value, of);
                    self.path.pop();
                }
            }
            (Shape::List(of) | Shape::Pile(of), ValueKind::List(items)) => items.iter().for_each(|item| self.value(item, of)),
            _ => {}
        }
    }

    fn missing(&mut self, span: Span, key: &Key) {
        let message = format!("`{}` needs the key `{}`", path::show(&self.path), key.name);
        let label = format!("no `{}`", key.name);
        self.diagnostics
            .push(Diagnostic::new(&INCOMPLETE_TABLE, message).at(span, label).hint(format!("`{}`: {}", key.name, key.doc)));
    }
}
