use serde_json::value::RawValue;

use super::check::LARGEST_EXACT;
use super::entry::DataStoreEntry;
use super::handle::{DOCUMENTED, DataStore, Endpoints};
use super::metadata::EntryMetadata;
use super::raw::RawEntry;
use super::share::Use;
use crate::api::Endpoint;
use crate::error::{Error, Result};
use crate::request::Body;

/// Adds to the number that is the value of an entry of a data store. The service erases the `users` and the `attributes` that the
/// body leaves out.
pub const INCREMENT_DATA_STORE_ENTRY: Endpoint =
    Endpoint::post("/cloud/v2/universes/{universe}/data-stores/{store}/entries/{entry}:increment")
        .with_scopes(&["universe-datastores.objects:create", "universe-datastores.objects:update"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

/// Adds to the number that is the value of an entry in a scope of a data store. See [`INCREMENT_DATA_STORE_ENTRY`].
pub const INCREMENT_SCOPED_DATA_STORE_ENTRY: Endpoint =
    Endpoint::post("/cloud/v2/universes/{universe}/data-stores/{store}/scopes/{scope}/entries/{entry}:increment")
        .with_scopes(&["universe-datastores.objects:create", "universe-datastores.objects:update"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

const INCREMENT: Endpoints =
    Endpoints { global: &INCREMENT_DATA_STORE_ENTRY, scoped: &INCREMENT_SCOPED_DATA_STORE_ENTRY, used: Use::Write };

/// How often an increment whose outcome was unknown is made again, after it certainly had no effect.
const MOST_REPEATS: u32 = 3;

impl DataStore {
    /// Adds to the whole number that is the value of an entry, or creates the entry with this number. Returns the entry after it.
    ///
    /// Users and attributes stay: the service would erase them, so the entry is read first. If somebody else changes the users or
    /// the attributes in between, that change is lost, but never one of the value. [`update`](Self::update) loses neither.
    ///
    /// Calls [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY) and [`INCREMENT_DATA_STORE_ENTRY`], or in a scope
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY) and
    /// [`INCREMENT_SCOPED_DATA_STORE_ENTRY`], which need the scopes `universe-datastores.objects:read`,
    /// `universe-datastores.objects:create` and `universe-datastores.objects:update`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Visits");
    /// assert_eq!(store.increment("total", 5)?.value, 5);
    /// assert_eq!(store.increment("total", -2)?.value, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the value isn't a whole number, or would leave the range of
    /// ±2⁵³ in which the service keeps whole numbers exactly. After a connection that broke, the increment isn't made again, and the
    /// error's [`outcome_unknown`](crate::Error::outcome_unknown) is true: [`update`](Self::update) finds out by itself.
    #[doc(alias = "IncrementAsync")]
    pub fn increment(&self, key: impl AsRef<str>, amount: i64) -> Result<DataStoreEntry<i64>> {
        let key = key.as_ref();
        self.check(key)?;
        let mut repeats = 0;
        loop {
            let before = self.fetch_raw(key)?;
            let number = before.as_ref().map_or(Some(0), number_of);
            let number = number.ok_or_else(|| {
                Error::invalid_input(format!("{} has no whole number, so nothing can be added", self.shown(key)))
            })?;
            let sum = number.checked_add(amount).filter(|sum| is_exact(*sum) && is_exact(amount));
            if sum.is_none() {
                return Err(Error::invalid_input(format!(
                    "{number} and {amount} make a number beyond ±2^53, which the service wouldn't keep exactly"
                )));
            }
            let texts = EntryMetadata::new().texts(before.as_ref())?;
            let json = format!("{{\"amount\":{amount},\"users\":{},\"attributes\":{}}}", texts.users, texts.attributes);
            let request = self.of_entry(INCREMENT, key, key).body(Body::bytes("application/json", json));
            let error = match request.fetch::<RawEntry>() {
                Ok(after) => {
                    let value = number_of(&after).ok_or_else(|| {
                        Error::invalid_response(self.shown(key), "the value after it isn't a whole number")
                            .with_unknown_outcome(true)
                    })?;
                    return Ok(after.with_value(key, value));
                }
                Err(error) => error,
            };
            repeats += 1;
            if !error.outcome_unknown() || repeats > MOST_REPEATS {
                return Err(error);
            }
            // Without an answer of the service itself, it can be carried out after the read below.
            if !matches!(error.status(), Some(500 | 503)) {
                return Err(error.advise(format!("{} can still change: fetch it, and decide anew", self.shown(key))));
            }
            // The revision tells whether anything was written at all, but not by whom.
            let had_no_effect = match (&before, &self.fetch_raw(key)) {
                (Some(before), Ok(Some(now))) => before.is_same_revision(now),
                (None, Ok(None)) => true,
                _ => false,
            };
            if !had_no_effect {
                return Err(error.advise(format!(
                    "{} has been written since, so it isn't known whether this increment was made",
                    self.shown(key)
                )));
            }
        }
    }
}

fn is_exact(number: i64) -> bool {
    (-LARGEST_EXACT..=LARGEST_EXACT).contains(&number)
}

/// Reads a whole number, which can be written as `5.0` or `5e0`.
fn number_of(entry: &RawEntry) -> Option<i64> {
    let text = entry.value.as_deref().map(RawValue::get)?;
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number = text.parse::<f64>().ok()?;
    let is_whole = number.fract() == 0.0 && number.abs() <= LARGEST_EXACT as f64;
    is_whole.then_some(number as i64)
}
