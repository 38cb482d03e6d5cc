//! Opened sealed files: plaintext in memory, checked against the index before a value is used.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::document::{Document, Own};
use super::identity::Identities;
use super::index::{Index, Misfit};
use super::open::{OpenError, open};
use super::sealed::{Fingerprint, SecretKey};
use super::store::{SealedPublic, Secrets, read_bytes, read_index};
use super::{layout, problem};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Files, RootPath};

/// The values of sealed files. Cleared from memory when dropped; shows nothing of itself.
#[derive(Default)]
pub struct Opened(BTreeMap<(RootPath, String), OpenedValue>);

struct OpenedValue {
    fingerprint: Fingerprint,
    bytes: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({} values)", self.0.len())
    }
}

impl Opened {
    /// Opens every sealed file of an environment, and checks all that the index says.
    ///
    /// # Errors
    /// No identity opens a file (exit 3); a file is damaged, was moved, or isn't what its index says: all at once.
    pub fn all(files: &Files, secrets: &Secrets, identities: &mut Identities) -> Result<Self, Diagnostics> {
        // Also those whose index lists no key: it may have been cut.
        let files_of = |public: &SealedPublic| -> Vec<RootPath> {
            let own = if layout::is_file(&public.path) { public.path.clone() } else { layout::folder_file(&public.path) };
            std::iter::once(own).chain(public.keys.iter().map(|(key, _)| key.file.clone())).collect()
        };
        let all: Vec<RootPath> = secrets.sealed().iter().flat_map(files_of).collect();
        Self::open(files, secrets, &all.iter().collect(), identities)
    }

    /// Opens the sealed files that these secrets lie in.
    ///
    /// # Errors
    /// As [`Opened::all`].
    pub fn needed<'a>(
        files: &Files,
        secrets: &Secrets,
        needed: impl IntoIterator<Item = &'a SecretKey>,
        identities: &mut Identities,
    ) -> Result<Self, Diagnostics> {
        let needed: BTreeSet<&RootPath> = needed.into_iter().map(|key| &key.file).collect();
        Self::open(files, secrets, &needed, identities)
    }

    fn open(
        files: &Files,
        secrets: &Secrets,
        needed: &BTreeSet<&RootPath>,
        identities: &mut Identities,
    ) -> Result<Self, Diagnostics> {
        let mut opened = Self::default();
        let mut said = Diagnostics::new();
        for public in secrets.sealed() {
            let wanted: Vec<&RootPath> = needed.iter().copied().filter(|file| file.is_under(&public.path)).collect();
            if !wanted.is_empty() {
                said.extend(opened.add(files, public, &wanted, identities).err().into_iter().flatten());
            }
        }
        said.into_result(opened)
    }

    fn add(
        &mut self,
        files: &Files,
        public: &SealedPublic,
        wanted: &[&RootPath],
        identities: &mut Identities,
    ) -> Result<(), Diagnostics> {
        if layout::is_file(&public.path) {
            let (document, index) = open_document(files, &public.path, identities)?;
            let listed: BTreeMap<&str, Fingerprint> = index.listed().collect();
            for value in document.values().map_err(|errors| problem::content(&public.path, &errors))? {
                let Some(fingerprint) = listed.get(value.path.as_str()) else { continue };
                self.put(&public.path, value.path, *fingerprint, Zeroizing::new(value.text.as_bytes().to_vec()));
            }
            return Ok(());
        }
        let mut said = Diagnostics::new();
        let own = open_folder(files, &public.path, identities)?;
        for member in wanted.iter().filter(|member| !layout::is_folder_file(&public.path, member)) {
            let Some((bytes, index)) = said.take(open_member(files, &public.path, &own, member, identities)) else { continue };
            for key in index.keys {
                self.put(member, key.path, key.fingerprint, bytes.clone());
            }
        }
        said.into_result(())
    }

    fn put(&mut self, file: &RootPath, path: String, fingerprint: Fingerprint, bytes: Zeroizing<Vec<u8>>) {
        self.0.insert((file.clone(), path), OpenedValue { fingerprint, bytes });
    }

    /// The value of a secret that was looked up in the same indexes.
    pub(super) fn value(&self, key: &SecretKey) -> Option<&[u8]> {
        let value = self.0.get(&(key.file.clone(), key.path.clone()))?;
        (value.fingerprint == key.fingerprint).then_some(value.bytes.as_slice())
    }

    /// All values, with their key paths.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|((_, path), value)| (path.as_str(), value.bytes.as_slice()))
    }

    /// Values of a test's own.
    #[cfg(test)]
    pub(crate) fn of<'a>(values: impl IntoIterator<Item = (&'a SecretKey, &'a [u8])>) -> Self {
        let mut opened = Self::default();
        for (key, bytes) in values {
            opened.put(&key.file, key.path.clone(), key.fingerprint, Zeroizing::new(bytes.to_vec()));
        }
        opened
    }
}

/// Opens the bytes of a sealed file.
pub(super) fn open_bytes(
    path: &RootPath,
    sealed: &[u8],
    recipients: &[String],
    identities: &mut Identities,
) -> Result<Zeroizing<Vec<u8>>, Diagnostic> {
    open(sealed, identities).map_err(|error: OpenError| problem::opening(path, &error, recipients, identities))
}

/// Opens a sealed TOML file and checks everything: its path, and that the index says exactly what is sealed.
pub(super) fn open_document(
    files: &Files,
    path: &RootPath,
    identities: &mut Identities,
) -> Result<(Document, Index), Diagnostics> {
    let index = read_index(files, path, None)?;
    let sealed = read_bytes(files, path, None)?;
    let opened = open_bytes(path, &sealed, &index.recipients, identities)?;
    let document = Document::parse(&opened).map_err(|errors| problem::content(path, &errors))?;
    let Some(own) = &document.own else { return Err(no_own(path).into()) };
    check_own(path, own, &index)?;
    let values = document.values().map_err(|errors| problem::content(path, &errors))?;
    let known: Vec<(&str, &[u8])> = values.iter().map(|value| (value.path.as_str(), value.text.as_bytes())).collect();
    check_keys(&index, own, &known).map_err(|misfit| problem::misfit(path, &misfit))?;
    drop(values);
    Ok((document, index))
}

/// A sealed text without plimsoll's own table: another tool made it.
pub(super) fn no_own(path: &RootPath) -> Diagnostic {
    Diagnostic::new(&super::rules::SEALED_CONTENT, format!("`{path}` has no table `[plimsoll]`: another tool made it anew"))
        .hint(format!("`plimsoll secrets reindex {path}` gives it a key of its own and an index"))
}

/// Opens K and the recipients of a sealed folder.
pub(super) fn open_folder(files: &Files, folder: &RootPath, identities: &mut Identities) -> Result<Own, Diagnostics> {
    let path = layout::folder_file(folder);
    let (document, _) = open_document(files, &path, identities)?;
    document.own.ok_or_else(|| no_own(&path).into())
}

/// Opens a member of a sealed folder and checks its index.
pub(super) fn open_member(
    files: &Files,
    folder: &RootPath,
    own: &Own,
    member: &RootPath,
    identities: &mut Identities,
) -> Result<(Zeroizing<Vec<u8>>, Index), Diagnostics> {
    let index = read_index(files, member, None)?;
    index.check(&own.key).map_err(|misfit| problem::misfit(member, &misfit))?;
    let sealed = read_bytes(files, member, None)?;
    let bytes = open_bytes(member, &sealed, &[], identities)?;
    let path = layout::key_path(folder, member);
    check_keys(&index, own, &[(&path, &bytes)]).map_err(|misfit| problem::misfit(member, &misfit))?;
    Ok((bytes, index))
}

fn check_own(path: &RootPath, own: &Own, index: &Index) -> Result<(), Diagnostic> {
    if own.path != path.as_str() {
        return Err(problem::moved(path, &own.path));
    }
    let fits = index.check(&own.key).and_then(|()| {
        let recipients = own.recipients.iter().map(super::recipient::Recipient::as_str);
        if index.serial != own.serial {
            Err(Misfit::Serial(index.serial, own.serial))
        } else if recipients.ne(index.recipients.iter().map(String::as_str)) {
            Err(Misfit::Recipients)
        } else {
            Ok(())
        }
    });
    fits.map_err(|misfit| problem::misfit(path, &misfit))
}

/// Whether the index lists exactly these values.
fn check_keys(index: &Index, own: &Own, values: &[(&str, &[u8])]) -> Result<(), Misfit> {
    let listed: BTreeMap<&str, Fingerprint> = index.listed().collect();
    for (path, value) in values {
        let fingerprint = listed.get(path).ok_or_else(|| Misfit::Unlisted((*path).to_owned()))?;
        if *fingerprint != own.key.fingerprint(path, value) {
            return Err(Misfit::Fingerprint((*path).to_owned()));
        }
    }
    let sealed: BTreeSet<&str> = values.iter().map(|(path, _)| *path).collect();
    let extra = index.keys.iter().find(|key| !sealed.contains(key.path.as_str()));
    extra.map_or(Ok(()), |key| Err(Misfit::NotSealed(key.path.clone())))
}
