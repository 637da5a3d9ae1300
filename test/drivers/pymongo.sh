#!/usr/bin/env bash
# Runs PyMongo's guide against a started server. Makes its own virtual environment in .venv; needs python3 and a built dist/.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
  echo "skipped: PyMongo's guide: $1"
  echo '0 passed, 0 failed, 1 skipped'
  exit 0
}

command -v python3 >/dev/null || skip 'there is no python3'
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || skip 'python3 is older than 3.11'
python=.venv/bin/python
if ! [ -x "$python" ] || ! "$python" -m pip --version >/dev/null 2>&1; then
  python3 -m venv --clear .venv >/dev/null 2>&1 || skip 'python3 cannot make a virtual environment with pip'
fi
install=("$python" -m pip install --quiet --disable-pip-version-check)
"$python" -c 'import pymongo; assert pymongo.version == "4.20.0"' 2>/dev/null || "${install[@]}" pymongo==4.20.0
# Only as built packages, and only if they come quickly: without them two compressors are not tested.
"$python" -c 'import backports.zstd, snappy' 2>/dev/null ||
  timeout 60 "${install[@]}" --only-binary :all: backports.zstd==1.8.0 python-snappy==0.7.3 ||
  echo 'the modules of snappy and zstd could not be installed'

folder=$(mktemp -d)
coproc server { exec node dist/cli/main.js serve --port 0 --dbpath "$folder"; }
pid=$server_PID
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; rm -rf "$folder"' EXIT
read -r line <&"${server[0]}"
"$python" -B test/drivers/guide_pymongo.py "${line##*: }"
