//! The responses of downloads.

use percent_encoding::{CONTROLS, percent_encode};
use ureq::http::HeaderMap;

use super::body::{ReadProblem, Watched, read_chunks};
use super::call::Call;
use super::download::ResponseHead;
use super::failure::{self, Failed, Limit};
use super::net::CONTENT_TYPE;
use crate::error::{Event, Problem};
use crate::gate::http_date;

/// The least time, in seconds, between a modification and the response that tells of it. Within a shorter time, there may have
/// been another one, and clocks may differ (RFC 9110, section 8.8.2.2).
const SETTLED: i64 = 60;

/// Writes the body of a successful response to the destination of the download.
pub(super) fn receive(
    call: &mut Call<'_>,
    head: ResponseHead,
    reader: &mut Watched<'_>,
    limit: Limit<'_>,
) -> Result<(), Failed> {
    let Some((download, writer)) = &mut call.download else { return Ok(()) };
    let invalid = |problem: String| Failed::accepted(Problem::new(Event::Unusable, problem));
    download.begin(head).map_err(invalid)?;
    let read = read_chunks(reader, |chunk| download.write(&mut **writer, chunk).map_err(ReadProblem::Refused));
    let missing = match read {
        Ok(()) => download.end().map_err(invalid)?,
        Err(ReadProblem::Refused(problem)) => {
            let problem = match download.take_problem() {
                Some(error) => {
                    Problem::new(Event::Unwritten, format!("writing the download: {error}")).caused_by(error)
                }
                None => Problem::new(Event::Unusable, problem),
            };
            return Err(Failed::accepted(problem));
        }
        Err(problem) => return Err(Failed::accepted(failure::of_body(problem, limit))),
    };
    if missing == 0 {
        return Ok(());
    }
    Err(Failed::accepted(Problem::new(Event::Broken, format!("the content ended {missing} bytes early"))))
}

/// Reads what a download needs. `length` is that of the body, unless it is sent in chunks or was decompressed.
pub(super) fn response_head(status: u16, headers: &HeaderMap, length: Option<u64>) -> ResponseHead {
    let is_compressed =
        values(headers, "content-encoding").is_some_and(|value| !value.eq_ignore_ascii_case("identity"));
    // ureq removes these headers with the compression.
    let is_delimited = headers.contains_key("content-length") || headers.contains_key("transfer-encoding");
    let is_multipart = values(headers, CONTENT_TYPE)
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("multipart/byteranges"));
    ResponseHead {
        status,
        length: length.filter(|_| !is_compressed),
        may_be_compressed: is_compressed || !is_delimited,
        content_range: values(headers, "content-range").filter(|_| !is_multipart),
        validator: validator(|name| values(headers, name)),
        version: ["etag", "last-modified"].into_iter().find_map(|name| Some((name, values(headers, name)?))),
    }
}

/// Returns where a redirect leads, if it says so once. Some servers leave letters unescaped.
pub(super) fn location(headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all("location").iter();
    let only = all.next().filter(|only| all.next().is_none() && !only.is_empty())?;
    Some(percent_encode(only.as_bytes(), CONTROLS).to_string())
}

/// Returns all values of a header, which are one value if it may have only one.
pub(super) fn values(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut all: Vec<String> = Vec::new();
    for value in headers.get_all(name) {
        all.push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    (!all.is_empty()).then(|| all.join(", "))
}

/// Returns what certainly identifies the version of a content (RFC 9110, section 13.1.5): a strong entity tag, or, if there is no
/// tag at all, a date of modification some time before the response.
fn validator(value: impl Fn(&str) -> Option<String>) -> Option<String> {
    if let Some(tag) = value("etag") {
        return Some(tag.trim().to_owned()).filter(|tag| is_strong(tag));
    }
    let modified = value("last-modified")?;
    let age = http_date(&value("date")?)?.as_second() - http_date(&modified)?.as_second();
    (age >= SETTLED).then(|| modified.trim().to_owned())
}

/// Whether this is one entity tag that isn't weak.
fn is_strong(tag: &str) -> bool {
    let opaque = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    opaque.is_some_and(|opaque| opaque.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strong_validators_are_used() {
        const OLD: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (tag, modified, date, expected) in [
            (Some("\"a\""), None, None, Some("\"a\"")),
            (Some(" \"\" "), None, None, Some("\"\"")),
            (Some("\"a,b/W\\\""), Some(OLD), None, Some("\"a,b/W\\\"")),
            (Some("W/\"a\""), None, None, None),
            (Some("W/\"a\""), Some(OLD), Some("Sun, 06 Nov 1994 18:49:37 GMT"), None),
            (Some("w/\"a\""), None, None, None),
            (Some("a"), None, None, None),
            (Some("\""), None, None, None),
            (Some("\"a"), None, None, None),
            (Some("\"a b\""), None, None, None),
            (Some("\"a\", \"b\""), None, None, None),
            (Some("\"\u{e9}\""), None, None, None),
            (Some(""), None, None, None),
            (None, Some(OLD), Some("Sun, 06 Nov 1994 08:50:37 GMT"), Some(OLD)),
            (None, Some(OLD), Some("Sunday, 06-Nov-94 18:50:37 GMT"), Some(OLD)),
            (None, Some(OLD), Some("Sun, 06 Nov 1994 08:50:36 GMT"), None),
            (None, Some(OLD), Some(OLD), None),
            (None, Some(OLD), Some("Sat, 05 Nov 1994 08:50:36 GMT"), None),
            (None, Some(OLD), None, None),
            (None, Some("yesterday"), Some(OLD), None),
            (None, None, Some(OLD), None),
        ] {
            let value = |name: &str| match name {
                "etag" => tag.map(str::to_owned),
                "last-modified" => modified.map(str::to_owned),
                "date" => date.map(str::to_owned),
                _ => None,
            };
            assert_eq!(validator(value).as_deref(), expected, "{tag:?}, {modified:?}, {date:?}");
        }
    }
}
