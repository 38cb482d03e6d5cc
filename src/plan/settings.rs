//! What the environment says of applying, with the defaults put in.

use std::time::Duration;

use super::Settings;
use crate::environment;

/// How long to wait if the environment says nothing.
const TIMEOUT: Duration = Duration::from_mins(5);
/// How many old hashed objects of one name stay.
const KEEP: usize = 3;
/// How many objects one apply may prune.
const PRUNE_BUDGET: usize = 10;

/// The field manager that applies the environment: ours, or that of the engine that pulls it. Flux' kustomize-controller applies
/// server-side under its own name, Argo CD's controller under `argocd-controller`.
pub fn manager(settings: &environment::Settings) -> &'static str {
    match settings.target.engine.as_ref().map(|engine| engine.value.as_str()) {
        Some("flux") => "kustomize-controller",
        Some("argocd") => "argocd-controller",
        _ => "plimsoll",
    }
}

/// The namespace that the environment's inventory, history and Lease are in: `target.namespace`.
pub fn namespace(settings: &environment::Settings) -> &str {
    settings.target.namespace.as_ref().map_or("default", environment::Spanned::as_str)
}

/// `[apply]`.
pub(super) fn read(settings: &environment::Settings) -> Settings {
    let apply = &settings.apply;
    let count = |number: &Option<environment::Spanned<i64>>, default: usize| {
        number.as_ref().map_or(default, |number| usize::try_from(number.value).unwrap_or(0))
    };
    Settings {
        timeout: apply.timeout.as_ref().and_then(|timeout| duration(&timeout.value)).unwrap_or(TIMEOUT),
        keep: count(&apply.keep, KEEP),
        prune_budget: count(&apply.prune_budget, PRUNE_BUDGET),
    }
}

/// `1h30m`, as the environment's own check lets it pass; `None` if it isn't written so.
pub fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(end);
        let number: u64 = number.parse().ok()?;
        let (unit, tail) = match tail {
            _ if tail.starts_with("ms") => (Duration::from_millis(number), tail.get(2..)?),
            _ if tail.starts_with('s') => (Duration::from_secs(number), tail.get(1..)?),
            _ if tail.starts_with('m') => (Duration::from_secs(number.checked_mul(60)?), tail.get(1..)?),
            _ if tail.starts_with('h') => (Duration::from_secs(number.checked_mul(3600)?), tail.get(1..)?),
            _ => return None,
        };
        total = total.checked_add(unit)?;
        rest = tail;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_add_up() {
        assert_eq!(duration("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(duration("5m"), Some(Duration::from_mins(5)));
        assert_eq!(duration("250ms2s"), Some(Duration::from_millis(2250)));
        assert_eq!(duration("5"), None);
        assert_eq!(duration("5d"), None);
    }
}
