#!/usr/bin/env bash
# Find misspellings, and phrases that this project avoids (scripts/phrases.txt), in tracked files.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

files=('*.css' '*.html' '*.ipynb' '*.jinja' '*.js' '*.md' '*.py' '*.sh' '*.toml' '*.yaml' '*.yml'
  Dockerfile Makefile)

status=0
git ls-files -z -- "${files[@]}" | xargs -0 codespell || status=1
if git grep --line-number --ignore-case --extended-regexp -f scripts/phrases.txt -- "${files[@]}"; then
  echo "Say it in plainer words; scripts/phrases.txt has the phrases to avoid." >&2
  status=1
fi
exit "$status"
