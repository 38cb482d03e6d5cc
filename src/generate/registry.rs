//! Docker registry logins: base64 inside JSON inside base64, none of it opened.

use std::collections::BTreeMap;

use super::Inputs;
use super::config_key::CONFIG_KEY_TWICE;
use super::secret::sealed;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::environment::{Registry, Spanned};
use crate::object::Node;
use crate::secret::{Escape, Sealed};

/// The value of `.dockerconfigjson` for these logins, in the form of `kubectl create secret docker-registry`:
/// `{"auths":{SERVER:{"username":…,"password":…,"email":…,"auth":base64(username:password)}}}`; `None` without logins.
pub(super) fn node(inputs: Inputs<'_>, logins: &[Registry]) -> Result<Option<Node>, Diagnostics> {
    let Some(span) = logins.first().map(|login| login.server.span()) else { return Ok(None) };
    let mut found = Diagnostics::new();
    let mut servers: BTreeMap<&str, &Spanned<String>> = BTreeMap::new();
    let mut parts = vec![literal("{\"auths\":{")];
    for (at, login) in logins.iter().enumerate() {
        if let Some(first) = servers.insert(&login.server.value, &login.server) {
            found.push(
                Diagnostic::new(&CONFIG_KEY_TWICE, format!("two logins for `{}` in one Secret", login.server.value))
                    .at(login.server.span(), "here again")
                    .also(first.span(), "first here")
                    .hint("a registry has one login in a Secret; a path such as `registry.example/team` makes it another"),
            );
        }
        if at > 0 {
            parts.push(literal(","));
        }
        parts.extend(found.take(self::login(inputs, login)).unwrap_or_default());
    }
    parts.push(literal("}}"));
    found.into_result(Some(sealed(Sealed::concat(parts), span)))
}

fn login(inputs: Inputs<'_>, login: &Registry) -> Result<Vec<Sealed>, Diagnostics> {
    let mut found = Diagnostics::new();
    let mut find = |path: &Spanned<String>| {
        found.take(inputs.secrets.find(&path.value, path.span())).map_or_else(|| literal(""), Sealed::Secret)
    };
    let (username, password) = (find(&login.username), find(&login.password));
    let email = login.email.as_ref().map(&mut find);
    let mut parts = vec![literal(&serde_json::Value::from(login.server.value.as_str()).to_string())];
    parts.extend([literal(":{\"username\":\""), json(username.clone()), literal("\",\"password\":\""), json(password.clone())]);
    if let Some(email) = email {
        parts.extend([literal("\",\"email\":\""), json(email)]);
    }
    let pair = Sealed::concat([username, literal(":"), password]);
    parts.extend([literal("\",\"auth\":\""), Sealed::Base64(Box::new(pair)), literal("\"}")]);
    found.into_result(parts)
}

fn literal(text: &str) -> Sealed {
    Sealed::Text(text.into())
}

fn json(inside: Sealed) -> Sealed {
    Sealed::Escaped(Escape::Json, Box::new(inside))
}
