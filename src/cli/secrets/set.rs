//! `plimsoll secrets set`

use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::target::Named;
use super::work::Work;
use crate::cli::{Context, Exit, Failure, Format};
use crate::diagnostic::Diagnostics;
use crate::secret::{Changed, Recipient, Target, member_key, recipient_problem, sealed_has};
use crate::source::RootPath;

/// Set a value
///
/// The value comes from `--file`, from stdin if that isn't a terminal, else from a prompt; never from an argument, which other
/// processes can see. One line end after a single piped line is cut, and said; `--raw` keeps it. The first value makes the file,
/// for the recipients that the environment names. Formats: text, json.
#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// An environment, or a sealed file or folder
    #[arg(value_name = "ENV|FILE")]
    target: String,
    /// The value's path, such as `registry.password`; left out if FILE is a member of a sealed folder
    #[arg(value_name = "KEYPATH")]
    key: Option<String>,
    /// Take the value from this file, byte by byte
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Take stdin byte by byte, also if it is empty
    #[arg(long)]
    raw: bool,
    /// Which sealed file, if the environment has several
    #[arg(long, value_name = "FILE")]
    to: Option<String>,
    /// Who a new file is sealed to, if no environment names it
    #[arg(long, value_name = "RECIPIENT")]
    recipient: Vec<String>,
}

pub(super) fn run(args: &SetArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let from_stdin = args.file.is_none() && !context.system.is_interactive();
    if from_stdin && context.global.identity.as_deref() == Some(Path::new("-")) {
        return Err(Failure::usage("stdin can't be both the identity and the value").hint("give the value with `--file PATH`"));
    }
    if let Some(key) = &args.key {
        check_key_path(key)?;
    }
    let mut work = Work::open(context)?;
    let named = Named::read(context, &work.files, &args.target)?;
    let (target, key, member) = place(args, named, &work)?;
    let target = with_recipients(target, &args.recipient)?;
    let value = value(args, context, &key)?;
    let changed = match &member {
        Some(member) => work.sealer().set_in_folder(&target, &key, &value, Some(member)),
        None => work.sealer().set(&target, &key, &value),
    };
    let changed = changed.map_err(|error| work.failure(error))?;
    report(context, format, &key, &changed)?;
    Ok(Exit::Fine)
}

/// Refuses what was probably meant as a value, such as `token=VALUE`: key paths stand in the public index. It isn't repeated.
fn check_key_path(key: &str) -> Result<(), Failure> {
    let is_plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.' | '/');
    if key.chars().all(is_plain) {
        return Ok(());
    }
    let message = if key.contains('=') {
        "the key path has a `=`: a value is never taken from the command line, where every process can see it"
    } else {
        "a key path has letters, digits, `_`, `-`, `.` and `/` only; what was given stands in no file, and isn't repeated here"
    };
    Err(Failure::usage(message).hint("give the key path alone, and the value on stdin or by `--file PATH`"))
}

/// The sealed file, the key path in it, and the member's file if the path named one.
fn place(args: &SetArgs, named: Named, work: &Work) -> Result<(Target, String, Option<RootPath>), Failure> {
    match (named, &args.key) {
        (Named::File { target, member: Some(member) }, None) => {
            let key = member_key(&target.path, &member);
            Ok((target, key, Some(member)))
        }
        (Named::File { member: Some(member), .. }, Some(key)) => {
            Err(Failure::usage(format!("`{member}` is one value of a sealed folder; it takes no key path `{key}`")))
        }
        (_, None) => Err(Failure::usage("which value? A key path is missing")
            .hint(format!("`plimsoll secrets set {} registry.password`", args.target))),
        (named, Some(key)) => {
            let target = named.one(args.to.as_deref(), |path| sealed_has(&work.files, path, key))?;
            Ok((target, key.clone(), None))
        }
    }
}

fn with_recipients(mut target: Target, written: &[String]) -> Result<Target, Failure> {
    if written.is_empty() {
        return Ok(target);
    }
    if !target.recipients.is_empty() {
        return Err(Failure::usage(format!("the recipients of `{}` stand in the environment that names it", target.path))
            .hint("change them there, and run `plimsoll secrets rekey`"));
    }
    let mut said = Diagnostics::new();
    for text in written {
        match Recipient::parse(text) {
            Ok(recipient) => target.recipients.push(recipient),
            Err(error) => said.push(recipient_problem(&error)),
        }
    }
    said.into_result(target).map_err(Failure::found)
}

fn value(args: &SetArgs, context: &mut Context, key: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if let Some(file) = &args.file {
        let path = context.system.absolute(file);
        let bytes = context.system.read_outside(&path, 16 << 20);
        return bytes.map(Zeroizing::new).map_err(|error| Failure::usage(format!("can't read `{}`: {error}", path.display())));
    }
    if context.system.is_interactive() {
        let asked = answer(context.system.ask_secret(&format!("Value of {key}: ")))?;
        return not_empty(Zeroizing::new(asked.as_bytes().to_vec()), args);
    }
    let mut piped = Zeroizing::new(context.system.read_stdin()?);
    if !args.raw {
        let lines = memchr::memchr_iter(b'\n', &piped).count();
        if lines == 1 && piped.last() == Some(&b'\n') {
            piped.pop();
            if piped.last() == Some(&b'\r') {
                piped.pop();
            }
            context.say("the line end after the value was cut; `--raw` keeps it");
        }
    }
    not_empty(piped, args)
}

/// The answer to a prompt; one that was closed (Ctrl-D) is none.
pub(super) fn answer(asked: std::io::Result<String>) -> Result<Zeroizing<String>, Failure> {
    asked.map(Zeroizing::new).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Failure::usage("no value was given; nothing was changed"),
        _ => Failure::usage(format!("can't ask for the value: {error}")).hint("give it on stdin or by `--file PATH`"),
    })
}

fn not_empty(value: Zeroizing<Vec<u8>>, args: &SetArgs) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if value.is_empty() && !args.raw {
        return Err(Failure::usage("the value is empty")
            .hint("did the command before the pipe fail? An empty value is taken with `--raw`"));
    }
    Ok(value)
}

fn report(context: &mut Context, format: Format, key: &str, changed: &Changed) -> Result<(), Failure> {
    let recipients: Option<Vec<&str>> = changed.born.as_ref().map(|born| born.iter().map(Recipient::as_str).collect());
    if format == Format::Json {
        let document = serde_json::json!({
            "schema": "plimsoll.dev/secret-set/v1", "file": changed.file.as_str(), "key": key, "made": recipients.is_some(), "recipients": recipients,
        });
        return context.write(&format!("{document:#}\n"));
    }
    super::say_born(context, changed);
    context.say(&format!("set `{key}` in `{}`", changed.file));
    Ok(())
}
