//! The limits of player data, which Open Cloud shares with the game servers of an experience.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::data_stores::EntryId;

/// What a request does, of which each has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    Read,
    Write,
    List,
    Remove,
}

/// What has limits of its own in each experience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    DataStores,
    Ordered,
    /// Its requests count together, whatever they do.
    Memory,
}

/// The players of an experience, and what its game uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Game {
    pub(crate) players: u64,
    /// How many requests of each kind the game makes each minute.
    pub(crate) used: u64,
}

/// A limit that a request is beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Throttled {
    Experience(Kind, Use),
    DataStore,
    Key,
}

/// What is counted in a minute.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    Experience(Kind, u64, Use),
    DataStore(u64, String),
    /// The bytes that are read or written of a key: the experience, the store, the scope and the key.
    Key(Use, u64, String, String, String),
}

#[derive(Debug, Default)]
pub(crate) struct Throttles {
    games: BTreeMap<(Kind, u64), Game>,
    /// How many requests a minute each data store of an experience takes.
    of_each_store: BTreeMap<u64, u64>,
    /// The number of the minute, and what was counted in it.
    minute: i64,
    counted: BTreeMap<Counted, u64>,
}

const MEBIBYTE: u64 = 1024 * 1024;

impl Use {
    /// Returns how many bytes of one key a minute has, if that is limited.
    fn of_key(self) -> Option<u64> {
        match self {
            Self::Read => Some(25 * MEBIBYTE),
            Self::Write => Some(4 * MEBIBYTE),
            Self::List | Self::Remove => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::List => "List",
            Self::Remove => "Remove",
        }
    }
}

impl Kind {
    /// Returns how many requests a minute has.
    fn of_minute(self, what: Use, players: u64) -> u64 {
        let (all, each) = match (self, what) {
            (Self::Memory, _) => (1000, 120),
            (_, Use::Read | Use::Remove) => (300, 40),
            (_, Use::Write) => (300, 20),
            (_, Use::List) => (300, 2),
        };
        players.saturating_mul(each).saturating_add(all)
    }
}

impl Counted {
    fn universe(&self) -> u64 {
        match self {
            Self::Experience(_, universe, _) | Self::DataStore(universe, _) | Self::Key(_, universe, ..) => *universe,
        }
    }
}

impl Throttled {
    /// Returns the message of the refusal, which begins with the name of the limit.
    pub(crate) fn message(self) -> String {
        match self {
            Self::Experience(Kind::Memory, _) => {
                "MemoryStoreExperienceThrottled: The request rate exceeds the allowed maximum for the experience."
                    .to_owned()
            }
            Self::Experience(kind, what) => {
                let (kind, what) = (if kind == Kind::Ordered { "Ordered" } else { "Standard" }, what.name());
                let words = format!("{kind} {what}").to_ascii_lowercase();
                format!(
                    "{kind}{what}ExperienceThrottled: The {words} request rate exceeds the allowed maximum for the \
                     experience."
                )
            }
            Self::DataStore => {
                "DatastoreThrottled: The request rate exceeds the allowed maximum for the datastore.".to_owned()
            }
            Self::Key => "KeyThrottled: The request rate exceeds the allowed maximum for the key.".to_owned(),
        }
    }
}

impl Throttles {
    /// Sets the limits of an experience, or with `None` removes them. What it has used counts no more.
    pub(crate) fn set(&mut self, kind: Kind, universe: u64, game: Option<Game>) {
        match game {
            Some(game) => _ = self.games.insert((kind, universe), game),
            None => _ = self.games.remove(&(kind, universe)),
        }
        self.forget(universe);
    }

    /// Sets how many requests a minute each data store of an experience takes.
    pub(crate) fn set_of_each_store(&mut self, universe: u64, requests: Option<u64>) {
        match requests {
            Some(requests) => _ = self.of_each_store.insert(universe, requests),
            None => _ = self.of_each_store.remove(&universe),
        }
        self.forget(universe);
    }

    fn forget(&mut self, universe: u64) {
        self.counted.retain(|counted, _| counted.universe() != universe);
    }

    pub(crate) fn games(&self, kind: Kind) -> impl Iterator<Item = (u64, Game)> {
        self.games.iter().filter(move |((of, _), _)| *of == kind).map(|((_, universe), game)| (*universe, *game))
    }

    pub(crate) fn of_each_store(&self) -> &BTreeMap<u64, u64> {
        &self.of_each_store
    }

    /// Removes all limits of a kind.
    pub(crate) fn clear(&mut self, kind: Kind) {
        self.games.retain(|(of, _), _| *of != kind);
    }

    pub(crate) fn clear_of_each_store(&mut self) {
        self.of_each_store.clear();
    }

    /// Counts a request.
    pub(crate) fn take(&mut self, kind: Kind, universe: u64, what: Use, now: Timestamp) -> Result<(), Throttled> {
        let Some(game) = self.games.get(&(kind, universe)).copied() else { return Ok(()) };
        // All uses of memory stores count together.
        let counted = if kind == Kind::Memory { Use::Read } else { what };
        let limit = kind.of_minute(what, game.players).saturating_sub(game.used);
        match self.count(Counted::Experience(kind, universe, counted), 1, limit, now) {
            true => Ok(()),
            false => Err(Throttled::Experience(kind, what)),
        }
    }

    /// Counts a request to a data store.
    pub(crate) fn take_of_store(&mut self, universe: u64, store: &str, now: Timestamp) -> Result<(), Throttled> {
        let Some(limit) = self.of_each_store.get(&universe).copied() else { return Ok(()) };
        match self.count(Counted::DataStore(universe, store.to_owned()), 1, limit, now) {
            true => Ok(()),
            false => Err(Throttled::DataStore),
        }
    }

    /// Counts the bytes that are read or written of a key. They are limited if requests of the experience are.
    pub(crate) fn take_of_key(
        &mut self,
        id: &EntryId,
        what: Use,
        bytes: usize,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        let Some(limit) = what.of_key().filter(|_| self.games.contains_key(&(Kind::DataStores, id.universe))) else {
            return Ok(());
        };
        let EntryId { universe, store, scope, key } = id.clone();
        match self.count(Counted::Key(what, universe, store, scope, key), bytes as u64, limit, now) {
            true => Ok(()),
            false => Err(Throttled::Key),
        }
    }

    /// Counts so much. Returns whether it is within the limit: what is beyond isn't counted.
    fn count(&mut self, what: Counted, units: u64, limit: u64, now: Timestamp) -> bool {
        let minute = now.as_second().div_euclid(60);
        if self.minute != minute {
            self.minute = minute;
            self.counted.clear();
        }
        let counted = self.counted.entry(what).or_default();
        let is_within = counted.saturating_add(units) <= limit;
        *counted += if is_within { units } else { 0 };
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(number: i64) -> Timestamp {
        Timestamp::from_second(60 * number).expect("it is a time")
    }

    #[test]
    fn each_limit_of_an_experience_has_its_name_and_its_minute() {
        let mut throttles = Throttles::default();
        for (kind, what, requests, name) in [
            (Kind::DataStores, Use::Read, 340, "StandardReadExperienceThrottled: The standard read "),
            (Kind::DataStores, Use::Write, 320, "StandardWriteExperienceThrottled: The standard write "),
            (Kind::Ordered, Use::List, 302, "OrderedListExperienceThrottled: The ordered list "),
            (Kind::Ordered, Use::Remove, 340, "OrderedRemoveExperienceThrottled: The ordered remove "),
            (Kind::Memory, Use::Write, 1120, "MemoryStoreExperienceThrottled: The request rate "),
        ] {
            throttles.set(kind, 1, Some(Game { players: 1, used: 100 }));
            for number in 1..3 {
                for _ in 100..requests {
                    assert_eq!(throttles.take(kind, 1, what, minute(number)), Ok(()), "{name}");
                }
                assert_eq!(throttles.take(kind, 1, what, minute(number)), Err(Throttled::Experience(kind, what)));
                assert_eq!(throttles.take(kind, 2, what, minute(number)), Ok(()), "another experience has none");
            }
            assert!(Throttled::Experience(kind, what).message().starts_with(name), "{name}");
        }
        assert_eq!(throttles.take(Kind::Ordered, 1, Use::Read, minute(2)), Ok(()), "each kind has its own");
        throttles.set(Kind::Memory, 1, Some(Game { players: 0, used: 999 }));
        assert_eq!(throttles.take(Kind::Memory, 1, Use::Write, minute(2)), Ok(()));
        assert!(throttles.take(Kind::Memory, 1, Use::Read, minute(2)).is_err(), "they count together");
        throttles.set(Kind::Memory, 1, Some(Game { players: 0, used: 5000 }));
        assert!(throttles.take(Kind::Memory, 1, Use::Read, minute(2)).is_err(), "the game needs all");
    }

    #[test]
    fn keys_and_stores_have_limits_of_their_own() {
        let mut throttles = Throttles::default();
        let key = EntryId { universe: 1, store: "s".to_owned(), scope: "global".to_owned(), key: "k".to_owned() };
        assert_eq!(throttles.take_of_key(&key, Use::Write, usize::MAX, minute(1)), Ok(()), "there are no limits");
        throttles.set(Kind::DataStores, 1, Some(Game { players: 1, used: 0 }));
        for (what, mebibytes) in [(Use::Write, 4), (Use::Read, 25)] {
            let all = mebibytes * 1024 * 1024;
            assert_eq!(throttles.take_of_key(&key, what, all + 1, minute(3)), Err(Throttled::Key));
            assert_eq!(throttles.take_of_key(&key, what, all, minute(3)), Ok(()));
            assert_eq!(throttles.take_of_key(&key, what, 1, minute(3)), Err(Throttled::Key));
            let other = EntryId { key: "l".to_owned(), ..key.clone() };
            assert_eq!(throttles.take_of_key(&other, what, 1, minute(3)), Ok(()));
            assert_eq!(throttles.take_of_key(&key, what, 1, minute(4)), Ok(()));
        }
        throttles.set_of_each_store(1, Some(1));
        assert_eq!(throttles.take_of_store(1, "s", minute(4)), Ok(()));
        assert_eq!(throttles.take_of_store(1, "s", minute(4)), Err(Throttled::DataStore));
        assert_eq!(throttles.take_of_store(1, "t", minute(4)), Ok(()));
    }
}
