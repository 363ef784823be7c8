//! Paths and queries: what can be part of them, and how it is escaped.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The characters that are escaped in path segments and query values.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The value of a parameter of a path.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) kind: ParameterKind,
}

/// What the value of a parameter can be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ParameterKind {
    /// One segment, without a slash.
    Segment,
    /// One segment, whose slashes are escaped.
    Key,
    /// Several segments.
    Resource,
}

impl Parameter {
    /// Adds the value to a path, escaped. Fails with a value that would change where the path leads.
    pub(crate) fn push_to(&self, path: &mut String) -> Result<(), &str> {
        let value = self.value.as_str();
        let is_safe = match self.kind {
            ParameterKind::Segment => is_segment(value) && !value.contains(['/', '\\']),
            // It is escaped, so only the dots that it has itself count.
            ParameterKind::Key | ParameterKind::Resource => {
                !value.is_empty() && value.split(['/', '\\']).all(|part| !matches!(part, "." | ".."))
            }
        };
        if !is_safe {
            return Err(value);
        }
        match self.kind {
            ParameterKind::Segment | ParameterKind::Key => path.extend(utf8_percent_encode(value, SEGMENT)),
            ParameterKind::Resource => {
                for (at, segment) in value.split('/').enumerate() {
                    path.push_str(if at == 0 { "" } else { "/" });
                    path.extend(utf8_percent_encode(segment, SEGMENT));
                }
            }
        }
        Ok(())
    }
}

/// Whether a text, which is to be escaped, can be a segment of a path. Escapes don't change what dots mean.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
}

/// Whether a path leads elsewhere than it seems to: a server or a proxy can resolve its dot segments, also those in escapes
/// and between backslashes.
pub(crate) fn has_dot_segment(path: &str) -> bool {
    percent_decode_str(path).decode_utf8_lossy().split(['/', '\\']).any(|segment| matches!(segment, "." | ".."))
}

/// Whether a segment is a dot segment, with dots or with their escapes.
pub(crate) fn is_dots(segment: &str) -> bool {
    matches!(&*percent_decode_str(segment).decode_utf8_lossy(), "." | "..")
}

/// Adds a parameter to a query, with its question mark or separator. Name and value are escaped.
pub(crate) fn push_query(query: &mut String, name: &str, value: &str) {
    query.push(if query.is_empty() { '?' } else { '&' });
    query.extend(utf8_percent_encode(name, SEGMENT));
    query.push('=');
    query.extend(utf8_percent_encode(value, SEGMENT));
}

/// Returns the probable template of a path: numbers, which are ids, are replaced with `{}`.
pub(crate) fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let digits = segment.bytes().take_while(u8::is_ascii_digit).count();
        match segment.as_bytes().get(digits) {
            None | Some(b':') if digits > 0 => format!("{{}}{}", &segment[digits..]),
            _ => segment.to_owned(),
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Whether a template has a parameter of this name.
pub(super) const fn has_parameter(template: &str, name: &str) -> bool {
    let (template, name) = (template.as_bytes(), name.as_bytes());
    let mut start = 0;
    while start + name.len() + 2 <= template.len() {
        let mut same = 0;
        while same < name.len() && template[start + 1 + same] == name[same] {
            same += 1;
        }
        if same == name.len() && template[start] == b'{' && template[start + 1 + same] == b'}' {
            return true;
        }
        start += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_known_by_their_whole_name() {
        let template = "/a/{user}/b/{user_id}:c";
        for (name, has) in
            [("user", true), ("user_id", true), ("use", false), ("ser", false), ("a", false), ("", false)]
        {
            assert_eq!(has_parameter(template, name), has, "{name}");
        }
        assert!(!has_parameter("", "user") && !has_parameter("{user", "user"));
    }

    #[test]
    fn dot_segments_are_seen_in_every_spelling() {
        for path in
            ["/a/../b", "/..", "/.", "a/./b", "/%2e%2E/", "/.%2e", "/a/..%2Fb", "/a%2f..", "/a\\..\\b", "/..%5cb"]
        {
            assert!(has_dot_segment(path), "{path}");
        }
        for path in ["", "/", "/a//b", "/...", "/.a", "/a..", "/..a/b", "/a.b", "/%252e%252e", "/a%2Fb"] {
            assert!(!has_dot_segment(path), "{path}");
        }
    }

    #[test]
    fn the_shape_of_a_path_has_no_ids() {
        for (path, shaped) in [
            ("/cloud/v2/groups/7/roles/9", "/cloud/v2/groups/{}/roles/{}"),
            ("/assets/v1/assets/12:archive", "/assets/v1/assets/{}:archive"),
            ("/cloud/v2/groups/-/memberships", "/cloud/v2/groups/-/memberships"),
            ("/a/12b/", "/a/12b/"),
        ] {
            assert_eq!(shape(path), shaped);
        }
    }
}
