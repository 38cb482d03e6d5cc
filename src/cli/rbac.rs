//! `plimsoll rbac`

use clap::{Args, Subcommand};

use super::compile::Repository;
use super::{Context, Exit, Failure, Format};
use crate::object::emit;
use crate::rights::{self, Grant, Role, Subject};

/// Print the least roles for whoever applies, or only reads, an environment
///
/// Worked out from the bundle: a Role a namespace, a ClusterRole for what has no namespace. `--user`, `--group` or
/// `--service-account` binds them. Formats: yaml, json (roles as they are), markdown (a table of each right and what it is for).
#[derive(Debug, Args)]
pub struct RbacArgs {
    #[command(subcommand)]
    role: RoleArgs,
}

#[derive(Debug, Subcommand)]
enum RoleArgs {
    /// For `apply`, `verify`, `rollback` and `delete`
    Deployer(EnvironmentArgs),
    /// For `diff`, `plan` and `status`: no Secrets, no writes
    Reviewer(EnvironmentArgs),
}

#[derive(Debug, Args)]
struct EnvironmentArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    /// Bind the roles to this user
    #[arg(long, value_name = "NAME", group = "subject")]
    user: Option<String>,
    /// Bind the roles to this group
    #[arg(long, value_name = "NAME", group = "subject")]
    group: Option<String>,
    /// Bind the roles to this service account
    #[arg(long, value_name = "NAMESPACE/NAME", group = "subject")]
    service_account: Option<String>,
}

pub(super) fn run(args: RbacArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Yaml, Format::Json, Format::Markdown])?;
    let (role, args) = match args.role {
        RoleArgs::Deployer(args) => (Role::Deployer, args),
        RoleArgs::Reviewer(args) => (Role::Reviewer, args),
    };
    let subject = subject(&args)?;
    let compiled = Repository::open(context)?.compile(&args.environment, false)?;
    let grants = rights::needed(role, &compiled);
    if format == Format::Markdown {
        context.write(&table(&grants))?;
        return Ok(Exit::Fine);
    }
    let manifests = rights::manifests(role, &args.environment, &grants, subject.as_ref());
    let text = if format == Format::Json {
        format!("{:#}\n", serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": manifests }))
    } else {
        let texts: Result<Vec<String>, _> = manifests.iter().map(emit::yaml_value).collect();
        texts.map_err(|error| Failure::usage(error.to_string()))?.join("---\n")
    };
    context.write(&text)?;
    Ok(Exit::Fine)
}

fn subject(args: &EnvironmentArgs) -> Result<Option<Subject>, Failure> {
    if let Some(account) = &args.service_account {
        let (namespace, name) =
            account.split_once('/').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty()).ok_or_else(|| {
                Failure::usage(format!("`{account}` doesn't name a service account"))
                    .hint("write `--service-account NAMESPACE/NAME`")
            })?;
        return Ok(Some(Subject::ServiceAccount(namespace.to_owned(), name.to_owned())));
    }
    let user = args.user.clone().map(Subject::User);
    Ok(user.or_else(|| args.group.clone().map(Subject::Group)))
}

/// Each right, and what fails without it.
fn table(grants: &[Grant]) -> String {
    use std::fmt::Write;
    let mut text = "| where | right | what for |\n|---|---|---|\n".to_owned();
    for grant in grants {
        let place = grant.namespace.as_deref().map_or_else(|| "cluster".to_owned(), |namespace| format!("namespace {namespace}"));
        let group = if grant.group.is_empty() { String::new() } else { format!(".{}", grant.group) };
        let names: Vec<&str> = grant.names.iter().map(String::as_str).collect();
        let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        for (verb, why) in &grant.verbs {
            let _ = writeln!(text, "| {place} | `{verb}` {}{group}{names} | {why} |", grant.resource);
        }
    }
    text
}
