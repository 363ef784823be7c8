//! Users: profile, inventory, groups and published assets.

// First, so that the page of `User` begins with its constructor.
mod handle;

mod find_upload;
mod followings;
mod info;
mod inventory;
mod inventory_asset_type;
mod inventory_filter;
mod names;
mod notification;
mod ownership;
mod quotas;
mod subscription;
mod thumbnail;
mod uploads;

pub use followings::{
    ExperienceFollowing, ExperienceFollowingStatus, FOLLOW_EXPERIENCE, GET_EXPERIENCE_FOLLOWING,
    LIST_EXPERIENCE_FOLLOWINGS, UNFOLLOW_EXPERIENCE,
};
pub use handle::User;
pub use info::{GET_USER, SocialNetworkProfiles, SocialNetworkVisibility, UserInfo};
pub use inventory::{
    CollectibleDetails, CollectibleInstanceState, InventoryAsset, InventoryBadge, InventoryGamePass, InventoryItem,
    InventoryItemKind, InventoryPrivateServer, LIST_INVENTORY_ITEMS,
};
pub use inventory_asset_type::InventoryAssetType;
pub use inventory_filter::{InventoryFilter, InventoryIds, InventoryKinds};
pub use names::{FIND_USERS, FoundUser};
pub use notification::{CREATE_NOTIFICATION, Notification, NotificationParameter, SentNotification};
pub use ownership::Ownership;
pub use quotas::{AssetQuota, AssetQuotaFilter, AssetQuotaKind, AssetQuotaPeriod, AssetQuotaType, LIST_ASSET_QUOTAS};
pub use subscription::{
    GET_SUBSCRIPTION, Subscription, SubscriptionExpirationDetails, SubscriptionExpirationReason,
    SubscriptionPaymentProvider, SubscriptionPurchasePlatform, SubscriptionState,
};
pub use thumbnail::{
    GENERATE_THUMBNAIL, GET_THUMBNAIL_OPERATION, Thumbnail, ThumbnailFormat, ThumbnailOptions, ThumbnailShape,
    ThumbnailSize,
};
