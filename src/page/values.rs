use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Deserializer;
use serde_json::de::StrRead;

use crate::json::Objects;
use crate::wire::{Fields, Model, Names};

/// A JSON text that is read value by value, so that each is read once, into its own type.
#[derive(Clone, Copy, Debug)]
pub struct Values<'t> {
    rest: &'t str,
}

impl<'t> Values<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text }
    }

    /// Reads a value. `None` if the next one isn't a `T`; what was read of it is not defined then.
    pub(crate) fn read<T: Deserialize<'t>>(&mut self) -> Option<T> {
        self.read_with(|deserializer| T::deserialize(deserializer))
    }

    /// Reads a model, a struct from an object only. `None` if the next value isn't one.
    pub(crate) fn read_model<T: DeserializeOwned>(&mut self) -> Option<T> {
        self.read_with(|deserializer| T::deserialize(Objects(deserializer)))
    }

    /// Reads a model of this crate.
    pub(crate) fn read_fields<T: Model>(&mut self) -> Option<T> {
        T::of(&mut self.read_object(Names::of::<T>())?).ok()
    }

    fn read_object(&mut self, names: Names) -> Option<Fields<'t>> {
        self.read_with(|deserializer| Fields::read(deserializer, names))
    }

    #[inline]
    fn read_with<T>(
        &mut self,
        read: impl FnOnce(&mut Deserializer<StrRead<'t>>) -> Result<T, serde_json::Error>,
    ) -> Option<T> {
        let mut deserializer = Deserializer::from_str(self.rest);
        let value = read(&mut deserializer).ok();
        if value.is_some() {
            self.rest = &self.rest[deserializer.into_iter::<()>().byte_offset()..];
        }
        value
    }

    /// Reads a byte of punctuation. `None` if another one is next.
    #[inline]
    pub(super) fn pass(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.rest = &self.rest[1..])
    }

    /// Returns the next byte that isn't white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        let spaces = self.rest.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.rest = &self.rest[spaces..];
        self.rest.bytes().next()
    }

    /// Calls `read` for each element of a list or an object.
    pub(super) fn each(&mut self, [open, close]: [u8; 2], read: &mut dyn FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.pass(open)?;
        if self.pass(close).is_some() {
            return Some(());
        }
        loop {
            read(self)?;
            if self.pass(b',').is_none() {
                return self.pass(close);
            }
        }
    }
}
