//! What the commands have in common that talk to a cluster: the connection, its guards, the runtime.

#![allow(unreachable_pub, reason = "clap's derived types are part of the command line's")]

use std::cell::Cell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::compile::{Repository, failed, head};
use super::failure::exit_of;
use super::{Context, Exit, Failure, identities};
use crate::check;
use crate::cluster::{Access, Cluster, ClusterError, ConnectError, Connection, ErrorKind, ProxyVariables};
use crate::environment::{Environment, Settings};
use crate::execute::Clock;
use crate::object::{Data, Node};
use crate::pipeline::Compiled;
use crate::plan::{self, Ahead, ClusterFacts, Home, Input, Options, Plan, PlanError};
use crate::secret::{Opened, SecretKey};
use crate::source::Git;

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

/// What is done with the cluster while the bundle is compiled.
enum Reading {
    /// It is read.
    Begun(Box<Begun>),
    /// Nothing yet: to log in runs a program, which may ask, and isn't to find a key on standard input. First the bundle must be sound.
    Later(Box<Access>, Target),
    /// There is none to be read.
    Failed(Failure),
}

struct Begun {
    session: Session,
    target: Target,
    began: Timestamp,
    task: JoinHandle<Result<Ahead, Failure>>,
}

/// Where an environment lives, and by what its cluster is known.
#[derive(Clone)]
struct Target {
    home: Home,
    guard: Guard,
}

/// Holds a cluster's id against the environment's.
#[derive(Clone)]
struct Guard {
    wanted: Option<String>,
    need: Need,
}

/// What was read longer ago isn't what is there: somebody has typed a passphrase meanwhile.
const STALE: SignedDuration = SignedDuration::from_secs(10);

/// What a command needs of an environment before it looks at the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It only reads: secrets that no identity opens are left uncompared.
    Compare,
    /// It takes objects away: the cluster must be known, but no secret is needed.
    Remove,
    /// It writes, or says what will be written: the cluster must be known, and every secret of the bundle must open.
    Write,
}

/// A compiled and checked environment, its opened secrets, and the cluster that it is for.
pub(super) struct Prepared {
    pub(super) repository: Repository,
    /// Lives as long as the process; to free its trees node by node would take longer than to read them.
    pub(super) compiled: ManuallyDrop<Compiled>,
    /// `None`: no identity opens a file that the bundle needs.
    pub(super) opened: Option<Opened>,
    pub(super) session: Session,
    pub(super) commit: Option<String>,
    target: Target,
    /// What was read of the cluster while the bundle was compiled; a plan takes it.
    ahead: Cell<Option<Ahead>>,
}

/// Compiles and checks an environment, opens what its bundle needs, and connects to its cluster. All guards that hold for reading hold.
pub(super) fn prepare(context: &mut Context, environment: &str, args: &ClusterArgs, need: Need) -> Result<Prepared, Failure> {
    let repository = Repository::open(context)?;
    let commit = head(&repository.root);
    prepare_from(context, repository, commit, environment, args, need)
}

/// The same from files that needn't be the working tree's: those of a commit.
pub(super) fn prepare_from(
    context: &mut Context,
    repository: Repository,
    commit: Option<String>,
    environment: &str,
    args: &ClusterArgs,
    need: Need,
) -> Result<Prepared, Failure> {
    let environment = repository.load(environment)?;
    // What is wrong with the cluster is said after what is wrong with the bundle.
    let reading = Reading::begin(context, &environment, args, need);
    let (compiled, opened) = match compile(context, &repository, environment, commit.clone(), need) {
        Ok(done) => done,
        Err(failure) => {
            reading.abandon();
            return Err(failure);
        }
    };
    let (session, target, ahead) = reading.finish(context.system.clock())?;
    let (compiled, ahead) = (ManuallyDrop::new(compiled), Cell::new(Some(ahead)));
    Ok(Prepared { repository, compiled, opened, session, commit, target, ahead })
}

/// The local half: the bundle, checked, and its opened secrets.
fn compile(
    context: &mut Context,
    repository: &Repository,
    environment: Environment,
    commit: Option<String>,
    need: Need,
) -> Result<(Compiled, Option<Opened>), Failure> {
    let compiled = repository.compile_as(environment, commit)?;
    if need == Need::Write {
        context.say_findings(&compiled.findings, repository.files.map());
    }
    let opened = open_needed(context, repository, &compiled, need)?;
    if let Some(opened) = &opened {
        let found = compiled.rendered.relocate(check::opened(&compiled.bundle, opened));
        if found.has_errors() {
            return Err(failed(&repository.files, found));
        }
    }
    Ok((compiled, opened))
}

impl Prepared {
    /// What an apply would do.
    pub(super) fn plan(&self, context: &mut Context, options: Options) -> Result<Plan, Failure> {
        let cluster = &self.session.cluster;
        let ahead = match self.ahead.take() {
            Some(ahead) => ahead,
            None => self.session.look(&self.target)?,
        };
        let input = Input {
            compiled: &self.compiled,
            opened: self.opened.as_ref(),
            cluster,
            ahead,
            commit: self.commit.clone(),
            options,
        };
        let plan = self.session.run(plan::make(input)).map_err(|error| no_plan(&error))?;
        for warning in &plan.warnings {
            context.say(&format!("warning: {warning}"));
        }
        Ok(plan)
    }

    /// What keeps an environment with `require-clean` from being applied: something that was read isn't what HEAD holds, or HEAD is in no
    /// remote-tracking ref.
    ///
    /// # Errors
    /// Git can't be asked.
    pub(super) fn unclean(&self) -> Result<Option<String>, Failure> {
        if !requires_clean(&self.compiled.environment.settings) {
            return Ok(None);
        }
        let git = Git::open(&self.repository.root).map_err(Failure::found)?;
        git.unclean(&self.repository.files.contents()).map_err(Failure::found)
    }

    /// What has to hold before any command writes: the environment is plimsoll's to apply, and, for what is compiled from the working
    /// tree, clean if it says so.
    ///
    /// # Errors
    /// It doesn't: refused.
    pub(super) fn guard(&self) -> Result<(), Failure> {
        is_ours_to_apply(&self.compiled.environment.name, &self.compiled.environment.settings)?;
        self.unclean()?.map_or(Ok(()), |why| Err(must_be_clean(why)))
    }
}

/// Whether an environment says `require-clean`.
pub(super) fn requires_clean(settings: &Settings) -> bool {
    settings.target.require_clean.as_ref().is_some_and(|clean| clean.value)
}

/// # Errors
/// Another engine applies the environment: refused.
pub(super) fn is_ours_to_apply(name: &str, settings: &Settings) -> Result<(), Failure> {
    let Some(engine) = settings.target.engine.as_ref().filter(|engine| engine.value != "plimsoll") else { return Ok(()) };
    Err(Failure::refused(format!("`{name}` is applied by {}, not by plimsoll: `target.engine`", engine.value))
        .hint("let that engine apply it; two appliers would undo each other's work"))
}

/// The refusal of what `require-clean` forbids.
pub(super) fn must_be_clean(why: String) -> Failure {
    Failure::refused(why).hint("`target.require-clean` lets only what is committed and pushed be applied")
}

/// Opens the sealed files whose values the bundle holds. Where reading is all that is wanted, no identity is no failure, unless one was
/// named.
fn open_needed(
    context: &mut Context,
    repository: &Repository,
    compiled: &Compiled,
    need: Need,
) -> Result<Option<Opened>, Failure> {
    let mut keys = Vec::new();
    compiled.bundle.objects.iter().for_each(|object| collect_keys(&object.root, &mut keys));
    let mut identities = identities::load(context)?;
    match Opened::needed(&repository.files, &compiled.secrets, keys, &mut identities) {
        Ok(opened) => Ok(Some(opened)),
        Err(found) if need != Need::Write && context.global.identity.is_none() && exit_of(&found) == Exit::Refused => Ok(None),
        Err(found) => Err(failed(&repository.files, found)),
    }
}

fn collect_keys<'a>(node: &'a Node, keys: &mut Vec<&'a SecretKey>) {
    match &node.data {
        Data::Sealed(sealed) => keys.extend(sealed.keys()),
        Data::List(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        Data::Map(map) => map.iter().for_each(|(_, entry)| collect_keys(&entry.node, keys)),
        _ => {}
    }
}

/// A plan that can't be made as a failure of the whole command.
fn no_plan(error: &PlanError) -> Failure {
    match error {
        PlanError::Cluster(error) => unreachable(error),
        PlanError::Invalid(problems) => {
            let lines: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.id, problem.message)).collect();
            let hints = problems.iter().filter_map(|problem| problem.hint.clone());
            let mut hints: Vec<String> = hints.collect();
            hints.dedup();
            let what = if lines.len() == 1 { "an object" } else { "objects" };
            let message = format!("this cluster can't take {what} of the bundle: {}", lines.join("\n  "));
            hints.into_iter().fold(Failure::usage(message), Failure::hint)
        }
    }
}

impl Session {
    /// Connects to the cluster that the environment and the arguments mean, and holds it against `target.cluster-id`.
    pub(super) fn open(context: &mut Context, settings: &Settings, args: &ClusterArgs, need: Need) -> Result<Self, Failure> {
        let session = Self::to(access(context, settings, args)?)?;
        session.run(Guard::of(settings, need).facts(&session.cluster))?;
        Ok(session)
    }

    /// Logs in, if that takes a program: nothing is sent to the cluster.
    fn to(access: Access) -> Result<Self, Failure> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        // The client's connections are kept by tasks of the runtime.
        let cluster = runtime.block_on(async { access.connect() }).map_err(|error| not_connected(&error))?;
        Ok(Self { cluster, runtime })
    }

    /// Runs a future to its end.
    pub(super) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn look(&self, target: &Target) -> Result<Ahead, Failure> {
        self.run(target.look(&self.cluster))
    }
}

impl Reading {
    /// Begins to read what a plan begins with, if nobody has to be asked for it.
    fn begin(context: &Context, environment: &Environment, args: &ClusterArgs, need: Need) -> Self {
        let target = Target { home: Home::of(environment), guard: Guard::of(&environment.settings, need) };
        let session = match access(context, &environment.settings, args) {
            Ok(access) if access.runs_a_program() => return Self::Later(Box::new(access), target),
            found => found.and_then(Session::to),
        };
        let session = match session {
            Ok(session) => session,
            Err(failure) => return Self::Failed(failure),
        };
        let (cluster, there) = (session.cluster.clone(), target.clone());
        let task = session.runtime.spawn(async move { there.look(&cluster).await });
        Self::Begun(Box::new(Begun { session, target, began: context.system.clock().now(), task }))
    }

    /// Waits for what was read; reads it again if it is old by now.
    fn finish(self, clock: Clock) -> Result<(Session, Target, Ahead), Failure> {
        let Begun { session, target, began, task } = match self {
            Self::Failed(failure) => return Err(failure),
            Self::Later(access, target) => {
                let session = Session::to(*access)?;
                let ahead = session.look(&target)?;
                return Ok((session, target, ahead));
            }
            Self::Begun(begun) => *begun,
        };
        let is_old = task.is_finished() && clock.now().duration_since(began) > STALE;
        let ahead = if is_old {
            session.look(&target)?
        } else {
            session.run(task).unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?
        };
        Ok((session, target, ahead))
    }

    /// Ends it without waiting: for a name that is being looked up, say.
    fn abandon(self) {
        if let Self::Begun(begun) = self {
            begun.session.runtime.shutdown_background();
        }
    }
}

/// Finds out which cluster the environment and the arguments mean, and as whom.
fn access(context: &Context, settings: &Settings, args: &ClusterArgs) -> Result<Access, Failure> {
    let connection = connection(context, settings, args)?;
    let runtime = Builder::new_current_thread().build()?;
    runtime.block_on(Access::find(&connection)).map_err(|error| not_connected(&error))
}

impl Target {
    /// Reads what a plan begins with; of a cluster that isn't the environment's nothing but which one it is.
    async fn look(&self, cluster: &Cluster) -> Result<Ahead, Failure> {
        let facts = self.guard.facts(cluster).await?;
        Ok(plan::look_ahead(cluster, &self.home, facts).await)
    }
}

impl Guard {
    fn of(settings: &Settings, need: Need) -> Self {
        Self { wanted: settings.target.cluster_id.as_ref().map(|id| id.value.clone()), need }
    }

    /// Which cluster it is.
    ///
    /// # Errors
    /// It doesn't say; or it is another than the environment's: refused.
    async fn facts(&self, cluster: &Cluster) -> Result<ClusterFacts, Failure> {
        let facts = plan::facts(cluster).await.map_err(|error| unreachable(&error))?;
        let Some(wanted) = &self.wanted else { return Ok(facts) };
        let url = cluster.url();
        match &facts.id {
            Some(id) if id == wanted => Ok(facts),
            Some(id) => Err(Failure::refused(format!(
                "`{url}` is another cluster: its id is `{id}`, and the environment is for `{wanted}`"
            ))
            .hint(
                "choose the right context: `--context`, or `target.context`; a new cluster's id belongs into `target.cluster-id`",
            )),
            None if self.need == Need::Compare => Ok(facts),
            None => Err(Failure::refused(format!("nobody can tell whether `{url}` is the environment's cluster, `{wanted}`"))
                .hint("the right that is missing: get namespaces, of the namespace kube-system")),
        }
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
    Ok(Connection {
        files: kubeconfigs(context, args)?,
        context: wanted.or_else(|| args.context.clone()),
        interactive: context.system.is_interactive(),
        proxies: proxies(context),
    })
}

fn proxies(context: &Context) -> ProxyVariables {
    let either = |names: [&str; 2]| {
        let value = names.iter().find_map(|name| context.system.variable(name))?;
        Some(value.to_string_lossy().into_owned())
    };
    ProxyVariables {
        https: either(["HTTPS_PROXY", "https_proxy"]),
        http: either(["HTTP_PROXY", "http_proxy"]),
        none: either(["NO_PROXY", "no_proxy"]),
    }
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
