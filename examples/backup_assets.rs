//! Downloads what a user has made: `cargo run --example backup_assets -- backup`

mod common;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use common::show::Counter;
use rblxopencloud::{Asset, AssetType, Creator, Error, ErrorKind, ErrorScope, InventoryAssetType, InventoryItem, User};

const USAGE: &str = "\
Usage: backup_assets DIR

Downloads the models, decals, sounds, animations and videos that a user has made. Files that are there already are kept, so
an interrupted backup can be continued. No incomplete file has a final name.";

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    common::at_most(1, &arguments)?;
    let [directory] = arguments.as_slice() else { return Err("expected a directory; see --help".into()) };
    let setup = common::setup()?;
    if setup.sandbox.is_some() {
        setup.user.upload_asset(common::IMAGE, AssetType::Decal, "Crate", "of wood")?.wait()?;
    }
    fs::create_dir_all(directory)?;

    let types = [
        InventoryAssetType::Animation,
        InventoryAssetType::Audio,
        InventoryAssetType::Decal,
        InventoryAssetType::Model,
        InventoryAssetType::Video,
    ];
    let (mut saved, mut failed) = (0, 0);
    let mut counter = Counter::new("assets looked at")?;
    for item in setup.user.list_inventory().assets(types) {
        let InventoryItem::Asset(item) = item? else { continue };
        counter.add(1);
        match backup(&setup.user, item.id, Path::new(directory)) {
            Ok(Some(path)) => {
                counter.print(&path.display().to_string());
                saved += 1;
            }
            Ok(None) => {}
            // One asset that can't be read doesn't end the backup, but an invalid key does.
            Err(error) if ends_the_run(&*error) => return Err(error),
            Err(error) => {
                eprintln!("asset {}: {error}", item.id);
                failed += 1;
            }
        }
    }
    drop(counter);
    println!("{saved} saved");
    if failed > 0 { Err(format!("{failed} could not be saved").into()) } else { Ok(()) }
}

fn ends_the_run(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<Error>().is_some_and(|error| error.scope() == ErrorScope::Run)
}

/// Saves an asset. Returns `None` if it is another user's, or is saved already.
fn backup(user: &User, id: u64, directory: &Path) -> common::Result<Option<PathBuf>> {
    let handle = user.client().asset(id);
    let asset = match handle.fetch() {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => return Ok(None),
        asset => asset?,
    };
    let name = name(&asset);
    let is_saved = |path: &Path| path.file_stem().is_some_and(|stem| stem == name.as_str());
    let mut files = fs::read_dir(directory)?.filter_map(|file| Some(file.ok()?.path()));
    if asset.creator != Some(Creator::User(user.id())) || files.any(|path| is_saved(&path)) {
        return Ok(None);
    }
    // The content tells its format only when it is there.
    let unnamed = directory.join(format!("{id}.download"));
    handle.download_to(&unnamed)?;
    let path = directory.join(format!("{name}.{}", extension(&unnamed)?));
    fs::rename(&unnamed, &path)?;
    Ok(Some(path))
}

/// A name that every file system accepts.
fn name(asset: &Asset) -> String {
    let name = asset.display_name.as_deref().unwrap_or_default();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{}-v{}-{name}", asset.id, asset.revision_id.unwrap_or(1))
}

fn extension(path: &Path) -> io::Result<&'static str> {
    let mut head = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut head)?;
    Ok(match head.as_slice() {
        [b'<', b'r', b'o', b'b', b'l', b'o', b'x', b'!', ..] => "rbxm",
        [b'<', ..] => "rbxmx",
        [0x89, b'P', b'N', b'G', ..] => "png",
        [0xff, 0xd8, ..] => "jpg",
        [b'O', b'g', b'g', b'S', ..] => "ogg",
        [b'I', b'D', b'3', ..] | [0xff, ..] => "mp3",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "mp4",
        _ => "bin",
    })
}
