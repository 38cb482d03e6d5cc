//! The stages, one by one, on a thousand objects: `cargo bench --bench stages`.
#![allow(missing_docs, reason = "criterion's macros")]

use std::fmt::Write as _;

use criterion::{Criterion, criterion_group, criterion_main};
use plimsoll::environment;
use plimsoll::object::emit::{self, Form};
use plimsoll::object::{self, MadeBy};
use plimsoll::pipeline::{self, Options};
use plimsoll::secret::{Secrets, Tokens};
use plimsoll::source::{Files, MemoryTree, RootPath, SourceKind, SourceMap};
use plimsoll::template;

const OBJECTS: usize = 1_000;

fn repository() -> MemoryTree {
    let mut tree = MemoryTree::default();
    let mut environment = "[target]\nnamespace = \"bench\"\nbundles = [\"app\"]\nkubernetes = \"1.37\"\n[values]\nreplicas = 3\n\
                           [transform]\nname-prefix = \"eu-\"\nlabels = { team = \"bench\" }\n"
        .to_owned();
    for unit in 0..OBJECTS / 2 {
        let _ = write!(environment, "[configmap.app-{unit}]\nimmutable = true\nliterals = {{ A = \"{unit}\" }}\n");
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{unit}\nspec:\n  replicas: {{{{ values.replicas }}}}\n  \
             selector:\n    matchLabels: {{app: app-{unit}}}\n  template:\n    metadata:\n      labels: {{app: app-{unit}}}\n    spec:\n      \
             containers:\n      - name: server\n        image: registry.example/app:1.0\n        envFrom:\n        - configMapRef: {{name: app-{unit}}}\n"
        );
        insert(&mut tree, &format!("templates/app/app-{unit}.yaml"), text);
    }
    insert(&mut tree, "environments/prod.toml", environment);
    tree
}

fn insert(tree: &mut MemoryTree, path: &str, text: String) {
    if let Ok(path) = RootPath::new(path) {
        tree.insert(path, text);
    }
}

fn stages(criterion: &mut Criterion) {
    let tree = repository();
    let files = Files::new(tree.clone());
    let options = Options::default();
    let Ok(compiled) = pipeline::compile(&files, "prod", &options) else { return };
    let text = compiled.to_yaml().map(|text| text.to_string()).unwrap_or_default();

    criterion
        .bench_function("environment::load", |bencher| bencher.iter(|| environment::load(&Files::new(tree.clone()), "prod")));
    criterion.bench_function("template::render", |bencher| {
        let Ok(secrets) = Secrets::read(&files, &compiled.environment) else { return };
        bencher.iter(|| template::render(&files, &compiled.environment, &secrets, None).map(|rendered| rendered.outputs.len()));
    });
    criterion.bench_function("object::parse", |bencher| {
        let map = SourceMap::default();
        let file = map.add("bench", text.as_str(), SourceKind::Other);
        let tokens = Tokens::new([1; 16]);
        bencher.iter(|| object::parse(&map, file, &tokens, MadeBy::Template(file)).map(|objects| objects.len()));
    });
    criterion.bench_function("object::emit", |bencher| {
        bencher.iter(|| emit::yaml(&compiled.bundle.objects, Form::Masked).map(|text| text.len()));
    });
    for (name, check) in [("pipeline::compile", true), ("pipeline::compile, no checks", false)] {
        let options = Options { check, ..Options::default() };
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                pipeline::compile(&Files::new(tree.clone()), "prod", &options).map(|compiled| compiled.bundle.objects.len())
            });
        });
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
