#!/bin/sh
# Installs uv into .uv/ where the machine has none. Callers put .uv/bin in front of their PATH.
set -eu
cd "$(dirname "$0")/../.."
PATH="$PWD/.uv/bin:$PATH"

# Run, not looked up: a version manager's shim exists even where it cannot start the program.
if uv --version >/dev/null 2>&1; then
    exit 0
fi

# --target leaves the machine's own Python alone, which distributions do not let pip change.
install_uv() {
    "$1" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
        --target .uv uv 2>.uv/install.log && .uv/bin/uv --version >/dev/null && rm .uv/install.log
}

install_uv_from_venv() {
    python3 -m venv --clear .uv/venv >.uv/install.log 2>&1 && install_uv .uv/venv/bin/python
}

if ! python3 --version >/dev/null 2>&1; then
    echo "Neither uv nor Python 3 was found. See https://docs.astral.sh/uv/ for ways to install uv." >&2
    exit 1
fi
mkdir -p .uv
echo "uv is not installed on this machine: installing it into .uv/"
if install_uv python3 || install_uv_from_venv; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        ca-certificates python3-venv >/dev/null
    if install_uv_from_venv; then
        exit 0
    fi
fi
cat .uv/install.log >&2
echo "uv could not be installed: install it (https://docs.astral.sh/uv/), or Python's venv module" \
    "(on Debian: apt-get install python3-venv), and try again." >&2
exit 1
