//! The runs of an environment.

use serde_json::{Value, json};

use super::table::table;
use crate::inventory::{Action, Counts, Ending, Record};

const SCHEMA: &str = "plimsoll.dev/history/v1";

/// For people: the last run first. `running` is the run that has the Lease.
pub fn history_text(environment: &str, records: &[Record], running: Option<&str>) -> String {
    if records.is_empty() {
        return format!("`{environment}` was never applied here\n");
    }
    let head = ["#", "WHEN", "WHO", "WHAT", "COMMIT", "OUTCOME", "CHANGES"].map(str::to_owned).to_vec();
    let rows = records.iter().rev().map(|record| {
        vec![
            record.number.to_string(),
            record.began.to_string(),
            record.who.clone(),
            record.action.to_string(),
            commit(record),
            outcome(record, running).to_owned(),
            counted(&record.counts),
        ]
    });
    table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

/// For programs: schema `plimsoll.dev/history/v1`, the oldest first.
pub fn history_json(environment: &str, records: &[Record], running: Option<&str>) -> String {
    let one = |record: &Record| {
        let Counts { created, updated, replaced, pruned, failed, unchanged } = record.counts;
        json!({
            "number": record.number,
            "action": record.action.to_string(),
            "commit": record.commit,
            "secretsOf": record.beside,
            "compiled": Some(&record.compiled).filter(|digest| !digest.is_empty()),
            "who": record.who,
            "began": record.began.to_string(),
            "ended": record.ended.map(|time| time.to_string()),
            "outcome": outcome(record, running),
            "counts": { "created": created, "updated": updated, "replaced": replaced, "pruned": pruned, "failed": failed, "unchanged": unchanged },
        })
    };
    let runs: Vec<Value> = records.iter().map(one).collect();
    format!("{:#}\n", json!({ "schema": SCHEMA, "environment": environment, "runs": runs }))
}

/// What became of a run. One that says `running` without having the Lease was killed.
pub(super) fn outcome(record: &Record, running: Option<&str>) -> &'static str {
    match record.outcome {
        Ending::Running if running == Some(record.run.as_str()) => "running",
        Ending::Running => "didn't end",
        Ending::Ok => "ok",
        Ending::Partial => "partial",
        Ending::Failed => "failed",
        Ending::Interrupted => "interrupted",
        Ending::TimedOut => "timed out",
    }
}

pub(super) fn commit(record: &Record) -> String {
    let short = |commit: &str| commit.chars().take(10).collect::<String>();
    match (&record.commit, record.action) {
        (Some(commit), Action::Rollback) => format!("{} (back)", short(commit)),
        (Some(commit), _) => short(commit),
        (None, _) => "-".to_owned(),
    }
}

/// `2 created, 1 updated`.
fn counted(counts: &Counts) -> String {
    let Counts { created, updated, replaced, pruned, failed, unchanged } = *counts;
    let words = [
        (created, "created"),
        (updated, "updated"),
        (replaced, "replaced"),
        (pruned, "pruned"),
        (failed, "failed"),
        (unchanged, "unchanged"),
    ];
    let said: Vec<String> = words.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64, action: Action, outcome: Ending) -> Record {
        Record {
            number,
            run: format!("r{number}"),
            action,
            commit: Some(format!("{number}23456789abcdef0123")).filter(|_| action != Action::Delete),
            beside: None,
            compiled: "c0ffee".to_owned(),
            who: "alice".to_owned(),
            began: "2026-11-25T01:02:03Z".parse().unwrap(),
            ended: (outcome != Ending::Running).then(|| "2026-11-25T01:02:30Z".parse().unwrap()),
            counts: Counts { created: 2, unchanged: 7, ..Counts::default() },
            outcome,
        }
    }

    #[test]
    fn runs_are_told() {
        let records = [
            record(1, Action::Apply, Ending::Ok),
            record(2, Action::Apply, Ending::Running),
            record(3, Action::Rollback, Ending::TimedOut),
            record(4, Action::Delete, Ending::Running),
        ];
        insta::assert_snapshot!(history_text("prod", &records, Some("r4")), @"
        #  WHEN                  WHO    WHAT      COMMIT             OUTCOME     CHANGES
        4  2026-11-25T01:02:03Z  alice  delete    -                  running     2 created, 7 unchanged
        3  2026-11-25T01:02:03Z  alice  rollback  323456789a (back)  timed out   2 created, 7 unchanged
        2  2026-11-25T01:02:03Z  alice  apply     223456789a         didn't end  2 created, 7 unchanged
        1  2026-11-25T01:02:03Z  alice  apply     123456789a         ok          2 created, 7 unchanged
        ");
        insta::assert_snapshot!(history_text("prod", &[], None), @"`prod` was never applied here");
        insta::assert_snapshot!(history_json("prod", &records[..1], None), @r#"
        {
          "schema": "plimsoll.dev/history/v1",
          "environment": "prod",
          "runs": [
            {
              "number": 1,
              "action": "apply",
              "commit": "123456789abcdef0123",
              "secretsOf": null,
              "compiled": "c0ffee",
              "who": "alice",
              "began": "2026-11-25T01:02:03Z",
              "ended": "2026-11-25T01:02:30Z",
              "outcome": "ok",
              "counts": {
                "created": 2,
                "updated": 0,
                "replaced": 0,
                "pruned": 0,
                "failed": 0,
                "unchanged": 7
              }
            }
          ]
        }
        "#);
    }
}
