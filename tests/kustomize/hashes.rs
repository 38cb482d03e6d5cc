//! Hashed names of ConfigMaps are kustomize's own.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plimsoll::environment;
use plimsoll::generate::generate;
use plimsoll::object::Bundle;
use plimsoll::resolve::resolve;
use plimsoll::secret::{Secrets, Tokens};
use plimsoll::source::{Files, MemoryTree, RootPath};

use super::witness;

const HOW_MANY: usize = 600;

/// Random numbers that are the same at each run (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// What JSON, YAML and Go trip on. (U+007F, U+0080, U+FFFF and some tabs are left out: kustomize then
/// fails to read its own YAML.)
const PIECES: &[&str] = &[
    "a",
    "word",
    " ",
    "  ",
    "a\tb",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\"",
    "'",
    "\\",
    "\\n",
    "<",
    ">",
    "&",
    "</script>",
    "\u{2028}",
    "\u{2029}",
    "\u{85}",
    "\u{a0}",
    "\u{feff}",
    "é",
    "日本",
    "😀",
    "\u{1}",
    "\u{8}",
    "\u{b}",
    "\u{c}",
    "\u{1f}",
    "\u{fffd}",
    "yes",
    "no",
    "null",
    "~",
    "1",
    "0755",
    "1e3",
    ".inf",
    "- x",
    "key: value",
    "# comment",
    "%",
    "@",
    "`",
    "|",
    ">-",
    "{a: 1}",
    "[1]",
    "*a",
    "&a",
    "!!str",
    "---",
    "...",
    "=",
    "$(X)",
    "{{ x }}",
    "/",
    "\0",
];

fn content(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.below(6) {
        bytes.extend_from_slice(random.pick(PIECES).as_bytes());
    }
    if random.below(12) == 0 {
        bytes.push(0xff);
        bytes.extend((0..random.below(20)).map(|_| (random.next() & 255) as u8));
    }
    bytes
}

#[test]
fn random_configmaps_have_kustomizes_names() {
    let mut random = Random(5);
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut toml = String::from("[target]\nnamespace = \"ai\"\n");
    let mut kustomization = String::from("configMapGenerator:\n");
    for number in 0..HOW_MANY {
        let mut entries: BTreeMap<String, String> = BTreeMap::new();
        for _ in 0..random.below(7) {
            let key = format!("{}{}", random.pick(&["a", "B", "k.json", "_x", "n-", "Z."]), random.below(30));
            let file = format!("f{}", files.len());
            files.insert(file.clone(), content(&mut random));
            entries.insert(key, file);
        }
        let list: Vec<String> = entries.iter().map(|(key, file)| format!("\"{key}={file}\"")).collect();
        let list = list.join(", ");
        let _ = write!(toml, "[configmap.c{number}]\nimmutable = true\nfiles = [{list}]\n");
        let _ = write!(kustomization, "- name: c{number}\n  files: [{list}]\n");
        if random.below(2) == 0 {
            toml.push_str("labels = { l = \"x\" }\nannotations = { a = \"z\" }\n");
            kustomization.push_str("  options: {immutable: true, labels: {l: x}, annotations: {a: z}}\n");
        }
    }
    let mut tree = MemoryTree::default();
    for (name, bytes) in &files {
        tree.insert(RootPath::new(&format!("environments/{name}")).unwrap(), bytes.as_slice());
    }
    tree.insert(RootPath::new("environments/prod.toml").unwrap(), toml);
    let door = Files::new(tree);
    let environment = environment::load(&door, "prod").unwrap();
    let secrets = Secrets::new([], Tokens::new([0; 16]));
    let bundle = generate(&door, &environment, &secrets, Bundle::default()).unwrap();
    let bundle = resolve(&environment, bundle).unwrap();
    let ours: BTreeMap<String, String> =
        bundle.objects.iter().map(|object| (object.source.name.to_string(), object.name().to_owned())).collect();

    let mut inputs: Vec<(String, Vec<u8>)> = files.into_iter().collect();
    inputs.push(("kustomization.yaml".to_owned(), kustomization.into_bytes()));
    let theirs: BTreeMap<String, String> = witness::build(&inputs)
        .iter()
        .map(|object| object["metadata"]["name"].as_str().unwrap())
        .map(|name| (name.rsplit_once('-').unwrap().0.to_owned(), name.to_owned()))
        .collect();
    let differ: Vec<String> = ours
        .iter()
        .filter(|(source, name)| theirs.get(*source) != Some(name))
        .map(|(source, name)| {
            let object = bundle.objects.iter().find(|object| object.source.name == source.as_str()).unwrap();
            format!("{name}, kustomize {:?}: {:?}", theirs.get(source), object.root.get("data"))
        })
        .collect();
    println!("hashed names: {} random ConfigMaps, {} names differ from kustomize 5.8.1's", ours.len(), differ.len());
    assert_eq!((ours.len(), theirs.len()), (HOW_MANY, HOW_MANY));
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
