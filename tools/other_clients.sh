#!/usr/bin/env bash
# Runs published clients of other languages against the sandbox: rblx-open-cloud (Python) and openblox (TypeScript).
#
#     tools/other_clients.sh
#
# They are used with the live service: where one and the sandbox disagree, one of them is wrong. Not a part of .ci/run, because pip and
# npm download packages. These go into a temporary folder. No request is made to Roblox.
#
# Ends with 0 if no check has failed. A client that can't be installed here is "NOT CHECKED", and with all of them it ends with 2.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON_CLIENT="rblx-open-cloud==2.3.0"
TYPESCRIPT_CLIENT="openblox@1.0.62"

work="$(mktemp -d)"
sandbox=""
trap '[ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true; rm -rf "$work"' EXIT
checked=0
failed=0

not_checked() { printf '\n!! NOT CHECKED: %s\n' "$*"; }

cargo build --quiet -p rblxopencloud-sandbox
binary="$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug/rblxopencloud-sandbox"

printf '== Python: %s\n' "$PYTHON_CLIENT"
if ! command -v python3 >/dev/null; then
    not_checked "the Python client: there is no python3"
elif ! { python3 -m venv "$work/python" && "$work/python/bin/pip" install --quiet --disable-pip-version-check "$PYTHON_CLIENT"; } >"$work/pip.log" 2>&1; then
    not_checked "the Python client: pip can't install it"
    tail -n 3 "$work/pip.log"
else
    checked=$((checked + 1))
    SANDBOX_BINARY="$binary" "$work/python/bin/python" tools/python_client.py || failed=1
fi

printf '\n== TypeScript: %s\n' "$TYPESCRIPT_CLIENT"
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    not_checked "the TypeScript client: there is no npm or no node"
elif ! (mkdir "$work/typescript" && cd "$work/typescript" && npm install --silent --no-audit --no-fund "$TYPESCRIPT_CLIENT" typescript@5 @types/node@20) >"$work/npm.log" 2>&1; then
    not_checked "the TypeScript client: npm can't install it"
    tail -n 3 "$work/npm.log"
else
    checked=$((checked + 1))
    cp tools/typescript_client.ts "$work/typescript/"
    "$binary" >"$work/sandbox.log" &
    sandbox=$!
    for _ in $(seq 100); do
        grep -q '^set ROBLOX_USER_ID=' "$work/sandbox.log" && break
        sleep 0.1
    done
    # The lines for sh, which the sandbox prints.
    grep '^export ' "$work/sandbox.log" >"$work/exports"
    # shellcheck disable=SC1091
    . "$work/exports"
    image="$PWD/examples/assets/crate.png"
    (
        cd "$work/typescript" &&
            npx --no-install tsc --target es2022 --module node16 --moduleResolution node16 --skipLibCheck --strict typescript_client.ts &&
            node typescript_client.js "$image"
    ) || failed=1
fi

if [ "$checked" = 0 ]; then
    exit 2
fi
exit "$failed"
