//! Rate limits in the headers of a response.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::Offset;

use crate::call::retry::LONGEST;

/// The rate limits that a response announces.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    pub(crate) limit: Option<u64>,
    pub(crate) remaining: Option<u64>,
    /// The time until the window ends.
    pub(crate) reset: Option<Duration>,
    /// The delay that a refusal asks for.
    pub(crate) retry_after: Option<Duration>,
}

impl Limits {
    /// Reads the headers of a response that has just arrived.
    pub(crate) fn read<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self::read_at(header, Timestamp::now())
    }

    fn read_at<'a>(header: impl Fn(&str) -> Option<&'a str>, now: Timestamp) -> Self {
        // Both dates are by the service's clock, which may differ from this machine's.
        let now = || header("date").and_then(http_date).unwrap_or(now);
        Self {
            // `1000, 1000;w=60`: the first number is the limit that is closest to being exhausted.
            limit: header("x-ratelimit-limit").and_then(first_number),
            remaining: header("x-ratelimit-remaining").and_then(first_number),
            // A longer time isn't the rest of a window, but perhaps a Unix time.
            reset: header("x-ratelimit-reset").and_then(seconds).filter(|reset| *reset <= LONGEST),
            retry_after: header("retry-after")
                .and_then(|text| seconds(text).or_else(|| Some(until(http_date(text)?, now())))),
        }
    }

    /// Returns how long to wait before the next request, if the response tells.
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.retry_after.or(self.reset)
    }
}

/// The latest possible date, which can still be added to an `Instant`.
const FOREVER: Duration = Duration::from_secs(10_000 * 365 * 24 * 3600);

fn first_number(text: &str) -> Option<u64> {
    text.split([',', ';']).next()?.trim().parse().ok()
}

/// Parses seconds: the service sends whole ones, a sandbox with short windows fractions.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.split([',', ';']).next()?.trim();
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    Some(Duration::try_from_secs_f64(text.parse().ok()?).unwrap_or(FOREVER).min(FOREVER))
}

/// Returns the time until a date. Zero if it has passed.
fn until(date: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(date.duration_since(now)).unwrap_or_default()
}

/// Parses a date in each of the three forms of HTTP (RFC 9110, section 5.6.7). The day of the week is ignored.
pub(in crate::call) fn http_date(text: &str) -> Option<Timestamp> {
    // Sun, 06 Nov 1994 08:49:37 GMT
    let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    if let Ok(date) = parser.parse_timestamp(text.trim()) {
        return Some(date);
    }
    // Sunday, 06-Nov-94 08:49:37 GMT, and Sun Nov  6 08:49:37 1994
    let (_, date) = text.trim().split_once(' ')?;
    let forms = ["%d-%b-%y %H:%M:%S GMT", "%d-%b-%Y %H:%M:%S GMT", "%b %d %H:%M:%S %Y"];
    let date = forms.into_iter().find_map(|form| DateTime::strptime(form, date.trim()).ok())?;
    Offset::UTC.to_timestamp(date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn retry_after(asked: &str, date: Option<&str>, now: &str) -> Option<Duration> {
        let header = |name: &str| match name {
            "retry-after" => Some(asked),
            "date" => date,
            _ => None,
        };
        Limits::read_at(header, http_date(now).expect("a date")).retry_after
    }

    #[test]
    fn http_date_reads_all_three_forms() {
        let date: Timestamp = "1994-11-06T08:49:37Z".parse().expect("a date");
        for text in [
            DATE,
            " Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "06 Nov 1994 08:49:37 GMT",
            // The day of the week may be wrong.
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Monday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun Nov 06 08:49:37 1994",
            "Sun Nov 6 08:49:37 1994",
        ] {
            assert_eq!(http_date(text), Some(date), "{text}");
        }
        let later: Timestamp = "2034-12-16T23:59:59Z".parse().expect("a date");
        for text in ["Saturday, 16-Dec-34 23:59:59 GMT", "Sat Dec 16 23:59:59 2034"] {
            assert_eq!(http_date(text), Some(later), "{text}");
        }
    }

    #[test]
    fn http_date_refuses_junk() {
        for text in [
            "",
            " ",
            "tomorrow",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 28:49:37 GMT",
            "Sunday, 06-Nov-94",
            "Sun Nov",
            "-5",
            "\u{1f552} \u{1f552}",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn retry_after_dates_are_relative_to_the_response_date() {
        let minute = Duration::from_secs(60);
        for asked in ["Sun, 06 Nov 1994 08:50:37 GMT", "Sunday, 06-Nov-94 08:50:37 GMT", "Sun Nov  6 08:50:37 1994"] {
            for date in [DATE, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
                // Our clock is right, an hour late, an hour early, and years off.
                for now in [
                    DATE,
                    "Sun, 06 Nov 1994 07:49:37 GMT",
                    "Sun, 06 Nov 1994 09:49:37 GMT",
                    "Sun, 06 Nov 2044 09:49:37 GMT",
                    "Thu, 01 Jan 1970 00:00:00 GMT",
                ] {
                    assert_eq!(retry_after(asked, Some(date), now), Some(minute), "{asked}, {date}, {now}");
                }
            }
        }
    }

    #[test]
    fn retry_after_dates_fall_back_on_the_local_clock() {
        let asked = "Sun, 06 Nov 1994 08:50:37 GMT";
        for date in [None, Some(""), Some("yesterday"), Some("Sun, 99 Nov 1994 08:49:37 GMT")] {
            assert_eq!(retry_after(asked, date, DATE), Some(Duration::from_secs(60)), "{date:?}");
            let hour_ago = "Sun, 06 Nov 1994 07:49:37 GMT";
            assert_eq!(retry_after(asked, date, hour_ago), Some(Duration::from_secs(3660)), "{date:?}");
        }
    }

    #[test]
    fn retry_after_ignores_junk() {
        let secs = Duration::from_secs;
        for (asked, expected) in [
            ("0", Some(Duration::ZERO)),
            ("20", Some(secs(20))),
            (" 20 ", Some(secs(20))),
            ("20, 30", Some(secs(20))),
            ("20; comment", Some(secs(20))),
            ("1.5", Some(Duration::from_millis(1500))),
            (".5", Some(Duration::from_millis(500))),
            ("0.000000001", Some(Duration::from_nanos(1))),
            ("8640000000", Some(secs(8_640_000_000))),
            ("99999999999999999999999999", Some(FOREVER)),
            ("-5", None),
            ("-0.5", None),
            ("+5", None),
            ("1e3", None),
            ("NaN", None),
            ("inf", None),
            ("1.2.3", None),
            (".", None),
            ("", None),
            ("soon", None),
            // A date that has passed.
            ("Sun, 06 Nov 1994 08:49:36 GMT", Some(Duration::ZERO)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(Duration::ZERO)),
            ("Thu, 01 Jan 0001 00:00:00 GMT", Some(Duration::ZERO)),
            ("Fri, 06 Nov 2300 08:49:37 GMT", Some(secs(9_656_409_600))),
            ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ] {
            assert_eq!(retry_after(asked, Some(DATE), DATE), expected, "{asked:?}");
        }
    }

    #[test]
    fn absurd_resets_are_ignored() {
        let reset = |text: &'static str| Limits::read(|name| (name == "x-ratelimit-reset").then_some(text)).reset;
        assert_eq!(reset("3600"), Some(Duration::from_secs(3600)));
        for absurd in ["1764000000", "18446744073709551615", "99999999999999999999", "-1", "soon"] {
            assert_eq!(reset(absurd), None, "{absurd}");
        }
    }
}
