//! The file's form.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::change::{Difference, FieldChange};
use crate::object::emit::{Form, View};
use crate::object::{Node, ObjectId};
use crate::plan::{Fate, Foreign, Mark, Operation, Plan, Step};

/// A plan as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanFile {
    /// Form and version: [`SCHEMA`](super::SCHEMA).
    pub schema: String,
    /// The environment.
    pub environment: String,
    /// Its target namespace.
    pub namespace: String,
    /// The cluster that it is for.
    pub cluster: PlannedCluster,
    /// The commit that was compiled.
    pub commit: Option<String>,
    /// The digest of the compiled bundle.
    pub compiled: String,
    /// What is to be done, in the plan's order.
    pub steps: Vec<Planned>,
    /// How many objects of the bundle are as wanted.
    pub unchanged: usize,
    /// The workloads whose pods are replaced.
    pub restarts: Vec<String>,
    /// SHA-256 over all the rest.
    pub digest: String,
}

/// Which cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedCluster {
    /// UID of the namespace kube-system.
    pub id: Option<String>,
    /// The server's version.
    pub version: String,
}

/// One object's part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Planned {
    /// `create`, `update`, `replace`, `prune`.
    pub operation: String,
    /// The object.
    pub object: PlannedId,
    /// `metadata.uid` of what was seen.
    pub uid: Option<String>,
    /// `metadata.resourceVersion` of what was seen.
    pub resource_version: Option<String>,
    /// Digest of the fields that were looked at; none of a Secret.
    pub digest: Option<String>,
    /// Of a hashed object: whose successor it is.
    pub renamed_from: Option<String>,
    /// The immutable fields that make it a replace.
    pub immutable: Vec<String>,
    /// Managers that are migrated.
    pub migrates: Vec<String>,
    /// Whether others' fields are taken.
    pub force: bool,
    /// How it was found out.
    pub marks: Vec<String>,
    /// Others' fields.
    pub foreign: Vec<PlannedForeign>,
    /// What changes; sealed values masked.
    pub fields: Vec<PlannedField>,
}

/// What names an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedId {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

/// Somebody else's field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedForeign {
    /// The field.
    pub path: String,
    /// Its manager.
    pub manager: String,
    /// `set-back`, `taken`, `left`, `refused`.
    pub fate: String,
}

/// A field that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedField {
    /// Its path.
    pub path: String,
    /// `add`, `remove`, `change`, `reorder`.
    pub operation: String,
    /// What it is.
    pub old: Value,
    /// What it becomes.
    pub new: Value,
}

impl PlanFile {
    /// What of a plan is written; the digest is left empty.
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            schema: super::SCHEMA.to_owned(),
            environment: plan.environment.clone(),
            namespace: plan.namespace.clone(),
            cluster: PlannedCluster { id: plan.cluster.id.clone(), version: plan.cluster.version.clone() },
            commit: plan.commit.clone(),
            compiled: plan.compiled.clone(),
            steps: plan.steps.iter().map(Planned::of).collect(),
            unchanged: plan.unchanged(),
            restarts: plan.restarts.clone(),
            digest: String::new(),
        }
    }
}

impl Planned {
    /// What of a step is written.
    pub(super) fn of(step: &Step) -> Self {
        let seen = step.seen.as_ref();
        Self {
            operation: operation(step.operation).to_owned(),
            object: PlannedId::of(&step.id),
            uid: seen.map(|seen| seen.uid.clone()),
            resource_version: seen.map(|seen| seen.resource_version.clone()),
            digest: seen.and_then(|seen| seen.digest.clone()),
            renamed_from: step.renamed_from.as_ref().map(|id| id.name.to_string()),
            immutable: step.immutable.clone(),
            migrates: step.migrates.clone(),
            force: step.force,
            marks: step.marks.iter().map(|one| mark(*one).to_owned()).collect(),
            foreign: step.foreign.iter().map(PlannedForeign::of).collect(),
            fields: step.fields.iter().map(PlannedField::of).collect(),
        }
    }
}

impl PlannedId {
    /// An object's.
    pub(super) fn of(id: &ObjectId) -> Self {
        Self {
            api_version: id.api_version(),
            kind: id.kind.to_string(),
            namespace: id.namespace.as_ref().map(ToString::to_string),
            name: id.name.to_string(),
        }
    }

    /// As an object is named in a plan.
    pub(super) fn id(&self) -> ObjectId {
        let (group, version) = ObjectId::split_api_version(&self.api_version);
        ObjectId {
            group: group.into(),
            version: version.into(),
            kind: self.kind.as_str().into(),
            namespace: self.namespace.as_deref().map(Into::into),
            name: self.name.as_str().into(),
        }
    }
}

impl PlannedForeign {
    fn of(foreign: &Foreign) -> Self {
        let fate = match foreign.fate {
            Fate::SetBack => "set-back",
            Fate::Taken => "taken",
            Fate::Left => "left",
            Fate::Refused => "refused",
        };
        Self { path: foreign.path.clone(), manager: foreign.manager.clone(), fate: fate.to_owned() }
    }
}

impl PlannedField {
    fn of(field: &FieldChange) -> Self {
        let (operation, old, new) = match &field.difference {
            Difference::Added(new) => ("add", Value::Null, masked(new)),
            Difference::Removed(old) => ("remove", masked(old), Value::Null),
            Difference::Changed(old, new) => ("change", masked(old), masked(new)),
            Difference::Reordered(old, new) => ("reorder", json!(old), json!(new)),
        };
        Self { path: field.path.clone(), operation: operation.to_owned(), old, new }
    }
}

/// A value, secrets as masks: file, key path and the index's fingerprint.
fn masked(node: &Node) -> Value {
    serde_json::to_value(View { node, form: Form::Masked }).unwrap_or_default()
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Replace => "replace",
        Operation::Prune => "prune",
    }
}

fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::NotAsked => "not-asked",
        Mark::NamespaceNotThere => "namespace-not-there",
        Mark::KindNotThere => "kind-not-there",
        Mark::NotCompared => "not-compared",
        Mark::NotDryRun => "not-dry-run",
        Mark::Adopted => "adopted",
    }
}
