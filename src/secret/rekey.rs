//! Sealing to other recipients: the only change that takes them from the environment.

use zeroize::Zeroizing;

use super::change::{Carried, Sealer, Target, index_of_member, new_key, write};
use super::document::{Document, Own};
use super::file_key::{FileKey, KeyId};
use super::index::Index;
use super::open::open;
use super::opened::{no_own, open_bytes, open_document, open_member};
use super::recipient::Recipient;
use super::seal::{check, seal};
use super::store::read_bytes;
use super::{index_read, layout, problem};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::RootPath;
use crate::source::commit::Change;

/// What a rekey would do; shown before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RekeyPlan {
    /// Who will be able to open it, and can't now.
    pub gains: Vec<Recipient>,
    /// Who can open it now, and won't be able to open what comes. They keep what they have seen.
    pub loses: Vec<Recipient>,
    /// The path that it was sealed for, if that is another.
    pub moved_from: Option<String>,
    /// Whether the caller is among the recipients.
    pub caller_keeps: bool,
}

impl RekeyPlan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.gains.is_empty() && self.loses.is_empty() && self.moved_from.is_none()
    }
}

/// A sealed file or folder as it is now.
struct Now {
    file: RootPath,
    document: Document,
    index: Option<Index>,
    members: Vec<Member>,
}

struct Member {
    file: RootPath,
    value: Zeroizing<Vec<u8>>,
    index: Index,
}

impl Sealer<'_> {
    /// What `rekey` would do to `target`. With `moved`, a file that was sealed for another path is accepted.
    pub fn plan_rekey(&mut self, target: &Target, moved: bool) -> Result<RekeyPlan, Diagnostics> {
        let now = self.now(target, moved)?;
        let own = now.document.own.as_ref().ok_or_else(|| no_own(&now.file))?;
        check(&target.recipients).map_err(|error| problem::sealing(&target.path, &error))?;
        let without = |of: &[Recipient], other: &[Recipient]| of.iter().filter(|one| !other.contains(one)).cloned().collect();
        let caller_keeps = self.identities.recipients().any(|own| target.recipients.contains(own));
        Ok(RekeyPlan {
            gains: without(&target.recipients, &own.recipients),
            loses: without(&own.recipients, &target.recipients),
            moved_from: (own.path != now.file.as_str()).then(|| own.path.clone()),
            caller_keeps,
        })
    }

    /// Seals `target` to its recipients. K is replaced if one leaves, so that fingerprints tell them nothing any more; the
    /// index keeps the earlier fingerprint of each value.
    pub fn rekey(&mut self, target: &Target, moved: bool) -> Result<(), Diagnostics> {
        let mut now = self.now(target, moved)?;
        let Some(own) = &mut now.document.own else { return Err(no_own(&now.file).into()) };
        let leaves = own.recipients.iter().any(|one| !target.recipients.contains(one));
        let left = (own.key.clone(), own.key.id());
        if leaves {
            own.key = new_key()?;
        }
        own.recipients.clone_from(&target.recipients);
        own.path = now.file.to_string();
        own.serial += 1;
        let own = own.copy();
        let left = leaves.then_some(left);
        let mut changes: Vec<Change> = Vec::new();
        for member in &now.members {
            changes.extend(rekeyed_member(&target.path, &own, member, left.clone())?);
        }
        let carried = Carried { keys: now.index.map(|index| index.keys).unwrap_or_default(), left };
        let sealed =
            seal(now.document.to_text().as_bytes(), &own.recipients).map_err(|error| problem::sealing(&now.file, &error))?;
        let index = super::change::index_of_document(&now.file, &now.document, &own, &sealed, &carried)?;
        changes.extend([write(&now.file, sealed), write(&layout::index_of(&now.file), index.to_toml().into_bytes())]);
        self.write(&changes)
    }

    fn now(&mut self, target: &Target, moved: bool) -> Result<Now, Diagnostics> {
        let file = if layout::is_file(&target.path) { target.path.clone() } else { layout::folder_file(&target.path) };
        let (document, index) = if moved {
            self.moved_document(&file)?
        } else {
            open_document(self.files, &file, self.identities).map(|(document, index)| (document, Some(index)))?
        };
        let mut members = Vec::new();
        if !layout::is_file(&target.path) {
            let own = document.own.as_ref().ok_or_else(|| no_own(&file))?;
            let mut said = Diagnostics::new();
            for member in layout::members(self.files, &target.path, None)? {
                members.extend(said.take(self.member_now(&target.path, own, member)));
            }
            said.into_result(())?;
        }
        Ok(Now { file, document, index, members })
    }

    /// A file that may have been sealed for another path; its index, if it came along, must fit that path.
    fn moved_document(&mut self, file: &RootPath) -> Result<(Document, Option<Index>), Diagnostics> {
        let sealed = read_bytes(self.files, file, None)?;
        let opened = open_bytes(file, &sealed, &[], self.identities)?;
        let document = Document::parse(&opened).map_err(|errors| problem::content(file, &errors))?;
        let own = document.own.as_ref().ok_or_else(|| no_own(file))?;
        let index = self.index_as(file, &own.path).filter(|index| index.check(&own.key).is_ok());
        Ok((document, index))
    }

    /// The index beside `file`, read as that of the path that it was made for.
    fn index_as(&self, file: &RootPath, made_for: &str) -> Option<Index> {
        let text = self.files.text(&layout::index_of(file), None).ok()?;
        index_read::read(self.files.map(), text, &RootPath::new(made_for).ok()?).ok()
    }

    fn member_now(&mut self, folder: &RootPath, own: &Own, file: RootPath) -> Result<Member, Diagnostics> {
        let before = RootPath::new(&own.path).map(|path| path.parent()).unwrap_or_default();
        if before == *folder {
            let (value, index) = open_member(self.files, folder, own, &file, self.identities)?;
            return Ok(Member { file, value, index });
        }
        let made_for = format!("{before}{}", file.as_str().strip_prefix(folder.as_str()).unwrap_or_default());
        let moved = || problem::moved(&file, &made_for);
        let index = self.index_as(&file, &made_for).ok_or_else(moved)?;
        index.check(&own.key).map_err(|misfit| problem::misfit(&file, &misfit))?;
        let sealed = read_bytes(self.files, &file, None)?;
        let value = open(&sealed, self.identities).map_err(|error| problem::opening(&file, &error, &[], self.identities))?;
        Ok(Member { file, value, index })
    }
}

fn rekeyed_member(
    folder: &RootPath,
    own: &Own,
    member: &Member,
    left: Option<(FileKey, KeyId)>,
) -> Result<[Change; 2], Diagnostic> {
    let sealed = seal(&member.value, &own.recipients).map_err(|error| problem::sealing(&member.file, &error))?;
    let path = layout::key_path(folder, &member.file);
    let carried = Carried { keys: member.index.keys.clone(), left };
    let index = index_of_member(&member.file, &path, own, &member.value, &sealed, member.index.serial + 1, &carried);
    Ok([write(&member.file, sealed), write(&layout::index_of(&member.file), index.to_toml().into_bytes())])
}
