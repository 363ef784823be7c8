//! What is called.

/// An endpoint of the service, as far as rate limits and the verdict on a failure tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    User,
    Inventory,
    Memberships,
    AssetCreate,
    AssetUpdate,
    Operation,
}

impl Endpoint {
    /// Whether a key that a group owns is refused.
    pub(crate) fn wants_key_of_user(self) -> bool {
        matches!(self, Self::User | Self::Inventory | Self::Memberships)
    }

    /// Whether a refusal for lack of permission is about the thing that the path names. Creating names nothing yet: it is
    /// refused for whoever asks.
    pub(crate) fn names_a_resource(self) -> bool {
        self != Self::AssetCreate
    }
}
