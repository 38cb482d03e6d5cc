//! Other names, tags and digests of images, wherever a pod spec is.

use super::TRANSFORM_NOTHING;
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::environment::{Image, Transform};
use crate::object::podspec::{CONTAINER_LISTS, pod_spec_mut, pod_spec_paths};
use crate::object::{Bundle, Data, FieldPath, Map, Node, Object};
use crate::source::Span;

/// The parts of an image reference: `[registry[:port]/]path[:tag][@digest]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Registry and path.
    pub name: String,
    /// The tag, without `:`.
    pub tag: Option<String>,
    /// The digest, without `@`.
    pub digest: Option<String>,
}

impl Reference {
    /// Splits a reference. A colon is a tag's only behind the last slash: before it, it is a registry's port.
    pub fn read(written: &str) -> Self {
        let (rest, digest) = written.split_once('@').map_or((written, None), |(rest, digest)| (rest, Some(digest)));
        let path = rest.rfind('/').map_or(0, |at| at + 1);
        let colon = rest.get(path..).and_then(|last| last.find(':')).map(|at| path + at);
        let (name, tag) = match colon {
            Some(at) => (rest.get(..at).unwrap_or(rest), rest.get(at + 1..)),
            None => (rest, None),
        };
        Self { name: name.to_owned(), tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) }
    }

    /// Sets what `image` says: a new tag takes an old digest away, a new digest an old tag.
    fn set(&mut self, image: &Image) {
        if let Some(name) = &image.new_name {
            self.name.clone_from(&name.value);
        }
        if image.tag.is_some() || image.digest.is_some() {
            self.tag = image.tag.as_ref().map(|tag| tag.value.clone());
            self.digest = image.digest.as_ref().map(|digest| digest.value.trim_start_matches('@').to_owned());
        }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Applies all `[[transform.image]]` tables, in order. One matches an image by the name that the source wrote, or by the one that a
/// table before it gave.
pub(super) fn apply(transform: &Transform, bundle: &mut Bundle, diagnostics: &mut Diagnostics) {
    let images = &transform.images;
    if images.is_empty() {
        return;
    }
    let mut matched = vec![false; images.len()];
    let mut names = std::collections::BTreeSet::new();
    for object in &mut bundle.objects {
        edit_object(object, images, &mut matched, &mut names);
    }
    for (image, matched) in images.iter().zip(matched) {
        let changes = image.new_name.is_some() || image.tag.is_some() || image.digest.is_some();
        let finding = if !matched {
            let finding = Diagnostic::new(
                &TRANSFORM_NOTHING,
                format!("`[[transform.image]]` touches nothing: no container has the image `{}`", image.name.value),
            );
            match nearest(&image.name.value, names.iter().map(String::as_str)) {
                Some(near) => finding.hint(format!("the bundle has `{near}`")),
                None if Reference::read(&image.name.value).name != image.name.value => {
                    finding.hint("the name stands here without tag and digest")
                }
                None => finding,
            }
        } else if !changes {
            Diagnostic::new(&TRANSFORM_NOTHING, "`[[transform.image]]` changes nothing").hint("set `tag`, `digest` or `new-name`")
        } else {
            continue;
        };
        diagnostics.push(finding.at(image.name.span(), "here"));
    }
}

fn edit_object(object: &mut Object, images: &[Image], matched: &mut [bool], names: &mut std::collections::BTreeSet<String>) {
    let mut set = Vec::new();
    for path in pod_spec_paths(object) {
        let Some(spec) = pod_spec_mut(object, &path) else { continue };
        let mut edit = |map: &mut Map, here: FieldPath, field: &'static str| {
            if let Some(node) = map.get_mut(field)
                && let Some(span) = edit_image(node, images, matched, names)
            {
                set.push((here.child(field), span));
            }
        };
        for list in CONTAINER_LISTS {
            each_item(spec, list, &path, &mut |container, here| edit(container, here, "image"));
        }
        each_item(spec, "volumes", &path, &mut |volume, here| {
            if let Some(image) = volume.get_mut("image").and_then(Node::as_map_mut) {
                edit(image, here.child("image"), "reference");
            }
        });
    }
    for (path, span) in set {
        object.touch(path, "transform.image", span);
    }
}

fn each_item(spec: &mut Map, list: &'static str, base: &FieldPath, each: &mut dyn FnMut(&mut Map, FieldPath)) {
    let items = spec.get_mut(list).and_then(Node::as_list_mut).into_iter().flatten();
    for (at, item) in items.enumerate() {
        if let Some(map) = item.as_map_mut() {
            each(map, base.child(list).index(at));
        }
    }
}

/// Edits one image; gives the place of the last setting that changed it.
fn edit_image(
    node: &mut Node,
    images: &[Image],
    matched: &mut [bool],
    names: &mut std::collections::BTreeSet<String>,
) -> Option<Span> {
    let written = Reference::read(node.as_str()?);
    let mut reference = written.clone();
    let mut span = None;
    for (image, matched) in images.iter().zip(matched) {
        if image.name.value == written.name || image.name.value == reference.name {
            reference.set(image);
            *matched = true;
            span = [&image.tag, &image.digest, &image.new_name]
                .into_iter()
                .flatten()
                .map(crate::environment::Spanned::span)
                .next()
                .or(span);
        }
    }
    names.insert(written.name);
    let span = span?;
    *node = Node::new(Data::Text(reference.to_string().into()), span);
    Some(span)
}
