//! `files` of `[configmap.*]` and `[secret.*]`: a path, `key=path`, or a glob.

use crate::diagnostic::{Diagnostic, Diagnostics, nearest, rule};
use crate::environment::Spanned;
use crate::object::Pattern;
use crate::source::{EntryKind, Files, RootPath, Span};

rule!(EMPTY_GLOB, "empty-glob", Error, "a pattern of files matches no file");
rule!(FILE_ENTRY, "file-entry", Error, "an entry of `files` isn't a path, `key=path` or a pattern");

/// A file that an entry names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The key under which it is taken in.
    pub(super) key: String,
    pub(super) path: RootPath,
    /// The entry.
    pub(super) span: Span,
}

/// What an entry of `files` names, in order; a pattern's files are sorted by path. Paths are relative to the TOML file's folder.
///
/// In a pattern `*`, `?`, `[…]` and `{…}` stay within one part of a path, `**` is any folders, and hidden files are only
/// matched by a part that starts with a dot, as in a shell.
pub(super) fn expand(files: &Files, entry: &Spanned<String>) -> Result<Vec<Named>, Diagnostics> {
    let span = entry.span();
    let bad = |what: &str, hint: &str| {
        Diagnostics::from(Diagnostic::new(&FILE_ENTRY, format!("`{}`: {what}", entry.value)).at(span, "here").hint(hint))
    };
    let (key, written) = match entry.value.split_once('=') {
        Some((key, path)) => (Some(key), path),
        None => (None, entry.value.as_str()),
    };
    if written.is_empty() || key == Some("") {
        return Err(bad("the key or the path is empty", "write a path, or `key=path`"));
    }
    if !is_pattern(written) {
        let path = files.resolve(written, span)?;
        let key = key.unwrap_or_else(|| path.file_name());
        return Ok(vec![Named { key: key.to_owned(), path, span }]);
    }
    if key.is_some() {
        return Err(bad("a pattern can match several files, and they can't share a key", "leave out `key=`, or name one file"));
    }
    let paths = glob(files, written, span)?;
    if paths.is_empty() {
        return Err(nothing(files, written, span).into());
    }
    Ok(paths.into_iter().map(|path| Named { key: path.file_name().to_owned(), path, span }).collect())
}

fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

fn glob(files: &Files, written: &str, span: Span) -> Result<Vec<RootPath>, Diagnostics> {
    let (fixed, parts) = split(written);
    let mut pattern = Vec::new();
    for part in parts {
        pattern.push(Part::read(part).map_err(|problem| {
            Diagnostic::new(&FILE_ENTRY, format!("`{written}` isn't a pattern: {problem}")).at(span, "here")
        })?);
    }
    let mut found = Vec::new();
    walk(files, &files.resolve(fixed, span)?, &pattern, span, &mut found)?;
    found.sort();
    found.dedup();
    Ok(found)
}

/// The leading folders without special characters, and the parts behind them.
fn split(written: &str) -> (&str, Vec<&str>) {
    let special = written.find(['*', '?', '[', '{']).unwrap_or(written.len());
    let cut = written.get(..special).and_then(|before| before.rfind('/'));
    let (fixed, rest) = cut.map_or(("", written), |at| written.split_at(at + 1));
    (fixed, rest.split('/').filter(|part| !part.is_empty()).collect())
}

enum Part {
    AnyFolders,
    Name { pattern: Pattern, hidden: bool },
}

impl Part {
    fn read(written: &str) -> Result<Self, String> {
        if written == "**" {
            return Ok(Self::AnyFolders);
        }
        Ok(Self::Name { pattern: Pattern::read(written)?, hidden: written.starts_with('.') })
    }
}

fn walk(files: &Files, folder: &RootPath, parts: &[Part], span: Span, found: &mut Vec<RootPath>) -> Result<(), Diagnostics> {
    let Some((part, rest)) = parts.split_first() else { return Ok(()) };
    if matches!(part, Part::AnyFolders) {
        walk(files, folder, rest, span, found)?;
    }
    for entry in files.list(folder, Some(span))? {
        let Ok(path) = folder.join(&entry.name) else { continue };
        let dotted = entry.name.starts_with('.');
        match part {
            Part::AnyFolders if entry.kind == EntryKind::Folder && !dotted => walk(files, &path, parts, span, found)?,
            Part::Name { pattern, hidden } if pattern.matches(&entry.name) && (*hidden || !dotted) => {
                if !rest.is_empty() && entry.kind == EntryKind::Folder {
                    walk(files, &path, rest, span, found)?;
                } else if rest.is_empty() && entry.kind == EntryKind::File {
                    found.push(path);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn nothing(files: &Files, written: &str, span: Span) -> Diagnostic {
    let finding = Diagnostic::new(&EMPTY_GLOB, format!("`{written}` matches no file")).at(span, "this pattern");
    let (fixed, parts) = split(written);
    let listing = files.resolve(fixed, span).and_then(|folder| Ok((files.list(&folder, None)?, folder)));
    let Ok((entries, folder)) = listing else { return finding };
    let names: Vec<&str> =
        entries.iter().filter(|entry| entry.kind == EntryKind::File).map(|entry| entry.name.as_str()).collect();
    match parts.last().and_then(|part| nearest(part, names.iter().copied())).or(names.first().copied()) {
        Some(name) => finding.hint(format!("`{folder}` has `{name}`")),
        None => finding.hint(format!("`{folder}` has no files")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemoryTree;

    fn expand_all(entry: &str) -> Result<String, String> {
        let mut tree = MemoryTree::default();
        for path in ["b.json", "a.json", "c.txt", ".hidden.json", "sub/d.json", "sub/deep/e.json", ".git/x.json"] {
            tree.insert(RootPath::new(&format!("environments/files/{path}")).unwrap(), "x");
        }
        let toml = RootPath::new("environments/prod.toml").unwrap();
        tree.insert(toml.clone(), "");
        let files = Files::new(tree);
        let file = files.text(&toml, None).unwrap();
        let named = expand(&files, &Spanned::new(entry.to_owned(), Span::file_start(file)));
        named
            .map(|named| named.iter().map(|named| format!("{}={}", named.key, named.path)).collect::<Vec<_>>().join(" "))
            .map(|named| named.replace("environments/files/", ""))
            .map_err(|found| {
                found
                    .iter()
                    .map(|finding| format!("{}: {}", finding.message, finding.hints.join("; ")))
                    .collect::<Vec<_>>()
                    .join("\n")
            })
    }

    #[test]
    fn entries() {
        for (entry, expected) in [
            ("files/a.json", Ok("a.json=a.json")),
            ("m.json=files/a.json", Ok("m.json=a.json")),
            ("files/*.json", Ok("a.json=a.json b.json=b.json")),
            ("files/{c,b}.*", Ok("b.json=b.json c.txt=c.txt")),
            ("files/.*.json", Ok(".hidden.json=.hidden.json")),
            ("files/**/*.json", Ok("a.json=a.json b.json=b.json d.json=sub/d.json e.json=sub/deep/e.json")),
            ("files/*/d.json", Ok("d.json=sub/d.json")),
            ("files/*.jsn", Err("`files/*.jsn` matches no file: `environments/files` has `b.json`")),
            (
                "m=files/*.json",
                Err(
                    "`m=files/*.json`: a pattern can match several files, and they can't share a key: leave out `key=`, or name one file",
                ),
            ),
            ("=x", Err("`=x`: the key or the path is empty: write a path, or `key=path`")),
        ] {
            assert_eq!(expand_all(entry), expected.map(str::to_owned).map_err(str::to_owned), "{entry}");
        }
    }
}
