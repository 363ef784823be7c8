//! Operations on assets.

use std::sync::Arc;

use super::model::Asset;
use crate::api::{Endpoint, OperationName};
use crate::client::Client;
use crate::operation::{Decode, Operation, Operations, Polls};

/// Polls an operation on an asset.
pub const GET_ASSET_OPERATION: Endpoint =
    Endpoint::get("/assets/v1/operations/{operation}").with_scopes(&["asset:read"]).with_budget(300, 300).polling();

/// How an operation on an asset is polled. The response may be the bare asset, if the call names it.
pub(crate) fn work(asset_id: Option<u64>) -> Operations {
    Operations {
        poll: Polls::At(GET_ASSET_OPERATION),
        may_be_bare: asset_id.is_some(),
        may_have_no_result: false,
        error_as_data: None,
    }
}

/// The decoder of its result, which may leave out the id of an asset that the call names.
pub(crate) fn decode(asset_id: Option<u64>) -> Decode<Asset> {
    Arc::new(move |answer| Asset::from_answer(answer, asset_id))
}

impl Client {
    /// Resumes waiting for an operation on an asset, which may have been started by another process. Makes no request.
    ///
    /// Polling it calls [`GET_ASSET_OPERATION`], which needs the scope `asset:read`.
    ///
    /// ```
    /// # use rblxopencloud::{Client, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// let asset = client.operation("operations/8f2c".parse()?).wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn operation(&self, name: OperationName) -> Operation<Asset> {
        Operation::resume(self.session(), name, work(None), decode(None))
    }
}
