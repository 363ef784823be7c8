//! Publishing folders: what becomes an asset, and what doesn't.

use std::fs;
use std::path::Path;

use rblxopencloud::publish::{PlannedAction, Published, Publisher};
use rblxopencloud::{AssetType, Client, Credentials, ErrorKind};
use rblxopencloud_sandbox::Fault;

use crate::support::fails;
use crate::support::folder::{Folder, USER, complete, how, image, problems, sandbox, uploads, user};

#[test]
fn a_folder_becomes_assets_once() {
    let sandbox = sandbox();
    let folder = Folder::new(&[
        ("crate.png", image(1)),
        ("ui/button.png", image(2)),
        ("ui/.hidden.png", image(3)),
        (".git/x.png", image(4)),
        ("README.md", b"text".to_vec()),
        ("Thumbs.db", b"x".to_vec()),
    ]);
    let report = folder.run(&sandbox);
    complete(&report);
    assert_eq!(how(&report), [("crate.png", &Published::Uploaded), ("ui/button.png", &Published::Uploaded)]);
    assert_eq!(sandbox.assets().len(), 2);
    let luau = report.module().luau().expect("the names are different");
    let id = report.files[1].id;
    assert!(luau.contains(&format!("\tui = {{\n\t\tbutton = \"rbxassetid://{id}\",\n\t}},\n")), "{luau}");

    // Nothing is new: no request is made, and no file is written.
    sandbox.clear_requests();
    let before = fs::read_to_string(folder.lock()).expect("it is there");
    let again = folder.run(&sandbox);
    complete(&again);
    assert_eq!(how(&again), [("crate.png", &Published::Unchanged), ("ui/button.png", &Published::Unchanged)]);
    assert_eq!(again.ids(), report.ids());
    assert_eq!(sandbox.requests().len(), 0);
    assert_eq!(fs::read_to_string(folder.lock()).expect("it is there"), before);
    assert!(!Path::new(&format!("{}.journal", folder.lock().display())).exists());
}

#[test]
fn renamed_moved_and_copied_files_cost_nothing() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.png", image(1)), ("b.png", image(2))]);
    let ids = folder.run(&sandbox).files.iter().map(|file| file.id).collect::<Vec<_>>();
    fs::rename(folder.assets().join("a.png"), folder.assets().join("z.png")).expect("it is there");
    folder.write("ui/copy.png", &image(2));
    folder.write("ui/new.png", &image(3));
    folder.write("ui/twin.png", &image(3));
    sandbox.clear_requests();
    let report = folder.run(&sandbox);
    complete(&report);
    assert_eq!(uploads(&sandbox), 1);
    let id = |path: &str| report.ids()[path];
    assert_eq!((id("z.png"), id("b.png"), id("ui/copy.png")), (ids[0], ids[1], ids[1]));
    assert_eq!(id("ui/new.png"), id("ui/twin.png"));
    assert_eq!(report.files[3].how, Published::SameAs("ui/new.png".to_owned()));
    // Content that comes back is known, too.
    folder.write("b.png", &image(9));
    let _ = folder.run(&sandbox);
    folder.write("b.png", &image(2));
    sandbox.clear_requests();
    assert_eq!(folder.run(&sandbox).ids()["b.png"], ids[1]);
    assert_eq!(sandbox.requests().len(), 0);
}

#[test]
fn changed_content_is_a_new_asset_or_a_new_version_of_a_model() {
    let sandbox = sandbox();
    let model = |text: &str| format!("<roblox>{text}</roblox>").into_bytes();
    let folder = Folder::new(&[("tree.rbxmx", model("1")), ("crate.png", image(1))]);
    let first = folder.run(&sandbox);
    folder.write("tree.rbxmx", &model("2"));
    folder.write("crate.png", &image(2));
    let plan = folder.publisher(&sandbox).new_versions(true).plan().expect("there is a plan");
    let actions: Vec<&PlannedAction> = plan.files.iter().map(|file| &file.action).collect();
    assert_eq!(actions, [&PlannedAction::UploadChanged, &PlannedAction::NewVersion(first.ids()["tree.rbxmx"])]);
    let second = folder.publisher(&sandbox).new_versions(true).run().expect("there is a report");
    complete(&second);
    assert_eq!(second.ids()["tree.rbxmx"], first.ids()["tree.rbxmx"]);
    assert_ne!(second.ids()["crate.png"], first.ids()["crate.png"]);
    assert_eq!(second.files[1].how, Published::NewVersion);
    assert_eq!(sandbox.asset_content(second.ids()["tree.rbxmx"]).expect("it is there").bytes, model("2"));
    // By default, it is a new asset.
    folder.write("tree.rbxmx", &model("3"));
    assert_ne!(folder.run(&sandbox).ids()["tree.rbxmx"], first.ids()["tree.rbxmx"]);
}

#[test]
fn plans_and_checks_send_nothing() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.png", image(1)), ("b.ogg", b"OggS".to_vec()), ("c.png", image(1))]);
    sandbox.set_quota(AssetType::Audio, 0);
    let plan = folder.publisher(&sandbox).plan().expect("there is a plan");
    let actions: Vec<String> = plan.files.iter().map(|file| file.action.to_string()).collect();
    assert_eq!(actions, ["upload: new", "upload: new", "the same as a.png"]);
    let exceeded: Vec<_> = plan.exceeded_quotas().collect();
    assert_eq!((exceeded.len(), &exceeded[0].asset_type, exceeded[0].uploads), (1, &AssetType::Audio, 1));
    assert_eq!(plan.to_string(), "2 to upload, 1 unchanged");
    assert_eq!((plan.uploads().count(), plan.is_empty()), (2, false));
    assert_eq!(uploads(&sandbox), 0);
    assert!(!folder.lock().exists());
    sandbox.clear_requests();
    let error = fails(folder.publisher(&sandbox).check(), ErrorKind::OutOfDate);
    assert!(error.to_string().contains("a.png, b.ogg"), "{error}");
    assert_eq!(sandbox.requests().len(), 0);
    sandbox.set_quota(AssetType::Audio, 5);
    complete(&folder.run(&sandbox));
    folder.publisher(&sandbox).check().expect("everything is published");
    assert!(folder.publisher(&sandbox).plan().expect("there is a plan").is_empty());
}

#[test]
fn plans_tell_what_cannot_be_sent() {
    let sandbox = sandbox();
    let photo = b"\xff\xd8\xff\xe0JFIF".to_vec();
    let folder = Folder::new(&[("empty.png", Vec::new()), ("good.png", image(1)), ("photo.png", photo)]);
    let plan = folder.publisher(&sandbox).plan().expect("there is a plan");
    let problems: Vec<&str> = plan.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!((plan.uploads().count(), problems), (1, vec!["empty.png", "photo.png"]));
    let _ = folder.run(&sandbox);
    let error = fails(folder.publisher(&sandbox).check(), ErrorKind::OutOfDate);
    assert!(error.to_string().contains("not published: empty.png, photo.png"), "{error}");
}

#[test]
fn plans_carry_out_what_is_decided_by_hand() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.png", image(1)), ("b.png", image(1)), ("c.png", image(2))]);
    let publisher = folder.publisher(&sandbox).adopt("b.png", 77);
    assert_eq!(publisher.plan().expect("there is a plan").uploads().count(), 1);
    let report = publisher.run().expect("there is a report");
    assert_eq!((report.ids()["a.png"], report.ids()["b.png"], report.uploaded()), (77, 77, 1));
}

#[test]
fn permissions_are_granted_once() {
    let sandbox = sandbox();
    let folder = Folder::of_images(3);
    let publisher = || folder.publisher(&sandbox).grant_to(13_058);
    let report = publisher().run().expect("there is a report");
    complete(&report);
    for file in &report.files {
        assert_eq!(sandbox.asset_permissions(file.id).len(), 1);
    }
    sandbox.clear_requests();
    complete(&publisher().run().expect("there is a report"));
    assert_eq!(sandbox.requests().len(), 0);
}

#[test]
fn the_lock_file_can_have_any_name_in_any_place() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.png", image(1)), ("data.json", b"{}".to_vec())]);
    let publisher =
        Publisher::new(&user(&sandbox)).lock_file(folder.assets().join("published")).folder(folder.assets());
    for _ in 0..2 {
        complete(&publisher.run().expect("there is a report"));
    }
    assert_eq!(uploads(&sandbox), 1);
}

#[test]
fn locks_are_merged_and_owners_kept_apart() {
    let sandbox = sandbox();
    let ours = Folder::new(&[("a.png", image(1)), ("b.png", image(2))]);
    let theirs = Folder::new(&[("a.png", image(1)), ("c.png", image(3))]);
    let _ = ours.run(&sandbox);
    let _ = theirs.run(&sandbox);
    let twice = Publisher::merge(ours.lock(), theirs.lock()).expect("they have one owner");
    assert_eq!(twice.len(), 1);
    ours.write("c.png", &image(3));
    sandbox.clear_requests();
    complete(&ours.run(&sandbox));
    assert_eq!(sandbox.requests().len(), 0);

    let group = sandbox.client().group(7);
    let error =
        fails(Publisher::new(&group).lock_file(ours.lock()).folder(ours.assets()).run(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("user 156") && error.to_string().contains("group 7"), "{error}");
}

#[test]
fn published_ids_are_read_without_a_key() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.png", image(1))]);
    let ids = folder.run(&sandbox);
    folder.write("new.png", &image(2));
    let client =
        Client::builder(rblxopencloud::Credentials::none()).base_url(sandbox.url()).build().expect("it is good");
    sandbox.clear_requests();
    let before = fs::read_to_string(folder.lock()).expect("it is there");
    let publisher = Publisher::new(&client.user(USER)).lock_file(folder.lock()).folder(folder.assets());
    let report = publisher.published().expect("the lock is whole");
    assert_eq!(report.ids()["a.png"], ids.files[0].id);
    assert_eq!((report.unpublished.as_slice(), report.exit_code()), (&["new.png".to_owned()][..], 1));
    assert_eq!(sandbox.requests().len(), 0);
    assert_eq!(fs::read_to_string(folder.lock()).expect("it is there"), before);
}

#[test]
fn types_and_files_are_chosen_by_patterns() {
    let sandbox = sandbox();
    let folder =
        Folder::new(&[("ui/a.png", image(1)), ("ui/deep/b.png", image(2)), ("c.png", image(3)), ("d.tga", image(4))]);
    let lone = folder.0.file("lone.png", &image(5));
    let publisher = folder
        .publisher(&sandbox)
        .include("**/*.png")
        .exclude("ui/deep/**")
        .asset_type("ui/**", AssetType::Decal)
        .file(&lone);
    let report = publisher.run().expect("there is a report");
    complete(&report);
    let types: Vec<(&str, &AssetType)> =
        report.files.iter().map(|file| (file.path.as_str(), &file.asset_type)).collect();
    assert_eq!(types, [("c.png", &AssetType::Image), ("lone.png", &AssetType::Image), ("ui/a.png", &AssetType::Decal)]);
    let twin = folder.0.file("c.png", &image(6));
    let report = folder.publisher(&sandbox).file(&twin).run().expect("there is a report");
    assert!(report.problems[0].message.contains("have the same name"), "{:?}", report.problems);
}

/// Its content says so, unless a pattern says something else.
#[test]
fn a_keyframe_sequence_is_an_animation() {
    let sandbox = sandbox();
    let file = |class: &str| format!("<roblox version=\"4\"><Item class=\"{class}\"></Item></roblox>").into_bytes();
    let folder = Folder::new(&[
        ("old/wave.rbxmx", file("KeyframeSequence")),
        ("tree.rbxmx", file("Model")),
        ("wave.rbxmx", file("KeyframeSequence")),
    ]);
    let publisher = folder.publisher(&sandbox).asset_type("old/**", AssetType::Model);
    for uploaded in [3, 0] {
        let report = publisher.run().expect("there is a report");
        complete(&report);
        let types: Vec<&AssetType> = report.files.iter().map(|file| &file.asset_type).collect();
        assert_eq!(types, [&AssetType::Model, &AssetType::Model, &AssetType::Animation]);
        assert_eq!(report.uploaded(), uploaded);
    }
}

#[test]
fn groups_own_what_they_publish() {
    let sandbox = sandbox();
    sandbox.add_group(7, "Builders");
    let folder = Folder::of_images(2);
    let group = sandbox.client().group(7);
    let report =
        Publisher::new(&group).lock_file(folder.lock()).folder(folder.assets()).run().expect("there is a report");
    complete(&report);
    let asset = sandbox.asset(report.files[0].id).expect("it is there");
    assert_eq!(asset.creator, Some(rblxopencloud::Creator::Group(7)));
}

/// A copy that comes first by its name is refused before or after it is sent.
#[test]
fn a_copy_that_is_refused_does_not_hold_back_a_good_one() {
    for (names, moderated) in [
        (&["a.jpg", "b.png"][..], None),
        (&["a.jpg", "b.jpg", "c.png", "d.png"], None),
        (&["a.png", "b.png"], Some(1)),
        (&["a.png", "b.jpg", "c.png", "d.png"], Some(1)),
        (&["a.jpg", "b.png", "c.png"], Some(1)),
    ] {
        let sandbox = sandbox();
        let files: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (*name, image(1))).collect();
        let folder = Folder::new(&files);
        let plan = folder.publisher(&sandbox).plan().expect("there is a plan");
        assert_eq!((plan.uploads().count(), plan.problems.len()), (1, 0), "{names:?}: {:#?}", plan.problems);
        if let Some(times) = moderated {
            let refusal = "{\"errors\":[{\"code\":0,\"message\":\"AssetName is moderated.\"}]}";
            sandbox.inject(Fault::status(400).body(refusal).on("POST", "/assets").times(times));
        }
        let report = folder.run(&sandbox);
        complete(&report);
        assert_eq!((report.files.len(), sandbox.assets().len()), (names.len(), 1), "{names:?}");
        folder.publisher(&sandbox).check().expect("everything is published");
    }
}

#[test]
fn copies_that_are_all_refused_are_problems_each() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.jpg", image(1)), ("b.jpg", image(1)), ("c.png", image(2))]);
    let plan = folder.publisher(&sandbox).plan().expect("there is a plan");
    assert_eq!((plan.uploads().count(), plan.problems.len()), (1, 2), "{:#?}", plan.problems);
    let report = folder.run(&sandbox);
    let paths: Vec<&str> = report.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!((report.files.len(), paths), (1, vec!["a.jpg", "b.jpg"]), "{:#?}", report.problems);
    assert_eq!(sandbox.assets().len(), 1);
}

#[test]
fn a_new_version_comes_from_a_copy_that_can_be_sent() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("tree.rbxmx", b"<roblox>1</roblox>".to_vec())]);
    let run = || folder.publisher(&sandbox).new_versions(true).run().expect("there is a report");
    let id = run().ids()["tree.rbxmx"];
    folder.write("tree.rbxmx", b"<roblox>2</roblox>");
    folder.write("a.fbx", b"<roblox>2</roblox>");
    let report = run();
    complete(&report);
    assert_eq!((report.ids()["tree.rbxmx"], report.ids()["a.fbx"]), (id, id));
    assert_eq!(sandbox.asset_content(id).expect("it is there").bytes, b"<roblox>2</roblox>");
}

/// As an importer of another tool's lock file does.
#[test]
fn adopted_assets_are_written_without_a_request() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.png", image(1)), ("ui/b.png", image(2)), ("copy.png", image(1))]);
    let keyless = || {
        let client =
            Client::builder(Credentials::none()).base_url(sandbox.url()).build().expect("the settings are good");
        Publisher::new(&client.user(USER)).lock_file(folder.lock()).folder(folder.assets())
    };
    let report = keyless().adopt("a.png", 71).write_adopted().expect("there is a report");
    assert_eq!(report.ids(), [("a.png", 71), ("copy.png", 71)].into());
    assert_eq!(report.unpublished, ["ui/b.png"]);
    let _ = keyless().adopt("a.png", 71).write_adopted().expect("it can be done again");
    fails(keyless().adopt("missing.png", 1).write_adopted(), ErrorKind::InvalidInput);
    let report = keyless().exclude("assets/ui").adopt("ui/b.png", 1).write_adopted().expect("there is a report");
    assert!(report.stopped.is_some(), "nothing is written with a wrong pattern");
    assert_eq!(sandbox.requests().len(), 0);
    let report = folder.run(&sandbox);
    complete(&report);
    assert_eq!((uploads(&sandbox), report.ids()["a.png"]), (1, 71));
    assert!(!folder.0.path().join("assets.lock.journal").exists());
}

#[test]
fn write_adopted_carries_out_no_other_choice() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.png", image(1))]);
    sandbox.inject(Fault::reset_before_answer().on("POST", "/assets/v1/assets"));
    assert_eq!(folder.run(&sandbox).exit_code(), 2);
    let lock = fs::read_to_string(folder.lock()).expect("there is one");
    let report = folder.publisher(&sandbox).send_again("a.png").write_adopted().expect("there is a report");
    assert!(problems(&report.problems).contains("its upload may have arrived"), "{report}");
    assert_eq!(fs::read_to_string(folder.lock()).expect("it is there"), lock);
}
