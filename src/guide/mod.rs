//! The guide: a page for each task.
//!
//! Each program in it is complete, and a test compiles and runs it. The user with the id 156 is Roblox's Builderman, whom anyone can
//! look up; to upload something, use the id of the user that your key belongs to.
//!
//! To begin with:
//!
//! - [First program](first_program): a key, a program, and how to run it without a key.
//! - [Coming from Python](from_python): each method of the Python client, and what it is here.
//! - [Coming from `rbxcloud`](from_rbxcloud): its commands and its calls, and what they are here.
//! - [Features](features): what to write into `Cargo.toml` for a script, a build step, tests, or a company network.
//!
//! Users and groups:
//!
//! - [Users and inventories](users): profiles, names, pictures, what a user owns, and resuming a long listing.
//! - [Groups](groups): members, roles, join requests.
//!
//! Assets:
//!
//! - [Uploading](uploading): one file, many files, new content, and what is checked before anything is sent.
//! - [After the upload](after_the_upload): names, versions, archiving, permissions, contents, and uploads whose outcome is unknown.
//! - [Publishing a folder](publishing): a build step that uploads what has changed.
//!
//! Experiences:
//!
//! - [What an experience is](crate::Experience::fetch_info): its name, its devices, its first place.
//! - [Release in one script](release): save, test, publish, restart servers, tell them, and go back.
//! - [Run tests in the place](run_tests): Luau on Roblox's servers, from your machine or in CI.
//! - [Player data](player_data): data stores, leaderboards, queues, and how nothing is lost.
//! - [Moderation](moderation): keeping users out, one by one or by a list.
//!
//! Operation:
//!
//! - [Errors](errors): which kinds there are, and what to do about each.
//! - [Rate limits and scopes](limits): what a key needs, and how calls are slowed down.
//! - [In a server](servers): one client for all threads, time limits, and what to respond with.
//! - [Signing users in](signing_in): OAuth 2.0, in a script and in a server.
//! - [Receiving notifications](https://docs.rs/rblxopencloud/latest/rblxopencloud/webhooks/): webhooks, in a server.
//! - [Testing](testing): a local Open Cloud for the tests of your program.
//! - [Any other endpoint](other_endpoints): calls that have no method here.
//! - [Logging](logging): what is logged, and what must not be.

#[doc = include_str!("after_the_upload.md")]
pub mod after_the_upload {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("features.md")]
pub mod features {}

#[doc = include_str!("first_program.md")]
pub mod first_program {}

#[doc = include_str!("from_python.md")]
pub mod from_python {}

#[doc = include_str!("from_rbxcloud.md")]
pub mod from_rbxcloud {}

#[doc = include_str!("groups.md")]
pub mod groups {}

#[doc = include_str!("limits.md")]
pub mod limits {}

#[doc = include_str!("logging.md")]
pub mod logging {}

#[doc = include_str!("moderation.md")]
pub mod moderation {}

#[doc = include_str!("other_endpoints.md")]
pub mod other_endpoints {}

#[doc = include_str!("player_data.md")]
pub mod player_data {}

#[doc = include_str!("publishing.md")]
#[cfg_attr(feature = "publish", doc = "\n[`publish`]: crate::publish\n[`Publisher`]: crate::publish::Publisher")]
#[cfg_attr(
    not(feature = "publish"),
    doc = "\n[`publish`]: https://docs.rs/rblxopencloud/latest/rblxopencloud/publish/\n[`Publisher`]: https://docs.rs/rblxopencloud/latest/rblxopencloud/publish/struct.Publisher.html"
)]
pub mod publishing {}

#[doc = include_str!("release.md")]
pub mod release {}

#[doc = include_str!("run_tests.md")]
pub mod run_tests {}

#[doc = include_str!("servers.md")]
pub mod servers {}

#[doc = include_str!("signing_in.md")]
#[cfg_attr(feature = "oauth2", doc = "\n[`oauth2`]: crate::oauth2")]
#[cfg_attr(not(feature = "oauth2"), doc = "\n[`oauth2`]: https://docs.rs/rblxopencloud/latest/rblxopencloud/oauth2/")]
pub mod signing_in {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("uploading.md")]
pub mod uploading {}

#[doc = include_str!("users.md")]
pub mod users {}
