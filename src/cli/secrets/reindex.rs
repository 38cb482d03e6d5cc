//! `plimsoll secrets reindex`

use clap::Args;

use super::target::Named;
use super::work::Work;
use crate::cli::{Context, Exit, Failure};

/// Make indexes fit their sealed files again
///
/// After a change with `age` or another tool, a merge, or an interrupted write. A file that has no key of its own yet gets one. What
/// fits stays as it is.
#[derive(Debug, Args)]
pub(super) struct ReindexArgs {
    /// An environment, or a sealed file or folder
    #[arg(value_name = "ENV|FILE")]
    target: String,
}

pub(super) fn run(args: &ReindexArgs, context: &mut Context) -> Result<Exit, Failure> {
    let mut work = Work::open(context)?;
    let targets = Named::read(context, &work.files, &args.target)?.targets()?;
    for target in targets {
        let done = work.sealer().reindex(&target).map_err(|error| work.failure(error))?;
        for file in &done.adopted {
            context.say(&format!("`{file}` has a key of its own now, and an index"));
        }
        for file in &done.indexes {
            context.say(&format!("the index of `{file}` was made anew"));
        }
        if done.indexes.is_empty() && done.adopted.is_empty() {
            context.say(&format!("the index of `{}` fits", target.path));
        }
    }
    Ok(Exit::Fine)
}
