//! What the proxy remembers of a request, and what kind of request it is.

use http::Method;
use http::request::Parts;
use serde_json::Value;

use super::fault::Fault;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Which kinds there are, versions, schemas, health.
    Discovery,
    /// A collection.
    List,
    /// One object, its logs, or a question that is a POST (a SelfSubjectReview).
    Get,
    /// A collection's changes.
    Watch,
    /// A write that changes nothing.
    DryRun,
    /// POST, PUT, PATCH, DELETE.
    Write,
    /// A command in a container; also attach and port-forward.
    Exec,
}

/// What protects a write: an object that is another one, or has moved, refuses it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guards {
    pub uid: bool,
    pub resource_version: bool,
}

/// One request, as the proxy saw it.
#[derive(Debug, Clone)]
pub struct Request {
    /// From 1, in the order of arrival.
    pub number: usize,
    pub class: Class,
    pub method: String,
    /// With its query.
    pub path: String,
    /// Bytes of its body.
    pub sent: usize,
    pub guards: Guards,
    /// What the API server answered; `None` where the request never reached it.
    pub upstream: Option<u16>,
    /// What the client was told; `None` where it heard nothing.
    pub code: Option<u16>,
    /// Bytes of the answer that went towards the client; a watch grows.
    pub answered: usize,
    /// The fault that was really injected.
    pub fault: Option<Fault>,
}

impl Request {
    pub(super) fn new(number: usize, parts: &Parts, body: &[u8]) -> Self {
        let path = parts.uri.path_and_query().map_or_else(|| parts.uri.path().to_owned(), ToString::to_string);
        let content: Value = serde_json::from_slice(body).or_else(|_| serde_yaml::from_slice(body)).unwrap_or(Value::Null);
        Self {
            number,
            class: classify(parts, &content),
            method: parts.method.to_string(),
            path,
            sent: body.len(),
            guards: guards(&parts.method, &content),
            upstream: None,
            code: None,
            answered: 0,
            fault: None,
        }
    }

    /// A DELETE that is no dry-run.
    pub fn deletes(&self) -> bool {
        self.class == Class::Write && self.method == "DELETE"
    }

    /// The value of a parameter of the query, as it stands there.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        parameter(self.path.split_once('?')?.1, name)
    }
}

pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn guards(method: &Method, content: &Value) -> Guards {
    let holder = if method == Method::DELETE { &content["preconditions"] } else { &content["metadata"] };
    let has = |name: &str| holder[name].as_str().is_some_and(|text| !text.is_empty());
    match *method {
        Method::GET | Method::HEAD => Guards::default(),
        _ => Guards { uid: has("uid"), resource_version: has("resourceVersion") },
    }
}

fn classify(parts: &Parts, content: &Value) -> Class {
    let query = parts.uri.query().unwrap_or_default();
    let segments: Vec<&str> = parts.uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
    let last = segments.last().copied().unwrap_or_default();
    if parts.headers.contains_key(http::header::UPGRADE) || matches!(last, "exec" | "attach" | "portforward") {
        return Class::Exec;
    }
    let resource = match segments.as_slice() {
        ["api", _, resource @ ..] | ["apis", _, _, resource @ ..] if !resource.is_empty() => resource,
        _ => return Class::Discovery,
    };
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return if matches!(last, "selfsubjectreviews" | "selfsubjectaccessreviews" | "selfsubjectrulesreviews") {
            Class::Get
        } else if parameter(query, "dryRun").is_some() || !content["dryRun"].is_null() {
            Class::DryRun
        } else {
            Class::Write
        };
    }
    if matches!(parameter(query, "watch"), Some("true" | "1")) {
        return Class::Watch;
    }
    match resource {
        [_] | ["namespaces", _, _] => Class::List,
        _ => Class::Get,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(method: &str, path: &str, body: &str) -> Request {
        let parts = http::Request::builder().method(method).uri(path).body(()).expect("a request").into_parts().0;
        Request::new(1, &parts, body.as_bytes())
    }

    #[test]
    fn requests_are_told_apart() {
        for (method, path, class) in [
            ("GET", "/api", Class::Discovery),
            ("GET", "/apis/apps/v1", Class::Discovery),
            ("GET", "/openapi/v3?hash=1", Class::Discovery),
            ("GET", "/version", Class::Discovery),
            ("GET", "/api/v1/namespaces", Class::List),
            ("GET", "/api/v1/namespaces/x", Class::Get),
            ("GET", "/api/v1/namespaces/x/pods?limit=500", Class::List),
            ("GET", "/apis/apps/v1/deployments", Class::List),
            ("GET", "/api/v1/namespaces/x/pods/p", Class::Get),
            ("GET", "/api/v1/namespaces/x/pods/p/log?follow=true", Class::Get),
            ("GET", "/api/v1/namespaces/x/pods?watch=true", Class::Watch),
            ("GET", "/api/v1/namespaces/x/pods/p/exec?command=ls", Class::Exec),
            ("POST", "/api/v1/namespaces/x/pods", Class::Write),
            ("PATCH", "/api/v1/namespaces/x?dryRun=All&force=true", Class::DryRun),
            ("DELETE", "/api/v1/namespaces/x/pods/p", Class::Write),
            ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", Class::Get),
        ] {
            assert_eq!(seen(method, path, "").class, class, "{method} {path}");
        }
        assert_eq!(seen("DELETE", "/api/v1/namespaces/x/pods/p", r#"{"dryRun":["All"]}"#).class, Class::DryRun);
    }

    #[test]
    fn guards_are_read_where_they_stand() {
        let path = "/api/v1/namespaces/x/pods/p";
        let both = Guards { uid: true, resource_version: true };
        assert_eq!(seen("PATCH", path, "metadata: {uid: u, resourceVersion: \"7\"}").guards, both);
        assert_eq!(seen("DELETE", path, r#"{"preconditions":{"uid":"u","resourceVersion":"7"}}"#).guards, both);
        // A delete's own metadata guards nothing, nor does a precondition in a patch.
        assert_eq!(seen("DELETE", path, r#"{"metadata":{"uid":"u"}}"#).guards, Guards::default());
        assert_eq!(seen("PATCH", path, r#"{"preconditions":{"uid":"u"}}"#).guards, Guards::default());
        assert_eq!(seen("PATCH", path, r#"{"metadata":{"uid":"","name":"p"}}"#).guards, Guards::default());
    }
}
