//! Enums that keep unknown values, so that a value that Roblox adds later doesn't fail.

/// Declares an enum of service strings with an `Unknown(String)` that round-trips.
///
/// With `prefix "ASSET_TYPE_"`, the long form is accepted too: `ASSET_TYPE_MESH_PART` is `MeshPart`.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $name:ident $(, prefix $prefix:literal)? {
            $($(#[$variant_meta:meta])* $variant:ident = $wire:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A value that this version doesn't know, as the service sent it.
            Unknown(String),
        }

        impl $name {
            /// All values that this version knows, in the order of Roblox's reference.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the value as the service writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)+
                    Self::Unknown(other) => other,
                }
            }

            fn known(text: &str) -> Option<Self> {
                match text {
                    // Each item of a page is looked up, and a `match` of all words is faster than a search.
                    $($wire => Some(Self::$variant),)+
                    _ => {
                        let prefix: &[&str] = &[$($prefix)?];
                        let at = $crate::open_enum::find_long(&[$($wire,)+], prefix, text)?;
                        Self::KNOWN.get(at).cloned()
                    }
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match Self::known(text) {
                    Some(known) => known,
                    None => Self::Unknown(text.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match Self::known(&text) {
                    Some(known) => known,
                    None => Self::Unknown(text),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(text.into())
            }
        }

        /// Values are equal if their text is, whether this version knows them or not.
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                self.as_str() == text
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.as_str() == *text
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                $crate::open_enum::compare(self.as_str(), other.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::wire::Field for $name {
            const EXPECTED: &'static str = "a string";

            fn of(json: $crate::wire::Json<'_>) -> Option<Self> {
                <String as $crate::wire::Field>::of(json).map(Self::from)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a string that names a ", stringify!($name)))
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        Ok(text.into())
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    };
}

pub(crate) use open_enum;

/// Compares two texts. It isn't inlined into each enum.
pub(crate) fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    a.cmp(b)
}

/// Returns which of these words a text is in the long form, which begins with a prefix, if there is one.
pub(crate) fn find_long(words: &[&str], prefix: &[&str], text: &str) -> Option<usize> {
    let long = text.strip_prefix(prefix.first()?)?;
    words.iter().position(|word| same_word(word, long))
}

/// Whether a short and a long form are the same word, such as `MeshPart` and `MESH_PART`.
fn same_word(short: &str, long: &str) -> bool {
    let long = long.bytes().filter(|byte| *byte != b'_');
    short.bytes().map(|byte| byte.to_ascii_uppercase()).eq(long)
}
