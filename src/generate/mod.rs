//! Objects that need no template: each table of the environment makes its objects, whose nodes carry the table's places.
//!
//! One file a generator. [`generate`] adds their objects behind the templates' and then sees to it that no object is made twice.

mod build;
mod config_key;
mod configmap;
mod duplicate;
mod env_file;
mod external_secret;
mod files;
mod namespace;
mod registry;
mod secret;
mod secret_type;
mod service_account;

pub(crate) use service_account::{ACCESS_GENERATOR, account_of};

use crate::diagnostic::{Diagnostics, Rule};
use crate::environment::Environment;
use crate::object::Bundle;
use crate::secret::Secrets;
use crate::source::Files;

/// The rules of this module.
pub static RULES: &[&Rule] = &[
    &config_key::CONFIG_KEY_INVALID,
    &config_key::CONFIG_KEY_TWICE,
    &duplicate::DUPLICATE_OBJECT,
    &env_file::ENV_FILE_SYNTAX,
    &files::EMPTY_GLOB,
    &files::FILE_ENTRY,
    &namespace::NAMESPACE_UNNAMED,
    &secret::SECRET_IN_GIT,
    &secret_type::SECRET_TYPE,
];

/// What generators read.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    files: &'a Files,
    environment: &'a Environment,
    secrets: &'a Secrets,
}

/// Adds what the environment's tables make, in the order of the tables: `[namespace]`, `[configmap.*]`, `[secret.*]`,
/// `[external-secret.*]`, `[service-account.*]`.
///
/// # Errors
/// Everything that is wrong in any table, and every object that is made twice.
pub fn generate(files: &Files, environment: &Environment, secrets: &Secrets, mut bundle: Bundle) -> Result<Bundle, Diagnostics> {
    let inputs = Inputs { files, environment, secrets };
    let settings = &environment.settings;
    let mut found = Diagnostics::new();
    let mut made = Vec::new();
    made.extend(settings.namespace.iter().filter_map(|table| found.take(namespace::object(inputs, table)).flatten()));
    made.extend(settings.configmaps.iter().filter_map(|table| found.take(configmap::object(inputs, table))));
    made.extend(settings.secrets.iter().filter_map(|table| found.take(secret::object(inputs, table))));
    made.extend(settings.external_secrets.iter().map(external_secret::object));
    made.extend(settings.service_accounts.iter().flat_map(service_account::objects));
    bundle.objects.extend(made);
    let default = settings.target.namespace.as_ref().map(|namespace| namespace.value.as_str());
    found.extend(duplicate::find(&bundle, default));
    found.into_result(bundle)
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
