//! OAuth 2.0: acting for another user, and staying signed in. Needs the feature `oauth2`.
//!
//! An app is registered in the [Creator Dashboard](https://create.roblox.com/dashboard/credentials), which gives it a client id
//! and, if it can keep one, a secret. A user authorizes it in the browser, and it then makes calls for that user: it reads their
//! private inventory, and what it uploads is theirs.
//!
//! # In a script
//!
//! [`OAuth2App::sign_in`](crate::OAuth2App::sign_in) opens the browser and waits for the redirect to `http://localhost:PORT`.
//! [`FileTokenStore`] keeps the tokens, so that the next run needs no browser. Once they are no longer good, such as after 90 idle days, or lack a scope, the
//! browser opens again:
//!
//! ```no_run
//! use rblxopencloud::endpoints::LIST_INVENTORY_ITEMS;
//! use rblxopencloud::oauth2::{FileTokenStore, Scope};
//! use rblxopencloud::OAuth2App;
//!
//! # fn main() -> rblxopencloud::Result<()> {
//! let app = OAuth2App::new("840974200211308101", "http://localhost:4000/callback");
//! let scopes = Scope::for_endpoints([LIST_INVENTORY_ITEMS]);
//! let signed_in = app.sign_in(scopes).resume_or_wait(FileTokenStore::new("tokens.json"))?;
//! for item in signed_in.user()?.list_inventory() {
//!     println!("{:?}", item?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # In a server
//!
//! [`OAuth2App::authorize_url`](crate::OAuth2App::authorize_url) returns the URL to send a user to, and what to keep until they come
//! back. [`OAuth2App::exchange_code`](crate::OAuth2App::exchange_code) checks the redirect, its state and nonce, PKCE and the signature
//! of the id token, and returns the token:
//!
//! ```no_run
//! use rblxopencloud::oauth2::{PendingSignIn, Scope};
//! use rblxopencloud::OAuth2App;
//!
//! # fn save(_: &rblxopencloud::oauth2::TokenSet) -> std::io::Result<()> { Ok(()) }
//! # fn main() -> rblxopencloud::Result<()> {
//! let app = OAuth2App::new("840974200211308101", "https://app.example/callback").secret("RBX-CR9-St12L");
//!
//! // The user clicks on "sign in": keep `pending` in their session, and redirect them to `pending.url()`.
//! let pending = app.authorize_url([Scope::OPENID, Scope::PROFILE])?;
//!
//! // They come back to `/callback?code=…&state=…`.
//! # let target = "";
//! let signed_in = app.exchange_code(target, &pending)?.keep_in(save)?;
//! println!("{} is here", signed_in.access_token()?.fetch_user_info()?);
//! # Ok(())
//! # }
//! ```
//!
//! # Staying signed in
//!
//! An access token lasts 15 minutes. [`SignedIn`] renews it shortly before it expires and after a 401, once for all threads and
//! all clones. A refresh token can be used once, and a lost one locks the user out; so the new one goes to the [`TokenStore`]
//! before the new access token is used, and if it can't be stored, calls fail until it can. Two scripts that share a
//! [`FileTokenStore`] don't spend each other's refresh token.
//!
//! One process can serve many users: all clients of an app share its connections and TLS sessions, and each has rate limits of
//! its own, because the service counts each authorization by itself. A user costs about 9 KiB with tokens of 1,000 characters.

// First, so that the page of `OAuth2App` begins with its constructor.
pub(crate) mod app;

pub(crate) mod access_token;
mod file_store;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod id_token;
mod identity;
pub(crate) mod keys;
mod loopback;
mod pending;
mod prompt;
mod random;
mod redirect;
mod resources;
mod scope;
mod secret_text;
mod signed_in;
mod store;
mod token_info;
mod tokens;
mod web_page;

pub use access_token::AccessToken;
pub(crate) use app::OAuth2App;
pub use file_store::FileTokenStore;
pub use id_token::IdTokenClaims;
pub use identity::Identity;
pub use loopback::SignIn;
pub use pending::PendingSignIn;
pub use prompt::Prompt;
pub use resources::{GrantedResources, ResourceIds, ResourceOwner};
pub use scope::Scope;
pub use signed_in::SignedIn;
pub use store::TokenStore;
pub use token_info::TokenInfo;
pub use tokens::TokenSet;
