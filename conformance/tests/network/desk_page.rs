//! The page of the sandbox in a real browser.

use std::thread;
use std::time::Instant;

use rblxopencloud::Method;
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use crate::support::browser::{Browser, PATIENCE};

/// Names that would run if one of them became markup.
const HOSTILE: [&str; 3] = [
    "<img src=x onerror=\"window.hit='img'\">",
    "</td><script>window.hit='script'</script>",
    "\"><svg onload=\"window.hit='svg'\">",
];

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn open_page(sandbox: &Sandbox) -> Option<Browser> {
    let browser = Browser::start()?;
    browser.open(sandbox.url());
    browser.wait_for("What was requested");
    Some(browser)
}

#[test]
fn requests_appear_as_they_are_made() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let Some(browser) = open_page(&sandbox) else { return };
    assert_eq!(browser.run("return location.pathname"), "/sandbox", "the root leads to the page");
    browser.wait_for("Nothing yet");
    browser.wait_for(sandbox.url());
    let _ = sandbox.client().user(156).fetch_info().expect("a user");
    browser.wait_for("GET /cloud/v2/users/156");
    browser.click("#request-rows summary");
    browser.wait_for("x-api-key: sandbox-api-key");
    sandbox.client().user(404).fetch_info().expect_err("there is none");
    browser.wait_for("GET /cloud/v2/users/404");
    browser.picture("desk-requests");
    assert_eq!(browser.run("return document.querySelectorAll('#request-rows tr').length"), 2, "each once");
    browser.click("#clear-requests");
    browser.wait_for("Nothing yet");
    assert!(sandbox.requests().is_empty());
}

#[test]
fn things_are_added_changed_and_removed_by_clicking() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let Some(browser) = open_page(&sandbox) else { return };
    browser.click("#tab-users");
    browser.click("#users-rows summary");
    browser.wait_for("badge 111");
    browser.type_into("#users input[name=id]", "999");
    browser.type_into("#users input[name=name]", "clicked");
    browser.picture("desk-users");
    browser.click("#users form button");
    browser.wait_for("The user is there.");
    let info = || sandbox.client().user(999).fetch_info();
    assert_eq!(info().expect("it was added").username, "clicked");
    browser.click("button[aria-label='Edit user 999']");
    browser.run(
        "const text = document.getElementById('editor-text'); text.value = text.value.replaceAll('clicked', 'changed')",
    );
    browser.picture("desk-editor");
    browser.click("#editor-save");
    browser.wait_for("Saved.");
    assert_eq!(info().expect("it was changed").username, "changed");
    // What is wrong is told, and the dialog stays.
    browser.click("button[aria-label='Edit user 999']");
    browser.run("document.getElementById('editor-text').value = '{\"id\": 999, \"nmae\": 1}'");
    browser.click("#editor-save");
    browser.wait_for("users[0]: unknown property \"nmae\"");
    browser.click("#editor-cancel");
    // The form has few fields: it doesn't replace a user who has others.
    browser.type_into("#users input[name=id]", "156");
    browser.type_into("#users input[name=name]", "other");
    browser.click("#users form button");
    browser.wait_for("There is user 156 already");
    assert_eq!(sandbox.client().user(156).fetch_info().expect("a user").username, "builderman");
    browser.click("button[aria-label='Remove user 999']");
    until("it was removed", || info().is_err());
    for view in ["groups", "experiences", "assets", "operations"] {
        browser.click(&format!("#tab-{view}"));
        browser.run("return document.body.innerText");
    }
    browser.click("#tab-groups");
    browser.wait_for("Sandbox Testers");
    browser.picture("desk-groups");
    // The world as it was clicked together.
    let world = sandbox.dump_world();
    Sandbox::builder().world(world).start().expect("it can be begun with");
}

#[test]
fn faults_and_settings_are_set_by_clicking() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let Some(browser) = open_page(&sandbox) else { return };
    let status = || sandbox.client().user(156).fetch_info().err().and_then(|error| error.status());
    browser.click("#tab-faults");
    browser.run("document.querySelector('#fault-form [name=times]').value = 5");
    let shown = "return [...document.querySelectorAll('#fault-form label')].filter((one) => one.offsetParent).length";
    assert_eq!(browser.run(shown), 7, "only what this kind of fault has");
    browser.picture("desk-faults");
    browser.click("#fault-form button");
    browser.wait_for("It will happen.");
    browser.wait_for("status 503");
    assert_eq!(status(), Some(503));
    browser.wait_for("All goes well.");
    assert_eq!(status(), None);
    browser.click("#tab-settings");
    until("the settings are shown", || {
        browser.run("return document.querySelector('[name=keyEnabled]').checked") == true
    });
    browser.click("[name=keyEnabled]");
    browser.picture("desk-settings");
    browser.click("#settings-form button");
    browser.wait_for("It applies from now on.");
    assert_eq!(status(), Some(401));
    browser.click("#reset");
    browser.wait_for("Everything is as at the start.");
    assert_eq!(status(), None);
}

#[test]
fn nothing_that_is_shown_becomes_markup() {
    let entries = |make: fn(usize, &str) -> Value| -> Vec<Value> {
        HOSTILE.iter().enumerate().map(|(id, name)| make(id + 1, name)).collect()
    };
    let world = json!({
        "users": entries(|id, name| json!({ "id": id, "name": name, "about": name })),
        "groups": entries(|id, name| json!({ "id": id, "displayName": name, "description": name })),
        "experiences": entries(|id, name| json!({ "id": id, "displayName": name })),
        "assets": entries(|id, name| json!({ "assetId": id, "displayName": name, "assetType": "Decal",
            "versions": [{ "fileName": name, "contentType": name, "base64": "AAAA" }] })),
    });
    let sandbox = Sandbox::builder().world(world.to_string()).start().expect("a world");
    for name in HOSTILE {
        let request = sandbox.client().request(Method::Post, "/cloud/v2/users/1/notifications");
        request.query("x", name).json(&json!({ "a": name })).send().expect_err("it isn't a notification");
        sandbox.inject(Fault::status(500).on(name, name));
    }
    let Some(browser) = open_page(&sandbox) else { return };
    browser.wait_for("POST /cloud/v2/users/1/notifications");
    browser.run("document.querySelectorAll('#request-rows summary').forEach((one) => one.click())");
    for view in ["users", "groups", "experiences", "assets", "faults"] {
        browser.click(&format!("#tab-{view}"));
        browser.wait_for("onerror");
    }
    browser.picture("desk-hostile");
    // Refusals quote what was sent.
    browser.click("#tab-users");
    browser.click("button[aria-label='Edit user 1']");
    browser.run("document.getElementById('editor-text').value = JSON.stringify({ id: 1, ['<img src=x onerror=\"window.hit=1\">']: 1 })");
    browser.click("#editor-save");
    browser.wait_for("unknown property");
    assert_eq!(browser.run("return window.hit ?? 'none'"), "none");
    assert_eq!(
        browser.run("return document.querySelectorAll('main img, main svg, main script, dialog img').length"),
        0
    );
}

#[test]
fn the_page_is_usable_with_keys_and_on_a_phone() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let Some(browser) = open_page(&sandbox) else { return };
    browser.click("#tab-requests");
    browser.type_into("#tab-requests", "\u{e014}");
    assert_eq!(browser.run("return document.activeElement.id"), "tab-users", "the arrow leads to the next tab");
    assert_eq!(browser.run("return document.getElementById('users').hidden"), false);
    let nameless = "return [...document.querySelectorAll('button, input, select, textarea')].filter((one) => \
        !(one.labels && one.labels.length) && !one.ariaLabel && !one.textContent.trim()).map((one) => one.outerHTML)";
    assert_eq!(browser.run(nameless), json!([]), "each control has a name");
    browser.resize(390, 844);
    for view in ["requests", "users", "groups", "experiences", "assets", "operations", "faults", "settings"] {
        browser.click(&format!("#tab-{view}"));
        browser.run("return new Promise((done) => setTimeout(done, 100))");
        let fits = "return document.documentElement.scrollWidth <= window.innerWidth";
        assert_eq!(browser.run(fits), true, "{view} is wider than the window");
    }
    browser.picture("desk-phone");
    assert_eq!(
        browser.run(
            "return performance.getEntriesByType('resource').every((one) => one.name.startsWith(location.origin))"
        ),
        true
    );
}
