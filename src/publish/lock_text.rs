//! The text of a lock file, which people read, review and merge.
//!
//! Each line says by itself what it is, so that their order means nothing, and the lines of two branches can simply be kept. What
//! can't be true together is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::lock::{Doubt, Entry, Key, Lock, subject};
use super::names::check_recorded;
use crate::disk::{self, newer_version};
use crate::error::{Error, ErrorKind, Result};

const VERSION: u64 = 1;

/// What every lock file has below its version.
const NOTE: &str = "\
# Written by rblxopencloud. Commit this file, and review a changed id like code.
# In a merge conflict, keep the lines of both sides.
";

/// How the lines begin that a merge leaves in a file.
const CONFLICT_MARKS: &[&str] = &["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

const RESTORE: &str = "restore it from version control; without it, everything is uploaded again";

/// An asset, and the files that have its content.
#[derive(Serialize, Deserialize)]
struct AssetLine {
    files: Vec<String>,
    /// Files that had it before it went to another name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    moved: Vec<String>,
    #[serde(flatten)]
    entry: Entry,
    #[serde(flatten)]
    key: Key,
}

#[derive(Serialize, Deserialize)]
struct DoubtLine {
    #[serde(flatten)]
    doubt: Doubt,
    #[serde(flatten)]
    key: Key,
}

#[derive(Serialize, Deserialize)]
struct AdoptedLine {
    file: String,
    id: u64,
}

#[derive(Serialize, Deserialize)]
struct SentAgainLine {
    file: String,
}

/// Reads a lock file. An empty lock if there is none.
pub(super) fn read(path: &Path) -> Result<Lock> {
    match disk::read(path) {
        Ok(text) => parse(&text, path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Lock::default()),
        Err(error) => Err(Error::io(subject(path), error).concerning_run()),
    }
}

pub(super) fn parse(text: &[u8], path: &Path) -> Result<Lock> {
    let mut reader =
        Reader { path, number: 0, lock: Lock::default(), lines: BTreeMap::new(), names: Vec::new(), moved: Vec::new() };
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(reader.corrupt("it isn't UTF-8 text", RESTORE));
    };
    let mut last = "";
    for (index, line) in text.lines().enumerate() {
        // An editor or a merge may have added a byte order mark, spaces or another line break.
        let line = line.trim_matches(|character: char| character.is_whitespace() || character == '\u{feff}');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        reader.number = index + 1;
        if line.starts_with("version https://git-lfs") {
            return Err(
                reader.corrupt("it is a pointer of Git LFS", "run `git lfs pull`, and track the file without LFS")
            );
        }
        if last.is_empty() && !line.starts_with("lock ") && !is_conflict_mark(line) {
            return Err(reader.corrupt("it doesn't begin with its version, such as `lock 1`", RESTORE));
        }
        reader.line(line)?;
        last = line;
    }
    if last != "end" {
        let advice = "restore what is missing; if only this line was lost in a merge, add it";
        return Err(reader.corrupt("its last line isn't `end`", advice));
    }
    Ok(reader.finish())
}

/// Returns the text of the file: one line for each entry, in order.
pub(super) fn text(lock: &Lock) -> String {
    let mut text = format!("lock {VERSION}\n{NOTE}");
    if !lock.owner.is_empty() {
        let _ = writeln!(text, "owner {}", lock.owner);
    }
    let mut files: BTreeMap<&Key, Vec<String>> = BTreeMap::new();
    for (name, key) in &lock.files {
        files.entry(key).or_default().push(name.clone());
    }
    let assets = lock.assets.iter().map(|(key, entry)| {
        let names = files.remove(key).unwrap_or_default();
        let (moved, files) = names.into_iter().partition(|name| lock.moved.contains(name));
        AssetLine { files, moved, entry: entry.clone(), key: key.clone() }
    });
    let mut assets: Vec<AssetLine> = assets.collect();
    assets.sort_by(|one, other| (&one.files, &one.key).cmp(&(&other.files, &other.key)));
    assets.iter().for_each(|line| add(&mut text, "asset", line));
    for (key, doubt) in &lock.doubts {
        add(&mut text, "doubt", &DoubtLine { doubt: doubt.clone(), key: key.clone() });
    }
    for (file, id) in &lock.adopted {
        add(&mut text, "adopted", &AdoptedLine { file: file.clone(), id: *id });
    }
    for file in &lock.sent_again {
        add(&mut text, "sent_again", &SentAgainLine { file: file.clone() });
    }
    text.push_str("end\n");
    text
}

fn add(text: &mut String, word: &str, line: &impl Serialize) {
    let _ = writeln!(text, "{word} {}", serde_json::to_string(line).unwrap_or_default());
}

fn is_conflict_mark(line: &str) -> bool {
    CONFLICT_MARKS.iter().any(|mark| line.starts_with(mark))
}

/// The lock file that is being read.
struct Reader<'a> {
    path: &'a Path,
    /// The number of the line.
    number: usize,
    lock: Lock,
    /// The number of the first line of each content.
    lines: BTreeMap<Key, usize>,
    names: Vec<(String, Key)>,
    moved: Vec<(String, Key)>,
}

impl Reader<'_> {
    fn line(&mut self, line: &str) -> Result<()> {
        if is_conflict_mark(line) {
            return Err(self.corrupt(
                &format!("it has a merge conflict on line {}", self.number),
                "delete the lines that begin with <<<<<<<, |||||||, ======= or >>>>>>> and keep all others, or merge the two \
                 files with Publisher::merge",
            ));
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim_start();
        match word {
            "lock" => self.version(rest),
            "owner" => self.owner(rest),
            "asset" => self.asset(rest),
            "doubt" => {
                let DoubtLine { doubt, key } = self.json(rest)?;
                self.check([&doubt.path], Some(&key))?;
                self.lock.add_doubt(key, doubt);
                Ok(())
            }
            "adopted" => {
                let AdoptedLine { file, id } = self.json(rest)?;
                self.check([&file], None)?;
                self.lock.adopted.insert((file, id));
                Ok(())
            }
            "sent_again" => {
                let SentAgainLine { file } = self.json(rest)?;
                self.check([&file], None)?;
                self.lock.sent_again.insert(file);
                Ok(())
            }
            "end" if rest.is_empty() => Ok(()),
            _ => Err(self.unreadable("it begins with none of the words of a lock file")),
        }
    }

    fn version(&self, text: &str) -> Result<()> {
        let version: u64 = text.parse().map_err(|_| self.unreadable("its version isn't a number"))?;
        if let Some(error) = newer_version(&serde_json::json!({ "version": version }), VERSION, subject(self.path)) {
            return Err(error);
        }
        if version == VERSION { Ok(()) } else { Err(self.unreadable("there is no such version")) }
    }

    fn owner(&mut self, owner: &str) -> Result<()> {
        if !self.lock.owner.is_empty() && self.lock.owner != owner {
            let problem = format!("line {}: it tells what {} and {owner} published", self.number, self.lock.owner);
            return Err(self.corrupt(&problem, "keep a lock file for each owner: restore the one of this owner"));
        }
        owner.clone_into(&mut self.lock.owner);
        Ok(())
    }

    fn asset(&mut self, text: &str) -> Result<()> {
        let AssetLine { files, moved, entry, key } = self.json(text)?;
        self.check(files.iter().chain(&moved), Some(&key))?;
        if entry.id == 0 {
            return Err(self.unreadable("no asset has the id 0"));
        }
        if let Some((known, other)) = self.lock.learn(key.clone(), entry) {
            let first = self.lines.get(&key).copied().unwrap_or_default();
            let what =
                files.first().map_or_else(|| "one content".to_owned(), |name| format!("the content of {name:?}"));
            let problem = format!("lines {first} and {} have two assets for {what}, {known} and {other}", self.number);
            return Err(self.corrupt(&problem, "delete the line of the asset that is not to be used"));
        }
        self.names.extend(files.into_iter().map(|name| (name, key.clone())));
        self.moved.extend(moved.into_iter().map(|name| (name, key.clone())));
        self.lines.entry(key).or_insert(self.number);
        Ok(())
    }

    /// Refuses what this crate doesn't write, because it shows names and types to people.
    fn check<'b>(&self, names: impl IntoIterator<Item = &'b String>, key: Option<&Key>) -> Result<()> {
        for name in names {
            check_recorded(name)
                .map_err(|(problem, advice)| self.corrupt(&format!("line {}: {problem}", self.number), &advice))?;
        }
        match key.and_then(Key::problem) {
            Some(problem) => Err(self.unreadable(problem)),
            None => Ok(()),
        }
    }

    fn json<T: DeserializeOwned>(&self, text: &str) -> Result<T> {
        serde_json::from_str(text).map_err(|error| self.unreadable(&error.to_string()))
    }

    fn finish(mut self) -> Lock {
        // Once all assets are known: a name can stand for several, of which the newest counts.
        let names: BTreeSet<String> = self.names.iter().map(|(name, _)| name.clone()).collect();
        for (name, key) in self.names {
            self.lock.add_name(name, key);
        }
        for (name, key) in self.moved.into_iter().filter(|(name, _)| !names.contains(name)) {
            self.lock.moved.insert(name.clone());
            self.lock.add_name(name, key);
        }
        self.lock.settle(&BTreeSet::new());
        self.lock
    }

    fn unreadable(&self, problem: &str) -> Error {
        self.corrupt(&format!("line {}: {problem}", self.number), "restore this line from version control")
    }

    fn corrupt(&self, problem: &str, advice: &str) -> Error {
        Error::new(ErrorKind::CorruptFile, subject(self.path)).explain(problem).advise(advice).concerning_run()
    }
}

#[cfg(test)]
mod tests {
    use super::super::lock::sample::{entry, key, lock};
    use super::*;
    use crate::asset::AssetType;

    fn read(text: &str) -> Result<Lock> {
        parse(text.as_bytes(), Path::new("assets.lock"))
    }

    #[test]
    fn a_lock_survives_a_round_trip_with_a_line_for_each_asset() {
        for lock in [lock(), Lock::default()] {
            assert_eq!(read(&text(&lock)).unwrap(), lock);
        }
        let text = text(&lock());
        let line = r#"asset {"files":["a/crate.png","copy.png"],"moved":["old.png"],"id":1,"name":"crate","type":"Image","sha256":"aa"}"#;
        assert_eq!(text.lines().filter(|other| *other == line).count(), 1, "{text}");
        assert!(text.starts_with("lock 1\n#") && text.ends_with("}\nend\n"), "{text}");
    }

    #[test]
    fn what_editors_and_systems_do_to_text_changes_nothing() {
        let whole = text(&lock());
        let reversed: Vec<&str> = whole.lines().filter(|line| *line != "lock 1" && *line != "end").rev().collect();
        for changed in [
            whole.replace('\n', "\r\n"),
            whole.replace('\n', "  \t\n"),
            whole.replace('\n', "\n\n"),
            format!("\u{feff}{whole}"),
            format!("{whole}{whole}"),
            format!("{whole}\u{feff}{whole}\n\n"),
            whole.trim_end().to_owned(),
            format!("lock 1\n{}\nend", reversed.join("\n")),
            whole.replace('#', "  #"),
        ] {
            assert_eq!(read(&changed).expect(&changed), lock(), "{changed}");
        }
    }

    #[test]
    fn what_cannot_be_true_is_refused_with_what_to_do() {
        let whole = text(&lock());
        let asset = |id: u64, hash: &str| {
            format!(r#"asset {{"files":["x.png"],"id":{id},"name":"x","type":"Image","sha256":"{hash}"}}"#)
        };
        let with = |line: &str| whole.replace("end\n", &format!("{line}\nend\n"));
        for (changed, words) in [
            (
                with(&asset(9, "aa")),
                "lines 6 and 10 have two assets for the content of \"x.png\", 1 and 9; delete the line",
            ),
            (with("owner group 7 at https://apis.roblox.com"), "and group 7 at"),
            (with("<<<<<<< ours"), "a merge conflict on line 10; delete the lines that begin with"),
            (with("======="), "a merge conflict on line 10"),
            (with(">>>>>>> theirs"), "a merge conflict on line 10"),
            (with("||||||| base"), "a merge conflict on line 10"),
            (format!("<<<<<<< ours\n{whole}"), "a merge conflict on line 1"),
            (with("end of it"), "line 10: it begins with none of the words"),
            (with("assets {}"), "line 10: it begins with none of the words"),
            (with("{"), "line 10: it begins with none of the words"),
            (with(&asset(9, "ee").replace("asset", "doubt")), "line 10: missing field"),
            (with(&asset(9, "ee").replace("asset", "adopted")), "line 10: missing field"),
            (with(&asset(9, "ee").replace("\"id\":9,", "")), "line 10: missing field `id`"),
            (with(&asset(9, "ee").replace("\"id\":9,", "\"id\":\"x\",")), "line 10: invalid type"),
            (with(&asset(9, "ee").replace("\"id\":9,", "\"id\":9,\"id\":8,")), "line 10: duplicate field `id`"),
            (with(&format!("{} {}", asset(9, "ee"), asset(8, "ff"))), "line 10: trailing characters"),
            (whole.replace("lock 1\n", ""), "doesn't begin with its version"),
            (whole.replace("lock 1\n", "lock x\n"), "line 1: its version isn't a number"),
            (whole.replace("lock 1\n", "lock 0\n"), "line 1: there is no such version"),
            (whole.replace("end\n", ""), "its last line isn't `end`; restore what is missing"),
            (String::new(), "its last line isn't `end`"),
            ("version https://git-lfs.github.com/spec/v1\noid sha256:1".to_owned(), "run `git lfs pull`"),
            ("{\"version\":1}".to_owned(), "doesn't begin with its version"),
        ] {
            let error = read(&changed).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CorruptFile, "{changed}");
            let text = error.to_string();
            assert!(text.contains(words) && text.contains("assets.lock") && !text.contains('\n'), "{words}: {text}");
        }
        assert_eq!(read(&whole.replace("lock 1", "lock 2")).unwrap_err().kind(), ErrorKind::NewerFile);
        assert_eq!(read(&with("lock 2")).unwrap_err().kind(), ErrorKind::NewerFile);
        assert_eq!(parse(b"lock 1\nend\n\xff", Path::new("a")).unwrap_err().kind(), ErrorKind::CorruptFile);
    }

    /// Such a name would act on the terminals that show it, or be another one than that of the file.
    #[test]
    fn names_that_no_file_can_have_are_refused_in_each_kind_of_line() {
        let doubt = r#"doubt {"file":NAME,"name":"x","since":"2026-01-01T00:00:00Z","type":"Image","sha256":"ee"}"#;
        for line in [
            r#"asset {"files":["ok.png",NAME],"id":9,"name":"x","type":"Image","sha256":"ee"}"#,
            r#"asset {"files":[],"moved":[NAME],"id":9,"name":"x","type":"Image","sha256":"ee"}"#,
            doubt,
            r#"adopted {"file":NAME,"id":9}"#,
            r#"sent_again {"file":NAME}"#,
        ] {
            let with = |name: &str| format!("lock 1\n{}\nend\n", line.replace("NAME", name));
            for name in [
                r#""e\u0301.png""#,
                "\"e\u{301}.png\"",
                r#""a\u001b[2J.png""#,
                "\"a\u{202e}.png\"",
                r#""..\\a""#,
                "\"\"",
            ] {
                let error = read(&with(name)).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::CorruptFile, "{line} {name}");
                let text = error.to_string();
                assert!(text.contains("line 2: no file can have the name"), "{text}");
                assert!(text.chars().all(|c| !crate::plain::is_control(c)), "{text}");
                // As the advice says.
                let (_, right) = text.split_once("; write ").expect("an advice");
                let right = right.strip_suffix(" in its place").expect("an advice");
                read(&with(right)).unwrap();
            }
        }
        for line in [doubt.replace("NAME", "\"a\"").replace("Image", "\\u001b[2J"), doubt.replace("ee", "\\u0007")] {
            let error = read(&format!("lock 1\n{}\nend\n", line.replace("NAME", "\"a\""))).unwrap_err();
            assert!(error.to_string().contains("line 2: its type or its hash has a control character"), "{error}");
        }
    }

    #[test]
    fn a_lock_that_was_cut_off_is_refused_wherever_it_ends() {
        let whole = text(&lock());
        for length in 0..whole.len() - 1 {
            let error = read(&whole[..length]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CorruptFile, "{}", &whole[..length]);
        }
    }

    /// The same asset on two branches, which have learned different things of it.
    #[test]
    fn lines_of_one_asset_are_added_up() {
        let of = |names: &[&str], entry: Entry| Lock {
            assets: [(key("aa"), entry)].into(),
            files: names.iter().map(|name| ((*name).to_owned(), key("aa"))).collect(),
            ..Lock::default()
        };
        let ours = of(&["a.png", "b.png"], Entry { in_review: true, granted: [1].into(), ..entry(1) });
        let theirs = of(&["a.png", "c.png"], Entry { granted: [2].into(), ..entry(1) });
        let both = format!("{}{}", text(&ours), text(&theirs));
        assert_eq!(
            read(&both).unwrap(),
            of(&["a.png", "b.png", "c.png"], Entry { granted: [1, 2].into(), ..entry(1) })
        );
    }

    /// Both branches have changed one file.
    #[test]
    fn a_name_stands_for_the_newest_of_its_assets() {
        let of = |hash: &str, id: u64| Lock {
            assets: [(key(hash), entry(id))].into(),
            files: [("a.png".to_owned(), key(hash))].into(),
            ..Lock::default()
        };
        for (ours, theirs) in [(of("bb", 3), of("aa", 9)), (of("aa", 9), of("bb", 3))] {
            let both = read(&format!("{}{}", text(&ours), text(&theirs))).unwrap();
            assert_eq!((both.assets.len(), &both.files["a.png"]), (2, &key("aa")));
            let mut merged = ours;
            merged.merge(theirs);
            assert_eq!(merged, both);
        }
    }

    #[test]
    fn lines_of_two_versions_are_one_asset() {
        let key = |hash: &str| Key::new(hash, &AssetType::Model);
        let version = |version| Entry { version: Some(version), ..entry(1) };
        let assets = [(key("aa"), version(3)), (key("bb"), version(2))].into();
        let files = [("a.rbxm".to_owned(), key("bb"))].into();
        let lock = Lock { owner: "user 1".to_owned(), assets, files, ..Lock::default() };
        let read = read(&text(&lock)).unwrap();
        assert_eq!((read.assets.len(), &read.files["a.rbxm"]), (1, &key("aa")));
    }

    #[test]
    fn the_order_of_the_lines_means_nothing() {
        arbtest::arbtest(|choices| {
            let mut lines = Vec::new();
            for _ in 0..choices.int_in_range(0..=6)? {
                let hash = *choices.choose(&["aa", "bb", "cc"])?;
                let asset_type = *choices.choose(&["Image", "Model"])?;
                let mut names = || -> arbtest::arbitrary::Result<Vec<&str>> {
                    let all = ["a", "b", "c"];
                    let count = choices.int_in_range(0..=2)?;
                    (0..count).map(|_| choices.choose(&all).copied()).collect()
                };
                let (files, moved) = (names()?, names()?);
                let (id, version) = (choices.int_in_range(1..=3)?, choices.int_in_range(2..=4)?);
                let name = *choices.choose(&["x", "y", ""])?;
                lines.push(format!(
                    "asset {}",
                    serde_json::json!({
                        "files": files, "moved": moved, "id": id, "name": name, "version": version,
                        "type": asset_type, "sha256": hash,
                    })
                ));
            }
            let of = |lines: &[String]| read(&format!("lock 1\n{}\nend\n", lines.join("\n")));
            let one = of(&lines);
            lines.reverse();
            match (one, of(&lines)) {
                (Ok(one), Ok(other)) => {
                    assert_eq!(one, other, "{lines:#?}");
                    assert_eq!(read(&text(&one)).expect("it was just written"), one);
                }
                (one, other) => assert!(one.is_err() && other.is_err(), "{lines:#?}"),
            }
            Ok(())
        })
        .budget_ms(500);
    }
}
