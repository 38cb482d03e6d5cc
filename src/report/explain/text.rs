//! For people.

use std::fmt::Write;

use super::show;
use crate::effective::{Container, Mounted, Part};
use crate::explain::{FieldStory, ObjectStory, Place, TouchStory, Unused};
use crate::report::change::{Masks, yaml};

/// Longer values are cut to one line of this many characters.
const LONGEST: usize = 100;

/// A field's story.
pub fn field_text(story: &FieldStory) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}{} {}", story.object, renamed(story.renamed.as_deref()), story.path);
    for line in yaml(&story.node, &mut Masks::default()) {
        let _ = writeln!(text, "    {line}");
    }
    let _ = writeln!(text, "\nwritten by {}", place(&story.written));
    for old in &story.overrode {
        let _ = writeln!(text, "  which overrides {}", place(old));
    }
    if !story.values.is_empty() {
        let _ = writeln!(text, "\nfrom the values");
    }
    for value in &story.values {
        let shown = value.value.as_ref().map_or_else(String::new, |value| format!(" = {}", cut(value)));
        let _ = writeln!(text, "  {}{shown}", value.path);
        if let Some(set) = &value.place {
            let _ = writeln!(text, "    set by {}", place(set));
        }
        for old in &value.overrode {
            let _ = writeln!(text, "    which overrides {}", place(old));
        }
    }
    for (at, secret) in story.secrets.iter().enumerate() {
        let head = if at == 0 { "\nmade of the secrets\n" } else { "" };
        let _ = writeln!(text, "{head}  {} in {}, listed at {}", secret.path, secret.file, secret.place);
    }
    write_touches(&mut text, &story.touches, false);
    let _ = writeln!(text, "\nthe object is made by {}", story.maker);
    text
}

/// An object's story.
pub fn object_text(story: &ObjectStory) -> String {
    let mut text = String::new();
    let namespace = story.namespace.as_ref().map_or_else(String::new, |namespace| format!(" in namespace {namespace}"));
    let _ = writeln!(text, "{}{}{namespace}", story.object, renamed(story.renamed.as_deref()));
    let _ = writeln!(text, "\nmade by {}\n  {}", story.maker, place(&story.written));
    write_touches(&mut text, &story.touches, true);
    text
}

fn renamed(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" (in the cluster {name})"))
}

fn write_touches(text: &mut String, touches: &[TouchStory], paths: bool) {
    if !touches.is_empty() {
        let _ = writeln!(text, "\ntouched by");
    }
    for touch in touches {
        let _ = writeln!(text, "  {} {}", touch.by, place(&touch.place));
        if paths {
            let shown: Vec<&str> = touch.paths.iter().take(5).map(String::as_str).collect();
            let more = touch.paths.len() - shown.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(text, "    at {}{more}", shown.join(", "));
        }
    }
}

fn place(place: &Place) -> String {
    format!("{place}: {}", cut(&place.text))
}

fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    let short: String = line.chars().take(LONGEST).collect();
    if short.len() < text.trim_end().len() { format!("{short}…") } else { short }
}

/// What each container sees.
pub fn containers_text(containers: &[Container]) -> String {
    let mut text = String::new();
    for container in containers {
        let word = if container.list == "containers" { "container" } else { container.list.trim_end_matches('s') };
        let _ = writeln!(text, "{word} {}", container.name);
        let _ = writeln!(text, "  environment{}", if container.variables.is_empty() { ": none" } else { "" });
        for variable in &container.variables {
            let _ = write!(text, "    {}={}", variable.name, cut(&show(&variable.value)));
            if variable.from != "env" {
                let _ = write!(text, "   ← {}", variable.from);
            }
            if !variable.overrides.is_empty() {
                let _ = write!(text, ", over {}", variable.overrides.join(", "));
            }
            text.push('\n');
        }
        let _ = writeln!(text, "  mounts{}", if container.mounts.is_empty() { ": none" } else { "" });
        for mount in &container.mounts {
            let read_only = if mount.read_only { ", read-only" } else { "" };
            match &mount.mounted {
                Mounted::Other(words) => {
                    let _ = writeln!(text, "    {} (volume {}: {words}{read_only})", mount.path, mount.volume);
                }
                Mounted::Expression(expression, files) => {
                    let count = files.len();
                    let _ = writeln!(
                        text,
                        "    {} (volume {}: `{expression}` of its {count} files{read_only})",
                        mount.path, mount.volume
                    );
                }
                Mounted::Files(files) => {
                    let _ = writeln!(text, "    {} (volume {}{read_only})", mount.path, mount.volume);
                    for file in files {
                        let _ = writeln!(text, "      {}   ← {}{}", file.path, file.from, size(&file.value));
                    }
                }
            }
        }
    }
    text
}

/// Of public content its size; of a secret only that it is one.
fn size(part: &Part) -> String {
    match part {
        Part::Known(crate::secret::Sealed::Text(text)) => format!(", {} bytes", text.len()),
        Part::Known(_) | Part::Encoded(_) => ", sealed".to_owned(),
        Part::Binary(bytes) => format!(", {} bytes", bytes.len()),
        part => part.words().map(|words| format!(", {words}")).unwrap_or_default(),
    }
}

/// Values that nothing reads.
pub fn unused_text(found: &[Unused]) -> String {
    if found.is_empty() {
        return "every value is read by a template\n".to_owned();
    }
    let mut text = String::new();
    for unused in found {
        let _ = writeln!(text, "{} is read by no template\n    set by {}", unused.path, place(&unused.place));
        for old in &unused.overrode {
            let _ = writeln!(text, "    which overrides {}", place(old));
        }
    }
    text
}
