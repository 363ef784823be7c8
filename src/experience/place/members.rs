use std::fmt;

use super::handle::Place;
use crate::api::Endpoint;
use crate::page::{PageItem, Pager, Values};
use crate::request::Paging;
use crate::wire::model;

/// Lists who is in the Team Create session of a place.
pub const LIST_TEAM_CREATE_MEMBERS: Endpoint =
    Endpoint::get("/legacy-develop/v1/places/{place}/teamcreate/active_session/members")
        .with_scopes(&["legacy-team-collaboration:manage"])
        .with_denied_hint("Team Create may be disabled for the experience")
        .with_budget(100, 100);

impl Place {
    /// Lists the users in the active Team Create session of the place: those who keep it from being published.
    ///
    /// Calls [`LIST_TEAM_CREATE_MEMBERS`], which needs the scope `legacy-team-collaboration:manage`.
    ///
    /// ```
    /// use rblxopencloud::ErrorKind;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let place = sandbox.client().experience(13058).place(1818);
    /// # let game = b"<roblox!\x89\xff\r\n\x1a\n".to_vec();
    /// # sandbox.set_team_create_session(1818, [156]);
    /// match place.publish(game) {
    ///     Err(error) if error.kind() == ErrorKind::Conflict => {
    ///         for user in place.list_team_create_members() {
    ///             println!("{} has the place open", user?);
    ///         }
    ///     }
    ///     published => println!("{}", published?),
    /// }
    /// # assert_eq!(place.list_team_create_members().next().unwrap()?.id, 156);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/places#get_legacy_develop_v1_places__placeId__teamcreate_active_session_members>
    pub fn list_team_create_members(&self) -> Pager<TeamCreateMember> {
        self.client.call(&LIST_TEAM_CREATE_MEMBERS).param("place", self.id).pages()
    }
}

model! {
    /// A user in a Team Create session, from [`Place::list_team_create_members`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct TeamCreateMember {
        /// The user's id.
        pub id: u64,
        /// The user name.
        #[lenient]
        pub name: String,
        /// The display name.
        #[lenient]
        pub display_name: String,
    }
}

/// `builderman (156)`.
impl fmt::Display for TeamCreateMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.id)
    }
}

impl PageItem for TeamCreateMember {
    const FIELD: &'static str = "data";
    const PAGING: Paging = Paging::cursors().page_size(100);

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}
