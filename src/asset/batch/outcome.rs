use crate::api::OperationName;
use crate::asset::Asset;
use crate::error::{Error, Result};

/// The outcome of one upload of [`AssetUploads`](crate::AssetUploads).
#[derive(Debug)]
#[non_exhaustive]
pub struct UploadOutcome {
    /// The index of the upload, starting at 0.
    pub index: usize,
    /// The operation, if the service accepted the upload. It is set even if the operation failed or the wait ended: unless
    /// [`is_operation_failure`](Error::is_operation_failure) is true, the asset exists or may exist. Don't send the upload
    /// again; wait with [`Client::operation`](crate::Client::operation).
    ///
    /// It is `None` for an upload that wasn't accepted, and for one whose first response was the asset itself. It is also `None`
    /// although the asset may exist if [`outcome_unknown`](Error::outcome_unknown) is true: look for it with
    /// [`User::find_upload`](crate::User::find_upload).
    pub operation: Option<OperationName>,
    /// What failed beside a successful result. See [`Operation::partial_failures`].
    ///
    /// [`Operation::partial_failures`]: crate::Operation::partial_failures
    pub partial_failures: Vec<String>,
    /// The asset, or the error.
    pub result: Result<Asset>,
}

impl UploadOutcome {
    pub(super) fn not_sent(index: usize, error: Error) -> Self {
        Self { index, operation: None, partial_failures: Vec::new(), result: Err(error) }
    }
}

/// What came of waiting for the next outcome.
pub(crate) enum NextOutcome {
    Outcome(Box<UploadOutcome>),
    /// All uploads have ended.
    End,
    /// There is none yet.
    NotYet,
}
