//! Game servers, and the restarts that close them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::clock::{after, written};

/// How many players a server takes.
const ROOM: usize = 20;

/// A message that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedMessage {
    /// The topic.
    pub topic: String,
    /// The text.
    pub text: String,
}

#[derive(Debug)]
pub(crate) struct GameServer {
    pub(crate) job_id: String,
    pub(crate) universe: u64,
    pub(crate) place: u64,
    pub(crate) version: u64,
    pub(crate) players: Vec<u64>,
    created: Timestamp,
    closed: Option<Timestamp>,
    logs: Vec<Value>,
}

/// Which servers of a place are restarted.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlaceFilter {
    pub(crate) versions: Option<Vec<u64>>,
    pub(crate) excludes_current: bool,
}

impl PlaceFilter {
    fn matches(&self, version: u64, newest: u64) -> bool {
        let is_named = self.versions.as_ref().is_none_or(|versions| versions.contains(&version));
        is_named && !(self.excludes_current && version == newest)
    }

    fn json(&self) -> Value {
        json!({ "versions": self.versions, "excludeCurrentVersion": self.excludes_current })
    }
}

#[derive(Debug)]
struct Restart {
    id: String,
    universe: u64,
    scheduled: Timestamp,
    starts: Timestamp,
    places: BTreeMap<u64, PlaceRestart>,
    attributes: Option<Value>,
    /// The older endpoint starts restarts that aren't listed.
    is_listed: bool,
    is_done: bool,
}

#[derive(Debug)]
struct PlaceRestart {
    filter: PlaceFilter,
    jobs: Vec<String>,
    players: usize,
    newest: u64,
}

/// What a request starts.
#[derive(Debug)]
pub(crate) struct RestartRequest {
    pub(crate) bleed_off: Duration,
    /// `None` is all places.
    pub(crate) places: Option<BTreeMap<u64, PlaceFilter>>,
    /// For all places.
    pub(crate) filter: PlaceFilter,
    pub(crate) attributes: Option<Value>,
    pub(crate) is_listed: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Servers {
    servers: Vec<GameServer>,
    restarts: Vec<Restart>,
    newest: BTreeMap<u64, u64>,
    made: u64,
    pub(crate) messages: BTreeMap<u64, Vec<PublishedMessage>>,
    /// How long servers take to close.
    pub(crate) restart_time: Duration,
    pub(crate) answers_messages_with_nothing: bool,
    pub(crate) active_fetch_fails: bool,
    pub(crate) shut_down_fetch_fails: bool,
    pub(crate) has_endless_pages: bool,
    pub(crate) hides_filters: bool,
}

impl Servers {
    pub(crate) fn add(&mut self, universe: u64, place: u64, version: u64, players: Vec<u64>, now: Timestamp) -> String {
        self.made += 1;
        let job_id = format!("{:08x}-0000-4000-8000-{:012x}", place & 0xffff_ffff, self.made);
        self.set_newest(place, version);
        let logs = Vec::new();
        let server =
            GameServer { job_id: job_id.clone(), universe, place, version, players, created: now, closed: None, logs };
        self.servers.push(server);
        job_id
    }

    /// Sets the newest version of a place, unless a newer one is known.
    pub(crate) fn set_newest(&mut self, place: u64, version: u64) {
        let newest = self.newest.entry(place).or_default();
        *newest = version.max(*newest);
    }

    fn newest(&self, place: u64) -> u64 {
        self.newest.get(&place).copied().unwrap_or_default()
    }

    pub(crate) fn log(&mut self, job_id: &str, severity: u32, message: &str, now: Timestamp) {
        let Some(server) = self.servers.iter_mut().find(|server| server.job_id == job_id) else { return };
        server.logs.push(json!({
            "messageTimestampMs": written(now), "universeId": server.universe, "placeId": server.place.to_string(),
            "placeVersion": server.version.to_string(), "jobId": job_id, "severity": severity, "message": message,
            "stackTrace": null, "messageTemplate": null, "context": null, "skippedCount": 0, "rateLimitedCount": 0,
        }));
    }

    /// Returns the running servers of an experience, with the place, the version and the players of each.
    pub(crate) fn running(&self, universe: u64) -> impl Iterator<Item = &GameServer> {
        self.servers.iter().filter(move |server| server.universe == universe && server.closed.is_none())
    }

    /// Removes a user from the running servers of an experience, or of one of its places.
    pub(crate) fn kick(&mut self, universe: u64, place: Option<u64>, user: u64) {
        let servers = self.servers.iter_mut().filter(|server| server.universe == universe && server.closed.is_none());
        for server in servers.filter(|server| place.is_none_or(|place| server.place == place)) {
            server.players.retain(|player| *player != user);
        }
    }

    /// Starts a restart, and returns its response.
    pub(crate) fn restart(&mut self, universe: u64, request: RestartRequest, now: Timestamp) -> Value {
        let RestartRequest { bleed_off, places, filter, attributes, is_listed } = request;
        let mut chosen: BTreeMap<u64, PlaceRestart> = BTreeMap::new();
        for server in self.running(universe) {
            let filter = match &places {
                None => Some(&filter),
                Some(places) => places.get(&server.place),
            };
            let newest = self.newest(server.place);
            let Some(filter) = filter.filter(|filter| filter.matches(server.version, newest)) else { continue };
            let new = || PlaceRestart { filter: filter.clone(), jobs: Vec::new(), players: 0, newest };
            let place = chosen.entry(server.place).or_insert_with(new);
            place.jobs.push(server.job_id.clone());
            place.players += server.players.len();
        }
        let players: usize = chosen.values().map(|place| place.players).sum();
        let instances: usize = chosen.values().map(|place| place.jobs.len()).sum();
        self.made += 1;
        let id = format!("restart-{}", self.made);
        self.restarts.push(Restart {
            id: id.clone(),
            universe,
            scheduled: now,
            starts: after(now, bleed_off),
            places: chosen,
            attributes,
            is_listed,
            is_done: false,
        });
        json!({ "id": id, "playersImpacted": players, "instancesImpacted": instances })
    }

    /// Closes the servers whose restart is due, and moves their players.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        let mut restarts = std::mem::take(&mut self.restarts);
        for restart in restarts.iter_mut().filter(|restart| !restart.is_done) {
            let ends = after(restart.starts, self.restart_time);
            if now < ends {
                continue;
            }
            restart.is_done = true;
            for (place, chosen) in &restart.places {
                self.close(restart.universe, *place, &chosen.jobs, ends);
            }
        }
        self.restarts = restarts;
    }

    fn close(&mut self, universe: u64, place: u64, jobs: &[String], now: Timestamp) {
        let mut moving = Vec::new();
        for server in self.servers.iter_mut().filter(|server| server.closed.is_none() && jobs.contains(&server.job_id))
        {
            server.closed = Some(now);
            moving.append(&mut server.players);
        }
        let newest = self.newest(place);
        let is_open =
            |server: &&mut GameServer| server.place == place && server.version == newest && server.closed.is_none();
        for server in self.servers.iter_mut().filter(is_open) {
            let room = ROOM.saturating_sub(server.players.len()).min(moving.len());
            server.players.extend(moving.drain(..room));
        }
        while !moving.is_empty() {
            let players = moving.drain(..ROOM.min(moving.len())).collect();
            self.add(universe, place, newest, players, now);
        }
    }

    /// Returns the restarts that are listed, by their ids.
    pub(crate) fn statuses(&self, universe: u64, now: Timestamp) -> Map<String, Value> {
        let restarts = self.restarts.iter().filter(|restart| restart.universe == universe && restart.is_listed);
        restarts.map(|restart| (restart.id.clone(), self.status(restart, now))).collect()
    }

    /// Returns the attributes of the restarts of an experience, oldest first.
    pub(crate) fn attributes(&self, universe: u64) -> Vec<Option<Value>> {
        let restarts = self.restarts.iter().filter(|restart| restart.universe == universe);
        restarts.map(|restart| restart.attributes.clone()).collect()
    }

    fn status(&self, restart: &Restart, now: Timestamp) -> Value {
        let state = match restart.is_done {
            true => "SUCCEEDED",
            false if now < restart.starts => "DELAYING",
            false => "RESTARTING",
        };
        let places = restart.places.iter().map(|(place, chosen)| {
            let left = self.running(restart.universe).filter(|server| chosen.jobs.contains(&server.job_id));
            let (instances, players) =
                left.fold((0, 0), |(instances, players), server| (instances + 1, players + server.players.len()));
            let filter = if self.hides_filters { Value::Null } else { chosen.filter.json() };
            let ended = restart.is_done.then(|| written(after(restart.starts, self.restart_time)));
            let status = json!({
                "state": state, "startTime": written(restart.starts), "endTime": ended,
                "totalPlayers": chosen.players, "totalInstances": chosen.jobs.len(),
                "remainingPlayers": players, "remainingInstances": instances,
                "filter": filter, "latestVersion": chosen.newest.to_string(),
            });
            (place.to_string(), status)
        });
        json!({
            "universeId": restart.universe.to_string(), "scheduledTime": written(restart.scheduled),
            "startTime": written(restart.starts), "placeRestartStatuses": places.collect::<Map<_, _>>(),
        })
    }

    /// Returns what a restart of all servers would do, by place.
    pub(crate) fn forecast(&self, universe: u64) -> Map<String, Value> {
        let mut places: BTreeMap<u64, Vec<&GameServer>> = BTreeMap::new();
        for server in self.running(universe) {
            places.entry(server.place).or_default().push(server);
        }
        let forecast = places.into_iter().map(|(place, servers)| {
            let players: usize = servers.iter().map(|server| server.players.len()).sum();
            let mut by_version: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
            for server in &servers {
                let (instances, players) = by_version.entry(server.version).or_default();
                *instances += 1;
                *players += server.players.len();
            }
            let per_version = |count: fn(&(usize, usize)) -> usize| -> Map<String, Value> {
                by_version.iter().map(|(version, counts)| (version.to_string(), json!(count(counts)))).collect()
            };
            let forecast = json!({
                "playersImpacted": players, "totalPlayers": players,
                "instancesImpacted": servers.len(), "totalInstances": servers.len(),
                "latestPlaceVersion": servers.iter().map(|server| server.version).max().map(|version| version.to_string()),
                "publishTime": "2024-02-29T12:00:00Z", "isNotInUniverse": false,
                "playersPerVersion": per_version(|counts| counts.1), "instancesPerVersion": per_version(|counts| counts.0),
            });
            (place.to_string(), forecast)
        });
        forecast.collect()
    }

    /// Returns the servers of a version of a place, running ones first, as the service writes them.
    pub(crate) fn list(&self, universe: u64, place: u64, version: u64, now: Timestamp) -> Vec<Value> {
        let is_listed = |server: &&GameServer| {
            let fails = if server.closed.is_some() { self.shut_down_fetch_fails } else { self.active_fetch_fails };
            (server.universe, server.place, server.version) == (universe, place, version) && !fails
        };
        let mut servers: Vec<&GameServer> = self.servers.iter().filter(is_listed).collect();
        servers.sort_by_key(|server| server.closed.is_some());
        servers.into_iter().map(|server| server.json(now)).collect()
    }

    /// Returns the versions that servers of a place run or have run.
    pub(crate) fn versions(&self, universe: u64, place: u64) -> Vec<String> {
        let servers = self.servers.iter().filter(|server| server.universe == universe && server.place == place);
        let mut versions: Vec<u64> = servers.map(|server| server.version).collect();
        versions.sort_unstable();
        versions.dedup();
        versions.iter().map(u64::to_string).collect()
    }

    pub(crate) fn logs(&self, universe: u64, place: u64, job_id: &str) -> Option<&[Value]> {
        let is_it =
            |server: &&GameServer| (server.universe, server.place) == (universe, place) && server.job_id == job_id;
        self.servers.iter().find(is_it).map(|server| server.logs.as_slice())
    }
}

impl GameServer {
    fn json(&self, now: Timestamp) -> Value {
        let uptime = self.closed.unwrap_or(now).duration_since(self.created).as_secs().max(0);
        let (days, hours) = (uptime / 86_400, uptime / 3600 % 24);
        let days = if days == 0 { String::new() } else { format!("{days}.") };
        let is_closed = self.closed.is_some();
        json!({
            "placeId": self.place.to_string(), "placeVersion": self.version.to_string(), "jobId": self.job_id,
            "engineVersion": "0.700.0.7000000", "createTime": written(self.created),
            "uptime": format!("{days}{hours:02}:{:02}:{:02}", uptime / 60 % 60, uptime % 60),
            "memoryUsageBytes": 1_500_000_000_u64, "frameRate": if is_closed { json!(null) } else { json!(60.0) },
            "occupancy": self.players.len(), "maxOccupancy": ROOM, "type": 0,
            "full": self.players.len() >= ROOM, "shutDown": is_closed,
            "status": if is_closed { "restarted" } else { "active" },
            "terminationTime": self.closed.map(written), "playerIds": self.players,
        })
    }
}
