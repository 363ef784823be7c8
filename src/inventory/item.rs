use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::asset_type::InventoryAssetType;
use crate::open_enum::open_enum;
use crate::page::{PageItem, Values};
use crate::wire::{self, model};

/// An item in a user's inventory, from [`User::list_inventory`](crate::User::list_inventory).
///
/// <https://create.roblox.com/docs/cloud/reference/features/inventories#Cloud_ListInventoryItems>
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InventoryItem {
    /// An asset: clothing, a model, a sound, a place, …
    Asset(InventoryAsset),
    /// A badge.
    Badge(InventoryBadge),
    /// A game pass.
    GamePass(InventoryGamePass),
    /// A private server. Needs the scope `user.inventory-item:read`.
    PrivateServer(InventoryPrivateServer),
    /// An item of an unknown kind, as the service sent it.
    Unknown(Value),
}

open_enum! {
    /// The kind of an [`InventoryItem`].
    InventoryItemKind {
        /// An asset.
        Asset = "asset",
        /// A badge.
        Badge = "badge",
        /// A game pass.
        GamePass = "gamePass",
        /// A private server.
        PrivateServer = "privateServer",
    }
}

impl InventoryItem {
    /// Returns the id of the asset, badge, game pass or private server. `None` for an unknown kind.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        match self {
            Self::Asset(asset) => Some(asset.id),
            Self::Badge(badge) => Some(badge.id),
            Self::GamePass(game_pass) => Some(game_pass.id),
            Self::PrivateServer(private_server) => Some(private_server.id),
            Self::Unknown(_) => None,
        }
    }

    /// Returns the kind of the item. An item of an unknown kind is named after its field: one with `avatarDetails` has the
    /// kind `avatar`.
    #[must_use]
    pub fn kind(&self) -> InventoryItemKind {
        match self {
            Self::Asset(_) => InventoryItemKind::Asset,
            Self::Badge(_) => InventoryItemKind::Badge,
            Self::GamePass(_) => InventoryItemKind::GamePass,
            Self::PrivateServer(_) => InventoryItemKind::PrivateServer,
            Self::Unknown(json) => {
                let mut fields = json.as_object().into_iter().flat_map(|object| object.keys());
                let name = fields.find_map(|field| field.strip_suffix("Details")).unwrap_or_default();
                InventoryItemKind::Unknown(name.to_owned())
            }
        }
    }

    /// Returns when the item was added to the inventory. The service leaves it out for game passes.
    #[must_use]
    pub fn added_at(&self) -> Option<Timestamp> {
        match self {
            Self::Asset(asset) => asset.added_at,
            Self::Badge(badge) => badge.added_at,
            Self::GamePass(game_pass) => game_pass.added_at,
            Self::PrivateServer(private_server) => private_server.added_at,
            Self::Unknown(_) => None,
        }
    }

    /// Returns the resource path, `users/{user}/inventory-items/{item}`. Empty if the response has none.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Asset(asset) => &asset.path,
            Self::Badge(badge) => &badge.path,
            Self::GamePass(game_pass) => &game_pass.path,
            Self::PrivateServer(private_server) => &private_server.path,
            Self::Unknown(json) => json.get("path").and_then(Value::as_str).unwrap_or_default(),
        }
    }
}

/// The kind and the id: `badge 111`, `asset 1234 (HAT)`.
impl fmt::Display for InventoryItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asset(asset) => asset.fmt(f),
            Self::Badge(badge) => badge.fmt(f),
            Self::GamePass(game_pass) => game_pass.fmt(f),
            Self::PrivateServer(private_server) => private_server.fmt(f),
            Self::Unknown(_) if self.kind().as_str().is_empty() => f.write_str("unknown item"),
            Self::Unknown(_) => write!(f, "unknown item ({})", self.kind()),
        }
    }
}

/// An asset in an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InventoryAsset {
    /// The asset's id.
    pub id: u64,
    /// The type of the asset.
    pub asset_type: InventoryAssetType,
    /// The id of the user's copy.
    pub instance_id: Option<u64>,
    /// Details of a collectible. `None` for other assets.
    pub collectible_details: Option<CollectibleDetails>,
    /// When the asset was added to the inventory.
    pub added_at: Option<Timestamp>,
    /// The item's resource path, `users/{user}/inventory-items/{item}`.
    pub path: String,
}

impl InventoryAsset {
    /// Creates an asset with an id and a type, for tests.
    #[must_use]
    pub fn new(id: u64, asset_type: InventoryAssetType) -> Self {
        Self { id, asset_type, instance_id: None, collectible_details: None, added_at: None, path: String::new() }
    }
}

/// `asset 1234 (HAT)`.
impl fmt::Display for InventoryAsset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "asset {}", self.id)?;
        if is_unspecified(&self.asset_type) { Ok(()) } else { write!(f, " ({})", self.asset_type) }
    }
}

/// A badge in an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InventoryBadge {
    /// The badge's id.
    pub id: u64,
    /// When the badge was awarded.
    pub added_at: Option<Timestamp>,
    /// The item's resource path, `users/{user}/inventory-items/{item}`.
    pub path: String,
}

/// A game pass in an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InventoryGamePass {
    /// The game pass's id.
    pub id: u64,
    /// When the game pass was bought. The service leaves it out so far.
    pub added_at: Option<Timestamp>,
    /// The item's resource path, `users/{user}/inventory-items/{item}`.
    pub path: String,
}

/// A private server in an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InventoryPrivateServer {
    /// The private server's id.
    pub id: u64,
    /// When the private server was bought.
    pub added_at: Option<Timestamp>,
    /// The item's resource path, `users/{user}/inventory-items/{item}`.
    pub path: String,
}

macro_rules! plain_item {
    ($($name:ident: $what:literal,)+) => {$(
        impl $name {
            #[doc = concat!("Creates a ", $what, " with an id, for tests.")]
            #[must_use]
            pub fn new(id: u64) -> Self {
                Self { id, added_at: None, path: String::new() }
            }
        }

        #[doc = concat!("`", $what, " 1234`.")]
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($what, " {}"), self.id)
            }
        }
    )+};
}

plain_item! {
    InventoryBadge: "badge",
    InventoryGamePass: "game pass",
    InventoryPrivateServer: "private server",
}

model! {
    /// Details of a collectible [`InventoryAsset`].
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[non_exhaustive]
    pub struct CollectibleDetails {
        /// The id of the collectible, a UUID.
        pub item_id: Option<String>,
        /// The id of the user's copy, a UUID.
        pub instance_id: Option<String>,
        /// Whether the copy can be traded and resold.
        pub instance_state: Option<CollectibleInstanceState>,
        /// The serial number of a limited item, starting at 1.
        pub serial_number: Option<u64>,
    }
}

open_enum! {
    /// Whether a collectible can be traded and resold.
    CollectibleInstanceState {
        /// The copy can be traded and resold.
        Available = "AVAILABLE",
        /// The copy can't be traded and resold for now.
        Hold = "HOLD",
    }
}

model! {
    /// The JSON form of an item. Only the id of a known kind can't be missing.
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct WireItem {
        #[serde(default, deserialize_with = "wire::direct", skip_serializing_if = "String::is_empty")]
        path: String,
        #[serde(deserialize_with = "wire::object")]
        asset_details: Option<AssetDetails>,
        #[serde(deserialize_with = "wire::object")]
        badge_details: Option<BadgeDetails>,
        #[serde(deserialize_with = "wire::object")]
        game_pass_details: Option<GamePassDetails>,
        #[serde(deserialize_with = "wire::object")]
        private_server_details: Option<PrivateServerDetails>,
        #[serde(deserialize_with = "wire::direct")]
        add_time: Option<Timestamp>,
    }
}

model! {
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct AssetDetails {
        #[serde(deserialize_with = "wire::direct", serialize_with = "wire::option_id::serialize")]
        asset_id: Option<u64>,
        #[serde(deserialize_with = "asset_type")]
        inventory_item_asset_type: Option<InventoryAssetType>,
        #[serde(deserialize_with = "wire::direct", serialize_with = "wire::option_id::serialize")]
        instance_id: Option<u64>,
        #[serde(deserialize_with = "wire::object")]
        collectible_details: Option<Box<CollectibleDetails>>,
    }
}

fn asset_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<InventoryAssetType>, D::Error> {
    wire::direct_with(deserializer, |json| match json {
        wire::Json::Text(name) if !name.is_empty() => Some(InventoryAssetType::from(&*name)),
        _ => None,
    })
}

model! {
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct BadgeDetails {
        #[serde(deserialize_with = "wire::direct", serialize_with = "wire::option_id::serialize")]
        badge_id: Option<u64>,
    }
}

model! {
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct GamePassDetails {
        #[serde(deserialize_with = "wire::direct", serialize_with = "wire::option_id::serialize")]
        game_pass_id: Option<u64>,
    }
}

model! {
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct PrivateServerDetails {
        #[serde(deserialize_with = "wire::direct", serialize_with = "wire::option_id::serialize")]
        private_server_id: Option<u64>,
    }
}

impl PageItem for InventoryItem {
    const FIELD: &'static str = "inventoryItems";

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_model().and_then(Self::from_wire)
    }

    fn unknown(json: Value) -> Result<Self, Value> {
        Ok(Self::Unknown(json))
    }
}

impl InventoryItem {
    /// `None` if the kind is unknown, or if its id can't be read.
    fn from_wire(item: WireItem) -> Option<Self> {
        let WireItem { path, add_time: added_at, .. } = item;
        if let Some(details) = item.asset_details {
            return Some(Self::Asset(InventoryAsset {
                id: details.asset_id?,
                asset_type: details.inventory_item_asset_type.unwrap_or_else(unspecified),
                instance_id: details.instance_id,
                collectible_details: details.collectible_details.map(|details| *details),
                added_at,
                path,
            }));
        }
        if let Some(id) = item.badge_details.and_then(|details| details.badge_id) {
            return Some(Self::Badge(InventoryBadge { id, added_at, path }));
        }
        if let Some(id) = item.game_pass_details.and_then(|details| details.game_pass_id) {
            return Some(Self::GamePass(InventoryGamePass { id, added_at, path }));
        }
        let id = item.private_server_details?.private_server_id?;
        Some(Self::PrivateServer(InventoryPrivateServer { id, added_at, path }))
    }
}

/// The type of an asset whose type the service leaves out.
fn unspecified() -> InventoryAssetType {
    InventoryAssetType::Unknown(String::new())
}

fn is_unspecified(asset_type: &InventoryAssetType) -> bool {
    asset_type.as_str().is_empty()
}

impl<'de> Deserialize<'de> for InventoryItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        let known = WireItem::deserialize(&json).ok().and_then(Self::from_wire);
        Ok(known.unwrap_or(Self::Unknown(json)))
    }
}

impl Serialize for InventoryItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut item = WireItem { path: self.path().to_owned(), add_time: self.added_at(), ..WireItem::default() };
        match self {
            Self::Asset(asset) => {
                item.asset_details = Some(AssetDetails {
                    asset_id: Some(asset.id),
                    inventory_item_asset_type: Some(asset.asset_type.clone()).filter(|named| !is_unspecified(named)),
                    instance_id: asset.instance_id,
                    collectible_details: asset.collectible_details.clone().map(Box::new),
                });
            }
            Self::Badge(badge) => item.badge_details = Some(BadgeDetails { badge_id: Some(badge.id) }),
            Self::GamePass(game_pass) => {
                item.game_pass_details = Some(GamePassDetails { game_pass_id: Some(game_pass.id) });
            }
            Self::PrivateServer(server) => {
                item.private_server_details = Some(PrivateServerDetails { private_server_id: Some(server.id) });
            }
            Self::Unknown(json) => return json.serialize(serializer),
        }
        item.serialize(serializer)
    }
}
