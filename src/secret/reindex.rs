//! Making indexes anew, after another tool or a merge changed sealed files.

use super::change::{Carried, Sealer, Target, index_of_document, index_of_member, write};
use super::document::{Document, Own};
use super::index::Index;
use super::opened::open_bytes;
use super::store::read_bytes;
use super::{index_read, layout, problem};
use crate::diagnostic::Diagnostics;
use crate::source::RootPath;
use crate::source::commit::Change;

/// What `reindex` did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reindexed {
    /// Sealed files whose index was made anew.
    pub indexes: Vec<RootPath>,
    /// Files that had no key of their own and were sealed again with one.
    pub adopted: Vec<RootPath>,
}

impl Sealer<'_> {
    /// Makes the index of a file, or all indexes of a folder, fit what is sealed. An index that fits stays as it is.
    ///
    /// # Errors
    /// A file can't be opened, was moved, or isn't tables of texts.
    pub fn reindex(&mut self, target: &Target) -> Result<Reindexed, Diagnostics> {
        let mut done = Reindexed::default();
        if layout::is_file(&target.path) {
            let (_, changes) = self.reindex_document(&target.path, target, &mut done)?;
            self.write(&changes)?;
            return Ok(done);
        }
        let (own, mut changes) = self.reindex_document(&layout::folder_file(&target.path), target, &mut done)?;
        let mut said = Diagnostics::new();
        for member in layout::members(self.files, &target.path, None)? {
            changes.extend(said.take(self.reindex_member(&target.path, &own, &member, &mut done)).flatten());
        }
        said.into_result(())?;
        self.write(&changes)?;
        Ok(done)
    }

    fn reindex_document(
        &mut self,
        file: &RootPath,
        target: &Target,
        done: &mut Reindexed,
    ) -> Result<(Own, Vec<Change>), Diagnostics> {
        let sealed = read_bytes(self.files, file, None)?;
        let old = self.old_index(file);
        let claimed = old.as_ref().map(|old| old.recipients.clone()).unwrap_or_default();
        let opened = open_bytes(file, &sealed, &claimed, self.identities)?;
        let mut document = Document::parse(&opened).map_err(|errors| problem::content(file, &errors))?;
        let Some(own) = &document.own else {
            super::seal::check(&target.recipients).map_err(|error| problem::sealing(file, &error))?;
            let own =
                Own { key: super::change::new_key()?, path: file.to_string(), serial: 1, recipients: target.recipients.clone() };
            document.own = Some(own.copy());
            let changes = self.sealed_document(file, &document, &Carried::default())?;
            done.adopted.push(file.clone());
            return Ok((own, changes.into()));
        };
        if own.path != file.as_str() {
            return Err(problem::moved(file, &own.path).into());
        }
        let old = old.filter(|old| old.check(&own.key).is_ok());
        let mut index = index_of_document(file, &document, own, &sealed, &Carried::from(old.as_ref()))?;
        let changes = Self::index_change(file, &mut index, old.as_ref(), done);
        Ok((own.copy(), changes.into_iter().collect()))
    }

    fn reindex_member(
        &mut self,
        folder: &RootPath,
        own: &Own,
        member: &RootPath,
        done: &mut Reindexed,
    ) -> Result<Option<Change>, Diagnostics> {
        let sealed = read_bytes(self.files, member, None)?;
        let value = open_bytes(member, &sealed, &[], self.identities)?;
        let old = self.old_index(member).filter(|old| old.check(&own.key).is_ok());
        let path = layout::key_path(folder, member);
        let carried = Carried::from(old.as_ref());
        let serial = match &old {
            Some(old) if old.fits(&sealed) => old.serial,
            Some(old) => old.serial + 1,
            None => 1,
        };
        let mut index = index_of_member(member, &path, own, &value, &sealed, serial, &carried);
        Ok(Self::index_change(member, &mut index, old.as_ref(), done))
    }

    /// The index that stands beside a file, whatever it fits.
    fn old_index(&self, file: &RootPath) -> Option<Index> {
        let text = self.files.text(&layout::index_of(file), None).ok()?;
        index_read::read(self.files.map(), text, file).ok()
    }

    fn index_change(file: &RootPath, index: &mut Index, old: Option<&Index>, done: &mut Reindexed) -> Option<Change> {
        let text = index.to_toml();
        if old.is_some_and(|old| old.to_toml() == text) {
            return None;
        }
        done.indexes.push(file.clone());
        Some(write(&layout::index_of(file), text.into_bytes()))
    }
}
