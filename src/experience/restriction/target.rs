//! What the methods of experiences and places share.

use std::io;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desired::Restriction;
use super::model::UserRestriction;
use crate::api::Endpoint;
use crate::error::{Error, Result};
use crate::experience::handle::Experience;
use crate::experience::place::handle::Place;
use crate::page::Pager;
use crate::request::Request;

/// The endpoints of an experience or of a place.
#[derive(Debug)]
pub(super) struct Endpoints {
    pub(super) list: Endpoint,
    pub(super) update: Endpoint,
}

/// An experience or a place whose users are restricted.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Experience(Experience),
    Place(Place),
}

impl Target {
    fn request(&self, endpoint: &Endpoint) -> Request {
        match self {
            Self::Experience(experience) => experience.client.call(endpoint).param("universe", experience.id),
            Self::Place(place) => place.of_place(endpoint),
        }
    }

    pub(super) fn fetch(&self, endpoint: &Endpoint, user_id: u64) -> Result<UserRestriction> {
        self.request(endpoint).param("user", user_id).fetch_model()
    }

    pub(super) fn list(&self, endpoint: &Endpoint) -> Pager<UserRestriction> {
        self.request(endpoint).pages()
    }

    pub(super) fn restrict(
        &self,
        endpoint: &Endpoint,
        user_id: u64,
        restriction: &Restriction,
    ) -> Result<UserRestriction> {
        let json = restriction.json(Timestamp::now())?;
        let request = self.update(endpoint, user_id, &json)?;
        restriction.echoes().fold(request, Request::echo).fetch_model()
    }

    pub(super) fn lift(&self, endpoint: &Endpoint, user_id: u64) -> Result<UserRestriction> {
        self.update(endpoint, user_id, &json!({ "active": false }))?.fetch_model()
    }

    /// Starts a change. It has an idempotency key of its own, which its repetitions have too, so that it happens once.
    fn update(&self, endpoint: &Endpoint, user_id: u64, restriction: &Value) -> Result<Request> {
        Ok(self
            .request(endpoint)
            .param("user", user_id)
            .query("updateMask", "gameJoinRestriction")
            .query("idempotencyKey.key", fresh_key()?)
            .query("idempotencyKey.firstSent", format_args!("{:.3}", Timestamp::now()))
            .json(&json!({ "gameJoinRestriction": restriction })))
    }
}

/// Returns a random UUID. One that is derived from the change would swallow the same change later.
fn fresh_key() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::getrandom(&mut bytes)
        .map_err(|error| Error::io("no random idempotency key", io::Error::other(error.to_string())))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let number = u128::from_be_bytes(bytes);
    let hex = format!("{number:032x}");
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_a_new_uuid() {
        let (one, other) = (fresh_key().expect("a key"), fresh_key().expect("a key"));
        assert_ne!(one, other);
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!((lengths, one.as_bytes()[14]), (vec![8, 4, 4, 4, 12], b'4'));
    }
}
