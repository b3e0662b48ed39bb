#!/usr/bin/env bash
# Installs what the tests need, builds, checks the format and runs every test. See docs/testing.md.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

dotnet restore Pacs.sln
dotnet format Pacs.sln --verify-no-changes --no-restore
dotnet build Pacs.sln --no-restore --configuration Release
passed=0 failed=0
for project in Pacs.Tests Pacs.Interop; do
  log=$(mktemp)
  dotnet test "tests/$project" --no-build --configuration Release 2>&1 | tee "$log" || true
  p=$(grep -oE 'Passed: +[0-9]+' "$log" | tail -1 | grep -oE '[0-9]+' || echo 0)
  f=$(grep -oE 'Failed: +[0-9]+' "$log" | tail -1 | grep -oE '[0-9]+' || echo 1)
  passed=$((passed + p)) failed=$((failed + f))
  rm "$log"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
