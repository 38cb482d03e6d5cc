//! Objects into YAML and JSON.
//!
//! Keys stand in the order of the tree, objects in the order given. Strings are quoted wherever any reader, of YAML 1.1 or 1.2,
//! would take them for something else.

use rayon::prelude::*;
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::bundle::Object;
use super::mask::{MASKED_ANNOTATION, Mask};
use super::node::{Data, Map, Node};
use crate::secret::Sealed;

/// Gives the plaintext of a sealed text; why it can't, in words without secrets, otherwise.
pub type Reveal<'a> = dyn Fn(&Sealed) -> Result<Zeroizing<String>, String> + Sync + 'a;

/// How sealed texts are written.
#[derive(Clone, Copy)]
pub enum Form<'a> {
    /// As a [`Mask`], which the API server refuses.
    Masked,
    /// As plaintext: only for stdout, when the user asked for it.
    Revealed(&'a Reveal<'a>),
}

impl std::fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Masked => "Masked",
            Self::Revealed(_) => "Revealed",
        })
    }
}

/// Why objects can't be written: a sealed text couldn't be revealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EmitError(pub String);

/// All objects as YAML documents, each begun by `---` but the first.
///
/// # Errors
/// A sealed text that can't be revealed; never in masked form.
pub fn yaml<'a>(objects: impl IntoIterator<Item = &'a Object>, form: Form<'_>) -> Result<Zeroizing<String>, EmitError> {
    let objects: Vec<&Object> = objects.into_iter().collect();
    let documents: Vec<_> = objects.par_iter().map(|object| yaml_object(object, form)).collect::<Result<_, _>>()?;
    let size = documents.iter().map(|document| document.len() + 4).sum();
    // reserved in one piece: a growing buffer would leave copies of revealed secrets behind
    let mut out = Zeroizing::new(String::with_capacity(size));
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            out.push_str("---\n");
        }
        out.push_str(document);
    }
    Ok(out)
}

/// One object as a YAML document.
///
/// # Errors
/// As [`yaml`].
pub fn yaml_object(object: &Object, form: Form<'_>) -> Result<Zeroizing<String>, EmitError> {
    write_yaml(&Whole::new(object, form))
}

/// One value as YAML.
///
/// # Errors
/// As [`yaml`].
pub fn yaml_node(node: &Node, form: Form<'_>) -> Result<Zeroizing<String>, EmitError> {
    write_yaml(&View { node, form })
}

/// A document that holds no secret, from JSON.
///
/// # Errors
/// As [`yaml`].
pub fn yaml_value(value: &serde_json::Value) -> Result<String, EmitError> {
    write_yaml(value).map(|text| text.to_string())
}

fn write_yaml(value: &impl Serialize) -> Result<Zeroizing<String>, EmitError> {
    // no folding: folded long lines end in blanks that editors strip
    let options = serde_saphyr::ser_options! { folded_wrap_chars: 100_000_000 };
    let text = serde_saphyr::to_string_with_options(value, options).map_err(|error| EmitError(error.to_string()))?;
    Ok(Zeroizing::new(text))
}

/// All objects as a JSON `List`, indented, which kubectl takes too.
///
/// # Errors
/// As [`yaml`].
pub fn json<'a>(objects: impl IntoIterator<Item = &'a Object>, form: Form<'_>) -> Result<Zeroizing<String>, EmitError> {
    #[derive(Serialize)]
    struct List<'a> {
        #[serde(rename = "apiVersion")]
        api_version: &'static str,
        kind: &'static str,
        items: Vec<Whole<'a>>,
    }
    let items = objects.into_iter().map(|object| Whole::new(object, form)).collect();
    write_json(&List { api_version: "v1", kind: "List", items })
}

/// One object as indented JSON.
///
/// # Errors
/// As [`yaml`].
pub fn json_object(object: &Object, form: Form<'_>) -> Result<Zeroizing<String>, EmitError> {
    write_json(&Whole::new(object, form))
}

fn write_json(value: &impl Serialize) -> Result<Zeroizing<String>, EmitError> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| EmitError(error.to_string()))?;
    text.push('\n');
    Ok(Zeroizing::new(text))
}

/// A tree that can be serialized.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The tree.
    pub node: &'a Node,
    /// How sealed texts are written.
    pub form: Form<'a>,
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.node.data {
            Data::Null => serializer.serialize_unit(),
            Data::Bool(truth) => serializer.serialize_bool(*truth),
            Data::Int(number) => serializer.serialize_i64(*number),
            Data::Float(number) => serializer.serialize_f64(*number),
            Data::Text(text) => write_text(text, serializer),
            Data::Sealed(sealed) => match self.form {
                Form::Masked => Mask(sealed).serialize(serializer),
                Form::Revealed(reveal) => write_text(&reveal(sealed).map_err(S::Error::custom)?, serializer),
            },
            Data::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for node in items {
                    list.serialize_element(&View { node, form: self.form })?;
                }
                list.end()
            }
            Data::Map(map) => plain(map, self.form, serializer),
        }
    }
}

/// A text; in double quotes where libyaml's family (kubectl) can't read the block that the writer would choose: a first line that
/// begins with a tab.
fn write_text<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let is_block = text.contains('\n');
    if is_block && text.trim_start_matches(['\n', ' ']).starts_with('\t') {
        return serde_saphyr::DoubleQuoted(text).serialize(serializer);
    }
    serializer.serialize_str(text)
}

/// An object, with the annotation that makes masked ones inapplicable.
#[derive(Debug)]
struct Whole<'a> {
    object: &'a Object,
    form: Form<'a>,
    masks: usize,
}

impl<'a> Whole<'a> {
    fn new(object: &'a Object, form: Form<'a>) -> Self {
        let masks = if matches!(form, Form::Masked) { count_sealed(&object.root) } else { 0 };
        Self { object, form, masks }
    }
}

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Data::Map(map) = &self.object.root.data else {
            return View { node: &self.object.root, form: self.form }.serialize(serializer);
        };
        if self.masks == 0 {
            return plain(map, self.form, serializer);
        }
        entries(map, self.form, serializer, Some(("metadata", &Metadata { map, form: self.form, masks: self.masks })))
    }
}

/// `metadata` with the annotation added.
struct Metadata<'a> {
    map: &'a Map,
    form: Form<'a>,
    masks: usize,
}

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let empty = Map::new();
        let metadata = self.map.get("metadata").and_then(Node::as_map).unwrap_or(&empty);
        let annotations =
            Annotations { map: metadata.get("annotations").and_then(Node::as_map), form: self.form, masks: self.masks };
        entries(metadata, self.form, serializer, Some(("annotations", &annotations)))
    }
}

struct Annotations<'a> {
    map: Option<&'a Map>,
    form: Form<'a>,
    masks: usize,
}

impl Serialize for Annotations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Masked {
            values: usize,
        }
        let empty = Map::new();
        let masked = Masked { values: self.masks };
        entries(self.map.unwrap_or(&empty), self.form, serializer, Some((MASKED_ANNOTATION, &masked)))
    }
}

fn plain<S: Serializer>(map: &Map, form: Form<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    entries::<S, ()>(map, form, serializer, None)
}

/// A map in which `replaced` stands for the key's own value, or at the end if the key is absent.
fn entries<S: Serializer, R: Serialize>(
    map: &Map,
    form: Form<'_>,
    serializer: S,
    replaced: Option<(&'static str, R)>,
) -> Result<S::Ok, S::Error> {
    let mut out = serializer.serialize_map(None)?;
    let mut placed = false;
    for (key, entry) in map.iter() {
        match &replaced {
            Some((name, value)) if key == name => {
                out.serialize_entry(name, value)?;
                placed = true;
            }
            _ => out.serialize_entry(key.as_str(), &View { node: &entry.node, form })?,
        }
    }
    if let Some((name, value)) = &replaced
        && !placed
    {
        out.serialize_entry(name, value)?;
    }
    out.end()
}

/// How many sealed texts a tree holds.
pub fn count_sealed(node: &Node) -> usize {
    match &node.data {
        Data::Sealed(_) => 1,
        Data::List(items) => items.iter().map(count_sealed).sum(),
        Data::Map(map) => map.iter().map(|(_, entry)| count_sealed(&entry.node)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
