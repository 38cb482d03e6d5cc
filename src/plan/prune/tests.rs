use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::cluster::Resource;

const SET: &str = "applyset-x-v1";

fn live(kind: &str, name: &str, edit: impl FnOnce(&mut Value)) -> Live {
    let (group, plural, namespaced) = match kind {
        "Deployment" => ("apps", "deployments", true),
        "Namespace" => ("", "namespaces", false),
        "CustomResourceDefinition" => ("apiextensions.k8s.io", "customresourcedefinitions", false),
        "ConfigMap" => ("", "configmaps", true),
        "Event" => ("", "events", true),
        other => panic!("{other}"),
    };
    let resource = Resource {
        group: group.into(),
        version: "v1".into(),
        kind: kind.into(),
        plural: plural.into(),
        namespaced,
        verbs: Vec::new(),
    };
    let mut value = json!({ "metadata": { "name": name, "uid": format!("uid-{kind}-{name}"), "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z", "labels": { PART_OF: SET },
        "managedFields": [{ "manager": "plimsoll", "operation": "Apply" }] } });
    if namespaced {
        value["metadata"]["namespace"] = "shop".into();
    }
    edit(&mut value);
    Live::of(Arc::new(resource), &value).unwrap()
}

fn config(name: &str, day: u32) -> Live {
    live("ConfigMap", name, |value| {
        value["immutable"] = true.into();
        value["metadata"]["creationTimestamp"] = format!("2026-01-{day:02}T00:00:00Z").into();
    })
}

fn wanted(live: &Live) -> Wanted {
    Wanted { id: live.id(), uid: Some(live.uid.clone()) }
}

/// What goes, and what stays why; and what is refused.
fn shown(decision: &Decision) -> String {
    let gone = decision.prune.iter().map(|live| format!("- {}", live.id()));
    let kept = decision.kept.iter().map(|kept| format!("= {}: {}", kept.id, kept.why));
    let refused = decision.refusals.iter().map(|refusal| format!("! {}", refusal.message));
    gone.chain(kept).chain(refused).collect::<Vec<_>>().join("\n")
}

struct World {
    members: Vec<Live>,
    bundle: Vec<Wanted>,
    uses: Uses,
    prune_kinds: BTreeSet<String>,
    unlisted: BTreeSet<GroupKind>,
}

impl World {
    fn of(members: Vec<Live>) -> Self {
        let bundle = vec![wanted(&live("Deployment", "stays", |_| ()))];
        Self { members, bundle, uses: Uses::default(), prune_kinds: BTreeSet::new(), unlisted: BTreeSet::new() }
    }

    fn rails(&self) -> Rails<'_> {
        Rails {
            set: SET,
            namespace: "shop",
            parent: "plimsoll-prod",
            members: &self.members,
            bundle: &self.bundle,
            uses: &self.uses,
            prune_kinds: &self.prune_kinds,
            budget: 10,
            keep: 2,
            unlisted: &self.unlisted,
            everything_goes: false,
        }
    }
}

#[test]
fn what_is_ours_and_not_in_the_bundle_goes() {
    let old = live("Deployment", "old", |_| ());
    let renamed_group = live("Event", "e", |value| value["metadata"]["uid"] = "same".into());
    let mut world = World::of(vec![
        live("Deployment", "stays", |_| ()),
        old,
        renamed_group.clone(),
        live("Deployment", "copied", |value| value["metadata"]["managedFields"][0]["manager"] = "kubectl".into()),
        live("Deployment", "status-only", |value| value["metadata"]["managedFields"][0]["subresource"] = "status".into()),
        live("Deployment", "updated", |value| value["metadata"]["managedFields"][0]["operation"] = "Update".into()),
        live("Deployment", "going", |value| value["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into()),
        live("Deployment", "owned", |value| {
            value["metadata"]["ownerReferences"] = json!([{ "kind": "Deployment", "name": "old", "uid": "uid-Deployment-old" }]);
        }),
        live("Deployment", "copied-by-a-controller", |value| {
            value["metadata"]["managedFields"] = json!([]);
            value["metadata"]["ownerReferences"] = json!([{ "kind": "Service", "name": "s", "uid": "s", "controller": true }]);
        }),
        live("Deployment", "guest", |value| value["metadata"]["labels"] = json!({ PART_OF: "applyset-other-v1" })),
        live("ConfigMap", "plimsoll-prod", |_| ()),
        live("ConfigMap", "unlisted", |_| ()),
    ]);
    world
        .bundle
        .push(Wanted { id: ObjectId { group: "events.k8s.io".into(), ..renamed_group.id() }, uid: Some("same".to_owned()) });
    world.unlisted.insert(GroupKind::new("", "ConfigMap"));
    insta::assert_snapshot!(shown(&decide(&world.rails())), @"
    - Deployment/old
    = ConfigMap/unlisted: the list of ConfigMap didn't come whole
    = Deployment/copied: it bears the environment's label, but plimsoll never applied it
    = Deployment/going: it is being deleted already
    = Deployment/owned: it belongs to Deployment/old and goes with it
    = Deployment/status-only: it bears the environment's label, but plimsoll never applied it
    = Deployment/updated: it bears the environment's label, but plimsoll never applied it
    ");
}

#[test]
fn guarded_kinds_go_only_when_named_and_nothing_of_the_bundle_needs_them() {
    let crd = |name: &str, kind: &str| {
        live("CustomResourceDefinition", name, |value| {
            value["spec"] = json!({ "group": "x.dev", "names": { "kind": kind } });
        })
    };
    let mut world = World::of(vec![
        live("Namespace", "old", |_| ()),
        live("Namespace", "shop", |_| ()),
        crd("widgets.x.dev", "Widget"),
        crd("gadgets.x.dev", "Gadget"),
    ]);
    insta::assert_snapshot!(shown(&decide(&world.rails())), @"
    = Namespace/old: Namespace is a guarded kind, and `[apply] prune-kinds` doesn't name it
    = Namespace/shop: Namespace is a guarded kind, and `[apply] prune-kinds` doesn't name it
    = CustomResourceDefinition/gadgets.x.dev: CustomResourceDefinition is a guarded kind, and `[apply] prune-kinds` doesn't name it
    = CustomResourceDefinition/widgets.x.dev: CustomResourceDefinition is a guarded kind, and `[apply] prune-kinds` doesn't name it
    ");
    world.prune_kinds = ["Namespace".to_owned(), "CustomResourceDefinition".to_owned()].into();
    let widget = ObjectId { group: "x.dev".into(), kind: "Widget".into(), ..live("Deployment", "w", |_| ()).id() };
    world.bundle.push(Wanted { id: widget, uid: None });
    insta::assert_snapshot!(shown(&decide(&world.rails())), @"
    - Namespace/old
    - CustomResourceDefinition/gadgets.x.dev
    = Namespace/shop: objects of the bundle, or the inventory, live in it
    = CustomResourceDefinition/widgets.x.dev: the bundle has a Widget
    ");
}

#[test]
fn old_config_stays_while_it_is_used_and_the_last_ones_of_its_name() {
    let names = ["params-2222222222", "params-4444444444", "params-5555555555", "params-6666666666", "params-7777777777"];
    let mut members: Vec<Live> = names.iter().zip(1..).map(|(name, day)| config(name, day)).collect();
    members.push(config("dropped-2222222222", 1));
    members.push(live("ConfigMap", "by-hand", |_| ()));
    let mut world = World::of(members);
    world.bundle.push(wanted(&world.members[4]));
    world.uses.add(&json!({ "kind": "ReplicaSet", "metadata": { "name": "web-1", "namespace": "shop" },
        "spec": { "replicas": 0, "template": { "spec": { "volumes": [{ "configMap": { "name": names[0] } }] } } } }));
    insta::assert_snapshot!(shown(&decide(&world.rails())), @"
    - ConfigMap/dropped-2222222222
    - ConfigMap/by-hand
    - ConfigMap/params-4444444444
    = ConfigMap/params-2222222222: ReplicaSet/web-1 uses it
    = ConfigMap/params-5555555555: it is one of the last 2 of its name (`[apply] keep`)
    = ConfigMap/params-6666666666: it is one of the last 2 of its name (`[apply] keep`)
    ");
    assert_eq!(namespaces_of_candidates(&world.rails()), ["shop".to_owned()].into());
    world.uses.unknown("shop", GroupKind::new("", "Pod"));
    assert!(decide(&world.rails()).prune.is_empty(), "nobody knows what pods use");
    let rails = Rails { everything_goes: true, ..world.rails() };
    assert_eq!(decide(&rails).prune.len(), 6, "a delete asks the user instead");
}

#[test]
fn over_the_budget_nothing_goes() {
    let members = (0..11).map(|n| live("Deployment", &format!("old-{n}"), |_| ())).collect();
    let mut world = World::of(members);
    let decision = decide(&world.rails());
    assert!(decision.prune.is_empty());
    assert_eq!(decision.kept.len(), 11);
    insta::assert_snapshot!(decision.refusals[0].message, @"11 objects aren't in the bundle any more, and `[apply] prune-budget` lets at most 10 go in one run: nothing is pruned");
    let rails = Rails { budget: 11, ..world.rails() };
    assert_eq!(decide(&rails).prune.len(), 11);
    let rails = Rails { everything_goes: true, ..world.rails() };
    assert_eq!(decide(&rails).prune.len(), 11);
    world.bundle.clear();
    insta::assert_snapshot!(shown(&decide(&world.rails())), @"! the bundle is empty, so all objects of the environment would be pruned");
}
