//! What the server stores otherwise than it was sent.
//!
//! Three ways that are certain for Kubernetes' own types: a quantity in its canonical form, a default inside a value that has one
//! owner, and an empty value that the stored form leaves out. Each row was tried on a real API server (`tests/cluster/proof.rs`);
//! anything else is left to a dry-run.

use super::place::Place;
use super::tree::Tree;
use crate::check::schema::Shape;
use crate::object::{Data, Map, Node};

/// Defaults inside values that server-side apply takes as a whole: type, field, and what the server puts there.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("v1.ObjectFieldSelector", "apiVersion", "\"v1\""),
    ("v1.ResourceFieldSelector", "divisor", "\"0\""),
    ("v1.ServiceAccountTokenProjection", "expirationSeconds", "3600"),
    ("v1.NetworkPolicyPort", "protocol", "\"TCP\""),
    ("v1.EndpointPort", "protocol", "\"TCP\""),
    ("v1.EndpointPort", "name", "\"\""),
    ("v1.RuleWithOperations", "scope", "\"*\""),
    ("v1.PodFailurePolicyOnPodConditionsPattern", "status", "\"True\""),
    ("v1.RoleRef", "apiGroup", "\"rbac.authorization.k8s.io\""),
    ("v1.PersistentVolumeClaim", "apiVersion", "\"v1\""),
    ("v1.PersistentVolumeClaim", "kind", "\"PersistentVolumeClaim\""),
    ("v1.PersistentVolumeClaim", "status", "{\"phase\":\"Pending\"}"),
    ("v1.PersistentVolumeClaimSpec", "volumeMode", "\"Filesystem\""),
];

/// Fields that aren't stored when they have their type's zero value: in the Go types they are no pointers, and marked `omitempty`.
/// (A pointer's zero is stored; those must not stand here.)
const OMITTED: &[(&str, &[&str])] = &[
    ("v1.EnvVar", &["value"]),
    ("v1.EnvFromSource", &["prefix"]),
    ("v1.VolumeMount", &["readOnly", "subPath", "subPathExpr"]),
    ("v1.Container", &["stdin", "stdinOnce", "tty", "workingDir"]),
    ("v1.Probe", &["initialDelaySeconds"]),
    ("v1.PodSpec", &["hostNetwork", "hostPID", "hostIPC", "nodeName", "hostname", "subdomain", "priorityClassName"]),
    ("v1.DeploymentSpec", &["paused", "minReadySeconds"]),
    ("v1.StatefulSetSpec", &["minReadySeconds"]),
    ("v1.DaemonSetSpec", &["minReadySeconds"]),
    ("v1.ReplicaSetSpec", &["minReadySeconds"]),
    ("v1.PriorityClass", &["globalDefault", "description"]),
    ("v1.ServiceSpec", &["publishNotReadyAddresses", "externalName", "loadBalancerIP"]),
    ("v1.EmptyDirVolumeSource", &["medium"]),
    ("v1.Toleration", &["key", "operator", "value", "effect"]),
];

/// Whether the server adds this field with this value to `map` by itself.
pub(super) fn is_default(place: Place<'_>, map: &Map, field: &str, live: &Tree<'_>) -> bool {
    if place.is("v1.Subject") && field == "apiGroup" {
        let kind = map.get("kind").and_then(Node::as_str);
        return matches!(kind, Some("User" | "Group")) && live.as_str() == Some("rbac.authorization.k8s.io");
    }
    let row = DEFAULTS.iter().find(|(definition, name, _)| *name == field && place.is(definition));
    row.is_some_and(|(_, _, default)| serde_json::from_str::<Tree<'_>>(default).is_ok_and(|default| default == *live))
}

/// Kinds that take an empty list or map in their spec for another spec than an absent one: each apply counts their generation up, so
/// it is never without effect (their strategies compare with `reflect.DeepEqual`, all others' with `Semantic.DeepEqual`).
pub(super) fn counts_empty(kind: &str) -> bool {
    matches!(kind, "NetworkPolicy" | "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration")
}

/// Whether the field, sent like this, isn't stored at all.
pub(super) fn is_dropped(place: Place<'_>, field: &str, node: &Node) -> bool {
    let zero = match &node.data {
        Data::Map(map) => return map.is_empty() && place.drops_empty(field),
        Data::List(items) => return items.is_empty() && place.drops_empty(field),
        Data::Text(text) => text.is_empty(),
        Data::Bool(truth) => !truth,
        Data::Int(number) => *number == 0,
        _ => false,
    };
    zero && OMITTED.iter().any(|(definition, fields)| place.is(definition) && fields.contains(&field))
}

/// Whether `node` is a quantity that the server stores as `live`.
pub(super) fn is_quantity(place: Place<'_>, node: &Node, live: &Tree<'_>) -> bool {
    if !place.schema().is_some_and(|schema| schema.shape == Shape::Quantity) {
        return false;
    }
    let written = match &node.data {
        Data::Text(text) => text.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => format!("{number}"),
        _ => return false,
    };
    canonical(&written).is_some_and(|stored| live.as_str() == Some(stored.as_str()))
}

const DECIMAL: &[(&str, i32)] =
    &[("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: &[&str] = &["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Greater values are capped by the server.
const GREATEST: i128 = i64::MAX as i128;

/// The canonical form of a quantity that isn't negative and needs no rounding (apimachinery, `resource.Quantity`); `None` for others.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mantissa: i128 = digits.parse().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    if let Some(power) = BINARY.iter().skip(1).position(|name| *name == suffix) {
        return binary(mantissa, places, u32::try_from(power).ok()? + 1);
    }
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return decimal(mantissa, exponent - places, |exponent| {
            DECIMAL.iter().find(|(_, known)| *known == exponent).map(|(name, _)| (*name).to_owned())
        });
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    decimal(mantissa, exponent - places, |exponent| Some(if exponent == 0 { String::new() } else { format!("e{exponent}") }))
}

/// The least whole number of thousands' powers.
fn decimal(mut mantissa: i128, mut exponent: i32, suffix: impl Fn(i32) -> Option<String>) -> Option<String> {
    if mantissa == 0 {
        return Some("0".to_owned());
    }
    while mantissa % 10 == 0 {
        mantissa /= 10;
        exponent += 1;
    }
    while exponent.rem_euclid(3) != 0 {
        mantissa *= 10;
        exponent -= 1;
    }
    let fits = (-9..=18).contains(&exponent)
        && (exponent <= 0 || mantissa.checked_mul(10_i128.pow(exponent.unsigned_abs()))? <= GREATEST);
    fits.then_some(())?;
    Some(format!("{mantissa}{}", suffix(exponent)?))
}

fn binary(mantissa: i128, places: i32, power: u32) -> Option<String> {
    let scaled = mantissa.checked_mul(1024_i128.checked_pow(power)?)?;
    let parts = 10_i128.pow(places.unsigned_abs());
    if scaled % parts != 0 || scaled / parts > GREATEST {
        return None;
    }
    let mut value = scaled / parts;
    if value < 1024 {
        return decimal(value, 0, |exponent| {
            DECIMAL.iter().find(|(_, known)| *known == exponent).map(|(name, _)| (*name).to_owned())
        });
    }
    let mut at = 0;
    while value % 1024 == 0 {
        value /= 1024;
        at += 1;
    }
    Some(format!("{value}{}", BINARY.get(at)?))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn quantities_as_the_server_writes_them() {
        let cases = [
            ("1", "1"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1.5", "1500m"),
            ("0.1", "100m"),
            ("2000", "2k"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Mi", "512Ki"),
            ("0.5Ki", "512"),
            ("1048576", "1048576"),
            ("1024", "1024"),
            ("0", "0"),
            ("0Mi", "0"),
            ("1e3", "1e3"),
            ("12E2", "1200"),
            ("1500m", "1500m"),
            ("1000M", "1G"),
            ("1.50", "1500m"),
            ("+1", "1"),
            ("100u", "100u"),
        ];
        for (written, stored) in cases {
            assert_eq!(canonical(written).as_deref(), Some(stored), "{written}");
        }
        for other in ["", ".", "-1", "1x", "1.1n", "0.0001Ki", "10E", "9999999999999999999", "1.0000000001"] {
            assert_eq!(canonical(other), None, "{other}");
        }
    }
}
