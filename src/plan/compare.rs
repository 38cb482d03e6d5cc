//! One object of the bundle beside what the cluster has of it: proven, asked, or predicted.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::adopt;
use super::body::{body, has_sealed};
use super::foreign::{self, Conflict, Others, adopted_managers};
use super::members::Wanted;
use super::node::{Veil, scrub, tree};
use super::observe::{NamespaceState, Observed, is_secret};
use super::policy::{Policies, Verdict, strip};
use super::predict::predict;
use super::schemas::KnownKinds;
use super::{Fate, Foreign, Mark, Operation, Options, Problem, Refusal, Seen, Step};
use crate::change::{Difference, FieldChange, fields, hide};
use crate::cluster::{Cluster, ClusterError, ErrorKind, Live, Patch};
use crate::object::emit::Reveal;
use crate::object::{Node, Object, ObjectId};
use crate::owned::{self, Migration};
use crate::secret::Scrubber;

/// How often an object that moves while it is looked at is read again.
const TRIES: usize = 4;

/// What all comparisons have in common.
pub(super) struct Compare<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) observed: &'a Observed,
    pub(super) reveal: &'a Reveal<'a>,
    /// Whether sealed files are open.
    pub(super) opened: bool,
    /// Takes this run's plaintexts out of what the server says.
    pub(super) scrubber: Option<&'a Scrubber>,
    pub(super) manager: &'a str,
    /// The label that marks members, and its value; none where another engine applies.
    pub(super) label: Option<(&'a str, &'a str)>,
    pub(super) policies: &'a Policies,
    pub(super) kinds: &'a KnownKinds,
    /// Kinds that may be deleted and made anew.
    pub(super) replace: &'a [String],
    /// The namespaces that the bundle makes.
    pub(super) namespaces: &'a BTreeSet<String>,
    pub(super) options: &'a Options,
}

/// What became of one object.
#[derive(Debug)]
pub(super) struct Compared {
    /// What is sent, where fields are left to others.
    pub(super) object: Arc<Object>,
    pub(super) live: Option<Live>,
    pub(super) step: Option<Step>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) problem: Option<Problem>,
}

impl Compared {
    fn new(wanted: &Wanted, live: Option<Live>) -> Self {
        Self { object: wanted.object.clone(), live, step: None, refusals: Vec::new(), problem: None }
    }

    fn refuse(&mut self, wanted: &Wanted, message: impl Into<String>, hint: impl Into<String>) {
        let hint = Some(hint.into()).filter(|hint: &String| !hint.is_empty());
        self.refusals.push(Refusal { id: Some(wanted.id.clone()), message: message.into(), hint });
    }
}

impl Compare<'_> {
    /// What became of an object of which it is proven that applying it changes nothing, neither of it nor of its owners.
    pub(super) fn proven(&self, wanted: &Wanted) -> Option<Compared> {
        let (resource, namespace) = (wanted.resource.as_ref()?, wanted.id.namespace.as_deref());
        let state = namespace.filter(|_| resource.namespaced).and_then(|name| self.observed.namespaces.get(name));
        if matches!(state, Some(NamespaceState::Absent | NamespaceState::Ending)) {
            return None;
        }
        let live = self.observed.live(resource, namespace, &wanted.id.name)?;
        // An object is seen in one version, also where the bundle has its kind in two.
        if live.resource.version != resource.version {
            return None;
        }
        self.is_proven(wanted, live).then(|| Compared::new(wanted, Some(live.clone())))
    }

    fn is_proven(&self, wanted: &Wanted, live: &Live) -> bool {
        let asks = self.options.dry_run_all && !is_a_secret(wanted);
        let is_ours = self.label.is_none_or(|(key, set)| live.labels.get(key).is_some_and(|label| label == set));
        if asks || !is_ours {
            return false;
        }
        let Ok(stored) = owned::Stored::read(live.json()) else { return false };
        let object = self.owned(&wanted.id, &wanted.object);
        let migrates = || stored.is_client_side() && owned::migration(&live.value(), object, self.manager).is_some();
        owned::prove(object, &stored, self.manager) == owned::Proof::Unchanged && (self.label.is_none() || !migrates())
    }

    /// Compares one object that isn't [proven](Compare::proven). `at` is its place among the members.
    ///
    /// # Errors
    /// The cluster can't be asked.
    pub(super) async fn one(&self, at: usize, wanted: &Wanted) -> Result<Compared, ClusterError> {
        let namespace = wanted.id.namespace.as_deref();
        let Some(resource) = &wanted.resource else {
            let mut compared = Compared::new(wanted, None);
            compared.step = Some(create(at, wanted, &[Mark::KindNotThere]));
            return Ok(compared);
        };
        if let Some(compared) = self.without_namespace(at, wanted, namespace.filter(|_| resource.namespaced)) {
            return Ok(compared);
        }
        if self.observed.forbidden(resource, namespace).is_some() {
            let mut compared = Compared::new(wanted, None);
            compared.step = Some(Step { marks: vec![Mark::NotCompared], ..step(Operation::Update, at, wanted) });
            return Ok(compared);
        }
        match self.observed.live(resource, namespace, &wanted.id.name) {
            Some(live) => self.present(at, wanted, live.clone()).await,
            None => self.absent(at, wanted).await,
        }
    }

    fn without_namespace(&self, at: usize, wanted: &Wanted, namespace: Option<&str>) -> Option<Compared> {
        let namespace = namespace?;
        let mut compared = Compared::new(wanted, None);
        match self.observed.namespaces.get(namespace) {
            Some(NamespaceState::Absent) if self.namespaces.contains(namespace) => {
                compared.step = Some(create(at, wanted, &[Mark::NamespaceNotThere]));
            }
            Some(NamespaceState::Absent) => {
                compared.step = Some(create(at, wanted, &[Mark::NamespaceNotThere]));
                let hint = "let the bundle make it (`[namespace] create = true`), or make it first";
                compared.refuse(wanted, format!("the namespace `{namespace}` doesn't exist"), hint);
            }
            Some(NamespaceState::Ending) => {
                let hint = "wait until it is gone, then run the command again";
                compared.refuse(wanted, format!("the namespace `{namespace}` is being deleted"), hint);
            }
            _ => return None,
        }
        Some(compared)
    }

    /// An object that isn't there.
    async fn absent(&self, at: usize, wanted: &Wanted) -> Result<Compared, ClusterError> {
        let mut compared = Compared::new(wanted, None);
        let mut step = create(at, wanted, &[]);
        if is_a_secret(wanted) {
            step.marks.push(Mark::NotAsked);
        } else if has_sealed(&wanted.object.root) && !self.opened {
            step.marks.push(Mark::NotCompared);
        } else if !self.options.creates_unasked {
            match self.ask(wanted, &wanted.object, None, false).await {
                Ok(_) => {}
                Err(error) => self.not_taken(wanted, error, &mut step, &mut compared)?,
            }
        }
        compared.step = Some(step);
        Ok(compared)
    }

    /// An object that is there.
    async fn present(&self, at: usize, wanted: &Wanted, live: Live) -> Result<Compared, ClusterError> {
        let mut live = live;
        for _ in 0..TRIES {
            match self.try_present(at, wanted, &live).await {
                Err(ClusterError { kind: ErrorKind::Moved | ErrorKind::NotFound, .. }) => {}
                result => return result,
            }
            match self.cluster.get(&live.resource, live.namespace.as_deref(), &live.name).await? {
                Some(now) => live = now,
                None => return self.absent(at, wanted).await,
            }
        }
        self.try_present(at, wanted, &live).await
    }

    async fn try_present(&self, at: usize, wanted: &Wanted, live: &Live) -> Result<Compared, ClusterError> {
        let value = live.value();
        let others = Others::of(&value, self.manager);
        let mut compared = Compared::new(wanted, Some(live.clone()));
        let mut update = step(Operation::Update, at, wanted);
        self.belongs(wanted, live, &others, &mut update, &mut compared);
        let migration = self.migration(wanted, &value, &update);
        update.migrates = migration.as_ref().map(|migration| migration.managers.clone()).unwrap_or_default();
        let is_unopened = has_sealed(&wanted.object.root) && !self.opened;
        let predicted = if is_a_secret(wanted) || is_unopened {
            update.marks.push(if is_unopened { Mark::NotCompared } else { Mark::NotAsked });
            None
        } else {
            self.predicted(wanted, live, &others, &mut update, &mut compared).await?
        };
        let settled = match (&predicted, &migration) {
            (Some(predicted), Some(migration)) if !migration.removes.is_empty() => {
                match adopt::settled(self.cluster, live, tree(predicted, compared.object.span), migration).await {
                    Ok(settled) => Some(settled),
                    Err(error) => {
                        self.not_taken(wanted, error, &mut update, &mut compared)?;
                        None
                    }
                }
            }
            _ => None,
        };
        // What is settled has the migration in it.
        let (after, left) = match &settled {
            Some(settled) => (Some(settled), None),
            None => (predicted.as_ref(), migration.as_ref()),
        };
        self.differences(wanted, &value, after, left, &mut update, &compared.object);
        if predicted.is_none() && update.operation != Operation::Replace {
            self.foreseen(wanted, &value, &mut update, &mut compared);
        }
        update.seen = Some(self.seen(wanted, &compared.object, live, &value));
        let owners_change = match &predicted {
            Some(predicted) => owners(predicted) != owners(&value),
            // It isn't proven that we own what we send, and nothing else.
            None => true,
        };
        let is_marked = update.operation == Operation::Replace || update.marks.contains(&Mark::Adopted);
        if owners_change || is_marked || !update.fields.is_empty() || !update.migrates.is_empty() {
            compared.step = Some(update);
        }
        Ok(compared)
    }

    /// What the step changes, as it may be shown.
    fn differences(
        &self,
        wanted: &Wanted,
        live: &Value,
        predicted: Option<&Value>,
        migration: Option<&Migration>,
        step: &mut Step,
        object: &Object,
    ) {
        let veil = Veil::new(&wanted.object.root, self.reveal);
        let before = tree(live, object.span);
        let mut after = if let Some(predicted) = predicted {
            tree(predicted, object.span)
        } else {
            let schema = self.kinds.kind(&wanted.id).map(|kind| kind.root());
            predict(&object.root, &before, live, self.manager, schema)
        };
        if let Some(migration) = migration {
            adopt::migrate(&mut after, migration);
        }
        step.fields = shown(object, before, after, &veil, step.marks.contains(&Mark::NotCompared));
        scrub(&mut step.fields, self.scrubber);
    }

    fn seen(&self, wanted: &Wanted, object: &Object, live: &Live, value: &Value) -> Seen {
        // Nothing derived from a Secret's data is kept.
        let looks = !is_a_secret(wanted);
        let digest = looks.then(|| owned::looked_at(self.owned(&wanted.id, object), value, self.manager).to_string());
        Seen { uid: live.uid.clone(), resource_version: live.resource_version.clone(), digest }
    }

    /// As `owned` takes a wanted object.
    pub(super) fn owned<'b>(&'b self, id: &ObjectId, object: &'b Object) -> owned::Wanted<'b> {
        owned::Wanted { root: &object.root, reveal: self.reveal, schema: self.kinds.kind(id).map(|kind| kind.root()) }
    }

    /// What is taken over from kubectl first: the fields of its client-side apply; of an adopted object those of all such commands.
    fn migration(&self, wanted: &Wanted, live: &Value, step: &Step) -> Option<Migration> {
        self.label?;
        let wanted = self.owned(&wanted.id, &wanted.object);
        if step.marks.contains(&Mark::Adopted) {
            let names = adopted_managers(live);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            return owned::migration_of(live, wanted, self.manager, &names);
        }
        owned::migration(live, wanted, self.manager)
    }

    /// Whether the object is ours to change: it bears our label, or our Apply entry.
    fn belongs(&self, wanted: &Wanted, live: &Live, others: &Others, step: &mut Step, compared: &mut Compared) {
        let Some((key, set)) = self.label else { return };
        let other = live.labels.get(key).filter(|label| *label != set);
        if other.is_none() && (live.labels.contains_key(key) || others.is_applied()) {
            return;
        }
        step.marks.push(Mark::Adopted);
        if self.options.adopt {
            return;
        }
        let (message, hint) = match other {
            Some(other) => (
                format!("it is there, and belongs to another set (`{key}: {other}`)"),
                "take it out of the other environment; `--adopt` takes it over",
            ),
            None => ("it is there already, and isn't ours".to_owned(), "`--adopt` takes it over, as shown"),
        };
        compared.refuse(wanted, message, hint);
    }

    /// What the server says that applying would give; `None` where it has to be predicted here.
    async fn predicted(
        &self,
        wanted: &Wanted,
        live: &Live,
        others: &Others,
        step: &mut Step,
        compared: &mut Compared,
    ) -> Result<Option<Value>, ClusterError> {
        let error = match self.ask(wanted, &wanted.object, Some(live), false).await {
            Ok(predicted) => return Ok(Some(predicted)),
            Err(error) => error,
        };
        let ErrorKind::Conflict(conflicts) = &error.kind else {
            self.not_taken(wanted, error, step, compared)?;
            return Ok(None);
        };
        let conflicts = conflicts.iter().map(|one| others.judge(one, &wanted.object, self.policies)).collect();
        let left = Self::judge(wanted, conflicts, step, compared);
        if left {
            match self.ask(wanted, &compared.object, Some(live), false).await {
                Ok(predicted) => {
                    step.force = false;
                    return Ok(Some(predicted));
                }
                Err(ClusterError { kind: ErrorKind::Conflict(_), .. }) => {}
                Err(error) => {
                    self.not_taken(wanted, error, step, compared)?;
                    return Ok(None);
                }
            }
        }
        // Asked with force, so that the difference shows; whether it is applied so is the step's to say.
        match self.ask(wanted, &compared.object, Some(live), true).await {
            Ok(predicted) => Ok(Some(predicted)),
            Err(error) => {
                self.not_taken(wanted, error, step, compared)?;
                Ok(None)
            }
        }
    }

    /// The conflicts of a step that the server wasn't asked about.
    fn foreseen(&self, wanted: &Wanted, live: &Value, step: &mut Step, compared: &mut Compared) {
        let conflicts = foreign::predict(&step.fields, live, self.manager, &wanted.object, self.policies);
        if !conflicts.is_empty() && Self::judge(wanted, conflicts, step, compared) {
            let object = compared.object.clone();
            let migration = self.migration(wanted, live, step);
            self.differences(wanted, live, None, migration.as_ref(), step, &object);
        }
    }

    /// Says of each conflict what the environment says. Whether a field is left to its owner.
    fn judge(wanted: &Wanted, conflicts: Vec<Conflict>, step: &mut Step, compared: &mut Compared) -> bool {
        let mut object = (*wanted.object).clone();
        let mut any_left = false;
        for conflict in conflicts {
            if step.migrates.contains(&conflict.manager) {
                continue;
            }
            let fate = match conflict.verdict {
                Verdict::Take if conflict.is_drift => Fate::SetBack,
                Verdict::Take => Fate::Taken,
                Verdict::Leave if step.foreign.iter().any(|left| left.path == conflict.path) => Fate::Left,
                Verdict::Leave if strip(&mut object.root, &conflict.path) => {
                    any_left = true;
                    Fate::Left
                }
                _ => Fate::Refused,
            };
            if fate == Fate::Refused {
                let hint = format!("{} to take it, or to leave it to its owner", policy(wanted, &conflict.path));
                compared.refuse(wanted, conflict.whose(), hint);
            }
            step.foreign.push(conflict.foreign(fate));
        }
        let takes = |foreign: &Foreign| matches!(foreign.fate, Fate::Taken | Fate::SetBack);
        step.force = step.foreign.iter().any(takes) && step.foreign.iter().all(|foreign| foreign.fate != Fate::Refused);
        compared.object = Arc::new(object);
        any_left
    }

    /// The server doesn't take it: what follows.
    fn not_taken(
        &self,
        wanted: &Wanted,
        error: ClusterError,
        step: &mut Step,
        compared: &mut Compared,
    ) -> Result<(), ClusterError> {
        match &error.kind {
            ErrorKind::NoDryRun | ErrorKind::Forbidden(_) => step.marks.push(Mark::NotDryRun),
            ErrorKind::Immutable(fields) => {
                step.immutable.clone_from(fields);
                let kind = wanted.id.kind.as_str();
                if self.replace.iter().any(|replace| replace == kind) {
                    step.operation = Operation::Replace;
                } else {
                    let message = format!("`{}` can't be changed", fields.join("`, `"));
                    let hint = format!("delete the object yourself, or let plimsoll do it: `[apply] replace = [\"{kind}\"]`");
                    compared.refuse(wanted, message, hint);
                }
            }
            ErrorKind::Denied | ErrorKind::Quota | ErrorKind::NamespaceEnding => {
                compared.refuse(wanted, self.scrubbed(&error.message), "");
            }
            ErrorKind::Invalid => {
                compared.problem = Some(Problem { id: wanted.id.clone(), message: self.scrubbed(&error.message), hint: None });
            }
            _ => return Err(error),
        }
        Ok(())
    }

    fn scrubbed(&self, message: &str) -> String {
        self.scrubber.map_or_else(|| message.to_owned(), |scrubber| scrubber.scrub(message))
    }

    async fn ask(&self, wanted: &Wanted, object: &Object, live: Option<&Live>, force: bool) -> Result<Value, ClusterError> {
        let Some(resource) = &wanted.resource else { return Ok(Value::Null) };
        let guard = live.map(|live| (live.uid.as_str(), live.resource_version.as_str()));
        let body = body(object, guard, self.reveal).map_err(|error| self.cluster.unsendable(&error.to_string()))?;
        let namespace = wanted.id.namespace.as_deref();
        let patch = Patch { resource, namespace, name: &wanted.id.name, body, manager: self.manager, force };
        let (live, _) = self.cluster.dry_run(patch).await?;
        Ok(live.value())
    }
}

fn is_a_secret(wanted: &Wanted) -> bool {
    wanted.resource.as_ref().is_some_and(|resource| is_secret(resource))
}

/// The differences as they may be shown.
fn shown(object: &Object, mut before: Node, mut after: Node, veil: &Veil<'_>, unopened: bool) -> Vec<FieldChange> {
    veil.cover(&mut before);
    veil.cover(&mut after);
    let mut fields = fields(&before, &after);
    if unopened {
        // Nobody knows whether a sealed value differs.
        fields.retain(|field| !matches!(&field.difference, Difference::Changed(_, new) if has_sealed(new)));
    }
    hide(&object.id(), &mut fields);
    fields
}

/// Who owns what, without the times.
fn owners(value: &Value) -> Vec<Value> {
    let entries = value.pointer("/metadata/managedFields").and_then(Value::as_array);
    let timeless = |entry: &Value| {
        let mut entry = entry.clone();
        entry.as_object_mut().map(|entry| entry.shift_remove("time"));
        entry
    };
    let mut owners: Vec<Value> = entries.into_iter().flatten().map(timeless).collect();
    owners.sort_by_key(Value::to_string);
    owners
}

fn step(operation: Operation, at: usize, wanted: &Wanted) -> Step {
    Step {
        operation,
        id: wanted.id.clone(),
        member: Some(at),
        resource: wanted.resource.clone(),
        seen: None,
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

fn create(at: usize, wanted: &Wanted, marks: &[Mark]) -> Step {
    let whole = FieldChange { path: String::new(), difference: Difference::Added(wanted.object.root.clone()) };
    let mut fields = vec![whole];
    hide(&wanted.id, &mut fields);
    Step { fields, marks: marks.to_vec(), ..step(Operation::Create, at, wanted) }
}

/// The table that says what is to be done with a field.
fn policy(wanted: &Wanted, field: &str) -> String {
    format!(
        "`[[conflict]] object = \"{}/{}\", field = '{field}', policy = \"take\"` (or `\"leave\"`)",
        wanted.object.source.kind, wanted.object.source.name
    )
}
