#!/usr/bin/env bash
# Chromium, for tests of pages and their pictures: installs it on Debian and Ubuntu where it is not there.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then
    exit 0
  fi
done
if ! command -v apt-get >/dev/null || [[ "$(id -u)" != 0 ]]; then
  echo "Chromium is not on the path; install it (on Debian: apt-get install chromium)" >&2
  exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
