//! What a caller has set.

use std::fmt;
use std::sync::Arc;

use super::report::ErasureProgress;
use crate::cancel::CancelToken;
use crate::data::share::OF_A_JOB;

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) templates: Vec<String>,
    /// `None` for all of them.
    pub(super) stores: Option<Vec<String>>,
    pub(super) all_scopes: bool,
    /// Names and scopes.
    pub(super) ordered_stores: Vec<(String, String)>,
    pub(super) sorted_maps: Vec<String>,
    pub(super) requests_per_minute: u32,
    pub(super) is_dry_run: bool,
    pub(super) cancel: Option<CancelToken>,
    pub(super) on_progress: Option<OnProgress>,
}

#[derive(Clone)]
pub(super) struct OnProgress(pub(super) Arc<dyn Fn(ErasureProgress) + Send + Sync>);

impl fmt::Debug for OnProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnProgress")
    }
}

impl Settings {
    pub(super) fn new() -> Self {
        Self {
            templates: Vec::new(),
            stores: None,
            all_scopes: true,
            ordered_stores: Vec::new(),
            sorted_maps: Vec::new(),
            requests_per_minute: OF_A_JOB,
            is_dry_run: false,
            cancel: None,
            on_progress: None,
        }
    }
}
