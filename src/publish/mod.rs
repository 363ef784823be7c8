//! Publishing a folder: each file becomes an asset, once, whatever happens in between. Needs the feature `publish`.
//!
//! A [`Publisher`] is a build step. It uploads the files of a folder that are new or have changed, records them in a lock file, and
//! writes a module with the ids for the game:
//!
//! ```
//! use rblxopencloud::publish::Publisher;
//!
//! # fn main() -> rblxopencloud::Result<()> {
//! # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
//! # let user = sandbox.client().user(156);
//! # let folder = std::env::temp_dir().join(format!("rblxopencloud-publish-{}", std::process::id()));
//! # let in_folder = |name: &str| folder.join(name);
//! # std::fs::create_dir_all(&folder).unwrap();
//! # std::fs::copy("examples/assets/crate.png", folder.join("crate.png")).unwrap();
//! let publisher = Publisher::new(&user).lock_file(in_folder("assets.lock")).folder(&folder);
//! let report = publisher.luau(in_folder("assets.luau")).run()?;
//! println!("{report}");
//! report.check()?;
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! Commit the lock file and the module. Let version control ignore `*.lock.*`: these files belong to one machine and one run.
//!
//! [`run`](Publisher::run) returns a [`Report`] also if a file could not be published, so that the others are.
//! [`Report::check`] makes that an error, and [`Report::exit_code`] an exit code. Don't leave both out: a build must not succeed with
//! the ids of yesterday.
//!
//! # Files and assets
//!
//! A file is known by its content and its asset type. A renamed, moved or copied file costs nothing, and files of the same content
//! are one asset. Changed content is a new asset or, for models and if [asked for](Publisher::new_versions), a new version.
//! [`plan`](Publisher::plan) tells what a run would do, and why.
//!
//! The lock file remembers the name of each file, so that a file that is away for a while, such as on another branch, is the same
//! one when it comes back. [`Publisher::prune`] forgets the names of files that are gone.
//!
//! Content is what counts, not the time of a file. A file is read again unless the system proves that it is the one that was read
//! before, so tools that set the times of files (archives, `cp -p`, Nix, Bazel) don't hide a change.
//!
//! Files in a format that the service doesn't take, such as SVG, and images that should have another size are
//! [prepared](Publisher::prepare): a function of the caller converts them. `examples/prepare_svg` in the repository converts SVG to
//! PNG.
//!
//! # Modules
//!
//! [`luau`](Publisher::luau), [`typescript`](Publisher::typescript), [`json`](Publisher::json) and [`rust`](Publisher::rust) name the
//! modules to keep. For roblox-ts, keep `assets.luau` and `assets.d.ts` beside each other. Assets without a file are added with
//! [`known`](Publisher::known).
//!
//! | what happens to `ui/a.png` | `ui.a` in the module |
//! |---|---|
//! | it is published | its id |
//! | it is invalid or can't be read, or its upload fails | the id of what was published last; the report has it as [`Outdated`](Published::Outdated) |
//! | it is deleted, renamed or excluded | gone |
//! | moderation rejects the asset | the id of what was published before, if there is one |
//! | the run is stopped: a refused key, no network, Ctrl-C | the module is not written |
//! | all files are gone, although the lock file has some | the run is stopped, and the module is not written |
//! | the lock file is gone, although the module has ids | the run is stopped, and the module is not written |
//!
//! Two files whose names would be the same in a module are an error before anything is sent. A module that differs only in its line
//! ends is not written, so that nothing is built again.
//!
//! # Continuous integration
//!
//! [`check`](Publisher::check) needs neither a key nor the network. It fails if a file isn't published or a module is stale, so it
//! belongs into the checks of each pull request. A build that only needs the ids calls [`published`](Publisher::published) or
//! [`write_modules`](Publisher::write_modules). Publish from one place, such as the main branch: two runs with one lock file at once
//! are refused, but those of two machines upload what both have.
//!
//! ```
//! use rblxopencloud::publish::Publisher;
//! use rblxopencloud::{Client, Credentials};
//!
//! # fn check() -> rblxopencloud::Result<()> {
//! let user = Client::new(Credentials::none()).user(156);
//! Publisher::new(&user).folder("assets").luau("src/assets.luau").check()
//! # }
//! ```
//!
//! # Conflicts
//!
//! Each asset has a line in the lock file, which says everything about it. When two branches have published, keep the lines of both
//! sides: by hand, by the line `assets.lock merge=union` in `.gitattributes`, or with [`Publisher::merge`]. What can't be true
//! together, such as two assets for one content, is refused. Then take either side of the module and call
//! [`write_modules`](Publisher::write_modules). A module with conflict marks is stale, so `check` finds one that was forgotten.
//!
//! # Reviewing
//!
//! Review a changed id like code. The lock file says which asset is whose content, and the game loads what the module says: a line
//! that gives a file another id shows players another asset. With [`new_versions`](Publisher::new_versions), the id of a model is
//! also what the next run overwrites. Read the plan before the first run with a lock file of someone else, and let a key publish only
//! what was merged.
//!
//! # Interruptions
//!
//! What is about to happen is on disk before it happens. A run can be killed at any time: the next one polls the operations that
//! the service had accepted, and looks for an upload that may have arrived. What it can't find out is a problem in the report, and
//! [`Publisher::adopt`] and [`Publisher::send_again`] decide it, once each. [`Publisher::send_lost_again`] decides by itself where nothing
//! like the upload is to be seen. Uploads of a group and those of the type
//! [`Image`](crate::AssetType::Image) can't be looked for, because no inventory lists them. A journal that came with a checkout is
//! refused, because it could change ids that nobody has reviewed: see [`Publisher::accept_journal`].
//! [`stop_when`](Publisher::stop_when) ends a run in order, such as for Ctrl-C.
//!
//! If the service can't be reached, the key is refused or the account is moderated, the run stops: [`Report::stopped`] has the one
//! error, and [`Report::unpublished`] the files. If a quota is exhausted, one problem stands for all files of its type.
//!
//! # Windows
//!
//! Paths in names, patterns, [`adopt`](Publisher::adopt) and modules have slashes; `adopt` takes both. Git may check modules out with
//! other line ends, which changes nothing. The standard library doesn't tell when a file was changed other than by the time that
//! anyone can set, so each run reads all files.
//!
//! # Coming from other tools
//!
//! Assets that another tool or a hand has published are not uploaded again if they are [adopted](Publisher::adopt) before the first
//! run. The calls can stay, as each one counts once, or [`write_adopted`](Publisher::write_adopted) writes them into the lock file
//! at once. `examples/import_lock` in the repository does so with the lock files of Asphalt and Tarmac, for each file that still
//! has the content that was published. Ids without a file become [`known`](Publisher::known) ones. Modules of Tarmac and Asphalt
//! have the same shape: tables of `rbxassetid://` strings, [nested](Publisher::flat_modules) or flat,
//! [with](Publisher::keep_extensions) or without extensions.

mod animation;
mod change;
mod content;
mod decide;
mod event;
mod files;
mod format;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod grant;
mod ignore;
mod item;
mod journal;
mod lock;
mod lock_text;
mod module;
mod module_files;
mod module_ids;
mod names;
mod patterns;
mod plan;
mod preparation;
mod prepare;
mod publisher;
mod record;
mod report;
mod reviews;
mod right_form;
mod run;
mod running;
mod settings;
mod settle;
mod stamp;
mod state;
mod upload;
mod version;
mod walk;

pub use event::PublishEvent;
pub use format::AssetValue;
pub use module::AssetModule;
pub use plan::{Plan, PlannedAction, PlannedFile, PlannedQuota};
pub use preparation::{Preparation, SourceFile};
pub use publisher::Publisher;
pub use report::{PublishProblem, PublishProblemKind, Published, PublishedFile, Report, Stopped};
pub use settings::PublishOwner;
