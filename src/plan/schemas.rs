//! What is known offline of the bundle's kinds.

use crate::check::schema::{KindSchema, Schemas, custom_kinds};
use crate::object::emit::{Form, View};
use crate::object::{Bundle, ObjectId};

/// The minor whose schemas hold where the environment names none.
const MINOR: &str = "1.37";

/// Schemas, nearest first: of the bundle's own CRDs, the server's built-in kinds, the External Secrets Operator's.
#[derive(Debug)]
pub(super) struct KnownKinds {
    own: Schemas,
    shipped: Vec<&'static Schemas>,
}

impl KnownKinds {
    pub(super) fn of(bundle: &Bundle, minor: Option<&str>) -> Self {
        let crds = bundle.objects.iter().filter(|object| object.kind() == "CustomResourceDefinition");
        let crds: Vec<serde_json::Value> =
            crds.filter_map(|crd| serde_json::to_value(View { node: &crd.root, form: Form::Masked }).ok()).collect();
        let built_in = Schemas::builtin(minor.unwrap_or(MINOR)).or_else(|| Schemas::builtin(MINOR));
        Self { own: custom_kinds(&crds), shipped: built_in.into_iter().chain(Schemas::external_secrets()).collect() }
    }

    /// The schema of a kind.
    pub(super) fn kind(&self, id: &ObjectId) -> Option<KindSchema<'_>> {
        let own = self.own.kind(&id.group, &id.version, &id.kind);
        own.or_else(|| self.shipped.iter().find_map(|schemas| schemas.kind(&id.group, &id.version, &id.kind)))
    }
}
