use proptest::prelude::*;

use super::*;

fn own() -> Own {
    let key = FileKey::parse("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").unwrap();
    let recipients = vec![age::x25519::Identity::generate().to_public().into()];
    Own { key, path: "environments/prod.secrets.age".into(), serial: 3, recipients }
}

fn values(document: &Document) -> Vec<(String, String)> {
    document.values().unwrap().into_iter().map(|value| (value.path, value.text.to_string())).collect()
}

fn parsed(text: &str) -> Document {
    Document::parse(text.as_bytes()).unwrap()
}

const TEXT: &str = "# why\n[registry] # the mirror\nusername = 'bob' # not root\n# rotate in May\npassword = \"a\\\"b\"\n\n[deep.er]\nkey = '''\na\nb'''\n";

#[test]
fn an_edit_keeps_comments_and_order() {
    let mut document = parsed(TEXT);
    document.set("registry.password", "new\"\\\n'''").unwrap();
    document.set("registry.email", "e").unwrap();
    document.set("deep.er.other", "o").unwrap();
    document.set("token", "t").unwrap();
    insta::assert_snapshot!(document.body(), @r#"
    token = "t"
    # why
    [registry] # the mirror
    username = 'bob' # not root
    # rotate in May
    password = "new\"\\\n'''"
    email = "e"

    [deep.er]
    key = '''
    a
    b'''
    other = "o"
    "#);
    document.remove("registry.password").unwrap();
    document.remove("deep.er.key").unwrap();
    document.remove("deep.er.other").unwrap();
    let paths: Vec<String> = values(&document).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["token", "registry.username", "registry.email"]);
    assert!(!document.body().contains("deep"));
    assert_eq!(document.remove("nope"), Err(vec![DocumentError::Absent("nope".into())]));
}

#[test]
fn the_own_table_comes_and_goes() {
    let mut document = parsed(TEXT);
    assert!(document.own.is_none());
    document.own = Some(own());
    let again = parsed(&document.to_text());
    assert_eq!(again.body(), TEXT);
    let read = again.own.as_ref().unwrap();
    assert_eq!(
        (read.path.as_str(), read.serial, &read.recipients),
        ("environments/prod.secrets.age", 3, &document.own.as_ref().unwrap().recipients)
    );
    // Another tool may have moved it or written behind it.
    let moved = format!("{}\n# last words\n[late]\nkey = \"v\"\n", document.to_text().as_str());
    let moved = parsed(&moved);
    assert!(moved.body().contains("# last words") && moved.body().contains("# why") && !moved.body().contains("serial"));
    assert_eq!(values(&moved).len(), 4);
}

#[test]
fn what_is_wrong_is_said_at_once_and_without_values() {
    let errors = |text: &str| Document::parse(text.as_bytes()).err().unwrap();
    assert_eq!(errors("a = 1\nb = ['CANARY']\n\"x.y\" = 'CANARY'\n[c]\nd = true\n").len(), 4);
    let broken = errors("a = 'CANARY\nb = \"CANARY\\q\"\nc = CANARY\n'CANARY' 'CANARY'\n");
    assert!(!format!("{broken:?}").contains("CANARY"), "{broken:?}");
    assert!(matches!(errors("a = 'x'\n[plimsoll]\nb = 'x'\n")[..], [DocumentError::Own { line: 2, .. }]));
    assert!(errors("\u{fffe}\0")[0].to_string().contains("line 1"));
    let mut document = parsed(TEXT);
    assert!(matches!(document.set("registry", "v").unwrap_err()[..], [DocumentError::Table(_)]));
    assert!(matches!(document.set("registry.password.x", "v").unwrap_err()[..], [DocumentError::Below { .. }]));
}

proptest! {
    #[test]
    fn what_is_set_is_what_is_read(entries in proptest::collection::vec(("[a-c]{1,2}(\\.[d-f ]{1,2}){0,2}", any::<String>()), 1..8)) {
        let mut document = parsed(TEXT);
        document.own = Some(own());
        let mut expected = std::collections::BTreeMap::from_iter(values(&document));
        for (path, value) in entries {
            if document.set(&path, &value).is_ok() {
                expected.insert(path, value);
            }
            let text = document.to_text();
            document = parsed(&text);
        }
        prop_assert_eq!(std::collections::BTreeMap::from_iter(values(&document)), expected);
        prop_assert!(document.body().contains("# rotate in May") && document.body().contains("# not root"));
    }
}
