//! The arguments of the program.

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
Usage: rblxopencloud-sandbox [OPTIONS]

Runs a local Open Cloud until Ctrl-C, and prints the variables that a program needs to use it. The page /sandbox shows the requests
and the data. Without --world, there is sample data: user 156, three groups, an experience and 250 items.

Options:
  --port N            listen on this port of 127.0.0.1; by default any free one
  --world FILE        start with the world in this file
  --entries FILE      add the entries of this back-up of a data store
  --entries 13058/Players=FILE
                      add the entries in this file of JSON lines to the data store Players of the experience 13058
  --dump FILE         write the world into this file when the program ends
  --allow-host NAME   serve requests for this host too, if a proxy or a hosts file resolves it to this machine
  -h, --help          print this
  -V, --version       print the version

It reads no environment variables. A world file is JSON; its form is in world.schema.json, and at /sandbox/world.schema.json while
the program runs. --world and --dump can name the same file. --entries can be given several times.
";

/// What the program is to do.
pub(crate) enum Wanted {
    Run(Arguments),
    Help,
    Version,
}

#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) port: u16,
    pub(crate) world: Option<PathBuf>,
    pub(crate) dump: Option<PathBuf>,
    pub(crate) hosts: Vec<String>,
    pub(crate) entries: Vec<Entries>,
}

/// A file with entries of a data store.
pub(crate) struct Entries {
    /// The experience and the data store, unless the file names them.
    pub(crate) target: Option<(u64, String)>,
    pub(crate) path: PathBuf,
}

impl Entries {
    fn read(value: OsString) -> Self {
        let text = value.to_str().and_then(|text| text.split_once('='));
        let named = text.and_then(|(target, path)| {
            let (universe, store) = target.split_once('/')?;
            Some(((universe.parse().ok()?, store.to_owned()), path.into()))
        });
        match named {
            Some((target, path)) => Self { target: Some(target), path },
            None => Self { target: None, path: value.into() },
        }
    }
}

/// Reads all arguments. The error is one line.
pub(crate) fn read(arguments: impl Iterator<Item = OsString>) -> Result<Wanted, String> {
    let arguments: Vec<OsString> = arguments.collect();
    let has = |names: [&str; 2]| arguments.iter().any(|argument| names.iter().any(|name| argument == name));
    if has(["-h", "--help"]) {
        return Ok(Wanted::Help);
    }
    if has(["-V", "--version"]) {
        return Ok(Wanted::Version);
    }
    let mut wanted = Arguments::default();
    let mut seen: Vec<String> = Vec::new();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, joined) = split(&argument);
        let known = matches!(name.as_str(), "--port" | "--world" | "--dump" | "--allow-host" | "--entries");
        if !known {
            return Err(format!("unknown argument {argument:?}; see --help"));
        }
        if !matches!(name.as_str(), "--allow-host" | "--entries") && seen.contains(&name) {
            return Err(format!("{name} is given twice"));
        }
        let value = joined.or_else(|| arguments.next()).filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| format!("{name} needs a value; see --help"))?;
        let text = || value.to_str().ok_or_else(|| format!("the value {value:?} of {name} isn't UTF-8"));
        match name.as_str() {
            "--port" => {
                let port = text()?;
                wanted.port =
                    port.parse().map_err(|_| format!("invalid port {port:?}; expected a number up to 65535"))?;
            }
            "--allow-host" => wanted.hosts.push(text()?.to_owned()),
            "--entries" => wanted.entries.push(Entries::read(value)),
            "--world" => wanted.world = Some(value.into()),
            _ => wanted.dump = Some(value.into()),
        }
        seen.push(name);
    }
    Ok(Wanted::Run(wanted))
}

/// Splits `--name=value`.
fn split(argument: &OsString) -> (String, Option<OsString>) {
    match argument.to_str().and_then(|text| text.split_once('=')) {
        Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.into())),
        _ => (argument.to_string_lossy().into_owned(), None),
    }
}
