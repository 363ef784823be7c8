use serde_json::json;

use crate::api::{Budget, Endpoint, Method, ResourcePath};
use crate::error::{Error, Result};
use crate::experience::handle::Experience;
use crate::request::Body;
use crate::wire::{self, model};

/// Creates a binary input for Luau tasks, which is then uploaded to another host.
pub const CREATE_LUAU_BINARY_INPUT: Endpoint =
    Endpoint::post("/cloud/v2/universes/{universe}/luau-execution-session-task-binary-inputs")
        .with_scopes(&["universe.place.luau-execution-session:write"])
        .with_key_budget(Budget::per_minute(5))
        .for_keys_only();

/// The largest binary input.
const LARGEST: u64 = 100 * 1024 * 1024;

/// A binary input that was uploaded, from [`Experience::upload_luau_input`]. Tasks of the same experience can use it for 15
/// minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LuauInput {
    pub(super) path: ResourcePath,
}

impl LuauInput {
    /// Returns the resource path, `universes/{universe}/luau-execution-session-task-binary-inputs/{input}`.
    #[must_use]
    pub fn path(&self) -> &ResourcePath {
        &self.path
    }

    /// Refuses the input of another experience.
    pub(super) fn check_of(self, universe: u64) -> Result<Self> {
        match wire::path_id(&self.path.to_string(), "universes") {
            Some(other) if other != universe => Err(Error::invalid_input(format!(
                "the binary input is one of the experience {other}; the script runs in the experience {universe}"
            ))),
            _ => Ok(self),
        }
    }
}

model! {
    struct Created {
        path: String,
        upload_uri: String,
    }
}

/// Refuses what is too large.
pub(super) fn check(body: &Body) -> Result<()> {
    match body.len() {
        size if size > LARGEST => {
            Err(Error::invalid_input(format!("the binary input has {size} bytes; at most {LARGEST} are accepted")))
        }
        _ => Ok(()),
    }
}

impl Experience {
    /// Uploads a binary input of at most 100 MiB, which scripts in places of the experience can use for 15 minutes. For a single
    /// script, [`LuauScript::binary_input`](crate::LuauScript::binary_input) does so too.
    ///
    /// Calls [`CREATE_LUAU_BINARY_INPUT`], which needs the scope `universe.place.luau-execution-session:write`, and uploads the
    /// bytes to another host, which never sees the credentials. They are streamed. An upload that breaks is repeated, unless the
    /// body is a reader.
    ///
    /// ```
    /// use rblxopencloud::{Body, LuauScript};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.on_luau(|_, input| rblxopencloud_sandbox::LuauAnswer::results([input.len()]));
    /// # let client = sandbox.client();
    /// let experience = client.experience(13058);
    /// let input = experience.upload_luau_input(Body::bytes("application/octet-stream", *b"data"))?;
    /// let script = LuauScript::new("return buffer.len((...).BinaryInput)").uploaded_input(&input);
    /// let run = experience.place(1818).run_luau(script)?.wait()?;
    /// # assert_eq!(run.results, [4]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) for more than 100 MiB and for credentials that aren't an API key,
    /// before anything is sent.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/luau-execution#Cloud_CreateLuauExecutionSessionTaskBinaryInput>
    pub fn upload_luau_input(&self, body: impl Into<Body>) -> Result<LuauInput> {
        upload(self, body.into())
    }
}

pub(super) fn upload(experience: &Experience, body: Body) -> Result<LuauInput> {
    check(&body)?;
    let client = experience.client();
    let request = client.call(&CREATE_LUAU_BINARY_INPUT).param("universe", experience.id());
    let request = request.json(&json!({ "size": body.len() }));
    let subject = request.subject();
    let created: Created = request.fetch_model()?;
    let path = ResourcePath::parse(&created.path)
        .ok_or_else(|| Error::invalid_response(&subject, "the path of the input isn't a resource path"))?;
    let upload = client.located_for(Method::Put, &subject, &created.upload_uri)?;
    // The host answers with whatever it likes.
    upload.body(body).idempotent().response()?;
    Ok(LuauInput { path })
}
