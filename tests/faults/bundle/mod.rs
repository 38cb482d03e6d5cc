//! A small repository with one of everything that an apply has to get right, in two versions.
//!
//! Version 1 has 28 objects: the Namespace, a CustomResourceDefinition and an object of it, ConfigMaps and Secrets with fixed and with hashed
//! names, accounts with their rights, Services, Deployments, a StatefulSet, a Job and a CronJob. Version 2 changes values of both sorts (hashed names roll over), an
//! argument of the Job (so it is replaced), the custom object's field and the images; it drops three objects and has a new one.

use std::path::Path;

use crate::harness::process::{Run, Sandbox};
use crate::harness::seal;

/// What is sealed; both are searched for in all that plimsoll leaves, at each run.
pub const SECRETS: [&str; 2] = ["canary-one-94c1d7e0aa", "canary-two-5be20f7713"];

/// The environment's name.
pub const ENVIRONMENT: &str = "dev";

/// A repository in a sandbox.
pub struct Bundle {
    pub sandbox: Sandbox,
    namespace: String,
}

impl Bundle {
    /// Version 1, committed, for a namespace; plimsoll finds the cluster through this kubeconfig, and opens what is sealed.
    pub fn new(namespace: &str, kubeconfig: &Path) -> Self {
        let mut sandbox = SECRETS.iter().fold(Sandbox::new(), |sandbox, secret| sandbox.plant(secret));
        let identity = sandbox.home().join("identity.txt");
        std::fs::write(&identity, seal::IDENTITY).expect("an identity");
        sandbox.set("PLIMSOLL_IDENTITY", identity);
        sandbox.set("KUBECONFIG", kubeconfig);
        sandbox.git(&["init", "-q"]).exits(0);
        let bundle = Self { sandbox, namespace: namespace.to_owned() };
        bundle.v1();
        bundle
    }

    /// Writes and commits version 1.
    pub fn v1(&self) {
        self.write(SECRETS[0], &[]);
        self.commit("version 1");
    }

    /// Writes and commits version 2.
    pub fn v2(&self) {
        let edits = [
            ("MODE = \"one\"", "MODE = \"two\""),
            ("\\\"layers\\\": 1", "\\\"layers\\\": 2"),
            ("tag = \"1.0.0\"", "tag = \"2.0.0\""),
            ("legacy = true", "legacy = false"),
            ("colour = \"red\"", "colour = \"blue\""),
        ];
        self.write(SECRETS[1], &edits);
        self.commit("version 2");
    }

    /// Changes a text of the environment's file, and commits.
    pub fn edit(&self, from: &str, to: &str) {
        self.sandbox.edit("environments/dev.toml", from, to);
        self.commit("an edit");
    }

    /// Runs plimsoll in the repository; the planted secrets are searched for in all that it leaves.
    pub fn plimsoll(&self, arguments: &[&str]) -> Run {
        self.sandbox.plimsoll(arguments)
    }

    fn write(&self, secret: &str, edits: &[(&str, &str)]) {
        let mut environment =
            include_str!("environment.toml").replace("NAMESPACE", &self.namespace).replace("RECIPIENT", seal::RECIPIENT);
        for (from, to) in edits {
            assert!(environment.contains(from), "`{from}` isn't in the environment");
            environment = environment.replace(from, to);
        }
        self.sandbox.write("environments/dev.toml", environment);
        for (name, text) in [
            ("kinds.yaml", include_str!("kinds.yaml")),
            ("workloads.yaml", include_str!("workloads.yaml")),
            ("rest.yaml", include_str!("rest.yaml")),
        ] {
            self.sandbox.write(&format!("templates/stack/{name}"), text);
        }
        let sealed = format!(
            "token = \"{secret}\"\n[database]\nusername = \"app\"\npassword = \"{secret}\"\n[registry]\npassword = \"{secret}\"\n"
        );
        self.sandbox.seal("environments/dev.secrets.age", &sealed);
    }

    fn commit(&self, message: &str) {
        self.sandbox.git(&["add", "-A"]).exits(0);
        self.sandbox.git(&["commit", "-qm", message, "--allow-empty"]).exits(0);
    }
}
