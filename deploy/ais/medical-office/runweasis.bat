@echo off
rem Hands the commands of CallWeasis.php to Weasis. Another folder: set WEASIS before the call.
if not defined WEASIS set "WEASIS=%ProgramFiles%\Weasis\Weasis.exe"
if not exist "%WEASIS%" (
  echo Weasis wurde nicht gefunden: %WEASIS%
  exit /b 1
)
start "" "%WEASIS%" %*
