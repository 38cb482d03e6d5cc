//! For programs: schema `plimsoll.dev/explain/v1`. Members are only ever added within a version.

use serde_json::{Value, json};

use super::show;
use crate::effective::{Container, Mounted};
use crate::explain::{FieldStory, ObjectStory, Place, TouchStory, Unused};
use crate::report::change::node_json;

const SCHEMA: &str = "plimsoll.dev/explain/v1";

fn document(value: &Value) -> String {
    format!("{value:#}\n")
}

/// A field's story.
pub fn field_json(story: &FieldStory) -> String {
    let value = |value: &crate::explain::ValueStory| {
        json!({
            "path": value.path,
            "value": value.value,
            "setBy": value.place.as_ref().map(place),
            "overrides": places(&value.overrode),
        })
    };
    document(&json!({
        "schema": SCHEMA,
        "object": story.object,
        "renamed": story.renamed,
        "field": story.path,
        "value": node_json(&story.node),
        "madeBy": story.maker,
        "writtenBy": place(&story.written),
        "overrides": places(&story.overrode),
        "values": story.values.iter().map(value).collect::<Vec<_>>(),
        "secrets": story.secrets.iter().map(secret).collect::<Vec<_>>(),
        "touchedBy": touches(&story.touches),
    }))
}

fn secret(secret: &crate::explain::SecretStory) -> Value {
    json!({ "path": secret.path, "file": secret.file, "listedAt": place(&secret.place) })
}

/// An object's story.
pub fn object_json(story: &ObjectStory) -> String {
    document(&json!({
        "schema": SCHEMA,
        "object": story.object,
        "renamed": story.renamed,
        "namespace": story.namespace,
        "madeBy": story.maker,
        "writtenBy": place(&story.written),
        "touchedBy": touches(&story.touches),
    }))
}

/// What each container sees.
pub fn containers_json(object: &str, containers: &[Container]) -> String {
    document(&json!({
        "schema": SCHEMA,
        "object": object,
        "containers": containers.iter().map(container).collect::<Vec<_>>(),
    }))
}

fn container(container: &Container) -> Value {
    let variables = container.variables.iter().map(|variable| {
        json!({ "name": variable.name, "value": show(&variable.value), "from": variable.from, "overrides": variable.overrides })
    });
    let mounts = container.mounts.iter().map(|mount| {
        let expression;
        let (files, other) = match &mount.mounted {
            Mounted::Files(files) => {
                let file = |file: &crate::effective::MountedFile| {
                    json!({ "path": file.path, "from": file.from, "content": show(std::slice::from_ref(&file.value)) })
                };
                (Some(files.iter().map(file).collect::<Vec<_>>()), None)
            }
            Mounted::Expression(written, files) => {
                expression = format!("`{written}` of its {} files", files.len());
                (None, Some(&expression))
            }
            Mounted::Other(words) => (None, Some(words)),
        };
        json!({ "path": mount.path, "readOnly": mount.read_only, "volume": mount.volume, "files": files, "is": other })
    });
    json!({
        "name": container.name,
        "list": container.list,
        "pod": container.pod,
        "environment": variables.collect::<Vec<_>>(),
        "mounts": mounts.collect::<Vec<_>>(),
    })
}

/// Values that nothing reads.
pub fn unused_json(found: &[Unused]) -> String {
    let one =
        |unused: &Unused| json!({ "path": unused.path, "setBy": place(&unused.place), "overrides": places(&unused.overrode) });
    document(&json!({ "schema": SCHEMA, "unused": found.iter().map(one).collect::<Vec<_>>() }))
}

fn touches(touches: &[TouchStory]) -> Value {
    touches.iter().map(|touch| json!({ "by": touch.by, "fields": touch.paths, "place": place(&touch.place) })).collect()
}

fn places(list: &[Place]) -> Value {
    list.iter().map(place).collect()
}

fn place(place: &Place) -> Value {
    json!({ "file": place.file, "line": place.line, "column": place.column, "text": place.text })
}
