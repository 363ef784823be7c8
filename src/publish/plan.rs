use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use super::report::PublishProblem;
use crate::asset::AssetType;
use crate::plain::Plain;

/// What a run would do, from [`Publisher::plan`](super::Publisher::plan).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// The files, in order of their names.
    pub files: Vec<PlannedFile>,
    /// The files that can't be published.
    pub problems: Vec<PublishProblem>,
    /// What isn't a problem, in a line each: how many files are left out, and patterns that match nothing.
    pub notes: Vec<String>,
    /// The modules that don't have the ids of what is published now.
    pub stale_modules: Vec<PathBuf>,
    /// The quotas of the types that the plan uploads, in the order of their first files. Types without a quota, and all types if
    /// the key can't read quotas, are missing.
    pub quotas: Vec<PlannedQuota>,
}

/// How many assets of a type can be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedQuota {
    /// The type.
    pub asset_type: AssetType,
    /// How many the plan uploads.
    pub uploads: u64,
    /// How many more can be uploaded now.
    pub left: u64,
}

/// A file, and what would be done with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlannedFile {
    /// The path in its folder, with slashes.
    pub path: String,
    /// The type of the asset.
    pub asset_type: AssetType,
    /// The size in bytes.
    pub size: u64,
    /// What would be done, and why.
    pub action: PlannedAction,
}

/// What would be done with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlannedAction {
    /// Nothing: it is published with this id.
    Nothing(u64),
    /// Nothing: another file has the same content.
    SameAs(String),
    /// It is new, and would be uploaded.
    Upload,
    /// It has changed, and would be uploaded as a new asset.
    UploadChanged,
    /// It has changed, and would be uploaded as a new version of the asset with this id.
    NewVersion(u64),
    /// An earlier upload of it may have arrived. It would be looked for.
    Resolve,
}

impl Plan {
    /// Returns the files that would be uploaded.
    pub fn uploads(&self) -> impl Iterator<Item = &PlannedFile> {
        self.files.iter().filter(|file| file.action.is_upload())
    }

    /// Returns the files with which something would be done.
    pub fn changes(&self) -> impl Iterator<Item = &PlannedFile> {
        self.files.iter().filter(|file| file.action.is_upload() || file.action == PlannedAction::Resolve)
    }

    /// Returns whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes().next().is_none() && self.stale_modules.is_empty()
    }

    /// Returns how long the uploads take at least, at the service's rate limit.
    #[must_use]
    pub fn shortest_time(&self) -> Duration {
        shortest_time(self.uploads().count())
    }

    /// Returns the quotas that are less than what the plan uploads.
    pub fn exceeded_quotas(&self) -> impl Iterator<Item = &PlannedQuota> {
        self.quotas.iter().filter(|quota| quota.uploads > quota.left)
    }
}

/// Returns how long this many uploads take at least.
pub(super) fn shortest_time(uploads: usize) -> Duration {
    let uploads = u64::try_from(uploads).unwrap_or(u64::MAX);
    let Some(budget) = crate::asset::upload::CREATE_ASSET.key_budget() else { return Duration::ZERO };
    let periods = uploads.saturating_sub(1) / u64::from(budget.count());
    budget.period().saturating_mul(u32::try_from(periods).unwrap_or(u32::MAX))
}

impl PlannedAction {
    pub(super) fn is_upload(&self) -> bool {
        match self {
            Self::Upload | Self::UploadChanged | Self::NewVersion(_) => true,
            Self::Nothing(_) | Self::SameAs(_) | Self::Resolve => false,
        }
    }
}

/// `120 to upload in at least 2 min, 40 unchanged, 1 problem`.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (uploads, changes) = (self.uploads().count(), self.changes().count());
        write!(f, "{uploads} to upload")?;
        let minutes = self.shortest_time().as_secs().div_ceil(60);
        if minutes > 0 {
            write!(f, " in at least {minutes} min")?;
        }
        if changes > uploads {
            write!(f, ", {} to look for", changes - uploads)?;
        }
        write!(f, ", {} unchanged", self.files.len() - changes)?;
        for (count, one, several) in [
            (self.problems.len(), "problem", "problems"),
            (self.stale_modules.len(), "module to write", "modules to write"),
        ] {
            if count > 0 {
                write!(f, ", {count} {}", if count == 1 { one } else { several })?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for PlannedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing(id) => write!(f, "published as {id}"),
            Self::SameAs(other) => write!(Plain(f), "the same as {other}"),
            Self::Upload => f.write_str("upload: new"),
            Self::UploadChanged => f.write_str("upload: changed"),
            Self::NewVersion(id) => write!(f, "upload: a new version of {id}"),
            Self::Resolve => f.write_str("look for it: an earlier upload may have arrived"),
        }
    }
}
