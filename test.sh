#!/usr/bin/env bash
# Installs what the tests need, builds, checks the format and runs every test. See docs/testing.md.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# Peers that we did not write. Where they cannot be installed (no Debian, no root) their tests are skipped and say so.
packages=(dcmtk libjpeg-turbo-progs orthanc python3-pydicom python3-numpy chromium strace php-cli libcharls2 libgdcm-tools libopenjp2-tools)
if command -v dpkg-query >/dev/null && [ "$(id -u)" = 0 ]; then
  missing=()
  for p in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    # the package starts Orthanc on our own ports; the tests start theirs on free ones
    if command -v systemctl >/dev/null && systemctl is-active -q orthanc 2>/dev/null; then systemctl stop orthanc; fi
  fi
fi

# DICOM programs that we did not write; without npm or a registry their tests are skipped
if command -v npm >/dev/null; then
  npm ci --prefix tests/node --ignore-scripts --no-audit --no-fund --silent || echo "dcmjs-dimse and dicomweb-client cannot be installed"
fi

# The viewer OHIF, for a test that opens studies of ours in it: 50 MB, a few seconds; without its source maps and segmentation models
ohif=artifacts/ohif-3.13.2
ohif_sha512=5997719a9986eeba85816f5924b71b82bdd70ad2e2d4a0cd3e831a798e4f3deea3e06e1f8c48e393271933a0ba664d85f3b04ac457e9abe8dde715d907d13c10
if command -v npm >/dev/null && [ ! -d "$ohif" ]; then
  mkdir -p artifacts
  if timeout 60 npm pack @ohif/app@3.13.2 --pack-destination artifacts --silent >/dev/null && echo "$ohif_sha512  artifacts/ohif-app-3.13.2.tgz" | sha512sum --check --quiet; then
    mkdir -p "$ohif.part" && tar xzf artifacts/ohif-app-3.13.2.tgz -C "$ohif.part" --exclude='*.map' --exclude=package/dist/ort && mv "$ohif.part" "$ohif"
  else
    echo "@ohif/app cannot be had"
  fi
  rm -f artifacts/ohif-app-3.13.2.tgz
fi

dotnet restore Pacs.sln
# whitespace alone: style and analyzers are errors of the build, and looking for them twice takes minutes
dotnet format whitespace Pacs.sln --verify-no-changes --no-restore
# crash points are compiled in for the crash tests only; a published server does not have them
dotnet build Pacs.sln --no-restore --configuration Release -p:CrashPoints=true
# the programs of others meet the server as it is published
dotnet publish src/Pacs.Web --no-build --configuration Release -p:CrashPoints=true --output artifacts/server
export PACS_SERVER="$PWD/artifacts/server/Pacs.Web.dll"

# side by side: one waits for processors, the other for peers and clocks. A run in which no test ends for minutes is ended, and names the tests that hang.
logs=$(mktemp -d)
for project in Pacs.Tests Pacs.Interop; do
  dotnet test "tests/$project" --no-build --configuration Release --blame-hang-timeout 6m --blame-hang-dump-type none 2>&1 \
    | tee "$logs/$project" | grep --line-buffered -F '[FAIL]' &
done
wait

passed=0 failed=0 skipped=0
count() { grep -oE "$1: +[0-9]+" "$2" | tail -1 | grep -oE '[0-9]+' || echo "$3"; }
for log in "$logs"/*; do
  cat "$log"
  # a run that printed no summary has failed
  passed=$((passed + $(count Passed "$log" 0)))
  failed=$((failed + $(count Failed "$log" 1)))
  skipped=$((skipped + $(count Skipped "$log" 0)))
done
rm -r "$logs"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
