//! Prints, changes and exports a leaderboard, which is an ordered data store: `cargo run --example leaderboard -- Coins --top 3`

mod common;

use std::process::ExitCode;

use common::show::bar;
use rblxopencloud::data::OrderedFilter;

const USAGE: &str = "\
Usage: leaderboard STORE [--scope SCOPE] [--top COUNT] [--add ID AMOUNT] [--remove ID] [--export FILE]

Prints the entries of an ordered data store with the highest values.

  --scope SCOPE    the scope of the store; global without it
  --top COUNT      how many entries are printed; 10 without it
  --add ID AMOUNT  adds to the value of an entry before, or takes away from it with a negative amount
  --remove ID      deletes an entry before, such as that of a cheater
  --export FILE    writes all entries to a file, as JSON Lines, in place of printing some

If ROBLOX_API_KEY is set, --add and --remove change the real store.";

struct Job {
    scope: String,
    top: usize,
    add: Option<(String, i64)>,
    remove: Option<String>,
    export: Option<String>,
}

fn main() -> ExitCode {
    common::run_for_experience(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let (store, job) = parse(arguments)?;
    let setup = common::setup_experience()?;
    let store = setup.experience.ordered_data_store(store).with_scope(job.scope);
    if let Some(id) = &job.remove {
        store.delete(id)?;
        println!("removed {id}");
    }
    if let Some((id, amount)) = &job.add {
        println!("changed {}", store.increment(id, *amount)?);
    }
    if let Some(path) = &job.export {
        let count = store.export_to(OrderedFilter::new().descending(true), path)?;
        println!("wrote {count} entries to {path}");
        return Ok(());
    }
    let top = store.top(job.top)?;
    let highest = top.first().and_then(|entry| u64::try_from(entry.value).ok()).unwrap_or_default();
    for (rank, entry) in (1..).zip(&top) {
        let bar = bar(entry.value.try_into().unwrap_or_default(), highest);
        println!("{rank:>4}  {bar} {:>12}  {}", entry.value, entry.id);
    }
    if top.is_empty() {
        println!("the store has no entries");
    }
    Ok(())
}

fn parse(arguments: Vec<String>) -> common::Result<(String, Job)> {
    let mut job = Job { scope: "global".to_owned(), top: 10, add: None, remove: None, export: None };
    let (mut store, mut arguments) = (None, arguments.into_iter());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value; see --help"));
        let number = |text: String| text.parse::<i64>().map_err(|_| format!("{text:?} isn't a whole number"));
        match argument.as_str() {
            "--scope" => job.scope = value()?,
            "--top" => job.top = usize::try_from(number(value()?)?).map_err(|_| "--top needs a count; see --help")?,
            "--add" => job.add = Some((value()?, number(value()?)?)),
            "--remove" => job.remove = Some(value()?),
            "--export" => job.export = Some(value()?),
            _ if store.is_none() && !argument.starts_with('-') => store = Some(argument),
            _ => return Err(format!("unexpected argument {argument:?}; see --help").into()),
        }
    }
    Ok((store.ok_or("expected the name of an ordered data store; see --help")?, job))
}
