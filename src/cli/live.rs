//! What the commands have in common that talk to a cluster: the connection, its guards, the runtime.

#![allow(dead_code, unreachable_pub, reason = "the commands that use it come next")]

use std::future::Future;
use std::path::PathBuf;

use clap::Args;
use tokio::runtime::{Builder, Runtime};

use super::{Context, Failure};
use crate::cluster::{Cluster, ClusterError, ConnectError, Connection, ErrorKind, connect};
use crate::environment::Settings;

/// Options of the commands that talk to a cluster.
#[derive(Debug, Clone, Default, Args)]
pub struct ClusterArgs {
    /// The kubeconfig context; where `target.context` is set, only that one
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The kubeconfig file, instead of `KUBECONFIG` and `~/.kube/config`
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
}

/// A connected cluster and the runtime that its requests run on.
pub(super) struct Session {
    pub(super) cluster: Cluster,
    runtime: Runtime,
}

impl Session {
    /// Connects to the cluster that the environment and the arguments mean, and holds it against `target.cluster-id`.
    pub(super) fn open(context: &mut Context, settings: &Settings, args: &ClusterArgs) -> Result<Self, Failure> {
        let connection = connection(context, settings, args)?;
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let cluster = runtime.block_on(connect(&connection)).map_err(|error| not_connected(&error))?;
        Ok(Self { cluster, runtime })
    }

    /// Runs a future to its end.
    pub(super) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

fn connection(context: &Context, settings: &Settings, args: &ClusterArgs) -> Result<Connection, Failure> {
    let wanted = settings.target.context.as_ref().map(|context| context.value.clone());
    if let (Some(wanted), Some(given)) = (&wanted, &args.context)
        && wanted != given
    {
        return Err(Failure::refused(format!("the environment is for context `{wanted}`, not `{given}`"))
            .hint("leave `--context` out, or change `target.context`"));
    }
    Ok(Connection { files: kubeconfigs(context, args)?, context: wanted.or_else(|| args.context.clone()) })
}

/// The kubeconfig files as kubectl finds them.
fn kubeconfigs(context: &Context, args: &ClusterArgs) -> Result<Vec<PathBuf>, Failure> {
    if let Some(file) = &args.kubeconfig {
        return Ok(vec![context.system.absolute(file)]);
    }
    if let Some(listed) = context.system.variable("KUBECONFIG") {
        let files: Vec<PathBuf> = std::env::split_paths(listed).filter(|path| !path.as_os_str().is_empty()).collect();
        let there: Vec<PathBuf> =
            files.iter().map(|path| context.system.absolute(path)).filter(|path| context.system.has_outside(path)).collect();
        if there.is_empty() {
            return Err(Failure::usage(format!("no file of `KUBECONFIG` is there: {}", listed.to_string_lossy()))
                .hint("set it to your kubeconfig, or unset it"));
        }
        return Ok(there);
    }
    let own = context.system.home().map(|home| home.join(".kube/config"));
    Ok(own.filter(|path| context.system.has_outside(path)).into_iter().collect())
}

fn not_connected(error: &ConnectError) -> Failure {
    let failure = Failure::unreachable(error.to_string());
    match error {
        ConnectError::Nothing(_) => failure.hint("name one: `--kubeconfig FILE`, or `KUBECONFIG`"),
        ConnectError::NoContext(_, names) => failure.hint(format!("it has {}", names.join(", "))),
        ConnectError::Kubeconfig(_) => failure,
    }
}

/// A failed request as a failure of the whole command, before anything was written: exit 6.
pub(super) fn unreachable(error: &ClusterError) -> Failure {
    let failure = Failure::unreachable(error.to_string());
    match &error.kind {
        ErrorKind::Login => failure.hint("log in to the cluster again"),
        ErrorKind::Forbidden(right) => failure.hint(format!("the right that is missing: {right}")),
        _ => failure,
    }
}
