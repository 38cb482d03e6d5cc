//! The inventory as a value, and as the ConfigMap that keeps it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::applyset::{ID, KINDS, NAMESPACES, OUR_TOOLING, TOOLING, parent_name, set_id};
use super::group_kind::GroupKind;
use super::record::{REMEMBERED, Record};

/// What is known of an environment's objects in a cluster: where members may be, and what runs there were.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// The namespace that it lies in: `target.namespace`.
    pub namespace: String,
    /// The parent's name, which is the Lease's too.
    pub name: String,
    /// What members bear as label [`super::PART_OF`].
    pub set: String,
    /// The parent as it was read; `None` if there is none yet.
    pub parent: Option<Parent>,
    /// The kinds that have members, or may have.
    pub kinds: BTreeSet<GroupKind>,
    /// The namespaces that have members, or may have, besides its own.
    pub namespaces: BTreeSet<String>,
    /// The last runs, the oldest first.
    pub history: Vec<Record>,
    /// By sealed file: the serial that was applied last.
    pub serials: BTreeMap<String, u64>,
}

/// The parent as it was read: what is written has to fit on it.
#[derive(Debug, Clone)]
pub struct Parent {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// The whole object: others' labels and annotations on it stay.
    pub(super) object: Value,
}

/// Why a ConfigMap of the inventory's name isn't taken for one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadParent {
    /// It is no ApplySet parent.
    #[error("it isn't an inventory: it has no label `{ID}`")]
    NotOurs,
    /// It is the parent of another set: a copy from another namespace or name.
    #[error("it is the inventory of another set: its label `{ID}` is `{0}`")]
    OtherSet(String),
    /// Another tool's, or a later plimsoll's.
    #[error("it is managed by `{0}`, not by `{OUR_TOOLING}`")]
    OtherTool(String),
    /// What it keeps isn't what plimsoll writes.
    #[error("its `data.{0}` can't be read: {1}")]
    Unreadable(&'static str, String),
}

const HISTORY: &str = "history";
const SERIALS: &str = "serials";

/// How the history is written.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    version: u32,
    #[serde(flatten)]
    kept: T,
}

#[derive(Serialize, Deserialize)]
struct Records {
    records: Vec<Record>,
}

#[derive(Serialize, Deserialize)]
struct Serials {
    files: BTreeMap<String, u64>,
}

impl Inventory {
    /// The inventory of an environment that was never applied.
    pub fn empty(environment: &str, namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: parent_name(environment),
            set: set_id(environment, namespace),
            parent: None,
            kinds: BTreeSet::new(),
            namespaces: BTreeSet::new(),
            history: Vec::new(),
            serials: BTreeMap::new(),
        }
    }

    /// The inventory that a ConfigMap keeps.
    ///
    /// # Errors
    /// It is somebody else's, or damaged.
    pub fn of(environment: &str, namespace: &str, object: Value) -> Result<Self, BadParent> {
        let mut inventory = Self::empty(environment, namespace);
        let text = |pointer: [&str; 3]| {
            let value = pointer.iter().try_fold(&object, |value, key| value.get(key));
            value.and_then(Value::as_str).unwrap_or_default()
        };
        match text(["metadata", "labels", ID]) {
            "" => return Err(BadParent::NotOurs),
            id if id != inventory.set => return Err(BadParent::OtherSet(id.to_owned())),
            _ => {}
        }
        let tooling = text(["metadata", "annotations", TOOLING]);
        if tooling != OUR_TOOLING {
            return Err(BadParent::OtherTool(tooling.to_owned()));
        }
        inventory.kinds = GroupKind::parse_list(text(["metadata", "annotations", KINDS]));
        let namespaces = text(["metadata", "annotations", NAMESPACES]).split(',');
        inventory.namespaces = namespaces.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let data = |key: &str| object.get("data").and_then(|data| data.get(key)).and_then(Value::as_str);
        if let Some(records) = data(HISTORY) {
            inventory.history = read::<Records>(HISTORY, records)?.records;
        }
        if let Some(serials) = data(SERIALS) {
            inventory.serials = read::<Serials>(SERIALS, serials)?.files;
        }
        let text = |key: &str| object.pointer(&format!("/metadata/{key}")).and_then(Value::as_str).unwrap_or_default().to_owned();
        inventory.parent = Some(Parent { uid: text("uid"), resource_version: text("resourceVersion"), object });
        Ok(inventory)
    }

    /// The same with more kinds and namespaces.
    #[must_use]
    pub fn widened(&self, kinds: &BTreeSet<GroupKind>, namespaces: &BTreeSet<String>) -> Self {
        let mut wide = self.clone();
        wide.kinds.extend(kinds.iter().cloned());
        wide.namespaces.extend(namespaces.iter().filter(|name| **name != self.namespace).cloned());
        wide
    }

    /// The same with only these.
    #[must_use]
    pub fn narrowed(&self, kinds: BTreeSet<GroupKind>, namespaces: BTreeSet<String>) -> Self {
        let mut namespaces = namespaces;
        namespaces.remove(&self.namespace);
        Self { kinds, namespaces, ..self.clone() }
    }

    /// The number of the next run.
    pub fn next_number(&self) -> u64 {
        self.history.iter().map(|record| record.number).max().unwrap_or(0).saturating_add(1)
    }

    /// The record of a run.
    pub fn record(&self, run: &str) -> Option<&Record> {
        self.history.iter().find(|record| record.run == run)
    }

    /// The last run that isn't this one.
    pub fn last_other(&self, run: &str) -> Option<&str> {
        self.history.iter().rev().map(|record| record.run.as_str()).find(|other| *other != run)
    }

    /// Writes a run down: in place of its earlier record, or as the last; the oldest go.
    pub fn note(&mut self, record: Record) {
        match self.history.iter_mut().find(|known| known.run == record.run) {
            Some(known) => *known = record,
            None => self.history.push(record),
        }
        let over = self.history.len().saturating_sub(REMEMBERED);
        self.history.drain(..over);
    }

    /// The ConfigMap that keeps it: the one that was read with what is ours put in, under its uid and resourceVersion; or a new one.
    pub fn to_body(&self) -> Value {
        let mut body = match &self.parent {
            Some(parent) => parent.object.clone(),
            None => {
                json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": self.name, "namespace": self.namespace } })
            }
        };
        if let Some(metadata) = child(&mut body, "metadata") {
            metadata.remove("managedFields");
            if let Some(labels) = metadata.entry("labels").or_insert_with(|| json!({})).as_object_mut() {
                labels.insert(ID.to_owned(), self.set.clone().into());
                labels.insert("app.kubernetes.io/managed-by".to_owned(), "plimsoll".into());
            }
            if let Some(annotations) = metadata.entry("annotations").or_insert_with(|| json!({})).as_object_mut() {
                annotations.insert(TOOLING.to_owned(), OUR_TOOLING.into());
                annotations.insert(KINDS.to_owned(), joined(self.kinds.iter()).into());
                annotations.insert(NAMESPACES.to_owned(), joined(self.namespaces.iter()).into());
            }
        }
        if let Some(data) = child(&mut body, "data") {
            data.insert(HISTORY.to_owned(), written(Records { records: self.history.clone() }).into());
            if self.serials.is_empty() {
                data.remove(SERIALS);
            } else {
                data.insert(SERIALS.to_owned(), written(Serials { files: self.serials.clone() }).into());
            }
        }
        body
    }
}

fn child<'a>(object: &'a mut Value, key: &str) -> Option<&'a mut Map<String, Value>> {
    object.as_object_mut()?.entry(key).or_insert_with(|| json!({})).as_object_mut()
}

fn joined(items: impl Iterator<Item = impl ToString>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(",")
}

fn written<T: Serialize>(kept: T) -> String {
    // Neither a map with odd keys nor a foreign type is in it, so it can always be written.
    serde_json::to_string_pretty(&Kept { version: 1, kept }).unwrap_or_default()
}

fn read<T: for<'a> Deserialize<'a>>(key: &'static str, text: &str) -> Result<T, BadParent> {
    let bad = |why: String| BadParent::Unreadable(key, why);
    let kept: Kept<Value> = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
    if kept.version != 1 {
        return Err(bad(format!("it is in version {} of its form, and this plimsoll reads 1", kept.version)));
    }
    serde_json::from_value(kept.kept).map_err(|error| bad(error.to_string()))
}
