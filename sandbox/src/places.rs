//! Places.

use rblxopencloud::experience::{PlaceInfo, PlaceVersion};

use super::Sandbox;
use super::world::AssetContent;

/// # Places
///
/// What is there, what goes wrong, and what came of it.
impl Sandbox {
    /// Adds a place to the experience that its path names, or replaces what is known of it: its versions stay. One whose path has
    /// no ids is ignored. The root place of an experience is there with the experience.
    ///
    /// ```
    /// use rblxopencloud::experience::PlaceInfo;
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::builder().demo().start()?;
    /// sandbox.add_place(PlaceInfo::new(13058, 2020, "Lobby"));
    /// assert_eq!(sandbox.client().place(2020).experience_id()?, 13058);
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_place(&self, info: PlaceInfo) {
        self.world().add_place(info);
    }

    /// Returns the versions of a place, oldest first. [`asset_content`](Self::asset_content) returns the newest content.
    #[must_use]
    pub fn place_versions(&self, place_id: u64) -> Vec<PlaceVersion> {
        self.world().place_versions(place_id)
    }

    /// Sets the users who have a place open in Team Create. While there are some, it can't be changed: publishing, saving, rolling
    /// back and updating are refused with 409. Defaults to none.
    pub fn set_team_create_session(&self, place_id: u64, user_ids: impl IntoIterator<Item = u64>) {
        let mut world = self.world();
        let users: Vec<u64> = user_ids.into_iter().collect();
        if let Some(place) = world.places.by_id.get_mut(&place_id) {
            let universe = place.universe;
            place.session = users;
            world.team_create.insert(universe);
        }
    }

    /// Sets whether servers can load a place. Otherwise, its Luau tasks are never scheduled. Defaults to `true`.
    pub fn set_place_loads(&self, place_id: u64, loads: bool) {
        if let Some(place) = self.world().places.by_id.get_mut(&place_id) {
            place.loads = loads;
        }
    }

    /// Sets the largest content of a place in bytes. A larger one is refused with 413. Defaults to no limit.
    pub fn set_largest_place(&self, bytes: impl Into<Option<u64>>) {
        self.world().places.largest = bytes.into();
    }

    /// Sets from which size in bytes the content of a place fails with 500 and without words. Defaults to never.
    pub fn set_failing_place_size(&self, bytes: impl Into<Option<u64>>) {
        self.world().places.failing_from = bytes.into();
    }

    /// Sets whether publishing the content of the newest version, which was only saved, makes a new version. Otherwise that version
    /// becomes published. It isn't known what the service does. Defaults to `false`.
    pub fn set_saved_versions_published_anew(&self, anew: bool) {
        self.world().places.publishes_saved_anew = anew;
    }

    /// Has somebody else publish this content right after the next new version of a place. Each further call adds one for a
    /// later version.
    pub fn publish_after_next_version(&self, place_id: u64, bytes: impl Into<Vec<u8>>) {
        let content = AssetContent::new(String::new(), "application/octet-stream".to_owned(), bytes.into());
        self.world().add_rival(place_id, content);
    }
}
