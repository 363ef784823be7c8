//! Reading a page.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::call::DecodeError;
use crate::error::ErrorFields;
use crate::json;
use crate::request::Paging;

/// A model of this crate that is listed in pages, for [`Request::pages`](crate::Request::pages).
pub trait PageItem: Item {
    /// The name of the list in a page.
    const FIELD: &'static str;

    /// How pages are requested and followed, with the largest page size of the endpoint.
    const PAGING: Paging = Paging::page_tokens().page_size(100);
}

/// How an item of a page is read.
pub trait Item: Sized {
    /// The JSON form of the model.
    type Wire<'a>: Deserialize<'a>;
    /// Whether a page can be a bare list, which is the last page.
    const MAY_BE_BARE: bool = false;

    /// `None` if the item must be read by [`from_value`](Self::from_value).
    fn from_wire(wire: Self::Wire<'_>) -> Option<Self>;

    /// Returns an unreadable item.
    fn from_value(value: Value) -> Result<Self, Value>;
}

/// Makes a model whose JSON form serde derives one that is listed in pages.
macro_rules! page_item {
    ($model:ty, $field:literal, $paging:expr $(, bare $bare:literal)?) => {
        impl $crate::page::PageItem for $model {
            const FIELD: &'static str = $field;
            const PAGING: $crate::request::Paging = $paging;
        }

        impl $crate::page::Item for $model {
            type Wire<'a> = Self;
            $(const MAY_BE_BARE: bool = $bare;)?

            fn from_wire(item: Self) -> Option<Self> {
                Some(item)
            }

            fn from_value(value: serde_json::Value) -> Result<Self, serde_json::Value> {
                serde::Deserialize::deserialize(&value).map_err(|_| value)
            }
        }
    };
}

pub(crate) use page_item;

/// A caller's model.
struct Plain<T>(T);

impl<T: DeserializeOwned> Item for Plain<T> {
    type Wire<'a> = T;

    fn from_wire(item: T) -> Option<Self> {
        Some(Self(item))
    }

    fn from_value(value: Value) -> Result<Self, Value> {
        T::deserialize(&value).map(Self).map_err(|_| value)
    }
}

/// Reads a page of a caller's models.
pub(crate) fn decode_plain_page<T: DeserializeOwned>(
    body: &[u8],
    names: Names<'_>,
) -> Result<Contents<T>, DecodeError> {
    let Contents { items, unreadable, next_token } = decode_page::<Plain<T>>(body, names)?;
    Ok(Contents { items: items.into_iter().map(|Plain(item)| item).collect(), unreadable, next_token })
}

/// The names of fields that differ between listings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'n> {
    /// The list.
    pub(crate) list: &'n str,
    /// A field that is data, although it is named like an error.
    pub(crate) error_as_data: Option<&'n str>,
}

/// The contents of a page.
#[derive(Debug)]
pub(crate) struct Contents<T> {
    pub(crate) items: Vec<T>,
    pub(crate) unreadable: Vec<Value>,
    /// Never empty.
    pub(crate) next_token: Option<String>,
}

/// Reads a page straight into models. If an item has to keep its JSON or has strange fields, the page is read again, and each
/// item by itself.
pub(crate) fn decode_page<T: Item>(body: &[u8], names: Names<'_>) -> Result<Contents<T>, DecodeError> {
    json::read(body, |text| {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = Page::<T, Strict<T>>::new(names.list).deserialize(&mut deserializer).and_then(|page| {
            deserializer.end()?;
            Ok(page)
        });
        if let Ok(page) = read {
            return finish(page, Vec::new(), text, names);
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let page = Page::<T, Patient<'_>>::new(names.list).deserialize(&mut deserializer)?;
        deserializer.end()?;
        let Read { items: read, next_token, unfollowed, other } = page;
        let (mut items, mut unreadable) = (read.as_ref().map(|_| Vec::new()), Vec::new());
        for Patient(item) in read.into_iter().flatten() {
            match read_item(item.get()) {
                Ok(item) => items.get_or_insert_default().push(item),
                Err(value) => unreadable.push(value),
            }
        }
        finish(Read { items, next_token, unfollowed, other }, unreadable, text, names)
    })
}

/// Reads an item, whatever can be read of it. Returns an unreadable one.
fn read_item<T: Item>(text: &str) -> Result<T, Value> {
    let strictly = json::read(text.as_bytes(), |text| {
        let wire: T::Wire<'_> = serde_json::from_str(text)?;
        T::from_wire(wire).ok_or_else(|| <serde_json::Error as de::Error>::custom("an item that needs patience"))
    });
    // One that is nested too deep can't be a value.
    strictly.or_else(|_| match json::from_slice(text.as_bytes()) {
        Ok(value) => T::from_value(value),
        Err(_) => Err(Value::String(text.to_owned())),
    })
}

fn finish<T>(page: Read<T>, unreadable: Vec<Value>, text: &str, names: Names<'_>) -> Result<Contents<T>, DecodeError> {
    let Read { items, next_token, unfollowed, other } = page;
    let has_list = items.is_some();
    let items = items.unwrap_or_default();
    let next_token = next_token.filter(|token| !token.is_empty());
    if items.is_empty() && unreadable.is_empty() {
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
    match unfollowed {
        Some(field) if next_token.is_none() => Err(DecodeError::Unfollowed(field)),
        _ => Ok(Contents { items, unreadable, next_token }),
    }
}

/// Whether a field tells where the next page begins.
fn is_of_next_page(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("next") && (name.ends_with("token") || name.ends_with("cursor"))
}

/// How an item is read.
trait ItemReader<'de>: Sized {
    type Item;

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self::Item, D::Error>;
}

/// Straight into the model.
struct Strict<T>(PhantomData<T>);

impl<'de, T: Item> ItemReader<'de> for Strict<T> {
    type Item = T;

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let wire = T::Wire::deserialize(deserializer)?;
        T::from_wire(wire).ok_or_else(|| de::Error::custom("an item that needs patience"))
    }
}

/// As its text.
struct Patient<'de>(&'de RawValue);

impl<'de> ItemReader<'de> for Patient<'de> {
    type Item = Self;

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Self)
    }
}

/// A page whose items are read by `R`.
struct Page<'f, T, R> {
    field: &'f str,
    reader: PhantomData<(T, R)>,
}

struct Read<I> {
    /// `None` if the list is missing or `null`.
    items: Option<Vec<I>>,
    next_token: Option<String>,
    /// Another field that tells where the next page begins.
    unfollowed: Option<String>,
    /// Set if the list is missing: another one, under a name that this listing doesn't have.
    other: Option<String>,
}

impl<'f, T, R> Page<'f, T, R> {
    fn new(field: &'f str) -> Self {
        Self { field, reader: PhantomData }
    }
}

impl<'de, T: Item, R: ItemReader<'de>> DeserializeSeed<'de> for Page<'_, T, R> {
    type Value = Read<R::Item>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if T::MAY_BE_BARE { deserializer.deserialize_any(self) } else { deserializer.deserialize_map(self) }
    }
}

impl<'de, T: Item, R: ItemReader<'de>> Visitor<'de> for Page<'_, T, R> {
    type Value = Read<R::Item>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a page with the list {:?}", self.field)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        let items = Items::<R>(PhantomData).visit_seq(sequence)?;
        Ok(Read { items, next_token: None, unfollowed: None, other: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        enum Key {
            Items,
            Next,
            Other(String),
        }
        struct KeyVisitor<'f>(&'f str);
        impl<'de> DeserializeSeed<'de> for KeyVisitor<'_> {
            type Value = Key;

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
                deserializer.deserialize_identifier(self)
            }
        }
        impl Visitor<'_> for KeyVisitor<'_> {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Key, E> {
                Ok(match name {
                    name if name == self.0 => Key::Items,
                    "nextPageToken" => Key::Next,
                    name => Key::Other(name.to_owned()),
                })
            }
        }

        let mut has_list = false;
        let mut read = Read { items: None, next_token: None, unfollowed: None, other: None };
        while let Some(key) = map.next_key_seed(KeyVisitor(self.field))? {
            match key {
                Key::Items => {
                    has_list = true;
                    read.items = map.next_value_seed(Items::<R>(PhantomData))?;
                }
                Key::Next => read.next_token = map.next_value()?,
                Key::Other(name) => match map.next_value()? {
                    Seen::Nothing => {}
                    _ if is_of_next_page(&name) => read.unfollowed = Some(name),
                    Seen::List => drop(read.other.get_or_insert(name)),
                    Seen::Value => {}
                },
            }
        }
        read.other = read.other.filter(|_| !has_list);
        Ok(read)
    }
}

/// The list, which may be `null`.
struct Items<R>(PhantomData<R>);

impl<'de, R: ItemReader<'de>> DeserializeSeed<'de> for Items<R> {
    type Value = Option<Vec<R::Item>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: ItemReader<'de>> Visitor<'de> for Items<R> {
    type Value = Option<Vec<R::Item>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        struct Item<R>(PhantomData<R>);
        impl<'de, R: ItemReader<'de>> DeserializeSeed<'de> for Item<R> {
            type Value = R::Item;

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<R::Item, D::Error> {
                R::read(deserializer)
            }
        }
        let mut items = Vec::with_capacity(100);
        while let Some(item) = sequence.next_element_seed(Item::<R>(PhantomData))? {
            items.push(item);
        }
        Ok(Some(items))
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
