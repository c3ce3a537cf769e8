#!/bin/sh
# Prepares the environment that the tests run in: uv, the Python packages and, as root on Debian,
# the programs that groups of tests drive. Ends with the list of groups that stay out.
set -eu
cd "$(dirname "$0")/../.."
PATH="$PWD/.uv/bin:$PATH"

sh .github/scripts/ensure_uv.sh
uv sync --locked --inexact --extra dev

packages=$(uv run --no-sync python -m tests.groups debian-packages)
if [ -n "$packages" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing for the tests: $packages"
    # A machine without a package mirror still runs the other groups.
    # shellcheck disable=SC2086
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $packages >/dev/null; } || \
        echo "apt-get could not install them" >&2
fi
uv run --no-sync python -m tests.groups
