#!/usr/bin/env bash
# Makes bank-api-VERSION-linux-ARCH.tar.gz in the folder given, with its SHA-256 beside it: the program and the Node that runs it.
# After `npm ci`, on the architecture it is for.
set -euo pipefail
cd "$(dirname "$0")/.."
to=$(mkdir -p "${1:-release}" && cd "${1:-release}" && pwd)
arch=$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
name=bank-api-$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)-linux-$arch

node -e 'import("./src/bundle.js").then(({ bundled }) => process.exit(bundled("server") ? 0 : 1))' ||
  { echo 'The bundle is not made from this source: npm run build' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
root=$work/$name
mkdir -p "$root/bin" "$root/node_modules/better-sqlite3/prebuilds"
cp -r dist drizzle docs examples package.json CHANGELOG.md README.md SECURITY.md "$root"
cp -r packaging/bank-api.service "$root"
# Of the native module, only what runs.
cp -r node_modules/better-sqlite3/package.json node_modules/better-sqlite3/lib "$root/node_modules/better-sqlite3"
cp -r node_modules/better-sqlite3/prebuilds/linux-"$arch"* "$root/node_modules/better-sqlite3/prebuilds"
cp node_modules/node-linux-"$arch"/bin/node "$root/bin/node"
for entry in bank-api:main bank-api-server:server; do
  printf '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexec "$here/node" "$here/../dist/%s.js" "$@"\n' "${entry#*:}" \
    > "$root/bin/${entry%:*}"
  chmod 755 "$root/bin/${entry%:*}"
done

# The same source gives the same bytes.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$work" -c "$name" | gzip -n > "$to/$name.tar.gz"
(cd "$to" && sha256sum "$name.tar.gz" > "$name.tar.gz.sha256")
echo "$to/$name.tar.gz"
