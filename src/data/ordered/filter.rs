use std::ops::{Bound, RangeBounds};

use crate::error::{Error, Result};
use crate::request::Request;

/// Which entries of an [`OrderedDataStore`](crate::data::OrderedDataStore) to list, and in which order.
///
/// ```
/// use rblxopencloud::data::OrderedFilter;
///
/// let rich = OrderedFilter::new().range(1_000..).descending(true);
/// let poor = OrderedFilter::new().range(..10);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct OrderedFilter {
    descending: bool,
    least: Option<i64>,
    most: Option<i64>,
    /// Whether no number is in the range.
    is_empty: bool,
}

impl OrderedFilter {
    /// Creates a filter that all entries match, with the lowest value first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the highest value comes first. Defaults to `false`.
    pub fn descending(mut self, descending: bool) -> Self {
        self.descending = descending;
        self
    }

    /// Lists the entries whose value is in this range, such as `10..=30` or `..10`. Defaults to all. A range without a number
    /// is an [`InvalidInput`](crate::ErrorKind::InvalidInput) of the listing.
    pub fn range(mut self, range: impl RangeBounds<i64>) -> Self {
        // `None` if a bound excludes all numbers.
        let least = match range.start_bound() {
            Bound::Included(least) => Some(Some(*least)),
            Bound::Excluded(below) => below.checked_add(1).map(Some),
            Bound::Unbounded => Some(None),
        };
        let most = match range.end_bound() {
            Bound::Included(most) => Some(Some(*most)),
            Bound::Excluded(above) => above.checked_sub(1).map(Some),
            Bound::Unbounded => Some(None),
        };
        let is_reversed = least.flatten().zip(most.flatten()).is_some_and(|(least, most)| least > most);
        self.is_empty = least.is_none() || most.is_none() || is_reversed;
        (self.least, self.most) = (least.flatten(), most.flatten());
        self
    }

    /// Returns the expression of the range, as the service reads it: with single spaces. `None` matches all.
    fn expression(&self) -> Option<String> {
        let least = self.least.map(|least| format!("entry >= {least}"));
        let most = self.most.map(|most| format!("entry <= {most}"));
        let parts: Vec<String> = least.into_iter().chain(most).collect();
        Some(parts.join(" && ")).filter(|expression| !expression.is_empty())
    }

    /// Adds the parameters to the query.
    pub(super) fn add_to(self, request: Request) -> Result<Request> {
        if self.is_empty {
            return Err(Error::invalid_input("the range of values has no number in it"));
        }
        let request = if self.descending { request.query("orderBy", "value desc") } else { request };
        Ok(self.expression().into_iter().fold(request, |request, filter| request.query("filter", filter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_become_inclusive_bounds() {
        let expression = |filter: OrderedFilter| (filter.is_empty, filter.expression().unwrap_or_default());
        let new = OrderedFilter::new;
        for (filter, expected) in [
            (new(), ""),
            (new().range(..), ""),
            (new().range(10..=30), "entry >= 10 && entry <= 30"),
            (new().range(10..30), "entry >= 10 && entry <= 29"),
            (new().range(-5..), "entry >= -5"),
            (new().range(..5), "entry <= 4"),
            (new().range((Bound::Excluded(5), Bound::Unbounded)), "entry >= 6"),
            (new().range(7..=7), "entry >= 7 && entry <= 7"),
            (new().range(1..2).range(..), ""),
        ] {
            assert_eq!(expression(filter), (false, expected.to_owned()));
        }
        #[allow(clippy::reversed_empty_ranges)]
        let reversed = new().range(30..=10);
        for filter in [reversed, new().range(5..5), new().range(..i64::MIN)] {
            assert!(filter.is_empty, "{filter:?}");
        }
        assert!(!new().range(5..5).range(5..6).is_empty, "the last range counts");
    }
}
