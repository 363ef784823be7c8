use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::event::PublishEvent;
use super::files::Input;
use super::format::{AssetValue, Format};
use super::lock::{Lock, subject};
use super::module::ModuleFile;
use super::module_files;
use super::names::of_caller;
use super::plan::{Plan, PlannedAction, PlannedFile, PlannedQuota};
use super::preparation::Preparation;
use super::record::{self, Record, check_owner};
use super::report::{PublishProblemKind, Report, list};
use super::run;
use super::settings::{PublishOwner, Settings};
use crate::asset::AssetType;
use crate::error::{Error, ErrorKind, Result};
use crate::user::{AssetQuotaKind, AssetQuotaType};

/// Publishes folders. See [the module](crate::publish).
///
/// Nothing is read or sent before [`run`](Self::run), [`plan`](Self::plan) or [`check`](Self::check).
#[derive(Clone)]
#[must_use = "nothing is published until it is run"]
#[doc(alias = "sync")]
#[doc(alias = "deploy")]
#[doc(alias = "asset pipeline")]
pub struct Publisher {
    settings: Settings,
}

impl Publisher {
    /// Creates a publisher for a user or a group. The key needs the scopes `asset:read` and `asset:write`.
    pub fn new(owner: impl Into<PublishOwner>) -> Self {
        Self { settings: Settings::new(owner.into().impatient()) }
    }

    /// Sets the lock file. Defaults to `assets.lock` in the current directory. If it is a link, the file that it leads to is
    /// replaced, and the files of a run lie beside that one.
    ///
    /// Publishers of several folders can share it, unless two of their files have the same name.
    pub fn lock_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.lock = path.into();
        self
    }

    /// Adds a folder, with the folders in it. It can be a link.
    ///
    /// A file is named by its path in the folder, in the composed Unicode form. Names that are one in that form or differ only in
    /// case are problems on every system, and so are names with control characters.
    ///
    /// These are skipped: hidden files and folders, what operating systems keep for themselves, READMEs and licences, the lock
    /// file, JSON and source code. Other files whose extensions aren't those of assets, such as `.psd`, `.blend` or `.txt`, are
    /// left out, and a note of the [plan](crate::publish::Plan::notes) and the [report](Report::notes) counts them. A
    /// pattern of [`include`](Self::include) or [`asset_type`](Self::asset_type) that names them, such as `*.psd`, brings them
    /// back.
    ///
    /// Links are followed within the folder; see [`links_outside`](Self::links_outside). Each real folder is read once.
    ///
    /// A file `.assetignore` in the folder, or in one in it, has lines as in a `.gitignore`, which exclude files. Letters match in
    /// any case, `./drafts` is `/drafts`, and what seems to mean something else, such as a backslash between folders, is an error.
    pub fn folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.inputs.push(Input::Folder(path.into()));
        self
    }

    /// Adds a file, which is named by its file name. It can be a link.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.inputs.push(Input::File(path.into()));
        self
    }

    /// Publishes only files of folders whose names match this pattern, or another one that is included.
    ///
    /// | pattern | matches |
    /// |---|---|
    /// | `*.png`, `logo.png` | files of these names in any folder |
    /// | `/*.png`, `./*.png` | files that are in no further folder |
    /// | `ui`, `ui/` | all that is in folders named `ui` |
    /// | `/ui`, `ui/icons` | all that is in this folder |
    /// | `ui/*.png` | files in the folder `ui` |
    /// | `ui/**/*.png` | files in the folder `ui` and in those in it |
    /// | `*.{png,jpg}`, `icon?.png`, `[a-c]*` | one of several texts, one character, one of several characters |
    ///
    /// Letters match in any case. Paths begin in the folder and have slashes on every system. A pattern that matches nothing is a
    /// problem, and nothing is sent.
    pub fn include(mut self, pattern: impl Into<String>) -> Self {
        self.settings.include.add(pattern.into());
        self
    }

    /// Skips files whose names match this pattern; see [`include`](Self::include). It also matches all that is in a folder whose
    /// name matches.
    ///
    /// A pattern that matches nothing is a note of the plan and the report. If it seems to mean files in another form, it is a
    /// problem, and nothing is sent: `assets/drafts` for `drafts` in the folder `assets`, `secret` for `secret.png`, `wav` for
    /// `*.wav`, or a list.
    pub fn exclude(mut self, pattern: impl Into<String>) -> Self {
        self.settings.exclude.add(pattern.into());
        self
    }

    /// Sets the type of the files whose names match this pattern; see [`include`](Self::include). The last pattern that matches
    /// counts. Defaults to the usual type for the extension; a `.rbxmx` file whose only root is a `KeyframeSequence` is an animation.
    /// A `.rbxm` file has that in compressed chunks, so it is a model, unless a pattern such as `animations/**` says that it is an
    /// animation. A pattern that matches nothing is treated as by [`exclude`](Self::exclude).
    pub fn asset_type(mut self, pattern: impl Into<String>, asset_type: AssetType) -> Self {
        self.settings.type_patterns.add(pattern.into());
        self.settings.types.push(asset_type);
        self
    }

    /// Prepares the files whose names match this pattern (see [`include`](Self::include)): the preparation converts their content,
    /// and the result is published. For formats that the service doesn't take, and for sizes or colors that differ from those of
    /// the sources. The last pattern that matches counts, and one that matches nothing is treated as by
    /// [`exclude`](Self::exclude).
    ///
    /// ```no_run
    /// use rblxopencloud::User;
    /// use rblxopencloud::publish::{Preparation, Publisher};
    ///
    /// # fn render(svg: &[u8]) -> Result<Vec<u8>, std::fmt::Error> { Ok(svg.to_vec()) }
    /// let user = User::new(156, "api-key");
    /// let to_png = Preparation::new("png", "resvg 0.45", |file| Ok(render(file.content)?));
    /// let report = Publisher::new(&user).folder("assets").prepare("*.svg", to_png).run()?;
    /// # Ok::<(), rblxopencloud::Error>(())
    /// ```
    ///
    /// A pattern that names files, such as `*.svg`, also selects files whose extensions aren't those of assets. The asset type is
    /// the usual one for the new extension. The file keeps its own name in the plan and the lock file, and `logo.svg` is `logo` in
    /// modules.
    ///
    /// A file that hasn't changed isn't prepared again: it is known by its own content and the preparation's version. A file
    /// that is to be uploaded is prepared by [`plan`](Self::plan), [`check`](Self::check) and [`run`](Self::run), because the
    /// result is checked like any file. An error or a panic is a problem of the file. One file is prepared at a time, and results
    /// are kept in memory only while they are [sent](Self::concurrency).
    pub fn prepare(mut self, pattern: impl Into<String>, preparation: Preparation) -> Self {
        self.settings.prepare_patterns.add(pattern.into());
        self.settings.preparations.push(preparation);
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
        self.settings.adopt.push((of_caller(&path.into()), asset_id));
        self
    }

    /// Sends the upload in doubt of the file at `path` again. If it has arrived after all, there are two assets. If the file is
    /// gone, its upload is forgotten.
    ///
    /// The choice counts once, so that the call can stay in a build script: if the upload is in doubt once more, it isn't sent a
    /// third time. A run without the call ends the choice, and the next call is a new one.
    pub fn send_again(mut self, path: impl Into<String>) -> Self {
        self.settings.send_again.push(of_caller(&path.into()));
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

    /// Keeps a Luau module with the ids: a table for each folder, whose keys are the names of files without extensions.
    ///
    /// [`run`](Self::run) writes it if it has changed, unless the run is stopped. A file that is gone is not in it, and one that
    /// can't be published as it is now keeps its [last id](crate::publish::Published::Outdated).
    /// [`plan`](Self::plan) and [`check`](Self::check) tell whether it is stale, and whether two names would be the same.
    ///
    /// The file is replaced as a whole. See [`AssetModule::write_luau`](super::AssetModule::write_luau).
    pub fn luau(self, path: impl Into<PathBuf>) -> Self {
        self.module(path.into(), Format::Luau)
    }

    /// Keeps a TypeScript module with the ids. If the name ends with `.d.ts`, it declares the types of the Luau module beside it,
    /// for roblox-ts. See [`luau`](Self::luau).
    pub fn typescript(self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let format = Format::of_typescript(&path);
        self.module(path, format)
    }

    /// Keeps a JSON file with the ids. See [`luau`](Self::luau).
    pub fn json(self, path: impl Into<PathBuf>) -> Self {
        self.module(path.into(), Format::Json)
    }

    /// Keeps a Rust module with the ids: a constant for each file, a module for each folder. See [`luau`](Self::luau).
    pub fn rust(self, path: impl Into<PathBuf>) -> Self {
        self.module(path.into(), Format::Rust)
    }

    fn module(mut self, path: PathBuf, format: Format) -> Self {
        self.settings.modules.push(ModuleFile { path, format });
        self
    }

    /// Adds an id without a file to all modules, under a key such as `ui/logo`. A key that is that of a file or of another id is an
    /// error before anything is sent.
    pub fn known(mut self, key: impl Into<String>, id: u64) -> Self {
        self.settings.module = self.settings.module.known(key, id);
        self
    }

    /// Sets whether modules have one table, whose keys are paths. Defaults to `false`: a table for each folder.
    pub fn flat_modules(mut self, is_flat: bool) -> Self {
        self.settings.module = self.settings.module.flat(is_flat);
        self
    }

    /// Sets whether the names in modules keep their extensions, for folders with files such as `crate.fbx` and `crate.png`. Defaults
    /// to `false`.
    pub fn keep_extensions(mut self, keep_extensions: bool) -> Self {
        self.settings.module = self.settings.module.keep_extensions(keep_extensions);
        self
    }

    /// Sets what stands for an asset in modules. Defaults to [`AssetValue::Uri`].
    pub fn module_values(mut self, values: AssetValue) -> Self {
        self.settings.module = self.settings.module.values(values);
        self
    }

    /// Sets the most that an upload may cost, in Robux, for types that cost something. See
    /// [`AssetUpload::expected_price`](crate::AssetUpload::expected_price).
    pub fn expected_price(mut self, robux: u64) -> Self {
        self.settings.expected_price = Some(robux);
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

    /// Sets whether links may lead out of the folder that they are in. Defaults to `false`: they are problems, so that a change
    /// that adds a link publishes nothing else of the machine.
    pub fn links_outside(mut self, links_outside: bool) -> Self {
        self.settings.links_outside = links_outside;
        self
    }

    /// Publishes what is new or has changed, and writes the [modules](Self::luau).
    ///
    /// If nothing has changed, no request is made. A file that can't be published is a problem in the report, and the others go on.
    /// A refused key, a moderated account or a service that can't be reached stops the run; an exhausted quota stops the uploads
    /// of its type.
    ///
    /// If a pattern can't mean what it says, a folder has no file while the lock file knows some, or a module has ids while the
    /// lock file has none, the run is stopped before anything is sent; see [`Setting`](PublishProblemKind::Setting).
    ///
    /// # Errors
    /// Returns an error if there is no report: the lock file can't be used
    /// ([`CorruptFile`](ErrorKind::CorruptFile), [`NewerFile`](ErrorKind::NewerFile), [`Io`](ErrorKind::Io)), is used by another
    /// process ([`Conflict`](ErrorKind::Conflict)) or belongs to another owner, a folder can't be read, two names in a module would
    /// be the same, a module would overwrite a file to publish, or a setting is invalid.
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
    #[doc(alias = "dry_run")]
    #[doc(alias = "preview")]
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

    /// Checks that everything is published, and that the modules have the ids, for continuous integration. Makes no request and
    /// changes no file.
    ///
    /// # Errors
    /// Returns [`OutOfDate`](ErrorKind::OutOfDate), which names the first files, if [`run`](Self::run) would upload something,
    /// write a module or have a problem, and [`InvalidInput`](ErrorKind::InvalidInput) if nothing can be sent because of a pattern,
    /// an empty folder or a lock file that is lost.
    pub fn check(&self) -> Result<()> {
        let plan = run::plan(&self.settings, &self.read_lock()?)?;
        let setting = plan.problems.iter().find(|problem| problem.kind == PublishProblemKind::Setting);
        if let Some(error) = setting.and_then(|problem| problem.error.clone()) {
            return Err(error);
        }
        let is_due = |file: &&PlannedFile| !matches!(file.action, PlannedAction::Nothing(_) | PlannedAction::SameAs(_));
        let due = plan.files.iter().filter(is_due).map(|file| file.path.clone());
        let (of_modules, of_files): (Vec<_>, Vec<_>) =
            plan.problems.iter().partition(|problem| problem.kind == PublishProblemKind::Module);
        let due: Vec<String> = due.chain(of_files.iter().map(|problem| problem.path.clone())).collect();
        let stale: Vec<String> = plan.stale_modules.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        let mut found: Vec<String> = of_modules.iter().map(|problem| problem.message.clone()).collect();
        let mut advice = "publish them and commit the lock file";
        if !due.is_empty() {
            found.push(format!("not published: {}", list(due, ", ")));
        }
        if !stale.is_empty() {
            found.push(format!("stale modules: {}", list(stale, ", ")));
            advice = "run the publisher, and commit the lock file and the modules";
        }
        if found.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::OutOfDate, subject(&self.settings.lock))
            .explain(found.join("; "))
            .advise(advice)
            .concerning_run())
    }

    /// Writes the [modules](Self::luau) with the ids that the lock file has. Makes no request, so it needs no key, as in a build
    /// or after a merge.
    ///
    /// Files that are not published are problems of the report, and modules have their last ids.
    ///
    /// # Errors
    /// See [`run`](Self::run).
    pub fn write_modules(&self) -> Result<Report> {
        let mut report = self.published()?;
        module_files::write_all(&self.settings, &mut report);
        Ok(report)
    }

    /// Writes the assets that are [adopted](Self::adopt) into the lock file, and nothing else. Makes no request, so it needs no key.
    /// For assets that another tool has published.
    ///
    /// Files that are not published are problems of the report.
    ///
    /// # Errors
    /// See [`run`](Self::run).
    pub fn write_adopted(&self) -> Result<Report> {
        run::write_adopted(&self.settings)
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

    /// Returns the quotas of what would be uploaded, if the key may read them.
    fn quotas(&self, plan: &Plan) -> Vec<PlannedQuota> {
        let mut quotas: Vec<PlannedQuota> = Vec::new();
        let Some(user) = self.settings.owner.user() else { return quotas };
        for file in plan.uploads() {
            match quotas.iter_mut().find(|quota| quota.asset_type == file.asset_type) {
                Some(quota) => quota.uploads += 1,
                None => quotas.push(PlannedQuota { asset_type: file.asset_type.clone(), uploads: 1, left: u64::MAX }),
            }
        }
        if quotas.is_empty() {
            return quotas;
        }
        for quota in user.list_asset_quotas().map_while(Result::ok) {
            let is_of_uploads = quota.kind == Some(AssetQuotaKind::RateLimitUpload);
            let (Some(kind), Some(left), true) = (&quota.asset_type, quota.remaining(), is_of_uploads) else {
                continue;
            };
            for planned in quotas.iter_mut().filter(|planned| AssetQuotaType::from(planned.asset_type.clone()) == *kind)
            {
                planned.left = planned.left.min(left);
            }
        }
        quotas.retain(|quota| quota.left < u64::MAX);
        quotas
    }
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
