//! Requests: what a method of this crate does, a user could have written.

mod body;
mod builder;
mod ends;
mod file;
mod header;
mod multipart;
mod paging;
mod piece;
mod prepared;
mod response;
mod route;
mod start;

pub use body::{AttemptEvent, Body};
pub(crate) use body::{OnAttempt, check_content_type};
pub use builder::Request;
pub use file::UploadProgress;
pub(crate) use file::{FileContent, OnUpload, name_of};
pub use multipart::Multipart;
pub(crate) use paging::Follow;
pub use paging::Paging;
pub(crate) use prepared::Prepared;
pub use response::Response;
