#!/bin/sh
# From a clone to a policy, a baseline and a decision: what a first user types, on one workspace.
#
#   first-hour.sh <repository> [<arguments of pilot>]
#
# <repository> is an address or a path that git can clone. Needs git, jq, and `cargo gate` on the PATH. Prints one row of the table in
# docs/src/benchmarks.md and the decisions before and after; the clone and its reports stay in the directory `first-hour`.
set -eu
repository=$1
shift
name=$(basename "$(dirname "$repository")")-$(basename "$repository" .git)
[ -z "${NAME:-}" ] || name=$NAME
mkdir -p first-hour
cd first-hour
rm -rf "$name" "$name".*
here=$PWD

git clone --quiet --depth 1 "$repository" "$name"
cd "$name"
commit=$(git rev-parse --short=8 HEAD)

judge() {
  into=$1
  shift
  code=0
  cargo gate pilot --message-format json "$@" > "$here/$name.$into.json" 2> "$here/$name.$into.txt" || code=$?
  decision=$(jq -r '.decision // "no decision"' "$here/$name.$into.json" 2> "$here/$name.jq" || echo 'no decision')
  echo "$decision ($code)"
}

left() {
  jq '[.checks[]
    | select(.id != "stage.contract" and .id != "supply.advisories" and .id != "supply.yanked")
    | select(.outcome == "pass" or .outcome == "warn" or .outcome == "fail")
    | .findings // [] | .[] | select(.known | not)] | length' "$here/$name.$1.json"
}

before=$(judge before "$@")
cargo gate init --owner trial > "$here/$name.init.txt" 2>&1 || true
git add --all
git -c user.name=trial -c user.email=trial@example.org commit --quiet --message 'Declare a policy' || true
after=$(judge after "$@")
# A fix that changes what it does not name is visible here.
cargo gate pilot --fix --dry-run "$@" > "$here/$name.fix.txt" 2>&1 || true
known=$(jq '.counts.known // 0' "$here/$name.after.json")
edits=$(grep -c 'Would fix ' "$here/$name.fix.txt" || true)
echo "| $name | $commit | $(left before) | $known | $(left after) | $edits | $before, $after |"
