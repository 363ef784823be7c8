use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::input::{self, LuauInput};

use crate::error::{Error, Result};
use crate::experience::duration::to_seconds;
use crate::experience::handle::Experience;
use crate::experience::place::PlaceFile;
use crate::request::Body;

/// The largest script.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The longest time limit, and the one of a script that sets none.
pub(super) const LONGEST: Duration = Duration::from_secs(300);

/// A Luau script to run in a place, for [`Place::run_luau`](crate::Place::run_luau).
///
/// The script runs in a server that has loaded the place. Neither physics nor the scripts of the place run in it. Data stores are
/// the live ones.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::LuauScript;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let sum = LuauScript::new("print('adding') return 1 + 1").timeout(Duration::from_secs(60));
/// # let path = std::env::temp_dir().join(format!("rblxopencloud-doc-{}.luau", std::process::id()));
/// # std::fs::write(&path, "return 1").unwrap();
/// let tests = LuauScript::file(&path)?.timeout(Duration::from_secs(300));
/// # std::fs::remove_file(&path).unwrap();
/// # Ok(())
/// # }
/// ```
///
/// What is wrong with it is an error of the method that runs it, before anything is sent: a script of more than 4 MiB, a time
/// limit of zero or above 5 minutes, and a binary input of more than 100 MiB.
#[must_use = "a script does nothing until it is run"]
pub struct LuauScript {
    text: String,
    timeout: Option<Duration>,
    input: Option<Input>,
    binary_output: bool,
    place_file: Option<PlaceFile>,
}

enum Input {
    ToUpload(Body),
    Uploaded(LuauInput),
}

impl LuauScript {
    /// Uses this script.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), timeout: None, input: None, binary_output: false, place_file: None }
    }

    /// Reads the script from a file, which is UTF-8. A byte order mark is left out.
    ///
    /// # Errors
    /// Returns [`Io`](crate::ErrorKind::Io) if the file can't be read, and [`InvalidInput`](crate::ErrorKind::InvalidInput) if it
    /// isn't UTF-8 or has more than 4 MiB.
    pub fn file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let problem = |error| Error::io(format!("the script {path:?}"), error);
        let mut bytes = Vec::new();
        File::open(path).and_then(|file| file.take(LARGEST + 4).read_to_end(&mut bytes)).map_err(problem)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            match at as u64 >= LARGEST {
                true => too_large(&format!("the script {path:?}")),
                false => Error::invalid_input(format!("the script {path:?} isn't UTF-8: see the byte {at}")),
            }
        })?;
        let text = text.strip_prefix('\u{feff}').map_or(text.as_str(), |rest| rest).to_owned();
        match text.len() as u64 > LARGEST {
            true => Err(too_large(&format!("the script {path:?}"))),
            false => Ok(Self::new(text)),
        }
    }

    /// Sets how long the script can run, from its start. At most 5 minutes, which is the default. A fraction of a second is sent
    /// as it is.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends a binary input of at most 100 MiB, which the script gets as a buffer: `(...).BinaryInput`. It is streamed to another
    /// host, before the script is run; see [`Experience::upload_luau_input`].
    pub fn binary_input(mut self, body: impl Into<Body>) -> Self {
        self.input = Some(Input::ToUpload(body.into()));
        self
    }

    /// Uses a binary input that was [uploaded](Experience::upload_luau_input) before.
    pub fn uploaded_input(mut self, input: &LuauInput) -> Self {
        self.input = Some(Input::Uploaded(input.clone()));
        self
    }

    /// Sets whether the script has a binary output: it returns nothing but a table with the buffer `BinaryOutput`, of at most 256
    /// MiB, and the list `ReturnValues`. Defaults to `false`.
    ///
    /// [`LuauTask::download_output`](crate::LuauTask::download_output) downloads it.
    pub fn binary_output(mut self, has_output: bool) -> Self {
        self.binary_output = has_output;
        self
    }

    /// Runs the script in this place file: [`Place::run_luau`](crate::Place::run_luau) first [saves](crate::Place::save) it as a
    /// version of the place that it is called for, and then runs the script in that version. The version isn't published, but it
    /// is in the history of the place, so use a place that is there for tests.
    ///
    /// ```
    /// use rblxopencloud::LuauScript;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.on_luau(|_, _| rblxopencloud_sandbox::LuauAnswer::results([true]));
    /// # let scratch = sandbox.client().experience(13058).place(1818);
    /// # let build = std::env::temp_dir().join(format!("rblxopencloud-doc-{}-build.rbxl", std::process::id()));
    /// # std::fs::write(&build, b"<roblox!\x89\xff\r\n\x1a\n").unwrap();
    /// let script = LuauScript::new("return workspace ~= nil").in_place_file(&build);
    /// let run = scratch.run_luau(script)?.wait()?;
    /// # assert!(run.is_success());
    /// # std::fs::remove_file(&build).unwrap();
    /// # Ok(())
    /// # }
    /// ```
    pub fn in_place_file(mut self, file: impl Into<PlaceFile>) -> Self {
        self.place_file = Some(file.into());
        self
    }

    pub(super) fn take_place_file(&mut self) -> Option<PlaceFile> {
        self.place_file.take()
    }

    /// Returns how long it can run at the most.
    pub(super) fn limit(&self) -> Duration {
        self.timeout.unwrap_or(LONGEST)
    }

    /// Returns what can't be sent.
    pub(super) fn check(&self) -> Result<()> {
        if self.text.len() as u64 > LARGEST {
            return Err(too_large("the script"));
        }
        if let Some(timeout) = self.timeout.filter(|timeout| timeout.is_zero() || *timeout > LONGEST) {
            let problem = format!("the time limit of a script is above zero and at most {LONGEST:?}, not {timeout:?}");
            return Err(Error::invalid_input(problem));
        }
        match &self.input {
            Some(Input::ToUpload(body)) => input::check(body),
            _ => Ok(()),
        }
    }

    /// Uploads the binary input, and returns the body of the request.
    pub(super) fn into_body(self, experience: &Experience) -> Result<Body> {
        let input = match self.input {
            None => None,
            Some(Input::ToUpload(body)) => Some(input::upload(experience, body)?),
            Some(Input::Uploaded(input)) => Some(input.check_of(experience.id())?),
        };
        let mut fields = json!({ "script": self.text });
        if let Some(timeout) = self.timeout {
            fields["timeout"] = Value::String(to_seconds(timeout));
        }
        if let Some(input) = input {
            fields["binaryInput"] = Value::String(input.path.to_string());
        }
        if self.binary_output {
            fields["enableBinaryOutput"] = Value::Bool(true);
        }
        Body::json(&fields)
    }
}

fn too_large(what: &str) -> Error {
    Error::invalid_input(format!("{what} has more than {LARGEST} bytes, which the service accepts at the most"))
}

/// The script is left out: it can hold a secret.
impl fmt::Debug for LuauScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LuauScript")
            .field("len", &self.text.len())
            .field("timeout", &self.timeout)
            .field("has_binary_input", &self.input.is_some())
            .field("binary_output", &self.binary_output)
            .field("has_place_file", &self.place_file.is_some())
            .finish_non_exhaustive()
    }
}
