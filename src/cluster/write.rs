//! Writes, and dry-runs of them.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::client::{Answer, Cluster};
use super::discovery::Resource;
use super::error::{ClusterError, ErrorKind};
use super::list::describe;
use super::live::Live;
use super::request::{Ask, Call};
use crate::planted;

/// A server-side apply of one object.
#[derive(Debug)]
pub struct Patch<'a> {
    /// Its kind.
    pub resource: &'a Arc<Resource>,
    /// Its namespace.
    pub namespace: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
    /// The object as JSON, with what it must still be in `metadata.uid` and `metadata.resourceVersion`. May hold plaintext; the
    /// buffer is wiped after the request.
    pub body: Zeroizing<Vec<u8>>,
    /// Who applies.
    pub manager: &'a str,
    /// Whether others' fields are taken.
    pub force: bool,
}

/// What is sent of an object as JSON: the whole of it, or operations on it. Unlike a [`Patch`] it isn't wiped.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// Its kind.
    pub resource: &'a Arc<Resource>,
    /// Its namespace.
    pub namespace: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
    /// The object, or the operations.
    pub body: &'a Value,
    /// Who writes.
    pub manager: &'a str,
}

/// What an object must still be to be deleted.
#[derive(Debug, Clone, Copy)]
pub struct DeleteGuard<'a> {
    /// Its `metadata.uid`.
    pub uid: &'a str,
    /// Its `metadata.resourceVersion`, where the state counts too.
    pub resource_version: Option<&'a str>,
}

/// The parameter that keeps a write from being stored.
fn dry(call: Call) -> &'static str {
    if call == Call::DryRun { "&dryRun=All" } else { "" }
}

/// Bytes that are wiped when the last reader is done.
struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Cluster {
    /// Applies an object. The answer's status tells a creation (201) from an update (200).
    ///
    /// # Errors
    /// It isn't applied, or nobody knows (its `maybe_done`).
    pub async fn apply(&self, patch: Patch<'_>) -> Result<(Live, Answer), ClusterError> {
        self.patch(patch, Call::Write, "apply").await
    }

    /// What applying the object would give: the object as it would be stored, and whether it would be new.
    ///
    /// # Errors
    /// It couldn't be applied.
    pub async fn dry_run(&self, patch: Patch<'_>) -> Result<(Live, Answer), ClusterError> {
        self.patch(patch, Call::DryRun, "ask what applying would do to").await
    }

    async fn patch(&self, patch: Patch<'_>, call: Call, verb: &str) -> Result<(Live, Answer), ClusterError> {
        let Patch { resource, namespace, name, body, manager, force } = patch;
        let doing = describe(verb, resource, namespace, name);
        let path = resource.path(namespace, Some(name));
        let path = format!("{path}?fieldManager={manager}&force={force}&fieldValidation=Strict{}", dry(call));
        let ask = Ask::new(Method::PATCH, path, "application/apply-patch+yaml", Bytes::from_owner(Wiped(body)));
        let answer = self.ask(call, &doing, &ask).await?;
        let live = object(resource, &answer, &doing, call)?;
        Ok((live, answer))
    }

    /// The failure of an object that can't be put into words for the server: nothing was sent.
    pub fn unsendable(&self, why: &str) -> ClusterError {
        ClusterError::new(ErrorKind::Invalid, format!("send an object to {}", self.url()), why)
    }

    /// Creates an object whose name is free (POST).
    ///
    /// # Errors
    /// [`ErrorKind::Exists`] if it isn't.
    pub async fn create(&self, edit: Edit<'_>) -> Result<Live, ClusterError> {
        self.edit(edit, Call::Write, "create", Method::POST, "application/json").await
    }

    /// Replaces an object that must still be in the state that the body names in `metadata.resourceVersion` (PUT).
    ///
    /// # Errors
    /// [`ErrorKind::Moved`] if it isn't.
    pub async fn replace(&self, edit: Edit<'_>) -> Result<Live, ClusterError> {
        self.edit(edit, Call::Write, "update", Method::PUT, "application/json").await
    }

    /// Edits an object by JSON patch operations (RFC 6902); `test` operations guard it.
    ///
    /// # Errors
    /// An operation doesn't fit: [`ErrorKind::Invalid`], or [`ErrorKind::Moved`].
    pub async fn json_patch(&self, edit: Edit<'_>) -> Result<Live, ClusterError> {
        self.edit(edit, Call::Write, "patch", Method::PATCH, "application/json-patch+json").await
    }

    /// What an object would be after JSON patch operations; nothing is stored.
    ///
    /// # Errors
    /// As of [`Cluster::json_patch`].
    pub async fn try_json_patch(&self, edit: Edit<'_>) -> Result<Live, ClusterError> {
        self.edit(edit, Call::DryRun, "ask what a patch would do to", Method::PATCH, "application/json-patch+json").await
    }

    async fn edit(
        &self,
        edit: Edit<'_>,
        call: Call,
        verb: &str,
        method: Method,
        content_type: &'static str,
    ) -> Result<Live, ClusterError> {
        let Edit { resource, namespace, name, body, manager } = edit;
        let doing = describe(verb, resource, namespace, name);
        // What isn't there yet has no path of its own.
        let path = resource.path(namespace, (method != Method::POST).then_some(name));
        let ask =
            Ask::new(method, format!("{path}?fieldManager={manager}{}", dry(call)), content_type, Bytes::from(body.to_string()));
        let answer = self.ask(call, &doing, &ask).await?;
        object(resource, &answer, &doing, call)
    }

    /// Deletes an object that must still be the one that was seen; what it owns goes in the background.
    ///
    /// # Errors
    /// [`ErrorKind::Moved`] if it is another by now, [`ErrorKind::NotFound`] if it is gone.
    pub async fn delete(
        &self,
        resource: &Arc<Resource>,
        namespace: Option<&str>,
        name: &str,
        guard: DeleteGuard<'_>,
    ) -> Result<(), ClusterError> {
        let doing = describe("delete", resource, namespace, name);
        let mut preconditions = if planted::is("uid-dropped") { json!({}) } else { json!({ "uid": guard.uid }) };
        if let (Some(version), Some(map)) = (guard.resource_version, preconditions.as_object_mut()) {
            map.insert("resourceVersion".to_owned(), version.into());
        }
        let body = json!({ "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background", "preconditions": preconditions });
        let path = resource.path(namespace, Some(name));
        let ask = Ask::new(Method::DELETE, path, "application/json", Bytes::from(body.to_string()));
        self.ask(Call::Write, &doing, &ask).await.map(|_| ())
    }

    /// Asks the server a question that is put as a POST and stores nothing, such as a SelfSubjectReview.
    ///
    /// # Errors
    /// No answer.
    pub async fn review(&self, path: &str, doing: &str, body: &Value) -> Result<Value, ClusterError> {
        let ask = Ask::new(Method::POST, path, "application/json", Bytes::from(body.to_string()));
        self.ask(Call::Get, doing, &ask).await?.json(doing)
    }
}

impl Answer {
    /// Whether the write made a new object.
    pub fn created(&self) -> bool {
        self.status == StatusCode::CREATED
    }
}

fn object(resource: &Arc<Resource>, answer: &Answer, doing: &str, call: Call) -> Result<Live, ClusterError> {
    let strange = || ClusterError::new(ErrorKind::Garbage, doing, "the answer isn't the object").maybe_done(!call.is_read());
    Live::new(resource.clone(), answer.bytes().clone()).filter(|live| !live.uid.is_empty()).ok_or_else(strange)
}
