//! Terms and files of bans.

use std::collections::BTreeMap;
use std::time::Duration;

use rblxopencloud::experience::Restriction;

use super::Result;

/// The forms of a term, for usages.
pub const TERMS: &str = "A term is `forever`, a number of days, hours or minutes as in 7d, 12h and 30m, or a time as in
2030-01-01T00:00:00Z at which the ban ends.";

/// Reads a ban from its term and the reason that the user is shown.
pub fn restriction(term: &str, reason: &str) -> Result<Restriction> {
    let length = || {
        let (number, unit) = term.split_at_checked(term.len().checked_sub(1)?)?;
        let seconds = match unit {
            "d" => 86_400,
            "h" => 3600,
            "m" => 60,
            _ => return None,
        };
        Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?))
    };
    let restriction = match (term, length()) {
        ("forever", _) => Restriction::permanent(),
        (_, Some(length)) => Restriction::lasting(length),
        (_, None) => match term.parse() {
            Ok(end) => Restriction::until(end),
            Err(_) => return Err(format!("{term:?} isn't a term such as forever, 7d or 2030-01-01T00:00:00Z").into()),
        },
    };
    Ok(restriction.display_reason(reason))
}

/// Reads a file of bans: a user, a term and a reason on each line. Empty lines and those that begin with # don't count.
pub fn parse(text: &str) -> Result<BTreeMap<u64, Restriction>> {
    let mut bans = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (user, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (term, reason) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim_start(), ""));
        let user: u64 = user.parse().map_err(|_| format!("line {number}: {user:?} isn't the id of a user"))?;
        let ban = restriction(term, reason.trim()).map_err(|error| format!("line {number}: {error}"))?;
        if bans.insert(user, ban).is_some() {
            return Err(format!("line {number}: user {user} is named twice").into());
        }
    }
    Ok(bans)
}
