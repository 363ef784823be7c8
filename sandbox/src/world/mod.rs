//! The data that the sandbox serves. It is independent of HTTP paths.

pub(crate) mod access;
pub(crate) mod clock;
pub(crate) mod content;
pub(crate) mod data_stores;
pub(crate) mod filter;
pub(crate) mod groups;
mod inventory;
pub(crate) mod luau;
mod luau_answer;
mod luau_job;
#[cfg(feature = "luau")]
mod luau_run;
pub(crate) mod memory;
mod moderation;
mod operations;
pub(crate) mod ordered;
pub(crate) mod people;
pub(crate) mod picture;
pub(crate) mod places;
mod quota;
mod random;
pub(crate) mod restrictions;
pub(crate) mod servers;
pub(crate) mod sign_ins;
pub(crate) mod signer;
mod stored_asset;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rblxopencloud::asset::{AssetAction, PermissionSubject};
use rblxopencloud::inventory::InventoryAsset;
use rblxopencloud::{Asset, AssetType, Creator, ExperienceInfo, InventoryAssetType, InventoryItem, UserInfo};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::access::Access;
use self::clock::Clock;
use self::data_stores::DataStores;
pub(crate) use self::groups::{Group, Groups, Member};
pub(crate) use self::inventory::{Inventory, item_path};
use self::luau::Luau;
pub use self::luau_answer::LuauAnswer;
use self::memory::Memory;
use self::moderation::Moderation;
use self::operations::Operations;
pub use self::operations::{FailureCode, OperationFailure};
use self::ordered::OrderedStores;
use self::people::People;
use self::places::Places;
use self::quota::Quotas;
use self::restrictions::Restrictions;
use self::servers::Servers;
use self::sign_ins::SignIns;
pub use self::stored_asset::AssetContent;
pub(crate) use self::stored_asset::StoredAsset;

use crate::http::Answer;

const FIRST_ASSET_ID: u64 = 100_000_000_000_001;
/// The total size of contents that are kept; older ones keep their metadata only.
const MOST_CONTENT: usize = 256 * 1024 * 1024;

/// The user who is told to act with credentials that act for everyone or for a group.
const SOMEBODY: u64 = 156;

/// A field and its new value; `None` removes it.
pub(crate) type FieldChange = (String, Option<Value>);

/// The effect of an operation.
#[derive(Debug)]
pub(crate) enum Change {
    Create { fields: Map<String, Value>, content: AssetContent },
    Update { id: u64, changes: Vec<FieldChange>, content: Option<AssetContent> },
}

#[derive(Debug, Default)]
pub(crate) struct World {
    /// Each profile's JSON.
    pub(crate) users: HashMap<u64, Arc<str>>,
    pub(crate) inventories: HashMap<u64, Inventory>,
    pub(crate) private_inventories: HashSet<u64>,
    pub(crate) groups: Groups,
    /// Experiences, by the id of the universe.
    pub(crate) experiences: BTreeMap<u64, ExperienceInfo>,
    /// The experiences with Team Create.
    pub(crate) team_create: HashSet<u64>,
    pub(crate) places: Places,
    pub(crate) assets: BTreeMap<u64, StoredAsset>,
    pub(crate) operations: Operations<Change>,
    pub(crate) bare_updates: bool,
    pub(crate) skips_content_checks: bool,
    /// Of the key and of the token that the sandbox itself gives out.
    pub(crate) access: Access,
    pub(crate) sign_ins: SignIns,
    /// Operations and sign-ins have a copy.
    clock: Clock,
    /// The authorization of the current request, if a user has granted it.
    pub(crate) authorization: Option<usize>,
    /// The base URL.
    pub(crate) service_url: String,
    pub(crate) quotas: Quotas,
    pub(crate) moderation: Moderation,
    pub(crate) people: People,
    /// The base URL of the host that delivers contents.
    pub(crate) delivery_url: String,
    /// The paths of the operations that generate pictures, and when each began.
    pub(crate) pictures: HashMap<String, Timestamp>,
    assets_made: u64,
    /// Who was granted what, by asset.
    pub(crate) permissions: HashMap<u64, Vec<(PermissionSubject, AssetAction)>>,
    /// The products of the creator store, by asset, as the service writes them.
    pub(crate) products: BTreeMap<u64, Map<String, Value>>,
    /// The assets and versions with content, oldest first, and the total length of the contents.
    contents: VecDeque<(u64, usize)>,
    content_length: usize,
    /// The Luau tasks.
    pub(crate) luau: Luau,
    pub(crate) servers: Servers,
    pub(crate) restrictions: Restrictions,
    pub(crate) data_stores: DataStores,
    pub(crate) ordered: OrderedStores,
    pub(crate) memory: Memory,
}

impl World {
    /// Returns what the credentials of the current request can do.
    pub(crate) fn access(&self) -> &Access {
        if let Some(authorization) = self.authorization {
            return self.sign_ins.access_of(authorization);
        }
        &self.access
    }

    /// Returns the user who is told to act: the owner of the credentials, if that is a user.
    pub(crate) fn acting_user(&self) -> u64 {
        match self.access().owner {
            Some(Creator::User(user)) => user,
            _ => SOMEBODY,
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// Moves the clock on.
    pub(crate) fn advance_clock(&mut self, time: Duration) {
        self.clock.advance(time);
        self.operations.clock = self.clock;
        self.sign_ins.clock = self.clock;
        self.luau.clock = self.clock;
    }

    pub(crate) fn add_user(&mut self, info: &UserInfo) {
        let mut json = serde_json::to_value(info).unwrap_or_default();
        json["path"] = json!(format!("users/{}", info.id));
        // The service doesn't leave out the sites on which a user has no profile.
        if let Some(Value::Object(profiles)) = json.get_mut("socialNetworkProfiles") {
            for site in ["facebook", "twitter", "youtube", "twitch", "guilded"] {
                profiles.entry(site).or_insert_with(|| json!(""));
            }
        }
        self.users.insert(info.id, json.to_string().into());
    }

    /// Adds an experience, or replaces the one with this id. One whose path has no id is ignored.
    pub(crate) fn add_experience(&mut self, info: ExperienceInfo) {
        if let Some(id) = info.id() {
            self.experiences.insert(id, info);
            self.add_root_place(id);
        }
    }

    pub(crate) fn add_asset(&mut self, asset: &Asset) {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(asset) else { return };
        if fields.get("description").is_some_and(|description| description == "") {
            fields.remove("description");
        }
        self.assets.insert(asset.id, StoredAsset::new(fields));
    }

    /// Adds an asset as it is, or replaces it. Without versions, those that are there stay.
    pub(crate) fn put_asset(
        &mut self,
        id: u64,
        mut fields: Map<String, Value>,
        versions: Option<Vec<Option<AssetContent>>>,
    ) {
        let (versions, earlier) = match versions {
            Some(versions) => {
                self.forget_contents(id);
                let count = versions.len() as u64;
                let last = StoredAsset::new(fields.clone()).earlier.max(count);
                (versions.into_iter().map(|content| content.map(Arc::new)).collect(), last - count)
            }
            None => match self.assets.get_mut(&id) {
                Some(known) => (std::mem::take(&mut known.versions), known.earlier),
                None => (Vec::new(), StoredAsset::new(fields.clone()).earlier),
            },
        };
        if !versions.is_empty() {
            fields.insert("revisionId".to_owned(), json!((earlier + versions.len() as u64).to_string()));
        }
        for (index, content) in versions.iter().enumerate() {
            let content = content.as_ref().filter(|content| Arc::strong_count(content) == 1);
            if let Some(content) = content.filter(|_| !self.contents.contains(&(id, index))) {
                self.content_length += content.bytes.len();
                self.contents.push_back((id, index));
            }
        }
        self.assets.insert(id, StoredAsset { fields, earlier, versions });
    }

    /// Removes an asset. Returns whether there was one.
    pub(crate) fn remove_asset(&mut self, id: u64) -> bool {
        self.forget_contents(id);
        self.permissions.remove(&id);
        self.products.remove(&id);
        self.assets.remove(&id).is_some()
    }

    /// Counts the contents of an asset no more.
    fn forget_contents(&mut self, id: u64) {
        let Some(asset) = self.assets.get(&id) else { return };
        for (_, index) in self.contents.iter().filter(|(known, _)| *known == id) {
            let content = asset.versions.get(*index).and_then(Option::as_ref);
            self.content_length -= content.map_or(0, |content| content.bytes.len());
        }
        self.contents.retain(|(known, _)| *known != id);
    }

    /// Removes a user, and all that is known of them. Returns whether there was one.
    pub(crate) fn remove_user(&mut self, id: u64) -> bool {
        self.inventories.remove(&id);
        self.private_inventories.remove(&id);
        self.people.followings.remove(&id);
        self.people.declines_notifications.remove(&id);
        self.people.notifications.retain(|(user, _)| *user != id);
        self.sign_ins.experiences.remove(&id);
        self.users.remove(&id).is_some()
    }

    /// Returns the content of a version, if it is kept.
    pub(crate) fn content(&self, asset: u64, version: u64) -> Option<&AssetContent> {
        let content = self.assets.get(&asset)?.version(version)?;
        Some(&**content).filter(|content| content.bytes.len() as u64 == content.length)
    }

    /// Starts an operation, and returns the response to the call.
    pub(crate) fn begin(&mut self, change: Change) -> Answer {
        let id = self.operations.begin(change);
        if self.operations.done_at_once {
            self.settle();
        }
        self.operations.first_answer(&id)
    }

    /// Carries out the restarts of servers that are due. Returns the time.
    pub(crate) fn settle_servers(&mut self) -> Timestamp {
        let now = self.clock.timestamp();
        self.servers.settle(now);
        now
    }

    /// Ends the operations that are due.
    pub(crate) fn settle(&mut self) {
        let mut operations = std::mem::take(&mut self.operations);
        operations.settle(|change| self.apply(change));
        self.operations = operations;
    }

    fn apply(&mut self, change: Change) -> Value {
        let id = match change {
            Change::Create { mut fields, content } => {
                let mut id = FIRST_ASSET_ID + self.assets_made;
                while self.assets.contains_key(&id) {
                    id += 1;
                }
                self.assets_made = id + 1 - FIRST_ASSET_ID;
                fields.insert("path".to_owned(), json!(format!("assets/{id}")));
                fields.insert("assetId".to_owned(), json!(id.to_string()));
                fields.insert("moderationResult".to_owned(), json!({ "moderationState": "Approved" }));
                fields.insert("state".to_owned(), json!("Active"));
                self.assets.insert(id, StoredAsset::new(fields));
                self.add_version(id, Some(Arc::new(content)));
                self.add_to_inventory(id);
                id
            }
            Change::Update { id, changes, content } => {
                if let Some(asset) = self.assets.get_mut(&id) {
                    change_fields(&mut asset.fields, changes);
                }
                if let Some(content) = content {
                    self.add_version(id, Some(Arc::new(content)));
                }
                id
            }
        };
        let mut response = self.assets.get(&id).map(|asset| asset.fields.clone()).unwrap_or_default();
        response.insert("@type".to_owned(), json!("type.googleapis.com/roblox.open_cloud.assets.v1.Asset"));
        Value::Object(response)
    }

    /// Adds a new asset to the inventory of its creator, if inventories list its type.
    fn add_to_inventory(&mut self, id: u64) {
        let Some(asset) = self.assets.get(&id) else { return };
        let creator =
            asset.fields.get("creationContext").and_then(|context| Creator::deserialize(context.get("creator")?).ok());
        let listed_as = asset.asset_type().and_then(|asset_type| listed_as(&asset_type));
        let (Some(Creator::User(user)), Some(listed_as)) = (creator, listed_as) else { return };
        let mut item = InventoryAsset::new(id, listed_as);
        item.added_at = Some(self.clock.timestamp());
        self.inventories.entry(user).or_default().push(user, InventoryItem::Asset(item));
    }

    /// Updates an asset without an operation, and responds with the updated fields.
    pub(crate) fn update_at_once(&mut self, id: u64, changes: Vec<FieldChange>) -> Answer {
        let answer = changes.iter().cloned().filter_map(|(field, value)| Some((field, value?))).collect();
        if let Some(asset) = self.assets.get_mut(&id) {
            change_fields(&mut asset.fields, changes);
        }
        Answer::json(&Value::Object(answer))
    }

    /// Adds a version, which becomes the current one.
    pub(crate) fn add_version(&mut self, id: u64, content: Option<Arc<AssetContent>>) {
        let now = self.clock.timestamp();
        let Some(asset) = self.assets.get_mut(&id) else { return };
        if let Some(content) = content.as_ref().filter(|content| Arc::strong_count(content) == 1) {
            self.content_length += content.bytes.len();
            self.contents.push_back((id, asset.versions.len()));
        }
        asset.versions.push(content);
        asset.fields.insert("revisionId".to_owned(), json!(asset.last_version().to_string()));
        asset.fields.insert("revisionCreateTime".to_owned(), json!(clock::written(now)));
        while self.content_length > MOST_CONTENT {
            let Some((oldest, index)) = self.contents.pop_front() else { break };
            let Some(asset) = self.assets.get_mut(&oldest) else { continue };
            let Some(full) = asset.versions.get(index).cloned().flatten() else { continue };
            self.content_length -= full.bytes.len();
            let empty = Arc::new(AssetContent { bytes: Vec::new(), ..(*full).clone() });
            // A rollback has the same content.
            let same = asset.versions.iter_mut().flatten().filter(|content| Arc::ptr_eq(content, &full));
            same.for_each(|content| *content = Arc::clone(&empty));
        }
    }
}

fn change_fields(fields: &mut Map<String, Value>, changes: Vec<FieldChange>) {
    for (field, value) in changes {
        match value {
            Some(value) => fields.insert(field, value),
            None => fields.remove(&field),
        };
    }
}

/// Returns the type under which inventories list an uploaded asset.
fn listed_as(asset_type: &AssetType) -> Option<InventoryAssetType> {
    match asset_type {
        AssetType::Animation => Some(InventoryAssetType::Animation),
        AssetType::Audio => Some(InventoryAssetType::Audio),
        AssetType::Decal => Some(InventoryAssetType::Decal),
        AssetType::Model => Some(InventoryAssetType::Model),
        AssetType::Video => Some(InventoryAssetType::Video),
        _ => None,
    }
}
