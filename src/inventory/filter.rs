use std::collections::HashSet;
use std::fmt::Write;

use super::asset_type::InventoryAssetType;

/// A filter for [`User::list_inventory_with`](crate::User::list_inventory_with): by [kind](Self::kinds) of item or by
/// [id](Self::ids). The service refuses a mix of the two, so a mix can't be expressed.
///
/// Items that a filter doesn't name are left out. An empty filter matches nothing and makes no request; it never becomes
/// "everything".
///
/// ```
/// use rblxopencloud::{InventoryAssetType, InventoryFilter};
///
/// let clothes = InventoryFilter::kinds()
///     .asset_types([InventoryAssetType::ClassicShirt, InventoryAssetType::ClassicPants])
///     .badges();
/// let these = InventoryFilter::ids().badges([111, 222]).game_passes([777]);
/// ```
///
/// <https://create.roblox.com/docs/cloud/reference/patterns#list-inventory-items>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryFilter(Choice);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    Kinds(InventoryKinds),
    Ids(InventoryIds),
}

impl InventoryFilter {
    /// Creates an empty filter by kind.
    pub fn kinds() -> InventoryKinds {
        InventoryKinds::default()
    }

    /// Creates an empty filter by id.
    pub fn ids() -> InventoryIds {
        InventoryIds::default()
    }

    /// Returns the filter's expressions, one for each request. Empty if it matches nothing; `Err` if it can't be expressed.
    pub(crate) fn expressions(&self) -> Result<Vec<String>, String> {
        match &self.0 {
            Choice::Kinds(kinds) => {
                let mut expression = Expression::default();
                kinds.write(&mut expression)?;
                Ok(Some(expression.0).filter(|text| !text.is_empty()).into_iter().collect())
            }
            Choice::Ids(ids) => Ok(ids.write()),
        }
    }
}

impl From<InventoryKinds> for InventoryFilter {
    fn from(kinds: InventoryKinds) -> Self {
        Self(Choice::Kinds(kinds))
    }
}

impl From<InventoryIds> for InventoryFilter {
    fn from(ids: InventoryIds) -> Self {
        Self(Choice::Ids(ids))
    }
}

/// An [`InventoryFilter`] by kind, from [`InventoryFilter::kinds`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct InventoryKinds {
    assets: Option<Assets>,
    only_collectibles: bool,
    badges: bool,
    game_passes: bool,
    private_servers: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Assets {
    All,
    Types(Vec<InventoryAssetType>),
}

impl InventoryKinds {
    /// Adds assets of every type.
    pub fn all_assets(mut self) -> Self {
        self.assets = Some(Assets::All);
        self
    }

    /// Adds assets of these types. An empty list adds nothing.
    pub fn asset_types(mut self, types: impl IntoIterator<Item = InventoryAssetType>) -> Self {
        match self.assets.get_or_insert(Assets::Types(Vec::new())) {
            Assets::All => {}
            // Types with the same spelling are equal, whether they are known or not.
            Assets::Types(named) => {
                for asset_type in types {
                    let asset_type = InventoryAssetType::from(asset_type.as_str());
                    if !named.contains(&asset_type) {
                        named.push(asset_type);
                    }
                }
            }
        }
        self
    }

    /// Limits the assets to collectibles, of every type unless [`asset_types`](Self::asset_types) names some.
    pub fn only_collectibles(mut self) -> Self {
        self.only_collectibles = true;
        self
    }

    /// Adds badges.
    pub fn badges(mut self) -> Self {
        self.badges = true;
        self
    }

    /// Adds game passes.
    pub fn game_passes(mut self) -> Self {
        self.game_passes = true;
        self
    }

    /// Adds private servers. Needs the scope `user.inventory-item:read`.
    pub fn private_servers(mut self) -> Self {
        self.private_servers = true;
        self
    }

    fn write(&self, expression: &mut Expression) -> Result<(), String> {
        let assets = match &self.assets {
            Some(Assets::All) => "*".to_owned(),
            None if self.only_collectibles => "*".to_owned(),
            Some(Assets::Types(types)) => {
                if let Some(bad) = types.iter().find(|named| !is_type_name(named.as_str())) {
                    return Err(format!(
                        "{:?} can't be an inventory asset type; those are written like CLASSIC_SHIRT",
                        bad.as_str()
                    ));
                }
                join(types.iter().map(InventoryAssetType::as_str))
            }
            None => String::new(),
        };
        if !assets.is_empty() {
            if self.only_collectibles {
                expression.field("onlyCollectibles", "true");
            }
            expression.field("inventoryItemAssetTypes", &assets);
        }
        for (named, field) in
            [(self.badges, "badges"), (self.game_passes, "gamePasses"), (self.private_servers, "privateServers")]
        {
            if named {
                expression.field(field, "true");
            }
        }
        Ok(())
    }
}

/// An [`InventoryFilter`] by id, from [`InventoryFilter::ids`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct InventoryIds {
    assets: Vec<u64>,
    badges: Vec<u64>,
    game_passes: Vec<u64>,
    private_servers: Vec<u64>,
}

impl InventoryIds {
    /// Adds the assets with these ids.
    pub fn assets(mut self, ids: impl IntoIterator<Item = u64>) -> Self {
        extend_once(&mut self.assets, ids);
        self
    }

    /// Adds the badges with these ids.
    pub fn badges(mut self, ids: impl IntoIterator<Item = u64>) -> Self {
        extend_once(&mut self.badges, ids);
        self
    }

    /// Adds the game passes with these ids.
    pub fn game_passes(mut self, ids: impl IntoIterator<Item = u64>) -> Self {
        extend_once(&mut self.game_passes, ids);
        self
    }

    /// Adds the private servers with these ids. Needs the scope `user.inventory-item:read`.
    pub fn private_servers(mut self, ids: impl IntoIterator<Item = u64>) -> Self {
        extend_once(&mut self.private_servers, ids);
        self
    }

    /// Splits the ids into requests that fit. Each id occurs once, so that no item is listed twice.
    fn write(&self) -> Vec<String> {
        let fields = [
            ("assetIds", &self.assets),
            ("badgeIds", &self.badges),
            ("gamePassIds", &self.game_passes),
            ("privateServerIds", &self.private_servers),
        ];
        let ids = fields.into_iter().flat_map(|(field, ids)| ids.iter().map(move |id| (field, id.to_string())));
        let mut expressions = Vec::new();
        let (mut expression, mut length, mut last) = (Expression::default(), 0, "");
        for (field, id) in ids {
            // A comma separates two ids, and the field's name precedes the first. `,`, `;` and `=` take three bytes when
            // they are escaped.
            let new_field = 3 + field.len() + 3 + id.len();
            let more = if field == last { 3 + id.len() } else { new_field };
            if length + more > MAX_ESCAPED && length > 0 {
                expressions.push(std::mem::take(&mut expression).0);
                (length, last) = (0, "");
            }
            if field == last {
                expression.value(&id);
                length += 3 + id.len();
            } else {
                expression.field(field, &id);
                length += new_field;
                last = field;
            }
        }
        expressions.extend(Some(expression.0).filter(|text| !text.is_empty()));
        expressions
    }
}

/// The longest filter by id in one request, escaped. Gateways commonly refuse a request line of more than 8 KiB, and the
/// path, the page token and the rest of the query need room.
const MAX_ESCAPED: usize = 6000;

/// `field=value;field=a,b`.
#[derive(Default)]
struct Expression(String);

impl Expression {
    fn field(&mut self, name: &str, value: &str) {
        let separator = if self.0.is_empty() { "" } else { ";" };
        write!(self.0, "{separator}{name}={value}").expect("a String takes every write");
    }

    /// Adds a value to the field that was written last.
    fn value(&mut self, value: &str) {
        self.0.push(',');
        self.0.push_str(value);
    }
}

/// An unknown type is copied into the filter, so it must not be able to add a field or a value.
fn is_type_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn join(values: impl IntoIterator<Item = impl ToString>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    values.join(",")
}

/// Adds ids, and leaves out those that are there.
fn extend_once(ids: &mut Vec<u64>, more: impl IntoIterator<Item = u64>) {
    ids.extend(more);
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(*id));
}
