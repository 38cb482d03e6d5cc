//! Case files: several small files in one, with the expected findings beside the lines.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What a marker expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    pub severity: String,
    pub rule: String,
    /// File, line from 1, and columns from 1 if the marker gives them.
    pub place: Option<(String, usize, Option<RangeInclusive<usize>>)>,
}

/// One file of a case.
#[derive(Debug, Clone)]
pub struct Member {
    pub text: String,
    /// The words in parentheses behind its name.
    pub note: String,
}

/// A case.
#[derive(Debug, Clone, Default)]
pub struct Case {
    pub files: BTreeMap<String, Member>,
    pub settings: BTreeMap<String, String>,
    pub expected: Vec<Expectation>,
}

impl Case {
    /// Reads a case file; panics with a reason where it breaks the format.
    pub fn read(text: &str) -> Self {
        let mut case = Self::default();
        let mut current: Option<String> = None;
        for line in text.lines() {
            if let Some(header) = line.strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
                let (name, note) = header.split_once(" (").unwrap_or((header, ""));
                case.files.insert(name.to_owned(), Member { text: String::new(), note: note.trim_end_matches(')').to_owned() });
                current = Some(name.to_owned());
            } else if let Some(name) = &current {
                let name = name.clone();
                case.body_line(&name, line);
            } else {
                case.header_line(line);
            }
        }
        case
    }

    /// The files of the case's repository, sealed files sealed.
    pub fn repository(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        for (name, member) in self.files.iter().filter(|(name, _)| !name.starts_with("expect.")) {
            match member.note.as_str() {
                "" => files.push((name.clone(), member.text.clone().into_bytes())),
                "sealed" => files.extend(super::seal::seal(name, &member.text)),
                "base64" => {
                    use base64::Engine as _;
                    let bytes = base64::engine::general_purpose::STANDARD.decode(member.text.replace('\n', ""));
                    files.push((name.clone(), bytes.expect("base64")));
                }
                other => panic!("a file's note is `sealed` or `base64`, not `{other}`"),
            }
        }
        files
    }

    fn header_line(&mut self, line: &str) {
        let Some(setting) = line.strip_prefix("#! ") else {
            assert!(
                line.trim().is_empty() || line.starts_with("# "),
                "a header line is `#! key: value`, `# comment` or empty: {line}"
            );
            return;
        };
        let (key, value) = setting.split_once(':').unwrap_or((setting, ""));
        let (key, value) = (key.trim(), value.trim());
        if matches!(key, "error" | "warning" | "note") {
            self.expected.push(Expectation { severity: key.to_owned(), rule: value.to_owned(), place: None });
        } else {
            self.settings.insert(key.to_owned(), value.to_owned());
        }
    }

    fn body_line(&mut self, name: &str, line: &str) {
        let member = self.files.get_mut(name).expect("the current file");
        if name.starts_with("expect.") {
            member.text.push_str(line);
            member.text.push('\n');
            return;
        }
        if let Some(markers) = line.trim_start().strip_prefix("#!^") {
            let number = member.text.lines().count();
            for marker in markers.split("#!") {
                self.expected.push(read_marker(marker, name, number));
            }
            return;
        }
        let (kept, markers) = match line.split_once(" #! ") {
            Some((kept, markers)) => (kept.trim_end_matches(' '), Some(markers)),
            None => (line, None),
        };
        member.text.push_str(kept);
        member.text.push('\n');
        let number = member.text.lines().count();
        for marker in markers.iter().flat_map(|markers| markers.split("#!")) {
            self.expected.push(read_marker(marker, name, number));
        }
    }
}

fn read_marker(marker: &str, file: &str, line: usize) -> Expectation {
    let (severity, rest) =
        marker.trim().split_once(':').unwrap_or_else(|| panic!("a marker is `severity: [columns] rule`: {marker}"));
    assert!(matches!(severity, "error" | "warning" | "note"), "`{severity}` isn't error, warning or note: {marker}");
    let rest = rest.trim();
    let (columns, rule) = match rest.split_once(' ') {
        Some((columns, rule)) => (Some(read_columns(columns)), rule.trim()),
        None => (None, rest),
    };
    Expectation { severity: severity.to_owned(), rule: rule.to_owned(), place: Some((file.to_owned(), line, columns)) }
}

fn read_columns(text: &str) -> RangeInclusive<usize> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.parse::<usize>().unwrap_or_else(|_| panic!("columns are `7-12` or `7`: {text}"));
    number(first)..=number(last)
}
