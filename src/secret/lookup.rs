//! Finding a secret that something names, or saying which one was probably meant.

use std::sync::Arc;

use super::sealed::SecretKey;
use super::store::Secrets;
use crate::diagnostic::{Diagnostic, nearest, rule};
use crate::source::{RootPath, Span};

rule!(UNKNOWN_SECRET, "unknown-secret", Error, "a sealed value is named that no sealed file of the environment holds");

impl Secrets {
    /// The secret at a key path that stands at `span`.
    ///
    /// # Errors
    /// `unknown-secret`, with the nearest key path that there is.
    pub fn find(&self, path: &str, span: Span) -> Result<Arc<SecretKey>, Diagnostic> {
        self.get(path).cloned().ok_or_else(|| self.unknown(path, span))
    }

    /// The member of a sealed folder that stands at a path of the repository, named at `span`.
    ///
    /// # Errors
    /// `unknown-secret`, with the nearest member that there is.
    pub fn find_member(&self, file: &RootPath, span: Span) -> Result<Arc<SecretKey>, Diagnostic> {
        if let Some(secret) = self.member(file) {
            return Ok(secret.clone());
        }
        let finding = Diagnostic::new(&UNKNOWN_SECRET, format!("no sealed folder of this environment holds `{file}`"))
            .at(span, "not a sealed file");
        let members = self.iter().map(|(_, key)| key.file.as_str()).filter(|path| path.starts_with(file.parent().as_str()));
        Err(match nearest(file.as_str(), members) {
            Some(near) => finding.hint(format!("there is `{near}`")),
            None => finding.hint(format!(
                "a folder of sealed files is named in the environment: `[sealed.\"…\"]`; each file has an index beside it, which \
                 `plimsoll secrets set` writes (here: of `{}`)",
                file.file_name()
            )),
        })
    }

    /// The finding that no sealed file holds `path`.
    pub fn unknown(&self, path: &str, span: Span) -> Diagnostic {
        self.absent(path).at(span, "not a sealed value")
    }

    /// The same for a path that stands in no file: a command's argument.
    pub fn absent(&self, path: &str) -> Diagnostic {
        let finding = Diagnostic::new(&UNKNOWN_SECRET, format!("no sealed file of this environment holds `{path}`"));
        let below = format!("{path}.");
        let inner: Vec<&str> = self.iter().map(|(key, _)| key).filter(|key| key.starts_with(&below)).take(5).collect();
        if !inner.is_empty() {
            return finding.hint(format!("`{path}` is a table; name one of its values: `{}`", inner.join("`, `")));
        }
        if let Some(near) = nearest(path, self.iter().map(|(key, _)| key)) {
            return finding.hint(format!("there is `{near}`"));
        }
        if self.iter().next().is_none() {
            return finding.hint("the environment has no sealed values; name its sealed file in a `[sealed.\"FILE\"]` table");
        }
        finding.hint(format!("set it: `plimsoll secrets set ENV {path}`; `plimsoll secrets list ENV` shows what there is"))
    }
}
