//! Reading a container's environment and files by `exec`.
//!
//! With a shell a single command reads many files: `cat` each, and after each a line that a file doesn't hold, since it begins with 128
//! random bits. Without one, `cat` once a file. A container that has neither can't be read: bringing a program there (an ephemeral
//! container) would change the pod.

use std::collections::BTreeMap;
use std::time::Duration;

use memchr::memmem;
use zeroize::Zeroizing;

use super::compare::{Actual, Content};
use crate::cluster::{Cluster, ClusterError, End, ErrorKind, Executed, Place};
use crate::secret::generate_password;

/// The script: `$$` is the shell, whose environment is what the runtime gives to any process of the container.
const SCRIPT: &str = r#"b=$1; shift
command -v cat >/dev/null || exit 127
for f do
  if [ "$f" = = ]; then f=/proc/$$/environ; fi
  if cat "$f" 2>/dev/null; then echo "$b 0"
  elif [ -e "$f" ] || [ -L "$f" ]; then echo "$b 1"
  else echo "$b 2"; fi
done"#;
/// The environment of a new process, in the script's words.
const NEW: &str = "=";
/// That of the container's first process.
const FIRST: &str = "/proc/1/environ";
/// Words of one command: it travels in a URL.
const WORDS: usize = 4000;
/// What one file may hold: a ConfigMap has at most 1 MiB.
const LARGEST: usize = (1 << 20) + 4096;
/// How long one command may take.
const TIME: Duration = Duration::from_secs(30);

/// What came of reading.
pub(super) enum Readout {
    /// All was asked for, and answered.
    Read(Actual),
    /// It can't be read, with the reason.
    Cannot(String),
    /// The pod isn't there any more.
    Gone,
}

/// Reads a container. `shared` says that process 1 isn't its own.
///
/// # Errors
/// The cluster isn't reachable, or doesn't know who asks.
pub(super) async fn read(cluster: &Cluster, place: Place<'_>, files: &[String], shared: bool) -> Result<Readout, ClusterError> {
    let mut wanted: Vec<&str> = vec![NEW];
    if !shared {
        wanted.push(FIRST);
    }
    wanted.extend(files.iter().map(String::as_str));
    let answer = match by_shell(cluster, place, &wanted).await {
        Ok(None) => by_cat(cluster, place, &wanted).await,
        Ok(Some(read)) => Ok(read),
        Err(stop) => Err(stop),
    };
    match answer {
        Ok(contents) => Ok(sort(contents)),
        Err(Stop::Cannot(why)) => Ok(Readout::Cannot(why)),
        Err(Stop::Cluster(error)) => match error.kind {
            ErrorKind::NotFound => Ok(Readout::Gone),
            ErrorKind::Forbidden(right) => Ok(Readout::Cannot(format!("the right is missing to {right}"))),
            ErrorKind::Unreachable | ErrorKind::Login => Err(error),
            _ => Ok(Readout::Cannot(error.message)),
        },
    }
}

enum Stop {
    Cannot(String),
    Cluster(ClusterError),
}

impl From<ClusterError> for Stop {
    fn from(error: ClusterError) -> Self {
        Self::Cluster(error)
    }
}

type Contents = BTreeMap<String, Content>;

fn sort(mut contents: Contents) -> Readout {
    let mut environment = |name: &str| match contents.remove(name) {
        Some(Content::Bytes(bytes)) => Some(bytes),
        _ => None,
    };
    let (own, given) = (environment(FIRST), environment(NEW));
    if own.is_none() && given.is_none() {
        return Readout::Cannot("no environment can be read: there is no `/proc`".to_owned());
    }
    Readout::Read(Actual { own, given, files: contents })
}

/// Reads by the script; `None` if there is no shell.
async fn by_shell(cluster: &Cluster, place: Place<'_>, wanted: &[&str]) -> Result<Option<Contents>, Stop> {
    let mut all = Contents::new();
    let mut rest = wanted;
    while !rest.is_empty() {
        let mut words = 0;
        let count = rest.iter().take_while(|path| {
            words += path.len() * 3 + 10;
            words <= WORDS
        });
        let (batch, after) = rest.split_at(count.count().max(1));
        let mark = generate_password().map_err(|error| Stop::Cannot(format!("no random bits: {error}")))?;
        let mut command = vec!["sh", "-c", SCRIPT, "sh", &mark];
        command.extend(batch);
        let done = run(cluster, place, &command, LARGEST * batch.len()).await?;
        match done.end {
            End::Exited(0) => {}
            End::NoProgram => return Ok(None),
            End::Exited(127) => return Err(Stop::Cannot("the image has a shell, but no `cat`".to_owned())),
            end => return Err(Stop::Cannot(ended("sh", &end))),
        }
        let contents = frames(&done.out, &mark, batch.len());
        let contents = contents.ok_or_else(|| Stop::Cannot("the answer of `sh` breaks off".to_owned()))?;
        all.extend(batch.iter().map(|path| (*path).to_owned()).zip(contents));
        rest = after;
    }
    Ok(Some(all))
}

/// Takes the script's output apart: each file's content, the mark, a digit and a line end.
fn frames(mut out: &[u8], mark: &str, count: usize) -> Option<Vec<Content>> {
    let mut found = Vec::new();
    for _ in 0..count {
        let at = memmem::find(out, mark.as_bytes())?;
        let (content, rest) = out.split_at(at);
        let (digit, rest) = rest.get(mark.len()..)?.strip_prefix(b" ")?.split_first()?;
        out = rest.strip_prefix(b"\n")?;
        found.push(match digit {
            b'0' => Content::Bytes(Zeroizing::new(content.to_vec())),
            b'1' => Content::Unreadable,
            _ => Content::Gone,
        });
    }
    out.is_empty().then_some(found)
}

async fn by_cat(cluster: &Cluster, place: Place<'_>, wanted: &[&str]) -> Result<Contents, Stop> {
    let mut all = Contents::new();
    for path in wanted {
        let asked = if *path == NEW { "/proc/self/environ" } else { path };
        let done = run(cluster, place, &["cat", asked], LARGEST).await?;
        let content = match done.end {
            End::Exited(0) => Content::Bytes(done.out),
            End::Exited(_) if done.err.contains("No such file") => Content::Gone,
            End::Exited(_) => Content::Unreadable,
            End::NoProgram => return Err(Stop::Cannot("the image has neither `sh` nor `cat`".to_owned())),
            end => return Err(Stop::Cannot(ended("cat", &end))),
        };
        all.insert((*path).to_owned(), content);
    }
    Ok(all)
}

fn ended(program: &str, end: &End) -> String {
    match end {
        End::TooMuch => format!("`{program}` writes more than ConfigMaps and Secrets can hold"),
        End::Exited(code) => format!("`{program}` ends with {code}"),
        End::NoProgram => format!("the image has no `{program}`"),
        End::Failed(why) => format!("`{program}` can't be run: {why}"),
    }
}

/// Runs a command; once more if the first time didn't get there.
async fn run(cluster: &Cluster, place: Place<'_>, command: &[&str], limit: usize) -> Result<Executed, ClusterError> {
    match cluster.exec(place, command, limit, TIME).await {
        Err(error) if error.is_passing() && error.kind != ErrorKind::Unreachable => {
            cluster.exec(place, command, limit, TIME).await
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_keep_every_byte() {
        let content = |content: &Content| match content {
            Content::Bytes(bytes) => format!("{:?}", &**bytes),
            Content::Gone => "gone".to_owned(),
            Content::Unreadable => "unreadable".to_owned(),
        };
        let out = b"a\n\0\xffM 0\nM 0\nM 2\npartM 1\n";
        let found = frames(out, "M", 4).unwrap();
        assert_eq!(found.iter().map(content).collect::<Vec<_>>(), ["[97, 10, 0, 255]", "[]", "gone", "unreadable"]);
        assert!(frames(out, "M", 5).is_none(), "one is missing");
        assert!(frames(out, "M", 3).is_none(), "there is more");
        assert!(frames(b"cut", "M", 1).is_none());
    }
}
