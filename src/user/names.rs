use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::Endpoint;
use crate::call::DecodeError;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::wire::{self, model};

/// Finds users by their names. It is on another host, which never sees the credentials.
pub const FIND_USERS: Endpoint = Endpoint::post("/v1/usernames/users").on_host("https://users.roblox.com").harmless();

/// The most names in one request.
const MAX_NAMES: usize = 100;

model! {
    /// A user who was found by name, from [`Client::find_users`].
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[non_exhaustive]
    pub struct FoundUser {
        /// The name that was searched for. It can be a former name of the user, or differ in case.
        #[lenient]
        pub requested_username: String,
        /// The user's id.
        #[serde(deserialize_with = "wire::id::deserialize")]
        pub id: u64,
        /// The unique name.
        #[lenient]
        #[serde(rename = "name")]
        pub username: String,
        /// The display name, which isn't unique.
        #[lenient]
        pub display_name: String,
        /// Whether the user has the verified badge.
        #[serde(default, deserialize_with = "wire::strict_or_null")]
        pub has_verified_badge: bool,
    }
}

/// `builderman (156)`.
impl fmt::Display for FoundUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.username, self.id)
    }
}

impl Client {
    /// Finds users by their unique names. Any number of names is allowed; a request takes 100 of them.
    ///
    /// Names that no user has or had are left out of the result. Banned users are found, too.
    ///
    /// Calls [`FIND_USERS`], which needs no credentials. The names are sent to `users.roblox.com`, without the credentials of the
    /// client. With a custom [base URL](crate::ClientBuilder::base_url), they are sent there, also without credentials.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// for user in client.find_users(["builderman", "no one"])? {
    ///     println!("{} is user {}", user.requested_username, user.id);
    ///     # assert_eq!(user.id, 156);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if a name is empty, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if a user who was found can't be read.
    #[doc(alias = "usernames")]
    #[doc(alias = "get_user_by_name")]
    #[doc(alias = "resolve")]
    #[doc(alias = "lookup")]
    pub fn find_users<N: Into<String>>(&self, names: impl IntoIterator<Item = N>) -> Result<Vec<FoundUser>> {
        let mut seen = HashSet::new();
        let names: Vec<String> = names.into_iter().map(Into::into).filter(|name| seen.insert(name.clone())).collect();
        if names.iter().any(|name| name.trim().is_empty()) {
            return Err(Error::invalid_input("a name to search for is empty"));
        }
        let mut found = Vec::new();
        for names in names.chunks(MAX_NAMES) {
            let request = self.call(&FIND_USERS).json(&json!({ "usernames": names, "excludeBannedUsers": false }));
            found.extend(request.read(|body| read(body, names))?);
        }
        Ok(found)
    }
}

/// Reads the users who were found. Leaving one out would say that nobody has the name.
fn read(body: &[u8], names: &[String]) -> Result<Vec<FoundUser>, DecodeError> {
    #[derive(Deserialize)]
    struct Found {
        #[serde(deserialize_with = "wire::models")]
        data: Vec<FoundUser>,
    }
    let Found { mut data } = crate::json::from_slice(body)?;
    for user in data.iter_mut().filter(|user| user.requested_username.is_empty()) {
        let name = names.iter().find(|name| name.eq_ignore_ascii_case(&user.username));
        user.requested_username = name.ok_or_else(|| DecodeError::expected("the name that was searched for"))?.clone();
    }
    Ok(data)
}
