//! Roles with exactly the names that workloads use, while a rollout runs: the pods that go still read the old names, those that come the
//! new. So such a Role is written twice: with both before the rollout, with the new alone after it.

use crate::generate::ACCESS_GENERATOR;
use crate::object::{Data, MadeBy, Map, Node, Object};
use serde_json::Value;

/// Whether the Role's names are those that its account's workloads use (`secrets = "referenced"`).
pub(super) fn follows_rollouts(object: &Object) -> bool {
    object.made_by == MadeBy::Generator(ACCESS_GENERATOR) && object.kind() == "Role"
}

/// The Role with the names that the live one has and the wanted hasn't beside its own; `None` if there are none.
pub(super) fn widened(role: &Object, live: &Value) -> Option<Object> {
    let wanted = names(&role.root);
    let old: Vec<String> = live_names(live).into_iter().filter(|name| !wanted.iter().any(|wanted| wanted == name)).collect();
    if old.is_empty() {
        return None;
    }
    let mut wide = role.clone();
    let span = wide.span;
    let rules = wide.map_mut()?.child_list("rules", span)?;
    let old = old.iter().map(|name| Node::text(name.as_str(), span));
    if let Some(rule) = rules.iter_mut().find(|rule| is_secrets(rule)).and_then(Node::as_map_mut) {
        rule.child_list("resourceNames", span)?.extend(old);
    } else {
        let list = |texts: &[&str]| Node::list(texts.iter().map(|text| Node::text(*text, span)).collect(), span);
        let mut rule = Map::new();
        rule.set("apiGroups", list(&[""]));
        rule.set("resources", list(&["secrets"]));
        rule.set("resourceNames", Node::list(old.collect(), span));
        rule.set("verbs", list(&["get"]));
        rules.push(Node::map(rule, span));
    }
    Some(wide)
}

/// Whether the live Role has every name that the wanted one has, so that there is nothing to widen.
pub(super) fn is_wide(role: &Object, live: &Value) -> bool {
    let live = live_names(live);
    names(&role.root).iter().all(|name| live.iter().any(|live| live == name))
}

fn names(role: &Node) -> Vec<&str> {
    let rules = role.get("rules").and_then(Node::as_list).unwrap_or_default();
    let names = rules.iter().filter(|rule| is_secrets(rule)).filter_map(|rule| rule.get("resourceNames")?.as_list());
    names.flatten().filter_map(Node::as_str).collect()
}

fn is_secrets(rule: &Node) -> bool {
    let resources = rule.get("resources").and_then(Node::as_list).unwrap_or_default();
    resources.len() == 1 && resources.iter().all(|resource| matches!(&resource.data, Data::Text(text) if text == "secrets"))
}

fn live_names(live: &Value) -> Vec<String> {
    let rules = live.get("rules").and_then(Value::as_array).into_iter().flatten();
    let only_get = |rule: &&Value| {
        rule.get("resources").is_some_and(|resources| resources == &serde_json::json!(["secrets"]))
            && rule.get("verbs").is_some_and(|verbs| verbs == &serde_json::json!(["get"]))
    };
    let names = rules.filter(only_get).filter_map(|rule| rule.get("resourceNames")?.as_array());
    names.flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::testing::{show, span};

    fn node(value: &Value) -> Node {
        match value {
            Value::String(string) => Node::text(string.as_str(), span()),
            Value::Array(items) => Node::list(items.iter().map(node).collect(), span()),
            Value::Object(map) => {
                let mut out = Map::new();
                for (key, value) in map {
                    out.set(key.as_str(), node(value));
                }
                Node::map(out, span())
            }
            _ => Node::new(Data::Null, span()),
        }
    }

    fn role(names: &[&str]) -> Object {
        let rule = json!({ "apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"] });
        let rules = if names.is_empty() { json!([]) } else { json!([rule]) };
        let value =
            json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "r" }, "rules": rules });
        Object::new(node(&value), span(), MadeBy::Generator(ACCESS_GENERATOR)).unwrap()
    }

    fn live(names: &[&str]) -> Value {
        json!({ "rules": [{ "apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"] }] })
    }

    #[test]
    fn old_names_stand_beside_the_new() {
        let wide = widened(&role(&["a-new", "b"]), &live(&["a-old", "b"])).unwrap();
        assert!(show(&wide.root).contains(r#""resourceNames":["a-new","b","a-old"]"#), "{}", show(&wide.root));
        assert!(follows_rollouts(&wide));
        let wide = widened(&role(&[]), &live(&["a-old"])).unwrap();
        assert!(show(&wide.root).contains(r#""resourceNames":["a-old"],"verbs":["get"]"#), "{}", show(&wide.root));
    }

    #[test]
    fn nothing_to_widen() {
        assert!(widened(&role(&["a", "b"]), &live(&["a"])).is_none());
        assert!(widened(&role(&["a"]), &json!({})).is_none());
        assert!(is_wide(&role(&["a"]), &live(&["a", "b"])));
        assert!(!is_wide(&role(&["a", "c"]), &live(&["a", "b"])));
    }
}
