//! HTTP: one attempt of a call. No other module uses `ureq`, except where a caller passes a custom agent.

mod agent;
mod attempt;
mod body;
mod call;
mod download;
mod failure;
mod host;
mod http;
pub(crate) mod net;
mod payload;
mod receive;
mod refusal;
mod target;
mod timeouts;

pub(crate) use attempt::Attempt;
pub(crate) use body::Buffer;
pub(crate) use call::{Call, Head};
pub use download::DownloadProgress;
pub(crate) use download::{Download, OnProgress};
pub(crate) use failure::Failed;
pub(crate) use host::{check_base_url, shown_url};
pub(crate) use http::{Http, HttpSettings};
pub(crate) use payload::Payload;
pub(crate) use target::Target;
pub use timeouts::Timeouts;
