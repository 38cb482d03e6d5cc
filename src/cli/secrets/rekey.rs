//! `plimsoll secrets rekey`

use clap::Args;

use super::target::Named;
use super::work::Work;
use crate::cli::{Context, Exit, Failure};
use crate::diagnostic::Diagnostics;
use crate::secret::{Recipient, RekeyPlan, Target, recipient_problem};

/// Seal a file to the recipients that its environment names
///
/// Lists who gains and who loses, and asks; without a terminal every new recipient has to be named by `--accept`. When someone
/// loses, the file's own key is replaced too, so all fingerprints change and pods roll. Who loses has seen the values:
/// replace those.
#[derive(Debug, Args)]
pub(super) struct RekeyArgs {
    /// An environment, or a sealed file or folder
    #[arg(value_name = "ENV|FILE")]
    target: String,
    /// A new recipient that is meant to be one; once for each
    #[arg(long, value_name = "RECIPIENT")]
    accept: Vec<String>,
    /// Accept a file that was sealed for another path
    #[arg(long)]
    moved: bool,
    /// Seal it though you won't be able to open it yourself
    #[arg(long)]
    lock_me_out: bool,
    /// Which sealed file, if the environment has several; all by default
    #[arg(long, value_name = "FILE")]
    to: Option<String>,
}

pub(super) fn run(args: &RekeyArgs, context: &mut Context) -> Result<Exit, Failure> {
    let mut work = Work::open(context)?;
    let named = Named::read(context, &work.files, &args.target)?;
    let targets = match &args.to {
        Some(to) => vec![named.one(Some(to), |_| false)?],
        None => named.targets()?,
    };
    let accepted = accepted(&args.accept)?;
    let mut plans = Vec::new();
    for target in targets {
        if target.recipients.is_empty() {
            return Err(Failure::usage(format!("no environment names the recipients of `{}`", target.path))
                .hint("rekey takes them from a `[sealed]` table; add one to the environment that uses the file"));
        }
        let plan = work.sealer().plan_rekey(&target, args.moved).map_err(|error| work.failure(error))?;
        show(context, &target, &plan);
        plans.push((target, plan));
    }
    plans.retain(|(_, plan)| !plan.is_empty());
    if plans.is_empty() {
        return Ok(Exit::Fine);
    }
    if !context.system.is_interactive()
        && !args.lock_me_out
        && let Some((target, _)) = plans.iter().find(|(_, plan)| !plan.caller_keeps)
    {
        return Err(Failure::refused(format!("you couldn't open `{}` afterwards; nothing was changed", target.path))
            .hint("add your own recipient to its `[sealed]` table; or say `--lock-me-out` if it is meant so"));
    }
    consent(context, &plans, &accepted)?;
    for (target, plan) in &plans {
        work.sealer().rekey(target, args.moved).map_err(|error| work.failure(error))?;
        let recipients = if target.recipients.len() == 1 { "recipient" } else { "recipients" };
        context.say(&format!("sealed `{}` to {} {recipients}", target.path, target.recipients.len()));
        if !plan.loses.is_empty() {
            context.say("its key was replaced: all fingerprints change. Whoever lost access knows the values; replace them where they are used");
        }
    }
    Ok(Exit::Fine)
}

fn accepted(written: &[String]) -> Result<Vec<Recipient>, Failure> {
    let mut said = Diagnostics::new();
    let parsed = written
        .iter()
        .filter_map(|text| Recipient::parse(text).map_err(|error| said.push(recipient_problem(&error))).ok())
        .collect();
    said.into_result(parsed).map_err(Failure::found)
}

fn show(context: &mut Context, target: &Target, plan: &RekeyPlan) {
    if plan.is_empty() {
        context.say(&format!("`{}` is sealed to the recipients named: nothing to do", target.path));
        return;
    }
    context.say(&format!("`{}`:", target.path));
    if let Some(from) = &plan.moved_from {
        context.say(&format!("  moved from `{from}`"));
    }
    for recipient in &plan.gains {
        context.say(&format!("  + {recipient} will be able to open it"));
    }
    for recipient in &plan.loses {
        context.say(&format!("  - {recipient} won't be able to open it any more"));
    }
    if !plan.caller_keeps {
        context.say("  none of your own recipients is among them: you may lose access yourself");
    }
}

fn consent(context: &mut Context, plans: &[(Target, RekeyPlan)], accepted: &[Recipient]) -> Result<(), Failure> {
    let missing: Vec<&Recipient> = plans.iter().flat_map(|(_, plan)| &plan.gains).filter(|new| !accepted.contains(new)).collect();
    if missing.is_empty() && !accepted.is_empty() {
        return Ok(());
    }
    if context.system.is_interactive() {
        let answer = context.system.ask("Seal it so? [y/N] ")?;
        if answer.trim().eq_ignore_ascii_case("y") || answer.trim().eq_ignore_ascii_case("yes") {
            return Ok(());
        }
        return Err(Failure::refused("nothing was changed"));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let flags: Vec<String> = missing.iter().map(|recipient| format!("--accept '{recipient}'")).collect();
    Err(Failure::refused("there is no terminal to confirm the new recipients; nothing was changed")
        .hint(format!("if they are meant: `{}`", flags.join(" "))))
}
