//! Users: what they have beside their profile, such as quotas, notifications, subscriptions and followed experiences.
//!
//! [`Client::user`](crate::Client::user) returns the handle, [`User`]. What users own is in
//! [`inventory`](crate::inventory).

// First, so that the page of `User` begins with its constructor.
pub(crate) mod handle;

pub(crate) mod followings;
pub(crate) mod info;
pub(crate) mod names;
pub(crate) mod notification;
pub(crate) mod quotas;
pub(crate) mod subscription;
pub(crate) mod thumbnail;
mod uploads;

pub use followings::{ExperienceFollowing, ExperienceFollowingStatus};
pub(crate) use handle::User;
pub use info::{SocialNetworkProfiles, SocialNetworkVisibility};
pub use names::FoundUser;
pub use notification::{Notification, NotificationParameter, SentNotification};
pub use quotas::{AssetQuota, AssetQuotaFilter, AssetQuotaKind, AssetQuotaPeriod, AssetQuotaType};
pub use subscription::{
    Subscription, SubscriptionExpirationDetails, SubscriptionExpirationReason, SubscriptionPaymentProvider,
    SubscriptionPurchasePlatform, SubscriptionState,
};
pub use thumbnail::{ThumbnailFormat, ThumbnailShape, ThumbnailSize};
