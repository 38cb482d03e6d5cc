//! Files of `NAME=value` lines, by kustomize's and kubectl's rules.

use crate::diagnostic::{Diagnostic, Diagnostics, rule};
use crate::source::{FileId, Source, Span};

rule!(ENV_FILE_SYNTAX, "env-file-syntax", Error, "a line of an env-file isn't `NAME=value`");

/// One line that sets something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) name_span: Span,
    pub(super) value: &'a str,
    pub(super) value_span: Span,
}

/// Reads an env-file as kustomize 5.8.1 does (api/kv): empty lines and lines that start with `#` are left out, space before the
/// name is; everything behind the first `=` is the value, quotes and spaces included. A name without `=` is an error here:
/// kubectl takes such a value from its caller's environment, kustomize an empty one, and both surprise.
pub(super) fn read<'a>(source: &'a Source, file: FileId, found: &mut Diagnostics) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for whole in source.text.split_inclusive('\n') {
        let at = start;
        start += whole.len();
        let text = whole.strip_suffix('\n').unwrap_or(whole);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let line = text.trim_start();
        let at = at + text.len() - line.len();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let all = Span::new(file, at, at + line.len());
        let bad = |what: String, span: Span| Diagnostic::new(&ENV_FILE_SYNTAX, what).at(span, "in this line");
        let Some((name, value)) = line.split_once('=') else {
            found.push(bad(format!("`{line}` has no `=`"), all).hint("write `NAME=value`, or `NAME=` for an empty value"));
            continue;
        };
        let name_span = Span::new(file, at, at + name.len());
        if let Some(problem) = name_problem(name) {
            let finding = bad(format!("`{name}` can't be a variable's name: {problem}"), name_span);
            found.push(match name.strip_prefix("export ") {
                Some(rest) => finding.hint(format!("an env-file isn't a shell script; write `{}=…`", rest.trim())),
                None if name.ends_with(' ') => finding.hint("leave out the space before `=`"),
                None => finding.hint("a name has letters, digits, `_`, `-` and `.`, and doesn't start with a digit"),
            });
            continue;
        }
        let value_span = Span::new(file, at + name.len() + 1, at + line.len());
        lines.push(Line { name, name_span, value, value_span });
    }
    lines
}

/// Why a name isn't one for a variable (`IsEnvVarName` in k8s.io/apimachinery); `None` if it is.
pub(super) fn name_problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if let Some(bad) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.')) {
        return Some(format!("it has {bad:?}"));
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Some("it starts with a digit".to_owned());
    }
    (name == "." || name.starts_with("..")).then(|| "it starts with `..` or is `.`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceKind, SourceMap};

    fn lines(text: &str) -> Result<Vec<(String, String)>, Vec<String>> {
        let map = SourceMap::default();
        let file = map.add("x.env", text, SourceKind::Other);
        let (source, mut found) = (map.get(file), Diagnostics::new());
        let lines = read(&source, file, &mut found);
        for line in &lines {
            assert_eq!((map.text(line.name_span).as_str(), map.text(line.value_span).as_str()), (line.name, line.value));
        }
        let pairs = lines.iter().map(|line| (line.name.to_owned(), line.value.to_owned())).collect();
        if found.is_empty() { Ok(pairs) } else { Err(found.iter().map(|finding| finding.message.clone()).collect()) }
    }

    #[test]
    fn reads_as_kustomize_does() {
        let text = "# comment\n\nA=1\n  B=two words  \r\nC=\"q\"=x\n   # indented comment\nD=\nE.f-g=#5";
        let pairs = [("A", "1"), ("B", "two words  "), ("C", "\"q\"=x"), ("D", ""), ("E.f-g", "#5")];
        assert_eq!(lines(text).unwrap(), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn all_bad_lines_are_named() {
        assert_eq!(
            lines("A=1\nexport B=2\nHOME\nC =3\n1D=4\n=5\n").unwrap_err(),
            [
                "`export B` can't be a variable's name: it has ' '",
                "`HOME` has no `=`",
                "`C ` can't be a variable's name: it has ' '",
                "`1D` can't be a variable's name: it starts with a digit",
                "`` can't be a variable's name: it is empty",
            ]
        );
    }
}
