use super::secret::Secret;
use crate::api::Scheme;

/// The credentials of one request.
#[derive(Clone)]
pub(crate) struct Authorization {
    pub(crate) scheme: Scheme,
    pub(crate) secret: Secret,
    /// Distinguishes a new token from the refused one.
    pub(super) version: u64,
}
