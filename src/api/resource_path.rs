use std::fmt;

/// The path of a resource: pairs of a collection and an id, such as `universes/1/places/2`, for
/// [`Request::path_param`](crate::Request::path_param).
///
/// Each segment is checked, so that the path can't lead elsewhere. It is printable ASCII without the characters that have a
/// meaning in a URL, and isn't made of dots only. A path has at most 512 bytes. Any other text is an
/// [`InvalidInput`](crate::ErrorKind::InvalidInput).
///
/// ```
/// use rblxopencloud::ResourcePath;
///
/// let path: ResourcePath = "universes/1/places/2".parse()?;
/// assert_eq!(path.to_string(), "universes/1/places/2");
/// assert!("universes/1/../2".parse::<ResourcePath>().is_err());
/// # Ok::<(), rblxopencloud::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourcePath(String);

const MAX_LENGTH: usize = 512;

/// Collections of which a resource has one, so that no id follows.
const WITHOUT_ID: [&str; 1] = ["memory-store"];

impl ResourcePath {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        is_resource_path(text).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text is the path of a resource.
pub(crate) fn is_resource_path(text: &str) -> bool {
    let ends_with_id = segments(text).last().is_some_and(|(segment, is_id)| is_id || WITHOUT_ID.contains(&segment));
    text.len() <= MAX_LENGTH && ends_with_id && text.split('/').all(is_plain)
}

/// Returns the segments of the path of a resource, and whether each is an id.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = (&str, bool)> {
    path.split('/').scan(false, |follows_collection, segment| {
        let is_id = *follows_collection;
        *follows_collection = !is_id && !WITHOUT_ID.contains(&segment);
        Some((segment, is_id))
    })
}

/// Whether it is safe as a path segment.
fn is_plain(segment: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_graphic() && !b"/?#%\\\"<>".contains(&byte);
    !segment.is_empty() && segment.bytes().all(is_word) && !segment.bytes().all(|byte| byte == b'.')
}

impl fmt::Display for ResourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
