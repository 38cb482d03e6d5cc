//! For programs: schema `plimsoll.dev/review/v1`. Members are only ever added within a version.

use serde_json::{Value, json};

use super::{Review, Reviewed};
use crate::change::SealedChange;
use crate::report::change;
use crate::report::diagnostics::{Findings, json_value};

/// The review as a JSON document. Ends in a line end.
pub fn json(review: &Review) -> String {
    let document = json!({
        "schema": "plimsoll.dev/review/v1",
        "base": review.base,
        "commit": review.commit,
        "environments": review.environments.iter().map(environment).collect::<Vec<_>>(),
        "untouched": review.untouched,
        "unread": review.unread,
    });
    format!("{document:#}\n")
}

fn environment(one: &Reviewed) -> Value {
    let findings = |findings| {
        let group = Findings { environment: Some(&one.name), findings, sources: &one.sources };
        json_value(&[group])
    };
    json!({
        "name": one.name,
        "outcome": one.outcome.word(),
        "why": one.why,
        "diff": one.outcome.objects().map(change::json_value),
        "secrets": change::secrets_value(one.outcome.secrets()),
        "sealed": one.outcome.sealed().iter().map(sealed).collect::<Vec<_>>(),
        "findings": findings(&one.found),
        "newFindings": findings(&one.fresh),
    })
}

fn sealed(change: &SealedChange) -> Value {
    json!({ "file": change.file, "rekeyed": change.rekeyed, "gained": change.gained, "lost": change.lost })
}
