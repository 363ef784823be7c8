//! What a caller wants to be published, and how.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::event::PublishEvent;
use super::files::{Input, Selection};
use super::module::{AssetModule, ModuleFile};
use super::patterns::{Patterns, Purpose};
use super::preparation::Preparation;
use crate::asset::{AssetType, Creator};
use crate::client::Client;
use crate::group::handle::Group;
use crate::user::User;

type OnEvent = Arc<dyn Fn(&PublishEvent<'_>) + Send + Sync>;
type StopWhen = Arc<dyn Fn() -> bool + Send + Sync>;

/// The settings of a [`Publisher`](super::Publisher).
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) owner: PublishOwner,
    pub(super) lock: PathBuf,
    pub(super) inputs: Vec<Input>,
    pub(super) include: Patterns,
    pub(super) exclude: Patterns,
    pub(super) type_patterns: Patterns,
    pub(super) types: Vec<AssetType>,
    pub(super) prepare_patterns: Patterns,
    pub(super) preparations: Vec<Preparation>,
    pub(super) images: AssetType,
    pub(super) new_versions: bool,
    pub(super) adopt: Vec<(String, u64)>,
    pub(super) send_again: Vec<String>,
    pub(super) send_lost_again: bool,
    pub(super) accept_journal: bool,
    pub(super) grant_to: Vec<u64>,
    /// What all modules have in common.
    pub(super) module: AssetModule,
    pub(super) modules: Vec<ModuleFile>,
    pub(super) expected_price: Option<u64>,
    pub(super) neutral_names: bool,
    pub(super) check_reviews: bool,
    pub(super) concurrency: usize,
    pub(super) links_outside: bool,
    pub(super) on_event: OnEvent,
    pub(super) stop_when: StopWhen,
}

impl Settings {
    pub(super) fn new(owner: PublishOwner) -> Self {
        Self {
            owner,
            lock: PathBuf::from("assets.lock"),
            inputs: Vec::new(),
            include: Patterns::new(Purpose::Include),
            exclude: Patterns::new(Purpose::Exclude),
            type_patterns: Patterns::new(Purpose::AssetType),
            types: Vec::new(),
            prepare_patterns: Patterns::new(Purpose::Prepare),
            preparations: Vec::new(),
            images: AssetType::Image,
            new_versions: false,
            adopt: Vec::new(),
            send_again: Vec::new(),
            send_lost_again: false,
            accept_journal: false,
            grant_to: Vec::new(),
            module: AssetModule::new::<String>([]),
            modules: Vec::new(),
            expected_price: None,
            neutral_names: false,
            check_reviews: false,
            concurrency: 8,
            links_outside: false,
            on_event: Arc::new(|_| {}),
            stop_when: Arc::new(|| false),
        }
    }

    /// Returns which files are to be published.
    pub(super) fn selection(&self) -> Selection<'_> {
        let Self { inputs, lock, include, exclude, type_patterns: types, prepare_patterns, preparations, .. } = self;
        let (prepared, links_outside) = (prepare_patterns, self.links_outside);
        Selection { inputs, lock, include, exclude, types, prepared, preparations, links_outside }
    }
}

/// Whose assets are published: a [`User`]'s or a [`Group`]'s.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PublishOwner {
    /// A user.
    User(User),
    /// A group.
    Group(Group),
}

/// How long a connection is tried to be made before the service has answered a call: without a network, a run ends soon.
const FIRST_CONTACT: Duration = Duration::from_secs(2);

impl PublishOwner {
    /// Returns the owner with a client that gives up soon if there is no network.
    pub(super) fn impatient(self) -> Self {
        let client = self.client().with_first_contact(FIRST_CONTACT);
        match self {
            Self::User(user) => Self::User(client.user(user.id())),
            Self::Group(group) => Self::Group(client.group(group.id())),
        }
    }

    pub(super) fn client(&self) -> &Client {
        match self {
            Self::User(user) => user.client(),
            Self::Group(group) => group.client(),
        }
    }

    pub(super) fn creator(&self) -> Creator {
        match self {
            Self::User(user) => Creator::User(user.id()),
            Self::Group(group) => Creator::Group(group.id()),
        }
    }

    pub(super) fn user(&self) -> Option<&User> {
        match self {
            Self::User(user) => Some(user),
            Self::Group(_) => None,
        }
    }
}

/// `user 156 at https://apis.roblox.com`.
impl fmt::Display for PublishOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.creator(), self.client().base_url())
    }
}

impl From<&User> for PublishOwner {
    fn from(user: &User) -> Self {
        Self::User(user.clone())
    }
}

impl From<&Group> for PublishOwner {
    fn from(group: &Group) -> Self {
        Self::Group(group.clone())
    }
}
