#!/usr/bin/env bash
# Builds and starts the server: SQLite, DICOM and GDT files in ./data unless PACS__DataDirectory says otherwise. Arguments go to the server.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export PACS__DataDirectory="${PACS__DataDirectory:-$PWD/data}"
export PACS__GdtGenerator__IncomingDir="${PACS__GdtGenerator__IncomingDir:-$PACS__DataDirectory/gdt}"
dotnet build src/Pacs.Web --configuration Release --verbosity quiet
# exec: signals reach the server itself
exec dotnet artifacts/bin/Pacs.Web/release/Pacs.Web.dll "$@"
