//! One container as it must be against what was read in it.

use std::collections::BTreeMap;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::evaluate::{Eye, Known, NOT_OPENED, Wanted, WantedFile, files, variables};
use super::facts::Facts;
use crate::effective::{Container, Source};
use crate::object::podspec::ConfigKind;
use crate::secret::Opened;

/// What was read in a container.
#[derive(Default)]
pub struct Actual {
    /// The environment of process 1, NUL-separated as in `/proc/1/environ`; `None` if it couldn't be read, or isn't the container's.
    pub own: Option<Zeroizing<Vec<u8>>>,
    /// The environment that the runtime gives to each process that is started in the container.
    pub given: Option<Zeroizing<Vec<u8>>>,
    /// Files by their paths.
    pub files: BTreeMap<String, Content>,
}

/// What was read of a file.
pub enum Content {
    /// Its content. Wiped when dropped.
    Bytes(Zeroizing<Vec<u8>>),
    /// It isn't there.
    Gone,
    /// It is there and can't be read.
    Unreadable,
}

/// A variable or file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A variable's name.
    Variable(String),
    /// A file's path.
    File(String),
}

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It has another value.
    Different,
    /// It isn't there.
    Missing,
    /// It is there and should not be.
    Extra,
}

/// Something that isn't as it must be. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub what: What,
    /// How.
    pub how: How,
    /// Where the wanted value comes from, in words.
    pub from: String,
    /// The key that it comes from.
    pub source: Option<Source>,
    /// Whether it is a secret.
    pub is_secret: bool,
    /// Whether it stays as it was when the container started: a variable, a file of a `subPath`.
    pub is_fixed: bool,
    /// What explains it, in words.
    pub cause: Option<String>,
}

/// Something that can't be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What; all of an object where it isn't known which.
    pub what: Option<What>,
    /// Why.
    pub why: String,
    /// Whether only the key to a sealed file is missing.
    pub not_opened: bool,
    /// Whether it could have been compared, had the container let itself be read.
    pub unreadable: bool,
}

/// What came of one container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many variables and files are as they must be.
    pub equal: usize,
    /// How many of those are secrets.
    pub equal_secrets: usize,
    /// What isn't.
    pub differences: Vec<Difference>,
    /// What can't be compared.
    pub unknown: Vec<Unknown>,
    /// What a reader should know of how it was read.
    pub notes: Vec<String>,
}

/// Which files of a container must be read to compare it.
pub(super) fn paths(container: &Container, facts: &Facts, opened: Option<&Opened>) -> Vec<String> {
    let eye = Eye { facts, opened, container: &container.name };
    let (set, _) = variables(container, &eye, &|_| None);
    files(container, &eye, &set).0.into_iter().map(|file| file.path).collect()
}

/// Compares. `opened` has the secrets; without it they are unknown. Pure, and no value is in the result.
pub fn compare(container: &Container, facts: &Facts, opened: Option<&Opened>, actual: &Actual) -> Findings {
    let mut findings = Findings::default();
    let own = actual.own.as_ref().map(|bytes| environ(bytes)).unwrap_or_default();
    let given = actual.given.as_ref().map(|bytes| environ(bytes)).unwrap_or_default();
    // A program that writes its title over its environment (nginx, postgres) leaves nothing of it.
    let is_overwritten = !given.is_empty() && !own.keys().any(|name| given.contains_key(name));
    if is_overwritten && actual.own.is_some() {
        findings.notes.push("process 1 has written over its environment; that of a new process is compared".to_owned());
    } else if is_overwritten {
        findings.notes.push("the environment of process 1 can't be read; that of a new process is compared".to_owned());
    }
    let seen = if is_overwritten { &given } else { &own };
    let service = |name: &[u8]| if is_service_variable(name) { seen.get(name).copied() } else { None };
    let eye = Eye { facts, opened, container: &container.name };
    let (set, outside) = variables(container, &eye, &service);
    for (name, wanted) in &set {
        let actual = seen.get(name.as_bytes()).copied();
        let verdict = judge(wanted, actual);
        let by_program = verdict == Some(Err(How::Different)) || verdict == Some(Err(How::Missing));
        let by_program = by_program && !is_overwritten && judge(wanted, given.get(name.as_bytes()).copied()) == Some(Ok(()));
        note(&mut findings, What::Variable(name.clone()), wanted, verdict, actual.is_some(), true);
        if by_program && let Some(last) = findings.differences.last_mut() {
            last.cause = Some("the container got it; its own program changed it".to_owned());
        }
    }
    let (wanted_files, outside_files) = files(container, &eye, &set);
    for file in &wanted_files {
        one_file(&mut findings, file, actual.files.get(&file.path));
    }
    let all =
        |from: String| Unknown { what: None, why: format!("not in the bundle: {from}"), not_opened: false, unreadable: false };
    findings.unknown.extend(outside.into_iter().chain(outside_files).map(all));
    findings
}

fn one_file(findings: &mut Findings, file: &WantedFile, actual: Option<&Content>) {
    let what = What::File(file.path.clone());
    let cleaned;
    let bytes = match actual {
        Some(Content::Bytes(bytes)) if file.is_annotations => {
            cleaned = without_kubelets(bytes);
            Some(cleaned.as_slice())
        }
        Some(Content::Bytes(bytes)) => Some(bytes.as_slice()),
        Some(Content::Gone) => None,
        Some(Content::Unreadable) | None => {
            let why = "it can't be read by the container's user".to_owned();
            findings.unknown.push(Unknown { what: Some(what), why, not_opened: false, unreadable: true });
            return;
        }
    };
    note(findings, what, &file.wanted, judge(&file.wanted, bytes), bytes.is_some(), file.is_part);
}

/// The kubelet adds `kubernetes.io/config.seen` and `.source` to the annotations that it shows to a pod.
fn without_kubelets(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"kubernetes.io/config."));
    lines.collect::<Vec<_>>().join(&b'\n')
}

/// Whether a value is as it must be; `None` if that can't be told.
fn judge(wanted: &Wanted, actual: Option<&[u8]>) -> Option<Result<(), How>> {
    let verdict = match (&wanted.value, actual) {
        (Known::Bytes(wanted, _), Some(actual)) if bool::from(wanted.as_slice().ct_eq(actual)) => Ok(()),
        (Known::Bytes(..), Some(_)) => Err(How::Different),
        (Known::Bytes(..), None) => Err(How::Missing),
        (Known::Nothing, Some(_)) => Err(How::Extra),
        (Known::Nothing, None) => Ok(()),
        (Known::Unknown(_), _) => return None,
    };
    if verdict.is_err() && wanted.maybe.is_some() { None } else { Some(verdict) }
}

fn note(findings: &mut Findings, what: What, wanted: &Wanted, verdict: Option<Result<(), How>>, is_there: bool, is_fixed: bool) {
    let is_secret = matches!(wanted.value, Known::Bytes(_, true))
        || wanted.source.as_ref().is_some_and(|source| source.kind == ConfigKind::Secret);
    match verdict {
        Some(Ok(())) => {
            findings.equal += 1;
            findings.equal_secrets += usize::from(is_secret);
        }
        Some(Err(how)) => findings.differences.push(Difference {
            what,
            how,
            from: wanted.from.clone(),
            source: wanted.source.clone(),
            is_secret,
            is_fixed,
            cause: None,
        }),
        None => {
            let why = match (&wanted.value, &wanted.maybe) {
                // An optional value of an object that nobody made.
                (Known::Unknown(_), None) if wanted.optional && !is_there => return,
                (Known::Unknown(why), _) => why.clone(),
                (_, Some(from)) => format!("not in the bundle: {from} may set it"),
                (_, None) => return,
            };
            let not_opened = why == NOT_OPENED;
            findings.unknown.push(Unknown { what: Some(what), why, not_opened, unreadable: false });
        }
    }
}

/// An environment by names. Of a name that stands there twice the first counts, as for `getenv`.
fn environ(bytes: &[u8]) -> BTreeMap<&[u8], &[u8]> {
    let mut found = BTreeMap::new();
    for entry in bytes.split(|byte| *byte == 0) {
        if let Some(at) = memchr::memchr(b'=', entry).filter(|at| *at > 0) {
            let (name, value) = entry.split_at(at);
            found.entry(name).or_insert(value.get(1..).unwrap_or_default());
        }
    }
    found
}

/// Whether a name is of the form that the kubelet gives to a service's variables: `WEB_SERVICE_HOST`, `WEB_PORT_80_TCP_ADDR`.
fn is_service_variable(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    let is_port = |rest: &str| {
        let mut parts = rest.split('_');
        parts.next().is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
            && parts.next().is_some_and(|protocol| matches!(protocol, "TCP" | "UDP" | "SCTP"))
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.split_once("_PORT_").is_some_and(|(_, rest)| is_port(rest))
}
