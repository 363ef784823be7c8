//! Ordered data stores.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The universe, the store and the scope.
pub(crate) type OrderedScope = (u64, String, String);

#[derive(Debug, Default)]
pub(crate) struct OrderedStores {
    scopes: BTreeMap<OrderedScope, BTreeMap<String, f64>>,
}

impl OrderedStores {
    pub(crate) fn get(&self, scope: &OrderedScope, id: &str) -> Option<f64> {
        self.scopes.get(scope)?.get(id).copied()
    }

    /// Sets a value, rounded as the service does.
    pub(crate) fn set(&mut self, scope: &OrderedScope, id: &str, value: f64) {
        self.scopes.entry(scope.clone()).or_default().insert(id.to_owned(), value.round());
    }

    /// Removes an entry. Returns whether there was one.
    pub(crate) fn remove(&mut self, scope: &OrderedScope, id: &str) -> bool {
        let Some(entries) = self.scopes.get_mut(scope) else { return false };
        let was_there = entries.remove(id).is_some();
        if entries.is_empty() {
            self.scopes.remove(scope);
        }
        was_there
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&OrderedScope, &BTreeMap<String, f64>)> {
        self.scopes.iter()
    }

    /// Removes all entries of a scope.
    pub(crate) fn remove_scope(&mut self, scope: &OrderedScope) {
        self.scopes.remove(scope);
    }

    /// Removes all of an experience.
    pub(crate) fn clear(&mut self, universe: u64) {
        self.scopes.retain(|(of, ..), _| *of != universe);
    }

    /// Returns the entries in ascending order of their values.
    pub(crate) fn sorted(&self, scope: &OrderedScope) -> Vec<(&str, f64)> {
        let entries = self.scopes.get(scope).into_iter().flatten();
        let mut entries: Vec<(&str, f64)> = entries.map(|(id, value)| (id.as_str(), *value)).collect();
        entries.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        entries
    }
}

/// Returns an entry as the service writes it.
pub(crate) fn json(scope: &OrderedScope, id: &str, value: f64) -> Value {
    let (universe, store, name) = scope;
    json!({
        "path": format!("universes/{universe}/ordered-data-stores/{store}/scopes/{name}/entries/{id}"),
        "id": id, "value": number(value),
    })
}

/// Writes a whole number without a fraction, as the service does.
#[allow(clippy::cast_possible_truncation, reason = "it is whole and in the range")]
pub(crate) fn number(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value.fract() == 0.0 && value.abs() <= EXACT {
        true => json!(value as i64),
        false => json!(value),
    }
}

/// The bounds of a filter such as `entry >= 10 && entry <= 30`, whose tokens are separated by single spaces.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Bounds {
    least: Option<f64>,
    most: Option<f64>,
}

impl Bounds {
    /// # Errors
    /// Returns the message of the refusal.
    pub(crate) fn parse(filter: &str) -> Result<Self, String> {
        let mut bounds = Self::default();
        for part in filter.split(" && ") {
            let invalid = || format!("The filter '{part}' is invalid.");
            let (slot, number) = match part.split(' ').collect::<Vec<_>>()[..] {
                ["entry", ">=", number] => (&mut bounds.least, number),
                ["entry", "<=", number] => (&mut bounds.most, number),
                _ => return Err(invalid()),
            };
            let number: f64 = number.parse().map_err(|_| invalid())?;
            if slot.replace(number).is_some() {
                return Err(invalid());
            }
        }
        Ok(bounds)
    }

    pub(crate) fn contain(&self, value: f64) -> bool {
        self.least.is_none_or(|least| value >= least) && self.most.is_none_or(|most| value <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_have_single_spaces() {
        let range = Bounds::parse("entry >= 10 && entry <= 30").expect("it is valid");
        let inside = [9.0, 10.0, 30.0, 31.0].map(|value| range.contain(value));
        assert_eq!(inside, [false, true, true, false]);
        assert!(Bounds::parse("entry <= -1").expect("it is valid").contain(-2.0));
        for bad in [
            "",
            "entry>=10",
            "entry  >= 10",
            "entry > 10",
            "value >= 10",
            "entry >= x",
            "entry >= 1&&entry <= 2",
            "entry >= 1 && entry >= 2",
        ] {
            assert!(Bounds::parse(bad).is_err(), "{bad}");
        }
    }
}
