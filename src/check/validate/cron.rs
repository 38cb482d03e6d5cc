//! CronJob schedules, as the controller's parser takes them: five fields, or `@hourly` and its like.

/// What is wrong with a schedule, in words.
pub(super) fn wrong(schedule: &str) -> Option<String> {
    if schedule.contains("TZ") {
        return Some("a time zone belongs into `timeZone`".to_owned());
    }
    if let Some(name) = schedule.strip_prefix('@') {
        return descriptor(name);
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Some(format!("it has {} fields, not 5: minute, hour, day of the month, month, day of the week", fields.len()));
    }
    let bad = FIELDS.iter().zip(&fields).find(|(form, field)| !form.takes(field));
    bad.map(|(form, field)| format!("`{field}` is no {}", form.name))
}

fn descriptor(name: &str) -> Option<String> {
    const NAMES: [&str; 7] = ["yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"];
    if NAMES.contains(&name) {
        return None;
    }
    match name.strip_prefix("every ") {
        Some(duration) if is_duration(duration) => None,
        Some(duration) => Some(format!("`{duration}` is no duration")),
        None => Some(format!("there is no `@{name}`")),
    }
}

/// Whether a text can be the name of a time zone: of a region of the tz database, or one of its names without a region.
pub(super) fn is_zone(name: &str) -> bool {
    const REGIONS: [&str; 17] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Brazil",
        "Canada",
        "Chile",
        "Etc",
        "Europe",
        "Indian",
        "Mexico",
        "Pacific",
        "US",
        "posix",
    ];
    const SINGLE: [&str; 44] = [
        "CET",
        "CST6CDT",
        "Cuba",
        "EET",
        "EST",
        "EST5EDT",
        "Egypt",
        "Eire",
        "Factory",
        "GB",
        "GB-Eire",
        "GMT",
        "GMT+0",
        "GMT-0",
        "GMT0",
        "Greenwich",
        "HST",
        "Hongkong",
        "Iceland",
        "Iran",
        "Israel",
        "Jamaica",
        "Japan",
        "Kwajalein",
        "Libya",
        "MET",
        "MST",
        "MST7MDT",
        "NZ",
        "NZ-CHAT",
        "Navajo",
        "PRC",
        "PST8PDT",
        "Poland",
        "Portugal",
        "ROC",
        "ROK",
        "Singapore",
        "Turkey",
        "UCT",
        "UTC",
        "Universal",
        "W-SU",
        "WET",
    ];
    let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte));
    match name.split_once('/') {
        Some((region, place)) => REGIONS.contains(&region) && fits && !place.is_empty(),
        None => SINGLE.contains(&name) || name == "Zulu",
    }
}

/// A duration as Go reads it: `1h30m`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (digits, after) = rest.split_at(number);
        let Some(unit) = ["ns", "us", "µs", "ms", "s", "m", "h"].into_iter().find(|unit| after.starts_with(unit)) else {
            return false;
        };
        if !digits.contains(|c: char| c.is_ascii_digit()) || digits.matches('.').count() > 1 {
            return false;
        }
        rest = after.get(unit.len()..).unwrap_or("");
    }
    true
}

struct Form {
    name: &'static str,
    least: u32,
    most: u32,
    words: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Form; 5] = [
    Form { name: "minute (0-59)", least: 0, most: 59, words: &[] },
    Form { name: "hour (0-23)", least: 0, most: 23, words: &[] },
    Form { name: "day of the month (1-31)", least: 1, most: 31, words: &[] },
    Form { name: "month (1-12)", least: 1, most: 12, words: MONTHS },
    Form { name: "day of the week (0-6, Sunday is 0)", least: 0, most: 6, words: DAYS },
];

impl Form {
    fn takes(&self, field: &str) -> bool {
        field.split(',').filter(|part| !part.is_empty()).all(|part| self.takes_part(part))
    }

    /// `*`, `a`, `a-b`, each with `/step`.
    fn takes_part(&self, part: &str) -> bool {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let steps = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0));
        let fits = match range.split_once('-') {
            _ if range == "*" || range == "?" => true,
            Some((from, to)) => matches!((self.value(from), self.value(to)), (Some(from), Some(to)) if from <= to),
            None => self.value(range).is_some(),
        };
        steps && fits
    }

    fn value(&self, text: &str) -> Option<u32> {
        let word = self.words.iter().zip(self.least..).find(|(word, _)| word.eq_ignore_ascii_case(text));
        let value = word.map(|(_, value)| value).or_else(|| text.parse().ok())?;
        (self.least..=self.most).contains(&value).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn schedules() {
        for fine in ["* * * * *", "*/5 0-6,12 1 jan-MAR mon", "@hourly", "@every 1h30m", "0 0 1 1 ?", "5/10 * * * *"] {
            assert_eq!(wrong(fine), None, "{fine}");
        }
        for bad in [
            "",
            "* * * *",
            "60 * * * *",
            "* * 0 * *",
            "* * * * 7",
            "*/0 * * * *",
            "5-1 * * * *",
            "@never",
            "TZ=UTC * * * * *",
            "@every x",
        ] {
            assert!(wrong(bad).is_some(), "{bad}");
        }
    }
}
