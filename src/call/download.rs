use std::fmt;
use std::io::Write;

use crate::error::Error;

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
pub(crate) struct Download {
    max_size: u64,
    on_progress: Option<OnProgress>,
    written: u64,
    /// How much was written when the attempts were last counted from zero.
    counted_from: u64,
    total: Option<u64>,
    /// Identifies the version of the content, which is needed to request a part of it.
    validator: Option<String>,
    /// Whether `total` is the declared length, so that a position in it is one on the server.
    is_declared: bool,
    redirect: Option<String>,
    problem: Option<Error>,
}

pub(crate) type OnProgress = Box<dyn FnMut(DownloadProgress) + Send>;

/// The parts of a response's head that a download needs.
#[derive(Clone, Debug, Default)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) content_length: Option<u64>,
    pub(super) content_range: Option<String>,
    /// A strong entity tag, or else the modification time.
    pub(super) validator: Option<String>,
}

impl Download {
    pub(crate) fn new(max_size: u64, on_progress: Option<OnProgress>) -> Self {
        Self {
            max_size,
            on_progress,
            written: 0,
            counted_from: 0,
            total: None,
            validator: None,
            is_declared: false,
            redirect: None,
            problem: None,
        }
    }

    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Returns the address of a redirect, if there was one.
    pub(crate) fn take_redirect(&mut self) -> Option<String> {
        self.redirect.take()
    }

    pub(super) fn redirect_to(&mut self, location: String) {
        self.redirect = Some(location);
    }

    /// Returns the headers `range` and `if-range` of the next attempt.
    pub(super) fn range(&self) -> Option<(String, &str)> {
        let validator = self.validator.as_deref().filter(|_| self.written > 0 && self.is_declared)?;
        Some((format!("bytes={}-", self.written), validator))
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

    /// Starts the body of a response. Returns how many of its first bytes were written before.
    pub(super) fn begin(&mut self, head: ResponseHead) -> Result<u64, String> {
        let changed = "the content changed during the download";
        let whole = match (head.status, &head.content_range) {
            (206, Some(range)) if self.written > 0 => {
                let (start, total) =
                    content_range(range).ok_or_else(|| format!("invalid content-range header {range:?}"))?;
                if start != Some(self.written) {
                    return Err(format!("expected the bytes from {}, received {range:?}", self.written));
                }
                if total.is_some_and(|total| Some(total) != self.total) {
                    return Err(changed.to_owned());
                }
                return Ok(0);
            }
            (206, _) => return Err("received a part of the content; expected the whole".to_owned()),
            (_, _) => head.content_length,
        };
        if self.written > 0 && (head.validator != self.validator || whole != self.total) {
            return Err(changed.to_owned());
        }
        if whole.is_some_and(|whole| whole > self.max_size) {
            return Err(self.too_large());
        }
        self.total = whole;
        self.is_declared = whole.is_some();
        self.validator = head.validator;
        Ok(self.written)
    }

    /// Whether a 416 tells that nothing was missing.
    pub(super) fn is_complete_by(&self, head: &ResponseHead) -> bool {
        let range = head.content_range.as_deref().and_then(content_range);
        self.written > 0 && range == Some((None, Some(self.written)))
    }

    pub(super) fn write(&mut self, writer: &mut dyn Write, bytes: &[u8]) -> Result<(), String> {
        if self.written + bytes.len() as u64 > self.max_size {
            return Err(self.too_large());
        }
        if let Err(error) = writer.write_all(bytes) {
            let problem = error.to_string();
            self.problem = Some(Error::io("writing the download", error));
            return Err(problem);
        }
        self.written += bytes.len() as u64;
        if let Some(f) = &mut self.on_progress {
            f(DownloadProgress { received: self.written, total: self.total });
        }
        Ok(())
    }

    /// Returns how many bytes are missing at the end of the body.
    pub(super) fn missing(&self) -> u64 {
        self.total.map_or(0, |total| total.saturating_sub(self.written))
    }

    /// Returns the error of the writer, if it failed.
    pub(super) fn take_problem(&mut self) -> Option<Error> {
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

/// Reads `bytes 10-19/20`, `bytes 10-19/*` and `bytes */20`: the first position and the total size.
fn content_range(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
    let number = |text: &str| match text.trim() {
        "*" => Some(None),
        digits => digits.parse().ok().map(Some),
    };
    let start = match range.split_once('-') {
        Some((start, _)) => Some(start.trim().parse().ok()?),
        None => number(range)?,
    };
    Some((start, number(total)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, length: Option<u64>, range: Option<&str>, validator: Option<&str>) -> ResponseHead {
        ResponseHead {
            status,
            content_length: length,
            content_range: range.map(str::to_owned),
            validator: validator.map(str::to_owned),
        }
    }

    #[test]
    fn a_content_range_is_read() {
        for (text, read) in [
            ("bytes 10-19/20", Some((Some(10), Some(20)))),
            ("bytes 10-19/*", Some((Some(10), None))),
            ("bytes */20", Some((None, Some(20)))),
            ("bytes=10-19/20", None),
            ("bytes a-19/20", None),
            ("bytes 10-19", None),
            ("", None),
        ] {
            assert_eq!(content_range(text), read, "{text}");
        }
    }

    /// What is requested after a break, and which responses are accepted.
    #[test]
    fn a_break_is_resumed_only_in_the_same_content() {
        type Row = (ResponseHead, bool, bool, ResponseHead, Result<u64, ()>);
        let tag = Some("\"a\"");
        let rows: [Row; 9] = [
            // The first response, whether it can be resumed, whether by a range; the second response, and what to skip.
            (head(200, Some(10), None, tag), true, true, head(206, Some(6), Some("bytes 4-9/10"), tag), Ok(0)),
            (head(200, Some(10), None, tag), true, true, head(200, Some(10), None, tag), Ok(4)),
            (head(200, Some(10), None, tag), true, true, head(200, Some(10), None, Some("\"b\"")), Err(())),
            (head(200, Some(10), None, tag), true, true, head(200, Some(11), None, tag), Err(())),
            (head(200, Some(10), None, tag), true, true, head(206, Some(7), Some("bytes 3-9/10"), tag), Err(())),
            (head(200, Some(10), None, tag), true, true, head(206, Some(6), Some("bytes 4-9/11"), tag), Err(())),
            (head(200, Some(10), None, tag), true, true, head(206, Some(6), None, tag), Err(())),
            // The length of a decompressed body is unknown, so its positions aren't those on the server.
            (head(200, None, None, tag), true, false, head(200, None, None, tag), Ok(4)),
            (head(200, Some(10), None, None), false, false, head(200, Some(10), None, None), Ok(4)),
        ];
        for (first, can_resume, by_range, second, skip) in rows {
            let mut written = Vec::new();
            let mut download = Download::new(u64::MAX, None);
            assert_eq!(download.begin(first.clone()), Ok(0));
            download.write(&mut written, b"0123").expect("memory takes it");
            assert_eq!((download.can_resume(), download.range().is_some()), (can_resume, by_range), "{first:?}");
            assert_eq!(download.begin(second.clone()).map_err(drop), skip, "{second:?}");
        }
    }

    #[test]
    fn the_limit_holds_for_declared_and_undeclared_sizes() {
        let mut written = Vec::new();
        let mut download = Download::new(5, None);
        assert!(download.begin(head(200, Some(6), None, None)).is_err());
        assert_eq!(download.begin(head(200, None, None, None)), Ok(0));
        assert!(download.write(&mut written, b"01234").is_ok() && download.write(&mut written, b"5").is_err());
        assert_eq!(written, b"01234");
    }
}
