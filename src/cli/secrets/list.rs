//! `plimsoll secrets list`

use clap::Args;

use super::target::Named;
use super::work::found;
use crate::cli::{Context, Exit, Failure, Format};
use crate::secret::{SealedPublic, Secrets};
use crate::source::RootPath;

/// List the key paths, without any key
///
/// From the public indexes: key path, kind, fingerprint. The fingerprints are what the indexes claim; `check --open` proves them.
/// Formats: text, json.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// An environment, or a sealed file or folder
    #[arg(value_name = "ENV|FILE")]
    target: String,
}

pub(super) fn run(args: &ListArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let files = context.files()?;
    let named = Named::read(context, &files, &args.target)?;
    let paths: Vec<RootPath> = named.targets()?.into_iter().map(|target| target.path).collect();
    let secrets = Secrets::of_files(&files, &paths).map_err(|error| found(&files, error))?;
    if format == Format::Json {
        let sealed: Vec<serde_json::Value> = secrets.sealed().iter().map(to_json).collect();
        let document = serde_json::json!({ "schema": "plimsoll.dev/secrets/v1", "sealed": sealed });
        context.write(&format!("{document:#}\n"))?;
        return Ok(Exit::Fine);
    }
    let width = secrets.iter().map(|(path, _)| path.len()).max().unwrap_or(0);
    for sealed in secrets.sealed() {
        context.write(&format!(
            "# {}: serial {}, key {}, {}\n",
            sealed.path,
            sealed.serial,
            sealed.key_id,
            count(sealed.recipients.len())
        ))?;
        for (key, _) in &sealed.keys {
            context.write(&format!("{:width$}  {:6}  {}\n", key.path, key.kind.name(), key.fingerprint))?;
        }
    }
    Ok(Exit::Fine)
}

fn count(recipients: usize) -> String {
    format!("{recipients} recipient{}", if recipients == 1 { "" } else { "s" })
}

fn to_json(sealed: &SealedPublic) -> serde_json::Value {
    let keys: Vec<serde_json::Value> = sealed
        .keys
        .iter()
        .map(|(key, index)| {
            let since: serde_json::Map<String, serde_json::Value> =
                index.unchanged_since.iter().map(|(id, fingerprint)| (id.to_string(), fingerprint.hex().into())).collect();
            serde_json::json!({
                "path": key.path, "kind": key.kind.name(), "fingerprint": key.fingerprint.hex(), "file": key.file.as_str(), "unchangedSince": since,
            })
        })
        .collect();
    serde_json::json!({
        "path": sealed.path.as_str(), "serial": sealed.serial, "keyId": sealed.key_id.to_string(), "recipients": sealed.recipients, "keys": keys,
    })
}
