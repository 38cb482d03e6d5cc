//! What the commands have in common that write to a cluster: consent, progress, signals, the outcome and its exit code.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::live::{Session, unreachable};
use super::progress::{self, Progress};
use super::{Context, Exit, Failure, Format, process};
use crate::execute::hold::Purpose;
use crate::execute::lease::{Surroundings, Timing};
use crate::execute::{self, Event, Interrupt, Listen, NotBegun, Options, Outcome, Reason, Run};
use crate::inventory::Action;
use crate::plan::{Plan, Refusal};
use crate::report::live::{apply_json, apply_text};
use crate::secret::{Opened, Scrubber};

/// What a plan is carried out with.
pub(super) struct Work<'a> {
    pub(super) session: &'a Session,
    pub(super) opened: &'a Opened,
    pub(super) scrubber: &'a Scrubber,
    pub(super) action: Action,
    /// Of a rollback: the working tree's commit.
    pub(super) beside: Option<String>,
    /// By sealed file: its serial.
    pub(super) serials: BTreeMap<String, u64>,
    pub(super) options: Options,
}

/// Carries a plan out, shows what happens, writes the outcome.
pub(super) fn carry_out(context: &mut Context, work: Work<'_>, plan: Plan) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let (environment, unchanged) = (plan.environment.clone(), plan.unchanged());
    // The diff has told of these; without a step none was shown.
    let told = if plan.is_empty() { 0 } else { plan.kept.len() };
    let mut outcome = match work.session.run(watched(context, work, plan))? {
        Ended::Whole(outcome) => outcome,
        Ended::Cut(exit) => return Ok(exit),
    };
    let exit = exit_of(&outcome);
    let text = if format == Format::Json {
        apply_json(&outcome, &environment, unchanged, exit.code())
    } else {
        outcome.kept.drain(..told.min(outcome.kept.len()));
        apply_text(&outcome, &environment, unchanged, context.colors_output())
    };
    context.write(&text)?;
    Ok(exit)
}

enum Ended {
    Whole(Outcome),
    /// Told to stop twice.
    Cut(Exit),
}

/// Runs the plan, and beside it listens for signals and shows events.
async fn watched(context: &mut Context, work: Work<'_>, plan: Plan) -> Result<Ended, Failure> {
    let Work { session, opened, scrubber, action, beside, serials, options } = work;
    let (teller, mut events) = progress::channel();
    let (stop, interrupt) = Interrupt::new();
    let beside_teller = teller.clone();
    let surroundings = Surroundings {
        clock: context.system.clock(),
        is_running: process::is_running,
        note: Arc::new(move |note| beside_teller.hear(&Event::Note(note))),
        timing: Timing::default(),
    };
    let purpose = Purpose { action, beside, serials, process: process::own(), surroundings };
    let run = Run { cluster: &session.cluster, opened, scrubber, listener: &teller, purpose, interrupt, options };
    let mut signals = Signals::new()?;
    let mut progress = Progress::new(context);
    let (mut told, mut begun) = (false, false);
    let ended = {
        let mut work = std::pin::pin!(execute::apply(plan, run));
        loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => {
                    begun |= matches!(event, Event::Begins { .. });
                    progress.show(&event, context);
                }
                () = signals.next() => {
                    if told {
                        progress.end();
                        context.say("ended at once: what was in flight may or may not be done; the next run finds out");
                        return Ok(Ended::Cut(if begun { Exit::Partial } else { Exit::Interrupted }));
                    }
                    told = true;
                    stop.now();
                    progress.note("interrupted: finishing what is in flight; once more ends at once", context);
                }
                ended = &mut work => break ended,
            }
        }
    };
    while let Ok(event) = events.try_recv() {
        progress.show(&event, context);
    }
    progress.end();
    ended.map(Ended::Whole).map_err(|error| not_begun(&error, scrubber))
}

/// The two signals that ask to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Nothing was written: refused (3), or not reachable (6).
pub(super) fn not_begun(error: &NotBegun, scrubber: &Scrubber) -> Failure {
    match error {
        NotBegun::Refused(refusals) => refused(refusals, scrubber),
        NotBegun::Cluster(error) => {
            let error = crate::cluster::ClusterError { message: scrubber.scrub(&error.message), ..error.clone() };
            unreachable(&error)
        }
    }
}

/// Why an apply is refused: exit 3.
pub(super) fn refused(refusals: &[Refusal], scrubber: &Scrubber) -> Failure {
    let line = |refusal: &Refusal| {
        let message = scrubber.scrub(&refusal.message);
        refusal.id.as_ref().map_or(message.clone(), |id| format!("{id}: {message}"))
    };
    let lines: Vec<String> = refusals.iter().map(line).collect();
    let message = match lines.as_slice() {
        [one] => one.clone(),
        several => format!("refused, for {} reasons:\n{}", several.len(), several.join("\n")),
    };
    let mut hints: Vec<&str> = Vec::new();
    for hint in refusals.iter().filter_map(|refusal| refusal.hint.as_deref()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    hints.into_iter().fold(Failure::refused(message), Failure::hint)
}

/// The exit code that an outcome means.
pub(super) fn exit_of(outcome: &Outcome) -> Exit {
    if outcome.interrupted {
        return if outcome.touched { Exit::Partial } else { Exit::Interrupted };
    }
    let any = |is: fn(&Reason) -> bool| outcome.failed.iter().any(|failed| is(&failed.reason));
    if outcome.failed.is_empty() {
        if outcome.unrecorded { Exit::Partial } else { Exit::Fine }
    } else if outcome.failed.iter().all(|failed| failed.reason == Reason::NotReady) {
        Exit::TimedOut
    } else if outcome.touched {
        Exit::Partial
    } else if any(|reason| matches!(reason, Reason::Moved(_) | Reason::Refused | Reason::NotReady)) {
        Exit::Refused
    } else {
        Exit::Unreachable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::Failed;
    use crate::object::ObjectId;
    use crate::plan::Operation;

    fn outcome(done: usize, reasons: &[Reason]) -> Outcome {
        let id = || ObjectId { group: "".into(), version: "v1".into(), kind: "Pod".into(), namespace: None, name: "p".into() };
        let failed = |reason: &Reason| Failed {
            id: id(),
            operation: Operation::Create,
            message: String::new(),
            reason: reason.clone(),
            details: Vec::new(),
        };
        Outcome {
            done: (0..done).map(|_| (Operation::Create, id())).collect(),
            failed: reasons.iter().map(failed).collect(),
            touched: done > 0 || reasons.contains(&Reason::Unknown),
            ..Outcome::default()
        }
    }

    #[test]
    fn exit_codes() {
        let code = |done, reasons: &[Reason]| exit_of(&outcome(done, reasons)).code();
        assert_eq!(code(3, &[]), 0);
        assert_eq!(code(0, &[]), 0);
        assert_eq!(code(2, &[Reason::NotReady]), 5);
        assert_eq!(code(0, &[Reason::NotReady]), 5);
        assert_eq!(code(2, &[Reason::NotReady, Reason::Refused]), 4);
        assert_eq!(code(1, &[Reason::Forbidden("patch pods".to_owned())]), 4);
        assert_eq!(code(0, &[Reason::Forbidden("patch pods".to_owned())]), 6);
        assert_eq!(code(0, &[Reason::Unreachable, Reason::Unreachable]), 6);
        assert_eq!(code(0, &[Reason::Moved(None)]), 3);
        assert_eq!(code(0, &[Reason::Unknown]), 4);
        let interrupted = |done| exit_of(&Outcome { interrupted: true, ..outcome(done, &[Reason::Interrupted]) }).code();
        assert_eq!((interrupted(0), interrupted(1)), (130, 4));
    }
}
