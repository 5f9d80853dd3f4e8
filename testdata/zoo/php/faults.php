<?php
// What goes wrong in endpoints for Rentman that people write in PHP. Each fault replaces one
// step of rentman.php; FAULT=name serves the endpoint with it.

declare(strict_types=1);

function fault(string $name, string $secret, PDO $db): Rentman
{
    switch ($name) {
        case 'M1 no header is fine':
            return new class ($secret, $db) extends Rentman {
                protected function genuine(string $body, string $secret): bool
                {
                    return !isset($_SERVER['HTTP_DIGEST']) || parent::genuine($body, $secret);
                }
            };
        case 'M2 getenv is false, which is empty':
            return new class ($secret === '' ? "\0" : $secret, $db) extends Rentman { // an HMAC takes a zero for what is empty
            };
        case 'M3 the result is not looked at':
            return new class ($secret, $db) extends Rentman {
                protected function genuine(string $body, string $secret): bool
                {
                    parent::genuine($body, $secret); // || return false
                    return true;
                }
            };
        case 'M5 the header names the hash':
            return new class ($secret, $db) extends Rentman {
                protected function genuine(string $body, string $secret): bool
                {
                    [$algorithm, $sent] = explode('=', $_SERVER['HTTP_DIGEST'] ?? '', 2) + ['', ''];
                    return in_array($algorithm, hash_hmac_algos(), true) && hash_equals(hash_hmac($algorithm, $body, $secret), $sent);
                }
            };
        case 'M6 the header names a hash that is none':
            return new class ($secret, $db) extends Rentman {
                protected function genuine(string $body, string $secret): bool
                {
                    [$algorithm] = explode('=', $_SERVER['HTTP_DIGEST'] ?? 'sha512');
                    hash_hmac($algorithm, $body, $secret); // throws a ValueError
                    return parent::genuine($body, $secret);
                }
            };
        case 'explode without a look at what it gives':
            return new class ($secret, $db) extends Rentman {
                protected function genuine(string $body, string $secret): bool
                {
                    [, $sent] = explode('=', $_SERVER['HTTP_DIGEST'] ?? '', 2);
                    return hash_equals(hash_hmac('sha512', $body, $secret), $sent); // which may be null
                }
            };
        case 'the name in getallheaders':
            return new class ($secret, $db) extends Rentman {
                protected function genuine(string $body, string $secret): bool
                {
                    return hash_equals('sha512=' . hash_hmac('sha512', $body, $secret), getallheaders()['Digest'] ?? '');
                }
            };
        case 'M10 $_SERVER[DIGEST]':
            return new class ($secret, $db) extends Rentman {
                protected function genuine(string $body, string $secret): bool
                {
                    return hash_equals('sha512=' . hash_hmac('sha512', $body, $secret), $_SERVER['DIGEST'] ?? '');
                }
            };
        case 'M14 the key is hashed first':
            return new class ($secret, $db) extends Rentman {
                protected function genuine(string $body, string $secret): bool
                {
                    return parent::genuine($body, hash('sha256', $secret));
                }
            };
        case '$_POST':
            return new class ($secret, $db) extends Rentman {
                protected function body(): string
                {
                    return json_encode($_POST);
                }
            };
        case 'M15 json_encode of json_decode':
            return new class ($secret, $db) extends Rentman {
                protected function body(): string
                {
                    return json_encode(json_decode(parent::body()), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE) ?: '';
                }
            };
        case 'trim':
            return new class ($secret, $db) extends Rentman {
                protected function body(): string
                {
                    return trim(parent::body());
                }
            };
        case 'strncmp':
            return new class ($secret, $db) extends Rentman {
                protected function genuine(string $body, string $secret): bool
                {
                    return strncmp('sha512=' . hash_hmac('sha512', $body, $secret), $_SERVER['HTTP_DIGEST'] ?? '', 32) === 0;
                }
            };
        case 'base64 is as good as hex':
            return new class ($secret, $db) extends Rentman {
                protected function genuine(string $body, string $secret): bool
                {
                    $sum = hash_hmac('sha512', $body, $secret, true);
                    return parent::genuine($body, $secret) || hash_equals('sha512=' . base64_encode($sum), $_SERVER['HTTP_DIGEST'] ?? '');
                }
            };
        case 'errors are displayed':
            ini_set('display_errors', '1');
            return fault('explode without a look at what it gives', $secret, $db);
        case 'M18 an item is an array':
            return new class ($secret, $db) extends Rentman {
                protected function remember(string $body): void
                {
                    $event = json_decode($body, true);
                    array_map(fn (array $item) => $item['id'] ?? null, is_array($event['items'] ?? null) ? $event['items'] : []);
                    parent::remember($body);
                }
            };
        case 'M19 the user is an array':
            return new class ($secret, $db) extends Rentman {
                protected function remember(string $body): void
                {
                    $event = json_decode($body, true);
                    if (isset($event['items'])) {
                        (fn (array $user) => $user['id'] ?? null)($event['user']);
                    }
                    parent::remember($body);
                }
            };
        case 'die with a text':
            return new class ($secret, $db) extends Rentman {
                protected function genuine(string $body, string $secret): bool
                {
                    return parent::genuine($body, $secret) || die('Invalid signature');
                }
            };
        case 'every method is taken':
            $_SERVER['REQUEST_METHOD'] = 'POST';
            return new Rentman($secret, $db);
        case 'every delivery is new':
            return new class ($secret, $db) extends Rentman {
                protected function remember(string $body): void
                {
                    $this->db->prepare('INSERT INTO inbox (id, body) VALUES (?, ?)')->execute([uniqid('', true) . getmypid(), $body]);
                }
            };
        case 'SELECT, then INSERT':
            return new class ($secret, $db) extends Rentman {
                protected function remember(string $body): void
                {
                    $seen = $this->db->prepare('SELECT 1 FROM inbox WHERE body = ?');
                    $seen->execute([$body]);
                    if (!$seen->fetch()) {
                        usleep(2000); // the work
                        $this->db->prepare('INSERT INTO inbox (id, body) VALUES (?, ?)')->execute([uniqid('', true) . getmypid(), $body]);
                    }
                }
            };
    }
    throw new InvalidArgumentException("no fault $name");
}
