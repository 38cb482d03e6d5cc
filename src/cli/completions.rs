//! `plimsoll completions`

use clap::{Args, CommandFactory, ValueEnum};

use super::{Cli, Context, Exit, Failure};

/// Write a shell's completion script
///
/// bash: `plimsoll completions bash > ~/.local/share/bash-completion/completions/plimsoll`.
/// zsh: into a folder of `$fpath`, as `_plimsoll`.
/// fish: `plimsoll completions fish > ~/.config/fish/completions/plimsoll.fish`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub(super) fn run(args: CompletionsArgs, context: &mut Context) -> Result<Exit, Failure> {
    let shell = match args.shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "plimsoll", &mut script);
    context.write_bytes(&script)?;
    Ok(Exit::Fine)
}
