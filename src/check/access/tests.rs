use serde_json::{Value, json};

use crate::check::testing::Case;

#[test]
fn roles() {
    let role = |name: &str, rules: Value| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}, "rules": rules});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}});
    let objects = json!([
        secret,
        role("good", json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["token"], "verbs": ["get"]}])),
        role("stars", json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])),
        role("all", json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}])),
        role("foreign", json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["tokn"], "verbs": ["get"]}])),
        role(
            "list",
            json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["token"], "verbs": ["get", "list"]}])
        ),
        role("bind", json!([{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["bind"]}])),
    ]);
    insta::assert_snapshot!(Case::new(objects).of(&["role-too-wide", "list-not-narrowed"]), @r#"
    role-too-wide Role/stars rules[0].verbs[0]: `Role/stars` grants every verb (name what is needed; `*` also means what later versions add)
    role-too-wide Role/stars rules[0].resources[0]: `Role/stars` grants every resource (name what is needed; `*` also means what later versions add)
    role-too-wide Role/stars rules[0].apiGroups[0]: `Role/stars` grants every API group (name what is needed; `*` also means what later versions add)
    role-too-wide Role/all rules[0].resources[0]: `Role/all` lets read every Secret of its namespace (list the names in `resourceNames`; `[service-account.*] secrets = "referenced"` writes such a Role by itself)
    role-too-wide Role/foreign rules[0].resourceNames[0]: `Role/foreign` names `tokn`, which the bundle doesn't have (correct the name, take it out, or list the object in `[external]`)
    list-not-narrowed Role/list rules[0].verbs[1]: `list` isn't narrowed by `resourceNames` (only a request with the field selector `metadata.name` is allowed, and clients that list everything are refused: use `get`, or a rule without names)
    role-too-wide Role/bind rules[0].verbs[0]: `Role/bind` grants `bind`, which leads to any other right (few controllers need it; name one that does in an `[[allow]]` with its reason)
    "#);
}
