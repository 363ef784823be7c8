//! Filters of inventories, memberships and quotas, parsed as strictly as the service does.

use rblxopencloud::user::{AssetQuotaKind, AssetQuotaType};
use rblxopencloud::{InventoryAssetType, InventoryItem};

/// The properties of an item that a filter uses.
#[derive(Clone, Debug)]
pub(crate) enum Facts {
    Asset { id: u64, asset_type: InventoryAssetType, is_collectible: bool },
    Badge(u64),
    GamePass(u64),
    PrivateServer(u64),
    Unknown,
}

impl From<&InventoryItem> for Facts {
    fn from(item: &InventoryItem) -> Self {
        match item {
            InventoryItem::Asset(asset) => Self::Asset {
                id: asset.id,
                asset_type: asset.asset_type.clone(),
                is_collectible: asset.collectible_details.is_some(),
            },
            InventoryItem::Badge(badge) => Self::Badge(badge.id),
            InventoryItem::GamePass(game_pass) => Self::GamePass(game_pass.id),
            InventoryItem::PrivateServer(server) => Self::PrivateServer(server.id),
            _ => Self::Unknown,
        }
    }
}

impl Facts {
    /// Whether the item is listed only with the scope for reading inventories, even if the inventory is public.
    pub(crate) fn needs_scope(&self) -> bool {
        matches!(self, Self::PrivateServer(_) | Self::Asset { asset_type: InventoryAssetType::PurchasedPlace, .. })
    }
}

/// A filter of an inventory. Everything else is left out.
#[derive(Debug, Default)]
pub(crate) struct InventoryQuery {
    badges: Option<bool>,
    game_passes: Option<bool>,
    private_servers: Option<bool>,
    only_collectibles: Option<bool>,
    types: Option<Types>,
    asset_ids: Option<Vec<u64>>,
    badge_ids: Option<Vec<u64>>,
    game_pass_ids: Option<Vec<u64>>,
    private_server_ids: Option<Vec<u64>>,
}

#[derive(Debug)]
enum Types {
    All,
    These(Vec<InventoryAssetType>),
}

impl InventoryQuery {
    /// # Errors
    /// Returns the message of the refusal.
    pub(crate) fn parse(filter: &str) -> Result<Self, String> {
        let mut query = Self::default();
        for part in filter.split(';') {
            let (field, value) =
                part.split_once('=').ok_or_else(|| format!("The filter part '{part}' has no value."))?;
            match field {
                "badges" => set(&mut query.badges, field, boolean(field, value)?)?,
                "gamePasses" => set(&mut query.game_passes, field, boolean(field, value)?)?,
                "privateServers" => set(&mut query.private_servers, field, boolean(field, value)?)?,
                "onlyCollectibles" => set(&mut query.only_collectibles, field, boolean(field, value)?)?,
                "inventoryItemAssetTypes" => set(&mut query.types, field, types(value)?)?,
                "assetIds" => set(&mut query.asset_ids, field, ids(field, value)?)?,
                "badgeIds" => set(&mut query.badge_ids, field, ids(field, value)?)?,
                "gamePassIds" => set(&mut query.game_pass_ids, field, ids(field, value)?)?,
                "privateServerIds" => set(&mut query.private_server_ids, field, ids(field, value)?)?,
                _ => return Err(format!("The filter field '{field}' is unknown.")),
            }
        }
        if query.names_ids() && query.names_types() {
            return Err("The filter mixes fields of types and fields of ids.".to_owned());
        }
        if query.only_collectibles.is_some() && query.types.is_none() {
            return Err("The filter field 'onlyCollectibles' needs 'inventoryItemAssetTypes'.".to_owned());
        }
        Ok(query)
    }

    fn names_ids(&self) -> bool {
        [&self.asset_ids, &self.badge_ids, &self.game_pass_ids, &self.private_server_ids]
            .into_iter()
            .any(Option::is_some)
    }

    fn names_types(&self) -> bool {
        self.types.is_some()
            || [self.badges, self.game_passes, self.private_servers, self.only_collectibles]
                .into_iter()
                .any(|field| field.is_some())
    }

    pub(crate) fn matches(&self, item: &Facts) -> bool {
        let wanted = |named: Option<bool>, ids: &Option<Vec<u64>>, id: u64| {
            named == Some(true) || ids.as_ref().is_some_and(|ids| ids.binary_search(&id).is_ok())
        };
        match item {
            Facts::Asset { id, asset_type, is_collectible } => {
                let right_type = match &self.types {
                    None => false,
                    Some(Types::All) => true,
                    Some(Types::These(types)) => types.contains(asset_type),
                };
                let right_kind = right_type && (*is_collectible || self.only_collectibles != Some(true));
                wanted(Some(right_kind), &self.asset_ids, *id)
            }
            Facts::Badge(id) => wanted(self.badges, &self.badge_ids, *id),
            Facts::GamePass(id) => wanted(self.game_passes, &self.game_pass_ids, *id),
            Facts::PrivateServer(id) => wanted(self.private_servers, &self.private_server_ids, *id),
            Facts::Unknown => false,
        }
    }
}

fn set<T>(slot: &mut Option<T>, field: &str, value: T) -> Result<(), String> {
    if slot.replace(value).is_some() {
        return Err(format!("The filter field '{field}' is there twice."));
    }
    Ok(())
}

fn boolean(field: &str, value: &str) -> Result<bool, String> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("The filter field '{field}' is neither 'true' nor 'false'.")),
    }
}

fn ids(field: &str, value: &str) -> Result<Vec<u64>, String> {
    let id = |text: &str| decimal(text).ok_or_else(|| format!("'{text}' in the filter field '{field}' is not an ID."));
    let mut ids: Vec<u64> = value.split(',').map(id).collect::<Result<_, _>>()?;
    // Called for every item of an inventory.
    ids.sort_unstable();
    Ok(ids)
}

fn types(value: &str) -> Result<Types, String> {
    if value == "*" {
        return Ok(Types::All);
    }
    let one = |text: &str| match InventoryAssetType::from(text) {
        InventoryAssetType::Unknown(_) => Err(format!("The inventory item asset type '{text}' is unknown.")),
        known => Ok(known),
    };
    value.split(',').map(one).collect::<Result<_, _>>().map(Types::These)
}

/// A filter of memberships.
#[derive(Debug, PartialEq)]
pub(crate) enum MembershipQuery {
    Users(Vec<u64>),
    Role { group: u64, role: u64 },
}

const MOST_USERS: usize = 50;

impl MembershipQuery {
    /// # Errors
    /// Returns the message of the refusal.
    pub(crate) fn parse(filter: &str) -> Result<Self, String> {
        let invalid = || format!("The filter '{filter}' is invalid.");
        let filter = filter.trim();
        if let Some((field, value)) = filter.split_once("==") {
            let value = unquote(value.trim()).ok_or_else(invalid)?;
            return match field.trim() {
                "user" => Ok(Self::Users(vec![user(value).ok_or_else(invalid)?])),
                "role" => role(value).ok_or_else(invalid),
                field => Err(format!("The filter field '{field}' is unknown.")),
            };
        }
        let list = filter.strip_prefix("user").map(str::trim_start).and_then(|rest| rest.strip_prefix("in"));
        let list = list.and_then(|list| list.trim().strip_prefix('[')?.strip_suffix(']')).ok_or_else(invalid)?;
        let one = |text: &str| unquote(text.trim()).and_then(user).ok_or_else(invalid);
        let mut users: Vec<u64> = list.split(',').map(one).collect::<Result<_, _>>()?;
        if users.len() > MOST_USERS {
            return Err(format!("The filter names more than {MOST_USERS} users."));
        }
        // A user who is named twice counts once.
        users.sort_unstable();
        users.dedup();
        Ok(Self::Users(users))
    }
}

/// A filter of quotas, such as `quotaType == RateLimitUpload && assetType == MeshPart`.
#[derive(Debug, Default)]
pub(crate) struct QuotaQuery {
    kind: Option<AssetQuotaKind>,
    asset_type: Option<AssetQuotaType>,
}

impl QuotaQuery {
    /// # Errors
    /// Returns the message of the refusal.
    pub(crate) fn parse(filter: &str) -> Result<Self, String> {
        let mut query = Self::default();
        for part in filter.split("&&") {
            let (field, value) = part.split_once("==").ok_or_else(|| format!("The filter '{filter}' is invalid."))?;
            let (field, value) = (field.trim(), value.trim());
            let unknown = || format!("The value '{value}' of the filter field '{field}' is unknown.");
            match field {
                "quotaType" => {
                    let mut known = AssetQuotaKind::KNOWN.iter();
                    let kind = known.find(|kind| capitalized(kind.as_str()) == value).ok_or_else(unknown)?;
                    set(&mut query.kind, field, kind.clone())?;
                }
                "assetType" => {
                    let mut known = AssetQuotaType::KNOWN.iter();
                    let named = known.find(|named| capitalized(named.as_str()) == value).ok_or_else(unknown)?;
                    set(&mut query.asset_type, field, named.clone())?;
                }
                field => return Err(format!("The filter field '{field}' is unknown.")),
            }
        }
        Ok(query)
    }

    pub(crate) fn matches(&self, kind: &AssetQuotaKind, asset_type: &AssetQuotaType) -> bool {
        self.kind.as_ref().is_none_or(|wanted| wanted == kind)
            && self.asset_type.as_ref().is_none_or(|wanted| wanted == asset_type)
    }
}

/// Returns `MeshPart` for `MESH_PART`: filters have the former where quotas have the latter.
fn capitalized(constant: &str) -> String {
    let words = constant.split('_').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{first}{}", rest.to_ascii_lowercase())
    });
    words.collect()
}

fn unquote(text: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}

fn user(path: &str) -> Option<u64> {
    decimal(path.strip_prefix("users/")?)
}

fn role(path: &str) -> Option<MembershipQuery> {
    let (group, role) = path.strip_prefix("groups/")?.split_once("/roles/")?;
    Some(MembershipQuery::Role { group: decimal(group)?, role: decimal(role)? })
}

/// Parses a decimal number as the service writes it: without a sign and without leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn membership_filters_are_read() {
        assert_eq!(MembershipQuery::parse("user == 'users/1'"), Ok(MembershipQuery::Users(vec![1])));
        assert_eq!(MembershipQuery::parse("user in ['users/1', 'users/2']"), Ok(MembershipQuery::Users(vec![1, 2])));
        assert_eq!(
            MembershipQuery::parse("role == 'groups/7/roles/9'"),
            Ok(MembershipQuery::Role { group: 7, role: 9 })
        );
        for bad in ["", "user", "user == users/1", "user in []", "user in ['users/x']", "name == 'users/1'"] {
            assert!(MembershipQuery::parse(bad).is_err(), "{bad}");
        }
    }
}
