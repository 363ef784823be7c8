//! Puts the changes of a value into its JSON text, so that all that the caller's type doesn't hold stays as it was written: large
//! numbers, `1.0`, the order of keys, and unknown fields.
//!
//! The value is written before and after the change, and the two texts are compared. What is the same in both keeps the text that
//! the entry has.

use std::collections::{HashMap, VecDeque};

use super::scan::{Member, Scanned, scan};

/// How many pairs of changed elements of a list are compared to find out which became which.
const MOST_PAIRS: usize = 10_000;

/// Returns the text `old` of a value with what differs between `before` and `after`, which are texts of the caller's type.
///
/// Fails if it isn't known which of the elements of a list an element is, so that fields of it would be lost.
pub(super) fn patch(old: &str, before: &str, after: &str) -> Result<String, String> {
    if is_same(before, after, true) {
        return Ok(old.to_owned());
    }
    match (scan(old), scan(before), scan(after)) {
        (Scanned::Object(old), Scanned::Object(before), Scanned::Object(after)) => object(&old, &before, &after),
        (Scanned::List(old), Scanned::List(before), Scanned::List(after)) => list(&old, &before, &after),
        _ => Ok(after.to_owned()),
    }
}

/// Whether two texts have the same value, whatever the order of keys is. Without `ordered`, lists can have any order too, as
/// those of sets.
pub(super) fn is_same(one: &str, other: &str, ordered: bool) -> bool {
    if one == other {
        return true;
    }
    match (scan(one), scan(other)) {
        (Scanned::Object(one), Scanned::Object(other)) => {
            let values = by_key(&other);
            let is_there = |member: &Member<'_>| {
                values.get(&*member.key).is_some_and(|value| is_same(member.value, value, ordered))
            };
            one.len() == other.len() && one.iter().all(is_there)
        }
        (Scanned::List(mut one), Scanned::List(mut other)) => {
            if !ordered {
                one.sort_unstable();
                other.sort_unstable();
            }
            one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| is_same(one, other, ordered))
        }
        (Scanned::Leaf(one), Scanned::Leaf(other)) => one == other,
        _ => false,
    }
}

fn by_key<'m>(members: &'m [Member<'_>]) -> HashMap<&'m str, &'m str> {
    members.iter().map(|member| (&*member.key, member.value)).collect()
}

fn object(old: &[Member<'_>], before: &[Member<'_>], after: &[Member<'_>]) -> Result<String, String> {
    let (values_before, values_after) = (by_key(before), by_key(after));
    // Of a key that is there twice, the last one counts.
    let last: HashMap<&str, usize> = old.iter().enumerate().map(|(at, member)| (&*member.key, at)).collect();
    let mut members = Vec::with_capacity(old.len());
    for (at, Member { written, key, value }) in old.iter().enumerate() {
        let changed = match (values_before.get(&**key), values_after.get(&**key)) {
            (Some(_), None) => continue,
            (None, None) => (*value).to_owned(),
            _ if last.get(&**key) != Some(&at) => (*value).to_owned(),
            (Some(before), Some(after)) => patch(value, before, after)?,
            (None, Some(after)) if is_same(value, after, true) => (*value).to_owned(),
            (None, Some(after)) => (*after).to_owned(),
        };
        members.push(format!("{written}:{changed}"));
    }
    for Member { written, key, value } in after.iter().filter(|member| !last.contains_key(&*member.key)) {
        // A default that the entry doesn't have isn't written either.
        if values_before.get(&**key).is_none_or(|before| !is_same(before, value, true)) {
            members.push(format!("{written}:{value}"));
        }
    }
    Ok(format!("{{{}}}", members.join(",")))
}

fn list(old: &[&str], before: &[&str], after: &[&str]) -> Result<String, String> {
    let whole = || Ok(format!("[{}]", after.join(",")));
    let is_aligned = old.len() == before.len() && old.iter().zip(before).all(|(old, before)| may_be(old, before));
    if !is_aligned {
        // Of a set, such as one of numbers, nothing is lost.
        return match old.iter().all(|element| matches!(scan(element), Scanned::Leaf(_))) {
            true => whole(),
            false => Err("a list of it isn't read in its order, so fields of its elements would be lost".to_owned()),
        };
    }
    let sources = sources(before, after);
    let elements = after.iter().zip(sources).map(|(after, source)| match source {
        Some(at) => patch(old[at], before[at], after),
        None => Ok((*after).to_owned()),
    });
    Ok(format!("[{}]", elements.collect::<Result<Vec<_>, _>>()?.join(",")))
}

/// Whether an element that the caller's type has read may be this one.
fn may_be(old: &str, read: &str) -> bool {
    match (scan(old), scan(read)) {
        (Scanned::Leaf(old), Scanned::Leaf(read)) => is_same_leaf(old, read),
        (Scanned::Object(old), Scanned::Object(read)) => {
            let values = by_key(&read);
            let mut shared =
                old.iter().filter_map(|member| Some((member.value, *values.get(&*member.key)?))).peekable();
            shared.peek().is_none() || shared.any(|(old, read)| may_be(old, read))
        }
        (Scanned::Leaf(_), _) | (_, Scanned::Leaf(_)) => false,
        _ => true,
    }
}

/// Whether two numbers, strings or words have one value, also if their texts differ: `1` and `1.0`, `"é"` and `"\u00e9"`.
fn is_same_leaf(one: &str, other: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let string = |text: &str| serde_json::from_str::<String>(text).ok();
    one == other
        || number(one).is_some_and(|value| number(other) == Some(value))
        || string(one).is_some_and(|value| string(other) == Some(value))
}

/// Finds out which element each of a changed list was. `None` is a new one.
fn sources(before: &[&str], after: &[&str]) -> Vec<Option<usize>> {
    let mut sources = vec![None; after.len()];
    let mut is_free = vec![true; before.len()];
    // Those that didn't change, where they were, or elsewhere.
    for at in 0..before.len().min(after.len()) {
        if before[at] == after[at] {
            (sources[at], is_free[at]) = (Some(at), false);
        }
    }
    let mut same: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (at, element) in before.iter().enumerate() {
        if is_free[at] {
            same.entry(element).or_default().push_back(at);
        }
    }
    for at in 0..after.len() {
        let source = if sources[at].is_none() { same.get_mut(after[at]).and_then(VecDeque::pop_front) } else { None };
        if let Some(source) = source {
            (sources[at], is_free[source]) = (Some(source), false);
        }
    }
    // Those that changed are the ones with which they have most in common.
    let changed: Vec<usize> = (0..after.len()).filter(|at| sources[*at].is_none()).collect();
    let mut left: Vec<usize> = (0..before.len()).filter(|at| is_free[*at]).collect();
    let nothing_moved = before.len() == after.len()
        && sources.iter().enumerate().all(|(at, source)| source.is_none_or(|source| source == at));
    for at in changed {
        let is_small = left.len().saturating_mul(after.len()) <= MOST_PAIRS;
        let rated = left
            .iter()
            .filter(|_| is_small)
            .map(|source| (common(before[*source], after[at]), *source == at, std::cmp::Reverse(*source)));
        let best = rated.max().filter(|(common, ..)| *common > 0).map(|(_, _, source)| source.0);
        let in_place = || (nothing_moved && left.contains(&at)).then_some(at);
        if let Some(source) = best.or_else(in_place) {
            left.retain(|other| *other != source);
            sources[at] = Some(source);
        }
    }
    sources
}

/// Returns how many members two elements have in common.
fn common(one: &str, other: &str) -> usize {
    match (scan(one), scan(other)) {
        (Scanned::Object(one), Scanned::Object(other)) => {
            let values = by_key(&one);
            other.iter().filter(|member| values.get(&*member.key) == Some(&member.value)).count()
        }
        (Scanned::List(one), Scanned::List(other)) => {
            one.iter().zip(&other).filter(|(one, other)| one == other).count()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: &str, before: &str, after: &str, patched: &str) {
        assert_eq!(patch(old, before, after).as_deref(), Ok(patched), "{old} from {before} to {after}");
    }

    #[test]
    fn what_did_not_change_keeps_its_text() {
        let old = r#"{ "z":1152921504606846977 , "coins":7,"rate":1.0,"\u0061":"\ud83d","a b":[1e2, 2] }"#;
        check(old, r#"{"coins":7}"#, r#"{"coins":7}"#, old);
        check(
            old,
            r#"{"coins":7}"#,
            r#"{"coins":107}"#,
            r#"{"z":1152921504606846977,"coins":107,"rate":1.0,"\u0061":"\ud83d","a b":[1e2, 2]}"#,
        );
        // A type that holds them, but not exactly.
        check(
            r#"{"big":1152921504606846977,"one":1.0,"n":1}"#,
            r#"{"n":1,"one":1.0,"big":1.152921504606847e18}"#,
            r#"{"n":2,"one":1.0,"big":1.152921504606847e18}"#,
            r#"{"big":1152921504606846977,"one":1.0,"n":2}"#,
        );
    }

    #[test]
    fn members_are_added_and_removed() {
        check(r#"{"a":1,"x":2}"#, r#"{"a":1}"#, "{}", r#"{"x":2}"#);
        check(r#"{"x":2}"#, "{}", r#"{"b":3,"c":null}"#, r#"{"x":2,"b":3,"c":null}"#);
        // Defaults that aren't there stay so.
        check(r#"{"x":2}"#, r#"{"d":0,"e":1}"#, r#"{"d":0,"e":2}"#, r#"{"x":2,"e":2}"#);
        check(r#"{"a":{"x":1.0}}"#, r#"{"a":{"y":0}}"#, r#"{"a":{"y":5}}"#, r#"{"a":{"x":1.0,"y":5}}"#);
        check(r#"{"A":{"x":1}}"#, r#"{"A":{}}"#, r#"{"B":{"k":1}}"#, r#"{"B":{"k":1}}"#);
        check(r#"{"a":1,"a":2}"#, r#"{"a":2}"#, r#"{"a":3}"#, r#"{"a":1,"a":3}"#);
        check("7", "7", "8", "8");
        check(r#"{"a":1}"#, "null", r#"{"b":1}"#, r#"{"b":1}"#);
    }

    #[test]
    fn elements_of_lists_keep_what_is_unknown_of_them() {
        let old = r#"[{"id":1,"n":1,"x":1.0},{"id":2,"n":2,"x":2.0},{"id":3,"n":3,"x":3.0}]"#;
        let before = r#"[{"id":1,"n":1},{"id":2,"n":2},{"id":3,"n":3}]"#;
        let one = |after: &str, patched: &str| check(old, before, after, patched);
        // Removed, and another one changed.
        one(r#"[{"id":2,"n":9},{"id":3,"n":3}]"#, r#"[{"id":2,"n":9,"x":2.0},{"id":3,"n":3,"x":3.0}]"#);
        // Inserted and sorted.
        one(
            r#"[{"id":3,"n":3},{"id":7,"n":7},{"id":1,"n":1}]"#,
            r#"[{"id":3,"n":3,"x":3.0},{"id":7,"n":7},{"id":1,"n":1,"x":1.0}]"#,
        );
        // All fields of one changed.
        one(
            r#"[{"id":1,"n":1},{"id":8,"n":8},{"id":3,"n":3}]"#,
            r#"[{"id":1,"n":1,"x":1.0},{"id":8,"n":8,"x":2.0},{"id":3,"n":3,"x":3.0}]"#,
        );
        one("[]", "[]");
        check(
            "[1.0,2,1152921504606846977]",
            "[1.0,2.0,1.152921504606847e18]",
            "[2.0,1.152921504606847e18]",
            "[2,1152921504606846977]",
        );
    }

    #[test]
    fn lists_in_another_order_are_written_whole_or_refused() {
        check("[1,2,3]", "[3,1,2]", "[3,2]", "[3,2]");
        assert!(patch(r#"[{"a":1,"x":1},{"a":2}]"#, r#"[{"a":2},{"a":1}]"#, r#"[{"a":2}]"#).is_err());
        assert!(patch(r#"[{"a":1,"x":1},{"a":2}]"#, r#"[{"a":2}]"#, "[]").is_err());
        assert!(is_same("[1,2]", "[2,1]", false) && !is_same("[1,2]", "[2,1]", true));
    }
}
