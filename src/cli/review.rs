//! `plimsoll review`

use clap::Args;

use super::compile::Repository;
use super::touched::{Side, Touched, since};
use super::{Context, Exit, Failure, Format, host};
use crate::change::{self, Comparison, Matching, compare};
use crate::diagnostic::Diagnostics;
use crate::pipeline::Compiled;
use crate::report::diagnostics::{self, Findings};
use crate::report::review::{Outcome, Review, Reviewed, json, markdown, text};
use crate::source::Git;

/// Show what a change does to every environment that it can touch
///
/// Compares the working tree with where it parted from a git revision. Needs no cluster and no key: one command for a pull
/// request. Says which environments are touched and why, what changes in their objects, which secrets and recipients change,
/// which pods are replaced, and what the checks find new. Exit 2 if an environment that is touched has errors.
/// Formats: text, json, markdown; github: annotations of what is new, on GitHub's runner also the output `changed` and the summary.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// The revision that the change is meant for, such as `origin/main`
    #[arg(long, value_name = "REV")]
    base: String,
}

pub(super) fn run(args: ReviewArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json, Format::Markdown, Format::Github])?;
    let repository = Repository::open(context)?;
    let git = Git::open(&repository.root).map_err(Failure::found)?;
    let base = git.merge_base(&args.base, "HEAD").map_err(Failure::found)?;
    let found = since(&repository, &git, &base, true)?;
    let review = Review {
        base: args.base,
        commit: base,
        environments: found.touched.into_iter().map(one).collect(),
        untouched: found.untouched,
        unread: found.unread.iter().map(ToString::to_string).collect(),
    };
    let written = match format {
        Format::Json => json(&review),
        Format::Markdown => markdown(&review),
        Format::Github => annotations(&review, git.prefix()),
        _ => text(&review, context.colors_output()),
    };
    context.write(&written)?;
    if format == Format::Github {
        let is_changed = review.environments.iter().any(|one| one.outcome.is_change());
        let names: Vec<&str> = review.environments.iter().map(|one| one.name.as_str()).collect();
        let outputs = [("changed", if is_changed { "true" } else { "false" }), ("environments", &names.join(" "))];
        host::tell(context, &outputs, &markdown(&review))?;
    }
    let has_errors = review.environments.iter().any(|one| one.found.has_errors());
    Ok(if has_errors { Exit::Invalid } else { Exit::Fine })
}

/// What the change brings that wasn't found before, where it stands in the pull request.
fn annotations(review: &Review, prefix: &str) -> String {
    let groups: Vec<Findings<'_>> = review
        .environments
        .iter()
        .map(|one| Findings { environment: Some(&one.name), ..Findings::new(&one.fresh, &one.sources) })
        .collect();
    diagnostics::github(&groups, prefix)
}

fn one(touched: Touched) -> Reviewed {
    let Touched { name, why, old, new } = touched;
    let why = why.iter().map(ToString::to_string).collect();
    let found = findings(&new);
    let known = findings(&old);
    let fresh = found.iter().filter(|one| !known.iter().any(|other| is_same(one, other))).cloned().collect();
    let outcome = match (&old.compiled, &new.compiled) {
        (_, Some(Err(_))) => Outcome::Broken,
        (Some(Err(_)), _) => Outcome::BaseBroken,
        (None, Some(Ok(new))) => Outcome::Created(compare(&[], &new.bundle.objects, Matching::Identity)),
        (Some(Ok(old)), None) => Outcome::Deleted(compare(&old.bundle.objects, &[], Matching::Identity)),
        (Some(Ok(old)), Some(Ok(new))) => changed(old, new),
        (None, None) => Outcome::Changed { objects: Comparison::default(), secrets: Vec::new(), sealed: Vec::new() },
    };
    Reviewed { name, why, outcome, found, fresh, sources: new.files.sources() }
}

fn changed(old: &Compiled, new: &Compiled) -> Outcome {
    Outcome::Changed {
        objects: compare(&old.bundle.objects, &new.bundle.objects, Matching::Identity),
        secrets: change::secrets(&old.secrets, &new.secrets),
        sealed: change::sealed_files(&old.secrets, &new.secrets),
    }
}

fn findings(side: &Side) -> Diagnostics {
    match &side.compiled {
        None => Diagnostics::new(),
        Some(Ok(compiled)) => compiled.findings.clone(),
        Some(Err(found)) => found.clone(),
    }
}

/// Whether two findings of different texts are one: places move, so they don't count.
fn is_same(one: &crate::diagnostic::Diagnostic, other: &crate::diagnostic::Diagnostic) -> bool {
    one.rule == other.rule && one.message == other.message && one.object == other.object && one.field == other.field
}
