//! The versions of a place: listed, downloaded, rolled back, promoted, and their history.

use rblxopencloud::experience::{PlaceHistoryEntry, PlaceInfo, PlaceVersion};
use rblxopencloud::{ErrorKind, ExperienceInfo, Place};
use rblxopencloud_sandbox::Sandbox;
use serde_json::json;

use crate::support::samples::PLACE;
use crate::support::{Reply, Server, TempDir, fails};

/// A place whose content differs from that of others.
pub fn content(tail: &str) -> Vec<u8> {
    [PLACE, tail.as_bytes()].concat()
}

pub fn sandbox() -> (Sandbox, Place) {
    let sandbox = Sandbox::builder().demo().start().expect("a sandbox");
    let place = sandbox.client().experience(13058).place(1818);
    (sandbox, place)
}

fn numbers(versions: impl Iterator<Item = Result<PlaceVersion, rblxopencloud::Error>>) -> Vec<u64> {
    versions.map(|version| version.expect("it is listed").number).collect()
}

#[test]
fn published_versions_are_found_among_saved_ones() {
    let (_sandbox, place) = sandbox();
    assert!(place.list_versions().published().next().is_none(), "nothing was published");
    fails(place.live_version(), ErrorKind::NotFound);
    place.publish(content("a")).expect("published");
    place.save(content("b")).expect("saved");
    place.publish(content("c")).expect("published");
    for number in 0..70 {
        place.save(content(&format!("draft {number}"))).expect("saved");
    }
    assert_eq!(numbers(place.list_versions()).len(), 73);
    assert_eq!(numbers(place.list_versions().published()), [3, 1]);
    assert_eq!(place.live_version().expect("there is one").number(), 3);

    let mut versions = place.list_versions();
    let first: Vec<u64> = numbers(versions.by_ref().take(60));
    let rest = numbers(place.list_versions().resume_from(versions.cursor()));
    assert_eq!([first, rest].concat(), (1..=73).rev().collect::<Vec<_>>());
    let version = place.version(3).fetch_info().expect("it is there");
    assert_eq!((version.place_id, version.is_published), (1818, Some(true)));
    fails(place.version(74).fetch_info(), ErrorKind::NotFound);
}

/// One that can't be read may be the live one.
#[test]
fn the_live_version_is_never_guessed() {
    let good = json!({ "path": "assets/1818/versions/1", "published": true });
    let strange = json!({ "path": "assets/1818/versions/2", "published": "perhaps" });
    for versions in [json!([strange, good]), json!([strange])] {
        let server = Server::script([Reply::ok(&json!({ "assetVersions": versions }))]);
        fails(server.client().place(1818).live_version(), ErrorKind::InvalidResponse);
    }
}

/// A listing that doesn't tell what was published doesn't say that nothing was.
#[test]
fn versions_that_do_not_tell_whether_they_were_published_are_not_taken_for_saved() {
    let version = |number: u64| json!({ "path": format!("assets/1818/versions/{number}") });
    let mut published = version(1);
    published["published"] = json!(true);
    let page = |versions: serde_json::Value| Reply::ok(&json!({ "assetVersions": versions, "nextPageToken": "" }));

    let server = Server::script([page(json!([version(2), version(1)]))]);
    let mut versions = server.client().place(1818).list_versions().published();
    let error = fails(versions.next().expect("an error"), ErrorKind::InvalidResponse);
    assert!(error.to_string().contains("whether a version was published"), "{error}");
    assert!(versions.next().is_none());

    // If another version tells it, a missing field is a default that was left out.
    let server = Server::script([page(json!([version(2), published]))]);
    assert_eq!(numbers(server.client().place(1818).list_versions().published()), [1]);

    // One strange version doesn't end the listing.
    let strange =
        json!([{ "path": "assets/1818" }, 7, { "path": "assets/1818/versions/2", "published": "perhaps" }, published]);
    let server = Server::script([page(strange)]);
    let mut versions = server.client().place(1818).list_versions();
    assert_eq!(numbers(versions.by_ref()), [1]);
    assert_eq!(versions.unreadable_count(), 3);
    assert!(versions.next().is_none());
}

#[test]
fn rollback_makes_an_earlier_version_live() {
    let (sandbox, place) = sandbox();
    place.publish(content("good")).expect("published");
    let before = place.list_versions().published().next().transpose().expect("listed").expect("there is one");
    place.publish(content("bad")).expect("published");
    let version = place.rollback(before.number).expect("rolled back");
    assert_eq!((version.number, version.is_published), (3, Some(true)));
    assert_eq!(sandbox.asset_content(1818).expect("there is one").bytes, content("good"));
    assert_eq!(place.live_version().expect("there is one").number(), 3);
    fails(place.rollback(9), ErrorKind::NotFound);
    sandbox.set_team_create_session(1818, [156]);
    let error = fails(place.rollback(1), ErrorKind::Conflict);
    assert!(error.to_string().contains("Team Create"), "{error}");
}

#[test]
fn a_version_is_downloaded_whole() {
    let (_sandbox, place) = sandbox();
    place.publish(content("first")).expect("published");
    place.publish(content("second")).expect("published");
    let folder = TempDir::new();
    let path = folder.path().join("game.rbxl");
    let size = place.download_version(1, &path).expect("downloaded");
    assert_eq!(std::fs::read(&path).expect("it is there"), content("first"));
    assert_eq!(size, content("first").len() as u64);
    // The service says so with the status of a success.
    fails(place.download_version(9, folder.path().join("none.rbxl")), ErrorKind::InvalidResponse);
    assert!(!folder.path().join("none.rbxl").exists());
}

#[test]
fn promote_publishes_a_version_of_another_place_and_nothing_else() {
    let (sandbox, production) = sandbox();
    sandbox.add_experience(ExperienceInfo::new(5, "Staging"));
    sandbox.add_place(PlaceInfo::new(5, 50, "Staging"));
    sandbox.add_place(PlaceInfo::new(13058, 2020, "Lobby"));
    let staging = sandbox.client().place(50);
    staging.publish(content("tested")).expect("published");
    let source = staging.live_version().expect("there is one");
    assert_eq!(source.to_string(), "version 1 of place 50");
    // It stays the same version, whatever becomes of the source.
    staging.publish(content("untested")).expect("published");

    let version = production.promote(&source).expect("promoted");
    assert_eq!((version.place_id, version.number, version.is_published), (1818, 1, Some(true)));
    assert_eq!(sandbox.asset_content(1818).expect("there is one").bytes, content("tested"));
    assert_eq!((sandbox.place_versions(50).len(), sandbox.place_versions(2020).len()), (2, 0));
    // A second time, it is the same version.
    assert_eq!(production.promote(&staging.version(1)).expect("promoted").number, 1);

    let error = fails(production.promote(&production.version(1)), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("rollback"), "{error}");
    fails(production.promote(&staging.version(9)), ErrorKind::InvalidResponse);
    fails(sandbox.client().place(4).promote(&source), ErrorKind::NotFound);
    assert_eq!(sandbox.place_versions(1818).len(), 1);
}

#[test]
fn the_history_is_filtered_by_the_service() {
    let (_sandbox, place) = sandbox();
    place.save(content("a")).expect("saved");
    place.publish(content("b")).expect("published");
    let noted = place.version(2).set_notes("Spring", "New map.").expect("noted").expect("it is returned");
    assert_eq!((noted.version, noted.title.as_deref(), noted.has_notes), (2, Some("Spring"), Some(true)));
    assert_eq!(noted.to_string(), "version 2 (Spring)");
    let versions = |entries: rblxopencloud::experience::PlaceHistory| -> Vec<u64> {
        entries.map(|entry: Result<PlaceHistoryEntry, _>| entry.expect("it is listed").version).collect()
    };
    let history = || place.list_history();
    assert_eq!(versions(history()), [2, 1]);
    assert_eq!(versions(history().published(true)), [2]);
    assert_eq!(versions(history().published(false).with_notes(false)), [1]);
    assert_eq!(versions(history().search("map")), [2]);
    assert_eq!(versions(history().contributor(156)), [2, 1]);
    assert_eq!(versions(history().contributor(157)).len(), 0);
    assert_eq!(versions(history().since("2001-01-01T00:00:00Z".parse().expect("a time"))), [2, 1]);
    assert_eq!(versions(history().until("2001-01-01T00:00:00Z".parse().expect("a time"))).len(), 0);
    assert_eq!(place.list_contributors().collect::<Result<Vec<_>, _>>().expect("listed"), [156]);

    let mut late = history();
    assert!(late.next().is_some_and(|entry| entry.is_ok()));
    let mut late = late.published(true);
    fails(late.next().expect("an error"), ErrorKind::InvalidInput);
    assert!(late.next().is_none());

    for number in 0..50 {
        place.save(content(&number.to_string())).expect("saved");
    }
    assert_eq!(versions(history()).len(), 52, "all pages are listed");
    for (title, description) in [("x".repeat(101), String::new()), (String::new(), "ü".repeat(101))] {
        fails(place.version(1).set_notes(title, description), ErrorKind::InvalidInput);
    }
    assert!(place.version(1).set_notes("ü".repeat(100), "").is_ok());
}

#[test]
fn who_has_a_place_open_is_listed() {
    let (sandbox, place) = sandbox();
    sandbox.set_team_create_session(1818, [156, 1007]);
    let members: Vec<_> = place.list_team_create_members().collect::<Result<_, _>>().expect("they are listed");
    assert_eq!(members.iter().map(|user| user.id).collect::<Vec<_>>(), [156, 1007]);
    assert_eq!(members[0].to_string(), "builderman (156)");
}

#[test]
fn versions_survive_a_round_trip() {
    let json = json!({
        "path": "assets/1818/versions/7", "creationContext": { "creator": { "userId": "156" } },
        "moderationResult": { "moderationState": "Approved" }, "published": false,
    });
    let version: PlaceVersion = serde_json::from_value(json.clone()).expect("it is a version");
    assert_eq!((version.place_id, version.number, version.is_published), (1818, 7, Some(false)));
    assert_eq!(version.to_string(), "version 7 of place 1818");
    assert_eq!(serde_json::to_value(&version).expect("it is JSON"), json);
}
