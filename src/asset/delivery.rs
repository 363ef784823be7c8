use std::fmt;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::handle::AssetHandle;
use crate::api::Endpoint;
use crate::call::DecodeError;
use crate::error::Result;
use crate::request::Request;
use crate::wire::{self, model};

/// Locates the content of an asset.
pub const GET_ASSET_DELIVERY: Endpoint = Endpoint::get("/asset-delivery-api/v1/assetId/{asset}")
    .with_scopes(&["legacy-asset:manage"])
    .with_budget(1000, 1000);

/// Locates the content of a version of an asset.
pub const GET_ASSET_VERSION_DELIVERY: Endpoint =
    Endpoint::get("/asset-delivery-api/v1/assetId/{asset}/version/{version}")
        .with_scopes(&["legacy-asset:manage"])
        .with_budget(1000, 1000);

model! {
    /// What the service tells of the content of an asset, from [`AssetHandle::fetch_delivery`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets>
    #[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[non_exhaustive]
    pub struct AssetDelivery {
        /// The URL of the content, on another host. Whoever has it can download the content for a short time.
        /// [`AssetHandle::locate`] returns the request that does.
        #[lenient]
        pub location: String,
        /// Whether the asset is archived.
        pub is_archived: Option<bool>,
        /// Whether the asset may be seen in recordings.
        pub is_recordable: Option<bool>,
        /// The number of the asset's type: 1 is an image, 3 audio, 10 a model, 13 a decal.
        pub asset_type_id: Option<u32>,
        /// The size of the content in bytes.
        #[serde(rename = "assetMetadatas", deserialize_with = "size", serialize_with = "size_metadata")]
        pub size: Option<u64>,
    }
}

/// The URL is left out: it is signed.
impl fmt::Debug for AssetDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssetDelivery")
            .field("is_archived", &self.is_archived)
            .field("is_recordable", &self.is_recordable)
            .field("asset_type_id", &self.asset_type_id)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// The type of metadata that has the size.
const SIZE: u64 = 1;

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let all = Vec::<Value>::deserialize(Value::deserialize(deserializer)?).unwrap_or_default();
    let number = |value: &Value| value.as_u64().or_else(|| wire::decimal(value.as_str()?));
    let mut sizes = all.iter().filter(|one| one.get("metadataType").and_then(number) == Some(SIZE));
    Ok(sizes.find_map(|one| number(one.get("value")?)))
}

#[allow(clippy::ref_option)]
fn size_metadata<S: Serializer>(size: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    let all = size.map(|size| json!({ "metadataType": SIZE, "value": size.to_string() }));
    serializer.collect_seq(all)
}

impl AssetHandle {
    /// Locates the content of the asset, and returns the request that downloads it.
    ///
    /// The content comes from another host, which never sees the credentials. The request is valid for a short time.
    ///
    /// Calls [`GET_ASSET_DELIVERY`], which needs the scope `legacy-asset:manage`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// let mut content = Vec::new();
    /// client.asset(id).locate()?.max_size(1_000_000).download(&mut content)?;
    /// # assert_eq!(content, std::fs::read("examples/assets/crate.png").unwrap());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) with the service's message if it refuses to deliver the
    /// asset: it says so with a success status.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets>
    pub fn locate(&self) -> Result<Request> {
        self.located(self.content(&GET_ASSET_DELIVERY))
    }

    /// Locates the content of a version of the asset. See [`locate`](Self::locate).
    ///
    /// Calls [`GET_ASSET_VERSION_DELIVERY`], which needs the scope `legacy-asset:manage`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// let mut content = Vec::new();
    /// asset.locate_version(1)?.download(&mut content)?;
    /// # assert_eq!(content, std::fs::read("examples/assets/crate.png").unwrap());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`locate`](Self::locate).
    pub fn locate_version(&self, number: u64) -> Result<Request> {
        self.located(self.content(&GET_ASSET_VERSION_DELIVERY).param("version", number))
    }

    /// Fetches what the service tells of the content of the asset, such as its size. Downloads nothing.
    ///
    /// Calls [`GET_ASSET_DELIVERY`], which needs the scope `legacy-asset:manage`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// let delivery = client.asset(id).fetch_delivery()?;
    /// if let Some(size) = delivery.size {
    ///     println!("{size} bytes");
    /// }
    /// # assert_eq!(delivery.size, Some(std::fs::metadata("examples/assets/crate.png").unwrap().len()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`locate`](Self::locate).
    pub fn fetch_delivery(&self) -> Result<AssetDelivery> {
        delivery(self.content(&GET_ASSET_DELIVERY))
    }

    /// Fetches what the service tells of the content of a version of the asset. See [`fetch_delivery`](Self::fetch_delivery).
    ///
    /// Calls [`GET_ASSET_VERSION_DELIVERY`], which needs the scope `legacy-asset:manage`.
    ///
    /// # Errors
    /// See [`locate`](Self::locate).
    pub fn fetch_version_delivery(&self, number: u64) -> Result<AssetDelivery> {
        delivery(self.content(&GET_ASSET_VERSION_DELIVERY).param("version", number))
    }

    fn content(&self, endpoint: &Endpoint) -> Request {
        self.client.call(endpoint).param("asset", self.id)
    }

    fn located(&self, request: Request) -> Result<Request> {
        let subject = request.subject();
        self.client.located(&subject, &delivery(request)?.location)
    }

    /// Copies the content of the asset to `writer`. Returns the number of bytes. See [`locate`](Self::locate).
    ///
    /// Calls [`GET_ASSET_DELIVERY`], which needs the scope `legacy-asset:manage`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// let mut content = Vec::new();
    /// asset.download(&mut content)?;
    /// # assert_eq!(content, std::fs::read("examples/assets/crate.png").unwrap());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`locate`](Self::locate) and [`Request::download`].
    pub fn download(&self, writer: &mut dyn Write) -> Result<u64> {
        self.locate()?.download(writer)
    }

    /// Saves the content of the asset as a file. Returns the number of bytes. See [`locate`](Self::locate).
    ///
    /// The file appears under its name only when it is complete; see [`Request::download_to`].
    ///
    /// Calls [`GET_ASSET_DELIVERY`], which needs the scope `legacy-asset:manage`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// # let path = std::env::temp_dir().join(format!("rblxopencloud-doc-{}.png", std::process::id()));
    /// let size = asset.download_to(&path)?;
    /// # assert_eq!(size, std::fs::metadata(&path).unwrap().len());
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`locate`](Self::locate) and [`Request::download`].
    #[doc(alias = "save")]
    #[doc(alias = "backup")]
    pub fn download_to(&self, path: impl AsRef<Path>) -> Result<u64> {
        self.locate()?.download_to(path)
    }
}

fn delivery(request: Request) -> Result<AssetDelivery> {
    request.read(|body| {
        let delivery: AssetDelivery = wire::from_slice(body)?;
        if !delivery.location.is_empty() {
            return Ok(delivery);
        }
        Err(DecodeError::expected("the location of a content"))
    })
}
