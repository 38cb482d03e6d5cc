//! From what a container is given to what it must have, once its pod is there and the secrets are open.

use indexmap::IndexMap;
use zeroize::Zeroizing;

use super::facts::Facts;
use crate::effective::{self, Container, Given, Mounted, MountedFile, Part, Piece, PodField, Source, pieces, place};
use crate::object::Object;
use crate::secret::{Opened, Sealed, reveal};

/// What is known of a value.
#[derive(Clone)]
pub(super) enum Known {
    /// The value, and whether a secret is in it.
    Bytes(Zeroizing<Vec<u8>>, bool),
    /// There must be nothing.
    Nothing,
    /// It can't be known, with the reason.
    Unknown(String),
}

/// The reason where no identity opened the secrets.
pub(super) const NOT_OPENED: &str = "not opened";

/// A variable as it must be.
#[derive(Clone)]
pub(super) struct Wanted {
    pub value: Known,
    pub from: String,
    pub source: Option<Source>,
    /// Whether it may as well not be there.
    pub optional: bool,
    /// An object outside the bundle that may set it to something else.
    pub maybe: Option<String>,
}

/// A file as it must be.
pub(super) struct WantedFile {
    pub path: String,
    pub wanted: Wanted,
    pub is_part: bool,
    /// Whether it lists the pod's annotations, to which the kubelet adds its own.
    pub is_annotations: bool,
}

/// What values are worked out with.
pub(super) struct Eye<'a> {
    pub facts: &'a Facts,
    pub opened: Option<&'a Opened>,
    /// The container's name.
    pub container: &'a str,
}

impl Eye<'_> {
    fn reveal(&self, sealed: &Sealed) -> Known {
        let is_secret = sealed.keys().next().is_some();
        let revealed = match self.opened {
            Some(opened) => reveal(sealed, opened),
            None if is_secret => return Known::Unknown(NOT_OPENED.to_owned()),
            None => reveal(sealed, &Opened::default()),
        };
        revealed.map_or_else(|_| Known::Unknown(NOT_OPENED.to_owned()), |bytes| Known::Bytes(bytes, is_secret))
    }

    fn part(&self, part: &Part, optional: bool) -> Known {
        match part {
            Part::Known(sealed) => self.reveal(sealed),
            Part::Encoded(sealed) => match self.reveal(sealed) {
                Known::Bytes(bytes, secret) => decode(&bytes)
                    .map_or_else(|| Known::Unknown("it isn't base64".to_owned()), |bytes| Known::Bytes(bytes, secret)),
                other => other,
            },
            Part::Binary(bytes) => Known::Bytes(Zeroizing::new(bytes.clone()), false),
            Part::Pod(field) => self.facts.downward(field, self.container).map_or_else(
                || Known::Unknown(part.words().unwrap_or_default()),
                |text| Known::Bytes(Zeroizing::new(text.into_bytes()), false),
            ),
            Part::NoKey(_) if optional => Known::Nothing,
            Part::Outside(_) => Known::Unknown(format!("not in the bundle: {}", part.words().unwrap_or_default())),
            Part::NoKey(words) | Part::Cluster(words) => Known::Unknown(words.clone()),
        }
    }
}

fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    use base64::Engine;
    let mut compact = Zeroizing::new(Vec::with_capacity(text.len()));
    compact.extend(text.iter().filter(|byte| !byte.is_ascii_whitespace()));
    base64::engine::general_purpose::STANDARD.decode(&*compact).ok().map(Zeroizing::new)
}

/// The variables as the kubelet sets them, and objects outside the bundle of which every key becomes one. `service` gives a variable that
/// the kubelet made for a service.
pub(super) fn variables<'a>(
    container: &Container,
    eye: &Eye<'_>,
    service: &dyn Fn(&[u8]) -> Option<&'a [u8]>,
) -> (IndexMap<String, Wanted>, Vec<String>) {
    let mut set: IndexMap<String, Wanted> = IndexMap::new();
    let mut outside: Vec<(&str, &str)> = Vec::new();
    for setting in &container.settings {
        let value = match &setting.given {
            Given::All { prefix } => {
                outside.push((prefix, &setting.from));
                set.iter_mut()
                    .filter(|(name, _)| name.starts_with(prefix.as_str()))
                    .for_each(|(_, wanted)| wanted.maybe = Some(setting.from.clone()));
                continue;
            }
            Given::Value(part) => eye.part(part, setting.optional),
            Given::Text(sealed) => expanded(eye.reveal(sealed), &set, &outside, service),
        };
        if matches!(value, Known::Nothing) {
            continue;
        }
        let wanted =
            Wanted { value, from: setting.from.clone(), source: setting.source.clone(), optional: setting.optional, maybe: None };
        set.insert(setting.name.clone(), wanted);
    }
    (set, outside.into_iter().map(|(_, from)| from.to_owned()).collect())
}

/// A value with its `$(NAME)` replaced.
fn expanded<'a>(
    text: Known,
    set: &IndexMap<String, Wanted>,
    outside: &[(&str, &str)],
    service: &dyn Fn(&[u8]) -> Option<&'a [u8]>,
) -> Known {
    let Known::Bytes(text, mut secret) = text else { return text };
    let mut out: Vec<Zeroizing<Vec<u8>>> = Vec::new();
    for piece in pieces(&text) {
        let name = match piece {
            Piece::Plain(bytes) => {
                out.push(Zeroizing::new(bytes.to_vec()));
                continue;
            }
            Piece::Name(name) => name,
        };
        let wanted = std::str::from_utf8(name).ok().and_then(|name| set.get(name));
        match wanted {
            Some(Wanted { maybe: Some(from), .. }) => return Known::Unknown(format!("not in the bundle: {from}")),
            Some(Wanted { value: Known::Bytes(bytes, is_secret), .. }) => {
                secret |= is_secret;
                out.push(bytes.clone());
            }
            Some(Wanted { value: Known::Unknown(why), .. }) => return Known::Unknown(why.clone()),
            Some(Wanted { value: Known::Nothing, .. }) | None => {
                if let Some((_, from)) = outside.iter().find(|(prefix, _)| name.starts_with(prefix.as_bytes())) {
                    return Known::Unknown(format!("not in the bundle: {from}"));
                }
                match service(name) {
                    Some(value) => out.push(Zeroizing::new(value.to_vec())),
                    None => out.push(Zeroizing::new([b"$(", name, b")"].concat())),
                }
            }
        }
    }
    let mut joined = Zeroizing::new(Vec::with_capacity(out.iter().map(|part| part.len()).sum()));
    for part in &out {
        joined.extend_from_slice(part);
    }
    Known::Bytes(joined, secret)
}

/// The files that ConfigMaps, Secrets and the downward API put into the container, and objects outside the bundle of which every key is
/// one. What another mount covers isn't among them.
pub(super) fn files(
    container: &Container,
    eye: &Eye<'_>,
    variables: &IndexMap<String, Wanted>,
) -> (Vec<WantedFile>, Vec<String>) {
    let (mut files, mut outside) = (Vec::new(), Vec::new());
    for mount in &container.mounts {
        let placed = match &mount.mounted {
            Mounted::Other(_) => continue,
            Mounted::Files(files) => files.clone(),
            Mounted::Expression(expression, content) => {
                let text = Known::Bytes(Zeroizing::new(expression.clone().into_bytes()), false);
                let sub_path = match expanded(text, variables, &[], &|_| None) {
                    Known::Bytes(bytes, _) => String::from_utf8(bytes.to_vec()).ok(),
                    _ => None,
                };
                let Some(sub_path) = sub_path else {
                    outside.push(format!("{}: what `{expression}` stands for isn't known", mount.path));
                    continue;
                };
                place(content.clone(), &mount.path, &sub_path)
            }
        };
        let own = mount.path.trim_end_matches('/');
        let is_covered = |path: &str| {
            container.mounts.iter().map(|other| other.path.trim_end_matches('/')).any(|other| {
                other.len() > own.len() && path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let stars: Vec<usize> = placed.iter().enumerate().filter(|(_, file)| is_star(file)).map(|(at, _)| at).collect();
        for (at, file) in placed.iter().enumerate() {
            if is_star(file) {
                outside.push(file.from.clone());
            } else if !matches!(file.value, Part::Cluster(_)) && !is_covered(&file.path) {
                // A later source of a projected volume may have the same file.
                let maybe =
                    stars.iter().find(|star| **star > at).and_then(|star| placed.get(*star)).map(|file| file.from.clone());
                files.push(wanted_file(file, eye, mount.is_part, maybe));
            }
        }
    }
    (files, outside)
}

fn is_star(file: &MountedFile) -> bool {
    file.path.ends_with('*') && matches!(file.value, Part::Outside(_)) && file.source.is_none()
}

fn wanted_file(file: &MountedFile, eye: &Eye<'_>, is_part: bool, maybe: Option<String>) -> WantedFile {
    let wanted = Wanted {
        value: eye.part(&file.value, file.optional),
        from: file.from.clone(),
        source: file.source.clone(),
        optional: file.optional,
        maybe,
    };
    let is_annotations = matches!(&file.value, Part::Pod(PodField::Field(path)) if path == "metadata.annotations");
    WantedFile { path: file.path.clone(), wanted, is_part, is_annotations }
}

/// The value that a ConfigMap or Secret of the bundle has under a key; `None` if it has none, or it can't be known.
pub(super) fn of_key(object: &Object, key: &str, opened: Option<&Opened>) -> Option<Zeroizing<Vec<u8>>> {
    let nobody = Facts::new(serde_json::Value::Null);
    let eye = Eye { facts: &nobody, opened, container: "" };
    match eye.part(&effective::value_of(object, key)?, false) {
        Known::Bytes(bytes, _) => Some(bytes),
        Known::Nothing | Known::Unknown(_) => None,
    }
}
