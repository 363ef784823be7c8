//! Reading a page.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::call::DecodeError;
use crate::error::ErrorFields;
use crate::{json, wire};

/// How much text of the unreadable items of a page is kept as JSON, which takes up to a hundred times as much memory.
const LARGEST_KEPT: usize = 256 * 1024;
/// How much text of an unreadable item is kept that isn't kept as JSON.
const LONGEST_TEXT: usize = 64 * 1024;

/// A model that is listed in pages.
pub(crate) trait PageItem: DeserializeOwned {
    /// The name of the list in a page.
    const FIELD: &'static str;

    /// The largest page size of the endpoint. `None` if it takes no size.
    const MAX_PAGE_SIZE: Option<u32> = Some(100);

    /// Whether a page can be a bare list, which is the last page.
    const MAY_BE_BARE: bool = false;

    /// Reads an item.
    fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Makes an item of one that [`read`](Self::read) refused. Returns an unreadable one.
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
}

impl<'n> Names<'n> {
    /// The names of a listing that is followed by page tokens.
    pub(crate) fn of(list: &'n str) -> Self {
        Self { list, next: Some("nextPageToken"), more: None, error_as_data: None, may_be_bare: false }
    }
}

/// The contents of a page.
#[derive(Debug)]
pub(crate) struct Contents<T> {
    pub(crate) items: Vec<T>,
    pub(crate) unreadable: Vec<Value>,
    /// Never empty.
    pub(crate) next_token: Option<String>,
}

/// Reads a page of models.
pub(crate) fn decode_page<T: PageItem>(body: &[u8], names: Names<'_>) -> Result<Contents<T>, DecodeError> {
    decode(body, names, T::read, T::unknown)
}

/// Reads a page of a caller's models.
pub(crate) fn decode_plain_page<T: DeserializeOwned>(
    body: &[u8],
    names: Names<'_>,
) -> Result<Contents<T>, DecodeError> {
    decode(body, names, |text| serde_json::from_str(text), Err)
}

fn decode<T>(
    body: &[u8],
    names: Names<'_>,
    read: fn(&str) -> Result<T, serde_json::Error>,
    unknown: fn(Value) -> Result<T, Value>,
) -> Result<Contents<T>, DecodeError> {
    json::read(body, |text| {
        let page = Page::parse(text, names)?;
        let (mut items, mut unreadable) = (Vec::with_capacity(page.items.len()), Vec::new());
        let mut room = LARGEST_KEPT;
        for text in page.items.iter().map(|item| item.get()) {
            match read(text).or_else(|problem| json::mended(text).map_or(Err(problem), |mended| read(&mended))) {
                Ok(item) => items.push(item),
                Err(_) => match keep(text, &mut room).and_then(unknown) {
                    Ok(item) => items.push(item),
                    Err(value) => unreadable.push(value),
                },
            }
        }
        Ok(Contents { items, unreadable, next_token: page.next.clone() })
    })
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

/// A page whose items are texts still.
struct Page<'p> {
    items: Vec<&'p RawValue>,
    /// Never empty.
    next: Option<String>,
}

impl<'p> Page<'p> {
    fn parse(text: &'p str, names: Names<'_>) -> Result<Self, DecodeError> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let Fields { list, next, has_more, unfollowed, other } = FieldsSeed(names).deserialize(&mut deserializer)?;
        deserializer.end()?;
        let has_list = list.is_some();
        let items = list.unwrap_or_default();
        if items.is_empty() {
            // Neither an error nor a list of another name is an empty page.
            let said = ErrorFields::parse(text, names.error_as_data).and_then(|fields| {
                let in_place_of_list = || if has_list { None } else { fields.in_place_of_model(false) };
                fields.error_beside_data().or_else(in_place_of_list)
            });
            if let Some(said) = said {
                return Err(DecodeError::Service(said));
            }
            if let Some(other) = other {
                let problem = format!("expected the list {:?}, found the list {other:?}", names.list);
                return Err(DecodeError::Json(de::Error::custom(problem)));
            }
        }
        let next = next.filter(|token| !token.is_empty());
        if next.is_none() {
            let more = names.more.filter(|_| has_more == Some(true) && names.next.is_some()).map(str::to_owned);
            if let Some(field) = unfollowed.or(more) {
                return Err(DecodeError::Unfollowed(field));
            }
        }
        Ok(Self { items, next: next.filter(|_| has_more != Some(false)) })
    }
}

/// Whether a field tells where the next page begins, or that there is one.
fn is_of_next_page(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    (name.starts_with("next") && (name.ends_with("token") || name.ends_with("cursor"))) || name == "hasmore"
}

/// The fields of a page.
#[derive(Default)]
struct Fields<'p> {
    /// `None` if the list is missing or `null`.
    list: Option<Vec<&'p RawValue>>,
    next: Option<String>,
    has_more: Option<bool>,
    /// Another field that tells where the next page begins.
    unfollowed: Option<String>,
    /// Set if the list is missing: another one, under a name that this listing doesn't have.
    other: Option<String>,
}

struct FieldsSeed<'n>(Names<'n>);

impl<'p> DeserializeSeed<'p> for FieldsSeed<'_> {
    type Value = Fields<'p>;

    fn deserialize<D: Deserializer<'p>>(self, deserializer: D) -> Result<Fields<'p>, D::Error> {
        if self.0.may_be_bare { deserializer.deserialize_any(self) } else { deserializer.deserialize_map(self) }
    }
}

impl<'p> Visitor<'p> for FieldsSeed<'_> {
    type Value = Fields<'p>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a page with the list {:?}", self.0.list)
    }

    fn visit_seq<A: SeqAccess<'p>>(self, mut sequence: A) -> Result<Fields<'p>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Fields { list: Some(items), ..Fields::default() })
    }

    fn visit_map<A: MapAccess<'p>>(self, mut map: A) -> Result<Fields<'p>, A::Error> {
        let names = self.0;
        let mut has_list = false;
        let mut fields = Fields::default();
        while let Some(name) = map.next_key_seed(NameSeed(names))? {
            match name {
                Name::List => {
                    has_list = true;
                    fields.list = map.next_value()?;
                }
                Name::Next => fields.next = map.next_value()?,
                Name::More => fields.has_more = map.next_value::<Flag>()?.0,
                Name::Other(name) => match map.next_value()? {
                    Seen::Nothing => {}
                    _ if is_of_next_page(&name) => fields.unfollowed = Some(name),
                    Seen::List => drop(fields.other.get_or_insert(name)),
                    Seen::Value => {}
                },
            }
        }
        fields.other = fields.other.filter(|_| !has_list);
        Ok(fields)
    }
}

/// A yes or a no, which can be missing.
#[derive(Deserialize)]
#[serde(transparent)]
struct Flag(#[serde(deserialize_with = "wire::strict")] Option<bool>);

/// The name of a field of a page.
enum Name {
    List,
    Next,
    More,
    Other(String),
}

struct NameSeed<'n>(Names<'n>);

impl<'p> DeserializeSeed<'p> for NameSeed<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'p>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
        let Names { list, next, more, .. } = self.0;
        Ok(match name {
            _ if name == list => Name::List,
            _ if Some(name) == next => Name::Next,
            _ if Some(name) == more => Name::More,
            _ => Name::Other(name.to_owned()),
        })
    }
}

/// What a value is. What is in it is passed over.
enum Seen {
    /// `null`, `false` or an empty string.
    Nothing,
    List,
    Value,
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look;
        impl<'de> Visitor<'de> for Look {
            type Value = Seen;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Seen, A::Error> {
                IgnoredAny.visit_seq(sequence).map(|_| Seen::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Seen, A::Error> {
                IgnoredAny.visit_map(map).map(|_| Seen::Value)
            }

            fn visit_unit<E: de::Error>(self) -> Result<Seen, E> {
                Ok(Seen::Nothing)
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Seen, E> {
                Ok(if value { Seen::Value } else { Seen::Nothing })
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Seen, E> {
                Ok(Seen::Value)
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Seen, E> {
                Ok(Seen::Value)
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Seen, E> {
                Ok(Seen::Value)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Seen, E> {
                Ok(if text.is_empty() { Seen::Nothing } else { Seen::Value })
            }
        }
        deserializer.deserialize_any(Look)
    }
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
    };

    fn read(page: &Value, names: Names<'_>) -> Result<Contents<u64>, DecodeError> {
        decode_plain_page(page.to_string().as_bytes(), names)
    }

    #[test]
    fn names_of_fields_differ_between_listings() {
        let page = json!({ "data": [1], "nextCursor": "a", "hasMore": true });
        let contents = read(&page, CURSORS).expect("a page");
        assert_eq!((contents.items, contents.next_token.as_deref()), (vec![1], Some("a")));
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
            assert_eq!(read(&page, CURSORS).expect("a page").next_token.as_deref(), next, "{page}");
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
