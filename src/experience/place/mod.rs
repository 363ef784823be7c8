//! Places of experiences.

// First, so that the page of `Place` begins with the handle itself.
pub(crate) mod handle;

mod version;
mod versions;

pub use version::{PlaceVersion, PlaceVersionHandle};
pub use versions::PlaceVersions;
