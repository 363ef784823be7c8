use serde_json::Value;

use super::item::SortKey;
use crate::error::Result;
use crate::request::Request;

/// Which items of a [`SortedMap`](crate::memory::SortedMap) to list, and in which order. The bounds themselves are left out.
///
/// ```
/// use rblxopencloud::memory::SortedMapFilter;
///
/// let players = SortedMapFilter::new().ids_after("player-").ids_before("player~").descending(true);
/// let high = SortedMapFilter::new().sort_keys_above(100);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct SortedMapFilter {
    descending: bool,
    after: Option<String>,
    before: Option<String>,
    above: Option<SortKey>,
    below: Option<SortKey>,
}

impl SortedMapFilter {
    /// Creates a filter that all items match, in ascending order.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the order is descending. Defaults to `false`.
    pub fn descending(mut self, descending: bool) -> Self {
        self.descending = descending;
        self
    }

    /// Lists the items whose id is after this text.
    pub fn ids_after(mut self, id: impl Into<String>) -> Self {
        self.after = Some(id.into());
        self
    }

    /// Lists the items whose id is before this text.
    pub fn ids_before(mut self, id: impl Into<String>) -> Self {
        self.before = Some(id.into());
        self
    }

    /// Lists the items whose sort key is above this one.
    pub fn sort_keys_above(mut self, key: impl Into<SortKey>) -> Self {
        self.above = Some(key.into());
        self
    }

    /// Lists the items whose sort key is below this one.
    pub fn sort_keys_below(mut self, key: impl Into<SortKey>) -> Self {
        self.below = Some(key.into());
        self
    }

    /// Returns the expression, in the operators that the service has. `None` matches all.
    fn expression(&self) -> Result<Option<String>> {
        let mut parts = Vec::new();
        for (operator, id) in [(">", &self.after), ("<", &self.before)] {
            parts.extend(id.as_ref().map(|id| format!("id {operator} {}", quoted(id))));
        }
        for (operator, key) in [(">", &self.above), ("<", &self.below)] {
            let Some(key) = key else { continue };
            parts.push(match key.check()? {
                SortKey::Number(number) => format!("sortKey {operator} {number}"),
                SortKey::Text(text) => format!("sortKey {operator} {}", quoted(text)),
            });
        }
        Ok(Some(parts.join(" && ")).filter(|expression| !expression.is_empty()))
    }

    /// Adds the parameters to the query.
    pub(super) fn add_to(self, request: Request) -> Result<Request> {
        let request = if self.descending { request.query("orderBy", "id desc") } else { request };
        Ok(self.expression()?.into_iter().fold(request, |request, filter| request.query("filter", filter)))
    }
}

/// Writes a text as a string of the expression language, whose escapes are those of JSON.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_expressions_with_quoted_texts() {
        let expression = |filter: SortedMapFilter| filter.expression().expect("it is allowed").unwrap_or_default();
        let new = SortedMapFilter::new;
        for (filter, expected) in [
            (new(), ""),
            (new().descending(true), ""),
            (new().ids_after("key-001").ids_before("key-100"), r#"id > "key-001" && id < "key-100""#),
            (new().ids_after(r#"a" || id > ""#), r#"id > "a\" || id > \"""#),
            (new().ids_after(r"a\"), r#"id > "a\\""#),
            (new().sort_keys_above(5).sort_keys_below(7.5), "sortKey > 5 && sortKey < 7.5"),
            (new().sort_keys_above("a"), r#"sortKey > "a""#),
        ] {
            assert_eq!(expression(filter), expected);
        }
        assert!(new().sort_keys_above(f64::NAN).expression().is_err());
    }
}
