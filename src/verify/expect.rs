//! What the bundle makes pods be given.

use std::collections::BTreeSet;

use crate::effective::{self, Container, Given, Mounted, Part};
use crate::object::{Bundle, Node, ObjectId};
use crate::secret::{Sealed, SecretKey};

/// An object of the bundle that makes pods, or is one.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The object, under its name in the cluster.
    pub id: ObjectId,
    /// As the source names it.
    pub source: ObjectId,
    /// The kinds of pods that it makes; more than one only in custom resources.
    pub shapes: Vec<PodShape>,
    /// Whether the bundle itself says that nothing is to run: no replicas, or suspended.
    pub is_idle: bool,
}

/// One kind of pod.
#[derive(Debug, Clone)]
pub struct PodShape {
    /// The place of its pod spec in the object.
    pub path: String,
    /// Its containers.
    pub containers: Vec<Container>,
}

/// The workloads of a bundle, in its order.
pub fn expectations(bundle: &Bundle) -> Vec<Workload> {
    let workloads = bundle.objects.iter().filter(|object| object.kind() != "PodTemplate").filter_map(|object| {
        let mut shapes: Vec<PodShape> = Vec::new();
        for container in effective::containers(bundle, object) {
            match shapes.iter_mut().find(|shape| shape.path == container.pod) {
                Some(shape) => shape.containers.push(container),
                None => shapes.push(PodShape { path: container.pod.clone(), containers: vec![container] }),
            }
        }
        let spec = object.root.get("spec");
        let replicas = spec.and_then(|spec| spec.get("replicas")).map(|node| &node.data);
        let is_suspended = spec.and_then(|spec| spec.get("suspend")).and_then(Node::as_bool).unwrap_or(false);
        let is_idle = is_suspended || matches!(replicas, Some(crate::object::Data::Int(0)));
        let found = Workload { id: object.id(), source: object.source.clone(), shapes, is_idle };
        (!found.shapes.is_empty()).then_some(found)
    });
    workloads.collect()
}

/// The secrets that the workloads' values are made of, each once.
pub fn secrets(workloads: &[Workload]) -> Vec<&SecretKey> {
    let mut seen = BTreeSet::new();
    let containers = workloads.iter().flat_map(|workload| &workload.shapes).flat_map(|shape| &shape.containers);
    let keys = containers.flat_map(sealed).flat_map(Sealed::keys);
    keys.filter(|key| seen.insert((key.file.clone(), key.path.clone()))).collect()
}

fn of_part(part: &Part) -> Option<&Sealed> {
    match part {
        Part::Known(sealed) | Part::Encoded(sealed) => Some(sealed),
        _ => None,
    }
}

fn sealed(container: &Container) -> Vec<&Sealed> {
    let settings = container.settings.iter().filter_map(|setting| match &setting.given {
        Given::Text(sealed) => Some(sealed),
        Given::Value(part) => of_part(part),
        Given::All { .. } => None,
    });
    let files = container.mounts.iter().flat_map(|mount| match &mount.mounted {
        Mounted::Files(files) | Mounted::Expression(_, files) => files.as_slice(),
        Mounted::Other(_) => &[],
    });
    settings.chain(files.filter_map(|file| of_part(&file.value))).collect()
}
