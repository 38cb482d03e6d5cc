//! The environment's set in the cluster: its inventory, its members, and what of them goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use super::ahead::LISTS;
use super::observe::Observed;
use super::prune::{self, Rails, decide, namespaces_of_candidates};
use super::uses::{USERS, Uses};
use super::{Kept, Member, Operation, Plan, Refusal, Seen, Step};
use crate::cluster::{Cluster, ClusterError, ErrorKind, Live, Resource, Resources};
use crate::environment::Apply;
use crate::inventory::{GroupKind, Inventory, InventoryError, Members, members};

/// What is known of the set before anything is compared.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) inventory: Inventory,
    /// Why its inventory can't be used.
    pub(super) refusal: Option<Refusal>,
    /// Whether it may not be read.
    pub(super) unreadable: Option<String>,
}

/// Reads the inventory.
///
/// # Errors
/// The cluster can't be asked.
pub(super) async fn read(cluster: &Cluster, environment: &str, namespace: &str) -> Result<Set, ClusterError> {
    let mut set = Set { inventory: Inventory::empty(environment, namespace), refusal: None, unreadable: None };
    match Inventory::read(cluster, environment, namespace).await {
        Ok(inventory) => set.inventory = inventory,
        Err(InventoryError::Cluster(ClusterError { kind: ErrorKind::Forbidden(right), .. })) => set.unreadable = Some(right),
        Err(InventoryError::Cluster(error)) => return Err(error),
        Err(bad) => set.refusal = Some(Refusal { id: None, message: bad.to_string(), hint: bad.hint() }),
    }
    Ok(set)
}

/// What prune needs besides the set.
pub(super) struct Prune<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) resources: &'a Resources,
    pub(super) observed: &'a Observed,
    pub(super) apply: &'a Apply,
    pub(super) everything_goes: bool,
}

impl Prune<'_> {
    /// Adds to the plan what goes and what stays though the bundle has it no more.
    ///
    /// # Errors
    /// The cluster can't be asked.
    pub(super) async fn fill(&self, set: &Set, plan: &mut Plan) -> Result<(), ClusterError> {
        plan.refusals.extend(set.refusal.clone());
        if let Some(right) = &set.unreadable {
            plan.warnings.push(format!("nothing is pruned: the inventory can't be read ({right})"));
            return Ok(());
        }
        if set.refusal.is_some() || set.inventory.parent.is_none() {
            return Ok(());
        }
        let listed = |resource: &Arc<Resource>, place: Option<&str>| {
            self.observed.listed(resource, place).map(|seen| seen.cloned().collect())
        };
        let Members { live: members, unlisted, why, .. } = members(self.cluster, self.resources, &set.inventory, listed).await?;
        plan.warnings.extend(why);
        let wanted: Vec<prune::Wanted> = plan.members.iter().map(wanted).collect();
        let mut rails = Rails {
            set: &set.inventory.set,
            namespace: &set.inventory.namespace,
            parent: &set.inventory.name,
            members: &members,
            bundle: &wanted,
            uses: &Uses::default(),
            prune_kinds: &self.apply.prune_kinds.iter().map(|kind| kind.value.clone()).collect(),
            budget: plan.settings.prune_budget,
            keep: plan.settings.keep,
            unlisted: &unlisted,
            everything_goes: self.everything_goes,
        };
        let uses = self.uses(namespaces_of_candidates(&rails)).await?;
        rails.uses = &uses;
        let decision = decide(&rails);
        plan.steps.extend(decision.prune.iter().map(step));
        plan.kept.extend(decision.kept);
        plan.refusals.extend(decision.refusals);
        plan.kept.sort_by(|a: &Kept, b: &Kept| a.id.cmp(&b.id));
        Ok(())
    }

    /// Who uses ConfigMaps and Secrets in these namespaces.
    async fn uses(&self, namespaces: BTreeSet<String>) -> Result<Uses, ClusterError> {
        let mut uses = Uses::default();
        let mut lists = Vec::new();
        for (namespace, (group, kind)) in namespaces.iter().flat_map(|one| USERS.map(|user| (one, user))) {
            match self.resources.preferred(group, kind) {
                Some(resource) => lists.push((namespace.clone(), resource.clone())),
                None => uses.unknown(namespace, GroupKind::new(group, kind)),
            }
        }
        let mut answers = stream::iter(lists)
            .map(|(namespace, resource)| async move {
                let listed = self.cluster.list(&resource, Some(&namespace), None).await;
                (namespace, resource, listed)
            })
            .buffer_unordered(LISTS);
        while let Some((namespace, resource, listed)) = answers.next().await {
            match listed {
                Ok(listed) => listed.items.iter().for_each(|live| uses.add(&live.value())),
                Err(ClusterError { kind: ErrorKind::Forbidden(_), .. }) => {
                    uses.unknown(&namespace, GroupKind::of_resource(&resource));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(uses)
    }
}

fn wanted(member: &Member) -> prune::Wanted {
    prune::Wanted { id: member.object.id(), uid: member.live.as_ref().map(|live| live.uid.clone()) }
}

fn step(live: &Live) -> Step {
    Step {
        operation: Operation::Prune,
        id: live.id(),
        member: None,
        resource: Some(live.resource.clone()),
        seen: Some(Seen { uid: live.uid.clone(), resource_version: live.resource_version.clone(), digest: None }),
        renamed_from: None,
        fields: Vec::new(),
        immutable: Vec::new(),
        foreign: Vec::new(),
        migrates: Vec::new(),
        force: false,
        marks: Vec::new(),
        restarts: Vec::new(),
    }
}
