//! Runs a local Open Cloud until Ctrl-C, for programs in any language.
#![forbid(unsafe_code)]

mod arguments;
mod exports;
mod world_file;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::mpsc;

use arguments::{Arguments, Entries, USAGE, Wanted};
use rblxopencloud_sandbox::Sandbox;

fn main() -> ExitCode {
    let done = match arguments::read(env::args_os().skip(1)) {
        Ok(Wanted::Help) => {
            print(USAGE);
            Ok(())
        }
        Ok(Wanted::Version) => {
            print(concat!("rblxopencloud-sandbox ", env!("CARGO_PKG_VERSION"), "\n"));
            Ok(())
        }
        Ok(Wanted::Run(arguments)) => run(&arguments),
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let mut builder = Sandbox::builder().port(arguments.port).demo();
    if let Some(path) = &arguments.world {
        builder = builder.world(world_file::read(path)?);
    }
    let mut lines = Vec::new();
    for entries in &arguments.entries {
        let text = world_file::read(&entries.path)?;
        builder = match &entries.target {
            Some((universe, store)) => builder.entries(*universe, store, &*text),
            None => builder.back_up(&*text),
        };
        lines.push((entries, text));
    }
    for name in &arguments.hosts {
        builder = builder.allow_host(name);
    }
    if let Some(path) = &arguments.dump {
        world_file::check_writable(path)?;
    }
    // From here on, Ctrl-C ends the program in order.
    let (send, ended) = mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = send.send(());
    })
    .map_err(|error| format!("Ctrl-C can't be handled: {error}"))?;
    let sandbox = builder.start().map_err(|error| {
        let wrong = lines.iter().find_map(|(entries, text)| Some((&entries.path, problem(entries, text)?)));
        match (wrong, &arguments.world) {
            (Some((path, problem)), _) => world_file::explain(path, &problem),
            (None, Some(path)) => world_file::explain(path, &error.to_string()),
            (None, None) => error.to_string(),
        }
    })?;
    drop(lines);
    print(&exports::greeting(&sandbox));
    // The handler holds the other end for as long as the program runs.
    let _ = ended.recv();
    if let Some(path) = &arguments.dump {
        world_file::write(path, &sandbox.dump_world())?;
        print(&format!("\nThe world is in {}.\n", path.display()));
    }
    Ok(())
}

/// Returns what is wrong with the entries of a file.
fn problem(entries: &Entries, text: &str) -> Option<String> {
    let sandbox = Sandbox::start().ok()?;
    let loaded = match &entries.target {
        Some((universe, store)) => sandbox.load_entries(*universe, store, text),
        None => sandbox.load_back_up(text),
    };
    loaded.err().map(|error| error.to_string())
}

/// Prints text. Nobody may read it, and then the program runs on.
fn print(text: &str) {
    let mut out = io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
