<?php
// An endpoint for Rentman's webhooks in plain PHP, to be copied.

declare(strict_types=1);

class Rentman
{
    public function __construct(private string $secret, protected PDO $db)
    {
        if ($secret === '') {
            throw new InvalidArgumentException('an endpoint without its secret would believe everybody');
        }
        $db->setAttribute(PDO::ATTR_TIMEOUT, 5); // seconds, for another process that writes
        $db->exec('CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, body BLOB)');
    }

    /** Receives a delivery and returns the status to answer with. */
    public function receive(): int
    {
        if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
            header('Allow: POST');
            return 405;
        }
        $body = $this->body();
        if (!$this->genuine($body, $this->secret)) {
            return 401;
        }
        // It is kept, not worked on: a worker takes it from the inbox, and no sender waits for
        // it. A repeat is answered like the first, or it would come again.
        $this->remember($body);
        return 204;
    }

    /** The body as it came: the signature is over its bytes, and $_POST holds forms alone. */
    protected function body(): string
    {
        return (string) file_get_contents('php://input');
    }

    /** Rentman sends "Digest: sha512=" and the HMAC. Which hash it is, we say and not the header. */
    protected function genuine(string $body, string $secret): bool
    {
        $right = 'sha512=' . hash_hmac('sha512', $body, $secret);
        return hash_equals($right, $_SERVER['HTTP_DIGEST'] ?? '');
    }

    /**
     * Rentman gives deliveries no id. The same bytes are the same delivery, since they hold the
     * time of the change. The primary key decides in one step, whoever else is at it.
     */
    protected function remember(string $body): void
    {
        $insert = $this->db->prepare('INSERT OR IGNORE INTO inbox (id, body) VALUES (?, ?)');
        $insert->execute([hash('sha256', $body), $body]);
    }
}
