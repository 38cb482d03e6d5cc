//! What a command works with.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ColorChoice, Exit, Failure, Format, Global, System};
use crate::diagnostic::Diagnostics;
use crate::report::diagnostics::{self, Findings};
use crate::source::{DiskTree, Files, SourceMap, find_root};

/// The system and the global options.
pub struct Context {
    /// The process around us.
    pub system: System,
    /// Options that every command takes.
    pub global: Global,
}

impl Context {
    /// A context for one command.
    pub fn new(system: System, global: Global) -> Self {
        Self { system, global }
    }

    /// The repository's root: the nearest folder upwards, from the current one or from `--root`, that holds `environments/`.
    pub fn root(&self) -> Result<PathBuf, Failure> {
        let start =
            self.global.root.as_deref().map_or_else(|| self.system.folder().to_owned(), |root| self.system.absolute(root));
        find_root(&start).ok_or_else(|| {
            Failure::usage(format!("no folder `environments` in `{}` or above it", start.display()))
                .hint("run this inside a repository, name one with `--root DIR`, or make one with `plimsoll init`")
        })
    }

    /// The file door on the repository's working tree.
    pub fn files(&self) -> Result<Files, Failure> {
        Self::open(&self.root()?)
    }

    /// The file door on a folder.
    pub fn open(root: &Path) -> Result<Files, Failure> {
        let tree = DiskTree::new(root).map_err(|error| Failure::usage(format!("can't read `{}`: {error}", root.display())))?;
        Ok(Files::new(tree))
    }

    /// The format asked for, or the command's own; `formats` are those that the command has, its own first.
    pub fn format(&self, formats: &[Format]) -> Result<Format, Failure> {
        let own = formats.first().copied().unwrap_or(Format::Text);
        match self.global.format {
            // The command's own format is the one for people, whatever it is.
            None | Some(Format::Text) => Ok(own),
            Some(format) if formats.contains(&format) => Ok(format),
            Some(format) => {
                let names: Vec<String> = formats.iter().map(|format| format!("`{}`", format.name())).collect();
                Err(Failure::usage(format!("this command doesn't write `{}`", format.name()))
                    .hint(format!("it writes {}", names.join(", "))))
            }
        }
    }

    /// Writes a part of the result to stdout.
    pub fn write(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.system.streams().stdout.write_all(text.as_bytes())?)
    }

    /// Writes a part of the result to stdout, as bytes.
    pub fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.system.streams().stdout.write_all(bytes)?)
    }

    /// Says something on stderr; a line end is added.
    pub fn say(&mut self, message: &str) {
        let streams = self.system.streams();
        // What was written before stands before. If stderr is closed, there is no one to tell.
        let _ = streams.stdout.flush();
        let _ = writeln!(streams.stderr, "{message}");
    }

    /// Says findings on stderr, for people.
    pub fn say_findings(&mut self, findings: &Diagnostics, sources: &SourceMap) {
        if findings.is_empty() {
            return;
        }
        let colors = self.colors_messages();
        let text = diagnostics::text(&[Findings::new(findings, sources)], colors);
        self.say(text.trim_end());
    }

    /// Whether the result is coloured.
    pub fn colors_output(&mut self) -> bool {
        let is_terminal = self.system.streams().stdout_is_terminal;
        self.colors(is_terminal)
    }

    /// Whether messages are coloured.
    pub fn colors_messages(&mut self) -> bool {
        let is_terminal = self.system.streams().stderr_is_terminal;
        self.colors(is_terminal)
    }

    fn colors(&self, is_terminal: bool) -> bool {
        match self.global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => self.system.wants_color(is_terminal),
        }
    }

    /// Ends the command: what it wrote goes out, a failure is said, and there is an exit code.
    pub(super) fn finish(&mut self, ended: Result<Exit, Failure>) -> Exit {
        let ended = ended.and_then(|exit| Ok(self.system.streams().stdout.flush().map(|()| exit)?));
        match ended {
            Ok(exit) => exit,
            Err(failure) => {
                self.tell(&failure);
                failure.exit()
            }
        }
    }

    fn tell(&mut self, failure: &Failure) {
        match failure {
            Failure::Found(findings, sources) => self.tell_findings(findings, sources),
            Failure::Usage { message, hints } | Failure::Refused { message, hints } | Failure::Unreachable { message, hints }
                if self.global.format == Some(Format::Json) =>
            {
                let rule = match failure {
                    Failure::Usage { .. } => "usage",
                    Failure::Refused { .. } => "refused",
                    _ => "unreachable",
                };
                let text = diagnostics::json_message(rule, message, hints);
                if self.write(&text).is_ok() {
                    let _ = self.system.streams().stdout.flush();
                }
            }
            Failure::Usage { message, hints } | Failure::Refused { message, hints } | Failure::Unreachable { message, hints } => {
                let text = diagnostics::plain("error", message, hints, self.colors_messages());
                self.say(&text);
            }
            Failure::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            Failure::Output(error) => self.say(&format!("error: can't write the result: {error}")),
        }
    }

    /// A program that asked for JSON gets the errors as JSON, on stdout where it reads.
    fn tell_findings(&mut self, findings: &Diagnostics, sources: &Arc<SourceMap>) {
        if self.global.format == Some(Format::Json) {
            let text = diagnostics::json(&[Findings::new(findings, sources)]);
            if self.write(&text).is_ok() {
                let _ = self.system.streams().stdout.flush();
            }
        } else {
            self.say_findings(findings, sources);
        }
    }
}
