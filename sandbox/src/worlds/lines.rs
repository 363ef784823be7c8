//! Entries of data stores as JSON lines: a back-up of a data store, or only its lines of entries.

use serde::Deserialize;
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
}

/// Reads lines. The entries go to `target`, an experience and a data store, or to those that the first line names. Numbers keep
/// their text.
///
/// # Errors
/// Says in which line the problem is, and what it is.
pub(crate) fn read(text: &str, target: Option<(u64, String)>) -> Result<Entries, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).peekable();
    let first =
        lines.next_if(|(_, line)| line.contains("\"format\"")).map(|(at, line)| header(at, line)).transpose()?;
    let (universe, store) = match (target, &first) {
        (Some(target), _) => target,
        (None, Some(header)) => header.target.clone(),
        (None, None) => return Err(format!("expected a back-up, whose first line has the format {FORMAT:?}")),
    };
    EntryId::check("data store", &store, false)?;
    let (mut entries, mut end) = (Vec::new(), None);
    for (at, line) in lines {
        let at = at + 1;
        let problem = |problem: &dyn std::fmt::Display| format!("line {at}: {problem}");
        if end.is_some() {
            return Err(problem(&"expected nothing after the last line of a back-up"));
        }
        let line: Line = serde_json::from_str(line).map_err(|error| problem(&error))?;
        if let Some(last) = line.end {
            end = Some(last.entries);
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
    match (&first, end) {
        (Some(_), None) => {
            Err("the back-up is cut: its last line, with the number of its entries, is missing".to_owned())
        }
        (_, Some(count)) if count != entries.len() => {
            Err(format!("the back-up isn't whole: its last line says {count} entries, and it has {}", entries.len()))
        }
        _ => Ok(Entries { universe, store, entries }),
    }
}

/// The first line of a back-up.
struct Header {
    target: (u64, String),
    scope: Option<String>,
}

fn header(at: usize, line: &str) -> Result<Header, String> {
    let problem = |problem: String| format!("line {}: {problem}", at + 1);
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
        let back_up = format!("{FIRST}\n{entry}\n{{\"end\":{{\"entries\":1,\"sha256\":\"0\"}}}}\n");
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
            (&format!("{FIRST}\n{{\"end\":{{\"entries\":1}}}}"), None, "it has 0"),
            (&format!("{FIRST}\n{{\"end\":{{\"entries\":0}}}}\n{FIRST}"), None, "line 3: expected nothing"),
        ] {
            let told = read(text, target).expect_err(text);
            assert!(told.contains(problem), "{text}: {told}");
        }
    }
}
