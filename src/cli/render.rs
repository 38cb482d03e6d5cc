//! `plimsoll render`

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use clap::Args;

use super::compile::{Repository, open};
use super::{Context, Exit, Failure, Format};
use crate::object::Object;
use crate::object::emit::{self, Form};
use crate::secret::{Sealed, reveal_text};
use crate::source::RootPath;
use crate::source::write::{FolderError, write_folder};

/// Compile an environment and print its objects
///
/// YAML on stdout, sealed values masked: where a secret belongs stands a map, which the API server refuses, so that masked
/// output is never applied by accident. Formats: yaml, json.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    /// Write one file an object into a folder that is empty or that an earlier render wrote: `dir:PATH`
    #[arg(short, long, value_name = "dir:PATH")]
    output: Option<String>,
    /// Put the secrets' values in; to stdout only. Needs an identity
    #[arg(long, conflicts_with = "output")]
    reveal: bool,
    /// Leave the checks out
    #[arg(long)]
    no_check: bool,
}

pub(super) fn run(args: RenderArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Yaml, Format::Json])?;
    let output = args.output.as_deref().map(|output| folder(output, context)).transpose()?;
    let repository = Repository::open(context)?;
    if let Some(folder) = &output {
        refuse_sources(folder, &repository.root)?;
    }
    let compiled = repository.compile(&args.environment, !args.no_check)?;
    context.say_findings(&compiled.findings, repository.files.map());
    let objects = &compiled.bundle.objects;
    match output {
        None => {
            let opened = if args.reveal { Some(open(context, &repository.files, &compiled.secrets)?) } else { None };
            let reveal = |sealed: &Sealed| match &opened {
                Some(opened) => reveal_text(sealed, opened).map_err(|error| error.message),
                None => Err("nothing is opened".to_owned()),
            };
            let form = if args.reveal { Form::Revealed(&reveal) } else { Form::Masked };
            let text = if format == Format::Json { emit::json(objects, form) } else { emit::yaml(objects, form) };
            context.write(&text.map_err(|error| Failure::usage(error.to_string()))?)?;
        }
        Some(folder) => {
            let files = split(objects, format)?;
            write_folder(&folder, &files).map_err(|error| match error {
                FolderError::Io(..) => failed_to_write(&error),
                _ => Failure::refused(error.to_string()).hint("name another folder, or empty this one"),
            })?;
            context.say(&format!("{} objects in {}", objects.len(), folder.display()));
        }
    }
    // The process ends here: taking millions of nodes apart one by one would be work for nothing. Nothing in them is secret.
    std::mem::forget(compiled);
    std::mem::forget(repository);
    Ok(Exit::Fine)
}

fn failed_to_write(error: &FolderError) -> Failure {
    Failure::usage(error.to_string())
}

fn folder(output: &str, context: &Context) -> Result<PathBuf, Failure> {
    match output.strip_prefix("dir:").filter(|path| !path.is_empty()) {
        Some(path) => Ok(context.system.absolute(path.as_ref())),
        None => Err(Failure::usage(format!("can't write to `{output}`")).hint("name a folder: `-o dir:out`")),
    }
}

/// Refuses a folder whose files would be read as sources at the next run.
fn refuse_sources(folder: &Path, root: &Path) -> Result<(), Failure> {
    let (folder, root) = (plain(folder), plain(root));
    for sources in ["templates", "environments"] {
        if folder.starts_with(root.join(sources)) {
            return Err(Failure::usage(format!("`{}` lies in `{sources}/`, which holds sources", folder.display()))
                .hint("name a folder outside of it: `-o dir:out`"));
        }
    }
    Ok(())
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// One file an object: `deployment-server.yaml`; where two would have one name, group and namespace are added to both.
fn split(objects: &[Object], format: Format) -> Result<BTreeMap<RootPath, Vec<u8>>, Failure> {
    let short = |object: &Object| file_name(&[object.kind(), object.name()]);
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for object in objects {
        *taken.entry(short(object)).or_default() += 1;
    }
    let mut files = BTreeMap::new();
    for object in objects {
        let mut name = short(object);
        if taken.get(&name).is_some_and(|count| *count > 1) {
            let parts = [object.kind(), object.name(), &object.source.group, object.namespace().unwrap_or("")];
            name = file_name(&parts);
        }
        let (extension, text) = match format {
            Format::Json => ("json", emit::json_object(object, Form::Masked)),
            _ => ("yaml", emit::yaml_object(object, Form::Masked)),
        };
        let text = text.map_err(|error| Failure::usage(error.to_string()))?;
        let path = RootPath::new(&format!("{name}.{extension}")).map_err(|error| Failure::usage(error.to_string()))?;
        files.insert(path, text.as_bytes().to_vec());
    }
    Ok(files)
}

/// The parts in lower case, joined; what no file system likes in a name is percent-encoded.
fn file_name(parts: &[&str]) -> String {
    use std::fmt::Write;
    let mut name = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if !name.is_empty() {
            name.push('-');
        }
        for c in part.to_lowercase().chars() {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') {
                name.push(c);
            } else {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(name, "%{byte:02X}");
                }
            }
        }
    }
    name
}
