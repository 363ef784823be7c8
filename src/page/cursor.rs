use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};

/// A position in a listing: a page, and how many of its items were yielded.
///
/// Save it to [resume](crate::Pager::resume_from) the listing later, in this process or in another one. Nothing is repeated
/// and nothing is skipped, as long as the service returns the same page for the same page token. A cursor is valid for the
/// listing that returned it: the same user and the same filter.
///
/// ```
/// use rblxopencloud::Cursor;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let start = Cursor::default();
/// let saved = start.to_string();
/// assert_eq!(saved.parse::<Cursor>()?, start);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The index among the requests that a long filter is split into.
    pub(super) part: usize,
    /// The page token. `None` is the first page.
    pub(super) token: Option<String>,
    /// How many items of the page were yielded.
    pub(super) taken: usize,
    /// The fingerprint of the listing. `None` is valid for any listing.
    pub(super) listing: Option<u32>,
}

impl Cursor {
    /// Creates a cursor from a page token of the service.
    #[must_use]
    pub fn at_page(token: impl Into<String>) -> Self {
        Self { token: Some(token.into()).filter(|token| !token.is_empty()), ..Self::default() }
    }

    /// Returns whether this is the beginning of a listing.
    #[must_use]
    pub fn is_start(&self) -> bool {
        self.part == 0 && self.token.is_none() && self.taken == 0
    }

    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let mut fields = text.splitn(4, '.');
        let (part, taken) = (number(fields.next()?)?, number(fields.next()?)?);
        let listing = match fields.next()? {
            "" => None,
            hex if hex.len() == 8 => Some(u32::from_str_radix(hex, 16).ok()?),
            _ => return None,
        };
        let token = Some(fields.next()?.to_owned()).filter(|token| !token.is_empty());
        Some(Self { part, token, taken, listing })
    }
}

impl From<Option<Self>> for Cursor {
    /// Converts `None` to the beginning.
    fn from(cursor: Option<Self>) -> Self {
        cursor.unwrap_or_default()
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.", self.part, self.taken)?;
        if let Some(listing) = self.listing {
            write!(f, "{listing:08x}")?;
        }
        write!(f, ".{}", self.token.as_deref().unwrap_or_default())
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| {
            Error::invalid_text("cursor", text, "expected the text of a Cursor")
                .advise("start the listing again, or use Cursor::at_page for a page token of the service")
        })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// 32-bit FNV-1a, which is the same in every version and on every machine.
pub(super) fn fingerprint<'a>(texts: impl IntoIterator<Item = &'a str>) -> u32 {
    let bytes = texts.into_iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_as_text() {
        for token in [None, Some("a"), Some("a.b..c"), Some("é \n"), Some(".")] {
            for (part, taken, listing) in [(0, 0, None), (3, 99, Some(7)), (usize::MAX, 1, Some(u32::MAX))] {
                let cursor = Cursor { part, token: token.map(str::to_owned), taken, listing };
                assert_eq!(cursor.to_string().parse::<Cursor>().expect("a cursor"), cursor);
                let json = serde_json::to_string(&cursor).expect("JSON");
                assert_eq!(serde_json::from_str::<Cursor>(&json).expect("a cursor"), cursor);
            }
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "a", "1", "1.2", "1.2.3", "-1.0..a", "+1.0..a", "1.0.zz.a", "1.0.123.a", "99999999999999999999.0.."]
        {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
