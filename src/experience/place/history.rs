use std::fmt;
use std::iter::FusedIterator;

use jiff::Timestamp;

use serde_json::json;

use super::handle::Place;
use super::version::PlaceVersionHandle;
use crate::api::{Budget, Endpoint};
use crate::error::{Error, Result};
use crate::page::{Cursor, PageItem, Pager, Values};
use crate::request::{Paging, Request};
use crate::wire::{self, model};

/// Lists who has saved and published versions of a place.
pub const LIST_PLACE_HISTORY: Endpoint = Endpoint::get("/place-version-history-api/v1/{place}/history")
    .with_scopes(&["universe.place:read"])
    .with_key_budget(Budget::per_minute(1000))
    .for_keys_only();

/// Lists who has ever contributed to a place.
pub const LIST_PLACE_CONTRIBUTORS: Endpoint = Endpoint::get("/place-version-history-api/v1/{place}/contributors")
    .with_scopes(&["universe.place:read"])
    .with_key_budget(Budget::per_minute(1000))
    .for_keys_only();

/// Sets the notes of a version of a place.
pub const SET_PLACE_VERSION_NOTES: Endpoint =
    Endpoint::post("/place-version-history-api/v1/{place}/version/{version}/notes")
        .with_scopes(&["universe.place:write"])
        .with_key_budget(Budget::per_minute(100))
        .for_keys_only()
        .harmless();

/// The longest title and the longest description of notes, in characters.
const LONGEST_NOTE: usize = 100;

impl Place {
    /// Lists the history of the place: who saved or published each version, when, and with which notes.
    ///
    /// Calls [`LIST_PLACE_HISTORY`], which needs the scope `universe.place:read` and takes API keys only. Roblox calls it
    /// experimental.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let place = sandbox.client().place(1818);
    /// # place.publish(b"<roblox!\x89\xff\r\n\x1a\n")?;
    /// for entry in place.list_history().published(true) {
    ///     let entry = entry?;
    ///     println!("{entry} by {:?} at {:?}", entry.created_by, entry.created_at);
    /// }
    /// # assert_eq!(place.list_history().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/places#PlaceVersion_GetPlaceVersionHistory>
    pub fn list_history(&self) -> PlaceHistory {
        let request = self.client.call(&LIST_PLACE_HISTORY).param("place", self.id);
        PlaceHistory { request: Some(request), pager: None, is_late: false }
    }

    /// Lists the users who have ever contributed to the place, by id.
    ///
    /// Calls [`LIST_PLACE_CONTRIBUTORS`], which needs the scope `universe.place:read` and takes API keys only. Roblox calls it
    /// experimental.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/places#PlaceVersion_GetPlaceContributors>
    pub fn list_contributors(&self) -> Pager<u64> {
        let request = self.client.call(&LIST_PLACE_CONTRIBUTORS).param("place", self.id);
        request.paging(Paging::cursors_with_more()).pages_of("contributors")
    }
}

impl PlaceVersionHandle {
    /// Sets the notes of the version: a title and a description of at most 100 characters each.
    ///
    /// Calls [`SET_PLACE_VERSION_NOTES`], which needs the scope `universe.place:write` and takes API keys only. Roblox calls it
    /// experimental.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let place = sandbox.client().place(1818);
    /// # let version = place.publish(b"<roblox!\x89\xff\r\n\x1a\n")?;
    /// let entry = place.version(version.number).set_notes("Spring update", "New map.")?;
    /// # assert_eq!(entry.unwrap().title.as_deref(), Some("Spring update"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if a text is too long.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/places#PlaceVersion_UpdatePlaceVersionNotes>
    pub fn set_notes(
        &self,
        title: impl Into<String>,
        description: impl Into<String>,
    ) -> Result<Option<PlaceHistoryEntry>> {
        let (title, description) = (title.into(), description.into());
        for (what, text) in [("title", &title), ("description", &description)] {
            let length = text.chars().count();
            if length > LONGEST_NOTE {
                let problem = format!("the {what} of the notes has {length} characters; the limit is {LONGEST_NOTE}");
                return Err(Error::invalid_input(problem));
            }
        }
        let request = self.place.client.call(&SET_PLACE_VERSION_NOTES).param("place", self.place.id);
        let request = request.param("version", self.number).echo(&title).echo(&description);
        let noted: Noted = request.json(&json!({ "title": title, "description": description })).fetch_model()?;
        Ok(noted.place_version)
    }
}

/// The history of a place, from [`Place::list_history`].
///
/// The service filters. No request is made until the first [`next`](Iterator::next). The iterator ends after a failed page. A
/// filter that is set after the first `next` is an error of the next one.
#[must_use = "a listing makes no request until it is iterated over"]
pub struct PlaceHistory {
    /// Taken by the first `next`.
    request: Option<Request>,
    pager: Option<Pager<PlaceHistoryEntry>>,
    /// Whether a filter came too late.
    is_late: bool,
}

impl PlaceHistory {
    /// Yields only versions that were published, or only those that weren't.
    pub fn published(self, published: bool) -> Self {
        self.filter("isPublished", published)
    }

    /// Yields only versions with notes, or only those without.
    pub fn with_notes(self, has_notes: bool) -> Self {
        self.filter("hasNotes", has_notes)
    }

    /// Yields only versions whose notes match a text.
    pub fn search(self, term: impl fmt::Display) -> Self {
        self.filter("searchTerm", term)
    }

    /// Yields only versions to which this user has contributed.
    pub fn contributor(self, user_id: u64) -> Self {
        self.filter("contributor", user_id)
    }

    /// Yields only versions from this time on.
    pub fn since(self, time: Timestamp) -> Self {
        self.filter("startTime", time)
    }

    /// Yields only versions until this time.
    pub fn until(self, time: Timestamp) -> Self {
        self.filter("endTime", time)
    }

    fn filter(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.is_late |= self.request.is_none();
        self.request = self.request.map(|request| request.query(name, value));
        self
    }

    /// Resumes the listing at a cursor of a listing with the same filters, which have to be set before. See
    /// [`Pager::resume_from`].
    pub fn resume_from(mut self, cursor: impl Into<Cursor>) -> Self {
        self.pager = self.take_pager().map(|pager| pager.resume_from(cursor));
        self
    }

    /// Returns the position after the last version that was yielded. `None` before the first `next`. See [`Pager::cursor`].
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        self.pager.as_ref().map(Pager::cursor)
    }

    /// Returns how many unreadable versions were skipped. See [`Pager::unreadable_count`].
    #[must_use]
    pub fn unreadable_count(&self) -> u64 {
        self.pager.as_ref().map_or(0, Pager::unreadable_count)
    }

    fn take_pager(&mut self) -> Option<Pager<PlaceHistoryEntry>> {
        self.request.take().map(Request::pages).or_else(|| self.pager.take())
    }
}

impl Iterator for PlaceHistory {
    type Item = Result<PlaceHistoryEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_late {
            self.is_late = false;
            (self.request, self.pager) = (None, None);
            return Some(Err(Error::invalid_input("a filter of the history was set after the listing had begun")));
        }
        self.pager = self.take_pager();
        self.pager.as_mut()?.next()
    }
}

impl FusedIterator for PlaceHistory {}

impl fmt::Debug for PlaceHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaceHistory")
            .field("request", &self.request)
            .field("pager", &self.pager)
            .finish_non_exhaustive()
    }
}

model! {
    /// A version in the history of a place, from [`Place::list_history`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/places#PlaceVersion_GetPlaceVersionHistory>
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct PlaceHistoryEntry {
        /// The number of the version, starting at 1.
        #[serde(serialize_with = "wire::id::serialize")]
        pub version: u64,
        /// The title of the notes.
        #[with(wire::non_empty)]
        pub title: Option<String>,
        /// The description of the notes.
        #[with(wire::non_empty)]
        pub description: Option<String>,
        /// The users who have contributed to the version, by id.
        #[optional]
        pub contributors: Vec<u64>,
        /// How it was saved, as a number that the reference doesn't explain.
        pub save_type: Option<u32>,
        /// Whether the version was published. `None` if the response doesn't tell it.
        #[with(wire::strict)]
        pub is_published: Option<bool>,
        /// The state of publishing, as a number that the reference doesn't explain.
        pub publish_status: Option<u32>,
        /// Whether the version has notes. `None` if the response doesn't tell it.
        #[with(wire::strict)]
        pub has_notes: Option<bool>,
        /// When the version was made.
        #[serde(rename = "createdTime")]
        pub created_at: Option<Timestamp>,
        /// The user who made the version, by id.
        pub created_by: Option<u64>,
    }
}

impl PlaceHistoryEntry {
    /// Reads the versions of a page.
    pub(super) fn of_page(body: &[u8]) -> std::result::Result<Vec<Self>, serde_json::Error> {
        wire::from_slice(body).map(|page: Page| page.place_versions)
    }
}

/// `version 7`, and the title of its notes if there is one.
impl fmt::Display for PlaceHistoryEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {}", self.version)?;
        match &self.title {
            Some(title) => write!(f, " ({title})"),
            None => Ok(()),
        }
    }
}

impl PageItem for PlaceHistoryEntry {
    const FIELD: &'static str = "placeVersions";
    // The document names no largest size.
    const PAGING: Paging = Paging::cursors_with_more();

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

model! {
    /// A page of the history.
    struct Page {
        #[with(wire::strict)]
        place_versions: Vec<PlaceHistoryEntry>,
    }
}

model! {
    struct Noted {
        place_version: Option<PlaceHistoryEntry>,
    }
}
