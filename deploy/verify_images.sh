#!/usr/bin/env bash
# Verify the attestations of images: that release.yml of this repository built them from a commit
# of main, on GitHub-hosted runners.
#   GH_TOKEN=… GITHUB_REPOSITORY=owner/name deploy/verify_images.sh COMMIT NAME@sha256:…
set -euo pipefail

commit=$1
shift
if ! git merge-base --is-ancestor "$commit" origin/main; then
  echo "$commit is not a commit of main: only merged commits are deployed" >&2
  exit 1
fi
for image; do
  gh attestation verify "oci://$image" --repo "$GITHUB_REPOSITORY" \
    --signer-workflow "$GITHUB_REPOSITORY/.github/workflows/release.yml" \
    --source-digest "$commit" --deny-self-hosted-runners
done
