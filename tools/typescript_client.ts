/**
 * Runs calls of openblox, a published TypeScript client, against the sandbox.
 *
 * `tools/other_clients.sh` installs what this needs, compiles it and runs it. It makes no request to Roblox.
 *
 * openblox has Roblox's address in its code, but sends each request through an adapter that a program can replace.
 */
import { readFileSync } from "node:fs";
import { setDefaultOpenbloxConfig, createOpenbloxConfig } from "openblox/config";
import { AssetsApi, GroupsApi, InventoryApi, UsersApi } from "openblox/cloud";

const url = process.env.ROBLOX_OPEN_CLOUD_URL ?? "";
const image = process.argv[2];
if (!/^http:\/\/127\.0\.0\.1:\d+$/.test(url) || !image) throw new Error("see tools/other_clients.sh");

// Sends every request to the sandbox, and none elsewhere.
const own = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const target = String(input).replace(/^https:\/\/apis\.roblox\.com/, url);
  if (!target.startsWith(url + "/")) throw new Error("a request to " + target);
  return own(target, init);
};
setDefaultOpenbloxConfig(createOpenbloxConfig({ cloudKey: process.env.ROBLOX_API_KEY }));

let failed = 0;
function check(name: string, isRight: boolean) {
  console.log((isRight ? "ok   " : "FAIL ") + name);
  if (!isRight) failed += 1;
}

async function control(method: string, path: string, body?: unknown): Promise<any> {
  const response = await own(url + "/sandbox" + path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

async function main() {
  const userId = Number(process.env.ROBLOX_USER_ID);
  const { data: user } = await UsersApi.userInfo({ userId });
  check("UsersApi.userInfo", user.name === "builderman" && user.createTime.getUTCFullYear() === 2006);
  const { data: thumbnail } = await UsersApi.userThumbnail({ userId, size: 48, format: "PNG", shape: "SQUARE" });
  check("UsersApi.userThumbnail", thumbnail.done === true && thumbnail.response.imageUri.endsWith("/pictures/156/48/PNG/SQUARE"));

  let items = 0;
  let cursor: any;
  do {
    const page = await InventoryApi.inventoryItemsForUser({ userId, limit: 100, cursor });
    items += page.data.length;
    cursor = page.cursors?.next || undefined;
  } while (cursor);
  check("InventoryApi.inventoryItemsForUser, all pages", items === 250);
  const { data: badges } = await InventoryApi.inventoryItemsForUser({ userId, filter: { badges: true } } as any);
  check("InventoryApi.inventoryItemsForUser, badges", badges.length === 2);

  const { data: group } = await GroupsApi.groupInfo({ groupId: 7 });
  check("GroupsApi.groupInfo", group.displayName === "Roblox" && group.owner === "users/156");
  const { data: members } = await GroupsApi.groupMembers({ groupId: 7, limit: 100 });
  check("GroupsApi.groupMembers", members.length === 2);
  const { data: roles } = await GroupsApi.groupRoles({ groupId: 7, limit: 20 });
  check("GroupsApi.groupRoles", roles.map((role) => role.rank).sort((a, b) => a - b).join() === "5,10,255");
  const { data: memberships } = await GroupsApi.groupMembers({ groupId: "-", filter: { userIds: [userId] } } as any);
  check("GroupsApi.groupMembers, of a user", memberships.length === 3);

  const { data: operation } = await AssetsApi.createAsset({
    userId, assetType: "Decal", displayName: "asset name", description: "asset description",
    file: readFileSync(image), fileName: "crate.png",
  } as any);
  check("AssetsApi.createAsset", operation.path.startsWith("operations/"));
  const answer = await own(`${url}/assets/v1/${operation.path}`, {
    headers: { "x-api-key": process.env.ROBLOX_API_KEY ?? "" },
  });
  const assetId = Number((await answer.json()).response.assetId);
  const { data: asset } = await AssetsApi.assetInfo({ assetId });
  check("AssetsApi.assetInfo", asset.displayName === "asset name" && String(asset.assetType) === "Decal");
  const { data: versions } = await AssetsApi.assetVersions({ assetId, limit: 10 } as any);
  check("AssetsApi.assetVersions", versions.length === 1);

  // What the sandbox adds for tests in any language.
  await control("PATCH", "/world", { users: [{ id: 157, name: "newcomer" }] });
  check("a user that was added", (await UsersApi.userInfo({ userId: 157 })).data.name === "newcomer");
  await control("POST", "/faults", { kind: "status", status: 503, path: "/cloud/v2/users/157" });
  const refused = await UsersApi.userInfo({ userId: 157 }).then(() => false, () => true);
  check("a fault", refused && (await UsersApi.userInfo({ userId: 157 })).data.name === "newcomer");
  const { requests } = await control("GET", "/requests");
  check("the requests that were seen", requests.length > 10 && requests.some((request: any) => request.status === 503));
}

main().then(() => process.exit(failed ? 1 : 0), (error) => { console.error(error); process.exit(1); });
