//! What `ref("configmap/x")` renders: a public token that stands for an object's final name until `resolve` knows it.

/// The prefix of every such token. What follows are lower-case hexadecimal digits of `kind/name` and a closing `z`, so that the
/// token is a plain word in YAML, JSON, URLs and shell.
pub const REF_PREFIX: &str = "plimsollref";

/// A token in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefToken {
    /// The bytes of the text that it takes.
    pub range: std::ops::Range<usize>,
    /// The kind, as written: `configmap`.
    pub kind: String,
    /// The name, as the source names it.
    pub name: String,
}

/// Why a text with the prefix in it isn't made of whole tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the text holds a piece of what `ref()` rendered: it was cut, changed, or typed by hand")]
pub struct BadRef {
    /// Where in the text it starts, in bytes.
    pub at: usize,
}

/// The token that stands for the name of `kind/name`; both must not be empty.
pub fn ref_token(kind: &str, name: &str) -> String {
    let mut token = String::from(REF_PREFIX);
    for byte in kind.bytes().chain(*b"/").chain(name.bytes()) {
        for half in [byte >> 4, byte & 15] {
            token.push(char::from_digit(half.into(), 16).unwrap_or('0'));
        }
    }
    token.push('z');
    token
}

/// All tokens of a text, in order.
///
/// # Errors
/// The prefix stands there, in any case, but isn't followed by a whole token.
pub fn ref_tokens(text: &str) -> Result<Vec<RefToken>, BadRef> {
    let (bytes, prefix) = (text.as_bytes(), REF_PREFIX.as_bytes());
    let mut tokens: Vec<RefToken> = Vec::new();
    for at in memchr::memchr2_iter(b'p', b'P', bytes) {
        let Some(found) = bytes.get(at..at + prefix.len()) else { break };
        if found.eq_ignore_ascii_case(prefix) {
            tokens.push(read(text, at).ok_or(BadRef { at })?);
        }
    }
    Ok(tokens)
}

fn read(text: &str, at: usize) -> Option<RefToken> {
    let rest = text.get(at..)?.strip_prefix(REF_PREFIX)?;
    let end = rest.find('z')?;
    let hex = rest.get(..end)?;
    let digits: Vec<u8> =
        hex.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let written = String::from_utf8(pairs.iter().map(|[high, low]| high << 4 | low).collect()).ok()?;
    let (kind, name) = written.split_once('/')?;
    let is_whole =
        !kind.is_empty() && !name.is_empty() && ref_token(kind, name) == text.get(at..at + REF_PREFIX.len() + end + 1)?;
    is_whole.then(|| RefToken { range: at..at + REF_PREFIX.len() + end + 1, kind: kind.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back() {
        let text = format!("a={} b={}", ref_token("configmap", "x-1"), ref_token("secret", "pzlimsollref"));
        let tokens = ref_tokens(&text).unwrap();
        let names: Vec<_> = tokens.iter().map(|token| format!("{}/{}", token.kind, token.name)).collect();
        assert_eq!(names, ["configmap/x-1", "secret/pzlimsollref"]);
        assert_eq!(text.get(tokens[0].range.clone()), Some(ref_token("configmap", "x-1").as_str()));
        assert_eq!(ref_tokens("nothing plimsoll here"), Ok(Vec::new()));
    }

    #[test]
    fn pieces_are_refused() {
        let token = ref_token("configmap", "x");
        for piece in
            [token.to_uppercase(), token[..token.len() - 1].to_owned(), token.replace("636f", "636F"), "plimsollref".to_owned()]
        {
            assert_eq!(ref_tokens(&format!("é {piece}")), Err(BadRef { at: 3 }), "{piece}");
        }
    }
}
