//! Publishes a folder, as a build step does: `cargo run --example publish_assets -- DIR`

mod common;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use rblxopencloud::AssetType;
use rblxopencloud::publish::{PublishEvent, PublishOwner, Publisher};

const USAGE: &str = "\
Usage: publish_assets DIR [--plan | --check] [--group ID] [--decals] [--adopt FILE ID] [--send-again FILE]

Uploads what is new or has changed in DIR, and writes the ids to DIR/assets.luau. Commit it and DIR/assets.lock.json. With
--plan, it only tells what it would do; with --check, it fails if something would be uploaded. Without a key, it publishes to a
sandbox on this machine, and writes both files to DIR/.sandbox instead.

If ROBLOX_API_KEY is set, this creates real assets, which Roblox moderates.

Exit codes: 0 published, 1 problems, 2 an upload is in doubt, 3 stopped, 130 cancelled";

fn main() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    match common::run(USAGE, |arguments| run(arguments).map(|exit| code = exit)) {
        ExitCode::SUCCESS => code,
        failure => failure,
    }
}

fn run(arguments: Vec<String>) -> common::Result<ExitCode> {
    let (mut dir, mut plans, mut checks, mut group, mut decals) = (None, false, false, None, false);
    let (mut adopted, mut again) = (Vec::new(), Vec::new());
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value; see --help"));
        match argument.as_str() {
            "--plan" => plans = true,
            "--check" => checks = true,
            "--decals" => decals = true,
            "--group" => group = Some(value()?.parse()?),
            "--adopt" => adopted.push((value()?, value()?.parse()?)),
            "--send-again" => again.push(value()?),
            _ if argument.starts_with("--") || dir.is_some() => return Err(format!("{argument}? see --help").into()),
            _ => dir = Some(PathBuf::from(argument)),
        }
    }
    let dir = dir.ok_or("no folder is given; see --help")?;
    let setup = common::setup()?;
    let place = if setup.sandbox.is_some() { dir.join(".sandbox") } else { dir.clone() };
    if let Some(sandbox) = &setup.sandbox {
        let lock = place.join("assets.lock.json");
        if plans || checks {
            set_service(&lock, sandbox.url())?;
        } else {
            // This sandbox is new and has none of the assets of an earlier run.
            let _ = fs::remove_file(place.join("assets.lock.json.journal"));
            let _ = fs::remove_file(lock);
        }
    }
    let owner = match group {
        Some(id) => PublishOwner::from(&setup.user.client().group(id)),
        None => PublishOwner::from(&setup.user),
    };
    let lock = place.join("assets.lock.json");
    let mut publisher = Publisher::new(owner).lock_file(lock).folder(&dir).luau(place.join("assets.luau"));
    publisher = if decals { publisher.images_as(AssetType::Decal) } else { publisher };
    publisher = adopted.into_iter().fold(publisher, |publisher, (file, id)| publisher.adopt(file, id));
    publisher = again.into_iter().fold(publisher, Publisher::send_again);
    if checks {
        publisher.check()?;
        println!("everything is published");
        return Ok(ExitCode::SUCCESS);
    }
    if plans {
        let plan = publisher.plan()?;
        plan.changes().for_each(|file| println!("{}: {}", file.path, file.action));
        plan.problems.iter().for_each(|problem| println!("{problem}"));
        for quota in plan.exceeded_quotas() {
            println!("the quota of {} is too small: {} left for {}", quota.asset_type, quota.left, quota.uploads);
        }
        println!("{plan}");
        return Ok(ExitCode::SUCCESS);
    }

    // Ctrl-C ends the run after the uploads that are being sent.
    let stop = Arc::new(AtomicBool::new(false));
    let pressed = Arc::clone(&stop);
    ctrlc::set_handler(move || pressed.store(true, Ordering::Relaxed))?;
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {wide_msg}")?);
    let shown = bar.clone();
    let show = move |event: &PublishEvent<'_>| match event {
        PublishEvent::Begun { uploads, .. } => shown.set_length(*uploads as u64),
        PublishEvent::Progress { path, .. } | PublishEvent::Resolving { path } => shown.set_message((*path).to_owned()),
        PublishEvent::Published { .. } => shown.inc(1),
        PublishEvent::Problem { path, message } => shown.suspend(|| eprintln!("{path}: {message}")),
        _ => {}
    };
    let report = publisher.on_event(show).stop_when(move || stop.load(Ordering::Relaxed)).run()?;
    bar.finish_and_clear();
    println!("{report}");
    Ok(ExitCode::from(report.exit_code()))
}

/// Sets the service that a lock file names to this sandbox. That of the earlier run had another port.
fn set_service(lock: &Path, url: &str) -> common::Result<()> {
    let text = match fs::read_to_string(lock) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        text => text?,
    };
    let mut json: serde_json::Value = serde_json::from_str(&text)?;
    if let Some((owner, _)) = json["owner"].as_str().and_then(|owner| owner.split_once(" at ")) {
        json["owner"] = format!("{owner} at {url}").into();
        fs::write(lock, json.to_string())?;
    }
    Ok(())
}
