//! Publishes a folder whose SVG files become PNG: `cargo run -- DIR`
//!
//! Needs `ROBLOX_API_KEY` and `ROBLOX_USER_ID`.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use rblxopencloud::Client;
use rblxopencloud::publish::{Preparation, Publisher, SourceFile};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How many pixels a unit of SVG has.
const SCALE: f32 = 2.0;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let folder = env::args().nth(1).ok_or("no folder is given; run it as: cargo run -- assets")?;
    let user = env::var("ROBLOX_USER_ID").map_err(|_| "ROBLOX_USER_ID isn't set")?.parse()?;
    // Change it together with what `to_png` returns.
    let version = format!("resvg 0.49, {SCALE}x");
    let report = Publisher::new(&Client::from_env()?.user(user))
        .folder(folder)
        .prepare("*.svg", Preparation::new("png", version, to_png))
        .luau("assets.luau")
        .run()?;
    report.problems.iter().for_each(|problem| eprintln!("{problem}"));
    println!("{report}");
    Ok(ExitCode::from(report.exit_code()))
}

/// Draws an SVG file.
fn to_png(file: &SourceFile<'_>) -> Result<Vec<u8>> {
    let tree = Tree::from_data(file.content, &Options::default())?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or("it is too large")?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or("it is too large")?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    Ok(pixels.encode_png()?)
}
