//! The example `release`: a release that is killed at any time, and undone.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rblxopencloud_sandbox::{Fault, LuauAnswer, Sandbox};

use crate::support::example::{outcome, outcome_without_set_up, settle, with_key};
use crate::support::random::Random;
use crate::support::samples::PLACE as SIGNATURE;
use crate::support::{TempDir, times};

const UNIVERSE: u64 = 13058;
const PLACE: u64 = 1818;

/// A place that is live as version 1, with a player, and the file of a new version.
struct Game {
    sandbox: Sandbox,
    folder: TempDir,
}

impl Game {
    fn new() -> Self {
        let sandbox = Sandbox::builder().demo().start().expect("a free port");
        let place = sandbox.client().experience(UNIVERSE).place(PLACE);
        place.publish([SIGNATURE, b"before"].concat()).expect("it is a place");
        sandbox.add_game_server(UNIVERSE, PLACE, 1, [156]);
        sandbox.on_luau(|script, _| match script {
            "good" => LuauAnswer::results([true]).print("3 tests passed"),
            _ => LuauAnswer::error("TaskScript:7: expected 2").print("a test failed"),
        });
        sandbox.clear_requests();
        let game = Self { sandbox, folder: TempDir::new() };
        game.build(b"new");
        game.write("tests.luau", b"good");
        game
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).expect("it can be written");
    }

    fn build(&self, content: &[u8]) {
        self.write("game.rbxl", &[SIGNATURE, content].concat());
    }

    fn command(&self, undoes: bool) -> Command {
        let mut command = with_key(&self.sandbox, "release", &[]);
        command.arg(self.path("game.rbxl"));
        match undoes {
            true => command.arg("--rollback"),
            false => command.arg(self.path("tests.luau")),
        };
        command
    }

    /// Returns the whole output, and whether the program succeeded.
    fn run(&self, undoes: bool) -> (String, bool) {
        outcome(&mut self.command(undoes))
    }

    #[track_caller]
    fn succeeds(&self, undoes: bool) -> String {
        let (text, is_success) = self.run(undoes);
        assert!(is_success, "{text}");
        text
    }

    #[track_caller]
    fn fails(&self, undoes: bool, words: &str) {
        let (text, is_success) = self.run(undoes);
        assert!(!is_success && text.contains(words), "{words}: {text}");
    }

    fn facts(&self) -> Facts {
        let versions = self.sandbox.place_versions(PLACE);
        let published = versions.iter().filter(|version| version.is_published == Some(true)).map(|it| it.number);
        let restarts = self.sandbox.client().experience(UNIVERSE).list_restarts().expect("they are listed");
        Facts {
            versions: versions.len() as u64,
            published: published.collect(),
            restarts: restarts.into_iter().map(|restart| restart.id).collect(),
            messages: self.sandbox.messages(UNIVERSE).into_iter().map(|message| message.text).collect(),
        }
    }

    /// Checks that a release, and a rollback if `undoes`, has happened once and no more.
    #[track_caller]
    fn check_once(&self, undoes: bool, text: &str) {
        let (facts, times) = (self.facts(), 1 + usize::from(undoes));
        assert_eq!(facts.published.len(), 1 + times, "{facts:?}, {text}");
        assert_eq!(facts.published.last(), Some(&facts.versions), "{facts:?}, {text}");
        assert_eq!(facts.restarts.len(), times, "{facts:?}, {text}");
        let mut messages = facts.messages.clone();
        messages.dedup();
        assert!(messages == facts.messages && messages.len() <= times, "{facts:?}, {text}");
        let wanted: &[u8] = if undoes { b"before" } else { b"new" };
        let content = self.sandbox.asset_content(PLACE).expect("it has one");
        assert_eq!(content.bytes, [SIGNATURE, wanted].concat());
    }
}

/// What players can see of a place, and what its developers can.
#[derive(Clone, Debug, PartialEq)]
struct Facts {
    versions: u64,
    published: Vec<u64>,
    restarts: Vec<String>,
    messages: Vec<String>,
}

#[test]
fn release_saves_tests_publishes_restarts_and_announces_once() {
    let game = Game::new();
    let text = game.succeeds(false);
    let facts = game.facts();
    let end = format!("published as version 2, servers restarted by {}, announced\n", facts.restarts[0]);
    assert!(text.contains("  3 tests passed\n") && text.contains("1 players to move\n"), "{text}");
    assert!(text.contains("now: saved as version 2, tests passed, ") && text.ends_with(&end), "{text}");
    assert!(!text.contains("before:"), "{text}");
    assert_eq!((facts.versions, &facts.published[..], facts.restarts.len()), (2, &[1, 2][..], 1));
    assert_eq!(facts.messages, [r#"{"version":2}"#]);
    game.sandbox.advance_clock(Duration::from_secs(601));
    assert_eq!(game.sandbox.players(UNIVERSE), [(PLACE, 2, vec![156])]);

    let text = game.succeeds(false);
    assert!(text.contains("before: saved as version 2"), "{text}");
    assert_eq!(game.facts(), facts, "it is done");

    game.build(b"newer");
    assert!(game.succeeds(false).contains("published as version 3"));
    assert_eq!(game.facts().published, [1, 2, 3]);
    assert_eq!(game.facts().restarts.len(), 2);
}

#[test]
fn release_publishes_nothing_whose_tests_fail() {
    let game = Game::new();
    game.write("tests.luau", b"bad");
    game.fails(false, "the tests fail in version 2, which isn't published");
    let (text, _) = game.run(false);
    assert!(text.contains("before: saved as version 2, tests failed, not published"), "{text}");
    assert!(text.contains("  a test failed\n") && text.contains("script error in line 7"), "{text}");
    let facts = game.facts();
    assert_eq!((facts.versions, &facts.published[..]), (2, &[1][..]));
    assert!(facts.restarts.is_empty() && facts.messages.is_empty());
    game.fails(true, "nothing to roll back");

    game.write("tests.luau", b"good");
    assert!(game.succeeds(false).contains("published as version 2"));
    assert_eq!(game.facts().versions, 2, "it isn't saved again");
}

#[test]
fn release_is_rolled_back_to_the_version_that_was_live_before() {
    let game = Game::new();
    game.fails(true, "no release is written down");
    game.succeeds(false);
    let text = game.succeeds(true);
    assert!(text.contains("version 1 is live again, as version 3\n"), "{text}");
    let facts = game.facts();
    assert_eq!((&facts.published[..], facts.restarts.len()), (&[1, 2, 3][..], 2));
    assert_eq!(facts.messages, [r#"{"version":2}"#, r#"{"version":3}"#]);
    let content = game.sandbox.asset_content(PLACE).expect("it has one");
    assert_eq!(content.bytes, [SIGNATURE, b"before"].concat());
    game.succeeds(true);
    assert_eq!(game.facts(), facts, "it is done");
    game.fails(false, "this file was rolled back");
    game.build(b"mended");
    assert!(game.succeeds(false).contains("published as version 4"));

    let place = game.sandbox.client().experience(UNIVERSE).place(PLACE);
    place.publish([SIGNATURE, b"of somebody else"].concat()).expect("it is a place");
    game.fails(true, "version 5 is live, which this release hasn't published");
}

#[test]
fn release_settles_a_lost_publish_by_what_was_published() {
    for is_anew in [false, true] {
        // Published, and then somebody else has published too: ours isn't put over theirs.
        let game = Game::new();
        game.sandbox.set_saved_versions_published_anew(is_anew);
        let lost = Fault::reset_before_answer().on("POST", "/universes/v1").after(1).times(100);
        game.sandbox.inject(lost);
        let (_, is_success) = game.run(false);
        assert!(!is_success);
        game.sandbox.clear_faults();
        let ours = game.facts().published[1];
        let place = game.sandbox.client().experience(UNIVERSE).place(PLACE);
        let theirs = place.publish([SIGNATURE, b"of somebody else"].concat()).expect("it is a place").number;
        let text = game.succeeds(false);
        assert!(
            text.contains("perhaps published") && text.contains(&format!("published as version {ours}\n")),
            "{text}"
        );
        assert_eq!(game.facts().published, [1, ours, theirs]);
    }
}

#[test]
fn release_runs_without_a_key_in_a_sandbox() {
    for (arguments, words) in
        [(&[][..], "now: saved as version 2"), (&["--rollback"], "version 1 is live again, as version 3")]
    {
        let (text, is_success) = outcome_without_set_up("release", arguments);
        assert!(is_success && text.contains(words), "{text}");
    }
}

/// Checks what a run says about the one before against what the service has.
#[track_caller]
fn check_truth(text: &str, before: &Facts, undoes: bool) {
    let Some(said) = text.lines().find_map(|line| line.strip_prefix("before: ")) else {
        assert_eq!(before.versions, 1, "it began before, and didn't say so: {text}");
        return;
    };
    let ours = before.published.len() as u64 - 1;
    let words: Vec<&str> = said.split(", ").collect();
    let has = |word: &str| words.iter().filter(|known| **known == word).count() as u64;
    let starts = |word: &str| words.iter().filter(|known| known.starts_with(word)).count() as u64;
    // How many of a kind there are for certain, and how many there may be.
    let certain = [
        starts("published as version ") + starts("rolled back as version "),
        starts("servers restarted by "),
        0,
        starts("saved as version "),
    ];
    let doubts = [
        has("perhaps published") + has("perhaps rolled back"),
        has("servers perhaps restarted"),
        has("perhaps announced") + has("announced"),
        // A version that was only saved is a version that was published later.
        has("perhaps saved") + u64::from(undoes) + 1,
    ];
    let facts = [ours, before.restarts.len() as u64, before.messages.len() as u64, before.versions - 1];
    for ((certain, doubts), fact) in certain.into_iter().zip(doubts).zip(facts) {
        assert!((certain..=certain + doubts).contains(&fact), "{text}\n{before:?}");
    }
}

/// Kills a run between a change and its response, once for each change that it makes.
#[test]
fn release_that_is_killed_before_a_response_makes_no_change_twice() {
    let publish = "/universes/v1/13058/places/1818/versions";
    let changes = [
        (false, publish, 0, "perhaps saved"),
        (false, "/cloud/v2/universes/13058/places/1818/versions", 0, "perhaps being tested"),
        (false, publish, 1, "perhaps published"),
        (false, "/server-management", 0, "servers perhaps restarted"),
        (false, "/cloud/v2/universes/13058:publishMessage", 0, "perhaps announced"),
        (true, "/assets/v1/assets/1818/versions:rollback", 0, "perhaps rolled back"),
        (true, "/server-management", 0, "servers perhaps restarted"),
        (true, "/cloud/v2/universes/13058:publishMessage", 0, "perhaps announced"),
    ];
    thread::scope(|threads| {
        for (undoes, path, after, words) in changes {
            for is_anew in [false, true].into_iter().take(1 + after) {
                threads.spawn(move || while !kill_before_the_response(undoes, path, after, words, is_anew) {});
            }
        }
    });
}

/// Kills a run whose request of this path, after so many others, is carried out late. Returns `false` if it was killed too late:
/// it may have had the response.
fn kill_before_the_response(undoes: bool, path: &str, after: usize, words: &str, is_anew: bool) -> bool {
    let game = Game::new();
    game.sandbox.set_saved_versions_published_anew(is_anew);
    if undoes {
        game.succeeds(false);
    }
    game.sandbox.clear_requests();
    game.sandbox.inject(Fault::delay(Duration::from_secs(3)).on("POST", path).after(after as u64).times(1));
    let mut command = game.command(undoes);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the example was built");
    let statuses = || {
        let requests = game.sandbox.requests().into_iter();
        requests.filter(|it| it.method == "POST" && it.path.starts_with(path)).map(|it| it.status).collect::<Vec<_>>()
    };
    while statuses().len() <= after {
        assert_eq!(child.try_wait().expect("it can be asked"), None, "{words}: it ended");
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    if statuses()[after].is_some() {
        return false;
    }
    while statuses().contains(&None) {
        thread::sleep(Duration::from_millis(5));
    }
    let before = game.facts();
    let text = game.succeeds(undoes);
    assert!(text.lines().any(|line| line.starts_with("before: ") && line.contains(words)), "{words}: {text}");
    check_truth(&text, &before, undoes);
    game.check_once(undoes, &text);
    true
}

/// How often a run is killed. `tools/kill_release.sh` sets a larger number.
fn kills() -> usize {
    times("RELEASE_KILLS", 12)
}

/// Starts a run, and kills it at any time. Returns whether it was killed.
fn kill_at_any_time(game: &Game, undoes: bool, longest: Duration, random: &mut Random) -> bool {
    let before = game.facts();
    let mut command = game.command(undoes);
    let output = game.path("output.txt");
    let file = fs::File::create(&output).expect("it can be written");
    let mut child = command.stdout(file).stderr(Stdio::null()).spawn().expect("the example was built");
    // At any time, or soon after any request.
    let (requests, pause) = match random.below(2) {
        0 => (0, random.below(longest.as_micros() as u64)),
        _ => (1 + random.below(14) as usize, random.below(4000)),
    };
    let known = game.sandbox.requests().len();
    let mut is_running = true;
    while is_running && game.sandbox.requests().len() < known + requests {
        thread::sleep(Duration::from_millis(1));
        is_running = child.try_wait().expect("it can be asked").is_none();
    }
    thread::sleep(Duration::from_micros(pause));
    let is_running = child.try_wait().expect("it can be asked").is_none();
    let _ = child.kill();
    child.wait().expect("it ends");
    let text = fs::read_to_string(output).expect("it is text");
    if text.contains("before: ") {
        check_truth(&text, &before, undoes);
    }
    is_running
}

#[test]
fn a_release_that_is_killed_at_any_time_happens_once() {
    let mut random = Random::new();
    // How long a run takes here and now.
    let game = Game::new();
    let longest = [false, true].map(|undoes| {
        let began = Instant::now();
        game.succeeds(undoes);
        began.elapsed()
    });
    let kills = kills();
    let (mut killed, mut games, mut in_doubt) = (0, 0, 0);
    while killed < kills {
        games += 1;
        let game = Game::new();
        game.sandbox.set_saved_versions_published_anew(random.below(2) == 0);
        let is_undone = random.below(2) == 0;
        for undoes in [false, true].into_iter().take(1 + usize::from(is_undone)) {
            for _ in 0..3 {
                // Some lose a response, too.
                if random.below(4) == 0 {
                    let paths = ["/universes", "/server-management", "/cloud", "/assets"];
                    let path = paths[random.below(4) as usize];
                    game.sandbox.inject(Fault::reset_before_answer().on("POST", path).times(1));
                }
                if !kill_at_any_time(&game, undoes, longest[usize::from(undoes)], &mut random) {
                    break;
                }
                killed += 1;
                // What was on its way arrives: the next run may say more than this one knew.
                settle(&game.sandbox);
            }
            game.sandbox.clear_faults();
            let before = game.facts();
            let text = game.succeeds(undoes);
            check_truth(&text, &before, undoes);
            in_doubt += usize::from(text.contains("perhaps"));
            let requests = game.sandbox.requests();
            let messages = requests.iter().filter(|request| request.path.ends_with(":publishMessage")).count();
            assert!(messages <= 1 + usize::from(undoes), "{messages} were sent: {text}");
            game.check_once(undoes, &text);
        }
    }
    println!("{killed} runs killed in {games} releases, {in_doubt} last runs with something in doubt: nothing twice");
    println!("a release takes {:?}, and a rollback {:?}", longest[0], longest[1]);
}
