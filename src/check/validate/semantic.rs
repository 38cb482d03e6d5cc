//! The half that the OpenAPI doesn't say: what the API server's own validation asks of its types, found by the name of the
//! definition that stands at a place. Held against a real API server by the tests of `tests/cluster`.

use super::structure::Walk;
use super::trail::Trail;
use super::{access, admission, config, container, crd, facts, meta, network, pod, scale, storage, volume, workload};
use crate::check::pod::items;
use crate::check::schema::Schema;
use crate::object::Node;

/// Group and name of a definition: `io.k8s.api.core.v1.Pod` is `core`, `Pod`.
fn split(definition: &str) -> Option<(&str, &str)> {
    let mut parts = definition.rsplit('.');
    let (name, _version, group) = (parts.next()?, parts.next()?, parts.next()?);
    Some((group, name))
}

/// Looks at a map that stands where `schema` is.
pub(super) fn look<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node, at: &Trail<'_>) {
    let Some((group, name)) = split(&schema.definition) else { return };
    facts::look(walk, (group, name), schema, node);
    match group {
        "core" => core(walk, schema, node, name),
        "meta" => match name {
            "ObjectMeta" => meta::metadata(walk, node),
            // The selector of a metric is the metrics server's business.
            "LabelSelector" if at.is_under("metric") => {}
            "LabelSelector" => meta::selector(walk, node),
            "LabelSelectorRequirement" => meta::expression(walk, schema, node),
            "OwnerReference" => meta::owner(walk, schema, node),
            _ => {}
        },
        "apps" => workload::apps(walk, node, name),
        "batch" => workload::batch(walk, schema, node, name),
        "autoscaling" | "policy" => scale::look(walk, schema, node, name),
        "networking" => network::networking(walk, schema, node, name),
        "rbac" => access::look(walk, schema, node, name),
        "apiextensions" => crd::look(walk, node, name),
        "admissionregistration" => admission::look(walk, node, name),
        "apiregistration" if name == "APIService" => admission::api_service(walk, node),
        "resource" if name == "ResourceSliceSpec" => {
            walk.one_of(node, &["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"], true);
        }
        "discovery" => network::slices(walk, node, name),
        "node" if name == "Overhead" => container::resource_names(walk, node.get("podFixed")),
        "node" if name == "Scheduling" => meta::labels(walk, node.get("nodeSelector")),
        "storage" | "scheduling" => storage::classes(walk, schema, node, name),
        _ => {}
    }
}

fn core<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node, name: &str) {
    match name {
        "PodSpec" => pod::spec(walk, schema, node),
        "Toleration" => pod::toleration(walk, node),
        "TopologySpreadConstraint" => pod::spread(walk, schema, node),
        "PodAffinityTerm" => pod::affinity_term(walk, schema, node),
        "WeightedPodAffinityTerm" | "PreferredSchedulingTerm" => walk.between(node, "weight", 1, 100),
        "NodeSelectorRequirement" => pod::node_expression(walk, schema, node),
        "NodeSelector" => walk.need(node, schema, "nodeSelectorTerms"),
        "HostAlias" => pod::host_alias(walk, schema, node),
        "PodSecurityContext" | "SecurityContext" => pod::security(walk, node),
        "SeccompProfile" | "AppArmorProfile" => pod::profile(walk, node),
        "Container" | "EphemeralContainer" => container::container(walk, schema, node),
        "ContainerPort" => container::port(walk, node),
        "EnvVar" => container::variable(walk, schema, node),
        "EnvVarSource" => container::variable_source(walk, node),
        "EnvFromSource" => container::variables_source(walk, node),
        "ConfigMapKeySelector" | "SecretKeySelector" => container::key(walk, schema, node),
        "ConfigMapEnvSource" | "SecretEnvSource" => walk.need(node, schema, "name"),
        "ObjectFieldSelector" => container::field_reference(walk, schema, node),
        "ResourceFieldSelector" => walk.need(node, schema, "resource"),
        "ReplicationControllerSpec" => workload::replication(walk, node),
        "ResourceRequirements" => container::resources(walk, node),
        "Probe" => container::probe(walk, node),
        "LifecycleHandler" => walk.one_of(node, &["exec", "httpGet", "tcpSocket", "sleep"], true),
        "ExecAction" => walk.need(node, schema, "command"),
        "HTTPGetAction" | "TCPSocketAction" | "GRPCAction" => container::action(walk, node),
        "VolumeMount" => container::mount(walk, schema, node),
        "Volume" => volume::volume(walk, schema, node),
        "KeyToPath" => volume::item(walk, schema, node),
        "VolumeProjection" => walk.one_of(node, &volume::PROJECTIONS, false),
        "ConfigMapVolumeSource" | "ConfigMapProjection" | "SecretProjection" => volume::config(walk, schema, node, "name"),
        "SecretVolumeSource" => volume::config(walk, schema, node, "secretName"),
        "ProjectedVolumeSource" => volume::projected(walk, node),
        "CSIVolumeSource" => volume::csi(walk, node),
        "EndpointSubset" => network::endpoints(walk, node),
        "EndpointAddress" => {
            if let Some(address) = node.get("ip") {
                network::endpoint(walk, address, None);
            }
        }
        "HostPathVolumeSource" => volume::host_path(walk, schema, node),
        "PersistentVolumeClaimVolumeSource" => walk.need(node, schema, "claimName"),
        "DownwardAPIVolumeFile" => volume::downward(walk, schema, node),
        "ServiceAccountTokenProjection" => volume::token(walk, schema, node),
        "ServiceSpec" => network::service(walk, schema, node),
        "ServicePort" => network::service_port(walk, node),
        "PersistentVolumeClaimSpec" => storage::claim(walk, schema, node),
        "PersistentVolumeSpec" => storage::volume(walk, schema, node),
        "ConfigMap" => config::configmap(walk, node),
        "Secret" => config::secret(walk, node),
        "ResourceQuotaSpec" => config::quota(walk, node),
        "LimitRangeSpec" => walk.unique(items(node, "limits"), "type", "limits"),
        "LimitRangeItem" => config::limits(walk, schema, node),
        _ => {}
    }
}
