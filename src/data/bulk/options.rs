use std::fmt;
use std::sync::Arc;

use super::report::BulkProgress;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// A callback for each entry.
pub(super) type OnProgress = Arc<dyn Fn(&BulkProgress) + Send + Sync>;

/// Which entries a restore or a copy overwrites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overwrite {
    /// Those that were written before the one that is restored or copied. The default.
    #[default]
    Older,
    /// None: an entry that exists stays.
    Never,
    /// All, also those that were written since.
    Always,
}

/// How many entries are read or written, for the methods of [`DataStore`](crate::data::DataStore) whose names end in `_with`.
///
/// A setting that has no effect for a job is an [`InvalidInput`](crate::ErrorKind::InvalidInput) error.
///
/// ```
/// use rblxopencloud::data::Bulk;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
/// # let store = sandbox.client().experience(13058).data_store("Players");
/// # let folder = std::env::temp_dir().join(format!("bulk-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).expect("a folder");
/// # let path = folder.join("players.jsonl");
/// let bulk = Bulk::new().prefix("user_").requests_per_minute(200).on_progress(|progress| println!("{progress}"));
/// let report = store.back_up_with(&path, bulk)?;
/// println!("{report}");
/// # std::fs::remove_dir_all(&folder).expect("it is there");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Bulk {
    pub(super) prefix: String,
    pub(super) all_scopes: bool,
    pub(super) concurrency: Option<usize>,
    pub(super) requests_per_minute: Option<u32>,
    pub(super) dry_run: bool,
    pub(super) overwrite: Option<Overwrite>,
    pub(super) from_experience: Option<u64>,
    pub(super) cancel: Option<CancelToken>,
    pub(super) on_progress: Option<OnProgress>,
}

/// How many requests are under way at the same time.
const CONCURRENCY: usize = 16;
/// Each is a thread.
const MOST_CONCURRENT: usize = 256;

impl Bulk {
    /// Returns the default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the text with which keys begin. Defaults to an empty one. Has no effect for a restore.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets whether the entries of all scopes are meant, in place of those of the handle's scope. Defaults to `false`. Has no
    /// effect for a restore, which writes each entry into the scope that the file names.
    pub fn all_scopes(mut self, all: bool) -> Self {
        self.all_scopes = all;
        self
    }

    /// Sets how many entries are read or written at the same time, up to 256. Defaults to 16. At most twice as many are in memory.
    pub fn concurrency(mut self, entries: usize) -> Self {
        self.concurrency = Some(entries.clamp(1, MOST_CONCURRENT));
        self
    }

    /// Sets how many reads are sent in a minute, and how many writes, listings and deletions. Defaults to 100, or to what
    /// [`with_requests_per_minute`](crate::data::DataStore::with_requests_per_minute) has set.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.requests_per_minute = Some(requests);
        self
    }

    /// Sets whether entries are only read, to find out how many would be written. Defaults to `false`. Has no effect for a
    /// back-up.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Sets which entries a restore or a copy overwrites. Defaults to [`Overwrite::Older`].
    pub fn overwrite(mut self, overwrite: Overwrite) -> Self {
        self.overwrite = Some(overwrite);
        self
    }

    /// Restores a back-up of this experience into another one. Without it, a back-up can be restored only into the experience that
    /// it was made of.
    pub fn from_experience(mut self, experience_id: u64) -> Self {
        self.from_experience = Some(experience_id);
        self
    }

    /// Sets a token that ends the run. What was done by then is kept, and the next run goes on.
    pub fn cancel_by(mut self, token: &CancelToken) -> Self {
        self.cancel = Some(token.clone());
        self
    }

    /// Calls `f` after each entry. For an estimate of the time that is left, the keys are counted meanwhile, which takes a listing
    /// more.
    pub fn on_progress(mut self, f: impl Fn(&BulkProgress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(f));
        self
    }

    pub(super) fn threads(&self) -> usize {
        self.concurrency.unwrap_or(CONCURRENCY)
    }

    pub(super) fn share(&self) -> Option<u32> {
        self.requests_per_minute
    }

    /// Refuses settings that have no effect for a job.
    pub(super) fn check(&self, job: &str, without: &[(&str, bool)]) -> Result<()> {
        match without.iter().find(|(_, is_set)| *is_set) {
            Some((setting, _)) => {
                Err(Error::invalid_input(format!("the setting {setting} of Bulk has no effect for {job}")))
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Bulk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("prefix", &self.prefix)
            .field("all_scopes", &self.all_scopes)
            .field("concurrency", &self.concurrency)
            .field("requests_per_minute", &self.requests_per_minute)
            .field("dry_run", &self.dry_run)
            .field("overwrite", &self.overwrite)
            .field("from_experience", &self.from_experience)
            .finish_non_exhaustive()
    }
}
