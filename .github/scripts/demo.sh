#!/bin/sh
# Prepares an environment and serves the support desk on http://127.0.0.1:8000.
set -eu
cd "$(dirname "$0")/../.."
PATH="$PWD/.uv/bin:$PATH"

sh .github/scripts/ensure_uv.sh
uv sync --locked --inexact --extra fastapi --extra httpx
exec uv run --no-sync python -m examples.support_desk "$@"
