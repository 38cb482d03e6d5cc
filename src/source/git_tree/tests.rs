#![expect(clippy::disallowed_methods, reason = "the tests make repositories on disk")]

use std::fs;
use std::path::Path;

use git2::{Repository, Signature};
use tempfile::TempDir;

use crate::source::{DiskTree, EntryKind, Files, Git, RootPath, Tree, TreeError};

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn commit(repository: &Repository, message: &str) {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.update_all(["*"], None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = Signature::new("t", "t@t", &git2::Time::new(0, 0)).unwrap();
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap();
}

fn path(path: &str) -> RootPath {
    RootPath::new(path).unwrap()
}

/// A repository whose root lies in the folder `deploy`.
fn example() -> (TempDir, Repository) {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init(folder.path()).unwrap();
    write(folder.path(), "outside.txt", "outside");
    write(folder.path(), "deploy/environments/dev.toml", "a = 1\n");
    write(folder.path(), "deploy/templates/x/a.yaml", "a");
    for (link, target) in [
        ("deploy/in.toml", "environments/dev.toml"),
        ("deploy/chain", "in.toml"),
        ("deploy/folder", "templates/x/../x"),
        ("deploy/out", "../outside.txt"),
        ("deploy/out-and-in", "../deploy/in.toml"),
        ("deploy/absolute", "/etc/passwd"),
        ("deploy/loop", "loop"),
        ("deploy/nowhere", "gone"),
    ] {
        std::os::unix::fs::symlink(target, folder.path().join(link)).unwrap();
    }
    commit(&repository, "one");
    (folder, repository)
}

#[test]
fn a_revision_reads_as_the_disk_does() {
    let (folder, _) = example();
    let root = folder.path().join("deploy");
    let git = Git::open(&root).unwrap();
    assert_eq!(git.prefix(), "deploy/");
    let tree = git.tree("HEAD").unwrap();
    let disk = DiskTree::new(&root).unwrap();
    for name in
        ["environments/dev.toml", "in.toml", "chain", "folder/a.yaml", "gone", "nowhere", "environments", "in.toml/x", "out"]
    {
        assert_eq!(tree.read(&path(name)), disk.read(&path(name)), "{name}");
    }
    for name in ["", "environments", "folder", "gone", "in.toml"] {
        let list = |tree: &dyn Tree| {
            tree.list(&path(name)).map(|entries| entries.into_iter().map(|entry| entry.name).collect::<Vec<_>>())
        };
        assert_eq!(list(&tree), list(&disk), "{name}");
    }
    assert_eq!(tree.read(&path("absolute")), Err(TreeError::OutsideRoot));
    assert!(matches!(tree.read(&path("loop")), Err(TreeError::Io(_))));
    // The disk knows the root's own path, git doesn't lead a link out and in again.
    assert_eq!(tree.read(&path("out-and-in")), Err(TreeError::OutsideRoot));
    let entries = tree.list(&path("")).unwrap();
    let kind = |name: &str| entries.iter().find(|entry| entry.name == name).unwrap().kind;
    assert_eq!((kind("chain"), kind("folder"), kind("out")), (EntryKind::File, EntryKind::Folder, EntryKind::Other));
}

#[test]
fn an_earlier_revision_and_what_changed_since() {
    let (folder, repository) = example();
    let root = folder.path().join("deploy");
    write(&root, "environments/dev.toml", "a = 2\n");
    commit(&repository, "two");
    write(&root, "templates/x/new.yaml", "new");
    fs::remove_file(root.join("templates/x/a.yaml")).unwrap();
    write(folder.path(), "outside.txt", "changed");
    let git = Git::open(&root).unwrap();
    let files = Files::new(git.tree("HEAD~1").unwrap());
    assert_eq!(&*files.bytes(&path("environments/dev.toml"), None).unwrap(), b"a = 1\n");
    let changed = |head| git.changed_files("HEAD~1", head).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(changed(None), ["environments/dev.toml", "templates/x/a.yaml", "templates/x/new.yaml"]);
    assert_eq!(changed(Some("HEAD")), ["environments/dev.toml"]);
    assert_eq!(git.merge_base("HEAD~1", "HEAD").unwrap(), git.commit("HEAD~1").unwrap());
    assert_eq!(git.head().unwrap().len(), 40);
}

#[test]
fn a_root_that_a_revision_lacks_is_empty() {
    let (folder, _) = example();
    fs::create_dir(folder.path().join("new")).unwrap();
    let git = Git::open(&folder.path().join("new")).unwrap();
    assert_eq!(git.tree("HEAD").unwrap().read(&path("a")), Err(TreeError::NotFound));
}

#[test]
fn a_submodule_is_not_entered() {
    let (folder, repository) = example();
    let tree = repository.head().unwrap().peel_to_tree().unwrap();
    let deploy = repository.find_tree(tree.get_name("deploy").unwrap().id()).unwrap();
    let mut builder = repository.treebuilder(Some(&deploy)).unwrap();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    builder.insert("module", head.id(), 0o160_000).unwrap();
    let deploy = builder.write().unwrap();
    let mut builder = repository.treebuilder(Some(&tree)).unwrap();
    builder.insert("deploy", deploy, 0o040_000).unwrap();
    let tree = repository.find_tree(builder.write().unwrap()).unwrap();
    let who = Signature::new("t", "t@t", &git2::Time::new(0, 0)).unwrap();
    repository.commit(Some("HEAD"), &who, &who, "module", &tree, &[&head]).unwrap();
    let tree = Git::open(&folder.path().join("deploy")).unwrap().tree("HEAD").unwrap();
    assert!(matches!(tree.read(&path("module/a")), Err(TreeError::WrongKind(_))));
    assert_eq!(tree.list(&path("")).unwrap().iter().find(|entry| entry.name == "module").unwrap().kind, EntryKind::Other);
}

#[test]
fn what_is_not_there_is_said() {
    let rule = |result: Result<_, crate::diagnostic::Diagnostic>| result.map(|_: String| ()).unwrap_err().rule.name;
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Git::open(folder.path()).unwrap_err().rule.name, "not-a-git-repository");
    let repository = Repository::init(folder.path()).unwrap();
    let git = Git::open(folder.path()).unwrap();
    assert_eq!(rule(git.head()), "git-unborn-branch");
    assert_eq!(rule(git.commit("HEAD~1")), "git-unborn-branch");
    write(folder.path(), "a", "a");
    commit(&repository, "one");
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    repository.branch("release", &head, false).unwrap();
    assert_eq!(rule(git.commit("HEAD~1")), "git-revision-not-found");
    let error = git.commit("relaese").unwrap_err();
    assert!(error.hints[0].contains("`release`"), "{error:?}");
    assert_eq!(rule(git.commit("HEAD:a")), "git-revision-not-found");
    assert_eq!(rule(git.commit("a b")), "git-revision-not-found");
    // A shallow clone is a repository with a list of commits whose parents are cut off.
    fs::write(folder.path().join(".git/shallow"), format!("{}\n", head.id())).unwrap();
    let git = Git::open(folder.path()).unwrap();
    assert_eq!(rule(git.commit("HEAD~1")), "git-shallow-clone");
    assert!(git.head().is_ok());
}
