//! Experiences: their fields, their visibility and their places.

use rblxopencloud::asset::SocialLink;
use rblxopencloud::experience::{ExperienceLink, ExperienceUpdate, ExperienceVisibility, PlaceInfo, PlaceUpdate};
use rblxopencloud::{Creator, Error, ErrorKind, Experience};
use rblxopencloud_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::samples::PLACE;
use crate::support::{Reply, Server, fails};

fn sandbox() -> (Sandbox, Experience) {
    let sandbox = Sandbox::builder().demo().start().expect("a sandbox");
    let experience = sandbox.client().experience(13058);
    (sandbox, experience)
}

#[test]
fn update_changes_only_what_is_set() {
    let (sandbox, experience) = sandbox();
    let before = experience.fetch_info().expect("it is there");
    let link = SocialLink::new("https://discord.gg/a").title("Chat");
    let update = ExperienceUpdate::new().vr(true).social_link(ExperienceLink::Discord, link.clone());
    let updated = experience.update(update).expect("it is updated");
    assert_eq!((updated.vr_enabled, updated.discord_social_link.as_ref()), (Some(true), Some(&link)));
    assert_eq!(updated.private_server_price_robux, before.private_server_price_robux);
    let request = sandbox.requests().pop().expect("there was one");
    assert_eq!(request.query_value("updateMask"), Some("discordSocialLink,vrEnabled"));
    assert_eq!(experience.fetch_info().expect("it is there"), updated);
}

#[test]
fn a_removed_link_is_in_the_mask_and_not_in_the_body() {
    let (sandbox, experience) = sandbox();
    for kind in ExperienceLink::KNOWN {
        let set = ExperienceUpdate::new().social_link(kind.clone(), SocialLink::new("https://example.com"));
        experience.update(set).expect("it is set");
        experience.update(ExperienceUpdate::new().remove_social_link(kind.clone())).expect("it is removed");
        let request = sandbox.requests().pop().expect("there was one");
        assert_eq!(request.query_value("updateMask"), Some(format!("{kind}SocialLink").as_str()));
        assert_eq!(request.body, b"{}");
    }
    let info = serde_json::to_value(experience.fetch_info().expect("it is there")).expect("it is JSON");
    assert!(info.as_object().expect("an object").keys().all(|field| !field.ends_with("SocialLink")), "{info}");
}

/// The response may have the updated fields only.
#[test]
fn a_response_without_the_removed_field_is_a_success() {
    let remove = || ExperienceUpdate::new().remove_social_link(ExperienceLink::Discord);
    let server = Server::start(|_| Reply::ok(&json!({})));
    let experience = server.client().experience(13058);
    assert_eq!(experience.update(remove()).expect("it is removed").discord_social_link, None);
    // What was set is in the response.
    fails(experience.update(remove().vr(true)), ErrorKind::InvalidResponse);
}

#[test]
fn private_servers_can_be_free_or_disabled() {
    let (_sandbox, experience) = sandbox();
    let price = |update: ExperienceUpdate| experience.update(update).expect("it is updated").private_server_price_robux;
    let new = ExperienceUpdate::new;
    assert_eq!(price(new().private_server_price_canceling_subscriptions(10)), Some(10));
    assert_eq!(price(new().private_server_price_canceling_subscriptions(0)), Some(0));
    assert_eq!(price(new().no_private_servers_canceling_subscriptions()), None);
}

#[test]
fn updates_that_cannot_be_are_refused_before_anything_is_sent() {
    let (sandbox, experience) = sandbox();
    let new = ExperienceUpdate::new;
    let mut refused = vec![
        (new(), "changes nothing"),
        (new().social_link(ExperienceLink::Twitch, SocialLink::new(" ")), "has no URL"),
        (new().remove_social_link(ExperienceLink::from("a,b")), "can't be a field"),
    ];
    refused.extend((1..10).map(|robux| (new().private_server_price_canceling_subscriptions(robux), "Robux")));
    for (update, problem) in refused {
        let error = fails(experience.update(update), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(problem), "{error}");
    }
    for (update, problem) in [
        (PlaceUpdate::new(), "changes nothing"),
        (PlaceUpdate::new().display_name(" "), "name"),
        (PlaceUpdate::new().server_size(0), "server size"),
    ] {
        let error = fails(experience.place(1818).update(update), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(problem), "{error}");
    }
    assert_eq!(sandbox.requests().len(), 0);
}

#[test]
fn a_response_with_only_the_updated_fields_is_enough() {
    let (sandbox, experience) = sandbox();
    sandbox.set_bare_updates(true);
    let updated = experience.update(ExperienceUpdate::new().tablet(false)).expect("it is updated");
    assert_eq!((updated.id(), updated.tablet_enabled, updated.vr_enabled), (Some(13058), Some(false), None));
    let place = experience.place(1818).update(PlaceUpdate::new().server_size(7)).expect("it is updated");
    assert_eq!((place.id(), place.server_size, place.display_name), (Some(1818), Some(7), None));
    for strange in [json!({}), json!([]), json!({ "vrEnabled": "perhaps" })] {
        let server = Server::script([Reply::ok(&strange)]);
        let error =
            fails(server.client().experience(5).update(ExperienceUpdate::new().vr(true)), ErrorKind::InvalidResponse);
        assert!(error.outcome_unknown(), "{strange}: {error}");
    }
}

#[test]
fn deactivate_makes_an_experience_private_until_it_is_activated() {
    let (_sandbox, experience) = sandbox();
    let visibility = || experience.fetch_info().expect("it is there").visibility;
    experience.deactivate().expect("it is deactivated");
    assert_eq!(visibility(), Some(ExperienceVisibility::Private));
    experience.activate().expect("it is activated");
    assert_eq!(visibility(), Some(ExperienceVisibility::Public));
}

#[test]
fn only_the_owner_changes_an_experience() {
    let (sandbox, experience) = sandbox();
    experience.place(1818).publish(PLACE).expect("anybody's key");
    sandbox.set_key_owner(Creator::User(157));
    let denied = |result: Result<(), Error>| fails(result, ErrorKind::PermissionDenied);
    denied(experience.update(ExperienceUpdate::new().vr(true)).map(drop));
    denied(experience.activate());
    denied(experience.set_team_create(true));
    denied(experience.place(1818).update(PlaceUpdate::new().server_size(3)).map(drop));
    denied(experience.place(1818).publish(PLACE).map(drop));
    denied(experience.place(1818).rollback(1).map(drop));
    denied(experience.place(1818).version(1).set_notes("", "").map(drop));
}

#[test]
fn the_name_of_the_root_place_is_that_of_the_experience() {
    let (_sandbox, experience) = sandbox();
    experience.place(1818).update(PlaceUpdate::new().display_name("Crossroads 2").description("")).expect("updated");
    assert_eq!(experience.fetch_info().expect("it is there").display_name, "Crossroads 2");
    let place = experience.place(1818).fetch_info().expect("it is there");
    assert_eq!((place.display_name.as_deref(), place.is_root), (Some("Crossroads 2"), Some(true)));
}

#[test]
fn list_places_goes_through_all_pages_without_the_key() {
    let (sandbox, experience) = sandbox();
    for id in 2000..2150 {
        sandbox.add_place(PlaceInfo::new(13058, id, format!("Place {id}")));
    }
    sandbox.add_place(PlaceInfo::new(5, 3000, "Elsewhere"));
    let places: Vec<_> = experience.list_places().collect::<Result<_, _>>().expect("they are listed");
    assert_eq!((places.len(), places[0].id, places[150].id), (151, 1818, 2149));
    assert_eq!(places[1].to_string(), "place 2000 (Place 2000)");
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.header("x-api-key").is_none()));
    fails(sandbox.client().experience(6).list_places().next().expect("an error"), ErrorKind::Rejected);
}

#[test]
fn team_create_is_enabled_and_disabled() {
    let (sandbox, experience) = sandbox();
    assert!(!experience.has_team_create().expect("it answers"));
    fails(experience.place(1818).list_team_create_members().next().expect("an error"), ErrorKind::PermissionDenied);
    experience.set_team_create(true).expect("it is enabled");
    assert!(experience.has_team_create().expect("it answers"));
    sandbox.set_team_create_session(1818, [156]);
    experience.set_team_create(false).expect("it is disabled");
    experience.place(1818).publish(PLACE).expect("nobody has it open any more");
    for answer in [json!({}), json!({ "isEnabled": null }), json!({ "isEnabled": "perhaps" })] {
        let server = Server::script([Reply::ok(&answer)]);
        fails(server.client().experience(5).has_team_create(), ErrorKind::InvalidResponse);
    }
}

#[test]
fn the_experience_of_a_place_is_looked_up_once_for_all_clones() {
    let (sandbox, _) = sandbox();
    let place = sandbox.client().place(1818);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let place = place.clone();
            std::thread::spawn(move || place.experience_id())
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().expect("it ends").expect("it is found"), 13058);
    }
    assert_eq!(place.experience().expect("it is known").id(), 13058);
    place.with_timeout(std::time::Duration::from_secs(5)).fetch_info().expect("it is there");
    let lookups = sandbox.requests().iter().filter(|request| request.path.ends_with("/universe")).count();
    assert_eq!(lookups, 1);
    assert!(sandbox.requests()[0].header("x-api-key").is_none(), "no key is needed");
}

#[test]
fn a_place_without_an_experience_is_not_found() {
    let (sandbox, _) = sandbox();
    let error = fails(sandbox.client().place(4).publish(PLACE), ErrorKind::NotFound);
    assert!(error.to_string().contains("belongs to no experience"), "{error}");
    for answer in [json!({ "universeId": null }), json!({ "universeId": 0 }), json!({})] {
        let server = Server::script([Reply::ok(&answer)]);
        fails(server.client().place(4).experience_id(), ErrorKind::NotFound);
    }
    for answer in [json!({ "universeId": "x" }), json!([]), Value::Null] {
        let server = Server::script([Reply::ok(&answer)]);
        fails(server.client().place(4).experience_id(), ErrorKind::InvalidResponse);
    }
    // A failure isn't kept.
    let server = Server::script([Reply::text(404, ""), Reply::ok(&json!({ "universeId": 5 }))]);
    let place = server.client().place(4);
    fails(place.experience_id(), ErrorKind::NotFound);
    assert_eq!(place.experience_id().expect("it is found"), 5);
}
