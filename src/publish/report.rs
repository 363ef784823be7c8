use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::module::AssetModule;
use crate::asset::AssetType;
use crate::error::{Error, ErrorKind, ErrorScope, Result};

/// What became of each file, from [`Publisher::run`](super::Publisher::run).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The files, in order of their names.
    pub files: Vec<PublishedFile>,
    /// What did not go as planned, in order of the files' names. A file can be published and have a problem, such as a
    /// permission that was not granted.
    pub problems: Vec<PublishProblem>,
    /// Why the run was stopped before its end.
    pub stopped: Option<Stopped>,
}

/// A file with an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedFile {
    /// The path in its folder, with slashes.
    pub path: String,
    /// The id of the asset.
    pub id: u64,
    /// The type of the asset.
    pub asset_type: AssetType,
    /// How it came to be.
    pub outcome: Published,
}

/// How a file got its asset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Published {
    /// It was published before.
    Unchanged,
    /// Another file has the same content.
    SameAs(String),
    /// It was uploaded.
    Uploaded,
    /// It was uploaded as a new version of its asset.
    NewVersion,
    /// An upload of an earlier run had arrived, or the asset was [taken over](super::Publisher::adopt).
    Adopted(String),
}

/// A problem with a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PublishProblem {
    /// The path in its folder, with slashes.
    pub path: String,
    /// The kind of problem.
    pub kind: PublishProblemKind,
    /// What is wrong, and what to do.
    pub message: String,
    /// The error behind it, if there is one.
    pub error: Option<Error>,
}

impl PublishProblem {
    pub(super) fn new(path: &str, kind: PublishProblemKind, error: Error) -> Self {
        Self { path: path.to_owned(), kind, message: error.to_string(), error: Some(error) }
    }
}

/// The kind of a [`PublishProblem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublishProblemKind {
    /// The file can't be read, or changed during the run.
    Unreadable,
    /// The file, its name or its content can't be published as it is.
    Unfit,
    /// The upload was refused or failed, without effect.
    Failed,
    /// The upload may have arrived. It is neither repeated nor counted as published.
    InDoubt,
    /// Moderation has rejected the asset. Its id isn't part of modules.
    Rejected,
    /// It was not sent, because the run was stopped or the quota of its type is exhausted.
    NotSent,
    /// It is published, but a permission was not granted.
    NotGranted,
}

impl PublishProblemKind {
    /// Returns the kind of an error that leaves no doubt.
    pub(super) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::QuotaExhausted => Self::NotSent,
            _ if error.scope() == ErrorScope::Run => Self::NotSent,
            ErrorKind::InvalidInput | ErrorKind::InvalidContent | ErrorKind::Moderated | ErrorKind::Rejected => {
                Self::Unfit
            }
            ErrorKind::Io => Self::Unreadable,
            _ => Self::Failed,
        }
    }
}

/// Why a run was stopped before its end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stopped {
    /// No further upload can succeed: the key is refused, the account is moderated, or the lock file can't be written.
    Failed(Error),
    /// [`Publisher::stop_when`](super::Publisher::stop_when) returned `true`.
    Cancelled,
}

impl Report {
    /// Returns whether every file is published.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty() && self.stopped.is_none()
    }

    /// Returns how many files were uploaded.
    #[must_use]
    pub fn uploaded(&self) -> usize {
        self.files.iter().filter(|file| matches!(file.outcome, Published::Uploaded | Published::NewVersion)).count()
    }

    /// Returns the exit code for a program that does nothing else: 0 if every file is published, 1 if some are not, 2 if an
    /// upload is in doubt, 3 if an error has [stopped](Self::stopped) the run, and 130 if it was cancelled.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match &self.stopped {
            Some(Stopped::Failed(_)) => 3,
            Some(Stopped::Cancelled) => 130,
            None if self.problems.iter().any(|problem| problem.kind == PublishProblemKind::InDoubt) => 2,
            None => u8::from(!self.problems.is_empty()),
        }
    }

    /// Returns the ids of all published files as a module of a programming language.
    pub fn module(&self) -> AssetModule {
        AssetModule::new(self.files.iter().map(|file| (file.path.as_str(), file.id)))
    }

    /// Returns the id of each published file, by its path.
    #[must_use]
    pub fn ids(&self) -> BTreeMap<&str, u64> {
        self.files.iter().map(|file| (file.path.as_str(), file.id)).collect()
    }

    /// Writes a Luau module of nested tables. See [`module`](Self::module) for other forms.
    ///
    /// # Errors
    /// See [`AssetModule::write_luau`].
    pub fn write_luau(&self, path: impl AsRef<Path>) -> Result<()> {
        self.module().write_luau(path)
    }

    /// Writes a TypeScript module of nested objects. See [`module`](Self::module) for other forms.
    ///
    /// # Errors
    /// See [`AssetModule::write_typescript`].
    pub fn write_typescript(&self, path: impl AsRef<Path>) -> Result<()> {
        self.module().write_typescript(path)
    }

    /// Writes a JSON file of nested objects. See [`module`](Self::module) for other forms.
    ///
    /// # Errors
    /// See [`AssetModule::write_json`].
    pub fn write_json(&self, path: impl AsRef<Path>) -> Result<()> {
        self.module().write_json(path)
    }

    /// Writes a Rust module of constants. See [`module`](Self::module) for other forms.
    ///
    /// # Errors
    /// See [`AssetModule::write_rust`].
    pub fn write_rust(&self, path: impl AsRef<Path>) -> Result<()> {
        self.module().write_rust(path)
    }
}

/// `3 uploaded, 40 unchanged, 1 problem`.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uploaded = self.uploaded();
        let problems = if self.problems.len() == 1 { "problem" } else { "problems" };
        write!(
            f,
            "{uploaded} uploaded, {} unchanged, {} {problems}",
            self.files.len() - uploaded,
            self.problems.len()
        )?;
        match &self.stopped {
            Some(Stopped::Failed(error)) => write!(f, "; stopped: {error}"),
            Some(Stopped::Cancelled) => f.write_str("; stopped: the run was cancelled"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for PublishProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}
