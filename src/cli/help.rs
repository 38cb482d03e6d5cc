//! `plimsoll help`

use clap::{Args, CommandFactory};

use super::{Cli, Context, Exit, Failure, Format};
use crate::diagnostic::{Rule, nearest, rules};

/// Show a command's help, or the page of a rule
///
/// `help COMMAND` is the same as `COMMAND --help`. `help rule` lists all rules, `help rule NAME` shows the page of one: what
/// it means, an example that breaks it, how to mend it. Formats of `help rule`: text, json.
#[derive(Debug, Args)]
pub struct HelpArgs {
    /// A command, or `rule` with the rule's name
    #[arg(value_name = "COMMAND | rule NAME")]
    words: Vec<String>,
}

pub(super) fn run(args: HelpArgs, context: &mut Context) -> Result<Exit, Failure> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["rule" | "rules"] => list_rules(context)?,
        ["rule", name] => show_rule(name, context)?,
        path => show_command(path, context)?,
    }
    Ok(Exit::Fine)
}

fn list_rules(context: &mut Context) -> Result<(), Failure> {
    let rules = rules();
    if context.format(&[Format::Text, Format::Json])? == Format::Json {
        let list: Vec<serde_json::Value> = rules.into_iter().map(to_json).collect();
        let document = serde_json::json!({ "schema": "plimsoll.dev/rules/v1", "rules": list });
        return context.write(&format!("{document:#}\n"));
    }
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    for rule in rules {
        context.write(&format!("{:width$}  {:7}  {}\n", rule.name, rule.severity.name(), rule.summary))?;
    }
    Ok(())
}

fn show_rule(name: &str, context: &mut Context) -> Result<(), Failure> {
    let rules = rules();
    let Some(rule) = rules.iter().find(|rule| rule.name == name) else {
        let failure = Failure::usage(format!("there is no rule `{name}`"));
        return Err(match nearest(name, rules.iter().map(|rule| rule.name)) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`plimsoll help rule` lists all rules"),
        });
    };
    if context.format(&[Format::Text, Format::Json])? == Format::Json {
        let mut document = serde_json::json!({ "schema": "plimsoll.dev/rule/v1" });
        if let (Some(document), serde_json::Value::Object(rule)) = (document.as_object_mut(), to_json(rule)) {
            document.extend(rule);
        }
        return context.write(&format!("{document:#}\n"));
    }
    context.write(&format!("{}\n", rule.page.trim_end()))
}

fn to_json(rule: &Rule) -> serde_json::Value {
    serde_json::json!({
        "name": rule.name,
        "severity": rule.severity.name(),
        "summary": rule.summary,
        "page": rule.page,
    })
}

fn show_command(path: &[&str], context: &mut Context) -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    for word in path {
        let Some(next) = command.find_subcommand(word) else {
            let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            let failure = Failure::usage(format!("there is no command `{}`", path.join(" ")));
            return Err(match nearest(word, names) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint("`plimsoll --help` lists the commands"),
            });
        };
        command = next.clone();
    }
    let help = command.render_long_help();
    let text = if context.colors_output() { help.ansi().to_string() } else { help.to_string() };
    context.write(&text)
}
