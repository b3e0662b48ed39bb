@echo off
rem Oeffnet die Bilder eines Patienten im Browser, im Betrachter des PACS.
rem   Bilder.bat 4711
rem Die Adresse des Servers steht hier, oder in der Umgebungsvariablen PACS.
setlocal DisableDelayedExpansion
if not defined PACS set "PACS=http://192.168.1.122:8042"
if "%~1"=="" (
  echo Aufruf: Bilder.bat Nummer
  exit /b 2
)
start "" "%PACS%/viewer?patient=%~1"
