//! Durations as the service writes them: `604800s`, and .NET's `1.02:03:04`.

use std::time::Duration;

use serde::Serializer;

/// Reads seconds, as in `604800s` or `1.5s`.
pub(super) fn from_seconds(text: &str) -> Option<Duration> {
    let (seconds, fraction) = match text.strip_suffix('s')?.split_once('.') {
        Some((seconds, fraction)) => (seconds, nanoseconds(fraction, 9)?),
        None => (text.strip_suffix('s')?, 0),
    };
    Some(Duration::new(digits(seconds)?, fraction))
}

pub(crate) fn to_seconds(duration: Duration) -> String {
    match duration.subsec_nanos() {
        0 => format!("{}s", duration.as_secs()),
        nanos => format!("{}.{}s", duration.as_secs(), format!("{nanos:09}").trim_end_matches('0')),
    }
}

/// Reads a time span of .NET: days if there are any, hours, minutes, seconds and up to seven digits of a fraction.
pub(super) fn from_time_span(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let (first, minutes, last, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    let (days, hours) = first.split_once('.').unwrap_or(("0", first));
    let (seconds, fraction) = match last.split_once('.') {
        Some((seconds, fraction)) => (seconds, nanoseconds(fraction, 7)?),
        None => (last, 0),
    };
    let below = |text: &str, limit: u64| digits(text).filter(|number| *number < limit);
    let (hours, minutes, seconds) = (below(hours, 24)?, below(minutes, 60)?, below(seconds, 60)?);
    let whole = digits(days)?.checked_mul(24)?.checked_add(hours)?.checked_mul(3600)?;
    Some(Duration::new(whole.checked_add(minutes * 60 + seconds)?, fraction))
}

pub(super) fn to_time_span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let days = if days == 0 { String::new() } else { format!("{days}.") };
    let fraction = match duration.subsec_nanos() / 100 {
        0 => String::new(),
        ticks => format!(".{ticks:07}"),
    };
    format!("{days}{hours:02}:{:02}:{:02}{fraction}", seconds / 60 % 60, seconds % 60)
}

fn digits(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn nanoseconds(fraction: &str, most: usize) -> Option<u32> {
    let digits = digits(fraction).filter(|_| fraction.len() <= most)?;
    let scale = 9_u32.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    u32::try_from(digits * 10_u64.pow(scale)).ok()
}

/// A field with seconds, which is `None` if it is missing, null or empty. Anything else is an error: a limited time must not
/// be read as no limit.
pub(super) mod seconds {
    use serde::Deserializer;
    use serde::de::{Deserialize, Error};

    use super::{Duration, Serializer, from_seconds, to_seconds};
    use crate::wire::{Field, Json, Unreadable, strict};

    pub(crate) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => serializer.serialize_str(&to_seconds(*duration)),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        read(Some(Json::deserialize(deserializer)?)).map_err(D::Error::custom)
    }

    pub(crate) fn read(json: Option<Json<'_>>) -> Result<Option<Duration>, Unreadable> {
        match strict::<Option<String>>(json)?.filter(|text| !text.is_empty()) {
            Some(text) => from_seconds(&text)
                .map(Some)
                .ok_or_else(|| Unreadable::new(format!("invalid duration {text:?}; expected seconds, as in 604800s"))),
            None => Ok(None),
        }
    }

    /// Reads a duration that decides nothing. An unreadable one is `None`.
    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn lenient(json: Option<Json<'_>>) -> Result<Option<Duration>, Unreadable> {
        Ok(json.and_then(String::of).as_deref().and_then(from_seconds))
    }
}

/// A field with a time span, which is `None` if it can't be read.
pub(super) mod time_span {
    use super::{Duration, Serializer, from_time_span, to_time_span};
    use crate::wire::{Field, Json, Unreadable};

    pub(crate) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => serializer.serialize_str(&to_time_span(*duration)),
            None => serializer.serialize_none(),
        }
    }

    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn read(json: Option<Json<'_>>) -> Result<Option<Duration>, Unreadable> {
        Ok(json.and_then(String::of).as_deref().and_then(from_time_span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_and_written() {
        for (text, duration) in [
            ("0s", Duration::ZERO),
            ("604800s", Duration::from_secs(604_800)),
            ("1.5s", Duration::from_millis(1500)),
            ("0.000000001s", Duration::from_nanos(1)),
            ("315576000000s", Duration::from_secs(315_576_000_000)),
        ] {
            assert_eq!((from_seconds(text), to_seconds(duration).as_str()), (Some(duration), text));
        }
        for text in ["", "s", "5", "5 s", "-5s", "+5s", "1.s", ".5s", "1.0000000001s", "1e3s", "forever"] {
            assert_eq!(from_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn time_spans_are_read_and_written() {
        for (text, duration) in [
            ("00:00:00", Duration::ZERO),
            ("1.02:03:04", Duration::from_secs(93_784)),
            ("23:59:59", Duration::from_secs(86_399)),
            ("00:00:01.5000000", Duration::from_millis(1500)),
            ("120.00:00:00.0000001", Duration::new(120 * 86_400, 100)),
        ] {
            assert_eq!((from_time_span(text), to_time_span(duration).as_str()), (Some(duration), text));
        }
        assert_eq!(from_time_span("00:00:01.5"), Some(Duration::from_millis(1500)));
        for text in
            ["", "1", "01:02", "24:00:00", "00:60:00", "00:00:60", "-01:02:03", "1.2.03:04:05", "1:2:3:4", "a:b:c"]
        {
            assert_eq!(from_time_span(text), None, "{text}");
        }
    }
}
