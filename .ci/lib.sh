# Shared by the scripts in this folder: where things are, how they speak, how results are counted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
export PATH="$root/tools/bin:$root/node_modules/.bin:${CARGO_HOME:-${HOME:-/nonexistent}/.cargo}/bin:$PATH"
# Trunk reads NO_COLOR as true or false and stops at the usual "1".
unset NO_COLOR

say() { printf '\n== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Finds the browser and its driver; CHROME and CHROMEDRIVER name others.
find_browser() {
  local name
  for name in "${CHROME:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && have "$name"; then CHROME=$(command -v "$name"); break; fi
  done
  for name in "${CHROMEDRIVER:-}" chromedriver; do
    if [ -n "$name" ] && have "$name"; then CHROMEDRIVER=$(command -v "$name"); break; fi
  done
  export CHROME CHROMEDRIVER
  [ -n "${CHROME:-}" ] && have "$CHROME"
}
have_driver() { [ -n "${CHROMEDRIVER:-}" ] && have "$CHROMEDRIVER"; }

# Makes a program small, and so quick to fetch.
optimise() {
  wasm-opt -Oz --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals \
    --enable-reference-types --enable-multivalue "$1" -o "$1.small" && mv "$1.small" "$1"
}

# Results: one line "suite passed failed" per suite, summed by `.ci/run`.
results=$root/target/ci/results
record() { mkdir -p "${results%/*}"; printf '%s %s %s\n' "$1" "$2" "$3" >>"$results"; }

# Runs a check that passes or fails as a whole: step NAME COMMAND...
step() {
  local name=$1; shift
  say "$name"
  if "$@" </dev/null; then record "${name// /-}" 1 0; else
    record "${name// /-}" 0 1
    printf 'FAILED: %s\n' "$name"
    failed=1
  fi
}
failed=0
