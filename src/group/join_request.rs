use std::fmt;

use jiff::Timestamp;
use serde::Serializer;

use super::handle::Group;
use crate::api::Endpoint;
use crate::error::Result;
use crate::page::{PageItem, Pager, Values};
use crate::request::Paging;
use crate::wire::{self, Field, Json, Unreadable, model};

/// Lists the requests to join a group.
pub const LIST_GROUP_JOIN_REQUESTS: Endpoint = Endpoint::get("/cloud/v2/groups/{group}/join-requests")
    .with_scopes(&["group:read"])
    .with_budget(300, 90)
    .for_user_keys();

/// Accepts a request to join a group.
pub const ACCEPT_GROUP_JOIN_REQUEST: Endpoint =
    Endpoint::post("/cloud/v2/groups/{group}/join-requests/{join_request}:accept")
        .with_scopes(&["group:write"])
        .with_budget(100, 90)
        .for_user_keys();

/// Declines a request to join a group.
pub const DECLINE_GROUP_JOIN_REQUEST: Endpoint =
    Endpoint::post("/cloud/v2/groups/{group}/join-requests/{join_request}:decline")
        .with_scopes(&["group:write"])
        .with_budget(100, 90)
        .for_user_keys();

model! {
    /// A request to join a group, from [`Group::list_join_requests`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_ListGroupJoinRequests>
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct GroupJoinRequest {
        /// The resource path, `groups/{group}/join-requests/{join_request}`, whose last id is that of the user.
        #[optional]
        pub path: String,
        /// The id of the user who wants to join.
        #[with(user_id)]
        #[serde(rename = "user", serialize_with = "user_path")]
        pub user_id: u64,
        /// When the user requested it.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
    }
}

/// `user 156`.
impl fmt::Display for GroupJoinRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {}", self.user_id)
    }
}

fn user_id(json: Option<Json<'_>>) -> Result<u64, Unreadable> {
    let path = String::read(json.unwrap_or(Json::Null))?;
    wire::path_id(&path, "users")
        .ok_or_else(|| Unreadable::new(format!("invalid path {path:?}; expected the form users/156")))
}

fn user_path<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("users/{id}"))
}

impl PageItem for GroupJoinRequest {
    const FIELD: &'static str = "groupJoinRequests";
    const PAGING: Paging = Paging::page_tokens().page_size(20);

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

impl Group {
    /// Lists the requests to join the group.
    ///
    /// Calls [`LIST_GROUP_JOIN_REQUESTS`], which needs the scope `group:read`, with a key or an authorization of a user
    /// who may accept requests. A page has 20 of them.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.add_join_request(7, 42);
    /// # let group = sandbox.client().group(7);
    /// for request in group.list_join_requests() {
    ///     group.accept_join_request(request?.user_id)?;
    /// }
    /// # assert!(group.membership_of(42)?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_ListGroupJoinRequests>
    pub fn list_join_requests(&self) -> Pager<GroupJoinRequest> {
        self.join_requests(None)
    }

    /// Fetches the request of a user to join the group. Returns `None` if there is none. See
    /// [`list_join_requests`](Self::list_join_requests).
    ///
    /// Calls [`LIST_GROUP_JOIN_REQUESTS`], which needs the scope `group:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let group = sandbox.client().group(7);
    /// # sandbox.add_join_request(7, 42);
    /// assert!(group.join_request_of(42)?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the group doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if a request can't be read.
    pub fn join_request_of(&self, user_id: u64) -> Result<Option<GroupJoinRequest>> {
        let requests = self.join_requests(Some(format!("user == 'users/{user_id}'")));
        requests.find_readable("whether the user has requested to join", |request| request.user_id == user_id)
    }

    fn join_requests(&self, filter: Option<String>) -> Pager<GroupJoinRequest> {
        let request = self.client.call(&LIST_GROUP_JOIN_REQUESTS).param("group", self.id);
        filter.into_iter().fold(request, |request, filter| request.query("filter", filter)).pages()
    }

    /// Accepts a user's request to join the group, who becomes a member.
    ///
    /// Calls [`ACCEPT_GROUP_JOIN_REQUEST`], which needs the scope `group:write`, with a key or an authorization of a
    /// user who may accept requests.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let group = sandbox.client().group(7);
    /// # sandbox.add_join_request(7, 42);
    /// group.accept_join_request(42)?;
    /// # assert!(group.membership_of(42)?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the user hasn't requested to join.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_AcceptGroupJoinRequest>
    pub fn accept_join_request(&self, user_id: u64) -> Result<()> {
        self.answer_join_request(&ACCEPT_GROUP_JOIN_REQUEST, user_id)
    }

    /// Declines a user's request to join the group.
    ///
    /// Calls [`DECLINE_GROUP_JOIN_REQUEST`], which needs the scope `group:write`, with a key or an authorization of a
    /// user who may accept requests.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let group = sandbox.client().group(7);
    /// # sandbox.add_join_request(7, 42);
    /// group.decline_join_request(42)?;
    /// # assert!(group.membership_of(42)?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`accept_join_request`](Self::accept_join_request).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_DeclineGroupJoinRequest>
    pub fn decline_join_request(&self, user_id: u64) -> Result<()> {
        self.answer_join_request(&DECLINE_GROUP_JOIN_REQUEST, user_id)
    }

    fn answer_join_request(&self, endpoint: &Endpoint, user_id: u64) -> Result<()> {
        // The id of a join request is that of its user. Only memberships have ids of their own.
        let request = self.client.call(endpoint).param("group", self.id).param("join_request", user_id);
        request.json(&serde_json::json!({})).send()
    }
}
