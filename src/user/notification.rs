use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::handle::User;
use crate::api::{Budget, Endpoint};
use crate::error::{Error, Result};
use crate::request::Request;
use crate::wire::model;

/// Sends a notification to a user.
pub const CREATE_NOTIFICATION: Endpoint = Endpoint::post("/cloud/v2/users/{user}/notifications")
    .with_scopes(&["user.user-notification:write"])
    .with_precondition("the user has to turn on the notifications of the experience")
    .with_key_budget(Budget::per_second(4000))
    .with_oauth_budget(Budget::per_second(4000));

/// The largest launch data of a notification, in bytes.
const MAX_LAUNCH_DATA: usize = 200;

/// A notification to a user of an experience, for [`User::send_notification`].
///
/// The text is that of a message, which is made in the Creator Dashboard and can have parameters.
///
/// ```
/// use rblxopencloud::user::Notification;
///
/// let notification = Notification::new(13058, "5dd7024b-68e3-ac4d-8232-4217f86ca244")
///     .parameter("egg_name", "royal egg")
///     .parameter("eggs", 3)
///     .launch_data("room=7")
///     .category("Egg hatched");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a notification does nothing until it is sent"]
pub struct Notification {
    universe_id: u64,
    message_id: String,
    /// As JSON.
    parameters: Map<String, Value>,
    launch_data: Option<String>,
    category: Option<String>,
}

/// The value of a parameter of a [`Notification`]: a string or an integer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotificationParameter {
    /// A string.
    String(String),
    /// An integer.
    Int64(i64),
}

impl From<&str> for NotificationParameter {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for NotificationParameter {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<i64> for NotificationParameter {
    fn from(value: i64) -> Self {
        Self::Int64(value)
    }
}

impl Notification {
    /// Creates a notification from the id of the experience (universe) that sends it, and the id of its message.
    pub fn new(universe_id: u64, message_id: impl Into<String>) -> Self {
        Self { universe_id, message_id: message_id.into(), parameters: Map::new(), launch_data: None, category: None }
    }

    /// Sets a parameter of the message.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<NotificationParameter>) -> Self {
        let json = match value.into() {
            NotificationParameter::String(text) => json!({ "stringValue": text }),
            NotificationParameter::Int64(number) => json!({ "int64Value": number }),
        };
        self.parameters.insert(name.into(), json);
        self
    }

    /// Sets what the experience receives when the user joins it from the notification, at most 200 bytes of UTF-8.
    pub fn launch_data(mut self, data: impl Into<String>) -> Self {
        self.launch_data = Some(data.into());
        self
    }

    /// Sets the category under which analytics count the notification.
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.category = Some(category.into());
        self
    }

    fn check(&self) -> Result<()> {
        if self.universe_id == 0 {
            return Err(Error::invalid_input("the id of the notification's universe is 0"));
        }
        if self.message_id.trim().is_empty() {
            return Err(Error::invalid_input("the notification has no message id")
                .advise("create a message in the Creator Dashboard and use its id"));
        }
        if self.parameters.keys().any(String::is_empty) {
            return Err(Error::invalid_input("a parameter of the notification has no name"));
        }
        let size = self.launch_data.as_ref().map_or(0, String::len);
        if size > MAX_LAUNCH_DATA {
            let problem = format!("the launch data has {size} bytes; at most {MAX_LAUNCH_DATA} are allowed");
            return Err(Error::invalid_input(problem));
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let mut payload = json!({ "type": "MOMENT", "messageId": self.message_id });
        if !self.parameters.is_empty() {
            payload["parameters"] = Value::Object(self.parameters.clone());
        }
        if let Some(data) = &self.launch_data {
            payload["joinExperience"] = json!({ "launchData": data });
        }
        if let Some(category) = &self.category {
            payload["analyticsData"] = json!({ "category": category });
        }
        json!({ "source": { "universe": format!("universes/{}", self.universe_id) }, "payload": payload })
    }

    /// The texts that the service may repeat in its message.
    fn echoes(&self) -> Vec<String> {
        let texts = self.parameters.values().filter_map(|value| value["stringValue"].as_str());
        texts.map(str::to_owned).chain(self.launch_data.clone()).chain(self.category.clone()).collect()
    }
}

model! {
    /// A notification that was sent, from [`User::send_notification`].
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct SentNotification {
        /// The resource path, `users/{user}/notifications/{notification}`.
        #[optional]
        pub path: String,
        /// The id, a UUID.
        #[optional]
        pub id: String,
    }
}

/// `notification 5dd7024b-…`.
impl fmt::Display for SentNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "notification {}", self.id)
    }
}

impl User {
    /// Sends the user a notification from an experience. The service delivers at most one a day from each experience.
    ///
    /// Calls [`CREATE_NOTIFICATION`], which needs the scope `user.user-notification:write` for the experience.
    ///
    /// ```
    /// use rblxopencloud::user::Notification;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let notification = Notification::new(13058, "5dd7024b-68e3-ac4d-8232-4217f86ca244").parameter("eggs", 3);
    /// let sent = user.send_notification(&notification)?;
    /// println!("{}", sent.id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the launch data is larger than 200 bytes, and
    /// [`Rejected`](crate::ErrorKind::Rejected) with the [code](crate::Error::code) `FAILED_PRECONDITION` if the user doesn't
    /// accept notifications. If [`outcome_unknown`](crate::Error::outcome_unknown) is true, the user may have received it.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users#Cloud_CreateUserNotification>
    #[doc(alias = "notify")]
    #[doc(alias = "push")]
    pub fn send_notification(&self, notification: &Notification) -> Result<SentNotification> {
        notification.check()?;
        let request = self.client.call(&CREATE_NOTIFICATION).param("user", self.id).json(&notification.json());
        notification.echoes().into_iter().fold(request, Request::echo).fetch_model()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_the_fields_that_were_set() {
        let notification =
            Notification::new(1, "m").parameter("a", "b").parameter("n", 7).launch_data("d").category("c");
        assert_eq!(
            notification.json(),
            json!({
                "source": { "universe": "universes/1" },
                "payload": {
                    "type": "MOMENT",
                    "messageId": "m",
                    "parameters": { "a": { "stringValue": "b" }, "n": { "int64Value": 7 } },
                    "joinExperience": { "launchData": "d" },
                    "analyticsData": { "category": "c" },
                },
            })
        );
        let bare = Notification::new(1, "m").json();
        assert_eq!(bare["payload"], json!({ "type": "MOMENT", "messageId": "m" }));
    }

    #[test]
    fn launch_data_is_measured_in_bytes() {
        assert!(Notification::new(1, "m").launch_data("x".repeat(200)).check().is_ok());
        let error = Notification::new(1, "m").launch_data("é".repeat(101)).check().expect_err("it is too long");
        assert!(error.to_string().contains("202 bytes"), "{error}");
        for bad in [Notification::new(0, "m"), Notification::new(1, " "), Notification::new(1, "m").parameter("", "x")]
        {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
