//! Label selectors in kubectl's notation: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.

/// One condition of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Has(String),
    HasNot(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
}

/// Conditions that all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSelector(Vec<Condition>);

impl LabelSelector {
    /// Reads a selector.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(written: &str) -> Result<Self, String> {
        let conditions: Vec<Condition> = split(written)?.into_iter().map(read_condition).collect::<Result<_, _>>()?;
        if conditions.is_empty() { Err("it is empty".to_owned()) } else { Ok(Self(conditions)) }
    }

    /// Whether all conditions hold for what `get` says of each key.
    pub fn matches<'a>(&self, get: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|condition| match condition {
            Condition::Has(key) => get(key).is_some(),
            Condition::HasNot(key) => get(key).is_none(),
            Condition::In(key, values) => get(key).is_some_and(|value| values.iter().any(|wanted| wanted == value)),
            // as for the API server, what has no such label isn't among the values
            Condition::NotIn(key, values) => get(key).is_none_or(|value| values.iter().all(|refused| refused != value)),
        })
    }
}

/// Splits at commas that stand outside of parentheses.
fn split(written: &str) -> Result<Vec<&str>, String> {
    let mut parts = Vec::new();
    let (mut start, mut open) = (0, false);
    for (at, letter) in written.char_indices() {
        match letter {
            '(' if !open => open = true,
            ')' if open => open = false,
            '(' | ')' => return Err("its parentheses don't match".to_owned()),
            ',' if !open => {
                parts.push(written.get(start..at).unwrap_or("").trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if open {
        return Err("`(` isn't closed".to_owned());
    }
    parts.push(written.get(start..).unwrap_or("").trim());
    if parts == [""] { Ok(Vec::new()) } else { Ok(parts) }
}

fn read_condition(part: &str) -> Result<Condition, String> {
    if let Some(key) = part.strip_prefix('!') {
        return Ok(Condition::HasNot(read_key(key)?));
    }
    if let Some(inside) = part.strip_suffix(')') {
        let (head, values) = inside.split_once('(').ok_or_else(|| format!("`{part}` has no `(`"))?;
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        let (key, word) = head.trim().split_once(char::is_whitespace).ok_or_else(|| format!("`{part}` lacks `in` or `notin`"))?;
        return match word.trim() {
            "in" => Ok(Condition::In(read_key(key)?, values)),
            "notin" => Ok(Condition::NotIn(read_key(key)?, values)),
            other => Err(format!("`{other}` is neither `in` nor `notin`")),
        };
    }
    for operator in ["!=", "==", "="] {
        if let Some((key, value)) = part.split_once(operator) {
            let values = vec![value.trim().to_owned()];
            let key = read_key(key)?;
            return Ok(if operator == "!=" { Condition::NotIn(key, values) } else { Condition::In(key, values) });
        }
    }
    Ok(Condition::Has(read_key(part)?))
}

fn read_key(key: &str) -> Result<String, String> {
    let key = key.trim();
    if key.is_empty() || key.contains(|letter: char| letter.is_whitespace() || matches!(letter, '(' | ')' | '=' | '!')) {
        return Err(format!("`{key}` isn't a key"));
    }
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_kubectl() {
        let labels = |key: &str| match key {
            "app" => Some("api"),
            "tier" => Some("web"),
            _ => None,
        };
        for (written, expected) in [
            ("app=api", true),
            ("app==api,tier=web", true),
            ("app=db", false),
            ("app!=db", true),
            ("none!=x", true),
            ("app in (db, api)", true),
            ("app notin (api)", false),
            ("none notin (x)", true),
            ("app", true),
            ("none", false),
            ("!none", true),
            ("! app", false),
            ("app in (api),!none , tier", true),
        ] {
            assert_eq!(LabelSelector::read(written).unwrap().matches(labels), expected, "{written}");
        }
        for bad in ["", "a in b", "a in (b", "a)", "=b", "a b", "a like (b)", "a,,b"] {
            assert!(LabelSelector::read(bad).is_err(), "{bad}");
        }
    }
}
