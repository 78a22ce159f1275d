#!/usr/bin/env bash
# Post a gate report as a comment on the issue that collects them; create it if needed.
#   GH_TOKEN=… GH_REPO=owner/name RUN_URL=… deploy/comment_report.sh REPORT.md
set -euo pipefail

label=retraining
text=$(printf '%s\n\n[Workflow run](%s)\n' "$(cat "$1")" "$RUN_URL")
issue=$(gh issue list --label "$label" --state open --limit 1 --json number --jq '.[].number')
if [ -n "$issue" ]; then
  gh issue comment "$issue" --body "$text"
else
  gh label create "$label" --force --description "Reports of the release gate"
  gh issue create --title "Reports of retraining" --label "$label" --body "$text"
fi
