//! The creator store: searches, and the products of assets.

mod asset;
mod kinds;
mod money;
mod product;
mod search;
mod search_page;

pub use asset::{
    StoreAsset, StoreAssetDetails, StoreAssetInfo, StoreCapabilities, StoreCreator, StoreInstanceCounts,
    StoreMeshSummary, StorePreviews, StorePrice, StoreSocialLink, StoreVoting,
};
pub use kinds::{ModelSubType, StoreAudioType};
pub use money::{Decimal, Money};
pub use product::{
    CREATE_CREATOR_STORE_PRODUCT, CreatorStoreProduct, CreatorStoreProductType, GET_CREATOR_STORE_PRODUCT,
    ProductRestriction, StoreProductUpdate, UPDATE_CREATOR_STORE_PRODUCT,
};
pub use search::{
    AssetSearch, AssetSearchCategory, AssetSearchSort, AssetSearchView, ModelInstanceType, MusicChart, SEARCH_ASSETS,
    SortDirection,
};
pub use search_page::AssetSearchPage;
