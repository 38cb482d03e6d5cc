use serde_json::json;

use crate::check::testing::Case;

const RULES: [&str; 5] = ["mutable-tag", "replicas-autoscaled", "immutable-name", "unused-object", "unused-value"];

#[test]
fn what_bites_later() {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {
        "replicas": 2, "template": {"spec": {"containers": [
            {"name": "c", "image": "nginx"}, {"name": "d", "image": "nginx:1", "envFrom": [{"configMapRef": {"name": "used"}}]}]}}}});
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}}});
    let map = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "immutable": true});
    let mut case = Case::new(json!([deployment, scaler, map("used"), map("alone")]));
    case.bundle.objects[2].hashed = true;
    insta::assert_snapshot!(case.of(&RULES), @r"
    mutable-tag Deployment/a spec.template.spec.containers[0].image: image `nginx` has no tag, which means `latest` (give a tag that never moves, or a digest: `[[transform.image]]` with `tag` or `digest`)
    replicas-autoscaled Deployment/a spec.replicas: `Deployment/a` sets `replicas`, and `HorizontalPodAutoscaler/h` scales it (take `replicas` out: the autoscaler's `minReplicas` holds from the start)
    immutable-name ConfigMap/alone immutable: `ConfigMap/alone` is immutable, but its name doesn't change with its content (make it with `[configmap.alone] immutable = true`, which puts a hash of the content into the name)
    unused-object ConfigMap/alone -: nothing in the bundle names `ConfigMap/alone` (if a program finds it by itself (through the API, by a label), nothing is wrong; else it can go, or is named wrongly)
    ");
}
