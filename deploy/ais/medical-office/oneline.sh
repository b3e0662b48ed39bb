#!/usr/bin/env bash
# Makes the one-line versions, which is what Medical Office's "Programm" field takes: comments and line breaks go.
set -euo pipefail
cd "$(dirname "$0")"
for name in CallWorklist CallWeasis CallViewer; do
  sed -e 's#^[[:space:]]*//.*$##' -e 's/^[[:space:]]*//' "$name.php" | grep -v '^$' | tr '\n' ' ' | sed -e 's/ $//' > "$name-oneline.php"
  echo >> "$name-oneline.php"
done
