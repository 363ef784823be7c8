#!/usr/bin/env python3
"""Runs the documented examples of the published Python client against the sandbox.

    pip install rblx-open-cloud==2.3.0
    cargo build -p rblxopencloud-sandbox
    python tools/python_client.py

`tools/other_clients.sh` does it in a temporary folder. The client has Roblox's address in its code, but all its requests go through
one session, which takes an adapter.

A second implementation that is used with the live service: where it and the sandbox disagree, one of them is wrong.
It makes no request to Roblox.
"""

import os
import pathlib
import re
import subprocess
import sys

import requests
import rblxopencloud
from rblxopencloud import http

ROOT = pathlib.Path(__file__).resolve().parent.parent
IMAGE = ROOT / "examples" / "assets" / "crate.png"


class ToSandbox(requests.adapters.HTTPAdapter):
    """Sends every request to the sandbox, and none elsewhere."""

    def __init__(self, url):
        self.url = url
        super().__init__()

    def send(self, request, **kwargs):
        request.url = re.sub(r"^https://apis\.roblox\.com", self.url, request.url)
        if not request.url.startswith("http://127.0.0.1:"):
            raise RuntimeError(f"a request to {request.url}")
        return super().send(request, **kwargs)


def check(name, is_right):
    print(f"{'ok  ' if is_right else 'FAIL'} {name}")
    if not is_right:
        check.failed += 1


check.failed = 0


def main():
    suffix = ".exe" if sys.platform == "win32" else ""
    binary = os.environ.get("SANDBOX_BINARY") or ROOT / "target" / "debug" / f"rblxopencloud-sandbox{suffix}"
    with subprocess.Popen([binary], stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            settings = dict(read_setting(sandbox.stdout) for _ in range(3))
            adapter = ToSandbox(settings["ROBLOX_OPEN_CLOUD_URL"])
            for scheme in ("https://", "http://"):
                http.http_session.mount(scheme, adapter)
            run(settings["ROBLOX_API_KEY"])
        finally:
            sandbox.kill()
    sys.exit(1 if check.failed else 0)


def read_setting(output):
    for line in output:
        if line.startswith("export "):
            name, value = line.removeprefix("export ").strip().split("=", 1)
            return name, value
    raise RuntimeError("the sandbox did not start")


def run(key):
    user = rblxopencloud.User(156, key)
    user.fetch_info()
    check("user.fetch_info", (user.display_name, user.username) == ("Builderman", "builderman"))
    check("user.list_inventory", len(list(user.list_inventory())) == 250)
    kinds = rblxopencloud.InventoryAssetType
    clothes = [kinds.ClassicShirt, kinds.ClassicTShirt, kinds.ClassicPants]
    shown = list(user.list_inventory(assets=clothes))
    check("user.list_inventory, clothes", shown and all(item.type in clothes for item in shown))
    badges = list(user.list_inventory(badges=[111, 222], game_passes=[777]))
    check("user.list_inventory, ids", sorted(int(item.id) for item in badges) == [111, 222, 777])
    check("user.list_groups", sorted(member.group.id for member in user.list_groups()) == [7, 1200, 36000])
    headshot = user.generate_headshot(size=48, format="jpeg").wait()
    check("user.generate_headshot", headshot.endswith("/pictures/156/48/JPEG/SQUARE"))

    with open(IMAGE, "rb") as file:
        operation = user.upload_asset(file, rblxopencloud.AssetType.Decal, "asset name", "asset description")
    asset = operation.wait()
    check("user.upload_asset", (asset.name, asset.description) == ("asset name", "asset description"))
    model = ROOT / "target" / "python_client.fbx"
    model.write_bytes(b"Kaydara FBX Binary  \0\x1a\0")
    with open(model, "rb") as file:
        made = user.upload_asset(file, rblxopencloud.AssetType.Model, "model", "one").wait()
    with open(model, "rb") as file:
        changed = user.update_asset(made.id, file=file, description="two").wait()
    check("user.update_asset", changed.description == "two")
    check("user.list_asset_versions", [int(version.version_number) for version in user.list_asset_versions(made.id)] == [2, 1])
    check("user.fetch_asset_version", int(user.fetch_asset_version(made.id, 1).version_number) == 1)
    check("user.rollback_asset", int(user.rollback_asset(made.id, 1).version_number) == 3)
    user.archive_asset(made.id)
    check("user.restore_asset", user.restore_asset(made.id).id == made.id)
    check("user.fetch_asset", user.fetch_asset(made.id).name == "model")
    free = {"modelAssetId": str(made.id), "published": True}
    http.send_request("POST", "/creator-store-products", authorization=key, json=free, expected_status=[200])
    product = user.fetch_creator_store_product(rblxopencloud.AssetType.Model, made.id)
    check("user.fetch_creator_store_product", (product.asset_id, int(product.creator.id)) == (made.id, 156))

    group = rblxopencloud.Group(7, key)
    group.fetch_info()
    check("group.fetch_info", (group.name, group.member_count, group.owner.id) == ("Roblox", 2, 156))
    check("group.list_roles", sorted(role.rank for role in group.list_roles()) == [5, 10, 255])
    check("group.fetch_role", group.fetch_role(99).name == "Owner")
    check("group.list_members", sorted(member.id for member in group.list_members()) == [156, 1007])
    check("group.list_members, role", [member.id for member in group.list_members(role_id=99)] == [156])
    check("group.fetch_member", group.fetch_member(156).role_id == 99)
    check("group.update_member", group.update_member(1007, 97).role_id == 97)
    check("group.list_join_requests", list(group.list_join_requests()) == [])
    for name, answer in [("accept", group.accept_join_request), ("decline", group.decline_join_request)]:
        # The form of the id is right, and nobody has asked to join.
        try:
            answer(21557)
            check(f"group.{name}_join_request", False)
        except rblxopencloud.NotFound:
            check(f"group.{name}_join_request", True)


if __name__ == "__main__":
    main()
