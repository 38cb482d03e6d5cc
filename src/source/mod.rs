//! What is read: the file door over a [`Tree`] (the disk, a git revision, memory), and the texts that [`Span`]s point into.
//!
//! Every read of a repository file goes through [`Files`]: it keeps reads inside the root, records them
//! (so that `review` knows which files an environment depends on) and gives each text an id.

pub mod commit;
mod disk;
mod files;
mod git;
mod git_tree;
mod map;
mod memory;
mod overlay;
mod path;
mod span;
pub mod write;

pub use disk::{DiskTree, find_root};
pub(crate) use files::FILE_NOT_FOUND;
pub use files::{Entry, EntryKind, Files, RULES, Tree, TreeError};
pub use git::{GIT_RULES, Git};
pub use git_tree::GitTree;
pub use map::{Source, SourceKind, SourceMap};
pub use memory::MemoryTree;
pub use overlay::{OverlayTree, is_sealed};
pub use path::{OutsideRoot, RootPath};
pub use span::{FileId, Position, Span};
