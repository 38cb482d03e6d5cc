//! The transforms, held against kustomize: random kustomizations and the environments that say the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plimsoll::diagnostic::Diagnostics;
use plimsoll::environment;
use plimsoll::object::emit::{self, Form};
use plimsoll::object::{Bundle, MadeBy, parse};
use plimsoll::secret::Tokens;
use plimsoll::source::{Files, MemoryTree, RootPath, SourceKind};
use plimsoll::transform::transform;
use serde_json::Value;

use super::random::Random;
use super::witness;

const RUNS: usize = 120;

/// One object of each kind that a table names; none refers to another by name, for that is `resolve`'s.
const OBJECTS: &str = include_str!("transforms.yaml");

const NAMESPACE: &str = "ml";

/// A kustomization and the environment that means the same.
#[derive(Debug, Default)]
struct Both {
    kustomization: String,
    /// Keys of `[transform]`.
    transform: String,
    /// Tables behind it.
    tables: String,
    namespace: bool,
}

impl Both {
    fn draw(random: &mut Random) -> Self {
        let mut both = Self { kustomization: "resources: [objects.yaml]\n".to_owned(), ..Self::default() };
        if random.one_in(2) {
            both.namespace = true;
            both.add(&format!("namespace: {NAMESPACE}\n"), "", "");
        }
        if random.one_in(2) {
            both.add("namePrefix: pre-\n", "name-prefix = \"pre-\"\n", "");
        }
        if random.one_in(2) {
            both.add("nameSuffix: -suf\n", "name-suffix = \"-suf\"\n", "");
        }
        match random.below(3) {
            0 => both.add(
                "commonLabels: {l/a: one, app: two}\n",
                "labels = { \"l/a\" = \"one\", app = \"two\" }\nlabel-selectors = true\n",
                "",
            ),
            1 => both.add("labels: [{pairs: {l/a: one}, includeTemplates: true}]\n", "labels = { \"l/a\" = \"one\" }\n", ""),
            _ => {}
        }
        if random.one_in(2) {
            both.add("commonAnnotations: {n/a: one}\n", "annotations = { \"n/a\" = \"one\" }\n", "");
        }
        both.images(random);
        both.replicas(random);
        both.patches(random);
        both
    }

    fn add(&mut self, kustomization: &str, transform: &str, tables: &str) {
        self.kustomization += kustomization;
        self.transform += transform;
        self.tables += tables;
    }

    fn images(&mut self, random: &mut Random) {
        let mut list = String::new();
        for name in random.some(&["nginx", "registry.example:5000/app", "tools", "with/digest"]) {
            let mut yaml = format!("- name: {name}\n");
            let mut toml = format!("[[transform.image]]\nname = \"{name}\"\n");
            let choices = [
                ("newTag", "tag", "v9"),
                ("digest", "digest", "sha256:0123012301230123012301230123012301230123012301230123012301230123"),
                ("newName", "new-name", "mirror.example/x"),
            ];
            let chosen = random.below(3);
            for at in [chosen, (chosen + random.below(3)) % 3] {
                let (theirs, ours, value) = choices[at];
                if !yaml.contains(theirs) {
                    writeln!(yaml, "  {theirs}: {value}").unwrap();
                    writeln!(toml, "{ours} = \"{value}\"").unwrap();
                }
            }
            list += &yaml;
            self.tables += &toml;
        }
        if !list.is_empty() {
            self.kustomization += &format!("images:\n{list}");
        }
    }

    fn replicas(&mut self, random: &mut Random) {
        let chosen = random.some(&[("Deployment", "deployment"), ("StatefulSet", "stateful"), ("ReplicaSet", "replicaset")]);
        for (at, (kind, name)) in chosen.into_iter().enumerate() {
            let count = random.below(9);
            let head = if at == 0 { "replicas:\n" } else { "" };
            self.add(
                &format!("{head}- {{name: {name}, count: {count}}}\n"),
                "",
                &format!("[[transform.replicas]]\ntarget = \"{kind}/{name}\"\ncount = {count}\n"),
            );
        }
    }

    fn patches(&mut self, random: &mut Random) {
        let merges = [
            (
                "Deployment",
                "{spec: {template: {spec: {containers: [{name: app, env: [{name: B, value: patched}, {name: NEW, value: '1'}]}]}}}}",
            ),
            ("Deployment", "{spec: {template: {spec: {containers: [{name: extra, image: tools:1}]}}}}"),
            ("Deployment", "{spec: {template: {spec: {containers: [{name: side, $patch: delete}]}}}}"),
            ("Deployment", "{spec: {template: {spec: {containers: [{$patch: replace}, {name: only, image: nginx}]}}}}"),
            ("Deployment", "{spec: {replicas: null, strategy: {type: Recreate}}}"),
            (
                "Deployment",
                "{spec: {template: {spec: {containers: [{name: app, args: [x], ports: [{containerPort: 80, name: web}, {containerPort: 82}]}]}}}}",
            ),
            ("Deployment", "{metadata: {labels: {added: \"1\"}}}"),
            ("Service", "{spec: {ports: [{port: 81, targetPort: 9}]}}"),
            ("ConfigMap", "{data: {b: null, c: three}}"),
            ("Custom", "{spec: {list: [z], map: {b: null, c: 3}}}"),
        ];
        let mut head = "patches:\n";
        for (kind, patch) in random.some(&merges).into_iter().take(3) {
            let name = name_of(kind);
            self.add(
                &format!(
                    "{head}- target: {{kind: {kind}, name: {name}}}\n  patch: '{}'\n",
                    merge_text(kind, patch).replace('\'', "''")
                ),
                "",
                &format!("[[patch]]\ntarget = \"{kind}/{name}\"\nmerge = \"\"\"{patch}\"\"\"\n"),
            );
            head = "";
        }
        let operations = [
            ("DaemonSet", "[{op: replace, path: /spec/template/spec/containers/0/name, value: renamed}]"),
            ("CronJob", "[{op: add, path: /metadata/labels/x~1y, value: z}, {op: remove, path: /spec/schedule}]"),
            ("Service", "[{op: add, path: /spec/ports/-, value: {port: 90}}, {op: test, path: /spec/type, value: ClusterIP}]"),
            ("ConfigMap", "[{op: move, from: /data/a, path: /data/moved}]"),
        ];
        let mut head = "patchesJson6902:\n";
        for (kind, patch) in random.some(&operations) {
            let name = name_of(kind);
            let json = serde_json::to_string(&serde_yaml::from_str::<Value>(patch).unwrap()).unwrap();
            let (group, version) = match kind {
                "DaemonSet" => ("apps", "v1"),
                "CronJob" => ("batch", "v1"),
                _ => ("", "v1"),
            };
            self.add(
                &format!(
                    "{head}- target: {{group: \"{group}\", version: {version}, kind: {kind}, name: {name}}}\n  patch: '{json}'\n"
                ),
                "",
                &format!("[[patch]]\ntarget = \"{kind}/{name}\"\njson = \"\"\"{patch}\"\"\"\n"),
            );
            head = "";
        }
    }

    fn environment(&self) -> String {
        let target = if self.namespace { format!("[target]\nnamespace = \"{NAMESPACE}\"\n") } else { String::new() };
        format!("{target}[transform]\n{}{}", self.transform, self.tables)
    }
}

/// kustomize wants a merge patch to name its object.
fn merge_text(kind: &str, patch: &str) -> String {
    let api_version = match kind {
        "Deployment" => "apps/v1",
        "Custom" => "x.example/v1",
        _ => "v1",
    };
    let mut document: serde_yaml::Value = serde_yaml::from_str(patch).unwrap();
    let map = document.as_mapping_mut().unwrap();
    map.insert("apiVersion".into(), api_version.into());
    map.insert("kind".into(), kind.into());
    let metadata = map.entry("metadata".into()).or_insert_with(|| serde_yaml::Value::Mapping(serde_yaml::Mapping::new()));
    metadata.as_mapping_mut().unwrap().insert("name".into(), name_of(kind).into());
    serde_json::to_string(&document).unwrap()
}

fn name_of(kind: &str) -> &'static str {
    match kind {
        "Deployment" => "deployment",
        "DaemonSet" => "daemonset",
        "CronJob" => "cronjob",
        "Service" => "service",
        "ConfigMap" => "config",
        _ => "custom",
    }
}

fn ours(environment: &str) -> Result<Vec<Value>, String> {
    let mut tree = MemoryTree::default();
    tree.insert(RootPath::root().join("environments/dev.toml").unwrap(), environment);
    let files = Files::new(tree);
    let words =
        |said: Diagnostics| said.iter().map(|one| format!("{}: {}\n", one.rule.name, one.message)).collect::<Vec<_>>().concat();
    let environment = environment::load(&files, "dev").map_err(words)?;
    let file = files.map().add("objects.yaml", OBJECTS, SourceKind::Other);
    let objects = parse(files.map(), file, &Tokens::new([0; 16]), MadeBy::Template(file)).map_err(words)?;
    let bundle = transform(&files, &environment, Bundle { objects, findings: Diagnostics::new() }).map_err(words)?;
    let json = |object| serde_json::from_str(&emit::json_object(object, Form::Masked).unwrap()).unwrap();
    Ok(bundle.objects.iter().map(json).collect())
}

/// Lists that are merged by a key, in the order of that key: kustomize puts a patch's items before all others, we put them where the
/// API server does (`tests/cluster/strategic_merge.rs`).
fn unordered(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(unordered);
            if items.iter().all(|item| ["name", "containerPort", "port"].iter().any(|key| item.get(key).is_some())) {
                items.sort_by_key(|item| format!("{}{}{}", item["name"], item["containerPort"], item["port"]));
            }
        }
        Value::Object(fields) => fields.values_mut().for_each(unordered),
        _ => {}
    }
}

fn by_name(objects: Vec<Value>) -> BTreeMap<String, Value> {
    let mut objects = objects;
    objects.iter_mut().for_each(unordered);
    objects.into_iter().map(|object| (format!("{}/{}", object["kind"], object["metadata"]["name"]), object)).collect()
}

fn touches_nothing(line: &str) -> bool {
    ["transform-matches-", "patch-removes-", "patch-changes-"].iter().any(|rule| line.starts_with(rule))
}

#[test]
fn random_kustomizations_mean_the_same() {
    let mut random = Random::new(7);
    let mut compared = 0;
    for _ in 0..RUNS {
        let both = Both::draw(&mut random);
        let environment = both.environment();
        let ours = match ours(&environment) {
            Ok(ours) => by_name(ours),
            // an image that no container has, a container removed twice, a patch that changes nothing: kustomize says nothing of that
            Err(said) if said.lines().all(touches_nothing) => continue,
            Err(said) => panic!("{said}\n{environment}"),
        };
        let files = [
            ("kustomization.yaml".to_owned(), both.kustomization.clone().into_bytes()),
            ("objects.yaml".to_owned(), OBJECTS.into()),
        ];
        let theirs = by_name(witness::build(&files));
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "{}", both.kustomization);
        for (name, theirs) in &theirs {
            assert!(
                ours[name] == *theirs,
                "{name}\nours   {}\ntheirs {theirs}\n{}\n{environment}",
                ours[name],
                both.kustomization
            );
            compared += 1;
        }
    }
    println!("transforms: {compared} objects as kustomize makes them");
    assert!(compared >= 1000, "only {compared} objects were compared");
}
