//! All calls. A row in this table puts a new endpoint into all tests that iterate over it.

use rblxopencloud::{AssetFile, AssetUpdate, Client, Endpoint, Error, endpoints};
use serde_json::{Value, json};

use super::{USER, noise, upload};

/// A call, with what tests need to know.
pub struct Call {
    /// The method's name in the README.
    pub method: &'static str,
    pub endpoint: Endpoint,
    /// The parameters of the path, in order.
    pub parameters: &'static [&'static str],
    /// Makes one request.
    pub make: fn(&Client) -> Result<(), Error>,
    /// A successful response.
    pub answer: fn() -> Value,
}

impl Call {
    /// The path of the request.
    pub fn path(&self) -> String {
        let mut parameters = self.parameters.iter();
        let segments = self.endpoint.path().split('/').map(|segment| match segment.starts_with('{') {
            true => parameters.next().expect("a parameter for each name"),
            false => segment,
        });
        segments.collect::<Vec<_>>().join("/")
    }
}

fn started() -> Value {
    json!({ "path": "operations/abc", "operationId": "abc", "done": false })
}

pub fn calls() -> Vec<Call> {
    vec![
        Call {
            method: "User::fetch_info",
            endpoint: endpoints::GET_USER,
            parameters: &["156"],
            make: |client| client.user(USER).fetch_info().map(drop),
            answer: || json!({ "id": "156", "name": "builderman" }),
        },
        Call {
            method: "User::list_inventory",
            endpoint: endpoints::LIST_INVENTORY_ITEMS,
            parameters: &["156"],
            make: |client| client.user(USER).list_inventory().try_for_each(|item| item.map(drop)),
            answer: || json!({ "inventoryItems": [], "nextPageToken": "" }),
        },
        Call {
            method: "User::list_groups",
            endpoint: endpoints::LIST_GROUP_MEMBERSHIPS,
            parameters: &["-"],
            make: |client| client.user(USER).list_groups().try_for_each(|member| member.map(drop)),
            answer: || json!({ "groupMemberships": [], "nextPageToken": "" }),
        },
        Call {
            method: "Group::fetch_info",
            endpoint: endpoints::GET_GROUP,
            parameters: &["7"],
            make: |client| client.group(7).fetch_info().map(drop),
            answer: || json!({ "id": "7", "displayName": "Roblox" }),
        },
        Call {
            method: "User::upload_asset",
            endpoint: endpoints::CREATE_ASSET,
            parameters: &[],
            make: |client| upload(&client.user(USER), AssetFile::from_bytes("a.png", noise(1000))).map(drop),
            answer: started,
        },
        Call {
            method: "User::update_asset",
            endpoint: endpoints::UPDATE_ASSET,
            parameters: &["4242"],
            make: |client| client.user(USER).update_asset(AssetUpdate::new(4242).display_name("name")).map(drop),
            answer: started,
        },
        Call {
            method: "Client::operation",
            endpoint: endpoints::GET_ASSET_OPERATION,
            parameters: &["abc"],
            make: |client| client.operation("operations/abc".parse()?).poll().map(drop),
            answer: started,
        },
    ]
}
