@echo off
rem Starts the server of compose.yaml in this folder.
cd /d "%~dp0"
docker compose up
