package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Secret is what the sender and the receiver share. It prints as a mask whatever
// verb or encoder meets it; only Reveal gives the value away.
type Secret struct {
	// Name says where the secret came from, such as "env RENTMAN_TOKEN".
	Name string
	// Development marks the well-known secret that stands in when none is
	// configured: it can raise a verdict to valid, never lower one to invalid.
	Development bool

	value string
}

// NewSecret names a secret value.
func NewSecret(name, value string) Secret { return Secret{Name: name, value: value} }

// Reveal returns the value.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether there is no value at all.
func (s Secret) Empty() bool { return s.value == "" }

// Fingerprint is a short name for the value that does not give it away: the first
// eight hexadecimal digits of a SHA-256.
func (s Secret) Fingerprint() string {
	sum := sha256.Sum256([]byte("whk fingerprint\x00" + s.value))
	return hex.EncodeToString(sum[:4])
}

func (s Secret) String() string { return s.Name + " (fp " + s.Fingerprint() + ")" }

// Format masks the value under every verb, also %#v and %x.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText masks the value in JSON, YAML and logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
