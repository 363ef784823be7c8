use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::InventoryAssetType;
use crate::open_enum::open_enum;
use crate::page::{Item, PageItem};
use crate::wire;

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
            Self::Asset(asset) if is_unspecified(&asset.asset_type) => write!(f, "asset {}", asset.id),
            Self::Asset(asset) => write!(f, "asset {} ({})", asset.id, asset.asset_type),
            Self::Badge(badge) => write!(f, "badge {}", badge.id),
            Self::GamePass(game_pass) => write!(f, "game pass {}", game_pass.id),
            Self::PrivateServer(private_server) => write!(f, "private server {}", private_server.id),
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
    )+};
}

plain_item! {
    InventoryBadge: "badge",
    InventoryGamePass: "game pass",
    InventoryPrivateServer: "private server",
}

/// Details of a collectible [`InventoryAsset`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CollectibleDetails {
    /// The id of the collectible, a UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<String>,
    /// The id of the user's copy, a UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Whether the copy can be traded and resold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_state: Option<CollectibleInstanceState>,
    /// The serial number of a limited item, starting at 1.
    #[serde(default, deserialize_with = "wire::option_id::deserialize", skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<u64>,
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

/// The JSON form of an item.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireItem {
    #[serde(default, deserialize_with = "wire::or_default", skip_serializing_if = "String::is_empty")]
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asset_details: Option<AssetDetails>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    badge_details: Option<BadgeDetails>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    game_pass_details: Option<GamePassDetails>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private_server_details: Option<PrivateServerDetails>,
    #[serde(default, deserialize_with = "wire::timestamp", skip_serializing_if = "Option::is_none")]
    add_time: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssetDetails {
    #[serde(with = "wire::id")]
    asset_id: u64,
    #[serde(default = "unspecified", skip_serializing_if = "is_unspecified")]
    inventory_item_asset_type: InventoryAssetType,
    #[serde(default, with = "wire::option_id", skip_serializing_if = "Option::is_none")]
    instance_id: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    collectible_details: Option<CollectibleDetails>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BadgeDetails {
    #[serde(with = "wire::id")]
    badge_id: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GamePassDetails {
    #[serde(with = "wire::id")]
    game_pass_id: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrivateServerDetails {
    #[serde(with = "wire::id")]
    private_server_id: u64,
}

impl PageItem for InventoryItem {
    const FIELD: &'static str = "inventoryItems";
}

impl Item for InventoryItem {
    type Wire<'a> = WireItem;

    fn from_wire(item: WireItem) -> Option<Self> {
        let WireItem { path, add_time: added_at, .. } = item;
        if let Some(details) = item.asset_details {
            return Some(Self::Asset(InventoryAsset {
                id: details.asset_id,
                asset_type: details.inventory_item_asset_type,
                instance_id: details.instance_id,
                collectible_details: details.collectible_details,
                added_at,
                path,
            }));
        }
        if let Some(BadgeDetails { badge_id: id }) = item.badge_details {
            return Some(Self::Badge(InventoryBadge { id, added_at, path }));
        }
        if let Some(GamePassDetails { game_pass_id: id }) = item.game_pass_details {
            return Some(Self::GamePass(InventoryGamePass { id, added_at, path }));
        }
        if let Some(PrivateServerDetails { private_server_id: id }) = item.private_server_details {
            return Some(Self::PrivateServer(InventoryPrivateServer { id, added_at, path }));
        }
        None
    }

    fn from_value(value: Value) -> Result<Self, Value> {
        let known = WireItem::deserialize(&value).ok().and_then(Self::from_wire);
        Ok(known.or_else(|| patiently(&value)).unwrap_or(Self::Unknown(value)))
    }
}

/// The type of an asset whose type the service leaves out.
fn unspecified() -> InventoryAssetType {
    InventoryAssetType::Unknown(String::new())
}

fn is_unspecified(asset_type: &InventoryAssetType) -> bool {
    asset_type.as_str().is_empty()
}

/// Reads an item of a known kind whose id is valid, whatever its other fields are.
fn patiently(value: &Value) -> Option<InventoryItem> {
    let lenient = |field: &str| value.get(field).filter(|details| details.is_object());
    let path = value.get("path").and_then(Value::as_str).unwrap_or_default().to_owned();
    let added_at = value.get("addTime").and_then(|time| wire::timestamp(time).ok()).flatten();
    let id = |details: &Value, field: &str| wire::lenient_id(details.get(field)?).ok().flatten();
    if let Some(details) = lenient("assetDetails") {
        let field = |name: &str| details.get(name);
        return Some(InventoryItem::Asset(InventoryAsset {
            id: id(details, "assetId")?,
            asset_type: field("inventoryItemAssetType").and_then(Value::as_str).unwrap_or_default().into(),
            instance_id: id(details, "instanceId"),
            collectible_details: field("collectibleDetails").and_then(CollectibleDetails::patiently),
            added_at,
            path,
        }));
    }
    if let Some(id) = lenient("badgeDetails").and_then(|details| id(details, "badgeId")) {
        return Some(InventoryItem::Badge(InventoryBadge { id, added_at, path }));
    }
    if let Some(id) = lenient("gamePassDetails").and_then(|details| id(details, "gamePassId")) {
        return Some(InventoryItem::GamePass(InventoryGamePass { id, added_at, path }));
    }
    let id = lenient("privateServerDetails").and_then(|details| id(details, "privateServerId"))?;
    Some(InventoryItem::PrivateServer(InventoryPrivateServer { id, added_at, path }))
}

impl CollectibleDetails {
    /// Reads the valid fields. `None` if the value isn't an object.
    fn patiently(value: &Value) -> Option<Self> {
        let text = |field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        value.is_object().then(|| Self {
            item_id: text("itemId"),
            instance_id: text("instanceId"),
            instance_state: text("instanceState").map(CollectibleInstanceState::from),
            serial_number: value.get("serialNumber").and_then(|number| wire::lenient_id(number).ok()).flatten(),
        })
    }
}

impl<'de> Deserialize<'de> for InventoryItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl Serialize for InventoryItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut item = WireItem {
            path: self.path().to_owned(),
            asset_details: None,
            badge_details: None,
            game_pass_details: None,
            private_server_details: None,
            add_time: self.added_at(),
        };
        match self {
            Self::Asset(asset) => {
                item.asset_details = Some(AssetDetails {
                    asset_id: asset.id,
                    inventory_item_asset_type: asset.asset_type.clone(),
                    instance_id: asset.instance_id,
                    collectible_details: asset.collectible_details.clone(),
                });
            }
            Self::Badge(badge) => item.badge_details = Some(BadgeDetails { badge_id: badge.id }),
            Self::GamePass(game_pass) => {
                item.game_pass_details = Some(GamePassDetails { game_pass_id: game_pass.id });
            }
            Self::PrivateServer(server) => {
                item.private_server_details = Some(PrivateServerDetails { private_server_id: server.id });
            }
            Self::Unknown(json) => return json.serialize(serializer),
        }
        item.serialize(serializer)
    }
}
