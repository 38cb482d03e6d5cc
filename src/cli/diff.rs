//! `plimsoll diff`

use clap::Args;

use super::against::Against;
use super::compile::Repository;
use super::{Context, Exit, Failure, Format};
use crate::change::{self, compare};
use crate::report::change::{Markdown, json, markdown, text};

/// Show how an environment differs from another state of it
///
/// Field by field, without a cluster and without a key. Sealed values are numbered masks: a changed secret shows as another
/// number. The checks don't run. Exit 1 if there are differences. Formats: text, json, markdown.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    /// What to compare with: `git:REVISION`, `env:NAME`, or `dir:PATH` with what `render` wrote
    #[arg(long, value_name = "SIDE")]
    against: Against,
}

pub(super) fn run(args: DiffArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json, Format::Markdown])?;
    let repository = Repository::open(context)?;
    let mut new = repository.compile(&args.environment, false)?.bundle.objects;
    let mut old = args.against.read(&args.environment, &repository, context)?;
    if old.rendered {
        new.iter_mut().for_each(change::shorten);
        old.objects.iter_mut().for_each(change::unmask);
    }
    let found = compare(&old.objects, &new, old.matching);
    let written = match format {
        Format::Json => json(&found, &args.environment, &args.against.to_string()),
        Format::Markdown => {
            let mut page = Markdown::default();
            markdown(&mut page, &format!("`{}` against `{}`", args.environment, args.against), &found);
            page.finish()
        }
        _ => text(&found, context.colors_output()),
    };
    context.write(&written)?;
    if matches!(args.against, Against::Environment(_)) && format == Format::Text && has_secrets(&found) {
        context.say("secrets of different sealed files can't be compared without a key: they are shown as different");
    }
    Ok(if found.is_empty() { Exit::Fine } else { Exit::Differences })
}

/// Whether a sealed text stands on both sides of a difference.
fn has_secrets(found: &change::Comparison) -> bool {
    use crate::object::Data;
    let is_sealed = |field: &change::FieldChange| {
        matches!(&field.difference, change::Difference::Changed(old, new)
            if matches!((&old.data, &new.data), (Data::Sealed(_), Data::Sealed(_))))
    };
    found.changes.iter().any(|change| change.fields.iter().any(is_sealed))
}
