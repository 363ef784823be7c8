//! Entries of data stores as JSON lines: a back-up of a data store, or only its lines of entries.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::world::data_stores::{Content, Entries, EntryId};

/// The format that the first line of a back-up names, and its version.
const FORMAT: &str = "rblxopencloud-data-store";
const VERSION: u64 = 1;

/// Any line.
#[derive(Deserialize)]
struct Line {
    format: Option<String>,
    end: Option<End>,
    /// An entry that the back-up couldn't read.
    skipped: Option<IgnoredAny>,
    id: Option<String>,
    scope: Option<String>,
    value: Option<Box<RawValue>>,
    users: Option<Box<RawValue>>,
    attributes: Option<Box<RawValue>>,
    // What only a first line has.
    version: Option<u64>,
    universe: Option<u64>,
    #[serde(rename = "dataStore")]
    data_store: Option<String>,
}

#[derive(Deserialize)]
struct End {
    entries: usize,
    /// Of all bytes before the line. Files that are made by hand can leave it out.
    sha256: Option<String>,
}

/// Reads lines. The entries go to `target`, an experience and a data store, or to those that the first line names. Numbers keep
/// their text.
///
/// # Errors
/// Says in which line the problem is, and what it is.
pub(crate) fn read(text: &str, target: Option<(u64, String)>) -> Result<Entries, String> {
    let mut begins = 0;
    let lines = text.split_inclusive('\n').enumerate().map(|(index, line)| {
        let begin = begins;
        begins += line.len();
        (index + 1, begin, line.trim_start_matches('\u{feff}'))
    });
    let mut lines = lines.filter(|(_, _, line)| !line.trim().is_empty()).peekable();
    let first = lines.next_if(|(.., line)| line.contains("\"format\""));
    let first = first.map(|(at, _, line)| header(at, line)).transpose()?;
    let (universe, store) = match (target, &first) {
        (Some(target), _) => target,
        (None, Some(header)) => header.target.clone(),
        (None, None) => return Err(format!("expected a back-up, whose first line has the format {FORMAT:?}")),
    };
    EntryId::check("data store", &store, false)?;
    let (mut entries, mut is_ended) = (Vec::new(), false);
    for (at, begin, line) in lines {
        let problem = |problem: &dyn std::fmt::Display| format!("line {at}: {problem}");
        if is_ended {
            return Err(problem(&"expected nothing after the last line of a back-up"));
        }
        let line: Line = serde_json::from_str(line).map_err(|error| problem(&error))?;
        if let Some(End { entries: count, sha256 }) = line.end {
            if count != entries.len() {
                return Err(problem(&format!(
                    "the back-up isn't whole: it had {count} entries, and has {}",
                    entries.len()
                )));
            }
            if sha256.is_some_and(|sum| sum != sha256_of(&text.as_bytes()[..begin])) {
                return Err(problem(
                    &"the back-up was changed: its checksum is another one; without sha256, none is checked",
                ));
            }
            is_ended = true;
            continue;
        }
        if line.skipped.is_some() {
            continue;
        }
        let missing = |field: &str| problem(&format!("the field {field:?} is missing"));
        let (id, value) = (line.id.ok_or_else(|| missing("id"))?, line.value.ok_or_else(|| missing("value"))?);
        let scope = line.scope.or_else(|| first.as_ref()?.scope.clone()).unwrap_or_else(|| "global".to_owned());
        for (what, name) in [("scope", &scope), ("entry", &id)] {
            EntryId::check(what, name, false).map_err(|message| problem(&message))?;
        }
        let users = line.users.as_deref().map(RawValue::get);
        let attributes = line.attributes.as_deref().map(RawValue::get);
        let content = Content::new(value.get(), users, attributes).map_err(|message| problem(&message))?;
        entries.push((scope, id, content));
    }
    if first.is_some() && !is_ended {
        return Err("the back-up is cut: its last line, with the number of its entries, is missing".to_owned());
    }
    Ok(Entries { universe, store, entries })
}

fn sha256_of(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first line of a back-up.
struct Header {
    target: (u64, String),
    scope: Option<String>,
}

fn header(at: usize, line: &str) -> Result<Header, String> {
    let problem = |problem: String| format!("line {at}: {problem}");
    let line: Line = serde_json::from_str(line).map_err(|error| problem(error.to_string()))?;
    if line.format.as_deref() != Some(FORMAT) {
        return Err(problem(format!("the format isn't {FORMAT:?}")));
    }
    if line.version != Some(VERSION) {
        return Err(problem(format!("the version isn't {VERSION}, which is the only one that is known")));
    }
    match (line.universe, line.data_store) {
        (Some(universe), Some(store)) => Ok(Header { target: (universe, store), scope: line.scope }),
        _ => Err(problem("the fields \"universe\" and \"dataStore\" are missing".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str =
        r#"{"format":"rblxopencloud-data-store","version":1,"universe":13058,"dataStore":"Players","scope":null}"#;

    #[test]
    fn backups_and_plain_lines_are_read() {
        let entry = r#"{"scope":"eu","id":"user_156","value":{"b":1.0,"a":1152921504606846977},"users":["users/156"]}"#;
        let plain = format!("\u{feff}{entry}\r\n\n{{\"id\":\"b\",\"value\":0,\"more\":1}}");
        let named = Some((7, "Pets".to_owned()));
        let read_lines = read(&plain, named.clone()).expect("they are entries");
        assert_eq!((read_lines.universe, read_lines.store.as_str()), (7, "Pets"));
        let (scope, key, content) = &read_lines.entries[0];
        assert_eq!((scope.as_str(), key.as_str()), ("eu", "user_156"));
        assert_eq!(&*content.value, r#"{"b":1.0,"a":1152921504606846977}"#);
        assert_eq!((content.users.as_str(), content.attributes.as_str()), (r#"["users/156"]"#, "{}"));
        assert_eq!((read_lines.entries[1].0.as_str(), &*read_lines.entries[1].2.value), ("global", "0"));
        let skipped = r#"{"skipped":{"scope":"eu","id":"c","reason":"no"}}"#;
        let before = format!("{FIRST}\n{entry}\n{skipped}\n");
        let sum = sha256_of(before.as_bytes());
        let whole = format!("{before}{{\"end\":{{\"entries\":1,\"sha256\":\"{sum}\"}}}}\n");
        assert_eq!(read(&whole, None).expect("it is a back-up").entries.len(), 1);
        let changed = read(&whole.replace("1.0", "2.0"), None).expect_err("it was changed");
        assert!(changed.contains("line 4: the back-up was changed"), "{changed}");
        let back_up = format!("{before}{{\"end\":{{\"entries\":1}}}}\n");
        let read_back = read(&back_up, None).expect("it is a back-up");
        assert_eq!((read_back.universe, read_back.store.as_str(), read_back.entries.len()), (13058, "Players", 1));
        assert_eq!(read(&back_up, named).expect("it is a back-up").store, "Pets", "the caller chooses");
        let scoped = back_up.replace("\"scope\":null", "\"scope\":\"asia\"").replace("\"scope\":\"eu\",", "");
        assert_eq!(read(&scoped, None).expect("it is a back-up").entries[0].0, "asia");
    }

    #[test]
    fn wrong_lines_are_told() {
        let named = || Some((7, "Pets".to_owned()));
        for (text, target, problem) in [
            ("{\"id\":\"a\",\"value\":1}", None, "expected a back-up"),
            ("{\"id\":\"a\",\"value\":1}\n{\"id\":\"b\"}", named(), "line 2: the field \"value\" is missing"),
            ("{\"value\":1}", named(), "line 1: the field \"id\" is missing"),
            ("{\"id\":\"\",\"value\":1}", named(), "line 1: The entry ID must have"),
            ("{\"id\":\"a\",\"value\":1,\"users\":[\"156\"]}", named(), "line 1: A user isn't in the form"),
            ("\n[]", named(), "line 2: "),
            ("{\"format\":\"csv\",\"version\":1}", named(), "line 1: the format isn't"),
            ("{\"format\":\"rblxopencloud-data-store\",\"version\":2}", named(), "line 1: the version isn't 1"),
            (FIRST, None, "the back-up is cut"),
            (&format!("{FIRST}\n{{\"end\":{{\"entries\":1}}}}"), None, "line 2: the back-up isn't whole"),
            (&format!("{FIRST}\n{{\"end\":{{\"entries\":0}}}}\n{FIRST}"), None, "line 3: expected nothing"),
        ] {
            let told = read(text, target).expect_err(text);
            assert!(told.contains(problem), "{text}: {told}");
        }
    }
}
