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
        f"Python 3.11, 3.12 or 3.13 is required, but {sys.executable} is"
        f" {found[0]}.{found[1]}; choose another one with: make PYTHON=python3.12 ..."
    )
'
echo "Installing the $(grep -c "^[a-z0-9].*==" "$lock") packages of $lock into $folder (once; this may take minutes)"
"$python" -m venv --clear "$folder"
pip=("$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes)
# uv is three times as fast as pip, but does not read pip's configuration: if an index is
# configured there, pip is used instead. Both in the versions of requirements.lock: Debian 12's
# pip rejects the lock as soon as there is a newer coverage[toml].
sed -nE '/^(pip|uv)==/,/[^\\]$/p' requirements.lock | "${pip[@]}" --requirement /dev/stdin
"$folder/bin/uv" pip install --quiet --python "$folder/bin/python" --compile-bytecode \
  --require-hashes --requirement "$lock" \
  || "${pip[@]}" --requirement "$lock"
touch "$folder/.ready"
