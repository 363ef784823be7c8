use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::api::Endpoint;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::experience::handle::Experience;
use crate::single_flight::{Flight, SingleFlight};
use crate::wire::{self, model};

/// Finds the experience of a place.
pub const GET_PLACE_EXPERIENCE: Endpoint = Endpoint::get("/universes/v1/places/{place}/universe").without_key();

/// What an error advises if the place is held by somebody. The document's reason is the rarer one.
pub(super) const IN_TEAM_CREATE: &[(u16, &str)] = &[(
    409,
    "the place is likely open in a Team Create or Studio session, which has to end first \
     (Place::list_team_create_members tells who is in it); or it doesn't belong to this experience",
)];

/// A handle for a place of an experience.
///
/// Clones share the client, and the experience's id once it is known.
///
/// ```
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
/// # let client = sandbox.client();
/// # let game = b"<roblox!\x89\xff\r\n\x1a\n".to_vec();
/// let place = client.experience(13058).place(1818);
/// let saved = place.save(game.clone())?;
/// let version = place.publish(game)?;
/// println!("version {} is live", version.number);
/// # assert!(version.number >= saved.number);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Place {
    pub(in crate::experience) id: u64,
    universe: Arc<Universe>,
    pub(in crate::experience) client: Client,
}

/// The experience of a place, which is looked up once.
#[derive(Default)]
struct Universe {
    id: OnceLock<u64>,
    lookup: SingleFlight<Result<u64>>,
}

impl Experience {
    /// Returns a handle for the experience's place with this id. Makes no request.
    #[must_use]
    pub fn place(&self, place_id: u64) -> Place {
        Place { id: place_id, universe: Arc::new(Universe::known(self.id)), client: self.client.clone() }
    }
}

impl Client {
    /// Returns a handle for the place with this id, whose experience isn't known yet. Makes no request.
    ///
    /// The first call that needs the experience [looks it up](Place::experience_id).
    #[must_use]
    pub fn place(&self, place_id: u64) -> Place {
        Place { id: place_id, universe: Arc::default(), client: self.clone() }
    }
}

impl Place {
    /// Returns the place's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the universe id of the experience that the place belongs to.
    ///
    /// A handle from [`Experience::place`] knows it. One from [`Client::place`] fetches it once, for all of its clones and all
    /// threads. It calls [`GET_PLACE_EXPERIENCE`], which needs no credentials.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// assert_eq!(client.place(1818).experience_id()?, 13058);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the place doesn't exist or belongs to no experience. Doesn't fail for a
    /// handle from [`Experience::place`].
    pub fn experience_id(&self) -> Result<u64> {
        loop {
            if let Some(id) = self.universe.id.get() {
                return Ok(*id);
            }
            let found = self.universe.lookup.run(self.client.session().deadline(), || {
                // Another thread has found it since.
                match self.universe.id.get() {
                    Some(id) => Ok(*id),
                    None => self.look_up().map(|id| *self.universe.id.get_or_init(|| id)),
                }
            });
            match found {
                Flight::Own(found) => return found,
                Flight::Shared(Ok(id)) => return Ok(id),
                // The other thread may have had less time.
                Flight::Shared(Err(_)) | Flight::Panicked => {}
                Flight::Late => {
                    return Err(Error::new(ErrorKind::Timeout, format!("the experience of place {}", self.id))
                        .explain("it was not there within the call's timeout")
                        .transient());
                }
            }
        }
    }

    /// Returns the experience for a call to this endpoint. Fails before a lookup if the credentials aren't for it.
    pub(in crate::experience) fn experience_id_for(&self, endpoint: &Endpoint) -> Result<u64> {
        self.client.session().check_credentials_for(endpoint, &|| endpoint.to_string())?;
        self.experience_id()
    }

    fn look_up(&self) -> Result<u64> {
        let request = self.client.call(&GET_PLACE_EXPERIENCE).param("place", self.id);
        let subject = request.subject();
        let found: Found = request.fetch_model()?;
        found.universe_id.filter(|id| *id != 0).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, subject)
                .explain(format!("the place {} belongs to no experience", self.id))
                .advise("check the place's id")
        })
    }

    /// Returns the handle of the experience that the place belongs to. See [`experience_id`](Self::experience_id).
    ///
    /// # Errors
    /// See [`experience_id`](Self::experience_id).
    pub fn experience(&self) -> Result<Experience> {
        Ok(Experience { id: self.experience_id()?, client: self.client.clone() })
    }

    /// Returns the client that makes the requests.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns a handle with a time limit for each call. See [`Client::with_timeout`].
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { client: self.client.with_timeout(timeout), ..self.clone() }
    }

    /// Returns a handle whose calls must all have ended at `deadline`. See [`Client::with_deadline`].
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self { client: self.client.with_deadline(deadline), ..self.clone() }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("id", &self.id)
            .field("experience_id", &self.universe.id.get())
            .field("client", &self.client)
            .finish()
    }
}

impl Universe {
    fn known(id: u64) -> Self {
        Self { id: OnceLock::from(id), lookup: SingleFlight::default() }
    }
}

model! {
    struct Found {
        #[with(wire::strict)]
        #[serde(serialize_with = "wire::option_id::serialize")]
        universe_id: Option<u64>,
    }
}
