//! What verifying found: data for the writers of text and JSON.

use super::compare::Findings;

/// All that was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The environment.
    pub environment: String,
    /// The commit that was compiled, if it is known.
    pub commit: Option<String>,
    /// The bundle's workloads, in its order.
    pub workloads: Vec<WorkloadReport>,
}

/// One workload.
#[derive(Debug, Clone)]
pub struct WorkloadReport {
    /// `Deployment/web`, as the cluster has it.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// What runs of it.
    pub standing: Standing,
}

/// What runs of a workload.
#[derive(Debug, Clone)]
pub enum Standing {
    /// The object isn't in the cluster.
    NoObject,
    /// Nothing runs, and nothing is to, with the reason.
    Idle(String),
    /// Nothing runs though something should, with the reason.
    NoPods(String),
    /// Its pods.
    Pods(Vec<PodReport>),
}

/// One pod.
#[derive(Debug, Clone)]
pub struct PodReport {
    /// Its name.
    pub name: String,
    /// Whether it was made from an earlier state of its workload.
    pub is_old: bool,
    /// Whether it is being deleted; it isn't read then.
    pub is_ending: bool,
    /// Its containers that the bundle has, in order.
    pub containers: Vec<ContainerReport>,
    /// Its containers that the bundle doesn't have: someone put them there.
    pub foreign: Vec<String>,
}

/// One container.
#[derive(Debug, Clone)]
pub struct ContainerReport {
    /// Its name.
    pub name: String,
    /// What came of it.
    pub checked: Checked,
}

/// What came of a container.
#[derive(Debug, Clone)]
pub enum Checked {
    /// It was compared.
    Compared(Findings),
    /// It couldn't be, with the reason.
    Unverifiable {
        /// Why.
        why: String,
        /// Whether the user said that this is all right.
        allowed: bool,
    },
}

/// The sums of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Containers compared.
    pub containers: usize,
    /// Values as they must be.
    pub equal: usize,
    /// Secrets among them.
    pub equal_secrets: usize,
    /// Values that aren't, in pods of the present state.
    pub different: usize,
    /// The same in pods of an earlier state.
    pub old: usize,
    /// Containers, or workloads without pods, that can't be verified and aren't allowed to be.
    pub unverifiable: usize,
    /// The same, allowed.
    pub allowed: usize,
    /// Secrets that no identity opened.
    pub not_opened: usize,
    /// Values from objects outside the bundle, and others that can't be known.
    pub unknown: usize,
}

impl Report {
    /// Adds up.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for workload in &self.workloads {
            match &workload.standing {
                Standing::NoObject | Standing::NoPods(_) => counts.unverifiable += 1,
                Standing::Idle(_) => {}
                Standing::Pods(pods) => pods.iter().for_each(|pod| counts.add(pod)),
            }
        }
        counts
    }

    /// Whether all that could be compared is as it must be, and nothing was left out that the user didn't allow.
    pub fn is_clean(&self) -> bool {
        let Counts { different, old, unverifiable, .. } = self.counts();
        different + old + unverifiable == 0
    }
}

impl Counts {
    fn add(&mut self, pod: &PodReport) {
        for container in &pod.containers {
            match &container.checked {
                Checked::Unverifiable { allowed: true, .. } => self.allowed += 1,
                Checked::Unverifiable { .. } => self.unverifiable += 1,
                Checked::Compared(findings) => {
                    self.containers += 1;
                    self.equal += findings.equal;
                    self.equal_secrets += findings.equal_secrets;
                    let differences = findings.differences.len();
                    *(if pod.is_old { &mut self.old } else { &mut self.different }) += differences;
                    for unknown in &findings.unknown {
                        if unknown.unreadable {
                            self.unverifiable += 1;
                        } else if unknown.not_opened {
                            self.not_opened += 1;
                        } else {
                            self.unknown += 1;
                        }
                    }
                }
            }
        }
    }
}
