//! The git door: revisions of the repository as trees, read from git's own objects, without a checkout.
//!
//! The repository is found from the root folder upwards; `GIT_DIR` and its like are not read, so that a run in a hook sees
//! the same repository as one by hand. Content filters (line ends, LFS) are not applied.
#![expect(clippy::disallowed_methods, reason = "this is the door to git")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use git2::{BranchType, Commit, Delta, DiffOptions, ErrorCode, Repository};

use super::files::Tree as _;
use super::git_tree::GitTree;
use super::path::RootPath;
use crate::diagnostic::{Diagnostic, Rule, nearest, rule};

rule!(NOT_A_GIT_REPOSITORY, "not-a-git-repository", Error, "a git revision is asked for, but the root isn't in a git repository");
rule!(GIT_REVISION_NOT_FOUND, "git-revision-not-found", Error, "a git revision that is named doesn't exist");
rule!(GIT_UNBORN_BRANCH, "git-unborn-branch", Error, "a git revision is asked for, but the branch has no commit yet");
rule!(GIT_SHALLOW_CLONE, "git-shallow-clone", Error, "a git revision isn't in this shallow clone");
rule!(GIT_UNREADABLE, "git-unreadable", Error, "git's own data can't be read");

/// The rules of this module.
pub static GIT_RULES: &[&Rule] =
    &[&NOT_A_GIT_REPOSITORY, &GIT_REVISION_NOT_FOUND, &GIT_UNBORN_BRANCH, &GIT_SHALLOW_CLONE, &GIT_UNREADABLE];

/// The git repository that a root lies in.
pub struct Git {
    repository: Arc<Mutex<Repository>>,
    /// The root's path in the working tree: empty, or ending in `/`.
    prefix: String,
}

impl std::fmt::Debug for Git {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Git").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Git {
    /// Opens the repository that `root`, an existing folder, lies in.
    pub fn open(root: &Path) -> Result<Self, Diagnostic> {
        let repository = Repository::discover(root).map_err(|error| refuse_repository(root, &error))?;
        let bare = || Diagnostic::new(&NOT_A_GIT_REPOSITORY, format!("the git repository of `{}` is bare", root.display()));
        let work = repository.workdir().ok_or_else(bare)?;
        let relative = relative(work, root)
            .ok_or_else(|| unreadable(format!("`{}` isn't in the working tree `{}`", root.display(), work.display())))?;
        let prefix = if relative.is_empty() { relative } else { format!("{relative}/") };
        Ok(Self { repository: Arc::new(Mutex::new(repository)), prefix })
    }

    /// The root's path in the working tree: empty, or ending in `/`. Reports for a whole repository put it before paths.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The commit that a revision names, in full.
    pub fn commit(&self, revision: &str) -> Result<String, Diagnostic> {
        self.with_commit(revision, |_, commit| Ok(commit.id().to_string()))
    }

    /// The commit that is checked out.
    pub fn head(&self) -> Result<String, Diagnostic> {
        self.commit("HEAD")
    }

    /// The root as it was at a revision. A root that didn't exist then is an empty tree.
    pub fn tree(&self, revision: &str) -> Result<GitTree, Diagnostic> {
        let folder = self.with_commit(revision, |_, commit| {
            let tree = commit.tree().map_err(|error| unreadable(error.message()))?;
            if self.prefix.is_empty() {
                return Ok(Some(tree.id()));
            }
            let entry = tree.get_path(Path::new(self.prefix.trim_end_matches('/'))).ok();
            Ok(entry.filter(|entry| entry.kind() == Some(git2::ObjectType::Tree)).map(|entry| entry.id()))
        })?;
        Ok(GitTree::new(self.repository.clone(), folder))
    }

    /// The commit where what `head` holds began to differ from `base`: their merge base, so that what `base` got since then
    /// doesn't count. `base` itself if the two have no history in common.
    pub fn merge_base(&self, base: &str, head: &str) -> Result<String, Diagnostic> {
        let head = self.with_commit(head, |_, commit| Ok(commit.id()))?;
        self.with_commit(base, |repository, commit| match repository.merge_base(commit.id(), head) {
            Ok(found) => Ok(found.to_string()),
            Err(error) if error.code() != ErrorCode::NotFound => Err(unreadable(error.message())),
            Err(_) if repository.is_shallow() => {
                Err(shallow(format!("where `{base}` and this branch parted isn't in this shallow clone")))
            }
            Err(_) => Ok(commit.id().to_string()),
        })
    }

    /// The files below the root that differ between `base` and `head`, or the working tree with its new files where no `head`
    /// is given. Ignored files don't count.
    pub fn changed_files(&self, base: &str, head: Option<&str>) -> Result<BTreeSet<RootPath>, Diagnostic> {
        let head = head.map(|head| self.with_commit(head, |_, commit| Ok(commit.tree_id()))).transpose()?;
        self.with_commit(base, |repository, commit| {
            let mut options = DiffOptions::new();
            options.include_untracked(true).recurse_untracked_dirs(true).disable_pathspec_match(true);
            if !self.prefix.is_empty() {
                options.pathspec(&self.prefix);
            }
            let diff = commit.tree().and_then(|old| match head {
                Some(head) => repository.diff_tree_to_tree(Some(&old), Some(&repository.find_tree(head)?), Some(&mut options)),
                None => repository.diff_tree_to_workdir_with_index(Some(&old), Some(&mut options)),
            });
            let diff = diff.map_err(|error| unreadable(error.message()))?;
            let changed = diff.deltas().filter(|delta| delta.status() != Delta::Unmodified);
            let paths = changed
                .flat_map(|delta| [delta.old_file().path().map(PathBuf::from), delta.new_file().path().map(PathBuf::from)]);
            Ok(paths.flatten().filter_map(|path| RootPath::new(path.to_str()?.strip_prefix(&self.prefix)?).ok()).collect())
        })
    }

    /// Why what was read can't be called HEAD's and published: a file (with its bytes) that HEAD doesn't hold so, a file of the sources
    /// that HEAD has and the working tree hasn't, or a HEAD that no remote-tracking ref holds. `None` if nothing is in the way.
    pub fn unclean(&self, read: &[(RootPath, Arc<[u8]>)]) -> Result<Option<String>, Diagnostic> {
        if let Some(why) = self.not_of_head(read)? {
            return Ok(Some(why));
        }
        let head = self.tree("HEAD")?;
        // What is gone was never read; it may have been a template.
        let is_read = |path: &RootPath| read.iter().any(|(read, _)| read == path);
        let is_source =
            |path: &RootPath| ["environments/", "templates/", "crds/"].iter().any(|folder| path.as_str().starts_with(folder));
        let changed = self.changed_files("HEAD", None)?;
        if let Some(path) = changed.iter().find(|path| is_source(path) && !is_read(path) && head.read(path).is_ok()) {
            return Ok(Some(format!("`{path}` isn't what HEAD holds")));
        }
        self.unpublished("HEAD")
    }

    /// The first of these files, with its bytes, that HEAD doesn't hold so, in a sentence.
    pub fn not_of_head(&self, read: &[(RootPath, Arc<[u8]>)]) -> Result<Option<String>, Diagnostic> {
        let head = self.tree("HEAD")?;
        for (path, bytes) in read {
            match head.read(path) {
                Ok(held) if held == **bytes => {}
                Ok(_) => return Ok(Some(format!("`{path}` isn't what HEAD holds"))),
                Err(_) => return Ok(Some(format!("HEAD doesn't hold `{path}`"))),
            }
        }
        Ok(None)
    }

    /// Says so if no remote-tracking ref holds a commit.
    pub fn unpublished(&self, revision: &str) -> Result<Option<String>, Diagnostic> {
        self.with_commit(revision, |repository, head| {
            let branches = repository.branches(Some(BranchType::Remote)).map_err(|error| unreadable(error.message()))?;
            let tips = branches.flatten().filter_map(|(branch, _)| branch.get().peel_to_commit().ok());
            let holds =
                |tip: &Commit<'_>| tip.id() == head.id() || repository.graph_descendant_of(tip.id(), head.id()).unwrap_or(false);
            let id = head.id().to_string();
            let is_published = tips.into_iter().any(|tip| holds(&tip));
            let short = id.get(..12).unwrap_or(&id);
            let name = if id == revision { short.to_owned() } else { format!("{revision} ({short})") };
            Ok((!is_published).then(|| format!("no remote branch holds {name}: push it first")))
        })
    }

    fn with_commit<T>(
        &self,
        revision: &str,
        work: impl FnOnce(&Repository, &Commit<'_>) -> Result<T, Diagnostic>,
    ) -> Result<T, Diagnostic> {
        let repository = self.repository.lock().unwrap_or_else(PoisonError::into_inner);
        let object = repository.revparse_single(revision).map_err(|error| refuse_revision(&repository, revision, &error))?;
        let commit = object.peel_to_commit().map_err(|_| {
            Diagnostic::new(&GIT_REVISION_NOT_FOUND, format!("`{revision}` isn't a commit"))
                .hint("name a branch, a tag or a commit, such as `main`, `v1.2` or `HEAD~1`")
        })?;
        work(&repository, &commit)
    }
}

/// `folder`'s path below `work`; both through links.
fn relative(work: &Path, folder: &Path) -> Option<String> {
    let (work, folder) = (work.canonicalize().ok()?, folder.canonicalize().ok()?);
    Some(folder.strip_prefix(work).ok()?.to_str()?.to_owned())
}

fn refuse_repository(root: &Path, error: &git2::Error) -> Diagnostic {
    match error.code() {
        ErrorCode::NotFound => Diagnostic::new(&NOT_A_GIT_REPOSITORY, format!("`{}` isn't in a git repository", root.display()))
            .hint("compare with another environment (`env:NAME`) or with a rendered folder (`dir:PATH`), or run `git init`"),
        ErrorCode::Owner => unreadable(format!("the git repository of `{}` belongs to another user", root.display()))
            .hint("if you trust it: `git config --global --add safe.directory PATH`"),
        _ => unreadable(error.message()),
    }
}

fn refuse_revision(repository: &Repository, revision: &str, error: &git2::Error) -> Diagnostic {
    if repository.head().is_err_and(|error| error.code() == ErrorCode::UnbornBranch) {
        return Diagnostic::new(&GIT_UNBORN_BRANCH, format!("there is no revision `{revision}`: the branch has no commit yet"))
            .hint("commit once, then compare");
    }
    if repository.is_shallow() {
        return shallow(format!("revision `{revision}` isn't in this shallow clone"));
    }
    let told = match error.code() {
        ErrorCode::Ambiguous => format!("`{revision}` names more than one object"),
        ErrorCode::InvalidSpec => format!("`{revision}` isn't a revision as git writes them"),
        _ => format!("there is no revision `{revision}`"),
    };
    let diagnostic = Diagnostic::new(&GIT_REVISION_NOT_FOUND, told);
    let names = names(repository);
    match nearest(revision, names.iter().map(String::as_str)) {
        Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
        None => diagnostic.hint("`git fetch` brings what others have pushed; a remote branch is named `origin/NAME`"),
    }
}

fn names(repository: &Repository) -> Vec<String> {
    let branches = repository.branches(None::<BranchType>).into_iter().flatten().flatten();
    let mut names: Vec<String> = branches.filter_map(|(branch, _)| Some(branch.name().ok()??.to_owned())).collect();
    let _ = repository.tag_foreach(|_, name| {
        names.extend(std::str::from_utf8(name).ok().and_then(|name| name.strip_prefix("refs/tags/")).map(str::to_owned));
        true
    });
    names
}

fn shallow(message: String) -> Diagnostic {
    Diagnostic::new(&GIT_SHALLOW_CLONE, message)
        .hint("`git fetch --unshallow`; in CI: `fetch-depth: 0` of actions/checkout, `GIT_DEPTH: 0` in GitLab")
}

fn unreadable(message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&GIT_UNREADABLE, message)
}
