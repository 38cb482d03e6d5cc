//! `plimsoll verify`

use std::time::Duration;

use clap::Args;

use super::compile::{Repository, compile, failed, head};
use super::failure::exit_of;
use super::live::{self, ClusterArgs, Need, Session};
use super::{Context, Exit, Failure, Format, identities};
use crate::object::Pattern;
use crate::pipeline::Compiled;
use crate::plan::{self, duration};
use crate::report::live::{verify_json, verify_text};
use crate::secret::{Opened, SecretKey};
use crate::source::{Files, Git};
use crate::verify::{self, Options, Report, Workload};

/// Hold the environment and the mounted files of every running container against the bundle
///
/// Reads each container of each pod by `exec` (as `cat` does, through `sh` where there is one) and compares its variables, and its files
/// of ConfigMaps, Secrets and the downward API, with what the bundle gives it. Secrets are compared in memory and never shown. A
/// container that can't be read is said to be unverifiable and isn't passed. Exit 1 if a value differs or something can't be verified;
/// 3 if nothing differs but no identity opens the secrets. Formats: text, json.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    /// Compare with what this commit says, not the working tree: after another engine's apply
    #[arg(long, value_name = "REVISION")]
    commit: Option<String>,
    /// How long to wait for a rollout that is under way, and for files that the kubelet brings up to date only after a minute or so
    #[arg(long, value_name = "DURATION", default_value = "90s", value_parser = read_duration)]
    timeout: Duration,
    /// Containers, as `KIND/NAME/CONTAINER` with globs, that may be unverifiable; may be repeated
    #[arg(long, value_name = "PATTERN", value_parser = Pattern::read)]
    allow_unverifiable: Vec<Pattern>,
    #[command(flatten)]
    cluster: ClusterArgs,
}

fn read_duration(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "write numbers with units, such as `90s`, `5m` or `0s`".to_owned())
}

pub(super) fn run(args: VerifyArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let repository = Repository::open(context)?;
    let (compiled, files, commit) = source(&args, repository)?;
    let workloads = verify::expectations(&compiled.bundle);
    let opened = open(context, &files, &compiled, &verify::secrets(&workloads))?;
    let settings = &compiled.environment.settings;
    let session = Session::open(context, settings, &args.cluster, Need::Compare)?;
    let options = Options {
        bundle: &compiled.bundle,
        namespace: plan::namespace(settings),
        opened: opened.as_ref(),
        timeout: args.timeout,
        allowed: &args.allow_unverifiable,
    };
    let mut report = look(context, &session, &workloads, &options)?;
    report.environment.clone_from(&args.environment);
    report.commit = commit;
    let written = match format {
        Format::Json => verify_json(&report),
        _ => verify_text(&report, context.colors_output()),
    };
    context.write(&written)?;
    Ok(match (report.is_clean(), report.counts().not_opened) {
        (false, _) => Exit::Differences,
        (true, 0) => Exit::Fine,
        (true, _) => Exit::Refused,
    })
}

/// What is compared with: the working tree, or a commit.
fn source(args: &VerifyArgs, repository: Repository) -> Result<(Compiled, Files, Option<String>), Failure> {
    let Some(revision) = &args.commit else {
        let compiled = repository.compile(&args.environment, false)?;
        let commit = head(&repository.root);
        return Ok((compiled, repository.files, commit));
    };
    let git = Git::open(&repository.root).map_err(Failure::found)?;
    let files = Files::new(git.tree(revision).map_err(Failure::found)?);
    let commit = git.commit(revision).map_err(Failure::found)?;
    let compiled = compile(&files, &args.environment, false, Some(commit.clone()))?;
    Ok((compiled, files, Some(commit)))
}

/// Opens what is compared. No identity is no failure unless one was named: the rest is compared all the same.
fn open(context: &mut Context, files: &Files, compiled: &Compiled, keys: &[&SecretKey]) -> Result<Option<Opened>, Failure> {
    let mut identities = identities::load(context)?;
    match Opened::needed(files, &compiled.secrets, keys.iter().copied(), &mut identities) {
        Ok(opened) => Ok(Some(opened)),
        Err(found) if context.global.identity.is_none() && exit_of(&found) == Exit::Refused => {
            context.say("no identity opens the secrets: they aren't compared. Name one with `--identity FILE`");
            Ok(None)
        }
        Err(found) => Err(failed(files, found)),
    }
}

fn look(context: &mut Context, session: &Session, workloads: &[Workload], options: &Options<'_>) -> Result<Report, Failure> {
    let seconds = options.timeout.as_secs();
    let waiting = || context.say(&format!("something isn't up to date yet; looking again for up to {seconds} seconds"));
    let found = session.run(verify::verify(&session.cluster, workloads, options, waiting));
    found.map_err(|error| live::unreachable(&error))
}
