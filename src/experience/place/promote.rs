use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::PathBuf;

use super::file::PlaceFile;
use super::handle::Place;
use super::publish::CREATE_PLACE_VERSION;
use super::version::{PlaceVersion, PlaceVersionHandle};
use crate::error::{Error, ErrorKind, Result};
use crate::retry::random_u64;

/// How many random names are tried.
const TRIES: usize = 8;

impl Place {
    /// Looks up the version that new servers run: the newest one that was published. It can take several pages.
    ///
    /// Calls [`LIST_ASSET_VERSIONS`](crate::endpoints::LIST_ASSET_VERSIONS), which needs the scope `asset:read`.
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if no version was published, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if a version can't be read, which may be the live one.
    pub fn live_version(&self) -> Result<PlaceVersionHandle> {
        let mut published = self.list_versions().published();
        let newest = published.next().transpose()?;
        published.check_all_read()?;
        match newest {
            Some(version) => Ok(self.version(version.number)),
            None => Err(Error::new(ErrorKind::NotFound, format!("place {}", self.id))
                .explain("no version was published")
                .advise("publish one, or name a saved version with Place::version")),
        }
    }

    /// Publishes a version of another place here, such as one of a test experience. Returns the version of this place that results.
    ///
    /// The source is a version, and never "the newest": resolve it first, and write its number down, so that the same version is
    /// promoted after a crash. Nothing is published anywhere but in this place.
    ///
    /// The content is downloaded to a temporary file, which only this user can read, and published as by
    /// [`publish`](Self::publish).
    ///
    /// Calls [`GET_ASSET_VERSION_DELIVERY`](crate::endpoints::GET_ASSET_VERSION_DELIVERY) for the source, which needs the scope
    /// `legacy-asset:manage`, and [`CREATE_PLACE_VERSION`](crate::endpoints::CREATE_PLACE_VERSION) for this place, which needs the
    /// scope `universe-places:write` and takes API keys only.
    ///
    /// ```
    /// use rblxopencloud::ExperienceInfo;
    /// use rblxopencloud::experience::PlaceInfo;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # sandbox.add_experience(ExperienceInfo::new(5, "Staging"));
    /// # sandbox.add_place(PlaceInfo::new(5, 50, "Staging"));
    /// # client.place(50).publish(b"<roblox!\x89\xff\r\n\x1a\n")?;
    /// let (staging, production) = (client.place(50), client.place(1818));
    /// let source = staging.live_version()?;
    /// println!("promoting {source}");
    /// let version = production.promote(&source)?;
    /// println!("{version} is live");
    /// # assert_eq!(version.place_id, 1818);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) for a version of this place; see [`rollback`](Self::rollback).
    /// Otherwise, see [`PlaceVersionHandle::download_to`] and [`publish`](Self::publish).
    pub fn promote(&self, source: &PlaceVersionHandle) -> Result<PlaceVersion> {
        if source.place.id == self.id {
            let error = Error::invalid_input(format!("{source} is one of the place itself"));
            return Err(error.advise("use Place::rollback to make it live again"));
        }
        // Fails before the download.
        self.experience_id_for(&CREATE_PLACE_VERSION)?;
        let (kept, mut file) = Temporary::create()?;
        source.download(&mut file)?;
        drop(file);
        self.publish(PlaceFile::open(&kept.0)?)
    }
}

/// A file that only this user can read. It is removed when it is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn create() -> Result<(Self, File)> {
        let directory = std::env::temp_dir();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut tried = 0;
        loop {
            tried += 1;
            let path = directory.join(format!("rblxopencloud-{:016x}.part", random_u64()));
            match options.open(&path) {
                Ok(file) => return Ok((Self(path), file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tried < TRIES => {}
                Err(error) => return Err(Error::io(format!("a temporary file in {directory:?}"), error)),
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may be gone.
        let _ = fs::remove_file(&self.0);
    }
}
