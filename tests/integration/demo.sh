#!/usr/bin/env bash
# The demo: fetches a small pinned package of public API documents, indexes it into a SQLite file of its own, shows the
# status, and asks three questions. Fails unless at least 500 operations are indexed and each question finds its
# operation in the first three. The documents, the configuration and the file stay in FOLDER.
#
#   demo.sh PROGRAM FOLDER
set -euo pipefail

program=$1
folder=$2
package=@readme/oas-examples@8.2.2
file=readme-oas-examples-8.2.2.tgz
sha512=bb2b65be5ca5ab7ce97a61b487547b8a394c0426a3a97534569308d48c3e8fdd
sha512+=acefb63fa13ea905fdc164dd25625d162064e1ecf38ce0976eecbd78782cf05d

mkdir -p "$folder"
is_right() { echo "$sha512  $folder/$file" | sha512sum --check --status 2> /dev/null; }
if ! is_right; then
    echo "demo: fetching $package"
    rm -f "$folder/$file"
    # npm pack only downloads: no script of the package runs.
    (cd "$folder" && npm pack --loglevel=error --ignore-scripts "$package" > /dev/null) || {
        echo "demo: npm cannot fetch $package; check the network and npm's registry, or put $file into $folder" >&2
        exit 1
    }
    is_right || {
        echo "demo: $folder/$file is not the pinned file (SHA-512 differs); delete it and try again" >&2
        exit 1
    }
fi

documents=$folder/oas-examples
config=$folder/embedq.yaml
rm -rf "$documents" "$folder"/embedq.db*
mkdir "$documents"
# The documents alone, not what the package is built with.
tar -xzf "$folder/$file" -C "$documents" --strip-components=1 --wildcards 'package/[0-9]*'
cat > "$config" << EOF
# What runs without a configuration, but with its file in this folder.
version: 1
store: { plugin: sqlite, options: { path: "$(realpath "$folder")/embedq.db" } }
EOF

say() { printf '\n$ %s --config %s %s\n' "$program" "$config" "$*"; }
embedq() { "$program" --config "$config" "$@"; }

say index "$documents"
embedq index "$documents"
say status
embedq status

counts=$(embedq status --json | python3 -c '
import json, sys
catalogs = json.load(sys.stdin)["catalogs"]
print(sum(c["operation_count"] for c in catalogs), sum(c["embedding_count"] for c in catalogs))')
read -r operations embedded <<< "$counts"
if [ "$operations" -lt 500 ] || [ "$embedded" -ne "$operations" ]; then
    echo "demo: $embedded of $operations operations are indexed; at least 500, and all of them, were expected" >&2
    exit 1
fi

# ask QUESTION METHOD PATH: the operation must be in the first three.
ask() {
    say search "\"$1\"" --limit 3
    embedq search "$1" --limit 3
    embedq search "$1" --limit 3 --json | python3 -c '
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

cat << EOF

demo: $operations operations indexed, and each question found its operation. Continue with:

  $program --config $config search "cancel an order"
  $program --config $config status
  $program --config $config index $documents      # embeds only what changed
EOF
