//! Notifications that Roblox sends to a server, which the feature `webhooks` verifies and reads.
//!
//! In the Creator Dashboard, an account sets the URL of its server and a secret. Roblox then posts each event to that URL, and
//! repeats it if the server doesn't respond with a success within 5 seconds. [`Webhook`] tells whether a request comes from
//! Roblox and reads its event; [`SeenNotifications`] tells repetitions apart.
//!
//! ```
//! use rblxopencloud::webhooks::{SeenNotifications, Webhook, WebhookPayload};
//!
//! /// Returns the status to respond with.
//! fn receive(webhook: &Webhook, seen: &mut SeenNotifications, signature: Option<&str>, body: &[u8]) -> u16 {
//!     let event = match webhook.verify(signature, body) {
//!         Ok(event) => event,
//!         Err(error) => {
//!             eprintln!("{error}");
//!             return 401;
//!         }
//!     };
//!     if !seen.insert(&event.notification_id) {
//!         return 200;
//!     }
//!     match event.payload {
//!         WebhookPayload::RightToErasure(request) => println!("erase what is stored of user {}", request.user_id),
//!         payload => println!("{payload:?}"),
//!     }
//!     200
//! }
//!
//! let webhook = Webhook::new("the secret of the dashboard");
//! assert_eq!(receive(&webhook, &mut SeenNotifications::new(1000), None, b"{}"), 401);
//! ```
//!
//! With the feature `bulk`,
//! [`Client::erase_by`](https://docs.rs/rblxopencloud/latest/rblxopencloud/struct.Client.html#method.erase_by) does what such a
//! request asks for. It takes longer than Roblox waits for the response, so a server first keeps the request, as the example
//! `erasure_server` does.

// First, so that the page of the module begins with what verifies.
mod verify;

#[cfg(feature = "bulk")]
mod erase;
mod event;
mod seen;

pub use event::{ErasureRequest, SubscriptionChange, WebhookEvent, WebhookEventType, WebhookPayload};
pub use seen::SeenNotifications;
pub use verify::Webhook;
