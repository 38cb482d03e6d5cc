//! The proof that an apply would change nothing.

use std::fmt;

use super::expected::expected;
use super::fields::{Fields, show_path};
use super::stored::Stored;
use super::tree::Tree;
use super::values::Agree;
use super::{Manager, Wanted};
use crate::check::schema::Schemas;
use crate::object::{Node, ObjectId};
use crate::planted;

/// What [`prove`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// An apply would change neither the object nor who owns what.
    Unchanged,
    /// It may; only the server can tell.
    Unproven(Why),
}

/// Why there is no proof. Paths are those of the wanted object, or of the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// We haven't applied it.
    NotApplied,
    /// It was last applied in another version.
    OtherVersion(String),
    /// The live object is another one.
    OtherObject(&'static str),
    /// A manager's fields aren't understood.
    UnknownEntry(String),
    /// A manager's entry names fields of a version that isn't known to be served: the server drops such entries.
    StaleVersion(String, String),
    /// We send a field that our entry doesn't have: it is new, or someone took it.
    NotOwned(String),
    /// Our entry has a field that we don't send any more.
    NoLongerSent(String),
    /// The live value is another one.
    Differs(String),
    /// The live list has our items in another order.
    Order(String),
    /// A list item, or a value of a set, is there twice.
    Duplicate(String),
    /// The values are the same, but written differently, and someone else owns the field too.
    Shared(String),
    /// What stands there could mean more than one thing.
    NotUnderstood(String),
    /// A secret couldn't be opened: where, and why.
    NotOpened(String, String),
}

impl Why {
    /// A stable word for the kind of reason.
    pub fn class(&self) -> &'static str {
        match self {
            Self::NotApplied => "not-applied",
            Self::OtherVersion(_) => "other-version",
            Self::OtherObject(_) => "other-object",
            Self::UnknownEntry(_) => "unknown-entry",
            Self::StaleVersion(..) => "stale-version",
            Self::NotOwned(_) => "not-owned",
            Self::NoLongerSent(_) => "no-longer-sent",
            Self::Differs(_) => "differs",
            Self::Order(_) => "order",
            Self::Duplicate(_) => "duplicate",
            Self::Shared(_) => "shared",
            Self::NotUnderstood(_) => "not-understood",
            Self::NotOpened(..) => "not-opened",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotApplied => f.write_str("it has never been applied by us"),
            Self::OtherVersion(version) => write!(f, "it was last applied as `{version}`"),
            Self::OtherObject(field) => write!(f, "the live object has another `{field}`"),
            Self::UnknownEntry(manager) => write!(f, "the fields of manager `{manager}` aren't understood"),
            Self::StaleVersion(manager, version) => {
                write!(f, "manager `{manager}` owns fields of `{version}`, which may not be served any more")
            }
            Self::NotOwned(path) => write!(f, "`{path}` isn't ours: it is new, or someone else set it"),
            Self::NoLongerSent(path) => write!(f, "`{path}` isn't sent any more"),
            Self::Differs(path) => write!(f, "the live value of `{path}` is another one"),
            Self::Order(path) => write!(f, "the items of `{path}` stand in another order"),
            Self::Duplicate(path) => write!(f, "`{path}` is there twice"),
            Self::Shared(path) => write!(f, "`{path}` is written otherwise, and someone else owns it too"),
            Self::NotUnderstood(path) => write!(f, "how the server takes `{path}` isn't known"),
            Self::NotOpened(path, why) => write!(f, "the secret at `{path}` wasn't opened: {why}"),
        }
    }
}

/// Whether applying `wanted` as `manager` over `live` would change nothing: neither the object nor anyone's entry (times aside).
///
/// It is certain when our entry has the same version and exactly the fields that we send, each value is the live one, and our items
/// stand in their order. Admission (webhooks and policies, which an apply would run again) and a CRD's changed list types are outside
/// of what a live object shows. Managers of kubectl's to migrate aren't looked at here: see [`migration`](super::migration).
pub fn prove(wanted: Wanted<'_>, live: &Stored<'_>, manager: &str) -> Proof {
    match try_prove(wanted, live, manager) {
        Ok(()) => Proof::Unchanged,
        Err(why) => Proof::Unproven(why),
    }
}

fn try_prove(wanted: Wanted<'_>, live: &Stored<'_>, manager: &str) -> Result<(), Why> {
    same_object(wanted.root, &live.root)?;
    let entries = &live.managers;
    let ours = entries.iter().find(|entry| entry.applies_as(manager)).ok_or(Why::NotApplied)?;
    let api_version = wanted.root.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    if ours.api_version != api_version {
        return Err(Why::OtherVersion(ours.api_version.clone()));
    }
    let kind = wanted.root.get("kind").and_then(Node::as_str).unwrap_or_default();
    entries.iter().try_for_each(|entry| kept(entry, api_version, kind))?;
    let Some(owned) = &ours.fields else { return Err(Why::UnknownEntry(ours.name.clone())) };
    let sent = expected(wanted, Some(owned))?;
    same_fields(&sent, owned)?;
    Agree::new(wanted, entries, ours).object(&live.root, &sent)
}

/// Names that the caller looked the object up by; checked, since nothing else would be proven otherwise.
fn same_object(wanted: &Node, live: &Tree<'_>) -> Result<(), Why> {
    let pairs = [
        ("apiVersion", wanted.get("apiVersion"), live.get("apiVersion")),
        ("kind", wanted.get("kind"), live.get("kind")),
        ("metadata.name", wanted.get("metadata").and_then(|m| m.get("name")), live.get("metadata").and_then(|m| m.get("name"))),
        (
            "metadata.namespace",
            wanted.get("metadata").and_then(|m| m.get("namespace")),
            live.get("metadata").and_then(|m| m.get("namespace")),
        ),
    ];
    for (field, wanted, live) in pairs {
        // items of a LIST may lack version and kind, and a wanted object its namespace
        if let (Some(wanted), Some(live)) = (wanted, live)
            && wanted.as_str() != live.as_str()
        {
            return Err(Why::OtherObject(field));
        }
    }
    Ok(())
}

/// Whether an apply leaves the entry alone: it is understood, and of a version that is served.
fn kept(entry: &Manager, api_version: &str, kind: &str) -> Result<(), Why> {
    if entry.fields.as_ref().is_none_or(Fields::is_empty) {
        return Err(Why::UnknownEntry(entry.name.clone()));
    }
    let (group, version) = ObjectId::split_api_version(&entry.api_version);
    let served = || {
        Schemas::minors()
            .iter()
            .filter_map(|minor| Schemas::builtin(minor))
            .any(|schemas| schemas.kind(group, version, kind).is_some())
    };
    if entry.api_version == api_version || served() {
        return Ok(());
    }
    Err(Why::StaleVersion(entry.name.clone(), entry.api_version.clone()))
}

fn same_fields(sent: &Fields, owned: &Fields) -> Result<(), Why> {
    if sent == owned || planted::is("ownership-ignored") {
        return Ok(());
    }
    if let Some(path) = sent.difference(owned).paths().first() {
        return Err(Why::NotOwned(show_path(path)));
    }
    let path = owned.difference(sent).paths().into_iter().next().unwrap_or_default();
    Err(Why::NoLongerSent(show_path(&path)))
}
