use std::fmt;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::file::PlaceFile;
use super::handle::{IN_TEAM_CREATE, Place};
use super::history::{LIST_PLACE_HISTORY, PlaceHistoryEntry};
use super::version::PlaceVersion;
use crate::api::{Budget, Endpoint};
use crate::error::{Error, ErrorKind, Result};
use crate::gate::http_date;
use crate::wire::model;

/// Publishes or saves a version of a place.
pub const CREATE_PLACE_VERSION: Endpoint = Endpoint::post("/universes/v1/{universe}/places/{place}/versions")
    .with_scopes(&["universe-places:write"])
    .with_denied_hint("check that the owner of the key may edit this experience, and that the key lists it")
    .with_advice(IN_TEAM_CREATE)
    .with_size_advice(LARGE, "save the place in the binary format (.rbxl), which is smaller, or split the place")
    .with_key_budget(Budget::per_minute(30))
    .for_keys_only()
    .repeatable()
    // Servers take minutes for a large place.
    .with_patience(3);

/// From this size on, the service was seen to fail without words.
const LARGE: u64 = 10 * 1024 * 1024;
/// How many of the newest versions are looked at.
const NEWEST: u32 = 10;
/// The refusals of a key that can't look, and of a place without a history.
const CANNOT_LOOK: [ErrorKind; 3] = [ErrorKind::Unauthenticated, ErrorKind::PermissionDenied, ErrorKind::NotFound];

#[derive(Clone, Copy)]
enum VersionType {
    Saved,
    Published,
}

impl Place {
    /// Publishes a new version of the place: new servers run it. `file` is a path, bytes, an open file or a [`PlaceFile`].
    ///
    /// Calls [`CREATE_PLACE_VERSION`], which needs the scope `universe-places:write` and takes API keys only. The file is streamed;
    /// see [`PlaceFile`] for what is checked before. The document's limit is 10 MiB; the service has taken larger files, so their
    /// size isn't checked. It can take minutes to respond: an attempt has three times the usual [time](crate::Timeouts), 180 seconds
    /// and the time to send the file.
    ///
    /// Servers that run already keep their version.
    ///
    /// # Repeats
    /// The service responds to the content of the newest version with its number, and makes no new version. So the call is repeated
    /// after a lost connection, a timeout and the statuses 408, 502, 503 and 504, even if it may have arrived. Before that, the
    /// place's history is looked up. If somebody else has published or saved in between, the call isn't repeated, and its
    /// [outcome is unknown](crate::Error::outcome_unknown): [`list_versions`](Self::list_versions) shows what happened. A key without
    /// the scope `universe.place:read` can't look it up; the call is repeated then.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let path = std::env::temp_dir().join(format!("rblxopencloud-doc-{}.rbxl", std::process::id()));
    /// # std::fs::write(&path, b"<roblox!\x89\xff\r\n\x1a\n").unwrap();
    /// let version = client.place(1818).publish(&path)?;
    /// println!("version {} is live", version.number);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the file is empty, isn't a place, or is a model, and for an OAuth 2.0
    /// token, [`Io`](crate::ErrorKind::Io) if the file can't be read or changes while it is sent, and
    /// [`Conflict`](crate::ErrorKind::Conflict) most likely if the place is open in a Team Create or Studio session.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/places#Places_CreatePlaceVersionApiKey>
    #[doc(alias = "upload")]
    pub fn publish(&self, file: impl Into<PlaceFile>) -> Result<PlaceVersion> {
        self.create_version(VersionType::Published, file.into())
    }

    /// Saves a new version of the place, which servers don't run. It can be tested, and [published](Self::publish) later.
    ///
    /// Calls [`CREATE_PLACE_VERSION`], which needs the scope `universe-places:write` and takes API keys only. See
    /// [`publish`](Self::publish) for time limits and repeats.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let place = sandbox.client().experience(13058).place(1818);
    /// # let game = b"<roblox!\x89\xff\r\n\x1a\n".to_vec();
    /// let saved = place.save(game)?;
    /// println!("{saved} isn't live yet");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`publish`](Self::publish).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/places#Places_CreatePlaceVersionApiKey>
    pub fn save(&self, file: impl Into<PlaceFile>) -> Result<PlaceVersion> {
        self.create_version(VersionType::Saved, file.into())
    }

    fn create_version(&self, version_type: VersionType, file: PlaceFile) -> Result<PlaceVersion> {
        let body = file.into_body()?;
        let (name, is_published) = match version_type {
            VersionType::Published => ("Published", Some(true)),
            // It is the number of the newest version if that has this content, also if it was published.
            VersionType::Saved => ("Saved", None),
        };
        let universe = self.experience_id_for(&CREATE_PLACE_VERSION)?;
        let began = Instant::now();
        // The lookup before a repeat is a part of the call.
        let place = self.client.session().deadline().map_or_else(|| self.clone(), |end| self.with_deadline(end));
        let created: Created = self
            .client
            .call(&CREATE_PLACE_VERSION)
            .param("universe", universe)
            .param("place", self.id)
            .query("versionType", name)
            .on_repeat(move || place.check_no_other_version_since(began))
            .body(body)
            .fetch_model()?;
        Ok(PlaceVersion { is_published, ..PlaceVersion::new(self.id, created.version_number) })
    }

    /// Fails if the place has more new versions than the one that this call may have made. A repeat would put an older content
    /// over somebody else's.
    fn check_no_other_version_since(&self, began: Instant) -> Result<()> {
        let response =
            self.client.call(&LIST_PLACE_HISTORY).param("place", self.id).query("pageSize", NEWEST).response();
        let unknown = |problem: &dyn fmt::Display| {
            Error::other(format!(
                "the place's history can't be read ({problem}): look at it before the place is published again"
            ))
        };
        let response = match response {
            Ok(response) => response,
            Err(error) if CANNOT_LOOK.contains(&error.kind()) => return Ok(()),
            Err(error) => return Err(unknown(&error)),
        };
        let elapsed = SignedDuration::try_from(began.elapsed()).unwrap_or(SignedDuration::MAX);
        // The service's clock tells how old the versions are.
        let now = response.header("date").and_then(http_date).unwrap_or_else(Timestamp::now);
        let is_since = |entry: &PlaceHistoryEntry| entry.created_at.is_some_and(|at| now.duration_since(at) <= elapsed);
        let history = PlaceHistoryEntry::of_page(response.body()).map_err(|error| unknown(&error))?;
        let since: Vec<String> =
            history.iter().filter(|entry| is_since(entry)).map(|entry| entry.version.to_string()).collect();
        if since.len() < 2 {
            return Ok(());
        }
        let versions = since.join(", ");
        Err(Error::other(format!(
            "somebody else has published or saved in between (versions {versions}); look at them first"
        )))
    }
}

model! {
    struct Created {
        version_number: u64,
    }
}
