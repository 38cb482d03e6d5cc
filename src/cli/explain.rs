//! `plimsoll explain`

use clap::Args;

use super::compile::Repository;
use super::{Context, Exit, Failure, Format};
use crate::diagnostic::nearest;
use crate::effective::containers;
use crate::explain::{self, find};
use crate::object::{FieldPath, Node, Object, Step};
use crate::pipeline::Compiled;
use crate::report::explain::{
    containers_json, containers_text, field_json, field_text, object_json, object_text, unused_json, unused_text,
};
use crate::source::SourceMap;

/// Show where an object or a field comes from
///
/// For a field: the template line or table that wrote it, the values that it came from with file and line, the layers that
/// were overridden, the transforms that touched it. Formats: text, json.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    /// The object, as the source or as the cluster names it: `Deployment/server`
    #[arg(value_name = "KIND/NAME", required_unless_present = "unused")]
    object: Option<String>,
    /// The field: `spec.replicas`, `spec.template.spec.containers[server].image`, `data["server.toml"]`
    #[arg(value_name = "FIELD")]
    field: Option<String>,
    /// Show what each container of the object sees: its environment and its mounts, secrets masked
    #[arg(long, conflicts_with = "field")]
    env: bool,
    /// Show the values that no template reads
    #[arg(long, conflicts_with_all = ["object", "field", "env"])]
    unused: bool,
}

pub(super) fn run(args: ExplainArgs, context: &mut Context) -> Result<Exit, Failure> {
    let json = context.format(&[Format::Text, Format::Json])? == Format::Json;
    let repository = Repository::open(context)?;
    let compiled = repository.compile(&args.environment, false)?;
    let map = repository.files.map();
    let text = match &args.object {
        None => {
            let found = explain::unused(&compiled.environment, map, &compiled.rendered);
            if json { unused_json(&found) } else { unused_text(&found) }
        }
        Some(written) => one(&args, object(&compiled, written)?, &compiled, map, json)?,
    };
    context.write(&text)?;
    Ok(Exit::Fine)
}

fn one(args: &ExplainArgs, object: &Object, compiled: &Compiled, map: &SourceMap, json: bool) -> Result<String, Failure> {
    if args.env {
        let found = containers(&compiled.bundle, object);
        if found.is_empty() {
            return Err(Failure::usage(format!("`{}` has no containers", object.source)));
        }
        return Ok(if json { containers_json(&object.source.to_string(), &found) } else { containers_text(&found) });
    }
    let Some(written) = &args.field else {
        let story = explain::object(object, map, &compiled.rendered);
        return Ok(if json { object_json(&story) } else { object_text(&story) });
    };
    let (path, node) = field(object, written)?;
    let story = explain::field(object, &path, node, &compiled.environment, map, &compiled.rendered);
    Ok(if json { field_json(&story) } else { field_text(&story) })
}

fn object<'a>(compiled: &'a Compiled, written: &str) -> Result<&'a Object, Failure> {
    find(&compiled.bundle.objects, written).map_err(|near| {
        let failure = Failure::usage(format!("environment `{}` has no object `{written}`", compiled.environment.name));
        match near {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("objects are named `Kind/name`; `plimsoll render` shows them"),
        }
    })
}

fn field<'a>(object: &'a Object, written: &str) -> Result<(FieldPath, &'a Node), Failure> {
    let path = FieldPath::read(written, &object.root).map_err(|error| Failure::usage(error.to_string()))?;
    if let Some(node) = path.find(&object.root) {
        return Ok((path, node));
    }
    // The first step that leads nowhere, and what stands beside it.
    let mut here = FieldPath::root();
    for step in &path.0 {
        let mut next = here.clone();
        next.0.push(step.clone());
        if next.find(&object.root).is_some() {
            here = next;
            continue;
        }
        let failure = Failure::usage(format!("`{}` has no field `{next}`", object.source));
        let beside = here.find(&object.root).and_then(Node::as_map).map(|map| map.keys().collect::<Vec<_>>()).unwrap_or_default();
        let near = match step {
            Step::Field(field) => nearest(field, beside.iter().map(|key| key.as_str())),
            Step::Index(_) => None,
        };
        return Err(match near {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None if beside.is_empty() => failure,
            None => {
                let names: Vec<String> = beside.iter().map(|key| format!("`{key}`")).collect();
                failure.hint(format!("there are {}", names.join(", ")))
            }
        });
    }
    Err(Failure::usage(format!("`{}` has no field `{written}`", object.source)))
}
