//! `replicas` of a workload that an autoscaler scales: each apply sets back what the autoscaler did.

use std::collections::BTreeMap;

use crate::check::pod::text;
use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostics, rule};
use crate::object::Object;

rule!(REPLICAS_AUTOSCALED, "replicas-autoscaled", Warning, "a workload sets `replicas` that an autoscaler sets too");

pub(in crate::check) static CHECK: Check = Check { rules: &[&REPLICAS_AUTOSCALED], scope: Scope::Bundle(look) };

fn look(world: &World<'_>, found: &mut Diagnostics) {
    let scalers: BTreeMap<_, &Object> = world
        .of_kind("HorizontalPodAutoscaler")
        .iter()
        .copied()
        .filter_map(|scaler| Some((target(world, scaler)?, scaler)))
        .collect();
    if scalers.is_empty() {
        return;
    }
    for object in world.objects() {
        let key = (world.namespace_of(object), object.kind(), object.name());
        let Some(scaler) = scalers.get(&key) else { continue };
        let Some(replicas) = object.root.get("spec").and_then(|spec| spec.get("replicas")) else { continue };
        let message = format!("`{}` sets `replicas`, and `{}` scales it", object.source, scaler.source);
        found.push(
            finding::at(&REPLICAS_AUTOSCALED, object, replicas, message)
                .also(finding::name_span(scaler), "the autoscaler")
                .hint("take `replicas` out: the autoscaler's `minReplicas` holds from the start"),
        );
    }
}

fn target<'a>(world: &World<'a>, scaler: &'a Object) -> Option<(&'a str, &'a str, &'a str)> {
    let target = scaler.root.get("spec")?.get("scaleTargetRef")?;
    Some((world.namespace_of(scaler), text(target, "kind")?, text(target, "name")?))
}
