use std::fmt;

use jiff::Timestamp;

use super::model::Asset;

/// What became of an upload, as far as it can be seen, from [`User::find_upload`](crate::User::find_upload).
///
/// An upload can still be processed, or be hidden by moderation, so nothing here says that it doesn't exist.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UploadSearch {
    /// One asset looks like the upload.
    One(Box<UploadCandidate>),
    /// Several assets look like the upload.
    Several(Vec<UploadCandidate>),
    /// No asset that looks like the upload was seen.
    NoneSeen {
        /// How many assets of this type were added to the inventory since the given time.
        added: usize,
        /// Those of them that couldn't be read. The upload can be among them.
        unread: Vec<u64>,
    },
    /// Uploads of this kind can't be looked for.
    CannotLook {
        /// Why.
        reason: String,
    },
}

/// An asset that looks like an upload, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadCandidate {
    /// The asset, whose type, name, description and creator are those of the upload.
    pub asset: Asset,
    /// When it was added to the inventory.
    pub added_at: Option<Timestamp>,
    /// The other assets of this type that were added and couldn't be read. The upload can also be one of them.
    pub unread: Vec<u64>,
}

/// `asset 1234, added at …`.
impl fmt::Display for UploadCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the same type, name, description and creator", self.asset)?;
        match self.added_at {
            Some(time) => write!(f, ", added at {time}"),
            None => Ok(()),
        }
    }
}
