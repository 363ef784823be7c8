//! Writes an inventory to a CSV file, and resumes exactly where it stopped: `cargo run --example inventory_to_csv -- items.csv`

mod common;

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use common::show::Counter;
use rblxopencloud::{Cursor, InventoryItem};

const USAGE: &str = "\
Usage: inventory_to_csv FILE

Writes a user's inventory to a CSV file. If it is interrupted, the next run resumes: no item is missing, and none is
there twice. Until it is done, FILE.cursor tells how far it has come.";

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    common::at_most(1, &arguments)?;
    let [path] = arguments.as_slice() else { return Err("expected the name of a file; see --help".into()) };
    let setup = common::setup()?;
    let mut export = Export::open(Path::new(path))?;
    if !export.cursor.is_start() {
        println!("resuming after {} bytes", export.length);
    }
    let mut written = 0;
    let mut counter = Counter::new("items")?;
    for page in setup.user.list_inventory().resume_from(export.cursor.clone()).pages() {
        let page = page?;
        written += page.items.len();
        export.append(&page.items, page.next_cursor)?;
        counter.add(page.items.len());
    }
    drop(counter);
    println!("wrote {written} items to {path}");
    Ok(())
}

/// A CSV file, and how far it has come.
struct Export {
    file: BufWriter<File>,
    state: PathBuf,
    /// What follows was written by a run that was interrupted before it noted the cursor.
    length: u64,
    cursor: Cursor,
}

impl Export {
    fn open(path: &Path) -> common::Result<Self> {
        let state = PathBuf::from(format!("{}.cursor", path.display()));
        let (length, cursor) = match fs::read_to_string(&state) {
            Ok(noted) => {
                let damaged = "the .cursor file is damaged; remove it to start again";
                let (length, cursor) = noted.split_once(' ').ok_or(damaged)?;
                (length.parse().map_err(|_| damaged)?, cursor.trim().parse()?)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => (0, Cursor::default()),
            Err(error) => return Err(error.into()),
        };
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        let mut export = Self { file: BufWriter::new(file), state, length, cursor };
        if length == 0 {
            export.write_line("kind,id,type,added_at")?;
        }
        Ok(export)
    }

    /// Writes a page, and then notes where the next one begins.
    fn append(&mut self, items: &[InventoryItem], next: Option<Cursor>) -> common::Result<()> {
        for item in items {
            let id = item.id().map(|id| id.to_string()).unwrap_or_default();
            let asset_type = if let InventoryItem::Asset(asset) = item { asset.asset_type.as_str() } else { "" };
            let added_at = item.added_at().map(|time| time.to_string()).unwrap_or_default();
            self.write_line(&format!("{},{id},{},{added_at}", field(item.kind().as_str()), field(asset_type)))?;
        }
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        match next {
            Some(cursor) => {
                // A kill leaves either the old state or the new one.
                let aside = self.state.with_extension("cursor.new");
                fs::write(&aside, format!("{} {cursor}", self.length))?;
                fs::rename(&aside, &self.state)?;
            }
            None if self.state.exists() => fs::remove_file(&self.state)?,
            None => {}
        }
        Ok(())
    }

    fn write_line(&mut self, line: &str) -> common::Result<()> {
        writeln!(self.file, "{line}")?;
        self.length += line.len() as u64 + 1;
        Ok(())
    }
}

/// Quotes a text that could end its field. Kinds and types that Roblox adds later can contain anything.
fn field(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || c == '_';
    if text.chars().all(is_plain) { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}
