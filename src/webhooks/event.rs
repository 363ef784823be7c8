use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::json as text;
use crate::open_enum::open_enum;
use crate::wire::{self, Field, Json, model};

open_enum! {
    /// The type of a [`WebhookEvent`].
    WebhookEventType {
        /// The dashboard's test.
        SampleNotification = "SampleNotification",
        /// A user requests that what is stored of them is erased.
        RightToErasureRequest = "RightToErasureRequest",
        /// A user has purchased a subscription.
        SubscriptionPurchased = "SubscriptionPurchased",
        /// A subscription was renewed.
        SubscriptionRenewed = "SubscriptionRenewed",
        /// A user has subscribed again.
        SubscriptionResubscribed = "SubscriptionResubscribed",
        /// A user has cancelled a subscription.
        SubscriptionCancelled = "SubscriptionCancelled",
        /// A user got a refund for a subscription.
        SubscriptionRefunded = "SubscriptionRefunded",
        /// A user has paid for the order of a commerce product.
        CommerceProductOrderPaid = "CommerceProductOrderPaid",
        /// A user got a refund for the order of a commerce product, or it was cancelled.
        CommerceProductOrderRefunded = "CommerceProductOrderRefunded",
    }
}

/// An event, from [`Webhook::verify`](super::Webhook::verify). Serde reads and writes it as Roblox sends it, so that it can be
/// kept and handled after the response.
///
/// <https://create.roblox.com/docs/cloud/webhooks/webhook-notifications>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
#[non_exhaustive]
pub struct WebhookEvent {
    /// The id of the notification. A repetition has the same one: see [`SeenNotifications`](super::SeenNotifications).
    pub notification_id: String,
    /// The type.
    pub event_type: WebhookEventType,
    /// When the event happened.
    pub occurred_at: Option<Timestamp>,
    /// What it tells.
    pub payload: WebhookPayload,
}

/// What a [`WebhookEvent`] tells.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum WebhookPayload {
    /// The dashboard's test, by this user.
    Sample {
        /// The user's id.
        user_id: Option<u64>,
    },
    /// A user requests that what is stored of them is erased, within 30 days.
    RightToErasure(ErasureRequest),
    /// A subscription has changed. The type of the event tells how.
    Subscription(SubscriptionChange),
    /// An event of a type that this version doesn't read, as Roblox sent it.
    Unknown(Value),
}

model! {
    /// A request to erase what is stored of a user, for a [`WebhookPayload`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct ErasureRequest {
        /// The user's id.
        #[serde(rename = "UserId")]
        pub user_id: u64,
        /// The ids of the start places of the experiences that it is about.
        #[serde(rename = "GameIds")]
        pub start_place_ids: Vec<u64>,
    }
}

/// A change of a subscription, for a [`WebhookPayload`]. The reference doesn't tell the fields.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SubscriptionChange {
    /// The fields, as Roblox sent them.
    pub fields: Map<String, Value>,
}

impl SubscriptionChange {
    /// Returns the resource path of the subscription,
    /// `universes/{universe}/subscription-products/{product}/subscriptions/{user}`, if a field has it.
    #[must_use]
    pub fn subscription(&self) -> Option<&str> {
        self.fields.values().filter_map(Value::as_str).find(|text| wire::path_segment(text, "subscriptions").is_some())
    }

    /// Returns the id of the subscriber, if a field tells it.
    #[must_use]
    pub fn user_id(&self) -> Option<u64> {
        let named = ["UserId", "SubscriberId", "Subscriber", "User"];
        let id = |value: &Value| match value {
            Value::String(text) => wire::path_id(text, "users").or_else(|| wire::decimal(text)),
            value => value.as_u64(),
        };
        let field = named.into_iter().find_map(|name| id(self.fields.get(name)?));
        field.or_else(|| wire::path_id(self.subscription()?, "subscriptions"))
    }
}

impl WebhookEvent {
    /// Creates an event, for tests.
    #[must_use]
    pub fn new(notification_id: impl Into<String>, event_type: WebhookEventType, payload: WebhookPayload) -> Self {
        Self { notification_id: notification_id.into(), event_type, occurred_at: Some(Timestamp::now()), payload }
    }

    pub(super) fn read(body: &[u8]) -> Result<Self> {
        let unreadable =
            |problem: String| Error::invalid_response("the notification of a webhook can't be read", problem);
        let json: Value = text::from_slice(body).map_err(|error| unreadable(format!("it isn't JSON: {error}")))?;
        Self::of(json).map_err(unreadable)
    }

    fn of(json: Value) -> Result<Self, String> {
        let Value::Object(mut fields) = json else { return Err("it isn't an object".to_owned()) };
        let mut take = |name: &str| fields.remove(name).unwrap_or_default();
        let string = |name: &str, json: Value| match json {
            Value::String(text) if !text.is_empty() => Ok(text),
            _ => Err(format!("its {name} isn't a string")),
        };
        let notification_id = string("NotificationId", take("NotificationId"))?;
        let event_type = WebhookEventType::from(string("EventType", take("EventType"))?);
        let occurred_at = Timestamp::of(Json::from(take("EventTime")));
        let payload = WebhookPayload::of(&event_type, take("EventPayload"))?;
        Ok(Self { notification_id, event_type, occurred_at, payload })
    }
}

impl WebhookPayload {
    fn of(event_type: &WebhookEventType, json: Value) -> Result<Self, String> {
        use WebhookEventType as T;

        Ok(match (event_type, json) {
            (T::SampleNotification, json) => Self::Sample { user_id: json.get("UserId").and_then(Value::as_u64) },
            (T::RightToErasureRequest, json) => {
                let request = wire::from_value(&json).map_err(|error| format!("its EventPayload: {error}"))?;
                Self::RightToErasure(request)
            }
            (
                T::SubscriptionPurchased
                | T::SubscriptionRenewed
                | T::SubscriptionResubscribed
                | T::SubscriptionCancelled
                | T::SubscriptionRefunded,
                Value::Object(fields),
            ) => Self::Subscription(SubscriptionChange { fields }),
            (_, json) => Self::Unknown(json),
        })
    }

    fn json(&self) -> Value {
        match self {
            Self::Sample { user_id } => json!({ "UserId": user_id }),
            Self::RightToErasure(request) => json!(request),
            Self::Subscription(change) => Value::Object(change.fields.clone()),
            Self::Unknown(json) => json.clone(),
        }
    }
}

impl TryFrom<Value> for WebhookEvent {
    type Error = String;

    fn try_from(json: Value) -> Result<Self, String> {
        Self::of(json)
    }
}

impl From<WebhookEvent> for Value {
    fn from(event: WebhookEvent) -> Self {
        json!({
            "NotificationId": event.notification_id,
            "EventType": event.event_type,
            "EventTime": event.occurred_at,
            "EventPayload": event.payload.json(),
        })
    }
}

/// `RightToErasureRequest 8f2c`.
impl fmt::Display for WebhookEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.event_type, self.notification_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event_type: &str, payload: Value) -> Value {
        json!({ "NotificationId": "n", "EventType": event_type, "EventTime": "2023-12-30T16:24:24.2118874Z",
            "EventPayload": payload })
    }

    fn read(json: &Value) -> Result<WebhookEvent> {
        WebhookEvent::read(json.to_string().as_bytes())
    }

    #[test]
    fn each_type_has_its_payload() {
        let path = "universes/1/subscription-products/EXP-1/subscriptions/156";
        for (event_type, payload) in [
            ("SampleNotification", json!({ "UserId": 1 })),
            ("RightToErasureRequest", json!({ "UserId": 1, "GameIds": [1234, 2345] })),
            ("SubscriptionPurchased", json!({ "Subscription": path })),
            ("SubscriptionCancelled", json!({ "Subscription": path, "Reason": "x" })),
            ("CommerceProductOrderPaid", json!({ "Order": "7" })),
            ("SomethingNew", json!([1])),
            ("SubscriptionRenewed", json!("strange")),
        ] {
            let event = read(&event(event_type, payload.clone())).expect("it is an event");
            assert_eq!(event.event_type, event_type);
            let is_unknown = matches!(event.payload, WebhookPayload::Unknown(_));
            assert_eq!(
                is_unknown,
                !matches!(payload, Value::Object(_)) || event_type.starts_with("Commerce"),
                "{event}"
            );
            let json = serde_json::to_value(&event).expect("it is JSON");
            assert_eq!(json["EventPayload"], payload);
            assert_eq!(serde_json::from_value::<WebhookEvent>(json).expect("it is an event"), event);
            if let WebhookPayload::Subscription(change) = &event.payload {
                assert_eq!((change.subscription(), change.user_id()), (Some(path), Some(156)));
            }
        }
    }

    #[test]
    fn a_request_to_erase_is_never_lost() {
        for payload in [
            json!(null),
            json!({}),
            // About which experiences it is isn't told, which isn't none.
            json!({ "UserId": 1 }),
            json!({ "UserId": 1, "GameIds": null }),
            json!({ "UserId": 1, "GameIds": 7 }),
            json!({ "UserId": 1, "GameIds": [1, "x"] }),
            json!({ "UserId": "x", "GameIds": [] }),
        ] {
            let error = read(&event("RightToErasureRequest", payload.clone())).expect_err("it can't be read");
            assert!(error.to_string().contains("EventPayload"), "{payload}: {error}");
        }
        for json in [json!([]), json!({}), json!({ "NotificationId": "", "EventType": "SampleNotification" })] {
            assert!(read(&json).is_err(), "{json}");
        }
        assert!(WebhookEvent::read(b"{").is_err());
    }
}
