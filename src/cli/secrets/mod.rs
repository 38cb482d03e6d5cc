//! `plimsoll secrets`: sealed files and their keys.

mod edit;
mod get;
mod keygen;
mod list;
mod reindex;
mod rekey;
mod set;
mod target;
mod unset;
mod work;

#[cfg(test)]
mod tests;

use clap::{Args, Subcommand};

use super::{Context, Exit, Failure};
use crate::secret::Changed;

/// Make, change and read sealed files
///
/// A sealed file is an armored age file with TOML inside; its public index stands beside it. ENV|FILE is an environment, or a
/// sealed file or folder of the repository.
#[derive(Debug, Args)]
pub struct SecretsArgs {
    #[command(subcommand)]
    command: SecretsCommand,
}

#[derive(Debug, Subcommand)]
enum SecretsCommand {
    Keygen(keygen::KeygenArgs),
    Set(set::SetArgs),
    Get(get::GetArgs),
    List(list::ListArgs),
    Edit(edit::EditArgs),
    #[command(alias = "rm")]
    Unset(unset::UnsetArgs),
    Rekey(rekey::RekeyArgs),
    Reindex(reindex::ReindexArgs),
}

/// Says that a file was made, and for whom.
fn say_born(context: &mut Context, changed: &Changed) {
    let Some(recipients) = &changed.born else { return };
    context.say(&format!("made `{}`, sealed to:", changed.file));
    for recipient in recipients {
        context.say(&format!("  {recipient}"));
    }
}

pub(super) fn run(args: SecretsArgs, context: &mut Context) -> Result<Exit, Failure> {
    match args.command {
        SecretsCommand::Keygen(args) => keygen::run(&args, context),
        SecretsCommand::Set(args) => set::run(&args, context),
        SecretsCommand::Get(args) => get::run(&args, context),
        SecretsCommand::List(args) => list::run(&args, context),
        SecretsCommand::Edit(args) => edit::run(&args, context),
        SecretsCommand::Unset(args) => unset::run(&args, context),
        SecretsCommand::Rekey(args) => rekey::run(&args, context),
        SecretsCommand::Reindex(args) => reindex::run(&args, context),
    }
}
