//! Images whose tag moves: two pods of one workload may run different code.

use crate::check::pod::Pod;
use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostics, rule};

rule!(MUTABLE_TAG, "mutable-tag", Warning, "an image has no tag, or the tag `latest`");

pub(in crate::check) static CHECK: Check = Check { rules: &[&MUTABLE_TAG], scope: Scope::Pod(look) };

fn look(_: &World<'_>, pod: &Pod<'_>, found: &mut Diagnostics) {
    for (_, container) in pod.containers() {
        let Some(node) = container.get("image") else { continue };
        let Some(image) = node.as_str().filter(|image| !image.is_empty()) else { continue };
        let message = match tag(image) {
            Tag::Fixed => continue,
            Tag::None => format!("image `{image}` has no tag, which means `latest`"),
            Tag::Latest => format!("image `{image}` has the tag `latest`, which moves"),
        };
        let hint = "give a tag that never moves, or a digest: `[[transform.image]]` with `tag` or `digest`";
        found.push(finding::at(&MUTABLE_TAG, pod.object, node, message).hint(hint));
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Tag {
    Fixed,
    Latest,
    None,
}

/// A digest fixes an image whatever its tag; a `:` before a `/` belongs to the registry's port.
fn tag(image: &str) -> Tag {
    if image.contains('@') {
        return Tag::Fixed;
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    match last.split_once(':') {
        None => Tag::None,
        Some((_, "latest")) => Tag::Latest,
        Some(_) => Tag::Fixed,
    }
}

#[cfg(test)]
mod tests {
    use super::{Tag, tag};

    #[test]
    fn tags() {
        for (image, expected) in [
            ("nginx", Tag::None),
            ("localhost:5000/nginx", Tag::None),
            ("nginx:latest", Tag::Latest),
            ("localhost:5000/nginx:1.2", Tag::Fixed),
            ("nginx:latest@sha256:00", Tag::Fixed),
        ] {
            assert_eq!(tag(image), expected, "{image}");
        }
    }
}
