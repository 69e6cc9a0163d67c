//! Why a value does not fit its field, as a sentence with the way out.

use super::position::Field;

/// The problem of a value, from the message of serde, whose words are those of Rust. `text` is the value where it is a text.
pub(super) fn sentence(message: &str, path: &[Field], text: Option<&str>) -> String {
    let is_time = matches!(path.last(), Some(Field::Member(name)) if is_time(name));
    if let Some(name) = quoted(message, "missing field ") {
        return format!("the field `{name}` is missing; write it");
    }
    if let Some((found, known)) = quoted(message, "unknown variant ").zip(message.split_once(", expected ")) {
        return format!("`{found}` is not known here; write {}", known.1.trim_start_matches("one of "));
    }
    if let Some((found, known)) = quoted(message, "unknown field ").zip(message.split_once(", expected ")) {
        return format!("the field `{found}` is not known here; known are {}", known.1.trim_start_matches("one of "));
    }
    let mismatch = ["invalid type: ", "invalid value: "].iter().find_map(|prefix| message.strip_prefix(prefix));
    if let Some((found, wanted)) = mismatch.and_then(|rest| rest.split_once(", expected ")) {
        let found = found_value(found);
        return if is_time && !found.starts_with('a') { not_a_time(&found) } else { unlike(&found, wanted) };
    }
    if is_time {
        not_a_time(&text.map_or_else(|| "the value".to_owned(), |text| format!("`{text}`")))
    } else {
        "Kubernetes cannot read the value; see the field in its API reference".to_owned()
    }
}

fn is_time(name: &str) -> bool {
    ["Timestamp", "Time"].iter().any(|end| name.ends_with(end)) || name == "time"
}

fn not_a_time(found: &str) -> String {
    format!("{found} is not a time; write it as 2026-11-24T12:00:00Z")
}

fn quoted<'m>(message: &'m str, before: &str) -> Option<&'m str> {
    message.strip_prefix(before)?.strip_prefix('`')?.split('`').next()
}

/// A value in the words of a user.
fn found_value(found: &str) -> String {
    let within = |prefix: &str, quote: char| {
        let rest = found.strip_prefix(prefix)?.strip_prefix(quote)?;
        rest.rfind(quote).and_then(|end| rest.get(..end)).map(str::to_owned)
    };
    let number = ["integer ", "floating point "].iter().find_map(|kind| within(kind, '`'));
    number
        .map(|number| format!("the number `{number}`"))
        .or_else(|| within("boolean ", '`').map(|value| format!("the value `{value}`")))
        .or_else(|| within("string ", '"').map(|text| format!("the text `{text}`")))
        .unwrap_or_else(|| match found {
            "map" => "an object".to_owned(),
            "sequence" => "a list".to_owned(),
            _ => "the value".to_owned(),
        })
}

fn unlike(found: &str, wanted: &str) -> String {
    let is_scalar = found.starts_with("the number") || found.starts_with("the value");
    let (wanted, way_out) = match wanted {
        text if text.contains("string") && is_scalar => ("a text", "; write it in quotes"),
        text if text.contains("string") => ("a text", ""),
        flag if flag.contains("bool") => ("a flag", "; write true or false without quotes"),
        list if list.contains("sequence") => ("a list", "; begin each element with `- `"),
        number
            if ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "usize", "IntOrString", "f64"]
                .contains(&number) =>
        {
            ("a whole number", "; write a number without quotes")
        }
        _ => ("an object", "; write `name: value` lines"),
    };
    format!("{found} stands where Kubernetes expects {wanted}{way_out}")
}

#[cfg(test)]
#[path = "tests/serde_problem.rs"]
mod tests;
