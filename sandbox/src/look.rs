//! What was requested and what has come of it.

use rblxopencloud::Asset;
use rblxopencloud::asset::{AssetAction, PermissionSubject};
use serde::Deserialize;
use serde_json::Value;

use super::Sandbox;
use super::state::{RecordedRequest, lock};
use super::world::AssetContent;
use super::worlds::{self, Contents};

/// # Look
///
/// What was requested, and what has come of it.
impl Sandbox {
    /// Returns the newest 10,000 requests, oldest first, in the order in which they were completely read.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.server.shared.state.log).requests()
    }

    /// Clears the log of requests.
    pub fn clear_requests(&self) {
        lock(&self.server.shared.state.log).clear();
    }

    /// Returns how many requests the rate limit refused.
    #[must_use]
    pub fn rate_limited(&self) -> u64 {
        lock(&self.server.shared.state.limiter).refused
    }

    /// Returns all that is there as JSON, in the form of [world files](crate::guide::world_files):
    /// [`load_world`](Self::load_world) makes the same again. It has neither operations nor tokens, and of experiences neither
    /// places except the root place, nor versions, game servers, restrictions or Luau tasks.
    #[must_use]
    pub fn dump_world(&self) -> String {
        worlds::pretty(&worlds::dump(&self.server.shared.state, Contents::Whole))
    }

    /// Returns an asset in its current state.
    #[must_use]
    pub fn asset(&self, id: u64) -> Option<Asset> {
        let world = self.settled_world();
        Asset::deserialize(Value::Object(world.assets.get(&id)?.fields.clone())).ok()
    }

    /// Returns all assets in their current state, by id. Places aren't among them: see
    /// [`place_versions`](Self::place_versions).
    #[must_use]
    pub fn assets(&self) -> Vec<Asset> {
        let world = self.settled_world();
        let assets = world.assets.iter().filter(|(id, _)| !world.places.by_id.contains_key(id));
        assets.filter_map(|(_, asset)| Asset::deserialize(Value::Object(asset.fields.clone())).ok()).collect()
    }

    /// Returns the content that was last uploaded for an asset.
    #[must_use]
    pub fn asset_content(&self, id: u64) -> Option<AssetContent> {
        self.settled_world().assets.get(&id)?.content().map(|content| (**content).clone())
    }

    /// Returns who was granted what for an asset, in the order in which it was granted.
    #[must_use]
    pub fn asset_permissions(&self, id: u64) -> Vec<(PermissionSubject, AssetAction)> {
        self.world().permissions.get(&id).cloned().unwrap_or_default()
    }

    /// Returns the bodies of the notifications that were sent to a user, oldest first.
    #[must_use]
    pub fn notifications(&self, user_id: u64) -> Vec<Value> {
        let world = self.world();
        world.people.notifications.iter().filter(|(user, _)| *user == user_id).map(|(_, body)| body.clone()).collect()
    }
}
