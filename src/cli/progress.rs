//! What happens while it happens, on stderr: a bar on a terminal, lines elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Context;
use crate::execute::{Event, Listen};
use crate::object::ObjectId;
use crate::report::live::{did, word};

/// Hands events over to whoever shows them.
#[derive(Clone)]
pub(super) struct Teller(UnboundedSender<Event>);

impl Listen for Teller {
    fn hear(&self, event: &Event) {
        // Nobody listens any more only when the command has ended.
        let _ = self.0.send(event.clone());
    }
}

/// A teller, and what it tells.
pub(super) fn channel() -> (Teller, UnboundedReceiver<Event>) {
    let (sender, receiver) = unbounded_channel();
    (Teller(sender), receiver)
}

/// Shows events.
pub(super) struct Progress {
    /// On a terminal only.
    bar: Option<ProgressBar>,
    /// What is waited for, and what it lacks.
    waits: BTreeMap<ObjectId, String>,
}

impl Progress {
    pub(super) fn new(context: &mut Context) -> Self {
        let bar = context.system.streams().stderr_is_terminal.then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, waits: BTreeMap::new() }
    }

    pub(super) fn show(&mut self, event: &Event, context: &mut Context) {
        match event {
            Event::Begins { writes, prunes } => {
                if let Some(bar) = &self.bar {
                    bar.set_length((writes + prunes) as u64);
                }
            }
            Event::Done(operation, id) => self.step(&format!("{} {id}", did(*operation)), context),
            Event::Failed(failed) => {
                self.waits.remove(&failed.id);
                self.step(&format!("{} {}: {}", word(failed), failed.id, failed.message), context);
            }
            Event::Waits(id, what) => {
                if self.waits.insert(id.clone(), what.clone()).as_ref() != Some(what) && self.bar.is_none() {
                    context.say(&format!("waiting for {id}: {what}"));
                }
                self.tell_waits();
            }
            Event::Ready(id) => {
                if self.waits.remove(id).is_some() {
                    self.line(&format!("ready {id}"), context);
                }
                self.tell_waits();
            }
            Event::Note(note) => self.line(note, context),
        }
    }

    /// Takes the bar off the terminal.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Says something beside.
    pub(super) fn note(&self, text: &str, context: &mut Context) {
        self.line(text, context);
    }

    fn step(&self, text: &str, context: &mut Context) {
        self.line(text, context);
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    fn line(&self, text: &str, context: &mut Context) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => context.say(text),
        }
    }

    fn tell_waits(&self) {
        let Some(bar) = &self.bar else { return };
        let first = self.waits.iter().next().map(|(id, what)| format!("waiting for {id}: {what}"));
        let more = self.waits.len().saturating_sub(1);
        bar.set_message(match first {
            Some(first) if more > 0 => format!("{first} (and {more} more)"),
            other => other.unwrap_or_default(),
        });
    }
}
