//! Game servers are listed and restarted, and never twice.

use std::collections::BTreeSet;
use std::time::Duration;

use rblxopencloud::experience::{
    GameServerFilter, GameServerStatus, LogSeverity, RestartOptions, RestartState, UniverseRestartOptions,
};
use rblxopencloud::{Error, ErrorKind, Experience, Place};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use crate::support::{Reply, Server, fails};

const UNIVERSE: u64 = 13058;
const PLACE: u64 = 1818;
const RESTARTS: &str = "/server-management/v1/universes/13058/restarts";
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// A sandbox with three players on two servers, one of them outdated.
fn sandbox() -> (Sandbox, Experience) {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    sandbox.add_game_server(UNIVERSE, PLACE, 6, [156, 1007]);
    sandbox.add_game_server(UNIVERSE, PLACE, 7, [1008]);
    let experience = sandbox.client().experience(UNIVERSE);
    (sandbox, experience)
}

fn place(sandbox: &Sandbox) -> Place {
    sandbox.client().experience(UNIVERSE).place(PLACE)
}

fn posts(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|request| request.method == "POST").count()
}

#[test]
fn a_restart_moves_players_to_the_newest_version() {
    let (sandbox, experience) = sandbox();
    sandbox.set_restart_time(Duration::from_secs(30));
    assert_eq!(experience.forecast_restart().expect("a forecast").players_impacted(), 3);
    let options = RestartOptions::new().bleed_off(TEN_MINUTES).outdated(PLACE).attributes(json!({ "why": "update" }));
    let restart = experience.restart_servers(options).expect("it begins");
    assert_eq!((restart.players_impacted, restart.instances_impacted), (Some(2), Some(1)));
    assert_eq!(sandbox.restart_attributes(UNIVERSE), [Some(json!({ "why": "update" }))]);
    let state = || {
        let status = experience.restart_status(&restart.id).expect("a list").expect("it is listed");
        (status.places[&PLACE].state.clone(), status.remaining_players(), status.is_done())
    };
    assert_eq!(state(), (RestartState::Delaying, Some(2), false));
    sandbox.advance_clock(TEN_MINUTES);
    assert_eq!(state(), (RestartState::Restarting, Some(2), false));
    sandbox.advance_clock(Duration::from_secs(30));
    assert_eq!(state(), (RestartState::Succeeded, Some(0), true));
    assert_eq!(sandbox.players(UNIVERSE), [(PLACE, 7, vec![1008, 156, 1007])]);
    assert_eq!(experience.restart_status("another").expect("a list"), None);
}

#[test]
fn a_lost_response_is_settled_by_the_list_of_restarts() {
    for fault in [Fault::reset_before_answer, Fault::truncated_body] {
        for hidden in [false, true] {
            let (sandbox, experience) = sandbox();
            sandbox.set_restart_filters_hidden(hidden);
            experience.restart_servers(RestartOptions::new().bleed_off(TEN_MINUTES)).expect("an earlier one");
            sandbox.clear_requests();
            sandbox.inject(fault().on("POST", RESTARTS));
            let options = RestartOptions::new().bleed_off(2 * TEN_MINUTES).place(PLACE);
            let restart = experience.restart_servers(options).expect("it is listed");
            assert_eq!(restart.players_impacted, Some(3));
            let listed = experience.list_restarts().expect("a list");
            assert_eq!(listed.len(), 2);
            assert_eq!(listed[1].id, restart.id, "the newest is the last");
            assert_eq!(posts(&sandbox), 1);
        }
    }
}

#[test]
fn an_outcome_that_is_not_listed_is_unknown() {
    let (sandbox, experience) = sandbox();
    // A proxy responds, and no restart begins.
    sandbox.inject(Fault::status(502).on("POST", RESTARTS));
    let error = fails(experience.restart_servers(RestartOptions::new()), ErrorKind::Server);
    assert!(error.outcome_unknown() && error.to_string().contains("list_restarts"), "{error}");
    assert_eq!(posts(&sandbox), 1);
    assert!(experience.list_restarts().expect("a list").is_empty());
}

#[test]
fn a_program_that_was_killed_finds_its_restart() {
    let (sandbox, experience) = sandbox();
    let known: Vec<String> = experience.list_restarts().expect("a list").into_iter().map(|known| known.id).collect();
    let options = || RestartOptions::new().bleed_off(TEN_MINUTES).after(known.clone());
    let first = experience.restart_servers(options()).expect("it begins");
    // The program is killed before it can write that down, and runs again.
    let second = experience.restart_servers(options()).expect("it is found");
    assert_eq!((&second.id, posts(&sandbox)), (&first.id, 1));
    // Another one isn't ours.
    let other = experience.restart_servers(options().outdated(PLACE)).expect("it begins");
    assert_ne!(other.id, first.id);
    let ids: BTreeSet<String> = experience.list_restarts().expect("a list").into_iter().map(|known| known.id).collect();
    assert_eq!(ids, BTreeSet::from([first.id, other.id]));
}

#[test]
fn a_restart_needs_no_list_if_it_is_not_settled() {
    let (sandbox, experience) = sandbox();
    sandbox.set_scopes(["universe:write".to_owned()]);
    let error = fails(experience.restart_servers(RestartOptions::new()), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("universe:read") && !error.outcome_unknown(), "{error}");
    assert_eq!(posts(&sandbox), 0);
    experience.restart_servers(RestartOptions::new().settle(false)).expect("it begins");
    sandbox.inject(Fault::reset_before_answer());
    let error = fails(experience.restart_servers(RestartOptions::new().settle(false)), ErrorKind::Connection);
    assert!(error.outcome_unknown(), "{error}");
}

#[test]
fn bad_options_are_refused_before_any_request() {
    let (sandbox, experience) = sandbox();
    let bad = Duration::from_secs(90);
    fails(experience.restart_servers(RestartOptions::new().bleed_off(bad)), ErrorKind::InvalidInput);
    fails(experience.restart_universe_servers(UniverseRestartOptions::new().bleed_off(bad)), ErrorKind::InvalidInput);
    let long = UniverseRestartOptions::new().bleed_off(Duration::from_secs(61 * 60));
    fails(experience.restart_universe_servers(long), ErrorKind::InvalidInput);
    assert!(sandbox.requests().is_empty());
}

#[test]
fn the_older_endpoint_restarts_outdated_servers() {
    let (sandbox, experience) = sandbox();
    let options = UniverseRestartOptions::new().places([PLACE]).bleed_off(Duration::from_secs(60));
    experience.restart_universe_servers(options).expect("it begins");
    sandbox.advance_clock(Duration::from_secs(60));
    assert_eq!(sandbox.players(UNIVERSE), [(PLACE, 7, vec![1008, 156, 1007])]);
    experience.restart_universe_servers(UniverseRestartOptions::new().all_versions(true)).expect("it begins");
    assert_eq!(sandbox.players(UNIVERSE), [(PLACE, 7, vec![1008, 156, 1007])]);
    assert_eq!(place(&sandbox).count_game_servers(7).expect("a count").total, Some(2), "one was closed");
    assert!(experience.list_restarts().expect("a list").is_empty());
}

#[test]
fn running_and_closed_servers_are_listed_page_by_page() {
    let (sandbox, experience) = sandbox();
    for user in 0..250 {
        sandbox.add_game_server(UNIVERSE, PLACE, 7, [user]);
    }
    experience.restart_servers(RestartOptions::new().place_versions(PLACE, [6])).expect("it begins");
    let place = place(&sandbox);
    let closed: Vec<_> = place.list_game_servers(6).collect::<Result<_, Error>>().expect("a list");
    assert_eq!((closed.len(), closed[0].shut_down), (1, Some(true)));
    assert_eq!((&closed[0].status, closed[0].frame_rate), (&Some(GameServerStatus::Restarted), None));
    assert!(closed[0].terminated_at.is_some() && closed[0].uptime.is_some());
    sandbox.clear_requests();
    let mut servers = place.list_game_servers(7);
    assert_eq!(servers.by_ref().filter_map(Result::ok).count(), 251);
    assert!(!servers.is_partial() && sandbox.requests().len() == 3);
    let small =
        GameServerFilter::new().page_size(50).expression("occupancy > 1 && shutDown == false").order_by("uptime desc");
    let listed: Vec<_> = place.list_game_servers_with(7, small).collect::<Result<_, Error>>().expect("a list");
    assert_eq!(listed.len(), 1, "the one that the players have moved to");
    let request = sandbox.requests().pop().expect("it is recorded");
    assert_eq!((request.query_value("MaxPageSize"), request.query_value("OrderBy")), (Some("50"), Some("uptime desc")));
    assert_eq!(place.count_game_servers(7).expect("a count").total, Some(251));
    assert_eq!(place.fetch_game_server_filters().expect("the filters").place_versions(), [7, 6]);
}

#[test]
fn a_list_that_lacks_servers_is_partial() {
    let (sandbox, _) = sandbox();
    let place = place(&sandbox);
    for (active, shut_down, count) in [(true, false, 0), (false, true, 1), (false, false, 1)] {
        sandbox.set_game_server_fetch_errors(active, shut_down);
        let mut servers = place.list_game_servers(7);
        assert!(!servers.is_partial(), "nothing was read yet");
        assert_eq!(servers.by_ref().filter_map(Result::ok).count(), count);
        assert_eq!(servers.is_partial(), active || shut_down);
        assert_eq!(place.count_game_servers(7).expect("a count").is_partial(), active || shut_down);
    }
}

#[test]
fn empty_pages_without_end_end_the_list_visibly() {
    let (sandbox, _) = sandbox();
    sandbox.set_endless_game_servers(true);
    let mut servers = place(&sandbox).list_game_servers(7);
    assert_eq!(servers.by_ref().filter_map(Result::ok).count(), 1);
    assert!(servers.is_partial() && servers.is_finished());
    let mut pages = place(&sandbox).list_game_servers(7).pages();
    assert!(pages.by_ref().all(|page| page.is_ok()) && pages.is_partial());
    // Each empty page with another token.
    let server = Server::start(|request| {
        let token = request.query("PageToken").unwrap_or_default();
        Reply::ok(&json!({ "gameServers": [], "nextPageToken": format!("{token}x") }))
    });
    let mut servers = server.client().experience(1).place(2).list_game_servers(3);
    assert!(servers.next().is_none() && servers.is_partial());
    assert_eq!(server.count(), 3);
    // Filters can leave pages empty, and servers follow.
    let pages = |empty: usize| {
        let page = |number: usize| match number == empty {
            true => json!({ "gameServers": [{ "jobId": "a" }], "nextPageToken": null }),
            false => json!({ "gameServers": [], "nextPageToken": number.to_string() }),
        };
        let server = Server::script((0..=empty).map(|number| Reply::ok(&page(number))));
        let mut servers = server.client().experience(1).place(2).list_game_servers(3);
        (servers.by_ref().filter_map(Result::ok).count(), servers.is_partial())
    };
    assert_eq!((pages(2), pages(3)), ((1, false), (0, true)));
    // A token that repeats after servers is still an error.
    let page = json!({ "gameServers": [{ "jobId": "a" }], "nextPageToken": "again" });
    let server = Server::start(move |_| Reply::ok(&page));
    let listed = server.client().experience(1).place(2).list_game_servers(3).collect::<Result<Vec<_>, Error>>();
    fails(listed, ErrorKind::InvalidResponse);
}

/// The service responds to 0 with the number of servers only.
#[test]
fn pages_of_servers_without_room_are_refused() {
    let (sandbox, _) = sandbox();
    let list = |size| place(&sandbox).list_game_servers_with(7, GameServerFilter::new().page_size(size));
    for size in [0, 101] {
        fails(list(size).next().expect("an error"), ErrorKind::InvalidInput);
    }
    assert_eq!(sandbox.requests().len(), 0);
    assert_eq!((list(1).count(), list(100).count()), (1, 1));
}

#[test]
fn a_client_without_credentials_looks_no_experience_up() {
    let server = Server::start(|_| panic!("nothing is sent"));
    let client = rblxopencloud::Client::builder(rblxopencloud::Credentials::none());
    let place = client.base_url(server.url()).build().expect("the settings are good").place(PLACE);
    fails(place.fetch_game_server_filters(), ErrorKind::InvalidInput);
    fails(place.list_game_servers(7).next().expect("an error"), ErrorKind::InvalidInput);
    fails(place.fetch_restriction(156), ErrorKind::InvalidInput);
    fails(place.lift_restriction(156), ErrorKind::InvalidInput);
    assert_eq!(server.count(), 0);
}

#[test]
fn the_log_of_a_server_is_listed() {
    let (sandbox, _) = sandbox();
    let job = sandbox.add_game_server(UNIVERSE, PLACE, 7, []);
    for number in 0..120 {
        sandbox.log_on_game_server(&job, if number % 2 == 0 { 0 } else { 3 }, &format!("line {number}"));
    }
    let place = place(&sandbox);
    let log: Vec<_> = place.list_game_server_logs(7, &job).collect::<Result<_, Error>>().expect("a log");
    assert_eq!((log.len(), log[1].severity), (120, Some(LogSeverity::Error)));
    assert_eq!(log[119].to_string(), "error: line 119");
    fails(place.list_game_server_logs(7, "another").next().expect("an error"), ErrorKind::NotFound);
    fails(place.list_game_server_logs(7, "../../x").next().expect("an error"), ErrorKind::InvalidInput);
}

#[test]
fn strange_responses_are_errors_and_never_nothing() {
    for body in [json!({}), json!({ "restartStatuses": [] }), json!({ "restartStatuses": { "a": 7 } })] {
        let server = Server::script([Reply::ok(&body)]);
        fails(server.client().experience(1).list_restarts(), ErrorKind::InvalidResponse);
    }
    let status = json!({ "restartStatuses": { "a": { "placeRestartStatuses": { "1": { "state": "MELTING" } } } } });
    let server = Server::script([Reply::ok(&status)]);
    let listed = server.client().experience(1).list_restarts().expect("unknown states are kept");
    assert_eq!(listed[0].places[&1].state, RestartState::Unknown("MELTING".to_owned()));
    assert!(!listed[0].is_done());
    // An accepted restart without an id is looked up, too.
    let listed = |ids: &[&str]| -> Value {
        let statuses = ids.iter().map(|id| ((*id).to_owned(), json!({ "placeRestartStatuses": {} }))).collect();
        json!({ "restartStatuses": Value::Object(statuses) })
    };
    let bodies = [listed(&["a"]), json!({ "id": null }), listed(&["a", "b"])];
    let server = Server::script(bodies.iter().map(Reply::ok));
    let restart = server.client().experience(1).restart_servers(RestartOptions::new()).expect("it is listed");
    assert_eq!((restart.id.as_str(), server.count()), ("b", 3));
    // A refusal in the form of RFC 7807.
    let problem = json!({ "type": "about:blank", "title": "Forbidden", "status": 403, "detail": "No access." });
    let server = Server::script([Reply::json(403, &problem)]);
    let error = fails(server.client().experience(1).forecast_restart(), ErrorKind::PermissionDenied);
    assert_eq!(error.message(), Some("No access."));
}
