//! Places of experiences.

// First, so that the page of `Place` begins with the handle itself.
pub(crate) mod handle;

mod file;
pub(crate) mod history;
pub(crate) mod info;
pub(crate) mod members;
mod promote;
pub(crate) mod publish;
mod version;
mod versions;

pub use file::PlaceFile;
pub use history::{PlaceHistory, PlaceHistoryEntry};
pub use info::{PlaceInfo, PlaceUpdate};
pub use members::TeamCreateMember;
pub use version::{PlaceVersion, PlaceVersionHandle};
pub use versions::PlaceVersions;
