//! `plimsoll init`

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::{Context, Exit, Failure, Format, identities};
use crate::secret::{Identities, Recipient, Sealer, Target, generate_identity, generate_password, write_problem};
use crate::source::commit::Writer;
use crate::source::write::{Mode, NewFile, write_file, write_files};
use crate::source::{DiskTree, RootPath};

/// Start a repository
///
/// Writes two environments, `dev` and `prod`, over a common base, a template and a sealed file for each with a password made
/// up just now: it renders at once. They are sealed to your identity: that of `--identity` or `PLIMSOLL_IDENTITY`, else the one
/// in `~/.config/plimsoll`, which is made if there is none. No file is ever written over. Formats: text, json.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where; made if it doesn't exist. Default: the current folder
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// The files of the new repository. `RECIPIENT` in them is the identity's.
const FILES: &[(&str, &str)] = &[
    (".gitignore", include_str!("repository/gitignore")),
    (".gitattributes", include_str!("repository/gitattributes")),
    ("environments/base.toml", include_str!("repository/environments/base.toml")),
    ("environments/dev.toml", include_str!("repository/environments/dev.toml")),
    ("environments/prod.toml", include_str!("repository/environments/prod.toml")),
    ("templates/app/deployment.yaml", include_str!("repository/templates/app/deployment.yaml")),
    ("templates/app/service.yaml", include_str!("repository/templates/app/service.yaml")),
];

/// The sealed files, each with the one value at [`KEY_PATH`].
const SEALED: &[&str] = &["environments/dev.secrets.age", "environments/prod.secrets.age"];
const KEY_PATH: &str = "app.password";

pub(super) fn run(args: &InitArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let folder = lexical(&context.system.absolute(args.folder.as_deref().unwrap_or(Path::new(""))));
    refuse_repository(&folder)?;
    let mut owner = owner(&folder, context)?;
    let (mut files, kept) = write_repository(&folder, &owner.recipient)?;
    files.extend(seal(&folder, &mut owner)?);
    for name in kept {
        context.say(&format!("`{name}` was there, and stays as it is"));
    }
    report(&Made { folder, files, owner }, format, args, context)?;
    Ok(Exit::Fine)
}

/// Whom the sealed files are for.
struct Owner {
    recipient: Recipient,
    identities: Identities,
    /// The identity's file, if it was made just now.
    new: Option<PathBuf>,
}

struct Made {
    folder: PathBuf,
    files: Vec<String>,
    owner: Owner,
}

/// The path without `.` and `..`, as a shell would show it.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => _ = clean.pop(),
            part => clean.push(part),
        }
    }
    clean
}

fn refuse_repository(folder: &Path) -> Result<(), Failure> {
    let path = folder.join("environments");
    if DiskTree::new(&path).is_ok() {
        return Err(Failure::usage(format!("`{}` is there already", path.display()))
            .hint("`init` starts a repository and changes none; an environment is added as a file of that folder"));
    }
    Ok(())
}

/// The identity that is at hand, or a new one in the user's configuration folder.
fn owner(folder: &Path, context: &mut Context) -> Result<Owner, Failure> {
    let home = context.system.config_folder().map(|folder| folder.join("plimsoll/identity"));
    let named = context.global.identity.is_some() || context.system.variable("PLIMSOLL_IDENTITY").is_some();
    let is_there = home.as_ref().is_some_and(|path| context.system.read_outside(path, 1 << 20).is_ok());
    if named || is_there {
        let identities = identities::load(context)?;
        let first = identities.recipients().next().cloned();
        return match first {
            Some(recipient) => Ok(Owner { recipient, identities, new: None }),
            None => Err(Failure::usage("the recipient of your identity can't be told without its passphrase")
                .hint("name another one: `plimsoll secrets keygen -o FILE`, then `plimsoll init --identity FILE`")),
        };
    }
    let Some(path) = home else {
        return Err(Failure::usage("there is no folder for a new identity: neither `XDG_CONFIG_HOME` nor `HOME` is set")
            .hint("make one elsewhere: `plimsoll secrets keygen -o FILE`, then `plimsoll init --identity FILE`"));
    };
    if path.starts_with(folder) {
        return Err(Failure::usage(format!("the new identity would lie in the repository: `{}`", path.display()))
            .hint("start the repository in a folder of its own: `plimsoll init DIR`"));
    }
    let (key, recipient) = generate_identity();
    let file = NewFile { path: path.clone(), bytes: key.as_bytes(), mode: Mode::Private, must_be_new: true };
    write_file(&file).map_err(|error| Failure::usage(format!("can't write the identity `{}`: {error}", path.display())))?;
    Ok(Owner { recipient, identities: identities::load(context)?, new: Some(path) })
}

/// Writes the plain files, all or none; the paths that were written, and git's files that were there and stay.
fn write_repository(folder: &Path, recipient: &Recipient) -> Result<(Vec<String>, Vec<&'static str>), Failure> {
    let write = |names: &[(&str, &str)]| {
        let texts: Vec<(PathBuf, String)> =
            names.iter().map(|(name, text)| (folder.join(name), text.replace("RECIPIENT", recipient.as_str()))).collect();
        let files: Vec<NewFile<'_>> = texts
            .iter()
            .map(|(path, text)| NewFile { path: path.clone(), bytes: text.as_bytes(), mode: Mode::Public, must_be_new: true })
            .collect();
        write_files(&files)
    };
    let (of_git, rest) = FILES.split_at(2);
    write(rest).map_err(|error| {
        Failure::usage(format!("can't write into `{}`: {error}", folder.display()))
            .hint("`init` writes over no file; name an empty folder")
    })?;
    let (mut written, mut kept) = (Vec::new(), Vec::new());
    for file in of_git {
        match write(std::slice::from_ref(file)) {
            Ok(()) => written.push(file.0.to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => kept.push(file.0),
            Err(error) => return Err(Failure::usage(format!("can't write `{}`: {error}", file.0))),
        }
    }
    written.extend(rest.iter().map(|(name, _)| (*name).to_owned()));
    Ok((written, kept))
}

/// Makes the sealed files, each with a password of its own, and their indexes.
fn seal(folder: &Path, owner: &mut Owner) -> Result<Vec<String>, Failure> {
    let writer = Writer::open(folder).map_err(|error| Failure::found(write_problem(&error)))?;
    let files = Context::open(folder)?;
    let mut made = Vec::new();
    for name in SEALED {
        let path = RootPath::new(name).map_err(|error| Failure::usage(error.to_string()))?;
        let password =
            generate_password().map_err(|error| Failure::usage(format!("the system gives no random bytes: {error}")))?;
        let mut sealer = Sealer { files: &files, writer: &writer, identities: &mut owner.identities };
        sealer
            .set(&Target { path, recipients: vec![owner.recipient.clone()] }, KEY_PATH, password.as_bytes())
            .map_err(|problems| Failure::Found(problems, Arc::clone(&files.sources())))?;
        made.push((*name).to_owned());
        made.push(format!("{}.index.toml", name.strip_suffix(".age").unwrap_or(name)));
    }
    Ok(made)
}

fn report(made: &Made, format: Format, args: &InitArgs, context: &mut Context) -> Result<(), Failure> {
    let Made { folder, files, owner } = made;
    if format == Format::Json {
        let document = serde_json::json!({
            "schema": "plimsoll.dev/init/v1",
            "folder": folder,
            "files": files,
            "recipient": owner.recipient.as_str(),
            "new-identity": owner.new,
        });
        return context.write(&format!("{document:#}\n"));
    }
    let mut text = format!("A repository in {}:\n", folder.display());
    for file in files {
        _ = writeln!(text, "  {file}");
    }
    _ = writeln!(text, "\nThe sealed files are for {}", owner.recipient);
    if let Some(path) = &owner.new {
        _ = writeln!(text, "whose identity was made just now: {}", path.display());
        text.push_str("Keep a copy: nothing else opens them. Never commit it.\n");
    }
    text.push_str("\nNext:\n");
    if let Some(folder) = &args.folder {
        _ = writeln!(text, "  cd {}", folder.display());
    }
    for (command, what) in NEXT {
        _ = writeln!(text, "  {command:44}{what}");
    }
    context.write(&text)
}

const NEXT: &[(&str, &str)] = &[
    ("plimsoll render dev", "the whole bundle, secrets masked"),
    ("plimsoll check --all", "every environment, offline"),
    ("plimsoll diff dev --against env:prod", "what differs between the two"),
    ("plimsoll secrets get dev app.password", "the password that was made up"),
    ("plimsoll schema > environment.schema.json", "for your editor's TOML plugin"),
    ("git init && git add -A", "sealed files and their indexes belong in git"),
];

#[cfg(test)]
mod tests;
