<?php
// Serves the endpoint, with the secret in WHK_SECRET_RENTMAN and the inbox in the file INBOX,
// and at /count how many events are in it. FAULT names one of faults.php.
//
//   whk test --provider rentman -- sh -c 'exec php -S 127.0.0.1:$PORT server.php'

declare(strict_types=1);

require __DIR__ . '/rentman.php';

ini_set('display_errors', '0'); // an error page tells a stranger how the endpoint is built

$db = new PDO('sqlite:' . (getenv('INBOX') ?: __DIR__ . '/inbox.sqlite'));
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);

if ($path === '/count') {
    header('Content-Type: application/json');
    $there = $db->query("SELECT count(*) FROM sqlite_master WHERE name = 'inbox'")->fetchColumn();
    echo json_encode(['count' => $there ? $db->query('SELECT count(*) FROM inbox')->fetchColumn() : 0]);
    return;
}
if ($path !== '/rentman') {
    http_response_code(404);
    return;
}
$fault = (string) getenv('FAULT');
$secret = (string) getenv('WHK_SECRET_RENTMAN');
if ($fault === '') {
    $endpoint = new Rentman($secret, $db);
} else {
    require __DIR__ . '/faults.php';
    $endpoint = fault($fault, $secret, $db);
}
http_response_code($endpoint->receive());
