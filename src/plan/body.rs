//! What is sent: an object as JSON, opened at the last moment, with what it must still be.

use std::io;

use zeroize::Zeroizing;

use crate::object::emit::{EmitError, Form, Reveal, View};
use crate::object::{Data, Node, Object};
use crate::planted;
use crate::secret::{Opened, Sealed, reveal_text};

/// The object as the body of an apply; with a uid and a resourceVersion it is a compare-and-set. The buffer is wiped when dropped.
///
/// # Errors
/// A sealed text that can't be opened; in words without secrets.
pub fn body(object: &Object, seen: Option<(&str, &str)>, reveal: &Reveal<'_>) -> Result<Zeroizing<Vec<u8>>, EmitError> {
    let mut root = object.root.clone();
    let seen = seen.filter(|_| !planted::is("precondition-dropped"));
    if let (Some((uid, version)), Some(metadata)) =
        (seen, root.as_map_mut().and_then(|root| root.child_map("metadata", object.span)))
    {
        metadata.set("uid", Node::text(uid, object.span));
        metadata.set("resourceVersion", Node::text(version, object.span));
    }
    let view = View { node: &root, form: Form::Revealed(reveal) };
    let failed = |error: serde_json::Error| EmitError(error.to_string());
    // Measured first: a growing buffer would leave copies of secrets behind.
    let mut size = Counter(0);
    serde_json::to_writer(&mut size, &view).map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.0));
    serde_json::to_writer(&mut *bytes, &view).map_err(failed)?;
    Ok(bytes)
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The way to plaintext of opened sealed files; without them every sealed text fails.
pub fn opener(opened: Option<&Opened>) -> impl Fn(&Sealed) -> Result<Zeroizing<String>, String> + Sync {
    move |sealed: &Sealed| match opened {
        Some(opened) => reveal_text(sealed, opened).map_err(|problem| problem.message),
        None => Err("no identity opens the sealed file".to_owned()),
    }
}

/// Whether a tree holds a sealed text.
pub(super) fn has_sealed(node: &Node) -> bool {
    match &node.data {
        Data::Sealed(_) => true,
        Data::List(items) => items.iter().any(has_sealed),
        Data::Map(map) => map.iter().any(|(_, entry)| has_sealed(&entry.node)),
        _ => false,
    }
}
