//! R20: whatever an inventory looks like, a prune deletes only what is in it, isn't in the bundle, isn't used, isn't guarded, and no more
//! than the budget. Random inventories, each object made with what a second, simpler reading of the rules needs to know of it.
#![expect(clippy::struct_excessive_bools, reason = "each is a doubt of its own")]

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll::cluster::{Live, Resource};
use plimsoll::inventory::{GroupKind, PART_OF};
use plimsoll::plan::prune::{Rails, Wanted, decide};
use plimsoll::plan::uses::Uses;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

const SET: &str = "applyset-mine-v1";

/// What is true of one object of a random cluster.
#[derive(Debug, Clone)]
struct Fate {
    kind: usize,
    foreign_label: bool,
    never_applied: bool,
    in_bundle: bool,
    /// In the bundle under another group, with the same uid.
    other_group: bool,
    deleting: bool,
    /// Owned by the object of this number, if there is one.
    owner: Option<usize>,
    user: Option<usize>,
    hashed: bool,
    day: u32,
}

#[derive(Debug, Clone)]
struct World {
    fates: Vec<Fate>,
    named: BTreeSet<usize>,
    unlisted: BTreeSet<usize>,
    users_unknown: bool,
    budget: usize,
    keep: usize,
    everything_goes: bool,
}

/// Group, kind, plural, whether it is namespaced, whether it is guarded.
const KINDS: [(&str, &str, &str, bool, bool); 8] = [
    ("", "ConfigMap", "configmaps", true, false),
    ("", "Secret", "secrets", true, false),
    ("apps", "Deployment", "deployments", true, false),
    ("batch", "Job", "jobs", true, false),
    ("", "Namespace", "namespaces", false, true),
    ("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", false, true),
    ("", "PersistentVolume", "persistentvolumes", false, true),
    ("", "PersistentVolumeClaim", "persistentvolumeclaims", true, true),
];

const USERS: [&str; 5] = ["ReplicaSet", "ControllerRevision", "Job", "CronJob", "Pod"];

fn rarely() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.12)
}

fn fate() -> impl Strategy<Value = Fate> {
    let doubts = (rarely(), rarely(), prop::bool::weighted(0.3), rarely(), rarely());
    let rest = (
        0..KINDS.len(),
        prop::option::weighted(0.1, 0..12_usize),
        prop::option::weighted(0.25, 0..USERS.len()),
        any::<bool>(),
        1..28_u32,
    );
    (doubts, rest).prop_map(
        |((foreign_label, never_applied, in_bundle, other_group, deleting), (kind, owner, user, hashed, day))| Fate {
            kind,
            foreign_label,
            never_applied,
            in_bundle,
            other_group,
            deleting,
            owner,
            user,
            hashed,
            day,
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    let sets = (prop::collection::btree_set(0..KINDS.len(), 0..3), prop::collection::btree_set(0..KINDS.len(), 0..2));
    (prop::collection::vec(fate(), 0..24), sets, rarely(), 0..16_usize, 0..4_usize, rarely()).prop_map(
        |(fates, (named, unlisted), users_unknown, budget, keep, everything_goes)| World {
            fates,
            named,
            unlisted,
            users_unknown,
            budget,
            keep,
            everything_goes,
        },
    )
}

impl World {
    fn name(&self, at: usize) -> String {
        let alphabet = b"2456789bcdfghkmt";
        if self.fates[at].hashed && self.fates[at].kind < 2 {
            // One base for all, so that `keep` has something to choose from.
            format!("base-{}{}gggggggg", char::from(alphabet[at / 16]), char::from(alphabet[at % 16]))
        } else {
            format!("o{at}")
        }
    }

    fn live(&self, at: usize) -> Live {
        let fate = &self.fates[at];
        let (group, kind, plural, namespaced, _) = KINDS[fate.kind];
        let resource = Resource {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            plural: plural.into(),
            namespaced,
            verbs: Vec::new(),
        };
        let label = if fate.foreign_label { "applyset-other-v1" } else { SET };
        let manager = if fate.never_applied { "kubectl" } else { "plimsoll" };
        let mut value = json!({ "metadata": { "name": self.name(at), "uid": format!("uid-{at}"), "resourceVersion": "1",
            "creationTimestamp": format!("2026-01-{:02}T00:00:00Z", fate.day), "labels": { PART_OF: label },
            "managedFields": [{ "manager": manager, "operation": "Apply" }] } });
        if namespaced {
            value["metadata"]["namespace"] = "shop".into();
        }
        if fate.deleting {
            value["metadata"]["deletionTimestamp"] = "2026-01-31T00:00:00Z".into();
        }
        if let Some(owner) = self.owner(at) {
            value["metadata"]["ownerReferences"] = json!([{ "uid": format!("uid-{owner}"), "kind": "X", "name": "x" }]);
        }
        if fate.hashed && fate.kind < 2 {
            value["immutable"] = true.into();
        }
        Live::of(Arc::new(resource), &value).unwrap()
    }

    fn owner(&self, at: usize) -> Option<usize> {
        self.fates[at].owner.filter(|owner| *owner < self.fates.len() && *owner != at)
    }

    fn is_wanted(&self, at: usize) -> bool {
        self.fates[at].in_bundle || self.fates[at].other_group
    }

    fn wanted(&self, at: usize) -> Option<Wanted> {
        let fate = &self.fates[at];
        let mut id = self.live(at).id();
        if !fate.in_bundle {
            id.group = "elsewhere.dev".into();
        }
        self.is_wanted(at).then(|| Wanted { id, uid: fate.other_group.then(|| format!("uid-{at}")) })
    }

    fn uses(&self) -> Uses {
        let mut uses = Uses::default();
        for (at, fate) in self.fates.iter().enumerate() {
            let Some(user) = fate.user.filter(|_| fate.kind < 2) else { continue };
            let volume = match fate.kind {
                0 => json!({ "configMap": { "name": self.name(at) } }),
                _ => json!({ "secret": { "secretName": self.name(at) } }),
            };
            let spec = json!({ "volumes": [volume] });
            let holder = match USERS[user] {
                "Pod" => json!({ "spec": spec }),
                "ControllerRevision" => json!({ "data": { "spec": { "template": { "spec": spec } } } }),
                "CronJob" => json!({ "spec": { "jobTemplate": { "spec": { "template": { "spec": spec } } } } }),
                _ => json!({ "spec": { "replicas": 0, "template": { "spec": spec } } }),
            };
            let mut object = json!({ "kind": USERS[user], "metadata": { "name": format!("user-{at}"), "namespace": "shop" } });
            object.as_object_mut().unwrap().extend(holder.as_object().unwrap().clone());
            uses.add(&object);
        }
        if self.users_unknown {
            uses.unknown("shop", GroupKind::new("", "Pod"));
        }
        uses
    }

    /// Whether an object may be deleted at all: the rules in one line each.
    fn may_go(&self, at: usize) -> bool {
        let fate = &self.fates[at];
        let is_guarded = KINDS[fate.kind].4;
        let is_config = fate.kind < 2;
        !fate.foreign_label
            && !fate.never_applied
            && !self.is_wanted(at)
            && !fate.deleting
            && self.owner(at).is_none()
            && !self.unlisted.contains(&fate.kind)
            && (!is_guarded || self.named.contains(&fate.kind))
            && (self.everything_goes || !is_config || (fate.user.is_none() && !self.users_unknown))
    }

    /// What `keep` holds back: the newest of a base that the bundle has.
    fn kept_back(&self) -> BTreeSet<usize> {
        let mut back = BTreeSet::new();
        for kind in 0..2 {
            let is_of = |at: &usize| self.fates[*at].kind == kind && self.fates[*at].hashed;
            let has_base = (0..self.fates.len()).filter(is_of).any(|at| self.fates[at].in_bundle);
            // In use or not, the newest count; what some other rail keeps anyway doesn't.
            let mut old: Vec<usize> = (0..self.fates.len())
                .filter(is_of)
                .filter(|at| {
                    let mut unused = self.clone();
                    unused.fates[*at].user = None;
                    unused.users_unknown = false;
                    unused.may_go(*at)
                })
                .collect();
            old.sort_by_key(|at| std::cmp::Reverse((self.fates[*at].day, self.name(*at))));
            if has_base && !self.everything_goes {
                back.extend(old.into_iter().take(self.keep));
            }
        }
        back
    }
}

#[derive(Debug, Default)]
struct Counted {
    inventories: usize,
    deletes: usize,
    kept: usize,
    over_budget: usize,
    empty: usize,
    used: usize,
    guarded: usize,
    kept_back: usize,
}

fn judge(world: &World, counted: &mut Counted) {
    let members: Vec<Live> = (0..world.fates.len()).map(|at| world.live(at)).collect();
    let bundle: Vec<Wanted> = (0..world.fates.len()).filter_map(|at| world.wanted(at)).collect();
    let uses = world.uses();
    let prune_kinds = world.named.iter().map(|kind| KINDS[*kind].1.to_owned()).collect();
    let unlisted = world.unlisted.iter().map(|kind| GroupKind::new(KINDS[*kind].0, KINDS[*kind].1)).collect();
    let decision = decide(&Rails {
        set: SET,
        namespace: "shop",
        parent: "plimsoll-prod",
        members: &members,
        bundle: &bundle,
        uses: &uses,
        prune_kinds: &prune_kinds,
        budget: world.budget,
        keep: world.keep,
        unlisted: &unlisted,
        everything_goes: world.everything_goes,
    });
    let number = |live: &Live| live.uid.trim_start_matches("uid-").parse::<usize>().unwrap();
    let gone: BTreeSet<usize> = decision.prune.iter().map(number).collect();
    assert_eq!(gone.len(), decision.prune.len(), "nothing is deleted twice");
    let back = world.kept_back();
    let may: BTreeSet<usize> = (0..world.fates.len()).filter(|at| world.may_go(*at) && !back.contains(at)).collect();

    // The rails, whatever else is right.
    assert!(gone.iter().all(|at| world.may_go(*at)), "{gone:?} of {world:#?}");
    assert!(world.everything_goes || gone.len() <= world.budget, "{} over {}", gone.len(), world.budget);
    // And exactly what may go does, or nothing and a refusal.
    let is_empty = bundle.is_empty() && !world.everything_goes;
    let is_over = may.len() > world.budget && !world.everything_goes;
    if is_empty || is_over {
        assert!(gone.is_empty() && decision.refusals.len() == 1, "{decision:?}");
    } else {
        assert_eq!(gone, may, "{world:#?}");
        assert!(decision.refusals.is_empty());
    }
    counted.inventories += 1;
    counted.deletes += gone.len();
    counted.kept += decision.kept.len();
    counted.over_budget += usize::from(is_over && !is_empty);
    counted.empty += usize::from(is_empty);
    let why = |text: &str| decision.kept.iter().filter(|kept| kept.why.contains(text)).count();
    counted.used += why("uses it");
    counted.guarded += why("guarded kind");
    counted.kept_back += why("[apply] keep");
}

#[test]
fn rails_hold() {
    let cases = crate::harness::size(2_000, 20_000);
    let mut runner = TestRunner::new_with_rng(
        Config { cases, failure_persistence: None, ..Config::default() },
        TestRng::from_seed(RngAlgorithm::ChaCha, &[20; 32]),
    );
    let counted = std::cell::RefCell::new(Counted::default());
    runner
        .run(&world(), |world| {
            judge(&world, &mut counted.borrow_mut());
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let counted = counted.into_inner();
    println!("R20: {counted:?}; 0 deletes outside the rails");
    let floor = cases as usize / 25;
    assert!(counted.inventories >= cases as usize);
    for (what, count) in [
        ("deletes", counted.deletes),
        ("over budget", counted.over_budget),
        ("used", counted.used),
        ("guarded", counted.guarded),
        ("kept back", counted.kept_back),
        ("empty", counted.empty),
    ] {
        assert!(count >= floor, "R20 is below its floor of {floor}: {what} {count}");
    }
}
