use serde_json::{Value, json};

use crate::check::testing::Case;

fn broken(level: &str, spec: Value) -> Vec<String> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default",
        "labels": {"pod-security.kubernetes.io/enforce": level}}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec});
    let findings = Case::new(json!([namespace, pod])).findings();
    let ours = findings.into_iter().filter(|finding| finding.rule.name == "pod-security");
    ours.map(|finding| format!("{}: {}", finding.field.unwrap_or_default(), finding.message)).collect()
}

fn container(fields: Value) -> Value {
    let mut container = json!({"name": "c", "image": "x:1"});
    container.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"containers": [container]})
}

fn hardened() -> Value {
    json!({"securityContext": {"allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"}}})
}

#[test]
fn each_control_of_the_baseline() {
    let pod = |field: &str, value: Value| {
        let mut spec = container(json!({}));
        spec[field] = value;
        spec
    };
    let context = |context: Value| container(json!({"securityContext": context}));
    for spec in [
        pod("hostNetwork", json!(true)),
        pod("hostPID", json!(true)),
        pod("hostIPC", json!(true)),
        pod("volumes", json!([{"name": "v", "hostPath": {"path": "/"}}])),
        pod("securityContext", json!({"sysctls": [{"name": "kernel.msgmax", "value": "1"}]})),
        pod("securityContext", json!({"windowsOptions": {"hostProcess": true}})),
        container(json!({"ports": [{"containerPort": 80, "hostPort": 80}]})),
        container(json!({"livenessProbe": {"httpGet": {"port": 80, "host": "example.com"}}})),
        context(json!({"privileged": true})),
        context(json!({"capabilities": {"add": ["SYS_ADMIN"]}})),
        context(json!({"procMount": "Unmasked"})),
        context(json!({"seccompProfile": {"type": "Unconfined"}})),
        context(json!({"appArmorProfile": {"type": "Unconfined"}})),
        context(json!({"seLinuxOptions": {"type": "spc_t"}})),
        context(json!({"seLinuxOptions": {"user": "root"}})),
    ] {
        assert_eq!(broken("baseline", spec.clone()).len(), 1, "{spec}: {:?}", broken("baseline", spec.clone()));
        assert_eq!(broken("privileged", spec), Vec::<String>::new());
    }
}

#[test]
fn restricted_wants_hardened_pods() {
    assert_eq!(broken("restricted", container(hardened())), Vec::<String>::new());
    insta::assert_snapshot!(broken("restricted", container(json!({}))).join("\n"), @r"
    spec.containers[0]: level `restricted` wants `runAsNonRoot: true`, and neither container `c` nor the pod says so
    spec.containers[0]: level `restricted` wants `allowPrivilegeEscalation: false` of container `c`
    spec.containers[0]: level `restricted` wants a seccomp profile, `RuntimeDefault` or `Localhost`, and neither container `c` nor the pod says so
    spec.containers[0]: level `restricted` wants all capabilities dropped by container `c`
    ");
    for (path, value) in [
        ("allowPrivilegeEscalation", json!(true)),
        ("runAsNonRoot", json!(false)),
        ("runAsUser", json!(0)),
        ("capabilities", json!({"drop": ["KILL"]})),
        ("capabilities", json!({"drop": ["ALL"], "add": ["CHOWN"]})),
        ("seccompProfile", json!({"type": "Other"})),
    ] {
        let mut fields = hardened();
        fields["securityContext"][path] = value;
        assert_eq!(broken("restricted", container(fields.clone())).len(), 1, "{fields}");
    }
    let mut spec = container(hardened());
    spec["volumes"] = json!([{"name": "v", "nfs": {"server": "s", "path": "/"}}]);
    assert_eq!(broken("restricted", spec).len(), 1);
}

#[test]
fn the_settings_give_the_level_where_the_namespace_is_not_in_the_bundle() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": container(json!({}))});
    let mut case = Case::new(json!([pod]));
    case.settings.namespace = Some(crate::environment::Namespace {
        span: case.span(),
        create: None,
        pod_security: Some(case.text("restricted")),
        labels: Vec::new(),
        annotations: Vec::new(),
    });
    assert_eq!(case.findings().iter().filter(|finding| finding.rule.name == "pod-security").count(), 4);
}
