use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::event::PublishEvent;
use super::files::Input;
use super::lock::Lock;
use super::plan::Plan;
use super::record::{self, Record, check_owner};
use super::report::Report;
use super::run;
use super::settings::{PublishOwner, Settings};
use crate::asset::AssetType;
use crate::error::{Error, ErrorKind, Result};
use crate::user::AssetQuotaKind;

/// Publishes folders. See [the module](crate::publish).
///
/// Nothing is read or sent before [`run`](Self::run), [`plan`](Self::plan) or [`check`](Self::check).
#[derive(Clone)]
#[must_use = "nothing is published until it is run"]
pub struct Publisher {
    settings: Settings,
}

impl Publisher {
    /// Creates a publisher for a user or a group. The key needs the scopes `asset:read` and `asset:write`.
    pub fn new(owner: impl Into<PublishOwner>) -> Self {
        Self { settings: Settings::new(owner.into()) }
    }

    /// Sets the lock file. Defaults to `assets.lock` in the current directory. If it is a link, the file that it leads to is
    /// replaced, and the files of a run lie beside that one.
    pub fn lock_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.lock = path.into();
        self
    }

    /// Adds a folder, with the folders in it. Links are followed.
    ///
    /// A file is named by its path in the folder. These are skipped: hidden files and folders, `Thumbs.db` and `desktop.ini`,
    /// READMEs and licences, the lock file, JSON and source code. [`include`](Self::include) brings them back, except for the
    /// lock file and what is hidden.
    pub fn folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.inputs.push(Input::Folder(path.into()));
        self
    }

    /// Adds a file, which is named by its file name.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.inputs.push(Input::File(path.into()));
        self
    }

    /// Publishes only files of folders whose names match this pattern, or another one that is included. `*` matches within a
    /// name, `**/` any folders: `ui/**/*.png`.
    pub fn include(mut self, pattern: impl Into<String>) -> Self {
        self.settings.include.add(pattern.into());
        self
    }

    /// Skips files of folders whose names match this pattern.
    pub fn exclude(mut self, pattern: impl Into<String>) -> Self {
        self.settings.exclude.add(pattern.into());
        self
    }

    /// Sets the type of the files whose names match this pattern. The last pattern that matches counts. Defaults to the usual
    /// type for the extension.
    pub fn asset_type(mut self, pattern: impl Into<String>, asset_type: AssetType) -> Self {
        self.settings.type_patterns.add(pattern.into());
        self.settings.types.push(asset_type);
        self
    }

    /// Sets the type of images: [`Image`](AssetType::Image), whose ids textures use, or [`Decal`](AssetType::Decal). Defaults to
    /// `Image`.
    pub fn images_as(mut self, asset_type: AssetType) -> Self {
        self.settings.images = asset_type;
        self
    }

    /// Sets whether changed content of a model becomes a new version of its asset. Defaults to `false`: it becomes a new asset.
    ///
    /// Before a version is sent, the number of the current one is read and written down. If the response is lost, the next run
    /// compares it, and sends the version again only if it is missing.
    ///
    /// The asset must be a model of the owner, and have the name that the lock file has for it, so that a changed id in a lock
    /// file doesn't overwrite another asset. Correct the name there if the asset was renamed on the Creator Hub.
    pub fn new_versions(mut self, new_versions: bool) -> Self {
        self.settings.new_versions = new_versions;
        self
    }

    /// Uses an existing asset for the file at `path`, in place of an upload. For an upload in doubt that has arrived, and for
    /// assets that were published by hand.
    ///
    /// Each choice counts once, so that the call can stay in a build script: content that changes later is published as usual.
    pub fn adopt(mut self, path: impl Into<String>, asset_id: u64) -> Self {
        self.settings.adopt.push((with_slashes(path.into()), asset_id));
        self
    }

    /// Sends the upload in doubt of the file at `path` again. If it has arrived after all, there are two assets. If the file is
    /// gone, its upload is forgotten.
    ///
    /// The choice counts once, so that the call can stay in a build script: if the upload is in doubt once more, it isn't sent a
    /// third time. A run without the call ends the choice, and the next call is a new one.
    pub fn send_again(mut self, path: impl Into<String>) -> Self {
        self.settings.send_again.push(with_slashes(path.into()));
        self
    }

    /// Sets whether a journal that no run on this machine has written is used. Defaults to `false`: it is an error of every call.
    ///
    /// For a folder that was copied or moved to another disk after a run was killed, or that a cache of a build server restores.
    /// A journal can change the ids of files, so don't set it where strangers can add one, such as in a pull request.
    pub fn accept_journal(mut self, accept_journal: bool) -> Self {
        self.settings.accept_journal = accept_journal;
        self
    }

    /// Sets whether an upload in doubt that is nowhere to be seen is sent again by itself. Defaults to `false`: the caller looks
    /// for it on the Creator Hub, and then [adopts](Self::adopt) it or [sends it again](Self::send_again).
    ///
    /// It counts as lost if the service has not accepted it, it began more than a quarter of an hour ago, and the whole list of
    /// the owner's assets of its type was read without one that is or may be it. There is an
    /// [event](PublishEvent::Lost) for it. Uploads that can't be looked for stay in doubt.
    pub fn send_lost_again(mut self, send_lost_again: bool) -> Self {
        self.settings.send_lost_again = send_lost_again;
        self
    }

    /// Grants an experience the use of all published assets. Needs the scope `asset-permissions:write`.
    pub fn grant_to(mut self, universe_id: u64) -> Self {
        self.settings.grant_to.push(universe_id);
        self
    }

    /// Sets whether an upload whose name is moderated is sent again under a neutral name. Defaults to `false`.
    pub fn neutral_names(mut self, neutral_names: bool) -> Self {
        self.settings.neutral_names = neutral_names;
        self
    }

    /// Sets whether to ask what became of assets that were under review when their upload ended. Defaults to `false`.
    ///
    /// Each of them takes a request in every run, until moderation has decided. One that was rejected is a problem from then on,
    /// and its id isn't part of modules.
    pub fn check_reviews(mut self, check_reviews: bool) -> Self {
        self.settings.check_reviews = check_reviews;
        self
    }

    /// Sets how many uploads are sent at the same time. Defaults to 8. See
    /// [`AssetUploads::concurrency`](crate::AssetUploads::concurrency).
    pub fn concurrency(mut self, uploads: usize) -> Self {
        self.settings.concurrency = uploads;
        self
    }

    /// Calls `f` with what happens, also from the threads that upload. It should return quickly.
    pub fn on_event(mut self, f: impl Fn(&PublishEvent<'_>) + Send + Sync + 'static) -> Self {
        self.settings.on_event = Arc::new(f);
        self
    }

    /// Stops the run soon after `f` returns `true`, such as when Ctrl-C was pressed. Uploads that are being sent are finished,
    /// and what the service has accepted is on record.
    pub fn stop_when(mut self, f: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.settings.stop_when = Arc::new(f);
        self
    }

    /// Publishes what is new or has changed.
    ///
    /// If nothing has, no request is made. A file that can't be published is a problem in the report, and the others go on. A
    /// refused key or a moderated account stops the run; an exhausted quota stops the uploads of its type.
    ///
    /// # Errors
    /// Returns an error if there is no report: the lock file can't be used
    /// ([`CorruptFile`](ErrorKind::CorruptFile), [`NewerFile`](ErrorKind::NewerFile), [`Io`](ErrorKind::Io)), is used by another
    /// process ([`Conflict`](ErrorKind::Conflict)) or belongs to another owner, a folder can't be read, or a setting is invalid.
    pub fn run(&self) -> Result<Report> {
        run::run(&self.settings)
    }

    /// Returns what [`run`](Self::run) would do. Sends no upload and changes no file.
    ///
    /// If something would be uploaded and the key may read quotas, these are fetched. So are the assets that would get a new
    /// version: see [`new_versions`](Self::new_versions).
    ///
    /// # Errors
    /// See [`run`](Self::run).
    pub fn plan(&self) -> Result<Plan> {
        let lock = self.read_lock()?;
        let mut plan = run::plan(&self.settings, &lock)?;
        run::compare_versions(&self.settings, &lock, &mut plan);
        plan.quotas = self.quotas(&plan);
        Ok(plan)
    }

    /// Returns what is published, as the lock file has it. Makes no request and changes no file, so it needs no key: the owner's
    /// client can have [none](crate::Credentials::none). For builds that need the ids only.
    ///
    /// Files that are not published are problems of the report.
    ///
    /// # Errors
    /// See [`run`](Self::run).
    pub fn published(&self) -> Result<Report> {
        run::published(&self.settings, &self.read_lock()?)
    }

    /// Checks that everything is published, for continuous integration. Makes no request and changes no file.
    ///
    /// # Errors
    /// Returns [`OutOfDate`](ErrorKind::OutOfDate), which names the first files, if [`run`](Self::run) would upload something or
    /// has a problem.
    pub fn check(&self) -> Result<()> {
        let plan = run::plan(&self.settings, &self.read_lock()?)?;
        let due = plan
            .files
            .iter()
            .filter(|file| !matches!(file.action, super::PlannedAction::Nothing(_) | super::PlannedAction::SameAs(_)));
        let mut names: Vec<&str> = due.map(|file| file.path.as_str()).collect();
        names.extend(plan.problems.iter().map(|problem| problem.path.as_str()));
        if names.is_empty() {
            return Ok(());
        }
        let (shown, rest) = names.split_at(names.len().min(5));
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        Err(Error::new(ErrorKind::OutOfDate, lock_subject(&self.settings.lock))
            .explain(format!("not published: {}{more}", shown.join(", ")))
            .advise("publish them and commit the lock file")
            .concerning_run())
    }

    /// Forgets the names of files that aren't there any more, and returns them. Makes no request.
    ///
    /// The lock file remembers the name of each file that was published. One that is away for some runs, because it is excluded,
    /// on another branch or in a folder of another publisher with the same lock file, gets its next version as usual when it
    /// comes back. A name that is forgotten is a new one then. What was published stays known by its content.
    ///
    /// # Errors
    /// See [`run`](Self::run).
    pub fn prune(&self) -> Result<Vec<String>> {
        run::prune(&self.settings)
    }

    /// Merges the lock file at `theirs` into that at `ours`, such as those of two branches. Returns the assets that both have
    /// published for the same content, as the id that stays and the other one.
    ///
    /// If both have published a new version of one asset, the newest one is kept. If they don't tell which one that is, the next
    /// run with [`new_versions`](Self::new_versions) sends what the file has then.
    ///
    /// # Errors
    /// See [`run`](Self::run). Locks of two owners can't be merged. Returns [`Io`](ErrorKind::Io) if there is no file `theirs`.
    pub fn merge(ours: impl AsRef<Path>, theirs: impl AsRef<Path>) -> Result<Vec<(u64, u64)>> {
        Record::merge(ours.as_ref(), theirs.as_ref())
    }

    fn read_lock(&self) -> Result<Lock> {
        let (lock, _) = record::read(&self.settings.lock, self.settings.accept_journal)?;
        check_owner(&lock, &self.settings.owner.to_string(), &self.settings.lock)?;
        Ok(lock)
    }

    /// Returns what is left of the quotas, if the key may read them.
    fn quotas(&self, plan: &Plan) -> BTreeMap<String, u64> {
        let mut left = BTreeMap::new();
        let Some(user) = self.settings.owner.user().filter(|_| plan.uploads().next().is_some()) else { return left };
        for quota in user.list_asset_quotas().map_while(Result::ok) {
            let Some(kind) = quota.asset_type.as_ref().filter(|_| quota.kind == Some(AssetQuotaKind::RateLimitUpload))
            else {
                continue;
            };
            let kind = kind.to_string();
            let Some(remaining) = quota.remaining() else { continue };
            if plan.uploads().any(|file| file.asset_type.as_str().eq_ignore_ascii_case(&kind)) {
                left.entry(kind).and_modify(|least: &mut u64| *least = remaining.min(*least)).or_insert(remaining);
            }
        }
        left
    }
}

/// Returns a path as it is in reports.
fn with_slashes(path: String) -> String {
    if cfg!(windows) { path.replace('\\', "/") } else { path }
}

fn lock_subject(lock: &Path) -> String {
    super::lock::subject(lock)
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("owner", &self.settings.owner.to_string())
            .field("lock_file", &self.settings.lock)
            .field("inputs", &self.settings.inputs)
            .finish_non_exhaustive()
    }
}
