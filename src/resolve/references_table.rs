//! Which fields name other objects. Data only; `references.rs` follows it.
//!
//! The first table is kustomize 5.8.1's `nameReference` configuration (`api/internal/konfig/builtinpluginconsts`), its rows for
//! single workload kinds (and for Knative's Service) joined into "every pod spec". The second has what kustomize leaves out.

/// Where a row's path starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At every pod spec, of whatever kind.
    Pod,
    /// At the root of objects of this kind, in this group, or in any if `None`.
    Kind(Option<&'static str>, &'static str),
}

/// A field that names an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Group of the object that is named; `None`: any.
    pub group: Option<&'static str>,
    /// Its kind. Where the field's neighbour `kind` says another, that one is named.
    pub kind: &'static str,
    /// Where the path starts.
    pub start: Start,
    /// The field: lists on the way are gone through. It holds a name, a list of names, or maps with `name` and `namespace`.
    pub path: &'static [&'static str],
    /// Whether the neighbour `kind` may be any kind, and [`Row::kind`] is only what holds without it.
    pub any_kind: bool,
}

const CORE: Option<&str> = Some("");
const RBAC: Option<&str> = Some("rbac.authorization.k8s.io");
const ADMISSION: Option<&str> = Some("admissionregistration.k8s.io");
const STORAGE: Option<&str> = Some("storage.k8s.io");
const GATEWAY: Option<&str> = Some("gateway.networking.k8s.io");
const MONITORING: Option<&str> = Some("monitoring.coreos.com");

const fn pod(group: Option<&'static str>, kind: &'static str, path: &'static [&'static str]) -> Row {
    Row { group, kind, start: Start::Pod, path, any_kind: false }
}

const fn core(kind: &'static str, from: (Option<&'static str>, &'static str), path: &'static [&'static str]) -> Row {
    named(CORE, kind, from, path)
}

const fn named(
    group: Option<&'static str>,
    kind: &'static str,
    from: (Option<&'static str>, &'static str),
    path: &'static [&'static str],
) -> Row {
    Row { group, kind, start: Start::Kind(from.0, from.1), path, any_kind: false }
}

const fn any(kind: &'static str, from: (Option<&'static str>, &'static str), path: &'static [&'static str]) -> Row {
    Row { group: None, kind, start: Start::Kind(from.0, from.1), path, any_kind: true }
}

const INGRESS: (Option<&str>, &str) = (None, "Ingress");
const HPA: (Option<&str>, &str) = (None, "HorizontalPodAutoscaler");
const STORAGE_CLASS: (Option<&str>, &str) = (None, "StorageClass");
const ROLE: (Option<&str>, &str) = (None, "Role");
const CLUSTER_ROLE: (Option<&str>, &str) = (None, "ClusterRole");
const ROLE_BINDING: (Option<&str>, &str) = (RBAC, "RoleBinding");
const CLUSTER_ROLE_BINDING: (Option<&str>, &str) = (RBAC, "ClusterRoleBinding");

/// kustomize's table.
pub static KUSTOMIZE: &[Row] = &[
    named(Some("apps"), "Deployment", HPA, &["spec", "scaleTargetRef", "name"]),
    core("ReplicationController", HPA, &["spec", "scaleTargetRef", "name"]),
    named(Some("apps"), "ReplicaSet", HPA, &["spec", "scaleTargetRef", "name"]),
    named(Some("apps"), "StatefulSet", HPA, &["spec", "scaleTargetRef", "name"]),
    // ConfigMap
    pod(CORE, "ConfigMap", &["volumes", "configMap", "name"]),
    pod(CORE, "ConfigMap", &["containers", "env", "valueFrom", "configMapKeyRef", "name"]),
    pod(CORE, "ConfigMap", &["initContainers", "env", "valueFrom", "configMapKeyRef", "name"]),
    pod(CORE, "ConfigMap", &["containers", "envFrom", "configMapRef", "name"]),
    pod(CORE, "ConfigMap", &["initContainers", "envFrom", "configMapRef", "name"]),
    pod(CORE, "ConfigMap", &["volumes", "projected", "sources", "configMap", "name"]),
    core("ConfigMap", (None, "Node"), &["spec", "configSource", "configMap"]),
    core("ConfigMap", ROLE, &["rules", "resourceNames"]),
    core("ConfigMap", CLUSTER_ROLE, &["rules", "resourceNames"]),
    core("ConfigMap", INGRESS, &["metadata", "annotations", "nginx.ingress.kubernetes.io/fastcgi-params-configmap"]),
    // Secret
    pod(CORE, "Secret", &["volumes", "secret", "secretName"]),
    pod(CORE, "Secret", &["containers", "env", "valueFrom", "secretKeyRef", "name"]),
    pod(CORE, "Secret", &["initContainers", "env", "valueFrom", "secretKeyRef", "name"]),
    pod(CORE, "Secret", &["containers", "envFrom", "secretRef", "name"]),
    pod(CORE, "Secret", &["initContainers", "envFrom", "secretRef", "name"]),
    pod(CORE, "Secret", &["imagePullSecrets", "name"]),
    pod(CORE, "Secret", &["volumes", "projected", "sources", "secret", "name"]),
    core("Secret", INGRESS, &["spec", "tls", "secretName"]),
    core("Secret", INGRESS, &["metadata", "annotations", "ingress.kubernetes.io/auth-secret"]),
    core("Secret", INGRESS, &["metadata", "annotations", "nginx.ingress.kubernetes.io/auth-secret"]),
    core("Secret", INGRESS, &["metadata", "annotations", "nginx.ingress.kubernetes.io/auth-tls-secret"]),
    core("Secret", (None, "ServiceAccount"), &["imagePullSecrets", "name"]),
    core("Secret", STORAGE_CLASS, &["parameters", "secretName"]),
    core("Secret", STORAGE_CLASS, &["parameters", "adminSecretName"]),
    core("Secret", STORAGE_CLASS, &["parameters", "userSecretName"]),
    core("Secret", STORAGE_CLASS, &["parameters", "secretRef"]),
    core("Secret", ROLE, &["rules", "resourceNames"]),
    core("Secret", CLUSTER_ROLE, &["rules", "resourceNames"]),
    core("Secret", (None, "PersistentVolume"), &["spec", "azureFile", "secretName"]),
    // Service
    core("Service", (Some("apps"), "StatefulSet"), &["spec", "serviceName"]),
    core("Service", INGRESS, &["spec", "rules", "http", "paths", "backend", "serviceName"]),
    core("Service", INGRESS, &["spec", "backend", "serviceName"]),
    core("Service", INGRESS, &["spec", "rules", "http", "paths", "backend", "service", "name"]),
    core("Service", INGRESS, &["spec", "defaultBackend", "service", "name"]),
    core("Service", (Some("apiregistration.k8s.io"), "APIService"), &["spec", "service", "name"]),
    core("Service", (ADMISSION, "ValidatingWebhookConfiguration"), &["webhooks", "clientConfig", "service"]),
    core("Service", (ADMISSION, "MutatingWebhookConfiguration"), &["webhooks", "clientConfig", "service"]),
    // RBAC
    named(RBAC, "Role", ROLE_BINDING, &["roleRef", "name"]),
    named(RBAC, "ClusterRole", ROLE_BINDING, &["roleRef", "name"]),
    named(RBAC, "ClusterRole", CLUSTER_ROLE_BINDING, &["roleRef", "name"]),
    core("ServiceAccount", ROLE_BINDING, &["subjects"]),
    core("ServiceAccount", CLUSTER_ROLE_BINDING, &["subjects"]),
    pod(CORE, "ServiceAccount", &["serviceAccountName"]),
    // Storage
    pod(CORE, "PersistentVolumeClaim", &["volumes", "persistentVolumeClaim", "claimName"]),
    core("PersistentVolume", (None, "PersistentVolumeClaim"), &["spec", "volumeName"]),
    core("PersistentVolume", CLUSTER_ROLE, &["rules", "resourceNames"]),
    named(STORAGE, "StorageClass", (None, "PersistentVolume"), &["spec", "storageClassName"]),
    named(STORAGE, "StorageClass", (None, "PersistentVolumeClaim"), &["spec", "storageClassName"]),
    named(STORAGE, "StorageClass", (None, "StatefulSet"), &["spec", "volumeClaimTemplates", "spec", "storageClassName"]),
    // Classes and policies
    pod(Some("scheduling.k8s.io"), "PriorityClass", &["priorityClassName"]),
    named(Some("networking.k8s.io"), "IngressClass", INGRESS, &["spec", "ingressClassName"]),
    named(ADMISSION, "ValidatingAdmissionPolicy", (ADMISSION, "ValidatingAdmissionPolicyBinding"), &["spec", "policyName"]),
];

const ROUTES: [(Option<&str>, &str); 5] =
    [(GATEWAY, "HTTPRoute"), (GATEWAY, "GRPCRoute"), (GATEWAY, "TLSRoute"), (GATEWAY, "TCPRoute"), (GATEWAY, "UDPRoute")];
const SERVICE_MONITOR: (Option<&str>, &str) = (MONITORING, "ServiceMonitor");
const POD_MONITOR: (Option<&str>, &str) = (MONITORING, "PodMonitor");
const PVC: (Option<&str>, &str) = (None, "PersistentVolumeClaim");
const KEDA: (Option<&str>, &str) = (Some("keda.sh"), "ScaledObject");
const ROLLOUT: (Option<&str>, &str) = (Some("argoproj.io"), "Rollout");
const EXTERNAL_SECRET: (Option<&str>, &str) = (Some("external-secrets.io"), "ExternalSecret");
const CERTIFICATE: (Option<&str>, &str) = (Some("cert-manager.io"), "Certificate");

/// What kustomize leaves out: the rest of the pod spec, the rest of the built-in kinds, and custom resources that are met often.
pub static MORE: &[Row] = &[
    // The pod spec
    pod(CORE, "ServiceAccount", &["serviceAccount"]),
    pod(CORE, "ConfigMap", &["ephemeralContainers", "env", "valueFrom", "configMapKeyRef", "name"]),
    pod(CORE, "ConfigMap", &["ephemeralContainers", "envFrom", "configMapRef", "name"]),
    pod(CORE, "Secret", &["ephemeralContainers", "env", "valueFrom", "secretKeyRef", "name"]),
    pod(CORE, "Secret", &["ephemeralContainers", "envFrom", "secretRef", "name"]),
    pod(CORE, "Secret", &["volumes", "csi", "nodePublishSecretRef", "name"]),
    pod(CORE, "Secret", &["volumes", "azureFile", "secretName"]),
    pod(CORE, "Secret", &["volumes", "cephfs", "secretRef", "name"]),
    pod(CORE, "Secret", &["volumes", "flexVolume", "secretRef", "name"]),
    pod(CORE, "Secret", &["volumes", "iscsi", "secretRef", "name"]),
    pod(CORE, "Secret", &["volumes", "rbd", "secretRef", "name"]),
    pod(CORE, "Secret", &["volumes", "scaleIO", "secretRef", "name"]),
    pod(CORE, "Secret", &["volumes", "storageos", "secretRef", "name"]),
    pod(STORAGE, "StorageClass", &["volumes", "ephemeral", "volumeClaimTemplate", "spec", "storageClassName"]),
    pod(Some("node.k8s.io"), "RuntimeClass", &["runtimeClassName"]),
    pod(Some("resource.k8s.io"), "ResourceClaim", &["resourceClaims", "resourceClaimName"]),
    pod(Some("resource.k8s.io"), "ResourceClaimTemplate", &["resourceClaims", "resourceClaimTemplateName"]),
    // Built-in kinds
    any("Deployment", HPA, &["spec", "scaleTargetRef", "name"]),
    core("Secret", (CORE, "ServiceAccount"), &["secrets", "name"]),
    any("PersistentVolumeClaim", PVC, &["spec", "dataSource", "name"]),
    any("PersistentVolumeClaim", PVC, &["spec", "dataSourceRef", "name"]),
    any("Service", INGRESS, &["spec", "rules", "http", "paths", "backend", "resource", "name"]),
    any("Service", INGRESS, &["spec", "defaultBackend", "resource", "name"]),
    core(
        "Service",
        (Some("apiextensions.k8s.io"), "CustomResourceDefinition"),
        &["spec", "conversion", "webhook", "clientConfig", "service", "name"],
    ),
    named(ADMISSION, "MutatingAdmissionPolicy", (ADMISSION, "MutatingAdmissionPolicyBinding"), &["spec", "policyName"]),
    // Gateway API
    any("Service", ROUTES[0], &["spec", "rules", "backendRefs", "name"]),
    any("Service", ROUTES[1], &["spec", "rules", "backendRefs", "name"]),
    any("Service", ROUTES[2], &["spec", "rules", "backendRefs", "name"]),
    any("Service", ROUTES[3], &["spec", "rules", "backendRefs", "name"]),
    any("Service", ROUTES[4], &["spec", "rules", "backendRefs", "name"]),
    any("Service", ROUTES[0], &["spec", "rules", "filters", "requestMirror", "backendRef", "name"]),
    any("Gateway", ROUTES[0], &["spec", "parentRefs", "name"]),
    any("Gateway", ROUTES[1], &["spec", "parentRefs", "name"]),
    any("Gateway", ROUTES[2], &["spec", "parentRefs", "name"]),
    any("Gateway", ROUTES[3], &["spec", "parentRefs", "name"]),
    any("Gateway", ROUTES[4], &["spec", "parentRefs", "name"]),
    any("Secret", (GATEWAY, "Gateway"), &["spec", "listeners", "tls", "certificateRefs", "name"]),
    named(GATEWAY, "GatewayClass", (GATEWAY, "Gateway"), &["spec", "gatewayClassName"]),
    // Autoscalers
    any("Deployment", (Some("autoscaling.k8s.io"), "VerticalPodAutoscaler"), &["spec", "targetRef", "name"]),
    any("Deployment", KEDA, &["spec", "scaleTargetRef", "name"]),
    any("TriggerAuthentication", KEDA, &["spec", "triggers", "authenticationRef", "name"]),
    core("Secret", (Some("keda.sh"), "TriggerAuthentication"), &["spec", "secretTargetRef", "name"]),
    // Argo Rollouts
    any("Deployment", ROLLOUT, &["spec", "workloadRef", "name"]),
    core("Service", ROLLOUT, &["spec", "strategy", "canary", "canaryService"]),
    core("Service", ROLLOUT, &["spec", "strategy", "canary", "stableService"]),
    core("Service", ROLLOUT, &["spec", "strategy", "blueGreen", "activeService"]),
    core("Service", ROLLOUT, &["spec", "strategy", "blueGreen", "previewService"]),
    // Operators
    any("SecretStore", EXTERNAL_SECRET, &["spec", "secretStoreRef", "name"]),
    any("Issuer", CERTIFICATE, &["spec", "issuerRef", "name"]),
    core("Secret", SERVICE_MONITOR, &["spec", "endpoints", "basicAuth", "username", "name"]),
    core("Secret", SERVICE_MONITOR, &["spec", "endpoints", "basicAuth", "password", "name"]),
    core("Secret", SERVICE_MONITOR, &["spec", "endpoints", "authorization", "credentials", "name"]),
    core("Secret", SERVICE_MONITOR, &["spec", "endpoints", "bearerTokenSecret", "name"]),
    core("Secret", SERVICE_MONITOR, &["spec", "endpoints", "tlsConfig", "ca", "secret", "name"]),
    core("ConfigMap", SERVICE_MONITOR, &["spec", "endpoints", "tlsConfig", "ca", "configMap", "name"]),
    core("Secret", POD_MONITOR, &["spec", "podMetricsEndpoints", "basicAuth", "username", "name"]),
    core("Secret", POD_MONITOR, &["spec", "podMetricsEndpoints", "basicAuth", "password", "name"]),
    core("Secret", POD_MONITOR, &["spec", "podMetricsEndpoints", "bearerTokenSecret", "name"]),
];
