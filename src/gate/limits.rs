//! Rate limits in the headers of a response.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::Offset;

/// The rate limits that a response announces.
///
/// Each header can have several lines, and each line several elements, one for each window that applies. The most constrained
/// window counts. Elements that can't be read are skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    /// The smallest one: more than this is never left of all windows.
    pub(crate) limit: Option<u64>,
    /// The smallest one.
    pub(crate) remaining: Option<u64>,
    /// The time until the last window ends.
    pub(crate) reset: Option<Duration>,
    /// The longest delay that a refusal requests.
    pub(crate) retry_after: Option<Duration>,
}

/// The longest delay. A longer one isn't a delay, but a Unix time or a date that stands for "never".
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

impl Limits {
    /// Reads the headers of a response that has just arrived. `header` returns the lines of the header with a name.
    pub(crate) fn read<'a, L: Iterator<Item = &'a str>>(header: impl Fn(&str) -> L) -> Self {
        Self::read_at(header, Timestamp::now())
    }

    /// Reads these headers. A name can come several times.
    #[cfg(test)]
    pub(super) fn of_headers(headers: &[(&str, &str)]) -> Self {
        Self::of_headers_at(headers, Timestamp::now())
    }

    #[cfg(test)]
    fn of_headers_at(headers: &[(&str, &str)], now: Timestamp) -> Self {
        let lines = |name: &str| {
            let lines: Vec<&str> = headers.iter().filter(|(known, _)| *known == name).map(|(_, line)| *line).collect();
            lines.into_iter()
        };
        Self::read_at(lines, now)
    }

    fn read_at<'a, L: Iterator<Item = &'a str>>(header: impl Fn(&str) -> L, now: Timestamp) -> Self {
        let elements = |name: &str| header(name).flat_map(elements);
        let numbers = |name: &str| elements(name).filter_map(number);
        // Dates are by the service's clock, which may differ from this machine's.
        let clock = || header("date").find_map(http_date).unwrap_or(now);
        let longest = |name: &str| elements(name).filter_map(|text| delay(text, clock)).max();
        Self {
            limit: numbers("x-ratelimit-limit").min(),
            remaining: numbers("x-ratelimit-remaining").min(),
            reset: longest("x-ratelimit-reset"),
            retry_after: longest("retry-after"),
        }
    }

    /// Returns how long to wait after a refusal by the rate limit, if the response tells. `retry-after` is a constant then, so
    /// the window can last longer.
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.retry_after.max(self.reset)
    }
}

/// Returns the elements of a list such as `1000, 1000;w=60`, without their parameters. The day of the week of a date becomes an
/// element of its own, which is skipped.
fn elements(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|element| element.split(';').next().unwrap_or_default().trim())
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Reads a delay: seconds, or the time until a date. `None` if it is too long to be one.
fn delay(text: &str, clock: impl Fn() -> Timestamp) -> Option<Duration> {
    seconds(text).or_else(|| Some(until(http_date(text)?, clock()))).filter(|delay| *delay <= LONGEST)
}

/// Parses seconds: the service sends whole ones, a sandbox with short windows fractions.
fn seconds(text: &str) -> Option<Duration> {
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    Some(Duration::try_from_secs_f64(text.parse().ok()?).unwrap_or(Duration::MAX))
}

/// Returns the time until a date. Zero if it has passed.
fn until(date: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(date.duration_since(now)).unwrap_or_default()
}

/// Parses a date in each of the three forms of HTTP (RFC 9110, section 5.6.7). The day of the week is ignored.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    // Sun, 06 Nov 1994 08:49:37 GMT
    let text = match text.split_once(',') {
        Some((day, rest)) if day.trim().bytes().all(|byte| byte.is_ascii_alphabetic()) => rest.trim(),
        _ => text.trim(),
    };
    if let Ok(date) = rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Some(date);
    }
    // Sunday, 06-Nov-94 08:49:37 GMT, and Sun Nov  6 08:49:37 1994
    let without_day = text.split_once(' ').map_or("", |(_, rest)| rest.trim());
    let forms = [(text, "%d-%b-%y %H:%M:%S GMT"), (text, "%d-%b-%Y %H:%M:%S GMT"), (without_day, "%b %d %H:%M:%S %Y")];
    let date = forms.into_iter().find_map(|(text, form)| DateTime::strptime(form, text).ok())?;
    Offset::UTC.to_timestamp(date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn read(headers: &[(&str, &str)], now: &str) -> Limits {
        Limits::of_headers_at(headers, http_date(now).expect("a date"))
    }

    fn retry_after(requested: &str, date: Option<&str>, now: &str) -> Option<Duration> {
        let date = date.map(|date| ("date", date));
        let headers: Vec<(&str, &str)> = [("retry-after", requested)].into_iter().chain(date).collect();
        read(&headers, now).retry_after
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
            "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
            "-5",
            "\u{1f552} \u{1f552}",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn retry_after_dates_are_relative_to_the_response_date() {
        let minute = Duration::from_secs(60);
        for requested in ["Sun, 06 Nov 1994 08:50:37 GMT", "Sunday, 06-Nov-94 08:50:37 GMT", "Sun Nov  6 08:50:37 1994"]
        {
            for date in [DATE, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
                // Our clock is right, an hour late, an hour early, and years off.
                for now in [
                    DATE,
                    "Sun, 06 Nov 1994 07:49:37 GMT",
                    "Sun, 06 Nov 1994 09:49:37 GMT",
                    "Sun, 06 Nov 2044 09:49:37 GMT",
                    "Thu, 01 Jan 1970 00:00:00 GMT",
                ] {
                    assert_eq!(retry_after(requested, Some(date), now), Some(minute), "{requested}, {date}, {now}");
                }
            }
        }
    }

    #[test]
    fn retry_after_dates_fall_back_on_the_local_clock() {
        let requested = "Sun, 06 Nov 1994 08:50:37 GMT";
        for date in [None, Some(""), Some("yesterday"), Some("Sun, 99 Nov 1994 08:49:37 GMT")] {
            assert_eq!(retry_after(requested, date, DATE), Some(Duration::from_secs(60)), "{date:?}");
            let hour_ago = "Sun, 06 Nov 1994 07:49:37 GMT";
            assert_eq!(retry_after(requested, date, hour_ago), Some(Duration::from_secs(3660)), "{date:?}");
        }
    }

    #[test]
    fn delays_are_seconds_or_dates_up_to_a_year_ahead() {
        let secs = Duration::from_secs;
        for (requested, expected) in [
            ("0", Some(Duration::ZERO)),
            ("20", Some(secs(20))),
            (" 20 ", Some(secs(20))),
            ("20; comment", Some(secs(20))),
            ("1.5", Some(Duration::from_millis(1500))),
            (".5", Some(Duration::from_millis(500))),
            ("0.000000001", Some(Duration::from_nanos(1))),
            // A monthly quota.
            ("2678400", Some(secs(2_678_400))),
            ("31622400", Some(LONGEST)),
            ("31622401", None),
            // A Unix time.
            ("1764000000", None),
            ("8640000000", None),
            ("18446744073709551615", None),
            ("99999999999999999999999999", None),
            ("-5", None),
            ("-0.5", None),
            ("+5", None),
            ("1e3", None),
            ("NaN", None),
            ("inf", None),
            ("1.2.3", None),
            (".", None),
            ("", None),
            (",", None),
            ("soon", None),
            // A list, whose longest delay counts.
            ("22, 0", Some(secs(22))),
            ("0, 22", Some(secs(22))),
            ("0,0", Some(Duration::ZERO)),
            ("5,7;w=60 ,6", Some(secs(7))),
            (", 20,", Some(secs(20))),
            ("junk, 20, -5", Some(secs(20))),
            ("20, 1764000000", Some(secs(20))),
            ("20, Sun, 06 Nov 1994 08:50:37 GMT", Some(secs(60))),
            ("Sunday, 06-Nov-94 08:49:47 GMT, 20", Some(secs(20))),
            ("Sun Nov  6 08:50:37 1994, Sun Nov  6 08:49:47 1994", Some(secs(60))),
            // A date that has passed, and one that stands for "never".
            ("Sun, 06 Nov 1994 08:49:36 GMT", Some(Duration::ZERO)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(Duration::ZERO)),
            ("Thu, 01 Jan 0001 00:00:00 GMT", Some(Duration::ZERO)),
            ("Tue, 07 Nov 1995 08:49:37 GMT", Some(LONGEST)),
            ("Tue, 07 Nov 1995 08:49:38 GMT", None),
            ("Fri, 06 Nov 2300 08:49:37 GMT", None),
            ("Fri, 31 Dec 9999 23:59:59 GMT", None),
            ("Fri Dec 31 23:59:59 9999", None),
            ("Fri, 31 Dec 9999 23:59:59 GMT, 20", Some(secs(20))),
            ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ] {
            assert_eq!(retry_after(requested, Some(DATE), DATE), expected, "{requested:?}");
            assert_eq!(
                read(&[("x-ratelimit-reset", requested), ("date", DATE)], DATE).reset,
                expected,
                "{requested:?}"
            );
        }
    }

    #[test]
    fn the_most_constrained_window_counts() {
        let secs = |seconds| Some(Duration::from_secs(seconds));
        for (limit, remaining, reset, expected) in [
            ("1000, 1000;w=60", "998", "20", (Some(1000), Some(998), secs(20))),
            ("60, 1000", "0, 940", "22, 0", (Some(60), Some(0), secs(22))),
            ("1000, 60", "940, 0", "0, 22", (Some(60), Some(0), secs(22))),
            ("60;w=60", "junk, 7, -1", "x, 22", (Some(60), Some(7), secs(22))),
            ("", "", "", (None, None, None)),
            ("+5", "+5", "+5", (None, None, None)),
            ("0x10", "1.5", "1e2", (None, None, None)),
            ("18446744073709551615", "18446744073709551616", "1", (Some(u64::MAX), None, secs(1))),
        ] {
            let headers =
                [("x-ratelimit-limit", limit), ("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", reset)];
            let limits = read(&headers, DATE);
            assert_eq!((limits.limit, limits.remaining, limits.reset), expected, "{headers:?}");
            // The same as lines of their own.
            let lines: Vec<(&str, &str)> = headers
                .iter()
                .flat_map(|(name, list)| list.split(',').map(|element| (*name, element.trim())))
                .collect();
            assert_eq!(read(&lines, DATE), limits, "{lines:?}");
        }
    }

    #[test]
    fn the_longer_delay_of_a_refusal_counts() {
        let secs = |seconds| Some(Duration::from_secs(seconds));
        for (retry_after, reset, pause) in [
            ("5", "22, 0", secs(22)),
            ("30", "22, 0", secs(30)),
            ("5", "0", secs(5)),
            ("5", "", secs(5)),
            ("", "22", secs(22)),
            ("junk", "22", secs(22)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", "22", secs(22)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", "22", secs(60)),
            ("0", "0", secs(0)),
            ("", "", None),
            ("-5", "1764000000", None),
        ] {
            let limits = read(&[("retry-after", retry_after), ("x-ratelimit-reset", reset)], DATE);
            assert_eq!(limits.pause(), pause, "{retry_after:?}, {reset:?}");
        }
    }
}
