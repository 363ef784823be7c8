//! A whole release as a user writes it.

use std::time::Duration;

use rblxopencloud::experience::RestartOptions;
use rblxopencloud::{Client, LuauScript, Result};
use rblxopencloud_sandbox::{LuauAnswer, Sandbox};
use serde_json::json;

use super::places::content;
use crate::support::TempDir;

/// Saves, tests, publishes, restarts and tells. Returns whether the tests have passed, and the version that was live before.
fn release(client: &Client, game: &str, tests: &str) -> Result<(bool, Option<u64>)> {
    let experience = client.experience(13058);
    let place = client.experience(13058).place(1818);
    let before = place.list_versions().published().next().transpose()?;
    let saved = place.save(game)?;
    let script = LuauScript::file(tests)?.timeout(Duration::from_secs(300));
    let run = place.version(saved.number).run_luau(script)?.wait()?;
    for line in &run.logs {
        println!("{line}");
    }
    let before = before.map(|before| before.number);
    if !run.is_success() {
        return Ok((false, before));
    }
    let version = place.publish(game)?;
    println!("{} players to move", experience.forecast_restart()?.players_impacted());
    experience.restart_servers(RestartOptions::new().bleed_off(Duration::from_secs(600)))?;
    experience.publish_message("updates", &json!({ "version": version.number }))?;
    Ok((true, before))
}

#[test]
fn a_release_is_one_script() {
    let sandbox = Sandbox::builder().demo().start().expect("a sandbox");
    let client = sandbox.client();
    let place = client.place(1818);
    let before = place.publish(content("before")).expect("it is published").number;
    let job = sandbox.add_game_server(13058, 1818, before, [156, 1007]);
    let folder = TempDir::new();
    let game = folder.file("game.rbxl", &content("game"));
    let tests = folder.file("tests.luau", b"return true");
    let release = || {
        release(&client, game.to_str().expect("it is UTF-8"), tests.to_str().expect("it is UTF-8"))
            .expect("each step succeeds")
    };

    sandbox.on_luau(|_, _| LuauAnswer::error("TaskScript:1: no"));
    assert_eq!(release(), (false, Some(before)));
    assert_eq!(place.live_version().expect("there is one").number(), before, "nothing was published");
    assert!(sandbox.messages(13058).is_empty() && place.list_versions().count() == 2);

    sandbox.on_luau(|script, _| LuauAnswer::results([script == "return true"]).print("1 passed"));
    assert_eq!(release(), (true, Some(before)));
    let live = place.live_version().expect("there is one").number();
    assert_eq!((live, place.list_versions().count()), (before + 1, 2), "the saved version is the live one");
    let told: Vec<String> = sandbox.messages(13058).into_iter().map(|message| message.text).collect();
    assert_eq!(told, [json!({ "version": live }).to_string()]);
    sandbox.advance_clock(Duration::from_secs(601));
    let servers: Vec<_> = place.list_game_servers(before).collect::<Result<_>>().expect("they are listed");
    assert!(servers.iter().any(|server| server.job_id == job && server.shut_down == Some(true)));

    // And when it goes wrong:
    place.rollback(before).expect("it is live again");
    assert_eq!(sandbox.asset_content(1818).expect("there is one").bytes, content("before"));
}
