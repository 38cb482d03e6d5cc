//! `plimsoll secrets unset`

use clap::Args;

use super::target::Named;
use super::work::Work;
use crate::cli::{Context, Exit, Failure};
use crate::secret::{member_key, sealed_has};

/// Take a value out
///
/// A value of a sealed TOML file goes with the comment above it; a member of a sealed folder with its index. Git's history
/// keeps what was sealed.
#[derive(Debug, Args)]
pub(super) struct UnsetArgs {
    /// An environment, or a sealed file or folder
    #[arg(value_name = "ENV|FILE")]
    target: String,
    /// The value's path; left out if FILE is a member of a sealed folder
    #[arg(value_name = "KEYPATH")]
    key: Option<String>,
    /// Which sealed file, if the environment has several
    #[arg(long, value_name = "FILE")]
    to: Option<String>,
}

pub(super) fn run(args: &UnsetArgs, context: &mut Context) -> Result<Exit, Failure> {
    let mut work = Work::open(context)?;
    let named = Named::read(context, &work.files, &args.target)?;
    let (target, key) = match (named, &args.key) {
        (Named::File { target, member: Some(member) }, None) => {
            let key = member_key(&target.path, &member);
            (target, key)
        }
        (_, None) => return Err(Failure::usage("which value? A key path is missing")),
        (named, Some(key)) => (named.one(args.to.as_deref(), |path| sealed_has(&work.files, path, key))?, key.clone()),
    };
    let changed = work.sealer().unset(&target, &key).map_err(|error| work.failure(error))?;
    context.say(&format!("took `{key}` out of `{}`", changed.file));
    Ok(Exit::Fine)
}
