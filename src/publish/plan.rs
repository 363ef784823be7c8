use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::report::PublishProblem;
use crate::asset::AssetType;

/// What a run would do, from [`Publisher::plan`](super::Publisher::plan).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// The files, in order of their names.
    pub files: Vec<PlannedFile>,
    /// The files that can't be published.
    pub problems: Vec<PublishProblem>,
    /// How many more assets of each type can be uploaded, for the types that the plan uploads. Types without a quota, and all
    /// types if the key can't read quotas, are missing.
    pub quotas: BTreeMap<String, u64>,
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

    /// Returns whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.uploads().next().is_none() && !self.files.iter().any(|file| file.action == PlannedAction::Resolve)
    }

    /// Returns how long the uploads take at least, at the service's rate limit.
    #[must_use]
    pub fn shortest_time(&self) -> Duration {
        let uploads = u64::try_from(self.uploads().count()).unwrap_or(u64::MAX);
        let Some(budget) = crate::asset::upload::CREATE_ASSET.key_budget() else { return Duration::ZERO };
        let periods = uploads.saturating_sub(1) / u64::from(budget.count());
        budget.period().saturating_mul(u32::try_from(periods).unwrap_or(u32::MAX))
    }

    /// Returns the types whose quota is less than what the plan uploads.
    #[must_use]
    pub fn exceeded_quotas(&self) -> Vec<&str> {
        let uploads_of = |asset_type: &str| {
            let of_type = self.uploads().filter(|file| file.asset_type.as_str().eq_ignore_ascii_case(asset_type));
            u64::try_from(of_type.count()).unwrap_or(u64::MAX)
        };
        self.quotas.iter().filter(|(kind, left)| uploads_of(kind) > **left).map(|(kind, _)| kind.as_str()).collect()
    }
}

impl PlannedAction {
    pub(super) fn is_upload(&self) -> bool {
        match self {
            Self::Upload | Self::UploadChanged | Self::NewVersion(_) => true,
            Self::Nothing(_) | Self::SameAs(_) | Self::Resolve => false,
        }
    }
}

impl fmt::Display for PlannedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing(id) => write!(f, "published as {id}"),
            Self::SameAs(other) => write!(f, "the same as {other}"),
            Self::Upload => f.write_str("upload: new"),
            Self::UploadChanged => f.write_str("upload: changed"),
            Self::NewVersion(id) => write!(f, "upload: a new version of {id}"),
            Self::Resolve => f.write_str("look for it: an earlier upload may have arrived"),
        }
    }
}
