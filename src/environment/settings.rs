//! The tables of an environment, typed. Every leaf knows its place.
//!
//! Names of objects are as the source writes them: before prefix, suffix and hash. Paths of files are as written; resolve them
//! with [`Files::resolve`](crate::source::Files::resolve) against their own place.

use super::value::{Spanned, Table};
use crate::source::{RootPath, Span};

/// A key with a value, both with their places.
pub type Pair<T> = (Spanned<String>, Spanned<T>);

/// All that an environment says beside `values`.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `[target]`
    pub target: Target,
    /// `[apply]`
    pub apply: Apply,
    /// `[[conflict]]`
    pub conflicts: Vec<Conflict>,
    /// `[sealed."FILE"]`, base first
    pub sealed: Vec<SealedFile>,
    /// `[configmap.NAME]`
    pub configmaps: Vec<ConfigMap>,
    /// `[secret.NAME]`
    pub secrets: Vec<Secret>,
    /// `[[inject]]`, base first
    pub injects: Vec<Inject>,
    /// `[service-account.NAME]`
    pub service_accounts: Vec<ServiceAccount>,
    /// `[namespace]`
    pub namespace: Option<Namespace>,
    /// `[external]`
    pub external: External,
    /// `[[allow]]`
    pub allows: Vec<Allow>,
    /// `[external-secret.NAME]`
    pub external_secrets: Vec<ExternalSecret>,
    /// `[transform]`
    pub transform: Transform,
    /// `[[patch]]`, base first
    pub patches: Vec<Patch>,
}

/// `[target]`
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// For objects that name none.
    pub namespace: Option<Spanned<String>>,
    /// Others that objects may name.
    pub namespaces: Vec<Spanned<String>>,
    /// UID of kube-system.
    pub cluster_id: Option<Spanned<String>>,
    /// The kubeconfig context.
    pub context: Option<Spanned<String>>,
    /// Folders of `templates/`.
    pub bundles: Vec<Spanned<String>>,
    /// The Kubernetes minor, such as `1.37`.
    pub kubernetes: Option<Spanned<String>>,
    /// Who applies: `plimsoll`, `flux`, `argocd`.
    pub engine: Option<Spanned<String>>,
    /// Apply only what HEAD holds.
    pub require_clean: Option<Spanned<bool>>,
}

/// `[apply]`: read and validated by the compiler, used by the live half.
#[derive(Debug, Clone, Default)]
pub struct Apply {
    /// A duration such as `5m`.
    pub timeout: Option<Spanned<String>>,
    /// Old hashed config objects kept.
    pub keep: Option<Spanned<i64>>,
    /// Most objects that one prune may delete.
    pub prune_budget: Option<Spanned<i64>>,
    /// Guarded kinds that may be pruned.
    pub prune_kinds: Vec<Spanned<String>>,
    /// Kinds that may be deleted and made anew.
    pub replace: Vec<Spanned<String>>,
}

/// `[[conflict]]`
#[derive(Debug, Clone)]
pub struct Conflict {
    /// The table.
    pub span: Span,
    /// `Kind/name`, globs.
    pub object: Spanned<String>,
    /// A field path.
    pub field: Spanned<String>,
    /// `take` or `leave`.
    pub policy: Spanned<String>,
}

/// `[sealed."FILE"]`
#[derive(Debug, Clone)]
pub struct SealedFile {
    /// The sealed file, or the folder of one file a key (a path that doesn't end in `.age`).
    pub path: Spanned<RootPath>,
    /// Who can open it: `age1…` or SSH public keys.
    pub recipients: Vec<Spanned<String>>,
}

/// What `[configmap.*]` and `[secret.*]` have in common.
#[derive(Debug, Clone)]
pub struct ConfigObject {
    /// The table.
    pub span: Span,
    /// The object's name, as written.
    pub name: Spanned<String>,
    /// A namespace other than the target's.
    pub namespace: Option<Spanned<String>>,
    /// Files taken in whole: a path, `key=path`, or a glob.
    pub files: Vec<Spanned<String>>,
    /// Files of `NAME=value` lines.
    pub env_files: Vec<Spanned<String>>,
    /// Content-hashed name and `immutable: true`.
    pub immutable: Option<Spanned<bool>>,
    /// `restart` (default) or `none`.
    pub on_change: Option<Spanned<String>>,
    /// Labels.
    pub labels: Vec<Pair<String>>,
    /// Annotations.
    pub annotations: Vec<Pair<String>>,
}

/// `[configmap.NAME]`
#[derive(Debug, Clone)]
pub struct ConfigMap {
    /// Name, files, labels and so on.
    pub common: ConfigObject,
    /// Keys with their texts.
    pub literals: Vec<Pair<String>>,
}

/// `[secret.NAME]`
#[derive(Debug, Clone)]
pub struct Secret {
    /// Name, files, labels and so on.
    pub common: ConfigObject,
    /// The Secret's type; `Opaque` unless the table's form implies another.
    pub type_: Option<Spanned<String>>,
    /// Keys with paths into the sealed values.
    pub keys: Vec<Pair<String>>,
    /// A docker registry login: `kubernetes.io/dockerconfigjson`. Several share one Secret.
    pub registry: Vec<Registry>,
    /// `tls = { cert = FILE or sealed path, key = … }`: `kubernetes.io/tls`.
    pub tls: Option<Tls>,
    /// `basic-auth = { username, password }`: `kubernetes.io/basic-auth`.
    pub basic_auth: Option<BasicAuth>,
    /// `ssh-auth = { key = sealed path }`: `kubernetes.io/ssh-auth`.
    pub ssh_auth: Option<Spanned<String>>,
}

/// A docker registry login; all but the server are paths into the sealed values.
#[derive(Debug, Clone)]
pub struct Registry {
    /// The registry's host, in plain text.
    pub server: Spanned<String>,
    /// Sealed path of the user's name.
    pub username: Spanned<String>,
    /// Sealed path of the password.
    pub password: Spanned<String>,
    /// Sealed path of the e-mail address.
    pub email: Option<Spanned<String>>,
}

/// A TLS pair.
#[derive(Debug, Clone)]
pub struct Tls {
    /// A public file, or the sealed path of the certificate chain.
    pub cert: Spanned<String>,
    /// The sealed path or sealed file of the private key.
    pub key: Spanned<String>,
}

/// User name and password, both sealed paths.
#[derive(Debug, Clone)]
pub struct BasicAuth {
    /// Sealed path.
    pub username: Spanned<String>,
    /// Sealed path.
    pub password: Spanned<String>,
}

/// `[[inject]]`
#[derive(Debug, Clone)]
pub struct Inject {
    /// The table.
    pub span: Span,
    /// So that a later layer can drop it.
    pub name: Option<Spanned<String>>,
    /// `Kind/name`, globs.
    pub into: Spanned<String>,
    /// Containers by name, globs; all if empty.
    pub containers: Vec<Spanned<String>>,
    /// Init containers too.
    pub init_containers: bool,
    /// `configmap/x`, `secret/x`: every key as it is. An optional prefix as `configmap/x as PREFIX_`.
    pub env_from: Vec<Spanned<String>>,
    /// `secret/x`: one variable a key, upper-cased, as `kubectl set env --from` does.
    pub env_each: Vec<Spanned<String>>,
    /// Variable to `kind/name#key`.
    pub env: Vec<Pair<String>>,
    /// Secrets for pulling images.
    pub image_pull: Vec<Spanned<String>>,
    /// Mount path to its sources: `configmap/x`, `secret/x`, `secret/x#key`; several make one projected volume.
    pub mount: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
}

/// `[service-account.NAME]`
#[derive(Debug, Clone)]
pub struct ServiceAccount {
    /// The table.
    pub span: Span,
    /// Its name, as written.
    pub name: Spanned<String>,
    /// `none` (default) or `referenced`.
    pub secrets: Option<Spanned<String>>,
    /// Labels.
    pub labels: Vec<Pair<String>>,
    /// Annotations.
    pub annotations: Vec<Pair<String>>,
}

/// `[namespace]`
#[derive(Debug, Clone)]
pub struct Namespace {
    /// The table.
    pub span: Span,
    /// Whether the bundle has the Namespace.
    pub create: Option<Spanned<bool>>,
    /// `privileged`, `baseline`, `restricted`.
    pub pod_security: Option<Spanned<String>>,
    /// Labels.
    pub labels: Vec<Pair<String>>,
    /// Annotations.
    pub annotations: Vec<Pair<String>>,
}

/// `[external]`: objects outside the bundle that may be referenced, `name` or `name#key`. Keys are checked if any is listed.
#[derive(Debug, Clone, Default)]
pub struct External {
    /// ConfigMaps.
    pub configmaps: Vec<Spanned<String>>,
    /// Secrets.
    pub secrets: Vec<Spanned<String>>,
    /// ServiceAccounts.
    pub service_accounts: Vec<Spanned<String>>,
    /// Anything else, as `Kind/name`.
    pub objects: Vec<Spanned<String>>,
}

/// `[[allow]]`
#[derive(Debug, Clone)]
pub struct Allow {
    /// The table.
    pub span: Span,
    /// The rule.
    pub rule: Spanned<String>,
    /// `Kind/name`, globs.
    pub objects: Vec<Spanned<String>>,
    /// Why.
    pub reason: Spanned<String>,
}

/// `[external-secret.NAME]`
#[derive(Debug, Clone)]
pub struct ExternalSecret {
    /// The table.
    pub span: Span,
    /// The name of the ExternalSecret and of the Secret that it makes.
    pub name: Spanned<String>,
    /// The store's name.
    pub store: Spanned<String>,
    /// `SecretStore` (default) or `ClusterSecretStore`.
    pub store_kind: Option<Spanned<String>>,
    /// How often it is read, such as `1h`.
    pub refresh: Option<Spanned<String>>,
    /// Key to `remote-key#property`.
    pub keys: Vec<Pair<String>>,
    /// The type of the Secret.
    pub type_: Option<Spanned<String>>,
    /// Labels.
    pub labels: Vec<Pair<String>>,
    /// Annotations.
    pub annotations: Vec<Pair<String>>,
}

/// `[transform]`
#[derive(Debug, Clone, Default)]
pub struct Transform {
    /// Put before the names of all objects (Namespaces, CRDs and other names that the cluster fixes excepted).
    pub name_prefix: Option<Spanned<String>>,
    /// Put behind them, before the hash.
    pub name_suffix: Option<Spanned<String>>,
    /// Labels for every object and pod template.
    pub labels: Vec<Pair<String>>,
    /// Whether the labels go into selectors too.
    pub label_selectors: Option<Spanned<bool>>,
    /// Annotations for every object and pod template.
    pub annotations: Vec<Pair<String>>,
    /// `[[transform.image]]`
    pub images: Vec<Image>,
    /// `[[transform.replicas]]`
    pub replicas: Vec<Replicas>,
}

/// `[[transform.image]]`
#[derive(Debug, Clone)]
pub struct Image {
    /// The table.
    pub span: Span,
    /// The image's name as templates write it, without tag and digest.
    pub name: Spanned<String>,
    /// Another name.
    pub new_name: Option<Spanned<String>>,
    /// Another tag.
    pub tag: Option<Spanned<String>>,
    /// A digest; with it a tag is dropped.
    pub digest: Option<Spanned<String>>,
}

/// `[[transform.replicas]]`
#[derive(Debug, Clone)]
pub struct Replicas {
    /// The table.
    pub span: Span,
    /// `Kind/name`, globs.
    pub target: Spanned<String>,
    /// How many.
    pub count: Spanned<i64>,
}

/// `[[patch]]`
#[derive(Debug, Clone)]
pub struct Patch {
    /// The table.
    pub span: Span,
    /// So that a later layer can drop it.
    pub name: Option<Spanned<String>>,
    /// What it applies to.
    pub target: PatchTarget,
    /// What it does.
    pub body: PatchBody,
}

/// What a patch applies to: all given conditions hold.
#[derive(Debug, Clone)]
pub struct PatchTarget {
    /// `Kind/name`, globs.
    pub object: Option<Spanned<String>>,
    /// Group, exact.
    pub group: Option<Spanned<String>>,
    /// Version, exact.
    pub version: Option<Spanned<String>>,
    /// Namespace, glob.
    pub namespace: Option<Spanned<String>>,
    /// A label selector as kubectl takes it: `a=b,c in (d,e),!f`.
    pub labels: Option<Spanned<String>>,
    /// The same over annotations.
    pub annotations: Option<Spanned<String>>,
}

/// What a patch does.
#[derive(Debug, Clone)]
pub enum PatchBody {
    /// A strategic merge patch as a text of YAML.
    MergeText(Spanned<String>),
    /// A strategic merge patch as a TOML table.
    MergeTable(Spanned<Table>),
    /// JSON 6902 operations as TOML tables.
    Json(Vec<Spanned<Table>>),
    /// JSON 6902 operations as a text of JSON or YAML.
    JsonText(Spanned<String>),
}
