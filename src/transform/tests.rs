//! The transforms, from an environment file and manifests to manifests.

#![expect(clippy::too_many_lines, reason = "what is expected stands within the test")]

use super::*;
use crate::environment;
use crate::object::emit::{Form, yaml};
use crate::object::{MadeBy, Object, parse};
use crate::source::{MemoryTree, RootPath, SourceKind};

/// What `toml` makes of `manifests`, or the findings a line each.
fn run(toml: &str, manifests: &str) -> Result<Vec<Object>, String> {
    let mut tree = MemoryTree::default();
    tree.insert(RootPath::root().join("environments/dev.toml").unwrap(), toml);
    let files = Files::new(tree);
    let show = |diagnostics: Diagnostics| -> String {
        let line = |finding: &Diagnostic| {
            let place = finding
                .primary
                .as_ref()
                .map_or_else(String::new, |at| files.map().text(at.span).lines().next().unwrap_or("").to_owned());
            let hints = finding.hints.iter().fold(String::new(), |hints, hint| hints + " (" + hint + ")");
            format!("{}: {}{hints} @ {place}\n", finding.rule.name, finding.message)
        };
        diagnostics.iter().map(line).collect()
    };
    let environment = environment::load(&files, "dev").map_err(show)?;
    let file = files.map().add("t.yaml", manifests, SourceKind::Other);
    let objects = parse(files.map(), file, &Tokens::new([0; 16]), MadeBy::Template(file)).map_err(show)?;
    let bundle = Bundle { objects, findings: Diagnostics::new() };
    transform(&files, &environment, bundle).map(|bundle| bundle.objects).map_err(show)
}

fn rendered(toml: &str, manifests: &str) -> String {
    match run(toml, manifests) {
        Ok(objects) => yaml(&objects, Form::Masked).unwrap().to_string(),
        Err(said) => said,
    }
}

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  labels: {tier: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
      - name: api
        image: registry.example:5000/api:1.0
        env:
        - {name: A, value: a}
        - {name: B, value: b}
        ports: [{containerPort: 80}]
      - name: sidecar
        image: sidecar@sha256:abc
      volumes:
      - {name: v, emptyDir: {}}
";

#[test]
fn merge_patches_by_the_kinds_own_keys() {
    insta::assert_snapshot!(rendered(
        "[[patch]]
target = \"Deployment/*\"
merge = '''
spec:
  replicas: null
  template:
    spec:
      containers:
      - name: api
        env: [{name: C, value: c}, {name: B, $patch: delete}]
        ports: [{containerPort: 80, name: http}]
      - {name: new, image: new:1}
'''
[[patch]]
target = { object = \"*/api\", labels = 'tier in (web),!none', group = 'apps' }
merge.spec.strategy.type = \"Recreate\"
",
        DEPLOYMENT
    ), @r"
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: api
      labels:
        tier: web
    spec:
      selector:
        matchLabels:
          app: api
      template:
        metadata:
          labels:
            app: api
        spec:
          containers:
          - name: api
            image: registry.example:5000/api:1.0
            env:
            - name: C
              value: c
            - name: A
              value: a
            ports:
            - containerPort: 80
              name: http
          - name: new
            image: new:1
          - name: sidecar
            image: sidecar@sha256:abc
          volumes:
          - name: v
            emptyDir: {}
      strategy:
        type: Recreate
    ");
}

#[test]
fn everything_in_kustomizes_order() {
    insta::assert_snapshot!(rendered(
        "[target]
namespace = \"ml\"
[transform]
name-prefix = \"eu-\"
name-suffix = \"-v2\"
labels = { \"app.kubernetes.io/part-of\" = \"stack\" }
annotations = { owner = \"ml\" }
[[transform.image]]
name = \"registry.example:5000/api\"
tag = \"2.0\"
[[transform.image]]
name = \"sidecar\"
new-name = \"mirror/sidecar\"
[[transform.replicas]]
target = \"Deployment/api\"
count = 3
[[patch]]
target = \"Deployment/api\"
json = [
  { op = \"test\", path = \"/metadata/name\", value = \"eu-api-v2\" },
  { op = \"add\", path = \"/metadata/annotations/a~1b\", value = \"c\" },
  { op = \"move\", from = \"/spec/template/spec/volumes\", path = \"/spec/template/spec/vols\" },
]
",
        &format!("{DEPLOYMENT}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: ml}}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: r}}\nroleRef: {{kind: Role, name: r, apiGroup: rbac.authorization.k8s.io}}\nsubjects: [{{kind: ServiceAccount, name: a}}, {{kind: User, name: u, apiGroup: rbac.authorization.k8s.io}}, {{kind: ServiceAccount, name: b, namespace: other}}]\n---\napiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: r}}\nspec: {{replicas: 1, template: {{spec: {{containers: [{{name: a, image: sidecar}}]}}}}}}\n")
    ), @r"
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: eu-api-v2
      labels:
        tier: web
        app.kubernetes.io/part-of: stack
      namespace: ml
      annotations:
        owner: ml
        a/b: c
    spec:
      replicas: 3
      selector:
        matchLabels:
          app: api
      template:
        metadata:
          labels:
            app: api
            app.kubernetes.io/part-of: stack
          annotations:
            owner: ml
        spec:
          containers:
          - name: api
            image: registry.example:5000/api:2.0
            env:
            - name: A
              value: a
            - name: B
              value: b
            ports:
            - containerPort: 80
          - name: sidecar
            image: mirror/sidecar@sha256:abc
          vols:
          - name: v
            emptyDir: {}
    ---
    apiVersion: v1
    kind: Namespace
    metadata:
      name: ml
      labels:
        app.kubernetes.io/part-of: stack
      annotations:
        owner: ml
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata:
      name: eu-r-v2
      namespace: ml
      labels:
        app.kubernetes.io/part-of: stack
      annotations:
        owner: ml
    roleRef:
      kind: Role
      name: r
      apiGroup: rbac.authorization.k8s.io
    subjects:
    - kind: ServiceAccount
      name: a
      namespace: ml
    - kind: User
      name: u
      apiGroup: rbac.authorization.k8s.io
    - kind: ServiceAccount
      name: b
      namespace: other
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata:
      name: eu-r-v2
      namespace: ml
      labels:
        app.kubernetes.io/part-of: stack
      annotations:
        owner: ml
    spec:
      replicas: 1
      template:
        spec:
          containers:
          - name: a
            image: mirror/sidecar
        metadata:
          labels:
            app.kubernetes.io/part-of: stack
          annotations:
            owner: ml
    ");
}

#[test]
fn labels_reach_selectors_only_if_asked() {
    let manifests = "\
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {selector: {app: api}}
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {type: ExternalName, externalName: x}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  selector: {matchLabels: {app: api}}
  template:
    spec:
      topologySpreadConstraints: [{labelSelector: {matchLabels: {app: api}}}, {topologyKey: x}]
      affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {app: api}}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: policy}
spec: {podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {namespaceSelector: {}}]}]}
";
    insta::assert_snapshot!(rendered("[transform]\nlabels = { a = \"b\" }\nlabel-selectors = true\n", manifests), @r"
    apiVersion: v1
    kind: Service
    metadata:
      name: s
      labels:
        a: b
    spec:
      selector:
        app: api
        a: b
    ---
    apiVersion: v1
    kind: Service
    metadata:
      name: headless
      labels:
        a: b
    spec:
      type: ExternalName
      externalName: x
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: d
      labels:
        a: b
    spec:
      selector:
        matchLabels:
          app: api
          a: b
      template:
        spec:
          topologySpreadConstraints:
          - labelSelector:
              matchLabels:
                app: api
                a: b
          - topologyKey: x
          affinity:
            podAntiAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
              - labelSelector:
                  matchLabels:
                    app: api
                    a: b
        metadata:
          labels:
            a: b
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: policy
      labels:
        a: b
    spec:
      podSelector:
        matchLabels:
          app: api
          a: b
      ingress:
      - from:
        - podSelector:
            matchLabels:
              app: web
              a: b
        - namespaceSelector: {}
    ");
    assert!(
        !rendered("[transform]\nlabels = { z = \"b\" }\n", manifests)
            .replace("labels:\n    z: b", "")
            .contains("matchLabels:\n      app: api\n      z")
    );
}

#[test]
fn what_touches_nothing_is_an_error() {
    insta::assert_snapshot!(rendered(
        "[transform]
name-prefix = \"x-\"
[[transform.image]]
name = \"registry.example:5000/apj\"
tag = \"2\"
[[transform.image]]
name = \"sidecar@sha256:abc\"
tag = \"2\"
[[transform.image]]
name = \"sidecar\"
[[transform.replicas]]
target = \"Deployment/apj\"
count = 3
[[patch]]
target = \"Deployment/apj\"
merge = \"spec: {}\"
[[patch]]
name = \"p\"
target = { object = \"Deployment/*\", labels = \"tier=db\" }
merge = \"spec: {}\"
[[patch]]
target = \"Deployment/api\"
merge = \"spec: {replcas: null, template: {spec: {containers: [{name: x, $patch: delete}]}}}\"
[[patch]]
target = { object = \"api\", labels = \"a in b\" }
merge = \"spec: {}\"
",
        DEPLOYMENT
    ), @r#"
    patch-matches-nothing: the patch touches nothing: no object is `Deployment/apj` (the bundle has `Deployment/api`) @ "Deployment/apj"
    patch-matches-nothing: the patch `p` touches nothing: no object meets all conditions of its target (`Deployment/*` alone means `Deployment/api`) @ "Deployment/*"
    patch-removes-nothing: the patch removes `spec.replcas`, which no object that it applies to has (did you mean `replicas`?) @ null
    patch-removes-nothing: the patch removes `spec.template.spec.containers.x`, which no object that it applies to has @ {name: x, $patch: delete}
    bad-selector: `api` doesn't select objects: it has no `/` between kind and name (write `Kind/name`, such as `Deployment/api`, `Deployment/*` or `*/api`) @ "api"
    bad-selector: `a in b` isn't a selector: `a in b` isn't a key (labels and annotations are selected as for kubectl: `a=b,c!=d,e in (f,g),!h`) @ "a in b"
    transform-matches-nothing: `[[transform.replicas]]` touches nothing: no object is `Deployment/apj` (the bundle has `Deployment/api`) @ "Deployment/apj"
    transform-matches-nothing: `[[transform.image]]` touches nothing: no container has the image `registry.example:5000/apj` (the bundle has `registry.example:5000/api`) @ "registry.example:5000/apj"
    transform-matches-nothing: `[[transform.image]]` touches nothing: no container has the image `sidecar@sha256:abc` (the bundle has `sidecar`) @ "sidecar@sha256:abc"
    transform-matches-nothing: `[[transform.image]]` changes nothing (set `tag`, `digest` or `new-name`) @ "sidecar"
    "#);
    insta::assert_snapshot!(rendered("[transform]\nname-prefix = \"x-\"\n[[transform.replicas]]\ntarget = \"*/ml\"\ncount = 2\n", "apiVersion: v1\nkind: Namespace\nmetadata: {name: ml}\n"), @r#"
    transform-matches-nothing: `transform.name-prefix` touches nothing: no object of this bundle takes a prefix or suffix @ "x-"
    transform-matches-nothing: `[[transform.replicas]]` touches nothing: `Namespace/ml` has no replicas (Deployments, StatefulSets, ReplicaSets and ReplicationControllers have; a custom resource if it has `spec.replicas`) @ "*/ml"
    "#);
}

#[test]
fn bad_patches_are_explained() {
    let patch = |body: &str| rendered(&format!("[[patch]]\ntarget = \"Deployment/api\"\n{body}\n"), DEPLOYMENT);
    let said: String = [
        "merge = \"- a\"",
        "merge = \"metadata: {name: other}\"",
        "merge = \"kind: StatefulSet\"",
        "merge = \"spec: {template: {spec: {containers: [{image: x}]}}}\"",
        "merge = \"spec: {$patch: remove}\"",
        "merge = \"spec: {$retainKeys: [replicas], paused: true}\"",
        "merge = \"metadata: {labels: {a: plimsollsealed1}}\"",
        "merge.metadata.labels.a = \"plimsollsealed1\"",
        "merge = \"a: [\"",
        "json = \"a: b\"",
        "json = \"[{op: ad, path: /a, value: 1}, {path: /a}, {op: add, path: a.b, value: 1}, {op: add, path: /a}, {op: move, path: /a~2, from: /b}, x]\"",
        "json = [{ op = \"remove\", path = \"/spec/replica\" }]",
        "json = [{ op = \"remove\", path = \"/spec/template/spec/containers/2\" }]",
        "json = [{ op = \"add\", path = \"/spec/template/spec/containers/x/y\", value = 1 }]",
        "json = [{ op = \"add\", path = \"/metadata/annotations/a\", value = \"b\" }]",
        "json = [{ op = \"replace\", path = \"/spec/replicas/x\", value = 1 }]",
        "json = [{ op = \"move\", path = \"/spec/template/spec\", from = \"/spec/template\" }]",
        "json = [{ op = \"test\", path = \"/spec/replicas\", value = 2 }]",
        "json = [{ op = \"replace\", path = \"/metadata/name\", value = \"b\" }]",
        "json = [{ op = \"remove\", path = \"\" }]",
    ]
    .iter()
    .map(|body| patch(body))
    .collect();
    insta::assert_snapshot!(said, @r#"
    patch-syntax: a merge patch is a map, and this is a list (a list of operations belongs under `json`) @ - a
    patch-identity: the patch has another `metadata.name` than `Deployment/api`, which it applies to (a patch can't change what an object is: leave `metadata.name` out, or choose the target by it) @ other
    patch-identity: the patch has another `kind` than `Deployment/api`, which it applies to (a patch can't change what an object is: leave `kind` out, or choose the target by it) @ StatefulSet
    patch-list-key: an item of the patch of `spec.template.spec.containers` has no `name`, by which items of this list are merged (give it the `name` of the item that it means; to replace the whole list add an item `$patch: replace`) @ {image: x}
    patch-directive: `remove` isn't what this directive takes (`$patch` is `delete`, `replace` or `merge`; `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` are lists) @ remove
    patch-directive: the patch sets `paused`, which its `$retainKeys` doesn't name @ paused
    foreign-token: this text holds something like a sealed token that isn't one (a token is never written by hand, cut or changed in case; use `{{ secrets.… }}` in the template, and no text with `plimsollsealed`) @ plimsollsealed1
    foreign-token: this text holds something like a sealed token that isn't one (a token is never written by hand, cut or changed in case; use `{{ secrets.… }}` in the template, and no text with `plimsollsealed`) @ "plimsollsealed1"
    yaml-syntax: `[` is never closed (close it; a text that begins with a bracket needs quotes) @ [
    patch-syntax: a JSON patch is a list of operations, and this is a map (a map belongs under `merge`) @ a: b
    patch-syntax: `ad` isn't an operation (did you mean `add`?) @ ad
    patch-syntax: an operation has no `op` @ {path: /a}
    patch-syntax: a JSON pointer begins with `/`, and `a.b` doesn't (write `/a/b`) @ a.b
    patch-syntax: this operation has no `value` (write `value: null` for null) @ {op: add, path: /a}
    patch-syntax: `/a~2` has a `~` that isn't `~0` or `~1` (`~0` stands for `~`, `~1` for `/`) @ /a~2
    patch-syntax: an operation is a map, and this is a string @ x
    patch-path: `/spec/replica` doesn't exist: `spec` has no `replica` (`spec` has `replicas`) @ "/spec/replica"
    patch-path: `/spec/template/spec/containers/2` doesn't exist: `spec.template.spec.containers` has 2 items, counted from 0 @ "/spec/template/spec/containers/2"
    patch-path: `/spec/template/spec/containers/x/y` doesn't exist: `spec.template.spec.containers` is a list, and `x` isn't an index @ "/spec/template/spec/containers/x/y"
    patch-path: `/metadata/annotations/a` doesn't exist: `metadata` has no `annotations` (`add` makes a field, but not the maps above it: add those first) @ "/metadata/annotations/a"
    patch-path: `/spec/replicas/x` doesn't exist: `spec.replicas` is an integer @ "/spec/replicas/x"
    patch-path: `/spec/template/spec` lies inside of `/spec/template`, which moves @ "/spec/template/spec"
    patch-test: the test fails: `spec.replicas` has another value @ 2
    patch-identity: the patch changes what `Deployment/api` is: its apiVersion, kind or name (names change by `name-prefix` and `name-suffix`, or in the template) @ { op = "replace", path = "/metadata/name", value = "b" }
    patch-path: a patch can't put or take a whole object @ ""
    "#);
}

#[test]
fn patches_delete_objects_and_keep_secrets_encoded() {
    let manifests = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: eA==}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
    assert_eq!(
        rendered(
            "[[patch]]\ntarget = \"ConfigMap/*\"\nmerge = \"$patch: delete\"\n[[patch]]\ntarget = \"Secret/s\"\nmerge = \"stringData: {a: z}\"\n",
            manifests
        ),
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ndata:\n  a: eg==\n"
    );
}

#[test]
fn namespaces_are_listed_or_refused() {
    let object = |namespace: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, namespace: {namespace}}}\n");
    let toml = "[target]\nnamespace = \"ml\"\nnamespaces = [\"monitoring\"]\n";
    for fine in ["ml", "monitoring", "~"] {
        assert!(run(toml, &object(fine)).is_ok(), "{fine}");
    }
    insta::assert_snapshot!(rendered(toml, &object("monitorin")), @r"
    namespace-not-listed: `ConfigMap/c` is in the namespace `monitorin`, which `[target]` doesn't list (did you mean `monitoring`?) @ monitorin
    ");
    insta::assert_snapshot!(rendered(toml, &object("default")), @r#"
    namespace-not-listed: `ConfigMap/c` is in the namespace `default`, which `[target]` doesn't list (leave the namespace out to get the target's, or list it: `target.namespaces = ["default"]`) @ default
    "#);
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.x.io}\nspec: {group: x.io, scope: Cluster, names: {kind: A, plural: as}, versions: [{name: v1}]}\n---\napiVersion: x.io/v1\nkind: A\nmetadata: {name: a}\n---\napiVersion: x.io/v1\nkind: B\nmetadata: {name: b}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: c}\n";
    let namespaces: Vec<Option<String>> =
        run(toml, crd).unwrap().iter().map(|object| object.namespace().map(str::to_owned)).collect();
    assert_eq!(namespaces, [None, None, Some("ml".to_owned()), None]);
}

#[test]
fn every_edit_is_noted() {
    let objects = run(
        "[target]\nnamespace = \"ml\"\n[transform]\nname-prefix = \"x-\"\nlabels = { a = \"b\" }\n[[transform.image]]\nname = \"sidecar\"\ntag = \"2\"\n[[patch]]\ntarget = \"Deployment/api\"\nmerge = \"spec: {replicas: 2, selector: null, template: {spec: {containers: [{name: api, args: [x]}]}}}\"\n[[patch]]\ntarget = \"Deployment/api\"\njson = [{op = \"add\", path = \"/spec/paused\", value = true}]\n",
        DEPLOYMENT,
    )
    .unwrap();
    let touches: Vec<String> = objects[0].touches.iter().map(|touch| format!("{} {}", touch.by, touch.path)).collect();
    insta::assert_snapshot!(touches.join("\n"), @r"
    patch spec.replicas
    patch spec.template.spec.containers[0].args
    patch spec.selector
    target.namespace metadata.namespace
    transform.name-prefix metadata.name
    transform.labels metadata.labels.a
    transform.labels spec.template.metadata.labels.a
    patch spec.paused
    transform.image spec.template.spec.containers[1].image
    ");
    assert_eq!(objects[0].source.name, "api");
    assert_eq!(objects[0].name(), "x-api");
}

#[test]
fn image_references() {
    for (written, name, tag, digest) in [
        ("nginx", "nginx", None, None),
        ("nginx:1", "nginx", Some("1"), None),
        ("host:5000/a/b", "host:5000/a/b", None, None),
        ("host:5000/a/b:1", "host:5000/a/b", Some("1"), None),
        ("host:5000/a@sha256:x", "host:5000/a", None, Some("sha256:x")),
        ("a:1@sha256:x", "a", Some("1"), Some("sha256:x")),
    ] {
        let reference = Reference::read(written);
        assert_eq!(
            (reference.name.as_str(), reference.tag.as_deref(), reference.digest.as_deref()),
            (name, tag, digest),
            "{written}"
        );
        assert_eq!(reference.to_string(), written);
    }
}
