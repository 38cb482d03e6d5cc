//! The API server's plainer rules as data: a definition, a field, and what is asked of it. Each was tried against a real API
//! server; what needs a look at more than one field is code in the files beside.

use super::say::{Form, is_empty};
use super::structure::Walk;
use super::text::{dns_1035_label, dns_label, dns_subdomain, label_value, path_segment, qualified_name, search_domain};
use super::{INVALID_LABEL, INVALID_NAME, INVALID_VALUE, MISSING_FIELD};
use crate::check::pod::items;
use crate::check::schema::Schema;
use crate::diagnostic::Rule;
use crate::object::Node;

/// What is asked of a field.
pub(super) enum Ask {
    /// It is there, and isn't empty.
    Given,
    /// It is there; empty is fine, or is found by what is asked of its own fields.
    Present,
    /// A text of this form, if it is given.
    Form(&'static Rule, Form),
    /// A text of this form that may not be empty, if it is given.
    Strict(&'static Rule, Form),
    /// A list of texts of this form.
    Each(&'static Rule, Form),
    /// A list with at least one item, if it is given.
    Filled,
    /// A number within bounds, if it is given.
    Between(i64, i64),
    /// A list of numbers within bounds.
    EachBetween(i64, i64),
    /// One of these texts, if it is given.
    Choice(&'static [&'static str]),
    /// A list of these texts.
    EachChoice(&'static [&'static str]),
    /// A path that starts with `/`.
    Absolute,
}

use Ask::{Absolute, Between, Choice, Each, EachBetween, EachChoice, Filled, Form as Text, Given, Present, Strict};

/// A definition (group and name) with what is asked of its fields.
type Row = ((&'static str, &'static str), &'static [(&'static str, Ask)]);

const MOST: i64 = i64::MAX;

/// The rows, sorted.
static ROWS: &[Row] = &[
    (("admissionregistration", "AuditAnnotation"), &[("key", Given), ("valueExpression", Given)]),
    (
        ("admissionregistration", "MatchCondition"),
        &[("name", Given), ("name", Text(&INVALID_LABEL, qualified_name)), ("expression", Given)],
    ),
    (("admissionregistration", "MutatingWebhook"), WEBHOOK),
    (("admissionregistration", "NamedRuleWithOperations"), RULE),
    (
        ("admissionregistration", "RuleWithOperations"),
        &[
            ("apiGroups", Given),
            ("apiVersions", Given),
            ("operations", Given),
            ("operations", EachChoice(&["*", "CREATE", "UPDATE", "DELETE", "CONNECT"])),
            ("resources", Given),
        ],
    ),
    (
        ("admissionregistration", "ServiceReference"),
        &[("name", Given), ("namespace", Given), ("path", Absolute), ("port", Between(1, 65535))],
    ),
    (
        ("admissionregistration", "ValidatingAdmissionPolicyBindingSpec"),
        &[("policyName", Given), ("policyName", Text(&INVALID_NAME, dns_subdomain)), ("validationActions", Given)],
    ),
    (("admissionregistration", "ValidatingAdmissionPolicySpec"), &[("matchConstraints", Given)]),
    (("admissionregistration", "ValidatingWebhook"), WEBHOOK),
    (("admissionregistration", "Validation"), &[("expression", Given)]),
    (("admissionregistration", "Variable"), &[("name", Given), ("expression", Given)]),
    (
        ("apiextensions", "CustomResourceColumnDefinition"),
        &[
            ("name", Given),
            ("jsonPath", Given),
            ("type", Given),
            ("type", Choice(&["", "boolean", "date", "integer", "number", "string"])),
        ],
    ),
    (
        ("apiextensions", "CustomResourceDefinitionNames"),
        &[
            ("plural", Given),
            ("plural", Text(&INVALID_NAME, dns_1035_label)),
            ("singular", Text(&INVALID_NAME, dns_1035_label)),
            ("shortNames", Each(&INVALID_NAME, dns_1035_label)),
            ("kind", Given),
            ("kind", Text(&INVALID_NAME, kind_name)),
            ("listKind", Text(&INVALID_NAME, kind_name)),
        ],
    ),
    (
        ("apiextensions", "CustomResourceDefinitionSpec"),
        &[("group", Given), ("group", Text(&INVALID_NAME, dns_subdomain)), ("scope", Choice(&["Cluster", "Namespaced"]))],
    ),
    (("apiextensions", "CustomResourceDefinitionVersion"), &[("name", Given), ("name", Text(&INVALID_NAME, dns_1035_label))]),
    (
        ("apiregistration", "APIServiceSpec"),
        &[("version", Given), ("groupPriorityMinimum", Between(1, 20000)), ("versionPriority", Between(1, 1000))],
    ),
    (("apiregistration", "ServiceReference"), &[("name", Given), ("namespace", Given), ("port", Between(1, 65535))]),
    (("apps", "ControllerRevision"), &[("revision", Between(0, MOST))]),
    (("apps", "ReplicaSetSpec"), &[("template", Present)]),
    (
        ("autoscaling", "ContainerResourceMetricSource"),
        &[("name", Text(&INVALID_NAME, qualified_name)), ("container", Given), ("container", Text(&INVALID_NAME, dns_label))],
    ),
    (("autoscaling", "HPAScalingPolicy"), &[("type", Choice(&["Pods", "Percent"]))]),
    (("autoscaling", "HPAScalingRules"), &[("selectPolicy", Choice(&["Max", "Min", "Disabled"])), ("policies", Filled)]),
    (("autoscaling", "HorizontalPodAutoscaler"), &[("spec", Present)]),
    (("autoscaling", "HorizontalPodAutoscalerSpec"), &[("targetCPUUtilizationPercentage", Between(1, MOST))]),
    (("autoscaling", "MetricIdentifier"), &[("name", Text(&INVALID_NAME, path_segment))]),
    (("batch", "CronJob"), &[("spec", Present)]),
    (("batch", "CronJobSpec"), &[("concurrencyPolicy", Choice(&["", "Allow", "Forbid", "Replace"]))]),
    (("batch", "Job"), &[("spec", Present)]),
    (("batch", "JobTemplateSpec"), &[("spec", Present)]),
    (("batch", "PodFailurePolicyOnExitCodesRequirement"), &[("operator", Given), ("values", Given)]),
    (
        ("batch", "PodFailurePolicyOnPodConditionsPattern"),
        &[("type", Given), ("type", Text(&INVALID_LABEL, qualified_name)), ("status", Choice(&["", "True", "False", "Unknown"]))],
    ),
    (
        ("certificates", "CertificateSigningRequestSpec"),
        &[("signerName", Text(&INVALID_NAME, domain_prefixed)), ("usages", Given)],
    ),
    (("coordination", "LeaseSpec"), &[("leaseDurationSeconds", Between(1, MOST)), ("leaseTransitions", Between(0, MOST))]),
    (("core", "AppArmorProfile"), &[("type", Given)]),
    (("core", "CSIVolumeSource"), &[("driver", Given), ("driver", Text(&INVALID_NAME, lower_subdomain))]),
    (("core", "ConfigMapEnvSource"), &[("name", Text(&INVALID_NAME, dns_subdomain))]),
    (("core", "ConfigMapKeySelector"), &[("name", Text(&INVALID_NAME, dns_subdomain))]),
    (("core", "EndpointAddress"), &[("ip", Given), ("hostname", Text(&INVALID_NAME, dns_label))]),
    (("core", "EndpointPort"), &[("name", Text(&INVALID_NAME, dns_label)), ("port", Between(1, 65535))]),
    (("core", "EphemeralVolumeSource"), &[("volumeClaimTemplate", Present)]),
    (("core", "LimitRangeItem"), &[("type", Text(&INVALID_LABEL, qualified_name))]),
    (("core", "NFSVolumeSource"), &[("server", Given), ("path", Given), ("path", Absolute)]),
    (("core", "NodeSelectorRequirement"), &[("operator", Given)]),
    (("core", "ObjectFieldSelector"), &[("apiVersion", Choice(&["", "v1"]))]),
    (("core", "PersistentVolume"), &[("spec", Present)]),
    (("core", "PersistentVolumeClaim"), &[("spec", Present)]),
    (("core", "Pod"), &[("spec", Present)]),
    (("core", "PodAffinityTerm"), &[("namespaces", Each(&INVALID_NAME, dns_label))]),
    (("core", "PodDNSConfig"), &[("searches", Each(&INVALID_NAME, search_domain))]),
    (("core", "PodDNSConfigOption"), &[("name", Given)]),
    (("core", "PodOS"), &[("name", Choice(&["linux", "windows"]))]),
    (("core", "PodReadinessGate"), &[("conditionType", Given), ("conditionType", Text(&INVALID_LABEL, qualified_name))]),
    (("core", "PodSecurityContext"), &[("supplementalGroups", EachBetween(0, 2_147_483_647))]),
    (("core", "PodTemplate"), &[("template", Present)]),
    (("core", "PodTemplateSpec"), &[("spec", Present)]),
    (("core", "ReplicationController"), &[("spec", Present)]),
    (
        ("core", "ReplicationControllerSpec"),
        &[("replicas", Between(0, MOST)), ("minReadySeconds", Between(0, MOST)), ("template", Present)],
    ),
    (
        ("core", "ResourceFieldSelector"),
        &[(
            "resource",
            Choice(&[
                "",
                "limits.cpu",
                "limits.memory",
                "limits.ephemeral-storage",
                "requests.cpu",
                "requests.memory",
                "requests.ephemeral-storage",
            ]),
        )],
    ),
    (("core", "ScopedResourceSelectorRequirement"), &[("operator", Given)]),
    (("core", "SeccompProfile"), &[("type", Given)]),
    (("core", "SecretEnvSource"), &[("name", Text(&INVALID_NAME, dns_subdomain))]),
    (("core", "SecretKeySelector"), &[("name", Text(&INVALID_NAME, dns_subdomain))]),
    (("core", "Service"), &[("spec", Present)]),
    (("core", "ServicePort"), &[("appProtocol", Strict(&INVALID_LABEL, qualified_name))]),
    (
        ("core", "ServiceSpec"),
        &[("loadBalancerClass", Strict(&INVALID_LABEL, qualified_name)), ("ipFamilies", EachChoice(&["IPv4", "IPv6"]))],
    ),
    (("core", "Sysctl"), &[("name", Given), ("name", Text(&INVALID_NAME, sysctl_name))]),
    (
        ("core", "Taint"),
        &[
            ("key", Given),
            ("key", Text(&INVALID_LABEL, qualified_name)),
            ("value", Text(&INVALID_LABEL, label_value)),
            ("effect", Given),
        ],
    ),
    (("core", "Toleration"), &[("value", Text(&INVALID_LABEL, label_value))]),
    (
        ("core", "TopologySelectorLabelRequirement"),
        &[("key", Given), ("key", Text(&INVALID_LABEL, qualified_name)), ("values", Given)],
    ),
    (("core", "TypedLocalObjectReference"), &[("kind", Given), ("name", Given)]),
    (("core", "VolumeDevice"), &[("devicePath", Given)]),
    (("core", "VolumeMount"), &[("recursiveReadOnly", Choice(&["Disabled", "IfPossible", "Enabled"]))]),
    (("core", "VolumeNodeAffinity"), &[("required", Present)]),
    (
        ("discovery", "Endpoint"),
        &[
            ("addresses", Given),
            ("hostname", Strict(&INVALID_NAME, dns_label)),
            ("nodeName", Strict(&INVALID_NAME, dns_subdomain)),
        ],
    ),
    (("discovery", "EndpointPort"), &[("name", Text(&INVALID_NAME, dns_label)), ("protocol", Choice(PROTOCOLS))]),
    (("flowcontrol", "FlowDistinguisherMethod"), &[("type", Choice(&["ByUser", "ByNamespace"]))]),
    (("flowcontrol", "FlowSchemaSpec"), &[("matchingPrecedence", Between(0, 10000))]),
    (("flowcontrol", "PolicyRulesWithSubjects"), &[("subjects", Given)]),
    (("flowcontrol", "PriorityLevelConfigurationReference"), &[("name", Given), ("name", Text(&INVALID_NAME, dns_subdomain))]),
    (("flowcontrol", "PriorityLevelConfigurationSpec"), &[("type", Choice(&["Exempt", "Limited"]))]),
    (("flowcontrol", "ResourcePolicyRule"), &[("verbs", Given), ("apiGroups", Given), ("resources", Given)]),
    (
        ("flowcontrol", "ServiceAccountSubject"),
        &[
            ("name", Given),
            ("name", Text(&INVALID_NAME, dns_subdomain)),
            ("namespace", Given),
            ("namespace", Text(&INVALID_NAME, dns_label)),
        ],
    ),
    (("flowcontrol", "Subject"), &[("kind", Choice(&["Group", "ServiceAccount", "User"]))]),
    (("networking", "Ingress"), &[("spec", Present)]),
    (("networking", "IngressClass"), &[("spec", Present)]),
    (
        ("networking", "IngressClassParametersReference"),
        &[
            ("kind", Given),
            ("kind", Text(&INVALID_NAME, path_segment)),
            ("name", Given),
            ("name", Text(&INVALID_NAME, path_segment)),
            ("apiGroup", Strict(&INVALID_NAME, dns_subdomain)),
            ("scope", Choice(&["Cluster", "Namespace"])),
            ("namespace", Text(&INVALID_NAME, dns_label)),
        ],
    ),
    (("networking", "IngressClassSpec"), &[("controller", Given), ("controller", Text(&INVALID_NAME, domain_prefixed))]),
    (("networking", "IngressSpec"), &[("ingressClassName", Strict(&INVALID_NAME, dns_subdomain))]),
    (("networking", "NetworkPolicyPort"), &[("protocol", Choice(PROTOCOLS))]),
    (("networking", "ServiceCIDR"), &[("spec", Present)]),
    (("networking", "ServiceCIDRSpec"), &[("cidrs", Given)]),
    (("node", "RuntimeClass"), &[("handler", Given), ("handler", Text(&INVALID_NAME, dns_label))]),
    (("resource", "CELDeviceSelector"), &[("expression", Given)]),
    (("resource", "DeviceRequest"), &[("name", Given), ("name", Text(&INVALID_NAME, dns_label))]),
    (("resource", "DeviceSelector"), &[("cel", Given)]),
    (
        ("resource", "ExactDeviceRequest"),
        &[("deviceClassName", Given), ("deviceClassName", Text(&INVALID_NAME, dns_subdomain)), ("count", Between(0, MOST))],
    ),
    (
        ("storage", "CSIDriverSpec"),
        &[
            ("fsGroupPolicy", Choice(&["ReadWriteOnceWithFSType", "File", "None"])),
            ("volumeLifecycleModes", EachChoice(&["Persistent", "Ephemeral"])),
        ],
    ),
    (("storage", "StorageClass"), &[("provisioner", Text(&INVALID_NAME, lower_qualified))]),
    (
        ("storage", "VolumeAttributesClass"),
        &[("driverName", Given), ("driverName", Text(&INVALID_NAME, lower_subdomain)), ("parameters", Given)],
    ),
];

const PROTOCOLS: &[&str] = &["TCP", "UDP", "SCTP"];

const RULE: &[(&str, Ask)] = &[
    ("apiGroups", Given),
    ("apiVersions", Given),
    ("operations", Given),
    ("operations", EachChoice(&["*", "CREATE", "UPDATE", "DELETE", "CONNECT"])),
    ("resources", Given),
];

const WEBHOOK: &[(&str, Ask)] = &[
    ("name", Given),
    ("name", Text(&INVALID_NAME, three_parts)),
    ("admissionReviewVersions", Given),
    ("sideEffects", Choice(&["None", "NoneOnDryRun"])),
    ("timeoutSeconds", Between(1, 30)),
];

/// Holds a map against what is asked of its definition.
pub(super) fn look<'a>(walk: &mut Walk<'a, '_>, (group, name): (&str, &str), schema: &Schema, node: &'a Node) {
    let Ok(at) = ROWS.binary_search_by(|((its_group, its_name), _)| (*its_group, *its_name).cmp(&(group, name))) else { return };
    for (field, ask) in ROWS.get(at).map(|(_, asks)| *asks).unwrap_or_default() {
        one(walk, schema, node, field, ask);
    }
}

fn one<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node, field: &'static str, ask: &Ask) {
    match ask {
        Given => walk.need(node, schema, field),
        Present => {
            let required = schema.field(field).is_some_and(|field| field.required);
            if node.get(field).is_none() && !required {
                walk.report(&MISSING_FIELD, node, format!("`{field}` must be given here"));
            }
        }
        Text(rule, form) => walk.form(node, field, rule, *form),
        Strict(rule, form) => {
            if let Some(value) = node.get(field) {
                walk.item_form(value, field, rule, *form);
            }
        }
        Each(rule, form) => {
            for item in items(node, field) {
                walk.item_form(item, field, rule, *form);
            }
        }
        Filled => {
            if let Some(list) = node.get(field).filter(|list| list.as_list().is_some_and(<[Node]>::is_empty)) {
                walk.report(&MISSING_FIELD, list, format!("`{field}` must have an item"));
            }
        }
        Between(least, most) => walk.between(node, field, *least, *most),
        EachBetween(least, most) => {
            for item in items(node, field) {
                if item.as_int().is_some_and(|number| !(*least..=*most).contains(&number)) {
                    walk.report(&INVALID_VALUE, item, format!("the items of `{field}` must be from {least} to {most}"));
                }
            }
        }
        Choice(known) => walk.choice(node, field, known),
        EachChoice(known) => {
            for item in items(node, field) {
                walk.chosen(item, field, known);
            }
        }
        Absolute => {
            let path = node.get(field).filter(|path| !is_empty(Some(path)));
            if let Some(path) = path.filter(|path| path.as_str().is_some_and(|path| !path.starts_with('/'))) {
                walk.report(&INVALID_VALUE, path, format!("`{field}` must start with `/`"));
            }
        }
    }
}

/// A kind: a DNS label but for its capital letters.
fn kind_name(text: &str) -> Result<(), String> {
    dns_1035_label(&text.to_lowercase())
}

fn lower_qualified(text: &str) -> Result<(), String> {
    qualified_name(&text.to_lowercase())
}

fn lower_subdomain(text: &str) -> Result<(), String> {
    dns_subdomain(&text.to_lowercase())
}

/// The name of a webhook: a DNS name of three parts and more.
fn three_parts(text: &str) -> Result<(), String> {
    dns_subdomain(text)?;
    if text.split('.').count() < 3 { Err("must have at least three parts with dots between".to_owned()) } else { Ok(()) }
}

/// A DNS name, `/`, and a path.
fn domain_prefixed(text: &str) -> Result<(), String> {
    match text.split_once('/') {
        Some((domain, path)) if !path.is_empty() => dns_subdomain(domain),
        _ => Err("must be a DNS name, `/` and a name".to_owned()),
    }
}

/// A kernel parameter: lower-case parts with `.` or `/` between.
fn sysctl_name(text: &str) -> Result<(), String> {
    let part = |part: &str| {
        let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let inside = part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c));
        end(part.chars().next()) && end(part.chars().last()) && inside
    };
    let fine = text.len() <= 253 && text.split(['.', '/']).all(part);
    if fine { Ok(()) } else { Err("must be lower-case letters, digits, `-`, `_`, with dots between".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::schema::Schemas;

    #[test]
    fn the_rows_are_sorted_and_name_fields_that_exist() {
        assert!(ROWS.is_sorted_by_key(|(key, _)| *key));
        let schemas = Schemas::builtin("1.37").unwrap();
        let all: Vec<_> = (0..schemas.store().len())
            .map(|id| schemas.store().get(crate::check::schema::NodeId(u32::try_from(id).unwrap())))
            .collect();
        for ((group, name), asks) in ROWS {
            let is = |schema: &&&Schema| {
                let parts: Vec<&str> = schema.definition.rsplit('.').collect();
                parts.first() == Some(name) && parts.get(2) == Some(group)
            };
            for (field, _) in *asks {
                assert!(all.iter().filter(is).any(|schema| schema.field(field).is_some()), "{group} {name} {field}");
            }
        }
    }
}
