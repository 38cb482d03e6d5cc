use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::secret::{Escape, Fingerprint, Recipient, SecretKind, open, seal};
use crate::source::{RootPath, SourceKind, SourceMap, Span};

fn key(path: &str) -> SecretKey {
    let span = Span::file_start(SourceMap::default().add("index", "", SourceKind::Other));
    SecretKey {
        file: RootPath::new("s.age").unwrap(),
        path: path.into(),
        kind: SecretKind::Text,
        fingerprint: Fingerprint([1; 32]),
        span,
    }
}

fn sealed() -> impl Strategy<Value = Sealed> {
    let leaf = prop_oneof![any::<String>().prop_map(|text| Sealed::Text(text.into())), Just(Sealed::Secret(Arc::new(key("a"))))];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Sealed::concat),
            inner.clone().prop_map(Sealed::base64),
            inner.clone().prop_map(Sealed::json),
            inner.prop_map(Sealed::url),
        ]
    })
}

/// What the expression says, by the plain libraries.
fn plain(sealed: &Sealed, value: &str) -> String {
    match sealed {
        Sealed::Text(text) => text.to_string(),
        Sealed::Secret(_) => value.to_owned(),
        Sealed::Concat(parts) => parts.iter().map(|part| plain(part, value)).collect(),
        Sealed::Base64(inside) => STANDARD.encode(plain(inside, value)),
        Sealed::Escaped(Escape::Json, inside) => {
            let quoted = serde_json::to_string(&plain(inside, value)).unwrap();
            quoted[1..quoted.len() - 1].to_owned()
        }
        Sealed::Escaped(Escape::Url, inside) => {
            plain(inside, value)
                .bytes()
                .map(|b| {
                    if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                        char::from(b).to_string()
                    } else {
                        format!("%{b:02X}")
                    }
                })
                .collect()
        }
    }
}

proptest! {
    #[test]
    fn reveal_is_what_the_libraries_give(sealed in sealed(), value: String) {
        let opened = Opened::of([(&key("a"), value.as_bytes())]);
        let revealed = reveal_text(&sealed, &opened).unwrap();
        prop_assert_eq!(revealed.as_str(), plain(&sealed, &value));
        prop_assert!(value.len() < 4 || plain(&sealed, "").contains(&value) || !sealed.form().contains(&value));
    }

    #[test]
    fn equal_values_have_equal_digests(sealed in sealed()) {
        prop_assert_eq!(sealed.fingerprint(), sealed.clone().fingerprint());
        if sealed.keys().next().is_some() {
            prop_assert_ne!(sealed.fingerprint(), sealed.clone().base64().fingerprint());
            prop_assert_ne!(sealed.clone().json(), sealed.clone().url());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn unseal_after_seal_is_identity(bytes: Vec<u8>, count in 1_usize..4) {
        let identities: Vec<age::x25519::Identity> = (0..count).map(|_| age::x25519::Identity::generate()).collect();
        let recipients: Vec<Recipient> = identities.iter().map(|identity| identity.to_public().into()).collect();
        let sealed = seal(&bytes, &recipients).unwrap();
        for identity in &identities {
            use age::secrecy::ExposeSecret;
            let mut at_hand = crate::secret::Identities::none();
            at_hand.add("test", identity.to_string().expose_secret().as_bytes()).unwrap();
            prop_assert_eq!(&**open(&sealed, &mut at_hand).unwrap(), &bytes);
        }
    }
}

#[test]
fn a_value_that_is_not_text_stays_out_of_texts() {
    let opened = Opened::of([(&key("a"), b"\xff\0".as_slice())]);
    let secret = Sealed::Secret(Arc::new(key("a")));
    assert_eq!(&**reveal(&secret, &opened).unwrap(), b"\xff\0");
    assert_eq!(reveal_text(&secret.clone().base64(), &opened).unwrap().as_str(), "/wA=");
    assert_eq!(reveal(&secret.clone().json(), &opened).unwrap_err().rule, &SECRET_NOT_TEXT);
    assert_eq!(reveal(&Sealed::Secret(Arc::new(key("b"))), &opened).unwrap_err().rule, &INDEX_MISMATCH);
}

#[test]
fn a_mask_names_the_secret_and_what_is_made_of_it() {
    let secret = Sealed::Secret(Arc::new(key("db.password")));
    let names: Vec<&str> = secret.mask().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["file", "key", "fingerprint"]);
    let url = Sealed::concat([Sealed::Text("postgres://app:".into()), secret.clone().url(), Sealed::Text("@db".into())]);
    assert_eq!(url.form(), "postgres://app:url({db.password})@db");
    let mask = url.clone().base64().mask();
    assert_eq!(mask[1], ("key", "db.password".to_owned()));
    assert_eq!(mask[3], ("form", "base64(postgres://app:url({db.password})@db)".to_owned()));
    assert_ne!(url.fingerprint(), secret.fingerprint());
}
