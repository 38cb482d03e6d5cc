//! Laws of the merge, on random layers.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::merge::merge;
use super::*;
use crate::source::{SourceKind, SourceMap, Span};

/// A random tree without places.
#[derive(Debug, Clone)]
enum Tree {
    Number(i64),
    Text(String),
    List(Vec<Tree>),
    Table(Vec<(&'static str, Tree)>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        8 => (0..4_i64).prop_map(Tree::Number),
        1 => "[ab]".prop_map(Tree::Text),
        1 => vec((0..4_i64).prop_map(Tree::Number), 0..3).prop_map(Tree::List),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| vec((prop_oneof![Just("a"), Just("b"), Just("c")], inner), 0..4).prop_map(Tree::Table))
}

/// A layer: values, a pile, a replaced list, a named table.
fn layer() -> impl Strategy<Value = Tree> {
    let values = vec((prop_oneof![Just("a"), Just("b"), Just("c")], tree()), 0..4).prop_map(Tree::Table);
    let texts = || vec("[xyz]".prop_map(Tree::Text), 0..3).prop_map(Tree::List);
    let target =
        (texts(), texts()).prop_map(|(bundles, namespaces)| Tree::Table(vec![("bundles", bundles), ("namespaces", namespaces)]));
    (values, target).prop_map(|(values, target)| Tree::Table(vec![("values", values), ("target", target)]))
}

/// Gives every value a place of its own in a layer's text.
fn placed(tree: &Tree, file: FileId, next: &mut usize) -> Value {
    *next += 1;
    let span = Span::new(file, *next, *next);
    let kind = match tree {
        Tree::Number(number) => ValueKind::Integer(*number),
        Tree::Text(text) => ValueKind::Text(text.clone()),
        Tree::List(items) => ValueKind::List(items.iter().map(|item| placed(item, file, next)).collect()),
        Tree::Table(entries) => ValueKind::Table(Table(
            entries
                .iter()
                .map(|(key, tree)| ((*key).to_owned(), TableEntry { key_span: span, value: placed(tree, file, next) }))
                .collect(),
        )),
    };
    Value { kind, origin: Origin::new(span) }
}

fn table(tree: &Tree, map: &SourceMap) -> Table {
    let file = map.add("layer", "", SourceKind::Other);
    match placed(tree, file, &mut 0).kind {
        ValueKind::Table(table) => table,
        _ => Table::default(),
    }
}

/// The merge, and whether a type changed.
fn merged(lower: &Table, upper: &Table) -> (Table, bool) {
    let mut merged = lower.clone();
    let mut diagnostics = Diagnostics::new();
    merge(&mut merged, upper.clone(), &BTreeSet::new(), &mut diagnostics);
    (merged, diagnostics.has_errors())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Values, the order of keys, and origins: (a + b) + c is a + (b + c), and both refuse the same layers.
    #[test]
    fn merge_is_associative(a in layer(), b in layer(), c in layer()) {
        let map = SourceMap::default();
        let (a, b, c) = (table(&a, &map), table(&b, &map), table(&c, &map));
        let (ab, bad_ab) = merged(&a, &b);
        let (left, bad_left) = merged(&ab, &c);
        let (bc, bad_bc) = merged(&b, &c);
        let (right, bad_right) = merged(&a, &bc);
        prop_assert_eq!(bad_ab || bad_left, bad_bc || bad_right);
        if !(bad_ab || bad_left) {
            prop_assert_eq!(&left, &right);
            let keys = |table: &Table| table.leaves().map(|(path, _)| path.join(".")).collect::<Vec<_>>();
            prop_assert_eq!(keys(&left), keys(&right));
        }
    }

    /// An empty layer changes nothing, from either side.
    #[test]
    fn the_empty_layer_is_neutral(a in layer()) {
        let a = table(&a, &SourceMap::default());
        prop_assert_eq!(&merged(&a, &Table::default()).0, &a);
        prop_assert_eq!(&merged(&Table::default(), &a).0, &a);
    }

    /// Any text at all is read without a panic, and a broken one has an error at a place inside it.
    #[test]
    fn any_text_is_read(text in "[-\\[\\]{}=#.,\"'\\\\ \n\tab01:]{0,80}") {
        let map = SourceMap::default();
        let file = map.add("x", text.as_str(), SourceKind::Other);
        let mut diagnostics = Diagnostics::new();
        let read = read::read(file, &text, &mut diagnostics);
        prop_assert_eq!(read.broken, toml::from_str::<toml::Table>(&text).is_err());
        prop_assert!(!read.broken || diagnostics.has_errors());
        for diagnostic in &diagnostics {
            let span = diagnostic.primary.as_ref().map(|at| at.span);
            prop_assert!(span.is_some_and(|span| text.get(span.range()).is_some()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// Brackets without end are an error, not an end of the process.
    #[test]
    fn deep_nesting_is_refused(open in "[\\[{][a=\\[{]{0,3}", times in 50_usize..20_000) {
        let map = SourceMap::default();
        let text = format!("a = {}", open.repeat(times));
        let file = map.add("x", text.as_str(), SourceKind::Other);
        let mut diagnostics = Diagnostics::new();
        prop_assert!(read::read(file, &text, &mut diagnostics).broken);
    }
}
