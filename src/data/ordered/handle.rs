use super::entry::OrderedEntry;
use crate::api::{Budget, Endpoint};
use crate::error::{Error, Result};
use crate::experience::handle::Experience;
use crate::request::Request;

/// Fetches an entry of an ordered data store.
pub const GET_ORDERED_ENTRY: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/ordered-data-stores/{store}/scopes/{scope}/entries/{entry}")
        .with_scopes(&["universe.ordered-data-store.scope.entry:read"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

/// The most characters of the name of a data store, and of a scope.
const LONGEST_NAME: usize = 50;
/// The most characters of the id of an entry.
const LONGEST_ID: usize = 63;

/// A handle for an ordered data store of an experience, whose entries are whole numbers.
///
/// An entry has neither a history nor users: what is overwritten or deleted is gone.
///
/// All methods need an API key. Game servers share the limits of an experience: 300 reads and as many writes a minute, and more
/// with each player who is in the game.
///
/// ```
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
/// # let client = sandbox.client();
/// let coins = client.experience(13058).ordered_data_store("Coins");
/// coins.set("user_156", 700)?;
/// coins.increment("user_156", 50)?;
/// for entry in coins.top(10)? {
///     println!("{:>8}  {}", entry.value, entry.id);
/// }
/// # assert_eq!(coins.fetch("user_156")?.map(|entry| entry.value), Some(750));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "leaderboard")]
pub struct OrderedDataStore {
    experience: Experience,
    name: String,
    scope: String,
}

impl Experience {
    /// Returns a handle for the ordered data store with this name, and its scope `global`. Makes no request.
    ///
    /// It is the store that `DataStoreService:GetOrderedDataStore` returns in the game. A store is there once it has an entry.
    #[must_use]
    pub fn ordered_data_store(&self, name: impl Into<String>) -> OrderedDataStore {
        OrderedDataStore { experience: self.clone(), name: name.into(), scope: "global".to_owned() }
    }
}

impl OrderedDataStore {
    /// Returns a handle for the entries of another scope. Makes no request.
    #[must_use]
    pub fn with_scope(&self, scope: impl Into<String>) -> Self {
        Self { scope: scope.into(), ..self.clone() }
    }

    /// Returns the name of the store.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the scope.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Returns the experience that has the store.
    #[must_use]
    pub fn experience(&self) -> &Experience {
        &self.experience
    }

    /// Fetches an entry. Returns `None` if there is none with this id.
    ///
    /// Calls [`GET_ORDERED_ENTRY`], which needs the scope `universe.ordered-data-store.scope.entry:read`.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the id, or the name of the store or the scope, is empty or too
    /// long.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_GetOrderedDataStoreEntry>
    pub fn fetch(&self, id: &str) -> Result<Option<OrderedEntry>> {
        match self.call_entry(&GET_ORDERED_ENTRY, id)?.fetch_model::<OrderedEntry>() {
            Ok(entry) => Ok(Some(entry.or_id(id))),
            Err(error) if error.is_no_such_resource() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Starts a call about the store.
    pub(super) fn call(&self, endpoint: &Endpoint) -> Result<Request> {
        check_length("name of the ordered data store", &self.name, LONGEST_NAME)?;
        check_length("scope of the ordered data store", &self.scope, LONGEST_NAME)?;
        let request = self.experience.client().call(endpoint).param("universe", self.experience.id());
        let request = request.key_param("store", &self.name).key_param("scope", &self.scope);
        Ok(request.echo(&*self.name).echo(&*self.scope))
    }

    /// Starts a call about an entry.
    pub(in crate::data) fn call_entry(&self, endpoint: &Endpoint, id: &str) -> Result<Request> {
        check_id(id)?;
        Ok(self.call(endpoint)?.key_param("entry", id).echo(id))
    }
}

pub(super) fn check_id(id: &str) -> Result<()> {
    check_length("id of the entry", id, LONGEST_ID)
}

/// Refuses what the service would refuse. A name that is merely strange is left to it.
fn check_length(what: &str, text: &str, most: usize) -> Result<()> {
    match text.chars().count() {
        0 => Err(Error::invalid_input(format!("the {what} is empty"))),
        length if length > most => {
            Err(Error::invalid_input(format!("the {what} has {length} characters; at most {most} are allowed")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_limits_in_characters() {
        for (text, is_allowed) in [("", false), ("a", true), (&*"é".repeat(63), true), (&*"x".repeat(64), false)] {
            assert_eq!(check_id(text).is_ok(), is_allowed, "{text}");
        }
        let error = check_id(&"x".repeat(64)).expect_err("it is too long").to_string();
        assert!(error.contains("64 characters") && !error.contains("xx"), "{error}");
    }
}
