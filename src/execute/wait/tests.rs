use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Event;
use super::group::{Group, groups};
use super::member::Moment;
use super::{Waited, Waiting};
use crate::cluster::{Live, Resource};
use crate::object::ObjectId;
use crate::secret::Scrubber;

fn resource(api_version: &str, kind: &str, plural: &str) -> Arc<Resource> {
    let (group, version) = ObjectId::split_api_version(api_version);
    Arc::new(Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        namespaced: kind != "ClusterRole",
        verbs: Vec::new(),
    })
}

fn wanted(resource: &Arc<Resource>, namespace: &str, name: &str) -> Waited {
    let id = ObjectId {
        group: resource.group.as_str().into(),
        version: resource.version.as_str().into(),
        kind: resource.kind.as_str().into(),
        namespace: Some(namespace.into()),
        name: name.into(),
    };
    let namespace = Some(namespace.to_owned());
    Waited { id, resource: resource.clone(), namespace, name: name.to_owned(), uid: Some("u".to_owned()), seen: None }
}

fn deployment(ready: i64, uid: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "web", "namespace": "shop", "uid": uid, "generation": 1, "resourceVersion": "7" },
        "spec": { "replicas": 2 },
        "status": {
            "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": ready, "availableReplicas": ready,
            "conditions": [{ "type": "Available", "status": if ready == 2 { "True" } else { "False" } }],
        },
    })
}

fn job(failed: bool) -> Value {
    let conditions =
        if failed { json!([{ "type": "Failed", "status": "True", "message": "BackoffLimitExceeded" }]) } else { json!([]) };
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "job", "namespace": "shop", "uid": "u" },
        "status": { "startTime": "2026-01-01T00:00:00Z", "conditions": conditions },
    })
}

fn at(seconds: u64) -> Moment {
    Moment { now: Timestamp::UNIX_EPOCH, passed: Duration::from_secs(seconds) }
}

fn told(event: Option<Event>) -> String {
    match event {
        Some(Event::Waits(id, message)) => format!("{id} waits: {message}"),
        Some(Event::Ready(id)) => format!("{id} is ready"),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

fn see(group: &mut Group<'_>, name: &str, live: Option<&Value>, seconds: u64) -> String {
    let live = live.map(|live| Live::of(group.resource.clone(), live).unwrap());
    told(group.see(name, live.as_ref(), at(seconds), &Scrubber::default()))
}

fn left(groups: Vec<Group<'_>>) -> Vec<Waiting> {
    groups.into_iter().flat_map(Group::into_members).map(|member| member.left(false)).collect()
}

#[test]
fn one_group_a_kind_and_namespace_and_none_for_what_is_ready_by_being_there() {
    let (deployments, jobs) = (resource("apps/v1", "Deployment", "deployments"), resource("batch/v1", "Job", "jobs"));
    let (settings, roles) =
        (resource("v1", "ConfigMap", "configmaps"), resource("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles"));
    let mut ready = wanted(&deployments, "shop", "web");
    ready.seen = Live::of(deployments.clone(), &deployment(2, "u"));
    let mut unready = wanted(&deployments, "third", "web");
    unready.seen = Live::of(deployments.clone(), &deployment(1, "u"));
    let mut other = wanted(&deployments, "third", "other");
    other.seen = Live::of(deployments.clone(), &deployment(2, "another"));
    let all = [
        wanted(&settings, "shop", "a"),
        wanted(&deployments, "shop", "a"),
        wanted(&jobs, "shop", "a"),
        wanted(&deployments, "shop", "b"),
        ready,
        unready,
        other,
        wanted(&roles, "shop", "a"),
    ];
    let shown: Vec<String> = groups(&all, Timestamp::UNIX_EPOCH)
        .iter()
        .map(|group| {
            let names: Vec<&str> = group.open().iter().map(|wanted| wanted.name.as_str()).collect();
            format!("{} in {}: {}", group.resource.plural, group.namespace.unwrap_or("-"), names.join(" "))
        })
        .collect();
    assert_eq!(shown, ["deployments in shop: a b", "deployments in third: web other", "jobs in shop: a"]);
    assert!(groups(&all[..1], Timestamp::UNIX_EPOCH).is_empty());
}

#[test]
fn what_changes_is_told_once() {
    let all = [wanted(&resource("apps/v1", "Deployment", "deployments"), "shop", "web")];
    let mut groups = groups(&all, Timestamp::UNIX_EPOCH);
    let group = &mut groups[0];
    let first = see(group, "web", Some(&deployment(0, "u")), 0);
    assert!(first.starts_with("Deployment/web waits: ") && first.contains('0'), "{first}");
    assert_eq!(see(group, "web", Some(&deployment(0, "u")), 1), "");
    let second = see(group, "web", Some(&deployment(1, "u")), 2);
    assert!(second.starts_with("Deployment/web waits: ") && second != first, "{second}");
    assert_eq!(see(group, "other", Some(&deployment(1, "u")), 2), "");
    assert_eq!(see(group, "web", Some(&deployment(2, "u")), 3), "Deployment/web is ready");
    assert!(group.is_over());
    assert_eq!(see(group, "web", Some(&deployment(0, "u")), 4), "");
    assert_eq!(left(groups), [Waiting::Ready]);
}

#[test]
fn what_is_ready_at_first_sight_is_not_told() {
    let all = [wanted(&resource("apps/v1", "Deployment", "deployments"), "shop", "web")];
    let mut groups = groups(&all, Timestamp::UNIX_EPOCH);
    assert_eq!(see(&mut groups[0], "web", Some(&deployment(2, "u")), 0), "");
    assert!(groups[0].is_over());
}

#[test]
fn never_counts_when_it_lasts() {
    let all = [wanted(&resource("apps/v1", "Deployment", "deployments"), "shop", "web")];
    let mut groups = groups(&all, Timestamp::UNIX_EPOCH);
    let group = &mut groups[0];
    assert_eq!(see(group, "web", None, 5), "Deployment/web waits: was deleted by someone else");
    group.look(at(14), &Scrubber::default());
    assert!(!group.is_over());
    // It is back: the time runs anew.
    see(group, "web", Some(&deployment(1, "u")), 14);
    let anew = see(group, "web", Some(&deployment(1, "v")), 16);
    assert_eq!(anew, "Deployment/web waits: was deleted by someone else and made anew");
    group.look(at(25), &Scrubber::default());
    assert!(!group.is_over());
    group.look(at(26), &Scrubber::default());
    assert!(group.is_over());
    assert_eq!(left(groups), [Waiting::Never { message: "was deleted by someone else and made anew".to_owned() }]);
}

#[test]
fn a_job_that_failed_has_failed() {
    let all = [wanted(&resource("batch/v1", "Job", "jobs"), "shop", "job")];
    let mut groups = groups(&all, Timestamp::UNIX_EPOCH);
    see(&mut groups[0], "job", Some(&job(false)), 0);
    assert!(!groups[0].is_over());
    see(&mut groups[0], "job", Some(&job(true)), 0);
    assert!(groups[0].is_over());
    assert!(matches!(left(groups)[..], [Waiting::Never { .. }]));
}

#[test]
fn what_cannot_be_seen_keeps_what_was_seen() {
    let deployments = resource("apps/v1", "Deployment", "deployments");
    let all = [wanted(&deployments, "shop", "web"), wanted(&deployments, "shop", "other")];
    let mut groups = groups(&all, Timestamp::UNIX_EPOCH);
    let group = &mut groups[0];
    see(group, "web", Some(&deployment(1, "u")), 0);
    let events: Vec<String> = group.unseen("the server is away").into_iter().map(|event| told(Some(event))).collect();
    assert_eq!(events, ["Deployment/other waits: the server is away"]);
    group.give_up(Some("other"), "no right");
    assert!(!group.is_over());
    let left = left(groups);
    assert!(matches!(&left[0], Waiting::NotReady { message } if message != "the server is away"), "{left:?}");
    assert_eq!(left[1], Waiting::NotReady { message: "no right".to_owned() });
}
