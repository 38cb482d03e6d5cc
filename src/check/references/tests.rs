use serde_json::{Value, json};

use crate::check::testing::Case;

const RULES: [&str; 9] = [
    "missing-object",
    "missing-key",
    "missing-optional",
    "unknown-cluster-object",
    "missing-port",
    "service-without-pods",
    "selector-without-pods",
    "overlapping-selectors",
    "two-owners",
];

fn configmap(name: &str, keys: &[&str]) -> Value {
    let data: serde_json::Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), json!("x"))).collect();
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

fn deployment(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": spec}
    }})
}

fn container(fields: Value) -> Value {
    let mut container = json!({"name": "c", "image": "x:1"});
    let Value::Object(fields) = fields else { panic!() };
    container.as_object_mut().unwrap().extend(fields);
    json!({"containers": [container]})
}

#[test]
fn names_and_keys_that_are_not_there() {
    let pod = json!({
        "serviceAccountName": "gone",
        "imagePullSecrets": [{"name": "params"}],
        "containers": [{"name": "c", "image": "x:1",
            "envFrom": [{"configMapRef": {"name": "parms"}}, {"secretRef": {"name": "flags", "optional": true}}],
            "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "params", "key": "MAX_BATCHSIZE"}}}],
            "volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "server.toml"}]}],
        "volumes": [{"name": "v", "configMap": {"name": "params"}},
            {"name": "w", "projected": {"sources": [{"secret": {"name": "ca", "items": [{"key": "no", "path": "x"}]}}]}},
            {"name": "p", "persistentVolumeClaim": {"claimName": "disk"}}]
    });
    let mut case = Case::new(json!([configmap("params", &["MAX_BATCH_SIZE"]), deployment("server", pod)]));
    case.settings.external.secrets = vec![case.text("ca#ca.crt")];
    insta::assert_snapshot!(case.of(&RULES), @r#"
    missing-object Deployment/server spec.template.spec.serviceAccountName: there is no ServiceAccount `gone` (add a ServiceAccount to the bundle, or, if it exists outside of it, list it in the environment: `[external] service-accounts = ["gone"]`)
    missing-object Deployment/server spec.template.spec.imagePullSecrets[0].name: there is no Secret `params` (`params` is a ConfigMap: refer to it as one)
    missing-object Deployment/server spec.template.spec.containers[0].envFrom[0].configMapRef.name: there is no ConfigMap `parms` (did you mean `params`?)
    missing-optional Deployment/server spec.template.spec.containers[0].envFrom[1].secretRef.name: there is no Secret `flags` (add a Secret to the bundle, or, if it exists outside of it, list it in the environment: `[external] secrets = ["flags"]`)
    missing-key Deployment/server spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.key: ConfigMap `params` has no key `MAX_BATCHSIZE` (did you mean `MAX_BATCH_SIZE`?)
    missing-key Deployment/server spec.template.spec.volumes[1].projected.sources[0].secret.items[0].key: Secret `ca` has no key `no` (it has `ca.crt`)
    missing-object Deployment/server spec.template.spec.volumes[2].persistentVolumeClaim.claimName: there is no PersistentVolumeClaim `disk` (add a PersistentVolumeClaim to the bundle, or, if it exists outside of it, list it in the environment: `[external] objects = ["PersistentVolumeClaim/disk"]`)
    missing-key Deployment/server spec.template.spec.containers[0].volumeMounts[0].subPath: ConfigMap `params` has no key `server.toml` (it has `MAX_BATCH_SIZE`)
    "#);
}

#[test]
fn what_is_there_is_found() {
    let pod = json!({
        "serviceAccountName": "default",
        "containers": [{"name": "c", "image": "x:1", "envFrom": [{"secretRef": {"name": "vault"}}],
            "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "vault", "key": "token"}}},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "outside", "key": "any"}}}]}],
        "volumes": [{"name": "v", "configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "x"}]}}]
    });
    let external = json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "vault"},
        "spec": {"data": [{"secretKey": "token"}]}});
    let mut case = Case::new(json!([external, deployment("server", pod)]));
    case.settings.external.secrets = vec![case.text("outside")];
    assert_eq!(case.of(&RULES), "");
}

#[test]
fn a_custom_resource_with_a_pod_template() {
    let rollout = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"}, "spec": {
        "template": {"spec": container(json!({"envFrom": [{"configMapRef": {"name": "gone"}}]}))}}});
    insta::assert_snapshot!(Case::new(json!([rollout])).of(&RULES), @r#"missing-object Rollout/r spec.template.spec.containers[0].envFrom[0].configMapRef.name: there is no ConfigMap `gone` (add a ConfigMap to the bundle, or, if it exists outside of it, list it in the environment: `[external] configmaps = ["gone"]`)"#);
}

#[test]
fn services_ingresses_and_policies() {
    let service = |name: &str, app: &str, port: Value| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {
            "selector": {"app": app}, "ports": [{"name": "http", "port": 80, "targetPort": port}]}})
    };
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}, "spec": {
        "tls": [{"secretName": "no-tls"}],
        "rules": [{"http": {"paths": [
            {"backend": {"service": {"name": "good", "port": {"name": "http"}}}},
            {"backend": {"service": {"name": "good", "port": {"number": 81}}}},
            {"backend": {"service": {"name": "goood", "port": {"number": 80}}}}]}}]}});
    let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"},
        "spec": {"selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["nobody"]}]}}});
    let objects = json!([
        deployment("server", container(json!({"ports": [{"name": "web", "containerPort": 8080}]}))),
        service("good", "server", json!("web")),
        service("named", "server", json!("wbe")),
        service("lost", "servr", json!(80)),
        ingress,
        budget
    ]);
    insta::assert_snapshot!(Case::new(objects).of(&RULES), @r#"
    missing-port Ingress/web spec.rules[0].http.paths[1].backend.service.port.number: Service `good` has no port `81` (it has `http`, `80`)
    missing-object Ingress/web spec.rules[0].http.paths[2].backend.service.name: there is no Service `goood` (did you mean `good`?)
    missing-object Ingress/web spec.tls[0].secretName: there is no Secret `no-tls` (add a Secret to the bundle, or, if it exists outside of it, list it in the environment: `[external] secrets = ["no-tls"]`)
    missing-port Service/named spec.ports[0].targetPort: no container of the selected pods has a port named `wbe` (they have `web`)
    service-without-pods Service/lost spec.selector: Service `lost` selects no pod of the bundle (`Deployment/server`'s pods have `app: server`, not `app: servr`)
    selector-without-pods PodDisruptionBudget/b spec.selector: PodDisruptionBudget `b` selects no pod of the bundle ()
    "#);
}

#[test]
fn two_owners() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}});
    let external =
        json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "token"}, "spec": {}});
    let scaler = |name: &str| {
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name}, "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}}})
    };
    let mut twin = deployment("twin", container(json!({})));
    twin["spec"]["template"]["metadata"]["labels"]["app"] = json!("a");
    let objects = json!([
        secret,
        external,
        scaler("x"),
        scaler("y"),
        deployment("a", container(json!({}))),
        twin,
        configmap("m", &[]),
        configmap("m", &[])
    ]);
    let mut case = Case::new(objects);
    case.settings.external.configmaps = vec![case.text("m")];
    insta::assert_snapshot!(case.of(&RULES), @r"
    overlapping-selectors Deployment/a spec.selector: the selector of `Deployment/a` also chooses the pods of `Deployment/twin` (give each workload's pods a label of their own, and select by it)
    two-owners ConfigMap/m -: two objects end up as `ConfigMap/m` (rename one, or put it in another namespace)
    two-owners ExternalSecret/token -: `ExternalSecret/token` makes Secret `token`, which `Secret/token` makes too (the two overwrite each other; give one another name)
    two-owners HorizontalPodAutoscaler/y -: `HorizontalPodAutoscaler/y` scales `Deployment/a`, which `HorizontalPodAutoscaler/x` scales too (one workload takes one autoscaler; it may have several metrics)
    two-owners ConfigMap/m -: `[external]` lists `ConfigMap/m`, which the bundle makes itself (take it out of `[external]`, or rename the one in the bundle)
    ");
}

#[test]
fn references_dont_cross_namespaces() {
    let mut other = configmap("params", &[]);
    other["metadata"]["namespace"] = json!("elsewhere");
    let objects = json!([other, deployment("server", container(json!({"envFrom": [{"configMapRef": {"name": "params"}}]})))]);
    insta::assert_snapshot!(Case::new(objects).of(&RULES), @"missing-object Deployment/server spec.template.spec.containers[0].envFrom[0].configMapRef.name: there is no ConfigMap `params` (`ConfigMap/params` stands in namespace `elsewhere`, and this is looked up in `default`: references don't cross namespaces)");
}
