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
//! let report = Publisher::new(&user).lock_file(in_folder("assets.lock")).folder(&folder).run()?;
//! report.write_luau(in_folder("assets.luau"))?;
//! for problem in &report.problems {
//!     eprintln!("{problem}");
//! }
//! println!("{report}");
//! # assert!(report.is_complete());
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
//! The lock file remembers the name of each file, so that a file that is away for a while, such as on another branch, is the same
//! one when it comes back. [`Publisher::prune`] forgets the names of files that are gone.
//!
//! # The lock file
//!
//! Commit the lock file, `assets.lock` by default, and review a changed id like code. Each asset has a line, which says everything
//! about it. If two branches conflict, keep the lines of both sides: by hand, by the line `assets.lock merge=union` in
//! `.gitattributes`, or with [`Publisher::merge`]. What can't be true together, such as two assets for one content, is refused.
//!
//! The files beside it, `assets.lock.*`, belong to one machine; let version control ignore them. They are a journal, which is
//! there while a run lasts or after it was killed; a cache of hashes, which can be deleted; and the mark of a run, which keeps two
//! runs apart, and tells this machine's journal from one that came with a checkout. That one is refused, because it could change
//! ids that nobody has reviewed: see [`Publisher::accept_journal`].
//!
//! What is about to happen is on disk before it happens. A run can be killed at any moment: the next one asks the operations
//! that the service had accepted, and looks for an upload that may have arrived. What it can't find out is a problem in the
//! report, and [`Publisher::adopt`] and [`Publisher::send_again`] decide it, once each. [`Publisher::send_lost_again`] decides by
//! itself where nothing like the upload is to be seen. Uploads of a group and those of the type
//! [`Image`](crate::AssetType::Image) can't be looked for, because no inventory lists them.

mod change;
mod content;
mod decide;
mod event;
mod files;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod grant;
mod item;
mod journal;
mod lock;
mod lock_text;
mod module;
mod plan;
mod publisher;
mod record;
mod report;
mod reviews;
mod run;
mod running;
mod settings;
mod settle;
mod state;
mod upload;
mod version;

pub use event::PublishEvent;
pub use module::AssetModule;
pub use plan::{Plan, PlannedAction, PlannedFile};
pub use publisher::Publisher;
pub use report::{PublishProblem, PublishProblemKind, Published, PublishedFile, Report, Stopped};
pub use settings::PublishOwner;
