//! `plimsoll secrets get`

use clap::Args;

use super::target::Named;
use super::work::found;
use crate::cli::{Context, Exit, Failure, identities};
use crate::secret::{Opened, Secrets, member_key};
use crate::source::RootPath;

/// Print a value to stdout
///
/// Opens the sealed file, checks it against its index and writes the value, byte by byte; on a terminal with a line end. The only
/// command besides `render --reveal` that shows one.
#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// An environment, or a sealed file or folder
    #[arg(value_name = "ENV|FILE")]
    target: String,
    /// The value's path; left out if FILE is a member of a sealed folder
    #[arg(value_name = "KEYPATH")]
    key: Option<String>,
}

pub(super) fn run(args: &GetArgs, context: &mut Context) -> Result<Exit, Failure> {
    let files = context.files()?;
    let named = Named::read(context, &files, &args.target)?;
    let key_path = match (&named, &args.key) {
        (Named::File { target, member: Some(member) }, None) => member_key(&target.path, member),
        (_, Some(key)) => key.clone(),
        (_, None) => {
            return Err(Failure::usage("which value? A key path is missing")
                .hint(format!("`plimsoll secrets list {}` lists them", args.target)));
        }
    };
    let paths: Vec<RootPath> = named.targets()?.into_iter().map(|target| target.path).collect();
    let secrets = Secrets::of_files(&files, &paths).map_err(|error| found(&files, error))?;
    let Some(key) = secrets.get(&key_path) else { return Err(found(&files, secrets.absent(&key_path))) };
    let mut identities = identities::load(context)?;
    let opened = Opened::needed(&files, &secrets, [&**key], &mut identities).map_err(|error| found(&files, error))?;
    let value =
        crate::secret::reveal(&crate::secret::Sealed::Secret(key.clone()), &opened).map_err(|error| found(&files, error))?;
    let on_terminal = context.system.streams().stdout_is_terminal;
    if on_terminal && std::str::from_utf8(&value).is_err() {
        return Err(
            Failure::usage(format!("`{key_path}` isn't text, and stdout is a terminal")).hint("send it to a file: `> FILE`")
        );
    }
    context.write_bytes(&value)?;
    if on_terminal && value.last() != Some(&b'\n') {
        context.write("\n")?;
    }
    Ok(Exit::Fine)
}
