use super::event::ErasureRequest;
use crate::client::Client;
use crate::data::Erasure;

impl Client {
    /// Erases what the stores of experiences have of a user, by Roblox's request. See [`erase_user`](Self::erase_user). Makes no
    /// request.
    ///
    /// ```
    /// use rblxopencloud::webhooks::{WebhookEvent, WebhookPayload};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let event: WebhookEvent = serde_json::from_str(
    /// #     r#"{"NotificationId":"8f2c","EventType":"RightToErasureRequest","EventPayload":{"UserId":156,"GameIds":[1818]}}"#,
    /// # ).expect("it is an event");
    /// // From `Webhook::verify`.
    /// if let WebhookPayload::RightToErasure(request) = &event.payload {
    ///     let report = client.erase_by(request).keys(["user_{id}"]).run()?;
    ///     println!("{report}");
    /// #   assert!(report.is_complete() && report.experiences[0].id == 13058);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn erase_by(&self, request: &ErasureRequest) -> Erasure {
        self.erase_user(request.user_id, request.start_place_ids.iter().copied())
    }
}
