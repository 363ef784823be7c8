use std::fmt::{self, Write};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::model::GameJoinRestriction;
use crate::error::{Error, Result};
use crate::experience::duration::seconds;
use crate::plain::Plain;

/// The longest limited restriction, in seconds.
const LONGEST: u64 = 315_576_000_000;
const LONGEST_DISPLAY_REASON: usize = 400;
const LONGEST_PRIVATE_REASON: usize = 1000;
/// How far the end of a restriction may be from the requested one. A request takes a while, and it can wait for the rate limit.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(120);

/// How long and why a user may not join, for [`Experience::restrict_user`](crate::Experience::restrict_user) and
/// [`Place::restrict_user`](crate::Place::restrict_user).
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::experience::Restriction;
///
/// let week = Duration::from_secs(7 * 24 * 3600);
/// let restriction = Restriction::lasting(week).display_reason("Exploiting").private_reason("Reported by 12 players");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[must_use]
pub struct Restriction {
    #[serde(default, with = "seconds", skip_serializing_if = "Option::is_none")]
    duration: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    display_reason: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    private_reason: String,
    #[serde(default)]
    exclude_alt_accounts: bool,
}

/// Whether a user is restricted as requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// The restriction that is in force is the requested one.
    InForce,
    /// The requested restriction has ended.
    Ended,
    Other,
}

impl Restriction {
    fn new(duration: Option<Duration>, until: Option<Timestamp>) -> Self {
        let (display_reason, private_reason) = (String::new(), String::new());
        Self { duration, until, display_reason, private_reason, exclude_alt_accounts: false }
    }

    /// Creates a restriction without end.
    pub fn permanent() -> Self {
        Self::new(None, None)
    }

    /// Creates a restriction that begins with the call and lasts this long: whole seconds, from 1 to 315,576,000,000.
    pub fn lasting(duration: Duration) -> Self {
        Self::new(Some(duration), None)
    }

    /// Creates a restriction that ends at this time, to the second. The service takes a duration, so the end moves with the
    /// time that the call takes.
    pub fn until(end: Timestamp) -> Self {
        Self::new(None, Some(end))
    }

    /// Sets the reason that the user is shown: at most 400 characters.
    pub fn display_reason(mut self, reason: impl Into<String>) -> Self {
        self.display_reason = reason.into();
        self
    }

    /// Sets the reason that only moderators see: at most 1,000 characters.
    pub fn private_reason(mut self, reason: impl Into<String>) -> Self {
        self.private_reason = reason.into();
        self
    }

    /// Sets whether other accounts that Roblox takes for the same person's are restricted, too. Defaults to `true`, as in the
    /// service, whose field says the opposite: `excludeAltAccounts`.
    pub fn restrict_alt_accounts(mut self, restrict: bool) -> Self {
        self.exclude_alt_accounts = !restrict;
        self
    }

    /// Refuses what the service would refuse at any time.
    pub(super) fn check(&self) -> Result<()> {
        if let Some(duration) = self.duration {
            if duration.subsec_nanos() != 0 || !(1..=LONGEST).contains(&duration.as_secs()) {
                let problem =
                    format!("the restriction lasts {duration:?}; it takes whole seconds, from 1 to {LONGEST}");
                return Err(Error::invalid_input(problem).advise("use Restriction::permanent for one without end"));
            }
            if self.until.is_some() {
                return Err(Error::invalid_input("the restriction has both a duration and an end"));
            }
        }
        for (name, reason, most) in [
            ("display", &self.display_reason, LONGEST_DISPLAY_REASON),
            ("private", &self.private_reason, LONGEST_PRIVATE_REASON),
        ] {
            let length = reason.chars().count();
            if length > most {
                let problem = format!("the {name} reason has {length} characters; at most {most} are allowed");
                return Err(Error::invalid_input(problem));
            }
        }
        Ok(())
    }

    /// Returns the restriction as the service takes it at this time.
    pub(super) fn json(&self, now: Timestamp) -> Result<Value> {
        self.check()?;
        let mut fields = Map::new();
        fields.insert("active".to_owned(), json!(true));
        let duration = match self.until {
            Some(end) if end <= now => {
                return Err(Error::invalid_input(format!("the restriction ends at {end}, which has passed")));
            }
            Some(end) => {
                let left = end.duration_since(now);
                Some(left.as_secs() + i64::from(left.subsec_nanos() > 0))
            }
            None => self.duration.map(|duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)),
        };
        if let Some(seconds) = duration {
            fields.insert("duration".to_owned(), json!(format!("{seconds}s")));
        }
        for (name, reason) in [("displayReason", &self.display_reason), ("privateReason", &self.private_reason)] {
            if !reason.is_empty() {
                fields.insert(name.to_owned(), json!(reason));
            }
        }
        fields.insert("excludeAltAccounts".to_owned(), json!(self.exclude_alt_accounts));
        Ok(Value::Object(fields))
    }

    /// The texts that the service may repeat in its message.
    pub(super) fn echoes(&self) -> impl Iterator<Item = &String> {
        [&self.display_reason, &self.private_reason].into_iter().filter(|reason| !reason.is_empty())
    }

    /// Compares it with what is known of a user. `None` if nothing is.
    pub(super) fn fit(&self, known: Option<&GameJoinRestriction>, now: Timestamp) -> Fit {
        if self.until.is_some_and(|end| end <= now) {
            return Fit::Ended;
        }
        let Some(known) = known.filter(|known| known.inherited != Some(true)) else { return Fit::Other };
        let has_term = match self.until {
            None => known.duration == self.duration,
            Some(end) => known.ends_at().is_some_and(|known| known.duration_since(end).abs() <= TOLERANCE),
        };
        let is_same = has_term
            && known.display_reason == self.display_reason
            && known.private_reason == self.private_reason
            && known.exclude_alt_accounts.unwrap_or_default() == self.exclude_alt_accounts;
        match (is_same, known.is_in_force(now), known.ends_at()) {
            (true, true, _) => Fit::InForce,
            (true, false, Some(end)) if end <= now => Fit::Ended,
            _ => Fit::Other,
        }
    }
}

/// `for 7 days: Exploiting`.
impl fmt::Display for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.duration, self.until) {
            (Some(duration), _) => write!(f, "for {}", Shown(duration))?,
            (None, Some(end)) => write!(f, "until {end}")?,
            (None, None) => f.write_str("for ever")?,
        }
        if self.exclude_alt_accounts {
            f.write_str(" without alternate accounts")?;
        }
        let reason = if self.display_reason.is_empty() { &self.private_reason } else { &self.display_reason };
        if reason.is_empty() {
            return Ok(());
        }
        f.write_str(": ")?;
        Plain(f).write_str(reason)
    }
}

/// Shows a duration in the largest unit of which it has a whole number.
struct Shown(Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
        match units.into_iter().find(|(length, _)| seconds > 0 && seconds % length == 0) {
            Some((length, unit)) if self.0.subsec_nanos() == 0 => {
                let count = seconds / length;
                write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
            }
            _ => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn the_body_has_what_was_set() {
        let now = time("2026-01-01T00:00:00.5Z");
        let bare = json!({ "active": true, "excludeAltAccounts": false });
        assert_eq!(Restriction::permanent().json(now).expect("it is fine"), bare);
        let week = Restriction::lasting(Duration::from_secs(604_800)).display_reason("a").private_reason("b");
        assert_eq!(
            week.restrict_alt_accounts(false).json(now).expect("it is fine"),
            json!({ "active": true, "duration": "604800s", "displayReason": "a", "privateReason": "b",
                "excludeAltAccounts": true })
        );
        let until = Restriction::until(time("2026-01-01T00:01:00Z")).json(now).expect("it is fine");
        assert_eq!(until["duration"], "60s", "it never ends too early");
        assert!(Restriction::until(now).json(now).is_err());
    }

    #[test]
    fn what_the_service_would_refuse_is_refused() {
        for (duration, is_allowed) in [
            (Duration::ZERO, false),
            (Duration::from_millis(1500), false),
            (Duration::from_secs(1), true),
            (Duration::from_secs(LONGEST), true),
            (Duration::from_secs(LONGEST + 1), false),
            (Duration::MAX, false),
        ] {
            assert_eq!(Restriction::lasting(duration).check().is_ok(), is_allowed, "{duration:?}");
        }
        for (length, display, private) in
            [(400, true, true), (401, false, true), (1000, false, true), (1001, false, false)]
        {
            let reason = "é".repeat(length);
            assert_eq!(Restriction::permanent().display_reason(&reason).check().is_ok(), display, "{length}");
            assert_eq!(Restriction::permanent().private_reason(&reason).check().is_ok(), private, "{length}");
        }
        let both = r#"{"duration":"5s","until":"2030-01-01T00:00:00Z"}"#;
        assert!(serde_json::from_str::<Restriction>(both).expect("it is readable").check().is_err());
        assert!(serde_json::from_str::<Restriction>(r#"{"durration":"5s"}"#).is_err(), "it isn't permanent");
    }

    #[test]
    fn a_restriction_is_compared_with_what_is_known() {
        let known = |json: Value| serde_json::from_value::<GameJoinRestriction>(json).expect("a restriction");
        let now = time("2026-01-08T00:00:00Z");
        let week = Restriction::lasting(Duration::from_secs(604_800)).display_reason("a");
        let since = |start: &str, active: bool| {
            known(json!({ "active": active, "startTime": start, "duration": "604800s", "displayReason": "a" }))
        };
        for (known, fit) in [
            (since("2026-01-02T00:00:00Z", true), Fit::InForce),
            (since("2026-01-01T00:00:00Z", true), Fit::Ended),
            (since("2026-01-01T00:00:00Z", false), Fit::Ended),
            // It was lifted.
            (since("2026-01-02T00:00:00Z", false), Fit::Other),
            (known(json!({ "active": false })), Fit::Other),
            (known(json!({ "active": true, "displayReason": "a" })), Fit::Other),
        ] {
            assert_eq!(week.fit(Some(&known), now), fit, "{known:?}");
        }
        assert_eq!(week.fit(None, now), Fit::Other);
        let ever = Restriction::permanent();
        for (json, fit) in [
            (json!({ "active": true }), Fit::InForce),
            (json!({ "active": true, "inherited": true }), Fit::Other),
            (json!({ "active": true, "excludeAltAccounts": true }), Fit::Other),
            (json!({ "active": true, "privateReason": "b" }), Fit::Other),
            (json!({ "active": false }), Fit::Other),
        ] {
            assert_eq!(ever.fit(Some(&known(json.clone())), now), fit, "{json}");
        }
        let until = Restriction::until(time("2026-01-09T00:00:30Z")).display_reason("a");
        assert_eq!(until.fit(Some(&since("2026-01-02T00:00:00Z", true)), now), Fit::InForce);
        assert_eq!(until.fit(Some(&since("2026-01-02T01:00:00Z", true)), now), Fit::Other);
        assert_eq!(Restriction::until(now).fit(Some(&known(json!({ "active": true }))), now), Fit::Ended);
    }

    #[test]
    fn a_restriction_is_shown_on_one_line() {
        let week = Restriction::lasting(Duration::from_secs(604_800)).display_reason("a\nb");
        assert_eq!(week.to_string(), r"for 7 days: a\nb");
        let hour = Restriction::lasting(Duration::from_secs(3600)).private_reason("c").restrict_alt_accounts(false);
        assert_eq!(hour.to_string(), "for 1 hour without alternate accounts: c");
        assert_eq!(Restriction::permanent().to_string(), "for ever");
    }
}
