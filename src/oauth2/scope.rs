use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::api::Endpoint;
use crate::error::{Error, Result};

/// A scope: what an app may do for a user.
///
/// The known ones are constants, named as the service writes them: `asset:read` is [`ASSET_READ`](Self::ASSET_READ). Any other is
/// a text.
///
/// ```
/// use rblxopencloud::endpoints::{CREATE_ASSET, LIST_INVENTORY_ITEMS};
/// use rblxopencloud::oauth2::Scope;
///
/// let scopes = [Scope::OPENID, Scope::PROFILE, Scope::from("universe-places:write")];
/// assert_eq!(scopes[1].as_str(), "profile");
///
/// // Those of the calls that a program makes.
/// let scopes = Scope::for_endpoints([LIST_INVENTORY_ITEMS, CREATE_ASSET]);
/// assert!(scopes.contains(&Scope::USER_INVENTORY_ITEM_READ) && scopes.contains(&Scope::ASSET_WRITE));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope(Cow<'static, str>);

/// Declares the known scopes.
macro_rules! scopes {
    ($($(#[$meta:meta])* $name:ident = $text:literal,)+) => {
        impl Scope {
            $(
                $(#[$meta])*
                #[doc = concat!("\n\n`", $text, "`")]
                #[doc(alias = $text)]
                pub const $name: Self = Self(Cow::Borrowed($text));
            )+

            /// All scopes that have a constant.
            pub const KNOWN: &'static [Self] = &[$(Self::$name,)+];
        }

        #[cfg(test)]
        const NAMES: &[(&str, &str)] = &[$((stringify!($name), $text),)+];
    };
}

scopes! {
    /// Tells the user's id, in an id token.
    OPENID = "openid",
    /// Tells the user's names, creation time and picture.
    PROFILE = "profile",
    /// Tells whether the user is verified and has Premium.
    USER_ADVANCED_READ = "user.advanced:read",
    /// Tells the user's social accounts.
    USER_SOCIAL_READ = "user.social:read",
    /// Reads the user's inventory, also a private one.
    USER_INVENTORY_ITEM_READ = "user.inventory-item:read",
    /// Sends notifications to the user.
    USER_USER_NOTIFICATION_WRITE = "user.user-notification:write",
    /// Reads assets.
    ASSET_READ = "asset:read",
    /// Creates and changes assets.
    ASSET_WRITE = "asset:write",
    /// Grants permissions for assets.
    ASSET_PERMISSIONS_WRITE = "asset-permissions:write",
    /// Delivers the content of assets.
    LEGACY_ASSET_MANAGE = "legacy-asset:manage",
    /// Reads products of the creator store.
    CREATOR_STORE_PRODUCT_READ = "creator-store-product:read",
    /// Sells assets on the creator store.
    CREATOR_STORE_PRODUCT_WRITE = "creator-store-product:write",
    /// Reads groups.
    GROUP_READ = "group:read",
    /// Changes groups.
    GROUP_WRITE = "group:write",
    /// Lists the groups that the user can manage.
    LEGACY_GROUP_MANAGE = "legacy-group:manage",
    /// Reads which experiences the user follows.
    LEGACY_UNIVERSE_FOLLOWING_READ = "legacy-universe.following:read",
    /// Follows experiences.
    LEGACY_UNIVERSE_FOLLOWING_WRITE = "legacy-universe.following:write",
    /// Reads subscriptions.
    UNIVERSE_SUBSCRIPTION_PRODUCT_SUBSCRIPTION_READ = "universe.subscription-product.subscription:read",
    /// Changes experiences.
    UNIVERSE_WRITE = "universe:write",
    /// Sends messages to the servers of experiences.
    UNIVERSE_MESSAGING_SERVICE_PUBLISH = "universe-messaging-service:publish",
}

impl Scope {
    /// Returns the scope as the service writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns [`OPENID`](Self::OPENID) and the scopes that calls to these endpoints need, each once.
    ///
    /// Scopes that open a part of a response are among them. Where one of several scopes is enough, it is the first.
    #[must_use]
    pub fn for_endpoints(endpoints: impl IntoIterator<Item = Endpoint>) -> Vec<Self> {
        let needed: BTreeSet<&'static str> =
            endpoints.into_iter().flat_map(|endpoint| endpoint.scopes_to_request()).collect();
        let needed = needed.into_iter().map(|scope| Self(Cow::Borrowed(scope)));
        std::iter::once(Self::OPENID).chain(needed).collect()
    }

    /// Reads the scopes of a response, which spaces separate.
    pub(super) fn split(text: &str) -> Vec<Self> {
        text.split_ascii_whitespace().map(Self::from).collect()
    }

    /// Returns the scopes as one text, each once.
    pub(super) fn join(scopes: &[Self]) -> Result<String> {
        // RFC 6749, section 3.3.
        let is_valid = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let mut text = String::new();
        for (index, scope) in scopes.iter().enumerate() {
            if scope.0.is_empty() || !scope.0.bytes().all(is_valid) {
                return Err(Error::invalid_text("scope", &scope.0, "expected the form asset:read"));
            }
            if !scopes[..index].contains(scope) {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(&scope.0);
            }
        }
        if text.is_empty() {
            return Err(Error::invalid_input("no scopes; request one at least, such as \"openid\"").of_setting());
        }
        Ok(text)
    }
}

impl From<&str> for Scope {
    fn from(text: &str) -> Self {
        let known = Self::KNOWN.iter().find(|known| known.0 == text);
        known.cloned().unwrap_or_else(|| Self(Cow::Owned(text.to_owned())))
    }
}

impl From<String> for Scope {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl PartialEq<str> for Scope {
    fn eq(&self, text: &str) -> bool {
        self.0 == text
    }
}

impl PartialEq<&str> for Scope {
    fn eq(&self, text: &&str) -> bool {
        self.0 == *text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints;

    #[test]
    fn constants_are_named_as_the_service_writes_the_scopes() {
        for (name, text) in NAMES {
            let written = text.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            assert_eq!(*name, written, "{text}");
        }
    }

    #[test]
    fn scopes_are_joined_once_each() {
        let join = |scopes: &[&str]| Scope::join(&scopes.iter().map(|&scope| scope.into()).collect::<Vec<_>>());
        assert_eq!(join(&["openid", "profile", "openid"]).unwrap(), "openid profile");
        for bad in [&[][..], &[""], &["openid profile"], &["a\"b"], &["a\\b"], &["é"], &["a\n"]] {
            assert!(join(bad).unwrap_err().to_string().contains("scope"), "{bad:?}");
        }
        assert_eq!(Scope::split(" openid  asset:read "), [Scope::OPENID, Scope::ASSET_READ]);
    }

    #[test]
    fn the_scopes_of_endpoints_are_requested_once() {
        let scopes = Scope::for_endpoints([
            endpoints::GET_USER,
            endpoints::CREATE_ASSET,
            endpoints::GET_ASSET,
            endpoints::GET_SUBSCRIPTION,
            endpoints::FIND_USERS,
        ]);
        let expected = [
            Scope::OPENID,
            Scope::ASSET_READ,
            Scope::ASSET_WRITE,
            Scope::UNIVERSE_SUBSCRIPTION_PRODUCT_SUBSCRIPTION_READ,
            Scope::USER_ADVANCED_READ,
            Scope::USER_SOCIAL_READ,
        ];
        // Of alternatives, one is enough; the other may do more.
        assert_eq!(scopes, expected);
    }
}
