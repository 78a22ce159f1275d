#!/usr/bin/env bash
# Check that the base images in Dockerfiles have a digest, or add it.
#   deploy/base_images.sh check   fail if one has none: the same commit could become another image
#   deploy/base_images.sh pin     add the current digest, or replace an older one (needs Docker)
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t dockerfiles < <(git ls-files --cached --others --exclude-standard Dockerfile '*/Dockerfile')

list() { # List the images in a Dockerfile: defaults of ARG …_IMAGE, and FROM unless it is a stage
  awk '
    $1 == "ARG" && $2 ~ /_IMAGE=/ { sub(/.*_IMAGE=/, "", $2); print $2 }
    $1 == "FROM" {
      image = $2 ~ /^--/ ? $3 : $2
      if (image !~ /\$/ && !(image in stages)) print image
      if (NF > 2) stages[$NF]
    }
  ' "$1"
}

check() {
  local file image unpinned=0
  for file in "${dockerfiles[@]}"; do
    for image in $(list "$file"); do
      [[ $image =~ @sha256:[0-9a-f]{64}$ ]] && continue
      echo "$file: the base image $image has no digest; merge Renovate's pull request that pins it, or run: make pin" >&2
      unpinned=1
    done
  done
  return $unpinned
}

pin() {
  local file image name digest
  for file in "${dockerfiles[@]}"; do
    for image in $(list "$file"); do
      name=${image%@*}
      # The digest of all platforms, not only this machine's.
      digest=$(docker buildx imagetools inspect "$name" --format '{{.Manifest.Digest}}')
      sed -i "s|$image\$|$name@$digest|; s|$image |$name@$digest |" "$file"
      echo "$file: $name@$digest"
    done
  done
}

"${1:-check}"
