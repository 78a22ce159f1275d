#!/usr/bin/env bash
# List the targets of a Makefile by group: "##@ Group" starts a group, "target: ## text" is a
# target.
set -euo pipefail

awk '
  /^##@ / { printf "%s%s\n", separator, substr($0, 5); separator = "\n" }
  /^[a-z-]+:.*## / {
    target = text = $0
    sub(/:.*/, "", target)
    sub(/.*## /, "", text)
    printf "  %-18s%s\n", target, text
  }
' "$@"
