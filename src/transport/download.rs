use std::fmt;
use std::io::{self, Write};

/// The progress of a download, for [`Request::on_progress`](crate::Request::on_progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadProgress {
    /// The number of bytes written so far.
    pub received: u64,
    /// The total size, if the server declared it.
    pub total: Option<u64>,
}

/// Progress after which the attempts are counted from zero: a long download over a bad connection may break often.
const FRESH_START: u64 = 1024 * 1024;

/// The state of a download, with what is needed to resume it.
///
/// Parts are combined only under one strong validator and one total (RFC 9110, section 15.3.7.3).
pub(crate) struct Download {
    max_size: u64,
    on_progress: Option<OnProgress>,
    written: u64,
    /// How much was written when the attempts were last counted from zero.
    counted_from: u64,
    /// The size of the content, if it was declared. Without it, positions on the server are unknown.
    total: Option<u64>,
    /// Identifies the version of the content.
    validator: Option<String>,
    /// How many of the next bytes were written before.
    skip: u64,
    /// Where the current response ends, if it declares that.
    end: Option<u64>,
    redirect: Option<String>,
    /// Why the writer failed.
    problem: Option<io::Error>,
}

pub(crate) type OnProgress = Box<dyn FnMut(DownloadProgress) + Send>;

/// The parts of a response's head that a download needs.
#[derive(Clone, Debug, Default)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    /// The length of the body, unless it is compressed.
    pub(super) length: Option<u64>,
    pub(super) may_be_compressed: bool,
    pub(super) content_range: Option<String>,
    /// A strong entity tag, or else a strong modification date.
    pub(super) validator: Option<String>,
    /// The name and the value of the header for the validator, which can be weak.
    pub(super) version: Option<(&'static str, String)>,
}

const CHANGED: &str = "the content changed during the download";
const MAY_HAVE_CHANGED: &str = "it is not known whether the content changed during the download";

impl Download {
    pub(crate) fn new(max_size: u64, on_progress: Option<OnProgress>) -> Self {
        Self {
            max_size,
            on_progress,
            written: 0,
            counted_from: 0,
            total: None,
            validator: None,
            skip: 0,
            end: None,
            redirect: None,
            problem: None,
        }
    }

    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Whether nothing is missing after a successful response, which can be a part.
    pub(crate) fn is_complete(&self) -> bool {
        self.total.is_none_or(|total| self.written >= total)
    }

    /// Returns the address of a redirect, if there was one.
    pub(crate) fn take_redirect(&mut self) -> Option<String> {
        self.redirect.take()
    }

    /// Follows a redirect, unless a part was written: a validator identifies a version of one resource.
    pub(super) fn redirect_to(&mut self, location: String) -> Result<(), String> {
        if self.written > 0 {
            return Err("the content moved during the download".to_owned());
        }
        self.redirect = Some(location);
        Ok(())
    }

    /// Returns the headers `range` and `if-range` of the next attempt.
    pub(super) fn range(&self) -> Option<(String, &str)> {
        let validator = self.validator.as_deref().filter(|_| self.written > 0 && !self.is_complete())?;
        self.total.map(|_| (format!("bytes={}-", self.written), validator))
    }

    /// Whether another attempt can resume the download.
    pub(super) fn can_resume(&self) -> bool {
        self.problem.is_none() && (self.written == 0 || self.validator.is_some())
    }

    /// Whether enough was received since the last call.
    pub(super) fn has_progressed(&mut self) -> bool {
        let has_progressed = self.written - self.counted_from >= FRESH_START;
        if has_progressed {
            self.counted_from = self.written;
        }
        has_progressed
    }

    /// Starts the body of a successful response.
    pub(super) fn begin(&mut self, head: ResponseHead) -> Result<(), String> {
        if self.range().is_none() && head.status == 206 {
            return Err("received a part of the content; expected the whole".to_owned());
        }
        if self.written == 0 {
            return self.begin_whole(head);
        }
        match head.status {
            200 | 206 if head.validator.is_none() || head.validator != self.validator => Err(self.other_version(&head)),
            206 => self.begin_part(&head),
            200 if head.length.is_none() && self.total.is_some() => {
                Err(format!("{MAY_HAVE_CHANGED}: the response has no length"))
            }
            200 if head.length != self.total => Err(CHANGED.to_owned()),
            200 => {
                (self.skip, self.end) = (self.written, self.total);
                Ok(())
            }
            status => Err(format!("received the status {status}; expected the rest of the content")),
        }
    }

    fn begin_whole(&mut self, head: ResponseHead) -> Result<(), String> {
        if head.length.is_some_and(|length| length > self.max_size) {
            return Err(self.too_large());
        }
        (self.skip, self.end, self.total) = (0, head.length, head.length);
        self.validator = head.validator.filter(|_| head.status == 200);
        Ok(())
    }

    fn begin_part(&mut self, head: &ResponseHead) -> Result<(), String> {
        let text = head.content_range.as_deref().ok_or("received a part without a content-range header")?;
        let range = ContentRange::parse(text).ok_or_else(|| format!("invalid content-range header {text:?}"))?;
        if range.total.is_some() && range.total != self.total {
            return Err(CHANGED.to_owned());
        }
        if range.first != self.written || self.total.is_some_and(|total| range.last >= total) {
            return Err(format!("expected the bytes from {}, received {text:?}", self.written));
        }
        // The part of a compressed content isn't the part of the content.
        if head.may_be_compressed {
            return Err("received a part that is compressed or has no length; expected the content as it is".to_owned());
        }
        let length = range.last - range.first + 1;
        if head.length.is_some_and(|declared| declared != length) {
            return Err(format!("the content-range header {text:?} contradicts the length of the response"));
        }
        (self.skip, self.end) = (0, Some(range.last + 1));
        Ok(())
    }

    /// Describes why a response isn't known to have the version that was begun.
    fn other_version(&self, head: &ResponseHead) -> String {
        let begun = self.validator.as_deref().unwrap_or_default();
        let expected = if begun.starts_with('"') { "etag" } else { "last-modified" };
        match &head.version {
            None => format!("{MAY_HAVE_CHANGED}: the response has no {expected} header"),
            Some((name, _)) if *name != expected => {
                format!("{MAY_HAVE_CHANGED}: the response has the header {name} in place of {expected}")
            }
            Some((name, value)) if head.validator.is_none() && value.contains(begun.trim_matches('"')) => {
                format!("{MAY_HAVE_CHANGED}: the {name} header {value:?} of the response does not identify one version")
            }
            Some(_) => CHANGED.to_owned(),
        }
    }

    /// Describes why a server has no bytes where the rest should be. `range` is that of its refusal, as in `bytes */20`.
    pub(super) fn unsatisfied(&self, range: Option<&str>) -> String {
        let size: Option<u64> = range.and_then(|range| range.trim().split_once("*/")?.1.parse().ok());
        let (written, total) = (self.written, self.total.unwrap_or_default());
        match size {
            None => format!("{MAY_HAVE_CHANGED}: the server has no bytes from {written}"),
            Some(size) if size == total => {
                format!("the server refuses the bytes from {written} of {total}, which it has")
            }
            Some(size) => format!("{CHANGED}: it has {size} bytes; expected {total}"),
        }
    }

    /// Writes what follows in the body.
    pub(super) fn write(&mut self, writer: &mut dyn Write, bytes: &[u8]) -> Result<(), String> {
        let skipped = usize::try_from(self.skip).map_or(bytes.len(), |skip| skip.min(bytes.len()));
        self.skip -= skipped as u64;
        let bytes = &bytes[skipped..];
        if bytes.is_empty() {
            return Ok(());
        }
        let written = self.written + bytes.len() as u64;
        if self.end.is_some_and(|end| written > end) {
            return Err("the response is longer than it declares".to_owned());
        }
        if written > self.max_size {
            return Err(self.too_large());
        }
        if let Err(error) = writer.write_all(bytes) {
            let problem = error.to_string();
            self.problem = Some(error);
            return Err(problem);
        }
        self.written = written;
        if let Some(f) = &mut self.on_progress {
            f(DownloadProgress { received: self.written, total: self.total });
        }
        Ok(())
    }

    /// Ends the body. Returns how many bytes are missing at its end.
    pub(super) fn end(&mut self) -> Result<u64, String> {
        if self.skip > 0 {
            return Err(CHANGED.to_owned());
        }
        Ok(self.end.map_or(0, |end| end.saturating_sub(self.written)))
    }

    /// Returns the error of the writer, if it failed.
    pub(super) fn take_problem(&mut self) -> Option<io::Error> {
        self.problem.take()
    }

    fn too_large(&self) -> String {
        format!("the content is larger than the limit of {} bytes", self.max_size)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("written", &self.written).field("total", &self.total).finish_non_exhaustive()
    }
}

/// A part of a content, as in `bytes 10-19/20` and `bytes 10-19/*`.
#[derive(Debug, PartialEq)]
struct ContentRange {
    first: u64,
    last: u64,
    total: Option<u64>,
}

impl ContentRange {
    /// Reads a valid range of bytes (RFC 9110, section 14.4).
    fn parse(text: &str) -> Option<Self> {
        // A number has no sign.
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let (unit, rest) = text.trim().split_once(' ')?;
        let (range, total) = rest.trim_start().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        let total = if total == "*" { None } else { Some(number(total)?) };
        let is_valid =
            unit.eq_ignore_ascii_case("bytes") && first <= last && total.is_none_or(|total: u64| last < total);
        is_valid.then_some(Self { first, last, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, length: Option<u64>, range: Option<&str>, validator: Option<&str>) -> ResponseHead {
        ResponseHead {
            status,
            length,
            may_be_compressed: false,
            content_range: range.map(str::to_owned),
            validator: validator.map(str::to_owned),
            version: validator.map(|validator| ("etag", validator.to_owned())),
        }
    }

    #[test]
    fn valid_content_ranges_are_read() {
        let range = |first, last, total| Some(ContentRange { first, last, total });
        for (text, read) in [
            ("bytes 10-19/20", range(10, 19, Some(20))),
            ("bytes 10-19/*", range(10, 19, None)),
            (" Bytes  0-0/1 ", range(0, 0, Some(1))),
            ("bytes */20", None),
            ("bytes 10-19/19", None),
            ("bytes 19-10/20", None),
            ("bytes 10-19", None),
            ("bytes 10-/20", None),
            ("bytes -10/20", None),
            ("bytes 10-19/", None),
            ("bytes 10-19/20, bytes 0-9/20", None),
            ("bytes +1-19/20", None),
            ("bytes=10-19/20", None),
            ("bytes a-19/20", None),
            ("bytes 0-18446744073709551615/*", range(0, u64::MAX, None)),
            ("bytes 0-18446744073709551616/*", None),
            ("items 10-19/20", None),
            ("", None),
        ] {
            assert_eq!(ContentRange::parse(text), read, "{text}");
        }
    }

    /// What is requested after a break, and which responses are accepted.
    #[test]
    fn a_break_is_resumed_only_in_the_same_content() {
        type Row = (ResponseHead, bool, bool, ResponseHead, bool);
        let tag = Some("\"a\"");
        let compressed = |head| ResponseHead { may_be_compressed: true, ..head };
        let part = |range| head(206, None, Some(range), tag);
        let rows: [Row; 18] = [
            // The first response, whether it can be resumed, whether by a range; the second response, and whether it fits.
            (head(200, Some(10), None, tag), true, true, head(206, Some(6), Some("bytes 4-9/10"), tag), true),
            (head(200, Some(10), None, tag), true, true, part("bytes 4-9/10"), true),
            (head(200, Some(10), None, tag), true, true, part("bytes 4-4/*"), true),
            (head(200, Some(10), None, tag), true, true, part("bytes 4-10/*"), false),
            (head(200, Some(10), None, tag), true, true, part("bytes 3-9/10"), false),
            (head(200, Some(10), None, tag), true, true, part("bytes 4-9/11"), false),
            (head(200, Some(10), None, tag), true, true, head(206, Some(5), Some("bytes 4-9/10"), tag), false),
            (head(200, Some(10), None, tag), true, true, compressed(part("bytes 4-9/10")), false),
            (head(200, Some(10), None, tag), true, true, head(206, Some(6), None, tag), false),
            (head(200, Some(10), None, tag), true, true, head(206, Some(6), Some("bytes 4-9/10"), None), false),
            (head(200, Some(10), None, tag), true, true, head(200, Some(10), None, tag), true),
            (head(200, Some(10), None, tag), true, true, head(200, Some(10), None, Some("\"b\"")), false),
            (head(200, Some(10), None, tag), true, true, head(200, Some(11), None, tag), false),
            (head(200, Some(10), None, tag), true, true, head(203, Some(10), None, tag), false),
            // The length of a decompressed body is unknown, so its positions aren't those on the server.
            (head(200, None, None, tag), true, false, head(200, None, None, tag), true),
            (head(200, None, None, tag), true, false, part("bytes 4-9/10"), false),
            (head(200, Some(10), None, None), false, false, head(200, Some(10), None, None), false),
            (head(203, Some(10), None, tag), false, false, head(203, Some(10), None, tag), false),
        ];
        for (first, can_resume, by_range, second, fits) in rows {
            let mut written = Vec::new();
            let mut download = Download::new(u64::MAX, None);
            assert_eq!(download.begin(first.clone()), Ok(()));
            download.write(&mut written, b"0123").expect("memory takes it");
            assert_eq!((download.can_resume(), download.range().is_some()), (can_resume, by_range), "{first:?}");
            assert_eq!(download.begin(second.clone()).is_ok(), fits, "{second:?}");
        }
    }

    #[test]
    fn a_response_ends_where_it_declares() {
        let tag = Some("\"a\"");
        let mut written = Vec::new();
        let mut download = Download::new(u64::MAX, None);
        assert_eq!(download.begin(head(200, Some(10), None, tag)), Ok(()));
        assert_eq!(download.write(&mut written, b"0123"), Ok(()));
        assert_eq!((download.end(), download.is_complete()), (Ok(6), false));
        // A part, which is less than was requested.
        assert_eq!(download.begin(head(206, Some(3), Some("bytes 4-6/10"), tag)), Ok(()));
        assert!(download.write(&mut written, b"4567").is_err());
        assert_eq!(download.write(&mut written, b"456"), Ok(()));
        assert_eq!((download.end(), download.is_complete()), (Ok(0), false));
        // The whole again, which ends among what is known.
        assert_eq!(download.begin(head(200, Some(10), None, tag)), Ok(()));
        assert_eq!(download.write(&mut written, b"012345"), Ok(()));
        assert!(download.end().is_err());
        assert_eq!(download.write(&mut written, b"6789"), Ok(()));
        assert_eq!((download.end(), download.is_complete(), download.range()), (Ok(0), true, None));
        assert_eq!(written, b"0123456789");
    }

    #[test]
    fn the_limit_holds_for_declared_and_undeclared_sizes() {
        let mut written = Vec::new();
        let mut download = Download::new(5, None);
        assert!(download.begin(head(200, Some(6), None, None)).is_err());
        assert_eq!(download.begin(head(200, None, None, None)), Ok(()));
        assert!(download.write(&mut written, b"01234").is_ok() && download.write(&mut written, b"5").is_err());
        assert_eq!(written, b"01234");
    }
}
