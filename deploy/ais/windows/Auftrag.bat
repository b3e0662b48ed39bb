@echo off
rem Traegt einen Patienten in die Arbeitsliste (DICOM Worklist) des PACS ein. Fuer jede Praxissoftware, die ein Programm mit Parametern startet. Das Programm curl ist ein Teil von Windows 10 und 11.
rem   Auftrag.bat Nummer Nachname Vorname TT.MM.JJJJ Geschlecht Untersuchung Arzt
rem   Auftrag.bat 4711 "Beispiel" "Eva" 07.03.1958 2 "Abdomen" "Hoffmann^Jan"
rem Geschlecht: 1 maennlich, 2 weiblich. Die Adresse des Servers steht hier, oder in der Umgebungsvariablen PACS.
setlocal DisableDelayedExpansion
if not defined PACS set "PACS=http://192.168.1.122:8042"
if "%~3"=="" (
  echo Aufruf: Auftrag.bat Nummer Nachname Vorname TT.MM.JJJJ Geschlecht Untersuchung Arzt
  exit /b 2
)
curl -f -sS -m 10 -o nul -G "%PACS%/worklist/add" --data-urlencode "id=%~1" --data-urlencode "lastname=%~2" --data-urlencode "firstname=%~3" --data-urlencode "birthdate=%~4" --data-urlencode "sex=%~5" --data-urlencode "procedure=%~6" --data-urlencode "physician=%~7"
if errorlevel 1 (
  echo Das PACS hat den Auftrag nicht angenommen.
  exit /b 1
)
