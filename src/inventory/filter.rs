use std::collections::HashSet;
use std::fmt::Write;

use super::asset_type::InventoryAssetType;

/// Which badges, game passes or private servers [`InventoryItems`](crate::InventoryItems) lists: all of them, none, or those with
/// some ids.
///
/// It is converted from a `bool`, an id, or an array, a slice or a vector of ids:
///
/// ```no_run
/// # use rblxopencloud::{Result, User};
/// # fn run(user: &User, passes: Vec<u64>) -> Result<()> {
/// for item in user.list_inventory().badges(true).game_passes(&passes).private_servers([175156]) {
///     println!("{}", item?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemSelection(pub(super) Choice);

/// Which assets [`InventoryItems::assets`](crate::InventoryItems::assets) lists: all of them, none, those of some types, or those
/// with some ids.
///
/// It is converted from a `bool`, an id or a type, or an array, a slice or a vector of ids or of types:
///
/// ```no_run
/// # use rblxopencloud::{InventoryAssetType, Result, User};
/// # fn run(user: &User) -> Result<()> {
/// let clothes = [InventoryAssetType::ClassicShirt, InventoryAssetType::ClassicPants];
/// for item in user.list_inventory().assets(clothes) {
///     println!("{}", item?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetSelection(AssetChoice);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// All or none.
    Whether(bool),
    Ids(Vec<u64>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum AssetChoice {
    Of(Choice),
    Types(Vec<InventoryAssetType>),
}

impl ItemSelection {
    pub(super) fn ids(ids: impl IntoIterator<Item = u64>) -> Self {
        Self(Choice::Ids(ids.into_iter().collect()))
    }
}

impl AssetSelection {
    pub(super) fn ids(ids: impl IntoIterator<Item = u64>) -> Self {
        ItemSelection::ids(ids).into()
    }
}

impl From<ItemSelection> for AssetSelection {
    fn from(selection: ItemSelection) -> Self {
        Self(AssetChoice::Of(selection.0))
    }
}

/// Each form has an `impl` of its own, so that the literals of `[1, 2]` can be nothing but `u64`.
macro_rules! from_ids {
    ($name:ident) => {
        impl From<bool> for $name {
            fn from(all: bool) -> Self {
                ItemSelection(Choice::Whether(all)).into()
            }
        }

        impl From<u64> for $name {
            fn from(id: u64) -> Self {
                ItemSelection::ids([id]).into()
            }
        }

        impl<const N: usize> From<[u64; N]> for $name {
            fn from(ids: [u64; N]) -> Self {
                ItemSelection::ids(ids).into()
            }
        }

        impl<const N: usize> From<&[u64; N]> for $name {
            fn from(ids: &[u64; N]) -> Self {
                ItemSelection::ids(ids.iter().copied()).into()
            }
        }

        impl From<&[u64]> for $name {
            fn from(ids: &[u64]) -> Self {
                ItemSelection::ids(ids.iter().copied()).into()
            }
        }

        impl From<&Vec<u64>> for $name {
            fn from(ids: &Vec<u64>) -> Self {
                ItemSelection::ids(ids.iter().copied()).into()
            }
        }

        impl From<Vec<u64>> for $name {
            fn from(ids: Vec<u64>) -> Self {
                ItemSelection(Choice::Ids(ids)).into()
            }
        }
    };
}

from_ids!(ItemSelection);
from_ids!(AssetSelection);

impl From<InventoryAssetType> for AssetSelection {
    fn from(asset_type: InventoryAssetType) -> Self {
        Self::from([asset_type])
    }
}

impl From<&InventoryAssetType> for AssetSelection {
    fn from(asset_type: &InventoryAssetType) -> Self {
        Self::from(asset_type.clone())
    }
}

impl<const N: usize> From<[InventoryAssetType; N]> for AssetSelection {
    fn from(types: [InventoryAssetType; N]) -> Self {
        Self(AssetChoice::Types(types.into()))
    }
}

impl<const N: usize> From<&[InventoryAssetType; N]> for AssetSelection {
    fn from(types: &[InventoryAssetType; N]) -> Self {
        Self::from(types.as_slice())
    }
}

impl From<&[InventoryAssetType]> for AssetSelection {
    fn from(types: &[InventoryAssetType]) -> Self {
        Self(AssetChoice::Types(types.to_vec()))
    }
}

impl From<&Vec<InventoryAssetType>> for AssetSelection {
    fn from(types: &Vec<InventoryAssetType>) -> Self {
        Self::from(types.as_slice())
    }
}

impl From<Vec<InventoryAssetType>> for AssetSelection {
    fn from(types: Vec<InventoryAssetType>) -> Self {
        Self(AssetChoice::Types(types))
    }
}

/// What a listing of an inventory is limited to. What isn't set is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) assets: Option<AssetSelection>,
    pub(super) badges: Option<ItemSelection>,
    pub(super) game_passes: Option<ItemSelection>,
    pub(super) private_servers: Option<ItemSelection>,
    pub(super) only_collectibles: Option<bool>,
}

impl Filter {
    /// Returns the filter's expressions, one for each request, or why there are none. Empty if it matches nothing.
    ///
    /// The service refuses kinds and ids in one expression, so the kinds come first.
    pub(super) fn expressions(&self) -> Result<Vec<String>, String> {
        let kinds = self.kinds()?;
        let ids = self.ids();
        Ok(Some(kinds).filter(|text| !text.is_empty()).into_iter().chain(ids).collect())
    }

    fn kinds(&self) -> Result<String, String> {
        let mut expression = Expression::default();
        let only_collectibles = self.only_collectibles == Some(true);
        let types = match self.assets.as_ref().map(|assets| &assets.0) {
            None => if only_collectibles { "*" } else { "" }.to_owned(),
            Some(AssetChoice::Of(Choice::Whether(all))) => if *all { "*" } else { "" }.to_owned(),
            Some(AssetChoice::Types(types)) => join_types(types)?,
            Some(AssetChoice::Of(Choice::Ids(ids))) if only_collectibles && !ids.is_empty() => {
                return Err(
                    "assets with ids can't be limited to collectibles; name types of assets, or none".to_owned()
                );
            }
            Some(AssetChoice::Of(Choice::Ids(_))) => String::new(),
        };
        if !types.is_empty() {
            if only_collectibles {
                expression.field("onlyCollectibles", "true");
            }
            expression.field("inventoryItemAssetTypes", &types);
        }
        for (selection, field) in
            [(&self.badges, "badges"), (&self.game_passes, "gamePasses"), (&self.private_servers, "privateServers")]
        {
            if let Some(ItemSelection(Choice::Whether(true))) = selection {
                expression.field(field, "true");
            }
        }
        Ok(expression.0)
    }

    /// Splits the ids into requests that fit. Each id occurs once, so that no item is listed twice.
    fn ids(&self) -> Vec<String> {
        let of = |selection: &Option<ItemSelection>| match selection {
            Some(ItemSelection(Choice::Ids(ids))) => once_each(ids),
            _ => Vec::new(),
        };
        let assets = match &self.assets {
            Some(AssetSelection(AssetChoice::Of(Choice::Ids(ids)))) => once_each(ids),
            _ => Vec::new(),
        };
        let fields = [
            ("assetIds", assets),
            ("badgeIds", of(&self.badges)),
            ("gamePassIds", of(&self.game_passes)),
            ("privateServerIds", of(&self.private_servers)),
        ];
        let ids = fields.into_iter().flat_map(|(field, ids)| ids.into_iter().map(move |id| (field, id.to_string())));
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

fn join_types(types: &[InventoryAssetType]) -> Result<String, String> {
    let mut seen = HashSet::new();
    // Types with the same spelling are equal, whether they are known or not.
    let names: Vec<&str> = types.iter().map(InventoryAssetType::as_str).filter(|name| seen.insert(*name)).collect();
    match names.iter().find(|name| !is_type_name(name)) {
        Some(bad) => Err(format!("{bad:?} can't be an inventory asset type; those are written like CLASSIC_SHIRT")),
        None => Ok(names.join(",")),
    }
}

/// An unknown type is copied into the filter, so it must not be able to add a field or a value.
fn is_type_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn once_each(ids: &[u64]) -> Vec<u64> {
    let mut seen = HashSet::new();
    ids.iter().copied().filter(|id| seen.insert(*id)).collect()
}
