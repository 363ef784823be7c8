use std::time::Duration;

/// Returns a duration with three digits, for messages: a measured one has nine, and nobody reads those.
pub(crate) fn rounded(duration: Duration) -> Duration {
    let nanos = duration.as_nanos();
    let unit = 10_u128.pow(nanos.checked_ilog10().unwrap_or(0).saturating_sub(2));
    let nanos = nanos.saturating_add(unit / 2) / unit * unit;
    u64::try_from(nanos).map_or(duration, Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_to_three_digits() {
        for (nanos, text) in [
            (0, "0ns"),
            (7, "7ns"),
            (99_923_147, "99.9ms"),
            (99_951_000, "100ms"),
            (150_000_000, "150ms"),
            (1_500_000_000, "1.5s"),
            (59_999_999_999, "60s"),
            (86_400_000_000_000, "86400s"),
            (86_399_900_000_000, "86400s"),
        ] {
            assert_eq!(format!("{:?}", rounded(Duration::from_nanos(nanos))), text);
        }
        assert_eq!(rounded(Duration::MAX), Duration::MAX);
    }
}
