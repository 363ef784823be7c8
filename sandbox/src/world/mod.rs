//! The data that the sandbox serves. It is independent of HTTP paths.

pub(crate) mod access;
pub(crate) mod content;
pub(crate) mod filter;
pub(crate) mod groups;
mod inventory;
mod moderation;
mod operations;
pub(crate) mod people;
pub(crate) mod picture;
mod quota;
mod random;
pub(crate) mod sign_ins;
pub(crate) mod signer;

pub(crate) mod clock;
pub(crate) mod restrictions;
pub(crate) mod servers;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use rblxopencloud::asset::{AssetAction, AssetState, PermissionSubject};
use rblxopencloud::inventory::InventoryAsset;
use rblxopencloud::{Asset, AssetType, Creator, ExperienceInfo, InventoryAssetType, InventoryItem, UserInfo};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::access::Access;
pub(crate) use self::groups::{Groups, Member};
pub(crate) use self::inventory::Inventory;
use self::moderation::Moderation;
use self::operations::Operations;
pub use self::operations::{FailureCode, OperationFailure};
use self::people::People;
use self::quota::Quotas;
use self::sign_ins::SignIns;
use self::{clock::Clock, restrictions::Restrictions, servers::Servers};

use crate::http::multipart::Fnv;
use crate::http::{Answer, Part};

const FIRST_ASSET_ID: u64 = 100_000_000_000_001;
/// The total size of contents that are kept; older ones keep their metadata only.
const MOST_CONTENT: usize = 256 * 1024 * 1024;

/// The uploaded content of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssetContent {
    /// The name of the file in the form.
    pub file_name: String,
    /// The content type of the file.
    pub content_type: String,
    /// The length of the whole content in bytes.
    pub length: u64,
    /// The first 20 MiB. If all contents together exceed 256 MiB, the oldest are emptied.
    pub bytes: Vec<u8>,
    /// The 64-bit FNV-1a hash of the whole content.
    pub hash: u64,
}

impl AssetContent {
    pub(crate) fn new(file_name: String, content_type: String, bytes: Vec<u8>) -> Self {
        Self { file_name, content_type, length: bytes.len() as u64, hash: Fnv::of(&bytes), bytes }
    }
}

impl From<Part> for AssetContent {
    fn from(part: Part) -> Self {
        Self {
            file_name: part.file_name.unwrap_or_default(),
            content_type: part.content_type.unwrap_or_default(),
            length: part.length,
            bytes: part.beginning,
            hash: part.hash,
        }
    }
}

#[derive(Debug)]
pub(crate) struct StoredAsset {
    /// As the service writes it.
    pub(crate) fields: Map<String, Value>,
    /// How many versions precede those in `versions`.
    earlier: u64,
    /// The contents of the versions, oldest first. `None` if it isn't known.
    versions: Vec<Option<Arc<AssetContent>>>,
}

impl StoredAsset {
    fn new(fields: Map<String, Value>) -> Self {
        let number = fields.get("revisionId").and_then(Value::as_str).and_then(|id| id.parse().ok());
        Self { fields, earlier: number.unwrap_or_default(), versions: Vec::new() }
    }

    /// Returns the number of the current version.
    pub(crate) fn last_version(&self) -> u64 {
        self.earlier.saturating_add(self.versions.len() as u64).max(1)
    }

    /// Returns the content of a version, if it is known.
    pub(crate) fn version(&self, number: u64) -> Option<&Arc<AssetContent>> {
        let index = number.checked_sub(1)?.checked_sub(self.earlier)?;
        self.versions.get(usize::try_from(index).ok()?)?.as_ref()
    }

    /// Returns the content that was last uploaded.
    pub(crate) fn content(&self) -> Option<&Arc<AssetContent>> {
        self.versions.last()?.as_ref()
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn asset_type(&self) -> Option<AssetType> {
        self.fields.get("assetType").and_then(Value::as_str).map(AssetType::from)
    }

    pub(crate) fn is_active(&self) -> bool {
        AssetState::Archived != self.text("state")
    }
}

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
    pub(crate) assets: BTreeMap<u64, StoredAsset>,
    pub(crate) operations: Operations<Change>,
    pub(crate) bare_updates: bool,
    pub(crate) skips_content_checks: bool,
    /// Of the key and of the token that the sandbox itself gives out.
    pub(crate) access: Access,
    pub(crate) sign_ins: SignIns,
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
    pub(crate) clock: Clock,
    pub(crate) servers: Servers,
    pub(crate) restrictions: Restrictions,
}

impl World {
    /// Returns what the credentials of the current request can do.
    pub(crate) fn access(&self) -> &Access {
        if let Some(authorization) = self.authorization {
            return self.sign_ins.access_of(authorization);
        }
        &self.access
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

    pub(crate) fn add_asset(&mut self, asset: &Asset) {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(asset) else { return };
        if fields.get("description").is_some_and(|description| description == "") {
            fields.remove("description");
        }
        self.assets.insert(asset.id, StoredAsset::new(fields));
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
        let now = self.clock.now();
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
        item.added_at = Some(Timestamp::now());
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
        let Some(asset) = self.assets.get_mut(&id) else { return };
        if let Some(content) = content.as_ref().filter(|content| Arc::strong_count(content) == 1) {
            self.content_length += content.bytes.len();
            self.contents.push_back((id, asset.versions.len()));
        }
        asset.versions.push(content);
        asset.fields.insert("revisionId".to_owned(), json!(asset.last_version().to_string()));
        asset.fields.insert("revisionCreateTime".to_owned(), json!(format!("{:.3}", Timestamp::now())));
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
