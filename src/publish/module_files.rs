//! The modules that a publisher keeps: whether they have the ids of what is published, and writing them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::event::PublishEvent;
use super::item::Item;
use super::lock::Lock;
use super::module::{ModuleFile, has_text, write};
use super::report::{PublishProblem, PublishProblemKind, Published, PublishedFile, Report};
use super::settings::Settings;
use crate::disk::beside;
use crate::error::{Error, Result};

fn problem_of(file: &ModuleFile, error: Error) -> PublishProblem {
    PublishProblem::new(&file.path.to_string_lossy(), PublishProblemKind::Module, error)
}

/// Refuses modules that share a path with each other or with the lock file.
pub(super) fn check_paths(settings: &Settings) -> Result<()> {
    let mut taken = BTreeSet::from([location(&settings.lock)]);
    match settings.modules.iter().find(|file| !taken.insert(location(&file.path))) {
        Some(ModuleFile { path, .. }) => {
            let problem = format!("the module {path:?} has the path of another one, or that of the lock file");
            Err(Error::invalid_input(problem).of_setting().concerning_run())
        }
        None => Ok(()),
    }
}

/// Returns where a file is, or will be, in one form.
fn location(path: &Path) -> PathBuf {
    let path = beside(path, "");
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (parent.canonicalize(), path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path,
    }
}

/// Returns the modules that couldn't be written if all files were published, because two files would have the same name, or the
/// module is one of them.
pub(super) fn clashes(
    settings: &Settings,
    lock: &Lock,
    items: &[Item],
    problems: &[PublishProblem],
) -> Vec<PublishProblem> {
    let mut names: BTreeSet<&str> = items.iter().map(|item| item.file.name.as_str()).collect();
    let of_problems = problems.iter().flat_map(|problem| names_of(lock, problem));
    names.extend(of_problems.filter(|path| last(lock, path).is_some()));
    let module = settings.module.with_ids(names.into_iter().map(|name| (name, 0)));
    let error_of = |file: &ModuleFile| module.text(file.format).err().or_else(|| overwrites(file, items));
    let problem_of = |file| Some(problem_of(file, error_of(file)?.concerning_run()));
    settings.modules.iter().filter_map(problem_of).collect()
}

/// Refuses modules that have the path of a file to publish.
pub(super) fn check_files(settings: &Settings, items: &[Item]) -> Result<()> {
    let error = settings.modules.iter().find_map(|file| overwrites(file, items));
    error.map_or(Ok(()), |error| Err(error.concerning_run()))
}

/// Returns an error if a module has the path of a file to publish.
fn overwrites(file: &ModuleFile, items: &[Item]) -> Option<Error> {
    let module = location(&file.path);
    let has_its_name = |item: &&Item| item.file.path.file_name() == file.path.file_name();
    let item = items.iter().filter(has_its_name).find(|item| location(&item.file.path) == module)?;
    let problem = format!("the module {:?} would overwrite the file {:?}", file.path, item.file.name);
    Some(Error::invalid_input(problem).advise("give the module another path"))
}

/// Refuses settings whose modules couldn't be written.
pub(super) fn check(settings: &Settings, lock: &Lock, items: &[Item], problems: &[PublishProblem]) -> Result<()> {
    let clash = clashes(settings, lock, items, problems).into_iter().find_map(|problem| problem.error);
    clash.map_or(Ok(()), Err)
}

/// Adds the files whose current content isn't published, but an earlier one is.
pub(super) fn add_outdated(lock: &Lock, items: &[Item], problems: &[PublishProblem], files: &mut Vec<PublishedFile>) {
    let known: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let names = items.iter().map(|item| item.file.name.as_str());
    let names: BTreeSet<&str> = names.chain(problems.iter().flat_map(|problem| names_of(lock, problem))).collect();
    let outdated = names.difference(&known).filter_map(|path| last(lock, path));
    let outdated: Vec<PublishedFile> = outdated.collect();
    files.extend(outdated);
    files.sort_by(|one, other| one.path.cmp(&other.path));
}

/// Returns the names of files that a problem concerns: the file, or what the lock file knows in the folder.
pub(super) fn names_of<'a>(lock: &'a Lock, problem: &'a PublishProblem) -> impl Iterator<Item = &'a str> {
    let folder = format!("{}/", problem.path);
    let from_folder = lock.files.range(folder.clone()..).map(|(name, _)| name.as_str());
    std::iter::once(problem.path.as_str()).chain(from_folder.take_while(move |name| name.starts_with(&folder)))
}

/// Returns what a file was when it was published last.
fn last(lock: &Lock, path: &str) -> Option<PublishedFile> {
    let key = lock.files.get(path)?;
    let entry = lock.assets.get(key).filter(|entry| !entry.rejected)?;
    Some(PublishedFile { path: path.to_owned(), id: entry.id, asset_type: key.asset_type(), how: Published::Outdated })
}

/// Returns the modules that don't have these ids.
pub(super) fn stale(settings: &Settings, report: &Report) -> Vec<PathBuf> {
    let is_stale = |file: &&ModuleFile| {
        let text = report.module.text(file.format);
        text.is_ok_and(|text| !has_text(&file.path, &text))
    };
    settings.modules.iter().filter(is_stale).map(|file| file.path.clone()).collect()
}

/// Writes the modules, unless the run was stopped. What can't be written is a problem.
pub(super) fn write_all(settings: &Settings, report: &mut Report) {
    if report.stopped.is_some() {
        return;
    }
    for file in &settings.modules {
        if let Err(error) = report.module.text(file.format).and_then(|text| write(&file.path, &text)) {
            let problem = problem_of(file, error);
            (settings.on_event)(&PublishEvent::Problem { path: &problem.path, message: &problem.message });
            report.problems.push(problem);
        }
    }
}
