{PHP}
// Medical Office: Auftrag an das Ultraschallgerät. Legt den Patienten in die Arbeitsliste (DICOM Worklist) des PACS.
// Oben drei Angaben anpassen, dann als "Programm" der GDT-Schnittstelle eintragen (einzeilig: CallWorklist-oneline.php).
$HOST = '192.168.1.122';
$PORT = 8090;
$PROCEDURE = 'Abdomen';

$text = function ($value) {
    // Medical Office liefert Windows-1252; das PACS versteht beides, UTF-8 ist eindeutig
    return preg_match('//u', $value) ? $value : iconv('Windows-1252', 'UTF-8', $value);
};
$query = http_build_query(array(
    'id' => $text('{Patient.PatID}'),
    'lastname' => $text('{Patient.Stammdaten.Nachname}'),
    'firstname' => $text('{Patient.Stammdaten.Vorname}'),
    'birthdate' => '{Patient.Stammdaten.Geburtsdatum}',
    'sex' => '{Patient.Geschlecht}',
    'procedure' => $text($PROCEDURE),
    'physician' => $text('{AArzt.Nachname}^{AArzt.Vorname}'),
), '', '&', PHP_QUERY_RFC3986);
$context = stream_context_create(array('http' => array('timeout' => 5, 'ignore_errors' => true)));
$answer = @file_get_contents("http://$HOST:$PORT/worklist/add?$query", false, $context);
if ($answer === false) {
    echo "Das PACS auf $HOST:$PORT antwortet nicht.";
} elseif (strpos($http_response_header[0], ' 200') === false) {
    echo 'Das PACS hat den Auftrag abgelehnt: ' . $answer;
}
{/PHP}
