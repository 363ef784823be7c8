//! Uploads of many files at once.

mod outcome;
mod queue;
mod run;
mod uploads;

#[cfg(feature = "publish")]
pub(crate) use outcome::NextOutcome;
pub use outcome::UploadOutcome;
pub use uploads::AssetUploads;
