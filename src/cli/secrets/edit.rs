//! `plimsoll secrets edit`

use std::ffi::{OsStr, OsString};

use clap::Args;
use zeroize::Zeroizing;

use super::target::Named;
use super::work::Work;
use crate::cli::scratch::Scratch;
use crate::cli::{Context, Exit, Failure};
use crate::secret::sealed_key_paths;

/// Edit a sealed TOML file
///
/// Opens it in `$VISUAL` or `$EDITOR`, in a folder that only you can read on a file system in memory, with the editor's backups
/// off; where that can't be had it refuses. Nothing is written if nothing was changed. Other commands that change sealed files
/// wait until the editor is closed. A member of a sealed folder is changed by `set`.
#[derive(Debug, Args)]
pub(super) struct EditArgs {
    /// An environment, or a sealed file
    #[arg(value_name = "ENV|FILE")]
    target: String,
    /// Which sealed file, if the environment has several
    #[arg(long, value_name = "FILE")]
    to: Option<String>,
    /// Use the editor though plimsoll can't turn off its backups: it keeps none
    #[arg(long)]
    trust_editor: bool,
}

pub(super) fn run(args: &EditArgs, context: &mut Context) -> Result<Exit, Failure> {
    let command = editor(context, args.trust_editor)?;
    let mut work = Work::open(context)?;
    let target = Named::read(context, &work.files, &args.target)?.one(args.to.as_deref(), |_| false)?;
    if target.path.as_str().strip_suffix(".age").is_none() {
        return Err(Failure::usage(format!("`{}` is a sealed folder", target.path))
            .hint(format!("change a member with `plimsoll secrets set {} KEYPATH`", args.target)));
    }
    let before = work.sealer().text(&target).map_err(|error| work.failure(error))?;
    let folder = context.system.memory_folder().ok_or_else(|| {
        Failure::refused("there is no file system in memory to edit on: neither `XDG_RUNTIME_DIR` nor `/dev/shm` is one")
            .hint("change single values with `plimsoll secrets set`, which needs none")
    })?;
    let scratch = Scratch::new(&folder, &file_name(target.path.file_name()), before.as_bytes())
        .map_err(|error| Failure::refused(format!("can't make a file in `{}`: {error}", folder.display())))?;
    loop {
        let status = context.system.run_shell(&command, scratch.path(), &[]);
        let status = status.map_err(|error| Failure::refused(format!("can't start the editor: {error}; nothing was changed")))?;
        let Some(status) = status else {
            context.say("interrupted; nothing was changed");
            return Ok(Exit::Interrupted);
        };
        if !status.success() {
            return Err(Failure::refused(format!("the editor ended with {status}; nothing was changed")));
        }
        let after = scratch.read().map(Zeroizing::new);
        let after = after.map_err(|error| Failure::refused(format!("the edited file is gone: {error}; nothing was changed")))?;
        let Ok(after) = std::str::from_utf8(&after) else {
            return Err(Failure::usage("the edited text isn't UTF-8; nothing was changed"));
        };
        if after.trim().is_empty() && !before.trim().is_empty() {
            return Err(Failure::usage("the edited file is empty; nothing was changed")
                .hint("to take values out, use `plimsoll secrets unset`, or leave a comment in the file"));
        }
        match work.sealer().set_text(&target, after) {
            Ok(None) => {
                context.say("nothing was changed");
                return Ok(Exit::Fine);
            }
            Ok(Some(changed)) => {
                super::say_born(context, &changed);
                let kept = sealed_key_paths(after);
                for path in sealed_key_paths(&before).difference(&kept) {
                    context.say(&format!("took out `{path}`"));
                }
                context.say(&format!("sealed `{}`", changed.file));
                return Ok(Exit::Fine);
            }
            Err(error) if context.system.is_interactive() => {
                context.say_findings(&error, &work.files.sources());
                let answer = context.system.ask("Edit again? [Y/n] ")?;
                if answer.trim().eq_ignore_ascii_case("n") {
                    return Err(Failure::refused("nothing was changed"));
                }
            }
            Err(error) => return Err(work.failure(error)),
        }
    }
}

/// `prod.secrets.age` is shown to the editor as `prod.secrets.toml`, so that it knows the language.
fn file_name(sealed: &str) -> String {
    format!("{}.toml", sealed.strip_suffix(".age").unwrap_or(sealed))
}

/// The editor's command line with its backups, swap files and histories off.
fn editor(context: &Context, trusted: bool) -> Result<OsString, Failure> {
    let Some(command) = context.system.editor() else {
        return Err(
            Failure::usage("neither `VISUAL` nor `EDITOR` is set").hint("for example: `EDITOR=vim plimsoll secrets edit …`")
        );
    };
    let name = program(command);
    let off = match name.as_str() {
        "vim" | "nvim" | "vi" | "gvim" => " -n -i NONE -c 'set nobackup nowritebackup noswapfile noundofile'",
        "nano" => " --ignorercfiles",
        "emacs" => " --eval '(setq make-backup-files nil auto-save-default nil create-lockfiles nil)'",
        "hx" | "helix" | "ed" => "",
        "micro" => " -backup off -savehistory off -saveundo off",
        _ if trusted => "",
        _ => {
            return Err(Failure::refused(format!("plimsoll doesn't know how to turn off the backups of the editor `{name}`"))
                .hint("use vim, nvim, nano, emacs, helix or micro; or say `--trust-editor` if it keeps no copies"));
        }
    };
    let mut line = command.to_owned();
    line.push(off);
    Ok(line)
}

/// The name of the program that a command line starts.
fn program(command: &OsStr) -> String {
    let line = command.to_string_lossy();
    let first = line.split_whitespace().next().unwrap_or_default();
    first.rsplit('/').next().unwrap_or(first).to_owned()
}
