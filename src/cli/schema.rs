//! `plimsoll schema`

use clap::Args;

use super::{Context, Exit, Failure, Format};
use crate::environment::json_schema;

/// Print the JSON Schema of environment files
///
/// For editors that complete and check TOML (taplo, Even Better TOML, Tombi): `plimsoll schema > environment.schema.json`, then
/// `#:schema ../environment.schema.json` in the first line of an environment, or a rule in `.taplo.toml`:
/// `[[rule]] include = ["environments/*.toml"]`, `schema.path = "environment.schema.json"`.
#[derive(Debug, Args)]
pub struct SchemaArgs {}

pub(super) fn run(_: SchemaArgs, context: &mut Context) -> Result<Exit, Failure> {
    context.format(&[Format::Json])?;
    context.write(&format!("{:#}\n", json_schema()))?;
    Ok(Exit::Fine)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::cli::Exit;
    use crate::cli::testing::plimsoll;

    #[test]
    fn the_schema_is_a_result_and_needs_no_repository() {
        let ran = plimsoll(Path::new("/"), &["schema"]);
        assert_eq!((ran.exit, ran.stderr.as_str()), (Exit::Fine, ""));
        let schema: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(schema["properties"]["target"]["properties"]["engine"]["enum"][1], "flux");
        assert_eq!(plimsoll(Path::new("/"), &["schema", "--format", "sarif"]).exit, Exit::Invalid);
    }
}
