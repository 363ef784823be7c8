//! Reading a page.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::value::RawValue;

use super::values::Values;
use crate::call::DecodeError;
use crate::error::ErrorFields;
use crate::json;
use crate::request::Paging;
use crate::wire::Field;

/// For how many items there is room before the first one is read.
const ROOM: usize = 100;
/// How much text of the unreadable items of a page is kept as JSON, which takes up to a hundred times as much memory.
const LARGEST_KEPT: usize = 256 * 1024;
/// How much text of an unreadable item is kept that isn't kept as JSON.
const LONGEST_TEXT: usize = 64 * 1024;

/// A model that is listed in pages, for [`Request::pages`](crate::Request::pages).
///
/// An item that serde can't read as the model is skipped and [counted](crate::Pager::unreadable_count).
///
/// ```no_run
/// use rblxopencloud::{Client, Method, PageItem, Paging};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Entry {
///     created: String,
/// }
///
/// impl PageItem for Entry {
///     const FIELD: &'static str = "data";
///     const PAGING: Paging = Paging::cursors().page_size(100);
/// }
///
/// # fn run(client: &Client) -> rblxopencloud::Result<()> {
/// let log = client.request(Method::Get, "/legacy-groups/v1/groups/{group}/audit-log").param("group", 7);
/// for entry in log.pages::<Entry>() {
///     println!("{}", entry?.created);
/// }
/// # Ok(())
/// # }
/// ```
pub trait PageItem: DeserializeOwned {
    /// The name of the list in a page.
    const FIELD: &'static str;

    /// How pages are requested and followed, with the largest page size of the endpoint. Defaults to
    /// [`page_tokens`](Paging::page_tokens) and 100 items. [`Request::paging`](crate::Request::paging) replaces it.
    const PAGING: Paging = Paging::page_tokens().page_size(100);

    /// Whether a page can be a bare list, which is the last page. Defaults to `false`.
    const MAY_BE_BARE: bool = false;

    /// Reads an item.
    #[doc(hidden)]
    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_model()
    }

    /// Makes an item of one that [`read`](Self::read) refused. Returns an unreadable one.
    #[doc(hidden)]
    fn unknown(json: Value) -> Result<Self, Value> {
        Err(json)
    }
}

/// The names of the fields of a page, which differ between listings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'n> {
    /// The list.
    pub(crate) list: &'n str,
    /// The token or cursor of the next page. `None` if no field tells where it begins.
    pub(crate) next: Option<&'n str>,
    /// Whether there are more pages. If it is false, the token of the next page doesn't count.
    pub(crate) more: Option<&'n str>,
    /// A field that is data, although it is named like an error.
    pub(crate) error_as_data: Option<&'n str>,
    /// Whether a page can be a bare list, which is the last page.
    pub(crate) may_be_bare: bool,
    /// The fields that are true in a page which lacks items.
    pub(crate) partial: &'n [&'n str],
}

impl<'n> Names<'n> {
    /// The names of a listing that is followed by page tokens.
    pub(crate) fn of(list: &'n str) -> Self {
        Self { list, next: Some("nextPageToken"), more: None, error_as_data: None, may_be_bare: false, partial: &[] }
    }
}

/// The contents of a page.
#[derive(Debug)]
pub(crate) struct Contents<T> {
    pub(crate) items: Vec<T>,
    pub(crate) unreadable: Vec<Value>,
    pub(crate) next: Next,
}

/// Reads a page of models.
pub(crate) fn decode_page<T: PageItem>(body: &[u8], names: Names<'_>) -> Result<Contents<T>, DecodeError> {
    decode(Items::of_model(), body, names)
}

fn decode<T>(mut items: Items<T>, body: &[u8], names: Names<'_>) -> Result<Contents<T>, DecodeError> {
    let (unreadable, next) = decode_into(&mut items, body, names)?;
    Ok(Contents { items: items.items, unreadable, next })
}

/// Where the items of a page go. What doesn't depend on their type is compiled once.
pub(super) trait Collect {
    fn len(&self) -> usize;

    /// Takes all items but the first ones away.
    fn truncate(&mut self, len: usize);

    /// Reads an item. `None` if it can't be read; then it isn't known where the next value begins.
    fn read(&mut self, values: &mut Values<'_>) -> Option<()>;

    /// Makes an item of one that can't be read. Returns an unreadable one.
    fn unknown(&mut self, json: Value) -> Result<(), Value>;
}

/// The items of a page, and how they are read.
pub(super) struct Items<T> {
    read: fn(&mut Values<'_>) -> Option<T>,
    unknown: fn(Value) -> Result<T, Value>,
    pub(super) items: Vec<T>,
}

impl<T> Items<T> {
    pub(super) fn of_model() -> Self
    where
        T: PageItem,
    {
        Self { read: T::read, unknown: T::unknown, items: Vec::with_capacity(ROOM) }
    }

    /// Items of anything that serde reads.
    pub(super) fn plain() -> Self
    where
        T: DeserializeOwned,
    {
        Self { read: |values| values.read_model(), unknown: Err, items: Vec::with_capacity(ROOM) }
    }
}

impl<T> Collect for Items<T> {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn truncate(&mut self, len: usize) {
        self.items.truncate(len);
    }

    fn read(&mut self, values: &mut Values<'_>) -> Option<()> {
        self.items.push((self.read)(values)?);
        Some(())
    }

    fn unknown(&mut self, json: Value) -> Result<(), Value> {
        self.items.push((self.unknown)(json)?);
        Ok(())
    }
}

/// What a page tells beside its items.
#[derive(Debug, Default)]
pub(crate) struct Next {
    /// The token of the next page. Never empty.
    pub(crate) token: Option<String>,
    /// Whether the service tells that it couldn't read all items.
    pub(super) is_partial: bool,
}

/// Returns the unreadable items and what the page tells beside them.
pub(super) fn decode_into(
    items: &mut dyn Collect,
    body: &[u8],
    names: Names<'_>,
) -> Result<(Vec<Value>, Next), DecodeError> {
    let (mut unreadable, mut next) = (Vec::new(), Next::default());
    json::read::<DecodeError>(body, &mut |text| {
        items.truncate(0);
        unreadable.clear();
        let mut room = LARGEST_KEPT;
        next = read_page(text, names, &mut |values| {
            let start = *values;
            if items.read(values).is_some() {
                if matches!(values.peek(), Some(b',' | b']')) {
                    return Some(());
                }
                items.truncate(items.len() - 1);
            }
            *values = start;
            let text = values.read::<&RawValue>()?.get();
            let mended = json::mended(text).and_then(|mended| items.read(&mut Values::new(&mended)));
            if mended.is_none() {
                let unknown = keep(text, &mut room).and_then(|json| items.unknown(json));
                unreadable.extend(unknown.err());
            }
            Some(())
        })?;
        Ok(())
    })?;
    Ok((unreadable, next))
}

/// Returns an unreadable item as JSON. One that is too large or nested too deep is an error: the beginning of its text.
fn keep(text: &str, room: &mut usize) -> Result<Value, Value> {
    if let Some(left) = room.checked_sub(text.len()) {
        if let Ok(json) = json::from_text(text) {
            *room = left;
            return Ok(json);
        }
    }
    let mut end = text.len().min(LONGEST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Err(Value::String(text[..end].to_owned()))
}

/// Reads the fields of a page, and each item of its list with `read_item`.
fn read_page(
    text: &str,
    names: Names<'_>,
    read_item: &mut dyn FnMut(&mut Values<'_>) -> Option<()>,
) -> Result<Next, DecodeError> {
    let mut fields = Fields::default();
    if fields.read(text, names, read_item).is_none() {
        // Broken JSON tells where.
        serde_json::from_str::<IgnoredAny>(text)?;
        return Err(DecodeError::expected(&format!("a page with the list {:?}", names.list)));
    }
    if !fields.has_items {
        // Neither an error nor a list of another name is an empty page.
        let reported = ErrorFields::parse(text, names.error_as_data).and_then(|of_error| {
            let in_place_of_list = || if fields.has_list { None } else { of_error.in_place_of_model(false) };
            of_error.error_beside_data().or_else(in_place_of_list)
        });
        if let Some(reported) = reported {
            return Err(DecodeError::Service(reported));
        }
        if let Some(other) = fields.other.filter(|_| !fields.has_field) {
            return Err(DecodeError::expected(&format!("the list {:?}, found the list {other:?}", names.list)));
        }
    }
    let next = fields.next.filter(|token| !token.is_empty());
    if next.is_none() {
        let more = names.more.filter(|_| fields.has_more == Some(true) && names.next.is_some()).map(str::to_owned);
        if let Some(field) = fields.unfollowed.or(more) {
            return Err(DecodeError::Unfollowed(field));
        }
    }
    let token = next.filter(|_| fields.has_more != Some(false));
    Ok(Next { token, is_partial: fields.is_partial })
}

/// The fields of a page beside its items.
#[derive(Default)]
struct Fields {
    /// Whether the list has its field, which can be `null`.
    has_field: bool,
    has_list: bool,
    has_items: bool,
    next: Option<String>,
    has_more: Option<bool>,
    /// Whether the service tells that it couldn't read all items.
    is_partial: bool,
    /// Another field that tells where the next page begins, or that there is one.
    unfollowed: Option<String>,
    /// A list under a name that this listing doesn't have.
    other: Option<String>,
}

impl Fields {
    fn read(
        &mut self,
        text: &str,
        names: Names<'_>,
        read_item: &mut dyn FnMut(&mut Values<'_>) -> Option<()>,
    ) -> Option<()> {
        let mut values = Values::new(text);
        if names.may_be_bare && values.peek() == Some(b'[') {
            self.read_list(&mut values, read_item)?;
        } else {
            values.each(*b"{}", &mut |values| {
                let Name(name) = values.read()?;
                values.pass(b':')?;
                let is_list = name == names.list;
                self.has_field |= is_list;
                if is_list && values.peek() == Some(b'[') {
                    return self.read_list(values, read_item);
                }
                let value = values.read::<&RawValue>()?.get();
                match &*name {
                    _ if is_list => (value == "null").then_some(()),
                    name if Some(name) == names.next => token(value).map(|next| self.next = next),
                    name if Some(name) == names.more => flag(value).map(|flag| self.has_more = flag),
                    name if names.partial.contains(&name) => {
                        flag(value).map(|flag| self.is_partial |= flag == Some(true))
                    }
                    _ => {
                        self.read_other(name, value, names.next.is_some());
                        Some(())
                    }
                }
            })?;
        }
        values.peek().is_none().then_some(())
    }

    fn read_list(
        &mut self,
        values: &mut Values<'_>,
        read_item: &mut dyn FnMut(&mut Values<'_>) -> Option<()>,
    ) -> Option<()> {
        self.has_list = true;
        values.each(*b"[]", &mut |values| {
            self.has_items = true;
            read_item(values)
        })
    }

    /// Looks at a field of no known name. Pages that are numbered aren't followed by a field.
    fn read_other(&mut self, name: Cow<'_, str>, value: &str, is_followed: bool) {
        match value {
            "null" | "false" | "\"\"" => {}
            _ if is_followed && name.eq_ignore_ascii_case("hasMore") => self.unfollowed = Some(name.into_owned()),
            _ if is_token_of_next_page(&name) => self.unfollowed = Some(name.into_owned()),
            _ if value.starts_with('[') => drop(self.other.get_or_insert_with(|| name.into_owned())),
            _ => {}
        }
    }
}

/// The name of a field.
#[derive(Deserialize)]
struct Name<'t>(#[serde(borrow)] Cow<'t, str>);

/// Reads a yes or a no, which can be missing.
fn flag(value: &str) -> Option<Option<bool>> {
    match value {
        "null" => Some(None),
        "true" | "\"true\"" => Some(Some(true)),
        "false" | "\"false\"" => Some(Some(false)),
        _ => None,
    }
}

/// Reads the token of the next page, which can be a number.
fn token(value: &str) -> Option<Option<String>> {
    Option::of(serde_json::from_str(value).ok()?)
}

/// Whether a field tells where the next page begins.
fn is_token_of_next_page(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("next") && (name.ends_with("token") || name.ends_with("cursor"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CURSORS: Names<'_> = Names {
        list: "data",
        next: Some("nextCursor"),
        more: Some("hasMore"),
        error_as_data: None,
        may_be_bare: false,
        partial: &[],
    };

    fn read(page: &Value, names: Names<'_>) -> Result<Contents<u64>, DecodeError> {
        decode(Items::plain(), page.to_string().as_bytes(), names)
    }

    #[test]
    fn names_of_fields_differ_between_listings() {
        let page = json!({ "data": [1], "nextCursor": "a", "hasMore": true });
        let contents = read(&page, CURSORS).expect("a page");
        assert_eq!((contents.items, contents.next.token.as_deref()), (vec![1], Some("a")));
        for names in
            [Names::of("data"), Names { next: Some("nextPageCursor"), ..CURSORS }, Names { next: None, ..CURSORS }]
        {
            let problem = read(&page, names).expect_err("it isn't followed");
            assert!(
                matches!(&problem, DecodeError::Unfollowed(field) if field == "nextCursor" || field == "hasMore"),
                "{problem:?}"
            );
        }
    }

    #[test]
    fn a_page_tells_that_it_lacks_items() {
        let names = Names { partial: &["oneFailed", "otherFailed"], ..CURSORS };
        for (page, is_partial) in [
            (json!({ "data": [], "oneFailed": true }), true),
            (json!({ "data": [], "oneFailed": true, "otherFailed": false }), true),
            (json!({ "data": [], "oneFailed": null, "otherFailed": "true" }), true),
            (json!({ "data": [], "oneFailed": null, "otherFailed": false }), false),
            (json!({ "data": [], "thirdFailed": true }), false),
        ] {
            assert_eq!(read(&page, names).expect("a page").next.is_partial, is_partial, "{page}");
        }
        // Neither a yes nor a no.
        assert!(read(&json!({ "data": [], "oneFailed": 1 }), names).is_err());
    }

    #[test]
    fn a_listing_ends_if_there_is_no_more() {
        for (page, next) in [
            (json!({ "data": [], "nextCursor": "a" }), Some("a")),
            (json!({ "data": [], "nextCursor": "a", "hasMore": true }), Some("a")),
            (json!({ "data": [], "nextCursor": "a", "hasMore": "true" }), Some("a")),
            (json!({ "data": [], "nextCursor": "a", "hasMore": null }), Some("a")),
            (json!({ "data": [], "nextCursor": "a", "hasMore": false }), None),
            (json!({ "data": [], "nextCursor": null, "hasMore": false }), None),
            (json!({ "data": [], "nextCursor": "" }), None),
            (json!({ "data": [] }), None),
        ] {
            assert_eq!(read(&page, CURSORS).expect("a page").next.token.as_deref(), next, "{page}");
        }
        // There is more, and nothing tells where.
        for next in [json!(null), json!("")] {
            for names in [CURSORS, Names { more: None, ..CURSORS }, Names::of("data")] {
                let page = json!({ "data": [1], "nextCursor": next, "hasMore": true });
                let problem = read(&page, names).expect_err("it can't be followed");
                assert!(matches!(&problem, DecodeError::Unfollowed(field) if field == "hasMore"), "{problem:?}");
            }
        }
        // Neither a yes nor a no.
        assert!(read(&json!({ "data": [], "nextCursor": "a", "hasMore": 1 }), CURSORS).is_err());
    }

    #[test]
    fn only_sound_json_is_a_page() {
        let page = r#" { "data" : [ 1 , [ "]" ] , 3 ] , "more" : { } , "nextCursor" : "a" } "#;
        let names = Names { may_be_bare: true, ..CURSORS };
        for page in [page, "[1,2]", "{}", r#"{"data":[]}"#, r#"{"hasMore":false,"data":null}"#] {
            assert!(decode(Items::<u64>::plain(), page.as_bytes(), names).is_ok(), "{page}");
            for at in 0..=page.len() {
                let (before, after) = page.split_at(at);
                let rest = after.get(1..).unwrap_or_default();
                let strange = ["", "{", "}", "[", "]", ",", ":", "\"", "1", "x", " ", "\u{a0}"];
                for text in
                    strange.iter().flat_map(|byte| [format!("{before}{byte}{after}"), format!("{before}{byte}{rest}")])
                {
                    let is_json = serde_json::from_str::<IgnoredAny>(&text);
                    match decode(Items::<u64>::plain(), text.as_bytes(), names) {
                        Err(DecodeError::Json(problem)) => {
                            let eof = is_json.is_err_and(|problem| problem.is_eof());
                            assert_eq!(problem.is_eof(), eof, "{text}");
                        }
                        read => assert!(is_json.is_ok(), "{text} is {read:?}"),
                    }
                }
            }
        }
    }

    #[test]
    fn unreadable_items_take_little_memory() {
        let small = json!([1, { "a": "b" }, "x"]);
        let large = json!({ "a": vec![1; LARGEST_KEPT] });
        let page = json!({ "data": [small, large, small, "é".repeat(LARGEST_KEPT), 7] });
        let contents = read(&page, Names::of("data")).expect("a page");
        assert_eq!(contents.items, [7]);
        let [first, second, third, fourth] = &contents.unreadable[..] else { panic!("four are unreadable") };
        assert_eq!((first, third), (&small, &small));
        for (kept, item) in [(second, &page["data"][1]), (fourth, &page["data"][3])] {
            let kept = kept.as_str().expect("a text");
            assert!(kept.len() <= LONGEST_TEXT && item.to_string().starts_with(kept));
        }
        // Many of them, too.
        let page = json!({ "data": vec![json!({ "a": vec![1; 1000] }); 1000] });
        let contents = read(&page, Names::of("data")).expect("a page");
        let kept: usize =
            contents.unreadable.iter().filter(|item| item.is_object()).map(|item| item.to_string().len()).sum();
        assert_eq!(contents.unreadable.len(), 1000);
        assert!((LARGEST_KEPT / 2..=LARGEST_KEPT).contains(&kept), "{kept}");
    }
}
