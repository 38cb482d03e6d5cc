//! What an environment may know of its secrets without a key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::file_key::KeyId;
use super::index::{Index, IndexKey};
use super::recipient::Recipient;
use super::rules::{
    INDEX_MISMATCH, INDEX_MISSING, INDEX_STALE, RECIPIENT_DRIFT, RECIPIENT_INVALID, SEALED_MISSING, SECRET_KEY_CONFLICT,
};
use super::sealed::SecretKey;
use super::tokens::Tokens;
use super::{index_read, layout, random};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::environment::{Environment, SealedFile};
use crate::source::{Files, RootPath, Span};

/// The public half of all sealed files that an environment names, from their indexes. Nothing is opened.
#[derive(Debug)]
pub struct Secrets {
    keys: IndexMap<String, Arc<SecretKey>, FxBuildHasher>,
    sealed: Vec<SealedPublic>,
    findings: Diagnostics,
    tokens: Arc<Tokens>,
}

/// What the index says of a sealed file, or of a whole sealed folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPublic {
    /// The file or the folder.
    pub path: RootPath,
    /// The name of its K. A review shows a new one.
    pub key_id: KeyId,
    /// Its serial; of a folder that of `plimsoll.age`.
    pub serial: u64,
    /// Who it is sealed to, in normal form.
    pub recipients: Vec<String>,
    /// Its keys as the index has them, in its order.
    pub keys: Vec<(Arc<SecretKey>, IndexKey)>,
}

impl Secrets {
    /// Secrets by key path (`registry.password`), and this run's token table.
    pub fn new(keys: impl IntoIterator<Item = (String, Arc<SecretKey>)>, tokens: Tokens) -> Self {
        Self { keys: keys.into_iter().collect(), sealed: Vec::new(), findings: Diagnostics::new(), tokens: Arc::new(tokens) }
    }

    /// Reads the index of every sealed file that `environment` names.
    ///
    /// # Errors
    /// A missing, stale or broken index, a key path in two files: all at once. Recipients that differ from the
    /// environment's are among [`Secrets::findings`].
    pub fn read(files: &Files, environment: &Environment) -> Result<Self, Diagnostics> {
        let mut said = Diagnostics::new();
        let nonce = random::bytes().unwrap_or_else(|error| {
            said.push(Diagnostic::new(&super::rules::SEALED_WRITE, format!("the system gives no random bits: {error}")));
            [0; 16]
        });
        let mut secrets = Self::new([], Tokens::new(nonce));
        for sealed in &environment.settings.sealed {
            if let Some(public) = said.take(read_sealed(files, &sealed.path.value, Some(sealed.path.span()))) {
                match drift(&public, sealed) {
                    Ok(finding) => secrets.findings.extend(finding),
                    Err(errors) => said.extend(errors),
                }
                secrets.sealed.push(public);
            }
        }
        said.extend(secrets.collect());
        said.into_result(secrets)
    }

    /// Reads the indexes of these sealed files and folders alone.
    ///
    /// # Errors
    /// As [`Secrets::read`].
    pub fn of_files(files: &Files, paths: &[RootPath]) -> Result<Self, Diagnostics> {
        let mut said = Diagnostics::new();
        let mut secrets = Self::new([], Tokens::new([0; 16]));
        secrets.sealed = paths.iter().filter_map(|path| said.take(read_sealed(files, path, None))).collect();
        said.extend(secrets.collect());
        said.into_result(secrets)
    }

    /// Gathers the keys of all sealed files; gives the conflicts: a path that is taken, or lies below a value.
    fn collect(&mut self) -> Diagnostics {
        let mut said = Diagnostics::new();
        // Every path that must be a table, with the first key below it.
        let mut tables: BTreeMap<String, Arc<SecretKey>> = BTreeMap::new();
        for (key, _) in self.sealed.iter().flat_map(|public| &public.keys) {
            if let Some(other) = self.keys.get(&key.path) {
                let message = format!("the key path `{}` stands twice: in `{}` and in `{}`", key.path, other.file, key.file);
                let hint = format!("take it out of one of them: `plimsoll secrets unset {} {}`", key.file, key.path);
                said.push(conflict(message, other, key).hint(hint));
                continue;
            }
            if let Some(below) = tables.get(&key.path) {
                said.push(conflict(format!("`{}` is a value, so `{}` can't be below it", key.path, below.path), below, key));
            }
            for (at, _) in key.path.match_indices('.') {
                let table = key.path.get(..at).unwrap_or_default();
                if let Some(value) = self.keys.get(table) {
                    said.push(conflict(format!("`{table}` is a value, so `{}` can't be below it", key.path), value, key));
                }
                tables.entry(table.to_owned()).or_insert_with(|| key.clone());
            }
            self.keys.insert(key.path.clone(), key.clone());
        }
        said
    }

    /// The secret at a key path.
    pub fn get(&self, path: &str) -> Option<&Arc<SecretKey>> {
        self.keys.get(path)
    }

    /// The member of a sealed folder that stands at this path of the repository (`…/tls.key.age`).
    pub fn member(&self, file: &RootPath) -> Option<&Arc<SecretKey>> {
        self.keys.values().find(|key| key.file == *file)
    }

    /// All, in the order of the sealed files and of their indexes: that of the sealed text; in a folder that of the files.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<SecretKey>)> {
        self.keys.iter().map(|(path, key)| (path.as_str(), key))
    }

    /// The sealed files and folders that the environment names, base first.
    pub fn sealed(&self) -> &[SealedPublic] {
        &self.sealed
    }

    /// What isn't wrong enough to stop: recipients that differ from those of the environment.
    pub fn findings(&self) -> &Diagnostics {
        &self.findings
    }

    /// This run's tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The same, for what outlives this: the functions that the template engine calls.
    pub fn shared_tokens(&self) -> Arc<Tokens> {
        self.tokens.clone()
    }
}

/// Whether a sealed file or folder has a key, as far as its index can be read.
pub fn has(files: &Files, path: &RootPath, key_path: &str) -> bool {
    read_sealed(files, path, None).is_ok_and(|public| public.keys.iter().any(|(key, _)| key.path == key_path))
}

fn conflict(message: String, first: &SecretKey, second: &SecretKey) -> Diagnostic {
    Diagnostic::new(&SECRET_KEY_CONFLICT, message)
        .at(second.span, format!("in `{}`", second.file))
        .also(first.span, format!("in `{}`", first.file))
}

/// Reads the index of a sealed file, or all indexes of a sealed folder.
pub(crate) fn read_sealed(files: &Files, path: &RootPath, asked: Option<Span>) -> Result<SealedPublic, Diagnostics> {
    if layout::is_file(path) {
        let index = read_index(files, path, asked)?;
        return Ok(public(path, path, &index));
    }
    read_folder(files, path, asked)
}

fn public(path: &RootPath, file: &RootPath, index: &Index) -> SealedPublic {
    let mut public = SealedPublic {
        path: path.clone(),
        key_id: index.key_id,
        serial: index.serial,
        recipients: index.recipients.clone(),
        keys: Vec::new(),
    };
    public.add(file, index);
    public
}

impl SealedPublic {
    fn add(&mut self, file: &RootPath, index: &Index) {
        for key in &index.keys {
            let Some(span) = key.span else { continue };
            let (path, kind, fingerprint) = (key.path.clone(), key.kind, key.fingerprint);
            self.keys.push((Arc::new(SecretKey { file: file.clone(), path, kind, fingerprint, span }), key.clone()));
        }
    }
}

fn read_folder(files: &Files, folder: &RootPath, asked: Option<Span>) -> Result<SealedPublic, Diagnostics> {
    let mut said = Diagnostics::new();
    let own = read_index(files, &layout::folder_file(folder), asked)?;
    let mut all = public(folder, &layout::folder_file(folder), &own);
    for member in layout::members(files, folder, asked)? {
        let Some(index) = said.take(read_index(files, &member, asked)) else { continue };
        said.extend(misplaced(folder, &member, &index, &own, asked));
        all.add(&member, &index);
    }
    said.into_result(all)
}

/// A member's index that can't be true, seen without a key.
fn misplaced(folder: &RootPath, member: &RootPath, index: &Index, own: &Index, asked: Option<Span>) -> Option<Diagnostic> {
    let path = layout::key_path(folder, member);
    let what = if index.key_id != own.key_id {
        format!("was sealed before the key of `{folder}` was replaced")
    } else if index.keys.iter().map(|key| key.path.as_str()).ne([path.as_str()]) {
        format!("must have exactly the key `{path}` in its index")
    } else {
        return None;
    };
    Some(
        Diagnostic::new(&INDEX_MISMATCH, format!("`{member}` {what}"))
            .at_opt(index.keys.first().and_then(|key| key.span).or(asked), "")
            .hint(format!("`plimsoll secrets reindex {member}` makes the index anew, if the file itself is right")),
    )
}

/// Reads the index beside a sealed file; the file must be the one that the index was made from.
pub(crate) fn read_index(files: &Files, sealed: &RootPath, asked: Option<Span>) -> Result<Index, Diagnostics> {
    let bytes = read_bytes(files, sealed, asked)?;
    let path = layout::index_of(sealed);
    let file = files.text(&path, asked).map_err(|error| {
        if error.rule != &crate::source::FILE_NOT_FOUND {
            return error;
        }
        Diagnostic::new(&INDEX_MISSING, format!("`{sealed}` has no index: `{path}` doesn't exist"))
            .at_opt(asked, "named here")
            .hint(format!(
                "commit the index beside it, or make it with `plimsoll secrets reindex {sealed}`, which needs an identity"
            ))
    })?;
    let index = index_read::read(files.map(), file, sealed)?;
    if index.fits(&bytes) {
        return Ok(index);
    }
    Err(Diagnostic::new(&INDEX_STALE, format!("the index `{path}` is stale: `{sealed}` isn't the file that it was made from"))
        .at(Span::file_start(file), "its `sha256` is that of another file")
        .hint(format!("after an edit with another tool, a merge, or an interrupted write: `plimsoll secrets reindex {sealed}`"))
        .into())
}

/// The bytes of a sealed file.
pub(crate) fn read_bytes(files: &Files, sealed: &RootPath, asked: Option<Span>) -> Result<Arc<[u8]>, Diagnostic> {
    files.bytes(sealed, asked).map_err(|error| {
        if error.rule != &crate::source::FILE_NOT_FOUND {
            return error;
        }
        Diagnostic::new(&SEALED_MISSING, format!("the sealed file `{sealed}` doesn't exist"))
            .at_opt(asked, "named here")
            .hint("`plimsoll secrets set ENVIRONMENT KEY` makes it with its first key; commit it and its index")
    })
}

/// The finding that the environment names other recipients than the index has.
///
/// # Errors
/// Recipients that can't be any.
fn drift(public: &SealedPublic, sealed: &SealedFile) -> Result<Option<Diagnostic>, Diagnostics> {
    let mut said = Diagnostics::new();
    let mut named = BTreeSet::new();
    for recipient in &sealed.recipients {
        match Recipient::parse(recipient.as_str()) {
            Ok(parsed) => {
                if !named.insert(parsed.as_str().to_owned()) {
                    let message = format!("the recipient `{parsed}` is named twice");
                    said.push(Diagnostic::new(&RECIPIENT_INVALID, message).at(recipient.span(), "named again"));
                }
            }
            Err(error) => said.push(Diagnostic::new(&RECIPIENT_INVALID, error.to_string()).at(recipient.span(), "")),
        }
    }
    if sealed.recipients.is_empty() {
        let message = format!("nobody is named as a recipient of `{}`", public.path);
        said.push(
            Diagnostic::new(&RECIPIENT_INVALID, message)
                .at(sealed.path.span(), "")
                .hint("list who can open it: `recipients = [\"age1…\"]`"),
        );
    }
    let now: BTreeSet<String> = public.recipients.iter().cloned().collect();
    let list = |names: Vec<&String>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    let (missing, extra): (Vec<_>, Vec<_>) = (named.difference(&now).collect(), now.difference(&named).collect());
    if !missing.is_empty() {
        parts.push(format!("{} can't open it yet", list(missing)));
    }
    if !extra.is_empty() {
        parts.push(format!("{} still can", list(extra)));
    }
    let finding = (!parts.is_empty()).then(|| {
        let message = format!("`{}` is sealed to other recipients than are named here: {}", public.path, parts.join(", "));
        Diagnostic::new(&RECIPIENT_DRIFT, message)
            .at(sealed.path.span(), "")
            .hint(format!("`plimsoll secrets rekey {}` seals it to those named here", public.path))
    });
    said.into_result(finding)
}
