//! The command line.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{
    Context, Exit, Failure, System, affected, apply, check, completions, delete, diff, explain, help, history, init, plan, rbac,
    render, review, rollback, schema, secrets, status, verify,
};

/// Compiles TOML environments and sealed secrets, through templates, into checked Kubernetes bundles.
///
/// The repository is the nearest folder upwards that holds `environments/`. An environment is named by its file:
/// `plimsoll render prod` compiles `environments/prod.toml`.
///
/// Exit codes: 0 fine, and for diff and verify no difference · 1 differences (diff and verify only) · 2 usage, invalid input, findings of error
/// level · 3 refused: a conflict, another cluster, no identity that opens a needed file · 6 the cluster isn't reachable, or a
/// right is missing; nothing was written · 70 a bug in plimsoll.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, max_term_width = 120, disable_help_subcommand = true)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Debug, Default, Clone, Args)]
pub struct Global {
    /// Look for the repository from this folder upwards, not from the current one
    #[arg(short = 'C', long = "root", value_name = "DIR", global = true, help_heading = "Global options")]
    pub root: Option<std::path::PathBuf>,
    /// How the result is written; each command names its own formats
    #[arg(long, value_enum, value_name = "FORMAT", global = true, help_heading = "Global options", hide_possible_values = true)]
    pub format: Option<Format>,
    /// Open sealed files with this identity file and no other; `-` reads it from stdin
    #[arg(short, long, value_name = "FILE", global = true, help_heading = "Global options")]
    pub identity: Option<std::path::PathBuf>,
    /// Colours: auto, always or never. auto is: on a terminal, and `NO_COLOR` isn't set
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        global = true,
        help_heading = "Global options",
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub color: ColorChoice,
}

/// How a result is written. Each command has some of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[value(alias = "human")]
    Text,
    /// Kubernetes manifests.
    Yaml,
    /// For programs; each document names its schema and version.
    Json,
    /// For comments on pull requests.
    #[value(alias = "md")]
    Markdown,
    /// SARIF 2.1.0.
    Sarif,
    /// Annotations as workflow commands.
    Github,
    /// JUnit XML.
    Junit,
}

impl Format {
    /// As a user writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Junit => "junit",
        }
    }
}

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands. One that isn't built isn't here.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "a doc here would take the place of the command's own, which is its help")]
pub enum Command {
    Init(init::InitArgs),
    Render(render::RenderArgs),
    Check(check::CheckArgs),
    Explain(explain::ExplainArgs),
    Review(review::ReviewArgs),
    Affected(affected::AffectedArgs),
    Diff(diff::DiffArgs),
    Plan(plan::PlanArgs),
    Apply(apply::ApplyArgs),
    Verify(verify::VerifyArgs),
    Status(status::StatusArgs),
    History(history::HistoryArgs),
    Rollback(rollback::RollbackArgs),
    Delete(delete::DeleteArgs),
    Secrets(secrets::SecretsArgs),
    Rbac(rbac::RbacArgs),
    Completions(completions::CompletionsArgs),
    Schema(schema::SchemaArgs),
    Help(help::HelpArgs),
}

impl Command {
    /// Runs it.
    pub(super) fn run(self, context: &mut Context) -> Result<Exit, Failure> {
        match self {
            Self::Init(args) => init::run(&args, context),
            Self::Render(args) => render::run(args, context),
            Self::Check(args) => check::run(args, context),
            Self::Explain(args) => explain::run(args, context),
            Self::Review(args) => review::run(args, context),
            Self::Affected(args) => affected::run(args, context),
            Self::Diff(args) => diff::run(args, context),
            Self::Plan(args) => plan::run(args, context),
            Self::Rbac(args) => rbac::run(args, context),
            Self::Completions(args) => completions::run(args, context),
            Self::Schema(args) => schema::run(args, context),
            Self::Help(args) => help::run(args, context),
            Self::Apply(args) => apply::run(args, context),
            Self::Verify(args) => verify::run(args, context),
            Self::Status(args) => status::run(args, context),
            Self::History(args) => history::run(args, context),
            Self::Rollback(args) => rollback::run(args, context),
            Self::Delete(args) => delete::run(args, context),
            Self::Secrets(args) => secrets::run(args, context),
        }
    }
}

/// Answers a command line that clap didn't take: help and version on stdout with exit 0, anything else on stderr with 2.
pub(super) fn refuse(mut error: clap::Error, arguments: &[OsString], system: System) -> Exit {
    let mut context = Context::new(system, Global::default());
    let is_about_secrets = arguments.iter().any(|argument| argument == "secrets");
    if is_about_secrets && hide_value(&mut error, arguments.iter().any(|argument| argument == "--")) {
        context.say("a value is never taken from the command line, where every process can see it: give it on stdin");
    }
    let text = error.render();
    if error.use_stderr() {
        let text = if context.colors_messages() { text.ansi().to_string() } else { text.to_string() };
        context.say(text.trim_end());
        return Exit::Invalid;
    }
    let text = if context.colors_output() { text.ansi().to_string() } else { text.to_string() };
    let written = context.write(&text).map(|()| Exit::Fine);
    context.finish(written)
}

/// Takes an argument that nobody expected out of the message: it may be a secret's value. Options are shown as they are,
/// unless there is a `--`, after which nothing is an option.
fn hide_value(error: &mut clap::Error, options_end: bool) -> bool {
    use clap::error::{ContextKind, ContextValue};
    let mut hidden = false;
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidValue] {
        let is_value = matches!(error.get(kind), Some(ContextValue::String(text)) if (options_end || !text.starts_with('-')) && !text.starts_with('<'));
        if is_value {
            error.insert(kind, ContextValue::String("VALUE".to_owned()));
            error.remove(ContextKind::Suggested);
            hidden = true;
        }
    }
    hidden
}
