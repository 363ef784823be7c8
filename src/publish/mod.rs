//! Publishing a folder: each file becomes an asset, once, whatever happens in between. Needs the feature `publish`.
//!
//! A [`Publisher`] is what a build step needs. It uploads the files of a folder that are new or have changed, keeps what it did
//! in a lock file, and tells the game the ids:
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
//! let publisher = Publisher::new(&user).lock_file(in_folder("assets.lock.json")).folder(&folder);
//! let report = publisher.luau(in_folder("assets.luau")).run()?;
//! println!("{report}");
//! report.check()?;
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! # Identity is content
//!
//! A file is known by the hash of its content and by its asset type. A renamed, moved or copied file costs nothing, and files of
//! the same content are one asset. Changed content is a new asset or, for models and if [asked for](Publisher::new_versions), a
//! new version.
//!
//! # The lock file
//!
//! Commit the lock file, `assets.lock.json` by default: it has one line for each asset, and lines of two branches can be merged by
//! hand or with [`Publisher::merge`]. The files beside it, `assets.lock.json.*`, belong to one machine; let version control
//! ignore them. They are a journal, which is there while a run lasts or after it was killed; a cache of hashes, which can be
//! deleted; and the mark of a run, which keeps two runs apart.
//!
//! What is about to happen is on disk before it happens. A run can be killed at any moment: the next one asks the operations
//! that the service had accepted, and looks for an upload that may have arrived. What it can't find out is a problem in the
//! report, and [`Publisher::adopt`] and [`Publisher::send_again`] decide it. Uploads of a group and those of the type
//! [`Image`](crate::AssetType::Image) can't be looked for, because no inventory lists them.

mod book;
mod change;
mod content;
mod decide;
mod doubt;
mod event;
mod files;
mod format;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod grant;
mod journal;
mod lock;
mod module;
mod module_files;
mod plan;
mod publisher;
mod report;
mod run;
mod settings;
mod state;
mod upload;

pub use event::PublishEvent;
pub use module::{AssetModule, AssetValue};
pub use plan::{Plan, PlannedAction, PlannedFile, PlannedQuota};
pub use publisher::Publisher;
pub use report::{PublishProblem, PublishProblemKind, Published, PublishedFile, Report, Stopped};
pub use settings::PublishOwner;
