use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value, json};

use super::money::Money;
use crate::api::Endpoint;
use crate::asset::{AssetHandle, Creator};
use crate::error::{Error, Result};
use crate::open_enum::open_enum;
use crate::request::Request;
use crate::wire::{self, model};

/// Puts an asset on the creator store.
pub const CREATE_CREATOR_STORE_PRODUCT: Endpoint = Endpoint::post("/cloud/v2/creator-store-products")
    .with_scopes(&["creator-store-product:write"])
    .naming_in_body()
    .with_budget(30, 30);

/// Fetches a product of the creator store.
pub const GET_CREATOR_STORE_PRODUCT: Endpoint = Endpoint::get("/cloud/v2/creator-store-products/{product}")
    .with_scopes(&["creator-store-product:read"])
    .with_budget(30, 30);

/// Updates a product of the creator store.
pub const UPDATE_CREATOR_STORE_PRODUCT: Endpoint = Endpoint::patch("/cloud/v2/creator-store-products/{product}")
    .with_scopes(&["creator-store-product:write"])
    .with_budget(30, 30)
    .harmless();

open_enum! {
    /// The type of a [`CreatorStoreProduct`].
    #[allow(missing_docs)]
    CreatorStoreProductType {
        Model = "model",
        Plugin = "plugin",
        Audio = "audio",
        Decal = "decal",
        MeshPart = "meshPart",
        Video = "video",
        FontFamily = "fontFamily",
    }
}

open_enum! {
    /// Why a [`CreatorStoreProduct`] can't be acquired.
    ProductRestriction {
        /// Roblox has restricted the asset.
        SoldItemRestricted = "SOLD_ITEM_RESTRICTED",
        /// Roblox has restricted the seller for a time.
        SellerTemporarilyRestricted = "SELLER_TEMPORARILY_RESTRICTED",
        /// Roblox has restricted the seller.
        SellerPermanentlyRestricted = "SELLER_PERMANENTLY_RESTRICTED",
        /// The seller's account was deleted or is no longer active.
        SellerNoLongerActive = "SELLER_NO_LONGER_ACTIVE",
    }
}

/// A product of the creator store, from [`AssetHandle::fetch_store_product`].
///
/// <https://create.roblox.com/docs/cloud/reference/features/creator-store#Cloud_GetCreatorStoreProduct>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatorStoreProduct {
    /// The resource path, `creator-store-products/{product}`.
    pub path: String,
    /// The type of the product.
    pub product_type: Option<CreatorStoreProductType>,
    /// The id of the asset.
    pub asset_id: Option<u64>,
    /// The price that the seller has set.
    pub base_price: Option<Money>,
    /// What the owner of the credentials would pay.
    pub purchase_price: Option<Money>,
    /// Whether the seller wants to distribute the product.
    pub published: bool,
    /// Why the product can't be acquired. Empty if it can.
    pub restrictions: Vec<ProductRestriction>,
    /// Whether the product can be acquired: it is published and has no restrictions.
    pub purchasable: bool,
    /// Who sells the product.
    pub seller: Option<Creator>,
    /// The name of the asset. The reference doesn't have it.
    pub display_name: Option<String>,
    /// The description of the asset. The reference doesn't have it.
    pub description: Option<String>,
}

/// `plugin 1234 for 4.99 USD`.
impl fmt::Display for CreatorStoreProduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let product_type = self.product_type.as_ref().map_or("product", CreatorStoreProductType::as_str);
        write!(f, "{product_type} {}", self.asset_id.unwrap_or_default())?;
        match &self.base_price {
            Some(price) => write!(f, " for {price}"),
            None => Ok(()),
        }
    }
}

model! {
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct WireProduct {
        #[optional]
        path: String,
        base_price: Option<Money>,
        purchase_price: Option<Money>,
        #[serde(deserialize_with = "wire::strict_or_null")]
        published: bool,
        #[serde(deserialize_with = "wire::strict_or_null", skip_serializing_if = "Vec::is_empty")]
        restrictions: Vec<ProductRestriction>,
        #[serde(deserialize_with = "wire::strict_or_null")]
        purchasable: bool,
        user_seller: Option<String>,
        group_seller: Option<String>,
        display_name: Option<String>,
        description: Option<String>,
        /// The field that names the asset, which is read apart.
        #[serde(flatten, skip_deserializing)]
        others: Map<String, Value>,
    }
}

/// The suffix of the field that names the asset, such as `modelAssetId`.
const ASSET_ID: &str = "AssetId";

/// Returns the id of an asset's product, such as `CreatorMarketplaceAsset-Plugin-1234`.
fn product_name(product_type: &CreatorStoreProductType, asset_id: u64) -> String {
    let mut name = product_type.to_string();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("CreatorMarketplaceAsset-{name}-{asset_id}")
}

impl<'de> Deserialize<'de> for CreatorStoreProduct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::deserialize(deserializer)?;
        let item = fields.iter().find_map(|(field, id)| {
            let id = id.as_u64().or_else(|| wire::decimal(id.as_str()?));
            Some((CreatorStoreProductType::from(field.strip_suffix(ASSET_ID)?), id?))
        });
        let wire: WireProduct = wire::from_fields(fields).map_err(de::Error::custom)?;
        let id = |text: &Option<String>, collection: &str| {
            let text = text.as_deref()?;
            wire::path_id(text, collection).or_else(|| wire::decimal(text))
        };
        let seller = id(&wire.user_seller, "users").map(Creator::User);
        let (product_type, asset_id) = item.unzip();
        Ok(Self {
            seller: seller.or_else(|| id(&wire.group_seller, "groups").map(Creator::Group)),
            path: wire.path,
            product_type,
            asset_id,
            base_price: wire.base_price,
            purchase_price: wire.purchase_price,
            published: wire.published,
            restrictions: wire.restrictions,
            purchasable: wire.purchasable,
            display_name: wire.display_name,
            description: wire.description,
        })
    }
}

impl Serialize for CreatorStoreProduct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (user_seller, group_seller) = match self.seller {
            Some(Creator::User(id)) => (Some(id.to_string()), None),
            Some(Creator::Group(id)) => (None, Some(id.to_string())),
            None => (None, None),
        };
        let mut others = Map::new();
        if let (Some(of), Some(id)) = (&self.product_type, self.asset_id) {
            others.insert(format!("{of}{ASSET_ID}"), json!(id.to_string()));
        }
        WireProduct {
            path: self.path.clone(),
            base_price: self.base_price.clone(),
            purchase_price: self.purchase_price.clone(),
            published: self.published,
            restrictions: self.restrictions.clone(),
            purchasable: self.purchasable,
            user_seller,
            group_seller,
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            others,
        }
        .serialize(serializer)
    }
}

/// What to change of a [`CreatorStoreProduct`].
///
/// ```
/// use rblxopencloud::store::{Money, StoreProductUpdate};
///
/// let update = StoreProductUpdate::new().base_price(Money::usd("4.99")?).published(true);
/// # Ok::<(), rblxopencloud::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct StoreProductUpdate {
    base_price: Option<Money>,
    published: Option<bool>,
}

impl StoreProductUpdate {
    /// Creates an update that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the price. Each type of product has a list of allowed prices; see the reference.
    pub fn base_price(mut self, price: Money) -> Self {
        self.base_price = Some(price);
        self
    }

    /// Sets whether the product is distributed.
    pub fn published(mut self, published: bool) -> Self {
        self.published = Some(published);
        self
    }

    /// Returns the fields and their values.
    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        if let Some(price) = &self.base_price {
            fields.insert("basePrice".to_owned(), json!(price));
        }
        if let Some(published) = self.published {
            fields.insert("published".to_owned(), json!(published));
        }
        fields
    }
}

impl AssetHandle {
    /// Fetches the asset's product on the creator store, which is named after the asset's type and id.
    ///
    /// Calls [`GET_CREATOR_STORE_PRODUCT`], which needs the scope `creator-store-product:read`.
    ///
    /// ```
    /// use rblxopencloud::store::CreatorStoreProductType;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// # let free = rblxopencloud::store::StoreProductUpdate::new().published(true);
    /// # asset.create_store_product(&CreatorStoreProductType::MeshPart, &free)?;
    /// let product = asset.fetch_store_product(&CreatorStoreProductType::MeshPart)?;
    /// println!("{product}, on sale: {}", product.purchasable);
    /// # assert!(product.purchasable);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the asset was never on the store.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/creator-store#Cloud_GetCreatorStoreProduct>
    pub fn fetch_store_product(&self, product_type: &CreatorStoreProductType) -> Result<CreatorStoreProduct> {
        self.store_product(&GET_CREATOR_STORE_PRODUCT, product_type).fetch()
    }

    /// Puts the asset on the creator store. If it was there before, [update](Self::update_store_product) its product.
    ///
    /// Calls [`CREATE_CREATOR_STORE_PRODUCT`], which needs the scope `creator-store-product:write`.
    ///
    /// ```
    /// use rblxopencloud::store::{CreatorStoreProductType, Money, StoreProductUpdate};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let upload = upload.asset_type(rblxopencloud::AssetType::Decal);
    /// # let asset = client.asset(client.user(156).upload_asset_with(upload)?.wait()?.id);
    /// let free = StoreProductUpdate::new().base_price(Money::usd("0")?).published(true);
    /// let product = asset.create_store_product(&CreatorStoreProductType::Decal, &free)?;
    /// println!("{product}");
    /// asset.update_store_product(&CreatorStoreProductType::Decal, &StoreProductUpdate::new().published(false))?;
    /// # assert!(!asset.fetch_store_product(&CreatorStoreProductType::Decal)?.published);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Rejected`](crate::ErrorKind::Rejected) if the price isn't one of the allowed ones.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/creator-store#Cloud_CreateCreatorStoreProduct>
    #[doc(alias = "sell")]
    pub fn create_store_product(
        &self,
        product_type: &CreatorStoreProductType,
        product: &StoreProductUpdate,
    ) -> Result<CreatorStoreProduct> {
        let mut fields = product.fields();
        fields.insert(format!("{product_type}{ASSET_ID}"), json!(self.id().to_string()));
        self.client().call(&CREATE_CREATOR_STORE_PRODUCT).json(&fields).fetch()
    }

    /// Updates the asset's product on the creator store.
    ///
    /// Calls [`UPDATE_CREATOR_STORE_PRODUCT`], which needs the scope `creator-store-product:write`.
    ///
    /// ```
    /// use rblxopencloud::store::{CreatorStoreProductType, Money, StoreProductUpdate};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// # let free = rblxopencloud::store::StoreProductUpdate::new().published(true);
    /// # asset.create_store_product(&CreatorStoreProductType::MeshPart, &free)?;
    /// let update = StoreProductUpdate::new().base_price(Money::usd("4.99")?);
    /// let product = asset.update_store_product(&CreatorStoreProductType::MeshPart, &update)?;
    /// assert_eq!(product.base_price, Some(Money::usd("4.99")?));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the update changes nothing, and
    /// [`NotFound`](crate::ErrorKind::NotFound) if the asset was never on the store.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/creator-store#Cloud_UpdateCreatorStoreProduct>
    pub fn update_store_product(
        &self,
        product_type: &CreatorStoreProductType,
        update: &StoreProductUpdate,
    ) -> Result<CreatorStoreProduct> {
        let fields = update.fields();
        if fields.is_empty() {
            return Err(Error::invalid_input("the update changes nothing"));
        }
        let mask: Vec<&str> = fields.keys().map(String::as_str).collect();
        let mask = mask.join(",");
        let request = self.store_product(&UPDATE_CREATOR_STORE_PRODUCT, product_type);
        request.query("updateMask", mask).json(&fields).fetch()
    }

    /// The type may be unknown, so that it is any text.
    fn store_product(&self, endpoint: &Endpoint, product_type: &CreatorStoreProductType) -> Request {
        self.client().call(endpoint).param("product", product_name(product_type, self.id()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_read_and_written() {
        let json = json!({
            "path": "creator-store-products/123", "pluginAssetId": "123", "userSeller": "156",
            "displayName": "Tools", "description": "of wood",
            "basePrice": { "currencyCode": "USD", "quantity": { "significand": 4_990_000_000_i64, "exponent": -9 } },
            "published": true, "purchasable": true, "restrictions": ["SOLD_ITEM_RESTRICTED"],
        });
        let product: CreatorStoreProduct = serde_json::from_value(json.clone()).expect("it is a product");
        assert_eq!((product.asset_id, product.seller), (Some(123), Some(Creator::User(156))));
        assert_eq!(product.to_string(), "plugin 123 for 4.99 USD");
        assert_eq!(serde_json::to_value(&product).expect("it is JSON"), json);
        let new = json!({ "hologramAssetId": 7, "groupSeller": "9" });
        let product: CreatorStoreProduct = serde_json::from_value(new).expect("it is a product");
        assert_eq!(product.product_type, Some(CreatorStoreProductType::from("hologram")));
        assert_eq!(product.seller, Some(Creator::Group(9)));
        let path = json!({ "userSeller": "users/156" });
        let product: CreatorStoreProduct = serde_json::from_value(path).expect("it is a product");
        assert_eq!(product.seller, Some(Creator::User(156)));
    }
}
