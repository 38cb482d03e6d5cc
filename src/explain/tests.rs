use std::collections::BTreeSet;

use super::*;
use crate::environment;
use crate::object::{FieldPath, parse};
use crate::secret::Tokens;
use crate::source::{Files, MemoryTree, RootPath};

const TEMPLATE: &str = "kind: {{ x }}\nreplicas: {{ values.a.replicas }}\n";

/// Line for line the template is what it rendered, and each line with a value reads it.
struct LineByLine<'a>(&'a SourceMap);

impl Trace for LineByLine<'_> {
    fn template_place(&self, rendered: Span) -> Option<Span> {
        let source = self.0.get(rendered.file);
        let SourceKind::Rendered { template } = source.kind else { return None };
        let line = source.position(rendered.start as usize).line;
        let start = TEMPLATE.split('\n').take(line.min(2) - 1).map(|line| line.len() + 1).sum();
        Some(Span::new(template, start, start + 1))
    }

    fn reads(&self, rendered: Span) -> Vec<(String, Span)> {
        vec![("values.a.replicas".to_owned(), rendered), ("values.a.replicas".to_owned(), rendered)]
    }

    fn values_read(&self) -> BTreeSet<String> {
        ["values.a.replicas", "values.whole", "values.list[0]"].map(str::to_owned).into()
    }
}

fn files() -> Files {
    let mut tree = MemoryTree::default();
    let mut add = |name: &str, text: &str| tree.insert(RootPath::new(name).unwrap(), text);
    add("environments/base.toml", "abstract = true\n[values.a]\nreplicas = 2\nspare = 1\n[values.whole]\nx = 1\n");
    add("environments/prod.toml", "extends = [\"base\"]\n[values]\nlist = [1]\nlonely = { a = 1 }\n[values.a]\nreplicas = 4\n");
    Files::new(tree)
}

#[test]
fn a_field_tells_its_template_its_values_and_the_layers() {
    let files = files();
    let environment = environment::load(&files, "prod").unwrap();
    let map = files.map();
    let template = map.add("templates/t.yaml", TEMPLATE, SourceKind::File(RootPath::new("templates/t.yaml").unwrap()));
    let text = "apiVersion: v1\nreplicas: 4\nkind: Thing\nmetadata: { name: x }\n";
    let rendered = map.add("rendered", text, SourceKind::Rendered { template });
    let tokens = Tokens::new([0; 16]);
    let mut objects = parse(map, rendered, &tokens, MadeBy::Template(template)).unwrap();
    let touched = Span::file_start(environment.layers[1]);
    objects[0].touch(FieldPath::of(&["replicas"]), "transform.replicas", touched);
    objects[0].touch(FieldPath::of(&["metadata"]), "patch", touched);
    let object = find(&objects, "thing/x").unwrap();
    let path = FieldPath::of(&["replicas"]);
    let story = field(object, &path, path.find(&object.root).unwrap(), &environment, map, &LineByLine(map));
    assert_eq!(story.written.to_string(), "templates/t.yaml:2:1");
    assert_eq!(story.written.text, "replicas: {{ values.a.replicas }}");
    let [value] = story.values.as_slice() else { panic!("{:?}", story.values) };
    assert_eq!(
        (value.value.as_deref(), value.place.as_ref().unwrap().to_string()),
        (Some("4"), "environments/prod.toml:6:12".to_owned())
    );
    assert_eq!(value.overrode.iter().map(ToString::to_string).collect::<Vec<_>>(), ["environments/base.toml:3:12"]);
    assert_eq!(story.touches.iter().map(|touch| touch.by.as_str()).collect::<Vec<_>>(), ["transform.replicas"]);
    assert_eq!(super::object(object, map, &LineByLine(map)).touches.len(), 2);
    assert_eq!(find(&objects, "Thing/y").unwrap_err().as_deref(), Some("Thing/x"));
}

#[test]
fn unused_values_are_those_that_no_template_reads() {
    let files = files();
    let environment = environment::load(&files, "prod").unwrap();
    let found = unused(&environment, files.map(), &LineByLine(files.map()));
    let shown: Vec<String> = found.iter().map(|unused| format!("{} {}", unused.path, unused.place)).collect();
    assert_eq!(shown, ["values.a.spare environments/base.toml:4:9", "values.lonely environments/prod.toml:4:10"]);
}
