//! `plimsoll secrets keygen`

use std::path::PathBuf;

use clap::Args;

use crate::cli::{Context, Exit, Failure, Format};
use crate::secret::generate_identity;
use crate::source::write::{Mode, NewFile, write_file};

/// Make a new identity
///
/// Writes the private key to FILE, which only you can read, and prints its recipient: what `[sealed]` tables list. The folder
/// `~/.config/plimsoll` is where identities are looked for: `-o ~/.config/plimsoll/identity`. Formats: text, json.
#[derive(Debug, Args)]
pub(super) struct KeygenArgs {
    /// Where the identity goes; never over an existing file
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(args: &KeygenArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let path = context.system.absolute(&args.output);
    let (identity, recipient) = generate_identity();
    let file = NewFile { path: path.clone(), bytes: identity.as_bytes(), mode: Mode::Private, must_be_new: true };
    write_file(&file).map_err(|error| {
        let failure = Failure::usage(format!("can't write `{}`: {error}", path.display()));
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                failure.hint("an identity is never overwritten: what is sealed to it would be lost")
            }
            _ => failure,
        }
    })?;
    if let Ok(root) = context.root()
        && path.starts_with(&root)
    {
        context.say("warning: the identity lies in the repository; never commit it (`identity-in-git`)");
    }
    if format == Format::Json {
        let document = serde_json::json!({ "schema": "plimsoll.dev/identity/v1", "file": path, "recipient": recipient.as_str() });
        context.write(&format!("{document:#}\n"))?;
    } else {
        context.write(&format!("{recipient}\n"))?;
    }
    Ok(Exit::Fine)
}
