#!/bin/sh
# Debian ships Python without its venv module; install it where we may, and say what to do where we may not.
set -eu
package="$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get install -y -q "$package" || { apt-get update -q && apt-get install -y -q "$package"; }
else
    echo "Python's venv module is not installed; as root: apt-get install $package" >&2
    exit 1
fi
