@echo off
rem Oeffnet die Bilder eines Patienten in Weasis, das auf diesem Arbeitsplatz installiert sein muss.
rem   Weasis.bat 4711
rem Die Adresse des Servers steht hier, oder in der Umgebungsvariablen PACS.
setlocal DisableDelayedExpansion
if not defined PACS set "PACS=http://192.168.1.122:8042"
if "%~1"=="" (
  echo Aufruf: Weasis.bat Nummer
  exit /b 2
)
start "" "weasis://?%%24dicom%%3Ars%%20--url%%20%%22%PACS%/dicom-web%%22%%20-r%%20%%22patientID%%3D%~1%%22"
