//! Every table and key of an environment file: the one description that all else follows.

use super::shape::{Choice, Key, Shape};
use Shape::{Boolean, Duration, Either, Free, FreeTable, Integer, List, Lists, Map, Owned, Pile, Table, Text};

const fn key(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, doc, shape, required: false }
}

const fn must(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, doc, shape, required: true }
}

const fn one(name: &'static str, doc: &'static str) -> Choice {
    Choice { name, doc }
}

/// The keys that stand before the first table, and nowhere else.
pub(super) const HEAD: &[&str] = &["extends", "abstract", "unset"];

/// A whole environment file.
pub(super) static ROOT: &[Key] = &[
    key(
        "extends",
        List(&Text),
        "The environments that this one builds on, by name. A later one wins over an earlier one, this file over all. Stands before the first table.",
    ),
    key("abstract", Boolean, "Only for others to extend: never compiled or deployed by itself. Stands before the first table."),
    key(
        "unset",
        List(&Text),
        "Full paths of what earlier layers set and this one drops: `values.inference.args`, `inject` (all so far), `inject.NAME`. Stands before the first table.",
    ),
    key("target", Table(TARGET), "Where the bundle goes and what is in it."),
    key("apply", Table(APPLY), "How the bundle is applied to a cluster."),
    key(
        "conflict",
        Pile(&Table(CONFLICT)),
        "What to do about a field that somebody else owns in the cluster. Layers accumulate.",
    ),
    key("values", FreeTable, "Free-form values, read in templates as `values.…`."),
    key("append", Lists, "Items put behind lists of earlier layers; the full path is repeated: `[append.values.inference]`."),
    key("prepend", Lists, "Items put before lists of earlier layers; the full path is repeated: `[prepend.values.inference]`."),
    key(
        "sealed",
        Owned("the sealed file or folder, relative to this file", &Table(SEALED)),
        "Sealed files and folders, by path. Layers accumulate; one layer names a file and owns it.",
    ),
    key("configmap", Map("the ConfigMap's name", &Table(CONFIGMAP)), "ConfigMaps that need no template, by name."),
    key(
        "secret",
        Map("the Secret's name", &Table(SECRET)),
        "Secrets that need no template, by name. Their values come from sealed files.",
    ),
    key(
        "inject",
        Pile(&Table(INJECT)),
        "Puts ConfigMaps and Secrets into workloads. Layers accumulate; `unset = [\"inject.NAME\"]` drops one.",
    ),
    key(
        "service-account",
        Map("the ServiceAccount's name", &Table(SERVICE_ACCOUNT)),
        "ServiceAccounts with rights on exactly what their workloads use, by name.",
    ),
    key("namespace", Table(NAMESPACE), "The target's Namespace object."),
    key(
        "external",
        Table(EXTERNAL),
        "Objects outside the bundle that it may refer to: `NAME`, or `NAME#KEY` so that keys are checked.",
    ),
    key(
        "allow",
        Pile(&Table(ALLOW)),
        "Exceptions to rules, each with its reason. One that matches nothing is a finding. Layers accumulate.",
    ),
    key(
        "external-secret",
        Map("the name of the ExternalSecret and of its Secret", &Table(EXTERNAL_SECRET)),
        "Secrets that the External Secrets Operator fetches, by name.",
    ),
    key(
        "transform",
        Table(TRANSFORM),
        "Edits to all objects, in this order: merge patches, namespace, prefix, suffix, labels, annotations, JSON patches, replicas, images.",
    ),
    key(
        "patch",
        Pile(&Table(PATCH)),
        "Strategic merge patches and JSON patches. Layers accumulate; `unset = [\"patch.NAME\"]` drops one.",
    ),
];

static TARGET: &[Key] = &[
    key("namespace", Text, "The namespace of objects that name none."),
    key("namespaces", List(&Text), "Other namespaces that objects may name; any further one is an error."),
    key(
        "cluster-id",
        Text,
        "UID of the cluster's kube-system namespace: the guard against the wrong cluster that holds on a laptop and in CI.",
    ),
    key("context", Text, "The kubeconfig context; `--context` or the cluster that a job runs in may only agree."),
    key("bundles", Pile(&Text), "Folders of `templates/` that are rendered. Layers accumulate."),
    key("kubernetes", Shape::Choice(KUBERNETES), "The Kubernetes minor version whose schemas the bundle is checked against."),
    key("engine", Shape::Choice(ENGINE), "Who applies the bundle. Default: plimsoll."),
    key("require-clean", Boolean, "Apply only what HEAD holds, and only if HEAD is in a remote-tracking branch."),
];

static KUBERNETES: &[Choice] = &[one("1.37", "the version whose schemas are built in")];

static ENGINE: &[Choice] = &[
    one("plimsoll", "`plimsoll apply`"),
    one("flux", "Flux: no ApplySet, no prune, no lock of our own"),
    one("argocd", "Argo CD: no ApplySet, no prune, no lock of our own"),
];

static APPLY: &[Key] = &[
    key("timeout", Duration, "How long to wait for the objects to be ready, such as `5m`."),
    key("keep", Integer(0), "How many old hashed ConfigMaps and Secrets are kept for a rollback."),
    key("prune-budget", Integer(0), "The most objects that one run may delete."),
    key(
        "prune-kinds",
        List(&Text),
        "Guarded kinds (Namespace, CustomResourceDefinition, PersistentVolume, PersistentVolumeClaim) that may be pruned.",
    ),
    key("replace", List(&Text), "Kinds that may be deleted and made anew when an immutable field changes, such as Job."),
];

static CONFLICT: &[Key] = &[
    must("object", Text, "The objects, as `Kind/name`; globs."),
    must("field", Text, "The field's path, such as `spec.replicas`."),
    must("policy", Shape::Choice(POLICY), "Whose value holds."),
];

static POLICY: &[Choice] =
    &[one("take", "the bundle's value, ownership is taken"), one("leave", "the cluster's value, the bundle's is not sent")];

static SEALED: &[Key] =
    &[key("recipients", List(&Text), "Who can open it: `age1…` or SSH public keys. Only `secrets rekey` takes them from here.")];

static FILES: &str = "Files taken in whole, relative to this file: a path, `KEY=PATH`, or a glob. Never rendered.";
static ENV_FILES: &str = "Files of `NAME=value` lines, relative to this file; each line is a key.";
static IMMUTABLE: &str = "A content-hashed name and `immutable: true`: a change makes a new object, and all references follow.";
static LABELS: &str = "Labels of the object.";
static ANNOTATIONS: &str = "Annotations of the object.";
static OWN_NAMESPACE: &str = "A namespace other than the target's.";
static ON_CHANGE: &str = "What a changed value does to the workloads that use the object under its fixed name. Default: restart.";

static ON_CHANGES: &[Choice] = &[
    one("restart", "a digest annotation on the pod template rolls the workload out"),
    one("none", "nothing; the program reads its files again by itself"),
];

static CONFIGMAP: &[Key] = &[
    key("literals", Map("the key", &Text), "Keys with their texts, as they are: nothing interpolates."),
    key("files", List(&Text), FILES),
    key("env-files", List(&Text), ENV_FILES),
    key("immutable", Boolean, IMMUTABLE),
    key("on-change", Shape::Choice(ON_CHANGES), ON_CHANGE),
    key("labels", Map("the label", &Text), LABELS),
    key("annotations", Map("the annotation", &Text), ANNOTATIONS),
    key("namespace", Text, OWN_NAMESPACE),
];

static SECRET: &[Key] = &[
    key("type", Text, "The Secret's type. Default: Opaque, or what `registry`, `tls`, `basic-auth` and `ssh-auth` imply."),
    key("keys", Map("the key", &Text), "Keys with paths into the sealed values, such as `registry.password`."),
    key(
        "files",
        List(&Text),
        "Files taken in whole, relative to this file: members of a sealed folder (`x.secrets/tls.key.age`), or public files such as a certificate. A path, `KEY=PATH`, or a glob.",
    ),
    key(
        "env-files",
        List(&Text),
        "Refused (`secret-in-git`), so that whoever comes from another tool is told: seal the values, and name them in `keys`.",
    ),
    key("registry", Either(REGISTRIES), "A login to a container registry, or several: `kubernetes.io/dockerconfigjson`."),
    key("tls", Table(TLS), "A certificate with its key: `kubernetes.io/tls`."),
    key("basic-auth", Table(BASIC_AUTH), "A user's name and password: `kubernetes.io/basic-auth`."),
    key("ssh-auth", Table(SSH_AUTH), "An SSH private key: `kubernetes.io/ssh-auth`."),
    key("immutable", Boolean, IMMUTABLE),
    key("on-change", Shape::Choice(ON_CHANGES), ON_CHANGE),
    key("labels", Map("the label", &Text), LABELS),
    key("annotations", Map("the annotation", &Text), ANNOTATIONS),
    key("namespace", Text, OWN_NAMESPACE),
];

static REGISTRIES: &[Shape] = &[Table(REGISTRY), List(&Table(REGISTRY))];

static REGISTRY: &[Key] = &[
    must("server", Text, "The registry's host, in plain text."),
    must("username", Text, "Path of the user's name in the sealed values."),
    must("password", Text, "Path of the password in the sealed values."),
    key("email", Text, "Path of the e-mail address in the sealed values."),
];

static TLS: &[Key] = &[
    must("cert", Text, "The certificate chain: a public file relative to this one, or a path in the sealed values."),
    must("key", Text, "The private key: a member of a sealed folder, or a path in the sealed values."),
];

static BASIC_AUTH: &[Key] = &[
    must("username", Text, "Path of the user's name in the sealed values."),
    must("password", Text, "Path of the password in the sealed values."),
];

static SSH_AUTH: &[Key] = &[must("key", Text, "The private key: a member of a sealed folder, or a path in the sealed values.")];

static INJECT: &[Key] = &[
    key("name", Text, "So that a later layer can drop it: `unset = [\"inject.NAME\"]`."),
    must("into", Text, "The workloads, as `Kind/name`; globs. Names as they stand in the source."),
    key("container", Either(TEXTS), "Containers by name; globs. Default: all."),
    key("init-containers", Boolean, "Init containers too. Default: false."),
    key(
        "env-from",
        List(&Text),
        "Every key as a variable of the same name: `configmap/NAME`, `secret/NAME`, with a prefix `secret/NAME as PREFIX_`.",
    ),
    key("env-each", List(&Text), "One variable a key, upper-cased, as `kubectl set env --from` does: `secret/NAME`."),
    key("env", Map("the variable", &Text), "Single variables: `configmap/NAME#KEY` or `secret/NAME#KEY`."),
    key("image-pull", List(&Text), "Secrets for pulling images: `secret/NAME`."),
    key(
        "mount",
        Map("the folder in the container", &Either(TEXTS)),
        "Folders with their sources: `configmap/NAME`, `secret/NAME`, `secret/NAME#KEY`. Several make one projected volume.",
    ),
];

static TEXTS: &[Shape] = &[Text, List(&Text)];

static SERVICE_ACCOUNT: &[Key] = &[
    key(
        "secrets",
        Shape::Choice(ACCOUNT_SECRETS),
        "Rights on Secrets and ConfigMaps through the API; variables and volumes need none. Default: none.",
    ),
    key("labels", Map("the label", &Text), LABELS),
    key("annotations", Map("the annotation", &Text), ANNOTATIONS),
];

static ACCOUNT_SECRETS: &[Choice] = &[
    one("none", "no right and no token"),
    one("referenced", "a Role (verb get) and RoleBinding with exactly the names that its workloads use"),
];

static NAMESPACE: &[Key] = &[
    key("create", Boolean, "Whether the bundle has the Namespace object."),
    key("pod-security", Shape::Choice(POD_SECURITY), "The Pod Security Standard that is enforced."),
    key("labels", Map("the label", &Text), LABELS),
    key("annotations", Map("the annotation", &Text), ANNOTATIONS),
];

static POD_SECURITY: &[Choice] = &[
    one("privileged", "no restriction"),
    one("baseline", "no known privilege escalation"),
    one("restricted", "hardened pods only"),
];

static EXTERNAL: &[Key] = &[
    key("configmaps", List(&Text), "ConfigMaps: `NAME` or `NAME#KEY`."),
    key("secrets", List(&Text), "Secrets: `NAME` or `NAME#KEY`."),
    key("service-accounts", List(&Text), "ServiceAccounts by name."),
    key("objects", List(&Text), "Anything else, as `Kind/name`."),
];

static ALLOW: &[Key] = &[
    must("rule", Text, "The rule's name."),
    must("objects", List(&Text), "The objects, as `Kind/name`; globs."),
    must("reason", Text, "Why it is all right here."),
];

static EXTERNAL_SECRET: &[Key] = &[
    must("store", Text, "The name of the operator's SecretStore."),
    key("store-kind", Shape::Choice(STORE_KINDS), "The store's kind. Default: SecretStore."),
    key("refresh", Duration, "How often it is fetched again, such as `1h`."),
    must("keys", Map("the key", &Text), "Keys with their place in the store: `REMOTE-KEY` or `REMOTE-KEY#PROPERTY`."),
    key("type", Text, "The type of the Secret that is made. Default: Opaque."),
    key("labels", Map("the label", &Text), LABELS),
    key("annotations", Map("the annotation", &Text), ANNOTATIONS),
];

static STORE_KINDS: &[Choice] =
    &[one("SecretStore", "a store of the same namespace"), one("ClusterSecretStore", "a store of the whole cluster")];

static TRANSFORM: &[Key] = &[
    key("name-prefix", Text, "Put before the names of all objects; references follow."),
    key("name-suffix", Text, "Put behind the names of all objects, before the hash; references follow."),
    key("labels", Map("the label", &Text), "Labels of all objects and pod templates."),
    key("label-selectors", Boolean, "The labels go into selectors too, which can't be changed later. Default: false."),
    key("annotations", Map("the annotation", &Text), "Annotations of all objects and pod templates."),
    key("image", Pile(&Table(IMAGE)), "Other names, tags and digests of images. Layers accumulate."),
    key("replicas", Pile(&Table(REPLICAS)), "Other counts of replicas. Layers accumulate."),
];

static IMAGE: &[Key] = &[
    must("name", Text, "The image's name as templates write it, without tag and digest."),
    key("new-name", Text, "Another name."),
    key("tag", Text, "Another tag."),
    key("digest", Text, "A digest such as `sha256:…`; a tag is then dropped."),
];

static REPLICAS: &[Key] =
    &[must("target", Text, "The workloads, as `Kind/name`; globs."), must("count", Integer(0), "How many.")];

static PATCH: &[Key] = &[
    key("name", Text, "So that a later layer can drop it: `unset = [\"patch.NAME\"]`."),
    must(
        "target",
        Either(PATCH_TARGETS),
        "What it applies to: `Kind/name` with globs, or a table of conditions that all hold. Names as they stand in the source.",
    ),
    key("merge", Either(MERGES), "A strategic merge patch: a text of YAML, or a table."),
    key("json", Either(JSONS), "JSON patch operations (RFC 6902): a list of tables, or a text of JSON or YAML."),
];

static PATCH_TARGETS: &[Shape] = &[Text, Table(PATCH_TARGET)];

static PATCH_TARGET: &[Key] = &[
    key("object", Text, "`Kind/name`; globs."),
    key("group", Text, "The API group, exact; empty for the core group."),
    key("version", Text, "The API version, exact."),
    key("namespace", Text, "The namespace; globs."),
    key("labels", Text, "A label selector: `a=b,c in (d,e),!f`."),
    key("annotations", Text, "The same over annotations."),
];

static MERGES: &[Shape] = &[Text, FreeTable];
static JSONS: &[Shape] = &[List(&Table(JSON_OPERATION)), Text];

static JSON_OPERATION: &[Key] = &[
    must("op", Shape::Choice(JSON_OPERATIONS), "What it does."),
    must("path", Text, "A JSON pointer (RFC 6901), such as `/spec/replicas`."),
    key("from", Text, "The pointer that `move` and `copy` take from."),
    key("value", Free, "The value of `add`, `replace` and `test`."),
];

static JSON_OPERATIONS: &[Choice] = &[
    one("add", "sets a field, or puts an item into a list"),
    one("remove", "removes what must be there"),
    one("replace", "replaces what must be there"),
    one("move", "moves from `from`"),
    one("copy", "copies from `from`"),
    one("test", "fails unless the value is there"),
];
