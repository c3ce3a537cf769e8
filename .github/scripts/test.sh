#!/bin/sh
# Prepares the test environment and runs the tests; arguments go to pytest.
set -eu
cd "$(dirname "$0")/../.."
PATH="$PWD/.uv/bin:$PATH"

sh .github/scripts/setup_tests.sh
exec uv run --no-sync pytest "$@"
