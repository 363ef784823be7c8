use std::fmt;

use crate::api::Endpoint;
use crate::client::Client;
use crate::page::{PageItem, Pager, Values};
use crate::request::Paging;
use crate::wire::{self, model};

/// Lists the groups that the owner of the credentials can manage.
pub const LIST_MANAGEABLE_GROUPS: Endpoint = Endpoint::get("/legacy-develop/v1/user/groups/canmanage")
    .with_scopes(&["legacy-group:manage"])
    .with_budget(100, 100);

model! {
    /// A group that the owner of the credentials can manage, from [`Client::list_manageable_groups`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct ManageableGroup {
        /// The group's id.
        #[serde(serialize_with = "wire::id::serialize")]
        pub id: u64,
        /// The group's name.
        #[lenient]
        pub name: String,
    }
}

/// `group 7 (Roblox)`.
impl fmt::Display for ManageableGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group {} ({})", self.id, self.name)
    }
}

impl PageItem for ManageableGroup {
    const FIELD: &'static str = "data";
    const PAGING: Paging = Paging::page_tokens();

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

impl Client {
    /// Lists the groups that the owner of the credentials can manage.
    ///
    /// Calls [`LIST_MANAGEABLE_GROUPS`], which needs the scope `legacy-group:manage`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// for group in client.list_manageable_groups() {
    ///     println!("{}", group?);
    /// }
    /// # assert_eq!(client.list_manageable_groups().count(), 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups>
    pub fn list_manageable_groups(&self) -> Pager<ManageableGroup> {
        self.call(&LIST_MANAGEABLE_GROUPS).pages()
    }
}
