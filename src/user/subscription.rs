use std::fmt;

use jiff::Timestamp;

use super::handle::User;
use crate::api::{Budget, Endpoint};
use crate::error::{self, ErrorKind};
use crate::open_enum::open_enum;
use crate::wire::{self, Fields, Json, Unreadable, model};

/// Fetches a user's subscription.
pub const GET_SUBSCRIPTION: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/subscription-products/{product}/subscriptions/{user}")
        .with_any_scope(&["universe.subscription-product.subscription:read", "universe:write"])
        .with_key_budget(Budget::per_minute(500))
        .with_oauth_budget(Budget::per_second(3));

open_enum! {
    /// The state of a [`Subscription`].
    SubscriptionState {
        /// Active. It will be renewed.
        SubscribedWillRenew = "SUBSCRIBED_WILL_RENEW",
        /// Active until it expires.
        SubscribedWillNotRenew = "SUBSCRIBED_WILL_NOT_RENEW",
        /// Active. The payment for its renewal is pending.
        SubscribedRenewalPaymentPending = "SUBSCRIBED_RENEWAL_PAYMENT_PENDING",
        /// Expired.
        Expired = "EXPIRED",
    }
}

open_enum! {
    /// Why a [`Subscription`] expired.
    SubscriptionExpirationReason {
        /// The product is inactive.
        ProductInactive = "PRODUCT_INACTIVE",
        /// The product was deleted.
        ProductDeleted = "PRODUCT_DELETED",
        /// The subscriber cancelled it.
        SubscriberCancelled = "SUBSCRIBER_CANCELLED",
        /// The subscriber was refunded.
        SubscriberRefunded = "SUBSCRIBER_REFUNDED",
        /// It wasn't paid in time.
        Lapsed = "LAPSED",
    }
}

open_enum! {
    /// Where a [`Subscription`] was bought.
    SubscriptionPurchasePlatform {
        /// Roblox's website.
        Desktop = "DESKTOP",
        /// The mobile app.
        Mobile = "MOBILE",
    }
}

open_enum! {
    /// How a [`Subscription`] is paid.
    SubscriptionPaymentProvider {
        /// Stripe.
        Stripe = "STRIPE",
        /// Apple.
        Apple = "APPLE",
        /// Google.
        Google = "GOOGLE",
        /// Roblox credit.
        RobloxCredit = "ROBLOX_CREDIT",
        /// Robux.
        Robux = "ROBUX",
    }
}

model! {
    prepare Self::settle;
    /// A user's subscription to a product of an experience, from [`User::fetch_subscription`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/Subscription>
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Subscription {
        /// The resource path, `universes/{universe}/subscription-products/{product}/subscriptions/{user}`.
        #[optional]
        pub path: String,
        /// The resource path of the subscriber, `users/{user}`.
        #[optional]
        pub user: String,
        /// Whether the subscription is active: the user has paid for the current period.
        pub active: bool,
        /// Whether the subscription will be renewed.
        #[with(wire::strict)]
        pub will_renew: bool,
        /// The state.
        pub state: Option<SubscriptionState>,
        /// When the user subscribed.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// When the subscription last changed.
        #[serde(rename = "updateTime")]
        pub updated_at: Option<Timestamp>,
        /// When it was last paid.
        #[serde(rename = "lastBillingTime")]
        pub last_billed_at: Option<Timestamp>,
        /// When it will be renewed.
        #[serde(rename = "nextRenewTime")]
        pub renews_at: Option<Timestamp>,
        /// When it will expire, or has expired.
        #[serde(rename = "expireTime")]
        pub expires_at: Option<Timestamp>,
        /// Details of the expiration.
        pub expiration_details: Option<SubscriptionExpirationDetails>,
        /// Where it was bought.
        pub purchase_platform: Option<SubscriptionPurchasePlatform>,
        /// How it is paid.
        pub payment_provider: Option<SubscriptionPaymentProvider>,
    }
}

model! {
    /// Details of a [`Subscription`] that has expired.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct SubscriptionExpirationDetails {
        /// Why it expired.
        pub reason: Option<SubscriptionExpirationReason>,
    }
}

impl Subscription {
    /// Creates an active subscription that will be renewed, for tests.
    #[must_use]
    pub fn new() -> Self {
        Self { active: true, will_renew: true, state: Some(SubscriptionState::SubscribedWillRenew), ..Self::default() }
    }

    /// Fills in what follows from the state.
    fn settle(fields: &mut Fields<'_>) -> Result<(), Unreadable> {
        let state = match fields.get_mut("state") {
            Some(Some(Json::Text(state))) => Some(SubscriptionState::from(&**state)),
            _ => None,
        };
        for (field, by_state) in [
            ("active", state.as_ref().and_then(SubscriptionState::is_active)),
            ("willRenew", state.as_ref().and_then(SubscriptionState::will_renew)),
        ] {
            let Some(json) = fields.get_mut(field) else { continue };
            let is_readable = matches!(json, Some(Json::Bool(_)))
                || matches!(json, Some(Json::Text(text)) if text.parse::<bool>().is_ok());
            if let Some(by_state) = by_state.filter(|_| !is_readable) {
                *json = Some(Json::Bool(by_state));
            }
        }
        Ok(())
    }
}

impl SubscriptionState {
    /// Whether a subscription in this state is active, by the definition in the reference. `None` for an unknown state.
    fn is_active(&self) -> Option<bool> {
        match self {
            Self::SubscribedWillRenew | Self::SubscribedWillNotRenew | Self::SubscribedRenewalPaymentPending => {
                Some(true)
            }
            Self::Expired => Some(false),
            Self::Unknown(_) => None,
        }
    }

    /// Whether a subscription in this state will be renewed, by the definition in the reference.
    fn will_renew(&self) -> Option<bool> {
        match self {
            Self::SubscribedWillRenew | Self::SubscribedRenewalPaymentPending => Some(true),
            Self::SubscribedWillNotRenew | Self::Expired => Some(false),
            Self::Unknown(_) => None,
        }
    }
}

/// `active` or `inactive`, and the state.
impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.active { "active" } else { "inactive" })?;
        match &self.state {
            Some(state) => write!(f, " ({state})"),
            None => Ok(()),
        }
    }
}

impl User {
    /// Fetches the user's subscription to a product of an experience. Returns `None` if there is none.
    ///
    /// `universe_id` is the id of the experience, and `product_id` that of the product, such as `EXP-1234`. The service
    /// doesn't distinguish a user who never subscribed from a product that doesn't exist.
    ///
    /// Calls [`GET_SUBSCRIPTION`], which needs the scope `universe:write` of the experience or, with OAuth 2.0 and for
    /// the authorizing user's own subscription, `universe.subscription-product.subscription:read`.
    ///
    /// ```
    /// # use rblxopencloud::user::Subscription;
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.add_subscription(13058, "EXP-1234", 156, Subscription::new());
    /// # let user = sandbox.client().user(156);
    /// let pays = user.fetch_subscription(13058, "EXP-1234")?.is_some_and(|subscription| subscription.active);
    /// # assert!(pays);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`PermissionDenied`](crate::ErrorKind::PermissionDenied) if the key has no access to the experience, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response doesn't tell whether the subscription is active.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/Subscription#Cloud_GetSubscription>
    pub fn fetch_subscription(&self, universe_id: u64, product_id: &str) -> error::Result<Option<Subscription>> {
        let request = self.client.call(&GET_SUBSCRIPTION).param("universe", universe_id);
        let request = request.param("product", product_id).param("user", self.id);
        // The default view has `active` and `willRenew` only.
        match request.query("view", "FULL").fetch() {
            // A proxy's 404 doesn't tell whether the user pays.
            Err(error) if error.kind() == ErrorKind::NotFound && error.code() == Some("NOT_FOUND") => Ok(None),
            result => result.map(Some),
        }
    }
}
