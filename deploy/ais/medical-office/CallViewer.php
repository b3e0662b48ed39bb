{PHP}
// Medical Office: Bilder zum Eintrag in der Karteikarte im Browser öffnen. Liest die GDT-Datei des Aufrufs, sucht die Untersuchung und öffnet sie im Betrachter des PACS.
$HOST = '192.168.1.122';
$PORT = 8090;
$EXPORT = 'C:\\GDT\\export.gdt';
$BROWSER = 'rundll32 url.dll,FileProtocolHandler';

$field = array();
foreach (preg_split('/\r\n|\n/', (string)@file_get_contents($EXPORT)) as $line) {
    // LLLFFFFInhalt: drei Ziffern Länge, vier Ziffern Feldkennung
    if (preg_match('/^\d{3}(\d{4})(.*)$/', $line, $m)) {
        $field[$m[1]] = trim($m[2]);
    }
}
if (!isset($field['3000'], $field['8432'], $field['8439'])) {
    echo "In $EXPORT fehlen Patientennummer (3000), Datum (8432) oder Uhrzeit (8439).";
} else {
    $date = substr($field['8432'], 4, 4) . substr($field['8432'], 2, 2) . substr($field['8432'], 0, 2);
    $second = DateTime::createFromFormat('His', $field['8439']);
    $time = $second ? $second->format('His') . '-' . $second->modify('+1 second')->format('His') : '';
    $body = json_encode(array('Level' => 'Study', 'Expand' => true, 'Query' => array(
        'PatientID' => $field['3000'], 'StudyDate' => $date, 'StudyTime' => $time)));
    $context = stream_context_create(array('http' => array('method' => 'POST', 'content' => $body, 'timeout' => 5,
        'header' => 'Content-Type: application/json')));
    $studies = json_decode((string)@file_get_contents("http://$HOST:$PORT/tools/find", false, $context), true);
    if (empty($studies[0]['MainDicomTags']['StudyInstanceUID'])) {
        echo 'Zu diesem Eintrag sind im PACS keine Bilder.';
    } else {
        // nur Ziffern und Punkte dürfen in die Befehlszeile
        $uid = preg_replace('/[^0-9.]/', '', $studies[0]['MainDicomTags']['StudyInstanceUID']);
        pclose(popen("$BROWSER \"http://$HOST:$PORT/viewer?study=$uid\"", 'r'));
    }
}
{/PHP}
