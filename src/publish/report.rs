use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::module::AssetModule;
use crate::asset::AssetType;
use crate::error::{Error, ErrorKind, ErrorScope, Result};
use crate::plain::Plain;

/// What became of each file, from [`Publisher::run`](super::Publisher::run).
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "files can have problems; `check` makes them an error"]
pub struct Report {
    /// The files with an asset, in order of their names. That of [`Outdated`](Published::Outdated) files has earlier content.
    pub files: Vec<PublishedFile>,
    /// What did not go as planned, in order of the files' names. A file can be published and have a problem, such as a
    /// permission that was not granted.
    pub problems: Vec<PublishProblem>,
    /// What isn't a problem, in a line each: how many files are left out, and patterns that match nothing.
    pub notes: Vec<String>,
    /// The files that are not published as they are now, without a problem of their own, in order: they were not sent yet, because
    /// the run was stopped, or because the quota of their type is exhausted.
    pub unpublished: Vec<String>,
    /// Why the run was stopped before its end.
    pub stopped: Option<Stopped>,
    pub(super) module: AssetModule,
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
    pub how: Published,
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
    /// What it is now isn't published. The id is that of the content that was published last.
    Outdated,
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

    /// Whether the file has no problem of its own: why it wasn't sent is that of the run, or of the file before.
    pub(super) fn is_of_others(&self) -> bool {
        let is_of_file = |error: &Error| error.status().is_some() && error.scope() == ErrorScope::AssetType;
        self.kind == PublishProblemKind::NotSent && !self.error.as_ref().is_some_and(is_of_file)
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
    /// A pattern, a folder or the lock file isn't as the settings expect. Nothing was sent.
    Setting,
    /// It was not sent, because the quota of its type is exhausted.
    NotSent,
    /// It is published, but a permission was not granted.
    NotGranted,
    /// A module can't be written. The problem's path is that of the module.
    Module,
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
    /// No further upload can succeed: the key is refused, the account is moderated, the service can't be reached, a pattern or a
    /// folder isn't as the settings expect, or the lock file can't be written.
    Failed(Error),
    /// [`Publisher::stop_when`](super::Publisher::stop_when) returned `true`.
    Cancelled,
}

impl Report {
    pub(super) fn new(
        module: &AssetModule,
        files: Vec<PublishedFile>,
        problems: Vec<PublishProblem>,
        notes: Vec<String>,
        stopped: Option<Stopped>,
    ) -> Self {
        let module = module.with_ids(files.iter().map(|file| (file.path.as_str(), file.id)));
        let (others, mut problems): (Vec<_>, Vec<_>) = problems.into_iter().partition(PublishProblem::is_of_others);
        problems.sort_by(|one, other| one.path.cmp(&other.path));
        let mut unpublished: Vec<String> = others.into_iter().map(|problem| problem.path).collect();
        unpublished.sort();
        unpublished.dedup();
        Self { files, problems, notes, unpublished, stopped, module }
    }

    /// Checks that every file is published, and every module written.
    ///
    /// ```no_run
    /// use rblxopencloud::User;
    /// use rblxopencloud::publish::Publisher;
    ///
    /// fn main() -> rblxopencloud::Result<()> {
    ///     let user = User::new(156, "api-key");
    ///     let report = Publisher::new(&user).folder("assets").luau("src/assets.luau").run()?;
    ///     println!("{report}");
    ///     report.check()
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns what has [stopped](Self::stopped) the run, or [`OutOfDate`](ErrorKind::OutOfDate) with the first problems.
    pub fn check(&self) -> Result<()> {
        if self.is_complete() {
            return Ok(());
        }
        Err(match &self.stopped {
            Some(Stopped::Failed(error)) => error.clone(),
            Some(Stopped::Cancelled) => {
                Error::new(ErrorKind::Cancelled, self.counts()).explain("the run was cancelled")
            }
            None => {
                let problems = self.problems.iter().map(ToString::to_string);
                let unpublished = self.unpublished.iter().map(|path| format!("{path}: it is not published"));
                Error::new(ErrorKind::OutOfDate, self.counts())
                    .explain(list(problems.chain(unpublished).collect(), "; "))
            }
        }
        .concerning_run())
    }

    fn counts(&self) -> String {
        let uploaded = self.uploaded();
        let outdated = self.files.iter().filter(|file| file.how == Published::Outdated).count();
        let unchanged = self.files.len() - uploaded - outdated;
        let problems = self.problems.len();
        let mut text = format!("{uploaded} uploaded, {unchanged} unchanged");
        for (count, what) in [
            (outdated, if outdated == 1 { "with its last id" } else { "with their last ids" }),
            (self.unpublished.len(), "not published"),
        ] {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        text + &format!(", {problems} {}", if problems == 1 { "problem" } else { "problems" })
    }

    /// Returns whether every file is published.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty() && self.unpublished.is_empty() && self.stopped.is_none()
    }

    /// Returns how many files were uploaded.
    #[must_use]
    pub fn uploaded(&self) -> usize {
        self.files.iter().filter(|file| matches!(file.how, Published::Uploaded | Published::NewVersion)).count()
    }

    /// Returns the exit code for a program that does nothing else: 0 if every file is published, 1 if some are not, 2 if an
    /// upload is in doubt, 3 if an error has [stopped](Self::stopped) the run, and 130 if it was cancelled.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match &self.stopped {
            Some(Stopped::Failed(_)) => 3,
            Some(Stopped::Cancelled) => 130,
            None if self.problems.iter().any(|problem| problem.kind == PublishProblemKind::InDoubt) => 2,
            None => u8::from(!self.is_complete()),
        }
    }

    /// Returns the ids as a module of a programming language, with the settings of the publisher. Its methods change them.
    pub fn module(&self) -> AssetModule {
        self.module.clone()
    }

    /// Returns the id of each file with an asset, by its path.
    #[must_use]
    pub fn ids(&self) -> BTreeMap<&str, u64> {
        self.files.iter().map(|file| (file.path.as_str(), file.id)).collect()
    }
}

/// `3 uploaded, 40 unchanged, 1 with its last id, 1 problem`.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.counts())?;
        match &self.stopped {
            Some(Stopped::Failed(error)) => write!(f, "; stopped: {error}"),
            Some(Stopped::Cancelled) => f.write_str("; stopped: the run was cancelled"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for PublishProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Plain(f), "{}: {}", self.path, self.message)
    }
}

/// The first of these texts, and how many others there are.
pub(super) fn list(texts: Vec<String>, separator: &str) -> String {
    let (shown, rest) = texts.split_at(texts.len().min(5));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    shown.join(separator) + &more
}
