//! Durations as the service writes them: `"60s"` or `"1.5s"`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};
use serde_json::Value;

/// Writes a duration, with as many digits after the point as it needs.
pub(super) fn text(duration: Duration) -> String {
    match duration.subsec_nanos() {
        0 => format!("{}s", duration.as_secs()),
        nanos => format!("{}.{}s", duration.as_secs(), format!("{nanos:09}").trim_end_matches('0')),
    }
}

fn parse(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.strip_suffix('s').map(|number| number.split_once('.').unwrap_or((number, "0")))?;
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 9 {
        return None;
    }
    Some(Duration::new(whole.parse().ok()?, format!("{fraction:0<9}").parse().ok()?))
}

/// Reads a duration. Anything else is `None`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_str().and_then(parse))
}

#[allow(clippy::ref_option)]
pub(super) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serializer.serialize_str(&text(*duration)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_and_read() {
        for (written, millis) in [("1s", 1_000), ("300s", 300_000), ("1.5s", 1_500), ("0.001s", 1), ("60.25s", 60_250)]
        {
            let duration = Duration::from_millis(millis);
            assert_eq!((text(duration).as_str(), parse(written)), (written, Some(duration)));
        }
        assert_eq!(parse("3.000000000s"), Some(Duration::from_secs(3)));
        for other in ["", "s", "3", "-3s", "+3s", ".5s", "3.s", "3.0000000000s", "3ms", " 3s", "99999999999999999999s"]
        {
            assert_eq!(parse(other), None, "{other:?}");
        }
    }
}
