//! A repository of a test's own, for a namespace of its own.

use plimsoll::cluster::{Cluster, Connection, connect};
use plimsoll::execute::{Event, Interrupt, Listen, NotBegun, Options, Outcome, Run, apply};
use plimsoll::pipeline::{Compiled, compile};
use plimsoll::plan::{self, Plan, PlanError};
use plimsoll::secret::{Identities, Opened, Scrubber};
use plimsoll::source::{DiskTree, Files};
use serde_json::Value;

use crate::harness::process::Sandbox;
use crate::harness::seal::IDENTITY;
use crate::server::{cluster, run};

/// A repository with one environment, `test`.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) namespace: String,
}

/// What a plan was made from, and the plan.
pub(crate) struct Planned {
    wait: bool,
    pub(crate) plan: Plan,
    cluster: Cluster,
    opened: Opened,
}

struct Nobody;

impl Listen for Nobody {
    fn hear(&self, _: &Event) {}
}

impl World {
    /// A repository whose one template is `yaml`, and whose environment says `settings` too. The namespace is the bundle's.
    pub(crate) fn new(namespace: &str, settings: &str, yaml: &str) -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.set("KUBECONFIG", cluster().kubeconfig());
        let world = Self { sandbox, namespace: namespace.to_owned() };
        let environment = format!(
            "[target]\nnamespace = \"{namespace}\"\nbundles = [\"app\"]\nkubernetes = \"1.37\"\n\n[namespace]\ncreate = true\n\n{settings}\n"
        );
        world.sandbox.write("environments/test.toml", environment);
        world.template(yaml);
        world
    }

    pub(crate) fn template(&self, yaml: &str) {
        self.sandbox.write("templates/app/all.yaml", yaml);
    }

    /// `plimsoll apply test --yes --no-wait` and more.
    pub(crate) fn apply(&self, more: &[&str]) -> crate::harness::process::Run {
        self.sandbox.plimsoll(&[&["apply", "test", "--yes", "--no-wait"], more].concat())
    }

    /// The path of a kind in the namespace.
    pub(crate) fn path(&self, prefix: &str, rest: &str) -> String {
        format!("{prefix}/namespaces/{}/{rest}", self.namespace)
    }

    pub(crate) fn get(&self, prefix: &str, rest: &str) -> Value {
        cluster().get(&self.path(prefix, rest))
    }

    pub(crate) fn has(&self, prefix: &str, rest: &str) -> bool {
        cluster().send("GET", &self.path(prefix, rest), "application/json", "").is_ok()
    }

    /// A write by another manager, as an administrator: a merge patch.
    pub(crate) fn edit(&self, prefix: &str, rest: &str, patch: &Value) {
        let path = format!("{}?fieldManager=hand", self.path(prefix, rest));
        cluster().send("PATCH", &path, "application/merge-patch+json", &patch.to_string()).unwrap();
    }

    pub(crate) fn create(&self, prefix: &str, kind: &str, manager: &str, object: &Value) {
        let path = format!("{}?fieldManager={manager}", self.path(prefix, kind));
        cluster().send("POST", &path, "application/json", &object.to_string()).unwrap();
    }

    pub(crate) fn delete(&self, prefix: &str, rest: &str) {
        cluster().send("DELETE", &self.path(prefix, rest), "application/json", "").unwrap();
    }

    fn compile(&self) -> (Files, Compiled) {
        let files = Files::new(DiskTree::new(&self.sandbox.repo()).unwrap());
        let options = plimsoll::pipeline::Options { check: false, commit: None };
        let compiled = compile(&files, "test", &options).unwrap_or_else(|found| panic!("{found:?}"));
        (files, compiled)
    }

    /// Makes a plan, in this process, so that the test can come between it and its apply.
    pub(crate) fn plan(&self) -> Planned {
        self.try_plan().unwrap_or_else(|error| panic!("{error:?}"))
    }

    pub(crate) fn try_plan(&self) -> Result<Planned, PlanError> {
        let (files, compiled) = self.compile();
        let mut identities = Identities::none();
        identities.add("the tests' identity", IDENTITY.as_bytes()).unwrap();
        let opened = Opened::all(&files, &compiled.secrets, &mut identities).unwrap_or_else(|found| panic!("{found:?}"));
        let connection = Connection { files: vec![cluster().kubeconfig().to_owned()], ..Connection::default() };
        run(async move {
            let cluster = connect(&connection).await.unwrap();
            let input = plan::Input {
                compiled: &compiled,
                opened: Some(&opened),
                cluster: &cluster,
                ahead: plan::look_ahead(&cluster, &plan::Home::of(&compiled.environment), plan::facts(&cluster).await?).await,
                commit: None,
                options: plan::Options { creates_unasked: true, ..plan::Options::default() },
            };
            let plan = plan::make(input).await?;
            Ok(Planned { wait: false, plan, cluster, opened })
        })
    }
}

impl Planned {
    /// The same, and it waits until all is ready.
    pub(crate) fn waiting(self) -> Self {
        Self { wait: true, ..self }
    }

    pub(crate) fn apply(self) -> Result<Outcome, NotBegun> {
        let scrubber = Scrubber::of(&self.opened);
        let options = Options { wait: self.wait, prune: true, logs: false, timeout: std::time::Duration::from_secs(10) };
        run(async {
            let run = Run {
                cluster: &self.cluster,
                opened: &self.opened,
                scrubber: &scrubber,
                listener: &Nobody,
                purpose: purpose(),
                interrupt: Interrupt::never(),
                options,
            };
            apply(self.plan, run).await
        })
    }

    /// Applies it all, where nothing may fail.
    pub(crate) fn applies(self) -> Outcome {
        let outcome = self.apply().unwrap_or_else(|error| panic!("{error:?}"));
        assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
        outcome
    }
}

fn purpose() -> plimsoll::execute::hold::Purpose {
    use plimsoll::execute::Clock;
    use plimsoll::execute::lease::{Surroundings, Timing};
    let surroundings = Surroundings {
        clock: Clock::new(jiff::Timestamp::now),
        is_running: |_| None,
        note: std::sync::Arc::new(|_| {}),
        timing: Timing::default(),
    };
    plimsoll::execute::hold::Purpose {
        action: plimsoll::inventory::Action::Apply,
        beside: None,
        serials: std::collections::BTreeMap::new(),
        process: None,
        surroundings,
    }
}
