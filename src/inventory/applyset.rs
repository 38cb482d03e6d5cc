//! ApplySet's labels and annotations (KEP-3659), with plimsoll as its own tooling: kubectl refuses to touch the set, and can list it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The label of every member; its value is the set's id.
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";
/// The label of the parent; its value is the set's id.
pub const ID: &str = "applyset.kubernetes.io/id";
/// The parent's annotation that names the tool.
pub const TOOLING: &str = "applyset.kubernetes.io/tooling";
/// What it says for us.
pub const OUR_TOOLING: &str = "plimsoll/v1";
/// The parent's annotation that lists the kinds that have members, or had.
pub const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// The parent's annotation that lists the namespaces that have members, besides the parent's own.
pub const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

/// The name of an environment's inventory (a ConfigMap) and of its Lease: `plimsoll-prod`. A name that Kubernetes doesn't take is folded,
/// and told apart from others by a hash.
pub fn parent_name(environment: &str) -> String {
    let name = format!("plimsoll-{environment}");
    if is_subdomain(&name) {
        return name;
    }
    let folded: String =
        environment.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(200).collect();
    let mut name = format!("plimsoll-{}-", folded.trim_matches('-'));
    for byte in Sha256::digest(environment).iter().take(5) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// RFC 1123, as the API server holds object names to it.
fn is_subdomain(name: &str) -> bool {
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// The id of the set whose parent is the ConfigMap `name` in `namespace`.
pub fn id(name: &str, namespace: &str) -> String {
    let hash = Sha256::digest(format!("{name}.{namespace}.ConfigMap."));
    format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(hash))
}

/// The id of an environment's set, which all its members bear as label [`PART_OF`].
pub fn set_id(environment: &str, namespace: &str) -> String {
    id(&parent_name(environment), namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_as_kubectl_makes_it() {
        // KEP-3659: base64url of sha256("my-set.my-ns.ConfigMap."), by `printf … | openssl dgst -sha256 -binary | basenc --base64url`.
        insta::assert_snapshot!(id("my-set", "my-ns"), @"applyset-cH6yId20fa7Ak8MtKIBN1H8OMqIef-Q9TNkI3Rl_ufo-v1");
        assert!(id("a", "b").len() <= 63, "it is a label's value");
    }

    #[test]
    fn an_environment_s_name_becomes_an_object_s() {
        assert_eq!(parent_name("prod"), "plimsoll-prod");
        assert_eq!(parent_name("eu.prod-1"), "plimsoll-eu.prod-1");
        let odd: Vec<String> = ["Prod", "prod_eu", "prod eu", "é", "-", &"x".repeat(300)].map(parent_name).to_vec();
        assert!(odd.iter().all(|name| is_subdomain(name)), "{odd:?}");
        assert_eq!(odd.iter().collect::<std::collections::BTreeSet<_>>().len(), odd.len(), "{odd:?}");
    }
}
