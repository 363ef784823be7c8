use std::time::Duration;

use serde_json::{Map, Value, json};

use super::restart_status::{PlaceRestartFilter, RestartStatus};
use crate::error::{Error, Result};

const LONGEST_BLEED_OFF: u64 = 240;
const LARGEST_ATTRIBUTES: usize = 500;

/// How far the times of a restart may be from what was requested.
const TOLERANCE: Duration = Duration::from_secs(90);

/// Which servers to restart and how, for [`Experience::restart_servers`](crate::Experience::restart_servers).
///
/// Restarts all servers of all places unless a place is named.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::experience::RestartOptions;
///
/// let options = RestartOptions::new().bleed_off(Duration::from_secs(600)).outdated(1818);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct RestartOptions {
    bleed_off: Option<Duration>,
    /// By the ids of the places.
    places: Vec<(u64, PlaceRestartFilter)>,
    attributes: Option<Value>,
    pub(super) known: Option<Vec<String>>,
    pub(super) settles: bool,
}

impl Default for RestartOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl RestartOptions {
    /// Returns options that restart all servers.
    pub fn new() -> Self {
        Self { bleed_off: None, places: Vec::new(), attributes: None, known: None, settles: true }
    }

    /// Sets how long servers go on before they are restarted: 1 to 240 whole minutes. In this time no player joins them.
    /// Defaults to what the service chooses.
    pub fn bleed_off(mut self, time: Duration) -> Self {
        self.bleed_off = Some(time);
        self
    }

    /// Restarts the servers of this place. Further calls add further places.
    pub fn place(self, place_id: u64) -> Self {
        self.filter(place_id, PlaceRestartFilter::default())
    }

    /// Restarts the servers of this place that run one of these versions.
    pub fn place_versions(self, place_id: u64, versions: impl IntoIterator<Item = u64>) -> Self {
        let versions = Some(versions.into_iter().collect());
        self.filter(place_id, PlaceRestartFilter { versions, exclude_current_version: None })
    }

    /// Restarts the servers of this place that run any version but the newest published one.
    pub fn outdated(self, place_id: u64) -> Self {
        self.filter(place_id, PlaceRestartFilter { versions: None, exclude_current_version: Some(true) })
    }

    fn filter(mut self, place_id: u64, filter: PlaceRestartFilter) -> Self {
        match self.places.binary_search_by_key(&place_id, |(id, _)| *id) {
            Ok(at) => self.places[at].1 = filter,
            Err(at) => self.places.insert(at, (place_id, filter)),
        }
        self
    }

    /// Sets an object that the servers receive when the restart is scheduled: at most 500 bytes of JSON.
    pub fn attributes(mut self, attributes: impl Into<Value>) -> Self {
        self.attributes = Some(attributes.into());
        self
    }

    /// Sets the ids of the restarts that there were before, from
    /// [`list_restarts`](crate::Experience::list_restarts). If one that fits these options has begun since, it is returned, and
    /// nothing is restarted again.
    ///
    /// A program that may be killed writes the ids down first, and passes the same ones again in its next run.
    pub fn after(mut self, known: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.known = Some(known.into_iter().map(Into::into).collect());
        self
    }

    /// Sets whether restarts are listed before the call, so that its outcome can be looked up if the response is lost. Defaults
    /// to `true`. With `false`, the call needs only its own scope, and an error can leave its
    /// [outcome unknown](crate::Error::outcome_unknown).
    pub fn settle(mut self, settles: bool) -> Self {
        self.settles = settles;
        self
    }

    /// Returns the body of the request.
    pub(super) fn json(&self) -> Result<Value> {
        let mut body = Map::new();
        if let Some(time) = self.bleed_off {
            body.insert("bleedOffDurationMinutes".to_owned(), json!(whole_minutes(time, LONGEST_BLEED_OFF)?));
        }
        if let Some((place, _)) =
            self.places.iter().find(|(_, filter)| filter.versions.as_ref().is_some_and(Vec::is_empty))
        {
            let problem = format!("no version of place {place} is named to be restarted");
            return Err(Error::invalid_input(problem).advise("name one, or use RestartOptions::place for all versions"));
        }
        if !self.places.is_empty() {
            let mut places = Map::new();
            for (place, filter) in &self.places {
                places.insert(place.to_string(), json!(filter));
            }
            body.insert("places".to_owned(), Value::Object(places));
        }
        if let Some(attributes) = &self.attributes {
            if !attributes.is_object() {
                return Err(Error::invalid_input("the attributes of the restart aren't a JSON object"));
            }
            let size = attributes.to_string().len();
            if size > LARGEST_ATTRIBUTES {
                let problem = format!(
                    "the attributes of the restart have {size} bytes; at most {LARGEST_ATTRIBUTES} are allowed"
                );
                return Err(Error::invalid_input(problem));
            }
            body.insert("attributes".to_owned(), attributes.clone());
        }
        Ok(Value::Object(body))
    }

    /// Returns the restart that these options have started, if it is listed: one that isn't known and fits them.
    pub(super) fn find_in(&self, listed: Vec<RestartStatus>, known: &[String]) -> Option<RestartStatus> {
        listed.into_iter().rfind(|status| !known.contains(&status.id) && self.fits(status))
    }

    /// Whether a restart can be one that these options have started. What the service doesn't tell fits.
    fn fits(&self, status: &RestartStatus) -> bool {
        let fits_place = |(id, place): (&u64, &super::restart_status::PlaceRestartStatus)| {
            let requested = match self.places.iter().find(|(requested, _)| requested == id) {
                Some((_, filter)) => filter.clone(),
                None if self.places.is_empty() => PlaceRestartFilter::default(),
                None => return false,
            };
            place.filter.as_ref().is_none_or(|filter| filter.is_same(&requested))
        };
        let bleed_off = || {
            let time = status.starts_at?.duration_since(status.scheduled_at?);
            Duration::try_from(time).ok()
        };
        let fits_time = |requested: Duration| bleed_off().is_none_or(|time| time.abs_diff(requested) <= TOLERANCE);
        status.places.iter().all(fits_place) && self.bleed_off.is_none_or(fits_time)
    }
}

/// Returns minutes, of which there are 1 to `most`.
pub(super) fn whole_minutes(time: Duration, most: u64) -> Result<u64> {
    let minutes = time.as_secs() / 60;
    if time == Duration::from_secs(minutes * 60) && (1..=most).contains(&minutes) {
        return Ok(minutes);
    }
    Err(Error::invalid_input(format!("the bleed-off time is {time:?}; it takes 1 to {most} whole minutes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_what_was_set() {
        assert_eq!(RestartOptions::new().json().expect("it restarts all"), json!({}));
        let options = RestartOptions::new()
            .bleed_off(Duration::from_secs(600))
            .place(1)
            .place_versions(2, [7, 8])
            .outdated(3)
            .attributes(json!({ "why": "update" }));
        assert_eq!(
            options.json().expect("all is fine"),
            json!({
                "bleedOffDurationMinutes": 10,
                "places": { "1": {}, "2": { "versions": [7, 8] }, "3": { "excludeCurrentVersion": true } },
                "attributes": { "why": "update" },
            })
        );
    }

    #[test]
    fn options_that_the_service_would_refuse_are_refused() {
        let seconds = Duration::from_secs;
        for (time, is_allowed) in [
            (Duration::ZERO, false),
            (seconds(59), false),
            (seconds(60), true),
            (seconds(90), false),
            (seconds(60) + Duration::from_nanos(1), false),
            (seconds(240 * 60), true),
            (seconds(241 * 60), false),
            (Duration::MAX, false),
        ] {
            assert_eq!(RestartOptions::new().bleed_off(time).json().is_ok(), is_allowed, "{time:?}");
        }
        // With the quotation marks, braces and the name.
        for (length, is_allowed) in [(500 - 8, true), (501 - 8, false)] {
            let attributes = json!({ "a": "x".repeat(length) });
            assert_eq!(RestartOptions::new().attributes(attributes).json().is_ok(), is_allowed, "{length}");
        }
        assert!(RestartOptions::new().attributes(json!([1])).json().is_err());
        assert!(RestartOptions::new().place_versions(1, []).json().is_err());
    }

    #[test]
    fn a_restart_is_known_by_what_was_requested() {
        let status =
            |json: Value| RestartStatus { id: "b".to_owned(), ..serde_json::from_value(json).expect("a status") };
        let found = |options: &RestartOptions, json: Value, known: &str| {
            options.find_in(vec![status(json)], &[known.to_owned()]).is_some()
        };
        let times = |minutes: u64| {
            json!({ "scheduledTime": "2026-01-01T00:00:00Z", "startTime": format!("2026-01-01T00:{minutes:02}:01Z"),
                "placeRestartStatuses": { "1": { "state": "DELAYING" } } })
        };
        let all = RestartOptions::new().bleed_off(Duration::from_secs(600));
        assert!(found(&all, times(10), "a") && !found(&all, times(10), "b") && !found(&all, times(30), "a"));
        let filtered =
            |filter: Value| json!({ "placeRestartStatuses": { "1": { "state": "RESTARTING", "filter": filter } } });
        let current = filtered(json!({ "excludeCurrentVersion": true, "versions": null }));
        assert!(!found(&all, current.clone(), "a"));
        assert!(found(&RestartOptions::new().outdated(1), current.clone(), "a"));
        assert!(!found(&RestartOptions::new().outdated(2), current, "a"));
        let versions = filtered(json!({ "versions": [8, 7], "excludeCurrentVersion": false }));
        assert!(found(&RestartOptions::new().place_versions(1, [7, 8]), versions.clone(), "a"));
        assert!(!found(&RestartOptions::new().place_versions(1, [7]), versions, "a"));
        assert!(found(&RestartOptions::new().outdated(1), filtered(Value::Null), "a"), "it doesn't tell");
        assert!(found(&all, json!({ "placeRestartStatuses": {} }), "a"));
    }
}
