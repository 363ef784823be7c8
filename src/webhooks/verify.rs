use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::hmac;

use super::event::WebhookEvent;
use crate::error::{Error, ErrorKind, Result};

/// How old a notification can be, and how far in the future.
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// More signatures than a secret that is being replaced needs.
const MOST_SIGNATURES: usize = 8;

/// Verifies and reads the notifications of a webhook.
///
/// See the [module](crate::webhooks) for a server that uses it.
#[derive(Clone)]
pub struct Webhook {
    keys: Vec<hmac::Key>,
    window: Duration,
}

impl Webhook {
    /// Creates one from the secret that the webhook has in the Creator Dashboard.
    #[must_use]
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        Self { keys: Vec::new(), window: WINDOW }.or_secret(secret)
    }

    /// Accepts another secret too, such as the previous one while it is being replaced.
    #[must_use]
    pub fn or_secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        // Anyone can sign with an empty secret.
        if !secret.as_ref().is_empty() {
            self.keys.push(hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref()));
        }
        self
    }

    /// Sets how far the time of a notification may be from the local clock. Defaults to 10 minutes. An older request is refused:
    /// somebody may have recorded it.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Verifies a request by its header `roblox-signature`, and reads the event in its body, which must be as it was received.
    ///
    /// # Errors
    /// Returns [`InvalidSignature`](ErrorKind::InvalidSignature) if the signature is missing, malformed or wrong or if the time is
    /// outside of the window: respond with 401. Returns [`InvalidResponse`](ErrorKind::InvalidResponse) if Roblox has sent it but
    /// the event can't be read: respond with 500, so that it is sent again. Returns [`InvalidInput`](ErrorKind::InvalidInput) if
    /// the secret is empty.
    pub fn verify(&self, signature: Option<&str>, body: &[u8]) -> Result<WebhookEvent> {
        self.verify_at(signature, body, Timestamp::now())
    }

    /// Verifies and reads a request, as [`verify`](Self::verify), by another clock, as for tests.
    ///
    /// # Errors
    /// See [`verify`](Self::verify).
    pub fn verify_at(&self, signature: Option<&str>, body: &[u8], now: Timestamp) -> Result<WebhookEvent> {
        if self.keys.is_empty() {
            let error = Error::invalid_input("the secret of the webhook is empty");
            return Err(error.advise("set one in the Creator Dashboard: without it, anyone can send notifications"));
        }
        let header = signature.ok_or_else(|| untrusted("it has no header roblox-signature"))?;
        let signature = Signature::parse(header)?;
        if signature.codes.is_empty() {
            let error = untrusted("its header roblox-signature has only a time, because the webhook has no secret");
            return Err(error.advise("set a secret in the Creator Dashboard"));
        }
        let signed = [signature.time.as_bytes(), b".", body].concat();
        // Each comparison takes the same time, wherever the codes differ.
        let is_ours = |code: &Vec<u8>| self.keys.iter().any(|key| hmac::verify(key, &signed, code).is_ok());
        if !signature.codes.iter().any(is_ours) {
            return Err(untrusted("its signature is wrong")
                .advise("verify the body as it was received, with the secret that the webhook has now"));
        }
        let age = now.duration_since(signature.sent_at);
        if age.unsigned_abs() > self.window {
            let side = if age.is_negative() { "after" } else { "before" };
            let (away, window) = (age.unsigned_abs().as_secs(), self.window.as_secs());
            let problem = format!("it was sent {away} s {side} the local time; {window} s are allowed");
            return Err(untrusted(problem).advise("set the local clock, if it is wrong"));
        }
        WebhookEvent::read(body)
    }
}

/// Shows no secret.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = self.keys.len();
        f.debug_struct("Webhook").field("secrets", &secrets).field("window", &self.window).finish_non_exhaustive()
    }
}

/// What the header of a notification says. No value of it becomes part of an error: anyone can send it.
struct Signature<'h> {
    /// As it is signed.
    time: &'h str,
    sent_at: Timestamp,
    codes: Vec<Vec<u8>>,
}

impl<'h> Signature<'h> {
    fn parse(header: &'h str) -> Result<Self> {
        let malformed =
            || untrusted("its header roblox-signature is malformed; expected the form t=1700000000,v1=c2lnbmF0dXJl");
        let (mut time, mut codes) = (None, Vec::new());
        for field in header.split(',') {
            match field.trim().split_once('=') {
                Some(("t", text)) if time.is_none() => time = Some(text),
                Some(("t", _)) => return Err(malformed()),
                Some(("v1", text)) if codes.len() < MOST_SIGNATURES => {
                    codes.push(STANDARD.decode(text).map_err(|_| malformed())?)
                }
                Some(("v1", _)) | None => return Err(malformed()),
                // A later version of the signature.
                Some(_) => {}
            }
        }
        let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let time = time.filter(is_number).ok_or_else(malformed)?;
        let seconds = time.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        Ok(Self { time, sent_at: seconds.ok_or_else(malformed)?, codes })
    }
}

fn untrusted(problem: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidSignature, "the notification of a webhook can't be trusted").explain(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] =
        br#"{"NotificationId":"n","EventType":"SampleNotification","EventTime":"2026-01-01T00:00:00Z","EventPayload":{"UserId":1}}"#;
    const SENT: i64 = 1_767_225_600;

    fn code(secret: &str, time: &str, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        STANDARD.encode(hmac::sign(&key, &[time.as_bytes(), b".", body].concat()))
    }

    fn signed(secret: &str) -> String {
        format!("t={SENT},v1={}", code(secret, &SENT.to_string(), BODY))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(SENT + seconds).expect("a time")
    }

    #[test]
    fn a_signature_is_the_one_of_other_tools() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret -binary | base64
        assert_eq!(code("secret", "1700000000", br#"{"a":1}"#), "SfJOU3QHdD+koCQrtjuUuaR+6Zy74HHM2KIlUK5BFoY=");
    }

    #[test]
    fn notifications_of_roblox_are_accepted() {
        let webhook = Webhook::new("new secret").or_secret("old secret");
        for header in [
            signed("new secret"),
            signed("old secret"),
            format!("{},v1={}", signed("another"), code("old secret", &SENT.to_string(), BODY)),
            signed("new secret").replace(",v1", ", v2=later, v1"),
        ] {
            for seconds in [0, 599, 600, -600] {
                let event = webhook.verify_at(Some(&header), BODY, at(seconds)).expect("it is signed");
                assert_eq!(event.notification_id, "n", "{header} {seconds}");
            }
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let webhook = Webhook::new("secret");
        let good = signed("secret");
        let refused = |header: Option<&str>, body: &[u8], seconds: i64| {
            let error = webhook.verify_at(header, body, at(seconds)).expect_err("it can't be trusted");
            assert_eq!(error.kind(), ErrorKind::InvalidSignature, "{error}");
            assert!(!error.to_string().contains("made up"), "{error}");
        };
        assert!(webhook.verify_at(Some(&good), BODY, at(0)).is_ok());
        refused(Some(&good), BODY, 601);
        refused(Some(&good), BODY, -601);
        refused(Some(&good), &BODY[..BODY.len() - 1], 0);
        refused(Some(&good.replace(&SENT.to_string(), &(SENT + 1).to_string())), BODY, 0);
        refused(Some(&signed("another")), BODY, 0);
        refused(None, BODY, 0);
        let code = code("secret", &SENT.to_string(), BODY);
        for header in [
            String::new(),
            "made up".to_owned(),
            format!("t={SENT}"),
            format!("v1={code}"),
            format!("t={SENT},v1=made up"),
            format!("t={SENT},v1="),
            format!("t={SENT},v1={}", &code[..code.len() - 4]),
            format!("t={SENT},t={SENT},v1={code}"),
            format!("t=+{SENT},v1={code}"),
            format!("t=,v1={code}"),
            format!("t=99999999999999999999,v1={code}"),
            format!("t={SENT}{}", ",v1=AAAA".repeat(100)),
        ] {
            refused(Some(&header), BODY, 0);
        }
    }

    #[test]
    fn an_empty_secret_verifies_nothing() {
        let error = Webhook::new("").verify_at(Some(&signed("")), BODY, at(0)).expect_err("anyone can sign with it");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let both = Webhook::new("secret").or_secret("");
        assert!(both.verify_at(Some(&signed("")), BODY, at(0)).is_err());
        assert!(!format!("{both:?}").contains("secret\""));
    }
}
