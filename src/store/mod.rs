//! The creator store: searches, and the products of assets.
//!
//! [`Client::search_assets`](crate::Client::search_assets) searches the store.
//! [`AssetHandle::create_store_product`](crate::AssetHandle::create_store_product) puts an asset on it.

mod asset;
mod kinds;
mod money;
pub(crate) mod product;
pub(crate) mod search;
mod search_page;

pub use asset::{
    StoreAsset, StoreAssetDetails, StoreAssetInfo, StoreCapabilities, StoreCreator, StoreInstanceCounts,
    StoreMeshSummary, StorePreviews, StorePrice, StoreSocialLink, StoreVoting,
};
pub use kinds::{ModelSubType, StoreAudioType};
pub use money::{Decimal, Money};
pub use product::{CreatorStoreProduct, CreatorStoreProductType, ProductRestriction, StoreProductUpdate};
pub use search::{
    AssetSearch, AssetSearchCategory, AssetSearchSort, AssetSearchView, ModelInstanceType, MusicChart, SortDirection,
};
pub use search_page::AssetSearchPage;
