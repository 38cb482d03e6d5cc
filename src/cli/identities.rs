//! Which identities a command has.

use std::ffi::OsStr;
use std::path::Path;

use zeroize::Zeroizing;

use super::{Context, Failure, System};
use crate::secret::{Identities, IdentityError, identity_problem};

/// Files that are no larger than this are read as identities.
const MAX_SIZE: u64 = 1 << 20;

/// The identities at hand: `--identity` and nothing else, or all of `PLIMSOLL_IDENTITY`, the configuration folder,
/// `SOPS_AGE_KEY_FILE` and the usual SSH keys. None is no error here: what needs one says so.
pub(crate) fn load(context: &mut Context) -> Result<Identities, Failure> {
    let can_ask = context.system.can_prompt();
    let ask = move |prompt: &str| if can_ask { System::prompt_secret(prompt).ok().map(Zeroizing::new) } else { None };
    let mut identities = Identities::new(Box::new(ask));
    if let Some(named) = context.global.identity.clone() {
        if named == Path::new("-") {
            let content = Zeroizing::new(context.system.read_stdin()?);
            add(&mut identities, "standard input", &content)?;
        } else {
            refuse_key(named.as_os_str(), "--identity", "an argument is")?;
            add_file(context, &mut identities, &named, "`--identity`")?;
        }
        return Ok(identities);
    }
    for variable in ["PLIMSOLL_IDENTITY", "SOPS_AGE_KEY_FILE"] {
        if variable == "SOPS_AGE_KEY_FILE" {
            add_configured(context, &mut identities)?;
        }
        let Some(value) = context.system.variable(variable).map(std::ffi::OsStr::to_owned) else { continue };
        refuse_key(&value, variable, "variables are")?;
        add_file(context, &mut identities, Path::new(&value), &format!("`{variable}`"))?;
    }
    add_ssh(context, &mut identities);
    Ok(identities)
}

/// Refuses a key where its file's path belongs. The key isn't repeated.
fn refuse_key(value: &OsStr, holder: &str, seen: &str) -> Result<(), Failure> {
    let text = value.to_string_lossy().to_uppercase();
    if !["AGE-SECRET-KEY-", "AGE-PLUGIN-", "PRIVATE KEY"].iter().any(|mark| text.contains(mark)) {
        return Ok(());
    }
    Err(Failure::usage(format!("`{holder}` holds a key; it is the path of a file"))
        .hint(format!("{seen} seen by other processes; write the key to a file that only you can read")))
}

fn add_configured(context: &Context, identities: &mut Identities) -> Result<(), Failure> {
    let Some(path) = context.system.config_folder().map(|folder| folder.join("plimsoll/identity")) else { return Ok(()) };
    match context.system.read_outside(&path, MAX_SIZE) {
        Ok(content) => add(identities, &path.display().to_string(), &Zeroizing::new(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unreadable(&path, "the configuration folder", &error)),
    }
}

/// SSH keys that age can't use are most people's own business, so they are passed over.
fn add_ssh(context: &Context, identities: &mut Identities) {
    let Some(home) = context.system.home() else { return };
    for name in ["id_ed25519", "id_rsa"] {
        let path = home.join(".ssh").join(name);
        if let Ok(content) = context.system.read_outside(&path, MAX_SIZE) {
            let _ = identities.add(&path.display().to_string(), &Zeroizing::new(content));
        }
    }
}

/// The file is shown as the user named it.
fn add_file(context: &Context, identities: &mut Identities, path: &Path, named_by: &str) -> Result<(), Failure> {
    match context.system.read_outside(&context.system.absolute(path), MAX_SIZE) {
        Ok(content) => add(identities, &path.display().to_string(), &Zeroizing::new(content)),
        Err(error) => Err(unreadable(path, named_by, &error)),
    }
}

fn add(identities: &mut Identities, from: &str, content: &[u8]) -> Result<(), Failure> {
    identities.add(from, content).map_err(|error: IdentityError| Failure::found(identity_problem(&error)))
}

fn unreadable(path: &Path, named_by: &str, error: &std::io::Error) -> Failure {
    Failure::usage(format!("can't read the identity file `{}`, named by {named_by}: {error}", path.display()))
        .hint("make one with `plimsoll secrets keygen -o FILE`")
}
