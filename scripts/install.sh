#!/usr/bin/env bash
# Create a virtual environment with the packages of a lock file, verified by their hashes.
#   PYTHON=python3.12 scripts/install.sh FOLDER LOCK
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
folder=$1
lock=$2

"$python" -c '
import sys
found = sys.version_info
if not (3, 11) <= found < (3, 14):
    sys.exit(
        f"Python 3.11, 3.12 or 3.13 is needed, {sys.executable} is {found[0]}.{found[1]};"
        " name another with: make PYTHON=python3.12 ..."
    )
'
echo "Installing $lock into $folder, once"
"$python" -m venv --clear "$folder"
pip=("$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes)
# uv installs in a third of pip's time, but does not read pip's configuration: where an
# index is set there, pip itself takes over. Its version is the one in requirements.lock.
sed -n '/^uv==/,/[^\\]$/p' requirements.lock | "${pip[@]}" --requirement /dev/stdin
"$folder/bin/uv" pip install --quiet --python "$folder/bin/python" --compile-bytecode \
  --require-hashes --requirement "$lock" \
  || "${pip[@]}" --requirement "$lock"
touch "$folder/.ready"
