use std::iter::FusedIterator;

use super::handle::Place;
use super::version::PlaceVersion;
use crate::asset::handle::LIST_ASSET_VERSIONS;
use crate::error::Result;
use crate::page::{Cursor, Pager};

/// What an unreadable version leaves open.
const WHICH_ARE_PUBLISHED: &str = "whether a version was published";

impl Place {
    /// Lists the versions of the place, newest first: those that were published and those that were only saved.
    ///
    /// Calls [`LIST_ASSET_VERSIONS`], which needs the scope `asset:read`. A page has 50 versions.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let place = sandbox.client().experience(13058).place(1818);
    /// # place.publish(b"<roblox!\x89\xff\r\n\x1a\n")?;
    /// # place.save(b"<roblox!\x89\xff\r\n\x1a\n ")?;
    /// for version in place.list_versions() {
    ///     println!("{}", version?);
    /// }
    /// let live = place.list_versions().published().next().transpose()?;
    /// # assert!(live.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#listAssetVersions>
    pub fn list_versions(&self) -> PlaceVersions {
        let pager = self.client.call(&LIST_ASSET_VERSIONS).param("asset", self.id).pages();
        PlaceVersions { pager, only_published: false, has_found: false, has_untold: false }
    }
}

/// The versions of a place, from [`Place::list_versions`].
///
/// No request is made until the first [`next`](Iterator::next). The iterator ends after a failed page.
#[derive(Debug)]
#[must_use = "a listing makes no request until it is iterated over"]
pub struct PlaceVersions {
    pager: Pager<PlaceVersion>,
    only_published: bool,
    /// Whether a version was yielded.
    has_found: bool,
    /// Whether it isn't known of some version whether it was published.
    has_untold: bool,
}

impl PlaceVersions {
    /// Yields only the versions that were published. The filter is local: to find one can take several pages.
    ///
    /// If it isn't known of any version whether it was published, the iterator ends with an
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse).
    pub fn published(mut self) -> Self {
        self.only_published = true;
        self
    }

    /// Resumes the listing at a cursor. See [`Pager::resume_from`].
    pub fn resume_from(mut self, cursor: impl Into<Cursor>) -> Self {
        self.pager = self.pager.resume_from(cursor);
        self
    }

    /// Returns the position after the last version that was yielded. See [`Pager::cursor`].
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.pager.cursor()
    }

    /// Returns how many unreadable versions were skipped. See [`Pager::unreadable_count`].
    #[must_use]
    pub fn unreadable_count(&self) -> u64 {
        self.pager.unreadable_count()
    }

    /// Fails if a version couldn't be read, which may be the one that is looked for.
    pub(super) fn check_all_read(&self) -> Result<()> {
        self.pager.check_all_read(WHICH_ARE_PUBLISHED)
    }
}

impl Iterator for PlaceVersions {
    type Item = Result<PlaceVersion>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.pager.next() {
                Some(Ok(version)) if self.only_published && version.is_published != Some(true) => {
                    self.has_untold |= version.is_published.is_none();
                }
                Some(version) => {
                    self.has_found = true;
                    return Some(version);
                }
                // The only answer would be that there is none.
                None if std::mem::take(&mut self.has_untold) && !self.has_found => {
                    return Some(Err(self.pager.unread(WHICH_ARE_PUBLISHED)));
                }
                None => return None,
            }
        }
    }
}

impl FusedIterator for PlaceVersions {}
