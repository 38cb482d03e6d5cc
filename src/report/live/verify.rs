//! What verifying found.

use std::fmt::Write;

use anstyle::AnsiColor;
use serde_json::{Value, json};

use crate::report::change::text::Paint;
use crate::verify::{
    Checked, ContainerReport, Counts, Difference, Findings, How, PodReport, Report, Standing, Unknown, What, WorkloadReport,
};

const SCHEMA: &str = "plimsoll.dev/verify/v1";

/// For people: by workload, pod and container. Ends in a line of sums.
pub fn verify_text(report: &Report, colors: bool) -> String {
    let paint = Paint { colors };
    let mut text = String::new();
    for workload in &report.workloads {
        write_workload(&mut text, workload, paint);
    }
    if report.workloads.is_empty() {
        text.push_str("the bundle makes no pods\n");
    }
    let color = if report.is_clean() { AnsiColor::Green } else { AnsiColor::Red };
    let _ = writeln!(text, "{}", paint.paint(&sums(&report.counts()), color.on_default().bold()));
    text
}

fn write_workload(text: &mut String, workload: &WorkloadReport, paint: Paint) {
    let title = paint.bold(&format!("{} in namespace {}", workload.name, workload.namespace));
    let red = |words: &str| paint.in_color(words, AnsiColor::Red);
    match &workload.standing {
        Standing::NoObject => {
            let _ = writeln!(text, "{title}: {}", red("isn't in the cluster"));
        }
        Standing::Idle(why) => {
            let _ = writeln!(text, "{title}: nothing to verify: {why}");
        }
        Standing::NoPods(why) => {
            let _ = writeln!(text, "{title}: {}: {why}", red("nothing runs"));
        }
        Standing::Pods(pods) => {
            let _ = writeln!(text, "{title}");
            for pod in pods {
                write_pod(text, pod, paint);
            }
        }
    }
    text.push('\n');
}

fn write_pod(text: &mut String, pod: &PodReport, paint: Paint) {
    let old = if pod.is_old { paint.in_color("old ", AnsiColor::Yellow) } else { String::new() };
    let ending = if pod.is_ending { ": is being deleted, not read" } else { "" };
    let _ = writeln!(text, "  {old}pod {}{ending}", pod.name);
    for container in &pod.containers {
        write_container(text, container, paint);
    }
    for name in &pod.foreign {
        let _ = writeln!(text, "    {name}: not in the bundle");
    }
}

fn write_container(text: &mut String, container: &ContainerReport, paint: Paint) {
    let name = &container.name;
    let findings = match &container.checked {
        Checked::Unverifiable { why, allowed } => {
            let (words, color) =
                if *allowed { ("unverifiable, as allowed", AnsiColor::Yellow) } else { ("unverifiable", AnsiColor::Red) };
            let _ = writeln!(text, "    {name}: {}: {why}", paint.in_color(words, color));
            return;
        }
        Checked::Compared(findings) => findings,
    };
    let Findings { equal, equal_secrets, differences, unknown, notes } = findings;
    let secrets = match equal_secrets {
        0 => String::new(),
        1 => ", 1 of them a secret".to_owned(),
        count => format!(", {count} of them secrets"),
    };
    let _ = writeln!(text, "    {name}: {equal} equal{secrets}");
    for difference in differences {
        let words = paint.in_color(how(difference.how), AnsiColor::Red);
        let secret = if difference.is_secret { "secret " } else { "" };
        let cause = difference.cause.as_ref().map_or_else(String::new, |cause| format!(": {cause}"));
        let _ = writeln!(text, "      {secret}{} {words} ({}){cause}", shown(&difference.what), difference.from);
    }
    for one in unknown {
        let what = one.what.as_ref().map_or_else(String::new, |what| format!("{} ", shown(what)));
        let _ = writeln!(text, "      {what}not compared: {}", one.why);
    }
    for note in notes {
        let _ = writeln!(text, "      note: {note}");
    }
}

/// A path as it is; a name too, unless it would break the line.
fn shown(what: &What) -> String {
    match what {
        What::Variable(name) | What::File(name) => name.escape_debug().to_string(),
    }
}

fn how(how: How) -> &'static str {
    match how {
        How::Different => "is different",
        How::Missing => "is missing",
        How::Extra => "should not be there",
    }
}

fn sums(counts: &Counts) -> String {
    let Counts { containers, equal, equal_secrets, different, old, unverifiable, allowed, not_opened, unknown } = *counts;
    let noun = if containers == 1 { "container" } else { "containers" };
    let mut text = format!("{containers} {noun} compared: {equal} values equal ({equal_secrets} secrets), {different} different");
    let mut add = |count: usize, words: &str| {
        if count > 0 {
            let _ = write!(text, ", {count} {words}");
        }
    };
    add(old, "different in old pods");
    add(unverifiable, "unverifiable");
    add(allowed, "unverifiable as allowed");
    add(not_opened, "secrets not opened");
    add(unknown, "not in the bundle or not known");
    text
}

/// For programs: schema `plimsoll.dev/verify/v1`. Members are only ever added within a version.
pub fn verify_json(report: &Report) -> String {
    let counts = report.counts();
    let document = json!({
        "schema": SCHEMA,
        "environment": report.environment,
        "commit": report.commit,
        "clean": report.is_clean(),
        "counts": {
            "containers": counts.containers,
            "equal": counts.equal,
            "equalSecrets": counts.equal_secrets,
            "different": counts.different,
            "old": counts.old,
            "unverifiable": counts.unverifiable,
            "allowed": counts.allowed,
            "notOpened": counts.not_opened,
            "unknown": counts.unknown,
        },
        "workloads": report.workloads.iter().map(workload).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn workload(workload: &WorkloadReport) -> Value {
    let (standing, why, pods) = match &workload.standing {
        Standing::NoObject => ("missing", None, &[][..]),
        Standing::Idle(why) => ("idle", Some(why), &[][..]),
        Standing::NoPods(why) => ("noPods", Some(why), &[][..]),
        Standing::Pods(pods) => ("pods", None, pods.as_slice()),
    };
    json!({
        "object": workload.name,
        "namespace": workload.namespace,
        "standing": standing,
        "reason": why,
        "pods": pods.iter().map(pod).collect::<Vec<_>>(),
    })
}

fn pod(pod: &PodReport) -> Value {
    json!({
        "name": pod.name,
        "old": pod.is_old,
        "ending": pod.is_ending,
        "containers": pod.containers.iter().map(container).collect::<Vec<_>>(),
        "foreign": pod.foreign,
    })
}

fn container(container: &ContainerReport) -> Value {
    match &container.checked {
        Checked::Unverifiable { why, allowed } => {
            json!({ "name": container.name, "verdict": "unverifiable", "reason": why, "allowed": allowed })
        }
        Checked::Compared(Findings { equal, equal_secrets, differences, unknown, notes }) => json!({
            "name": container.name,
            "verdict": if differences.is_empty() { "equal" } else { "different" },
            "equal": equal,
            "equalSecrets": equal_secrets,
            "differences": differences.iter().map(difference).collect::<Vec<_>>(),
            "unknown": unknown.iter().map(not_compared).collect::<Vec<_>>(),
            "notes": notes,
        }),
    }
}

fn difference(difference: &Difference) -> Value {
    let how = match difference.how {
        How::Different => "different",
        How::Missing => "missing",
        How::Extra => "extra",
    };
    let (kind, name) = named(&difference.what);
    json!({ "kind": kind, "name": name, "how": how, "from": difference.from, "secret": difference.is_secret, "cause": difference.cause })
}

fn not_compared(unknown: &Unknown) -> Value {
    let (kind, name) = unknown.what.as_ref().map(named).unzip();
    json!({ "kind": kind, "name": name, "reason": unknown.why, "notOpened": unknown.not_opened, "unreadable": unknown.unreadable })
}

fn named(what: &What) -> (&'static str, &str) {
    match what {
        What::Variable(name) => ("variable", name),
        What::File(path) => ("file", path),
    }
}
