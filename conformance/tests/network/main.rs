//! Other programs and crates: browsers, proxies, certificates, and what else `ureq` can do.

mod browser;
mod desk_page;
mod features;
mod proxies;
#[path = "../support/mod.rs"]
mod support;
mod tls;
