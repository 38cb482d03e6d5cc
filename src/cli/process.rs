//! The door to this machine's processes: which one this is, and whether another is still there.
#![expect(clippy::disallowed_methods, reason = "this is a door: Linux tells of processes in files")]

use std::fs::{read_link, read_to_string};

use sha2::{Digest as _, Sha256};

use crate::execute::lease::Process;

/// This process; `None` on systems that don't tell of processes as Linux does.
pub(super) fn own() -> Option<Process> {
    let pid = std::process::id();
    let host = read_to_string("/proc/sys/kernel/hostname").ok()?.trim().to_owned();
    Some(Process { host, machine: machine()?, pid, started: started(pid)? })
}

/// Whether a process is running; `None` if it is of another machine, or of this one before its last start.
pub(super) fn is_running(process: &Process) -> Option<bool> {
    (machine()? == process.machine).then(|| started(process.pid) == Some(process.started))
}

/// What tells this machine since its start, and this container, from others.
fn machine() -> Option<String> {
    let boot = read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = read_link("/proc/self/ns/pid").ok()?;
    let hash = Sha256::digest(format!("{} {}", boot.trim(), space.display()));
    Some(hash.iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}")))
}

/// When a process started, in ticks since the machine did; `None` if there is none, or it has ended and nobody has taken note yet.
fn started(pid: u32) -> Option<u64> {
    let stat = read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything; what follows is fields 3 and on (proc_pid_stat(5)).
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?;
    fields.nth(18)?.parse().ok().filter(|_| !matches!(state, "Z" | "X"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_more_than_its_number() {
        let Some(own) = own() else { return };
        assert_eq!(is_running(&own), Some(true));
        assert_eq!(is_running(&Process { started: own.started + 1, ..own.clone() }), Some(false), "the number is used again");
        assert_eq!(is_running(&Process { machine: "other".to_owned(), ..own }), None);
    }
}
