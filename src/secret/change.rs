//! Changes of sealed files: read, opened, checked, changed, sealed again, written with their index.
//!
//! Every change goes through [`Sealer`]. It holds the write door, so no other process changes the same files meanwhile, and it
//! compares each file with what it read right before it writes.

use zeroize::Zeroizing;

use super::document::{Document, Own};
use super::file_key::{FileKey, KeyId};
use super::identity::Identities;
use super::index::{Index, IndexKey};
use super::layout;
use super::open::{OpenError, open};
use super::problem;
use super::recipient::Recipient;
use super::rules::{NOT_A_RECIPIENT, SEALED_MISSING, SEALED_WRITE};
use super::seal::{check, seal};
use super::sealed::{Fingerprint, SecretKind};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::commit::{Change, Writer};
use crate::source::{Files, RootPath};

/// A file or folder that was read or begun, what it was before, and its recipients if it was begun just now.
type Read<T, B> = Result<(T, B, Option<Vec<Recipient>>), Diagnostics>;

/// What changes sealed files.
pub struct Sealer<'a> {
    /// The file door; opened after the writer, so that it sees what the writer's `open` finished.
    pub files: &'a Files,
    /// The write door.
    pub writer: &'a Writer,
    /// Who changes.
    pub identities: &'a mut Identities,
}

/// A sealed file or folder, and who it is sealed to if it has to be made.
#[derive(Debug, Clone)]
pub struct Target {
    /// The file (`….age`), or the folder.
    pub path: RootPath,
    /// From the environment; used at birth and by `rekey`.
    pub recipients: Vec<Recipient>,
}

/// What a change did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The sealed file that was written.
    pub file: RootPath,
    /// The recipients, if the file or folder was made just now.
    pub born: Option<Vec<Recipient>>,
}

impl Sealer<'_> {
    /// Sets a value. The file is made if it doesn't exist.
    ///
    /// # Errors
    /// The file can't be opened or isn't what its index says; the caller couldn't open it afterwards; the value isn't text
    /// (in a sealed TOML file).
    pub fn set(&mut self, target: &Target, key_path: &str, value: &[u8]) -> Result<Changed, Diagnostics> {
        if let Some(why) = layout::bad_key_path(key_path) {
            return Err(Diagnostic::new(&super::rules::SEALED_CONTENT, format!("`{key_path}` can't be a key path: {why}")).into());
        }
        if layout::is_file(&target.path) {
            self.set_in_file(target, key_path, value)
        } else {
            self.set_in_folder(target, key_path, value, None)
        }
    }

    fn set_in_file(&mut self, target: &Target, key_path: &str, value: &[u8]) -> Result<Changed, Diagnostics> {
        let value = std::str::from_utf8(value).map_err(|_| not_text(&target.path, key_path))?;
        let (mut document, old, born) = self.document(target)?;
        document.set(key_path, value).map_err(|errors| problem::content(&target.path, &errors))?;
        let file = self.write_document(&target.path, document, old.as_ref())?;
        Ok(Changed { file, born })
    }

    /// Sets the member of a folder that lies in `file`, or the one that `key_path` means.
    pub fn set_in_folder(
        &mut self,
        target: &Target,
        key_path: &str,
        value: &[u8],
        file: Option<&RootPath>,
    ) -> Result<Changed, Diagnostics> {
        let (own, mut changes, born) = self.folder(target)?;
        let there = if born.is_some() { Vec::new() } else { layout::members(self.files, &target.path, None)? };
        let found = there.iter().find(|member| layout::key_path(&target.path, member) == key_path);
        let member = file.or(found).cloned().unwrap_or_else(|| layout::member_for(&target.path, key_path));
        if let Some(other) = found.filter(|other| **other != member) {
            let message = format!("`{key_path}` already stands in `{other}`");
            return Err(Diagnostic::new(&super::rules::SECRET_KEY_CONFLICT, message)
                .hint(format!("set that file, or remove it first: `plimsoll secrets unset {other}`"))
                .into());
        }
        let old = there.contains(&member).then(|| super::store::read_index(self.files, &member, None)).transpose()?;
        changes.extend(self.member(&target.path, &own, &member, value, old.as_ref())?);
        self.write(&changes)?;
        Ok(Changed { file: member, born })
    }

    /// Takes a value out.
    pub fn unset(&mut self, target: &Target, key_path: &str) -> Result<Changed, Diagnostics> {
        if layout::is_file(&target.path) {
            let (mut document, index) = super::opened::open_document(self.files, &target.path, self.identities)?;
            document.remove(key_path).map_err(|errors| problem::content(&target.path, &errors))?;
            let file = self.write_document(&target.path, document, Some(&index))?;
            return Ok(Changed { file, born: None });
        }
        // Opened first: only a recipient may take something out by this command.
        super::opened::open_folder(self.files, &target.path, self.identities)?;
        let members = layout::members(self.files, &target.path, None)?;
        let member = members.into_iter().find(|member| layout::key_path(&target.path, member) == key_path);
        let Some(member) = member else {
            let absent = super::document::DocumentError::Absent(key_path.to_owned());
            return Err(problem::content(&target.path, &[absent]));
        };
        self.write(&[remove(&member), remove(&layout::index_of(&member))])?;
        Ok(Changed { file: member, born: None })
    }

    /// The text of a sealed TOML file for an editor, without plimsoll's own table; empty for a file to be made.
    pub fn text(&mut self, target: &Target) -> Result<Zeroizing<String>, Diagnostics> {
        let (document, ..) = self.document(target)?;
        Ok(Zeroizing::new(document.body().to_owned()))
    }

    /// Puts an edited text in its place. `Ok(None)`: nothing changed, so nothing was written.
    pub fn set_text(&mut self, target: &Target, text: &str) -> Result<Option<Changed>, Diagnostics> {
        let (mut document, old, born) = self.document(target)?;
        if born.is_none() && document.body() == text {
            return Ok(None);
        }
        document.set_body(text).map_err(|errors| problem::content(&target.path, &errors))?;
        let file = self.write_document(&target.path, document, old.as_ref())?;
        Ok(Some(Changed { file, born }))
    }

    /// A sealed TOML file, opened and checked; or a new one with a fresh K, and its recipients.
    fn document(&mut self, target: &Target) -> Read<Document, Option<Index>> {
        if self.files.has_file(&target.path) {
            let (document, index) = super::opened::open_document(self.files, &target.path, self.identities)?;
            return Ok((document, Some(index), None));
        }
        let own = self.birth(&target.path, &target.recipients)?;
        let recipients = own.recipients.clone();
        Ok((Document::new(own), None, Some(recipients)))
    }

    /// K and the recipients of a folder; if it has to be made, also the changes that make it.
    fn folder(&mut self, target: &Target) -> Read<Own, Vec<Change>> {
        let path = layout::folder_file(&target.path);
        if self.files.has_file(&path) {
            return Ok((super::opened::open_folder(self.files, &target.path, self.identities)?, Vec::new(), None));
        }
        let own = self.birth(&path, &target.recipients)?;
        let (copy, recipients) = (own.copy(), own.recipients.clone());
        let changes = self.sealed_document(&path, &Document::new(own), &Carried::default())?;
        Ok((copy, changes.into(), Some(recipients)))
    }

    /// The own table of a file that is made now.
    ///
    /// # Errors
    /// An index stands there already: the sealed file may be lost, and must not be taken for new. The caller isn't among the
    /// recipients.
    pub(super) fn birth(&mut self, path: &RootPath, recipients: &[Recipient]) -> Result<Own, Diagnostics> {
        let index = layout::index_of(path);
        if self.files.has_file(&index) {
            let message = format!("`{path}` doesn't exist, but its index `{index}` does: the sealed file may be lost");
            return Err(Diagnostic::new(&SEALED_MISSING, message)
                .hint("restore the sealed file from git; to start afresh on purpose, delete the index first")
                .into());
        }
        check(recipients).map_err(|error| problem::sealing(path, &error))?;
        Ok(Own { key: new_key()?, path: path.to_string(), serial: 1, recipients: recipients.to_vec() })
    }

    /// Seals a document with the next serial, and writes it with its index.
    pub(super) fn write_document(
        &mut self,
        path: &RootPath,
        mut document: Document,
        old: Option<&Index>,
    ) -> Result<RootPath, Diagnostics> {
        if let (Some(own), Some(_)) = (&mut document.own, old) {
            own.serial += 1;
        }
        let carried = Carried::from(old);
        let changes = self.sealed_document(path, &document, &carried)?;
        self.write(&changes)?;
        Ok(path.clone())
    }

    /// A sealed document and its index, as changes.
    pub(super) fn sealed_document(
        &mut self,
        path: &RootPath,
        document: &Document,
        carried: &Carried,
    ) -> Result<[Change; 2], Diagnostics> {
        let Some(own) = &document.own else { return Err(super::opened::no_own(path).into()) };
        let sealed = self.seal(path, document.to_text().as_bytes(), &own.recipients)?;
        let index = index_of_document(path, document, own, &sealed, carried)?;
        Ok([write(path, sealed), write(&layout::index_of(path), index.to_toml().into_bytes())])
    }

    /// A sealed member and its index, as changes.
    pub(super) fn member(
        &mut self,
        folder: &RootPath,
        own: &Own,
        member: &RootPath,
        value: &[u8],
        old: Option<&Index>,
    ) -> Result<[Change; 2], Diagnostics> {
        let sealed = self.seal(member, value, &own.recipients)?;
        let path = layout::key_path(folder, member);
        let serial = old.map_or(1, |old| old.serial + 1);
        let index = index_of_member(member, &path, own, value, &sealed, serial, &Carried::from(old));
        Ok([write(member, sealed), write(&layout::index_of(member), index.to_toml().into_bytes())])
    }

    /// Seals, and makes sure that the caller could open it again.
    fn seal(&mut self, path: &RootPath, plaintext: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, Diagnostic> {
        let sealed = seal(plaintext, recipients).map_err(|error| problem::sealing(path, &error))?;
        if self.identities.recipients().any(|own| recipients.contains(own)) {
            return Ok(sealed);
        }
        match open(&sealed, self.identities) {
            Ok(_) => Ok(sealed),
            Err(OpenError::ForOthers | OpenError::NoIdentity) => Err(not_among(path, recipients, self.identities)),
            Err(error) => Err(problem::opening(path, &error, &[], self.identities)),
        }
    }

    /// Writes, if nothing that was read has changed on disk.
    pub(super) fn write(&self, changes: &[Change]) -> Result<(), Diagnostics> {
        for change in changes {
            let read = self.files.bytes(&change.path, None).ok();
            self.writer.expect(&change.path, read.as_deref()).map_err(|error| problem::writing(&error))?;
        }
        Ok(self.writer.commit(changes).map_err(|error| problem::writing(&error))?)
    }
}

/// Which earlier fingerprints of a value are kept, because the value is the same.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// Keys of the index before.
    pub(super) keys: Vec<IndexKey>,
    /// The K that is left for another, if it is.
    pub(super) left: Option<(FileKey, KeyId)>,
}

impl From<Option<&Index>> for Carried {
    fn from(old: Option<&Index>) -> Self {
        Self { keys: old.map(|old| old.keys.clone()).unwrap_or_default(), left: None }
    }
}

impl Carried {
    fn since(&self, path: &str, value: &[u8], now: Fingerprint) -> Vec<(KeyId, Fingerprint)> {
        let Some(old) = self.keys.iter().find(|key| key.path == path) else { return Vec::new() };
        match &self.left {
            None if old.fingerprint == now => old.unchanged_since.clone(),
            Some((key, id)) if old.fingerprint == key.fingerprint(path, value) => {
                old.unchanged_since.iter().copied().chain([(*id, old.fingerprint)]).collect()
            }
            _ => Vec::new(),
        }
    }

    fn key(&self, path: &str, value: &[u8], own: &Own) -> IndexKey {
        let fingerprint = own.key.fingerprint(path, value);
        let unchanged_since = self.since(path, value, fingerprint);
        IndexKey { path: path.to_owned(), kind: SecretKind::of(value), fingerprint, unchanged_since, span: None }
    }
}

/// The index of a sealed TOML file.
pub(super) fn index_of_document(
    path: &RootPath,
    document: &Document,
    own: &Own,
    sealed: &[u8],
    carried: &Carried,
) -> Result<Index, Diagnostics> {
    let values = document.values().map_err(|errors| problem::content(path, &errors))?;
    let keys = values.iter().map(|value| carried.key(&value.path, value.text.as_bytes(), own)).collect();
    let recipients = own.recipients.iter().map(|recipient| recipient.as_str().to_owned()).collect();
    Ok(signed(
        own,
        Index {
            file: path.clone(),
            sha256: Index::digest(sealed),
            key_id: own.key.id(),
            serial: own.serial,
            recipients,
            keys,
            mac: [0; 32],
        },
    ))
}

/// The index of a member of a folder.
pub(super) fn index_of_member(
    member: &RootPath,
    path: &str,
    own: &Own,
    value: &[u8],
    sealed: &[u8],
    serial: u64,
    carried: &Carried,
) -> Index {
    let keys = vec![carried.key(path, value, own)];
    signed(
        own,
        Index {
            file: member.clone(),
            sha256: Index::digest(sealed),
            key_id: own.key.id(),
            serial,
            recipients: Vec::new(),
            keys,
            mac: [0; 32],
        },
    )
}

fn signed(own: &Own, mut index: Index) -> Index {
    index.sign(&own.key);
    index
}

/// A fresh K.
pub(super) fn new_key() -> Result<FileKey, Diagnostic> {
    FileKey::generate().map_err(|error| Diagnostic::new(&SEALED_WRITE, format!("the system gives no random bits: {error}")))
}

pub(super) fn write(path: &RootPath, content: Vec<u8>) -> Change {
    Change { path: path.clone(), content: Some(content) }
}

fn remove(path: &RootPath) -> Change {
    Change { path: path.clone(), content: None }
}

fn not_text(path: &RootPath, key_path: &str) -> Diagnostic {
    Diagnostic::new(&super::rules::SECRET_NOT_TEXT, format!("the value for `{key_path}` isn't UTF-8 text, and `{path}` is TOML"))
        .hint("put it into a sealed folder (`[sealed.\"prod.secrets\"]`), whose members take any bytes")
}

fn not_among(path: &RootPath, recipients: &[Recipient], identities: &Identities) -> Diagnostic {
    let list: Vec<String> = recipients.iter().map(|recipient| format!("`{recipient}`")).collect();
    let own: Vec<String> = identities.recipients().map(|recipient| format!("`{recipient}`")).collect();
    let message = format!("you couldn't open `{path}` afterwards: it would be sealed to {} only", list.join(", "));
    let diagnostic = Diagnostic::new(&NOT_A_RECIPIENT, message);
    if own.is_empty() {
        return diagnostic
            .hint("there is no identity; name one with `--identity FILE`, or make one with `plimsoll secrets keygen -o FILE`");
    }
    diagnostic.hint(format!("add your own recipient to its list: {}", own.join(", ")))
}
