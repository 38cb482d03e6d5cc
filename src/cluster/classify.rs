//! From an answer, or its absence, to the kind of failure.

use std::error::Error;
use std::io;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use kube::client::AuthError;
use serde::Deserialize;

use super::error::{ClusterError, ErrorKind, FieldConflict};
use super::request::{CONNECT_TIME, Call};

/// A failed try.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: ClusterError,
    /// The server, or the lack of one, guarantees that nothing was done, and that asking again makes sense.
    pub(super) not_taken: bool,
    /// Nothing was heard for as long as anything may take.
    pub(super) silent: bool,
    /// How long the server asks to wait.
    pub(super) retry_after: Option<Duration>,
}

impl From<ClusterError> for Refusal {
    fn from(error: ClusterError) -> Self {
        Self { error, not_taken: false, silent: false, retry_after: None }
    }
}

/// The API's `Status`, as far as it is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    kind: String,
    message: String,
    reason: String,
    details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    causes: Option<Vec<Cause>>,
    retry_after_seconds: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cause {
    reason: String,
    message: String,
    field: String,
}

/// A failure of the connection or of the login.
pub(super) fn connection(call: Call, doing: &str, url: &str, error: &kube::Error) -> Refusal {
    if let kube::Error::Auth(error) = error {
        return ClusterError::new(ErrorKind::Login, doing, format!("the login fails: {}", chain(error))).into();
    }
    let silent = timed_out(error);
    // What the client calls its own layers says nothing to a user.
    let text = chain(error);
    let text = if silent {
        format!("no connection in {} seconds", CONNECT_TIME.as_secs())
    } else {
        text.strip_prefix("ServiceError: ").unwrap_or(&text).to_owned()
    };
    let text = format!("{url} isn't reachable: {text}");
    let refused = has_connect_error(error);
    let error = ClusterError::new(ErrorKind::Unreachable, doing, text).maybe_done(!call.is_read() && !refused);
    // A certificate doesn't become a right one by asking again.
    let is_certificate = error.message.contains("certificate");
    Refusal { error, not_taken: refused && !is_certificate, silent, retry_after: None }
}

/// Whether the error came before a connection was there.
fn has_connect_error(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(|error| error.to_string().contains("client error (Connect)"))
}

/// Whether no connection came about in the time that one may take.
fn timed_out(error: &(dyn Error + 'static)) -> bool {
    let is_it = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    has_connect_error(error) && sources(error).any(|error| error.downcast_ref::<io::Error>().is_some_and(is_it))
}

/// An error and its sources.
fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// An error and its sources, each once.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    if let Some(text) = sources(error).find_map(|error| login_program(error.downcast_ref()?)) {
        return text;
    }
    let mut text = error.to_string();
    for more in std::iter::successors(error.source(), |error| (*error).source()).map(ToString::to_string) {
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
    }
    text
}

/// What a login program did wrong. Its arguments, its variables and what it wrote to standard output may be credentials: they aren't
/// repeated; what it wrote for people is.
fn login_program(error: &AuthError) -> Option<String> {
    match error {
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            let last = said.get(said.len().saturating_sub(3)..).unwrap_or_default().join(" / ");
            let separator = if last.is_empty() { "" } else { ": " };
            Some(format!("the login program of the kubeconfig ended with {}{separator}{last}", out.status))
        }
        AuthError::AuthExecParse(_) => Some("the login program of the kubeconfig gave no ExecCredential".to_owned()),
        _ => None,
    }
}

/// A failure that the server answered.
pub(super) fn status(call: Call, doing: &str, code: StatusCode, headers: &HeaderMap, body: &[u8]) -> Refusal {
    let status: Status = serde_json::from_slice(body).ok().filter(|status: &Status| status.kind == "Status").unwrap_or_default();
    let after = status.details.as_ref().map(|details| details.retry_after_seconds).filter(|seconds| *seconds > 0);
    let after = after.or_else(|| headers.get("Retry-After")?.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
    let kind = kind(code, &status, doing);
    let message = if status.message.is_empty() { format!("the server answers {code}") } else { status.message };
    // A server that failed while it worked may have done it.
    let maybe = !call.is_read() && code.is_server_error() && !matches!(kind, ErrorKind::Invalid | ErrorKind::Denied);
    let error = ClusterError::new(kind, doing, message).maybe_done(maybe);
    Refusal { error, not_taken: code == StatusCode::TOO_MANY_REQUESTS, silent: false, retry_after: after }
}

fn kind(code: StatusCode, status: &Status, doing: &str) -> ErrorKind {
    let message = status.message.as_str();
    let webhook = message.contains("admission webhook") || message.contains("failed calling webhook");
    if webhook && message.contains("does not support dry run") {
        return ErrorKind::NoDryRun;
    }
    if webhook || message.contains("ValidatingAdmissionPolicy") {
        return ErrorKind::Denied;
    }
    match code.as_u16() {
        401 => ErrorKind::Login,
        403 => forbidden(status, doing),
        404 => ErrorKind::NotFound,
        409 => conflict(status),
        410 => ErrorKind::Expired,
        422 => unprocessable(status),
        429 => ErrorKind::Throttled,
        400 | 405 | 406 | 413 | 415 => ErrorKind::Invalid,
        // What can't be converted is invalid input, whatever the server calls it.
        500 if ["failed to create typed patch object", "failed to convert", "failed to create manager for"]
            .iter()
            .any(|sign| message.contains(sign)) =>
        {
            ErrorKind::Invalid
        }
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Garbage,
    }
}

fn causes(status: &Status) -> &[Cause] {
    status.details.as_ref().and_then(|details| details.causes.as_deref()).unwrap_or_default()
}

fn forbidden(status: &Status, doing: &str) -> ErrorKind {
    if causes(status).iter().any(|cause| cause.reason == "NamespaceTerminating") || status.message.contains("is being terminated")
    {
        return ErrorKind::NamespaceEnding;
    }
    if status.message.contains("exceeded quota") || status.message.contains("failed quota") {
        return ErrorKind::Quota;
    }
    ErrorKind::Forbidden(right(&status.message).unwrap_or_else(|| doing.to_owned()))
}

/// `User "u" cannot patch resource "deployments" in API group "apps" in the namespace "web"` → `patch deployments.apps in namespace web`.
fn right(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(" cannot ")?;
    let (verb, rest) = rest.split_once(" resource ")?;
    let mut quoted = rest.split('"').skip(1).step_by(2);
    let (resource, group) = (quoted.next()?, quoted.next().unwrap_or(""));
    let group = if group.is_empty() { String::new() } else { format!(".{group}") };
    let place = match rest.split_once("in the namespace \"").and_then(|(_, rest)| rest.split_once('"')) {
        Some((namespace, _)) => format!(" in namespace {namespace}"),
        None => String::new(),
    };
    Some(format!("{verb} {resource}{group}{place}"))
}

fn conflict(status: &Status) -> ErrorKind {
    let fields: Vec<FieldConflict> = causes(status)
        .iter()
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| FieldConflict {
            field: cause.field.clone(),
            manager: cause.message.strip_prefix("conflict with ").unwrap_or(&cause.message).to_owned(),
        })
        .collect();
    if !fields.is_empty() {
        return ErrorKind::Conflict(fields);
    }
    match status.reason.as_str() {
        "AlreadyExists" => ErrorKind::Exists,
        _ if status.message.contains("object is being deleted") => ErrorKind::Moved,
        _ => ErrorKind::Moved,
    }
}

fn unprocessable(status: &Status) -> ErrorKind {
    let causes = causes(status);
    if causes.iter().any(|cause| cause.field == "metadata.uid") || status.message.contains("metadata.uid: Invalid value") {
        return ErrorKind::Moved;
    }
    // Narrowly: other validation errors are no reason to replace an object.
    let fixed = |cause: &&Cause| {
        let message = cause.message.as_str();
        message.contains("field is immutable")
            || message.contains("is immutable after creation")
            || (message.contains("Forbidden: updates to") && message.contains("are forbidden"))
            || message.contains("may not be changed after creation")
    };
    let fields: Vec<String> = causes.iter().filter(fixed).map(|cause| cause.field.clone()).collect();
    if fields.is_empty() || fields.len() < causes.len() { ErrorKind::Invalid } else { ErrorKind::Immutable(fields) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn classify(code: u16, body: &serde_json::Value) -> ErrorKind {
        let code = StatusCode::from_u16(code).unwrap();
        status(Call::Write, "do it", code, &HeaderMap::new(), body.to_string().as_bytes()).error.kind
    }

    #[test]
    fn a_missing_right_is_named() {
        let message = "deployments.apps \"a\" is forbidden: User \"deployer\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"web\"";
        let kind = classify(403, &json!({ "kind": "Status", "message": message, "reason": "Forbidden" }));
        assert_eq!(kind, ErrorKind::Forbidden("patch deployments.apps in namespace web".to_owned()));
        let message =
            "namespaces is forbidden: User \"x\" cannot list resource \"namespaces\" in API group \"\" at the cluster scope";
        let kind = classify(403, &json!({ "kind": "Status", "message": message }));
        assert_eq!(kind, ErrorKind::Forbidden("list namespaces".to_owned()));
    }

    #[test]
    fn immutable_is_read_narrowly() {
        let cause = |field: &str, message: &str| json!({ "reason": "FieldValueInvalid", "field": field, "message": message });
        let body = |causes: &[serde_json::Value]| json!({ "kind": "Status", "message": "x", "reason": "Invalid", "details": { "causes": causes } });
        let fixed = cause("spec.selector", "Invalid value: {}: field is immutable");
        assert_eq!(classify(422, &body(std::slice::from_ref(&fixed))), ErrorKind::Immutable(vec!["spec.selector".to_owned()]));
        assert_eq!(classify(422, &body(&[fixed, cause("spec.replicas", "must be positive")])), ErrorKind::Invalid);
        assert_eq!(classify(422, &body(&[cause("metadata.uid", "Invalid value: \"x\": field is immutable")])), ErrorKind::Moved);
    }

    #[test]
    fn five_hundreds_that_mean_invalid() {
        let body = |message: &str| json!({ "kind": "Status", "message": message, "code": 500 });
        assert_eq!(
            classify(500, &body("failed to create typed patch object (a/b; v1, Kind=Secret): .data: expected map")),
            ErrorKind::Invalid
        );
        assert_eq!(classify(500, &body("etcdserver: request timed out")), ErrorKind::Unavailable);
        assert_eq!(classify(502, &json!("rubbish")), ErrorKind::Unavailable);
    }

    #[test]
    fn conflicts_name_field_and_owner() {
        let cause = json!({ "reason": "FieldManagerConflict", "message": "conflict with \"kubectl-edit\" using apps/v1", "field": ".spec.replicas" });
        let kind =
            classify(409, &json!({ "kind": "Status", "reason": "Conflict", "message": "x", "details": { "causes": [cause] } }));
        let expected = FieldConflict { field: ".spec.replicas".to_owned(), manager: "\"kubectl-edit\" using apps/v1".to_owned() };
        assert_eq!(kind, ErrorKind::Conflict(vec![expected]));
        assert_eq!(classify(409, &json!({ "kind": "Status", "reason": "AlreadyExists" })), ErrorKind::Exists);
        assert_eq!(
            classify(409, &json!({ "kind": "Status", "reason": "Conflict", "message": "the object has been modified" })),
            ErrorKind::Moved
        );
    }
}
