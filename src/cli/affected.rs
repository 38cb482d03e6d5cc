//! `plimsoll affected`

use clap::Args;

use super::compile::Repository;
use super::touched::since;
use super::{Context, Exit, Failure, Format};
use crate::source::Git;

/// List the environments that a change can touch
///
/// Those that read a file that differs between a git revision and the working tree: a name a line. Formats: text, json (which
/// says why).
#[derive(Debug, Args)]
pub struct AffectedArgs {
    /// The revision to compare with
    #[arg(long, value_name = "REV")]
    since: String,
}

pub(super) fn run(args: AffectedArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let repository = Repository::open(context)?;
    let git = Git::open(&repository.root).map_err(Failure::found)?;
    let found = since(&repository, &git, &args.since, false)?;
    if format == Format::Json {
        let one = |touched: &super::touched::Touched| {
            let why: Vec<&str> = touched.why.iter().map(crate::source::RootPath::as_str).collect();
            serde_json::json!({ "name": touched.name, "why": why })
        };
        let document = serde_json::json!({
            "schema": "plimsoll.dev/affected/v1",
            "since": args.since,
            "environments": found.touched.iter().map(one).collect::<Vec<_>>(),
            "untouched": found.untouched,
        });
        context.write(&format!("{document:#}\n"))?;
    } else {
        for touched in &found.touched {
            context.write(&format!("{}\n", touched.name))?;
        }
    }
    Ok(Exit::Fine)
}
