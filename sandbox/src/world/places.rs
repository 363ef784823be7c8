//! Places: what is known of each, its versions, and who has it open.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use rblxopencloud::Asset;
use rblxopencloud::experience::{PlaceInfo, PlaceVersion};
use serde_json::{Value, json};

use super::{AssetContent, World};

/// All places, by id.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pub(crate) by_id: BTreeMap<u64, Place>,
    /// A larger content is refused with 413.
    pub(crate) largest: Option<u64>,
    /// A larger content fails with 500.
    pub(crate) failing_from: Option<u64>,
    /// Whether publishing the content of the newest version, which was saved, makes a new version.
    pub(crate) publishes_saved_anew: bool,
}

#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) universe: u64,
    pub(crate) info: PlaceInfo,
    /// Oldest first: the first has the number 1.
    pub(crate) versions: Vec<Version>,
    /// The users who have it open in Team Create.
    pub(crate) session: Vec<u64>,
    /// Whether servers can load it.
    pub(crate) loads: bool,
    /// What somebody else publishes after the next version.
    rivals: VecDeque<AssetContent>,
}

#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) is_published: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) created_by: Option<u64>,
    pub(crate) title: String,
    pub(crate) description: String,
}

impl Place {
    /// Returns the number of the newest version. 0 if there is none.
    pub(crate) fn newest(&self) -> u64 {
        self.versions.len() as u64
    }

    pub(crate) fn version(&self, number: u64) -> Option<&Version> {
        self.versions.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    pub(crate) fn version_mut(&mut self, number: u64) -> Option<&mut Version> {
        self.versions.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }
}

impl Version {
    pub(crate) fn has_notes(&self) -> bool {
        !self.title.is_empty() || !self.description.is_empty()
    }

    /// Returns it as the history has it.
    pub(crate) fn json(&self, number: u64) -> Value {
        json!({
            "version": number.to_string(),
            "title": self.title,
            "description": self.description,
            "contributors": Vec::from_iter(self.created_by),
            "saveType": 0,
            "isPublished": self.is_published,
            "publishStatus": u8::from(self.is_published),
            "hasNotes": self.has_notes(),
            "createdTime": self.created_at,
            "createdBy": self.created_by,
        })
    }
}

impl World {
    /// Adds a place, or replaces what is known of it. Its versions stay.
    pub(crate) fn add_place(&mut self, info: PlaceInfo) {
        let (Some(universe), Some(id)) = (info.experience_id(), info.id()) else { return };
        match self.places.by_id.get_mut(&id) {
            Some(place) => (place.universe, place.info) = (universe, info),
            None => {
                let mut asset = Asset::new(id);
                asset.display_name.clone_from(&info.display_name);
                asset.asset_type = Some("Place".into());
                self.add_asset(&asset);
                let (versions, session, rivals) = (Vec::new(), Vec::new(), VecDeque::new());
                self.places.by_id.insert(id, Place { universe, info, versions, session, loads: true, rivals });
            }
        }
    }

    /// Adds the root place of an experience, if it isn't there.
    pub(crate) fn add_root_place(&mut self, universe: u64) {
        let Some(info) = self.experiences.get(&universe) else { return };
        let Some(id) = info.root_place_id().filter(|id| !self.places.by_id.contains_key(id)) else { return };
        let mut place = PlaceInfo::new(universe, id, &info.display_name);
        place.description = Some(info.description.clone());
        place.server_size = Some(20);
        place.is_root = Some(true);
        (place.created_at, place.updated_at) = (info.created_at, info.updated_at);
        self.add_place(place);
    }

    /// Saves or publishes a content, and returns the number of its version. That of the newest version has its number.
    pub(crate) fn save_place(
        &mut self,
        id: u64,
        content: AssetContent,
        is_published: bool,
        by: Option<u64>,
    ) -> Option<u64> {
        let newest = self.places.by_id.get(&id)?.newest();
        let publishes_anew = self.places.publishes_saved_anew;
        let same = self.assets.get(&id).and_then(|asset| asset.version(newest));
        let is_same = same.is_some_and(|known| (known.hash, known.length) == (content.hash, content.length));
        if is_same {
            let version = self.places.by_id.get_mut(&id)?.version_mut(newest)?;
            if version.is_published || !is_published {
                return Some(newest);
            }
            if !publishes_anew {
                version.is_published = true;
                self.servers.set_newest(id, newest);
                return Some(newest);
            }
        }
        self.add_version(id, Some(Arc::new(content)));
        let number = self.add_place_version(id, is_published, by)?;
        if let Some(rival) = self.places.by_id.get_mut(&id)?.rivals.pop_front() {
            self.add_version(id, Some(Arc::new(rival)));
            self.add_place_version(id, true, None)?;
        }
        Some(number)
    }

    /// Records a version whose content was added.
    pub(crate) fn add_place_version(&mut self, id: u64, is_published: bool, by: Option<u64>) -> Option<u64> {
        let now = self.clock().timestamp();
        let place = self.places.by_id.get_mut(&id)?;
        let (title, description) = (String::new(), String::new());
        place.versions.push(Version { is_published, created_at: now, created_by: by, title, description });
        place.info.updated_at = Some(now);
        let newest = place.newest();
        if is_published {
            self.servers.set_newest(id, newest);
        }
        Some(newest)
    }

    pub(crate) fn add_rival(&mut self, id: u64, content: AssetContent) {
        if let Some(place) = self.places.by_id.get_mut(&id) {
            place.rivals.push_back(content);
        }
    }

    /// Returns the versions of a place, oldest first.
    pub(crate) fn place_versions(&self, id: u64) -> Vec<PlaceVersion> {
        let versions = self.places.by_id.get(&id).into_iter().flat_map(|place| &place.versions);
        let version = |(number, version): (u64, &Version)| {
            let mut known = PlaceVersion::new(id, number);
            known.is_published = Some(version.is_published);
            known
        };
        (1..).zip(versions).map(version).collect()
    }
}
