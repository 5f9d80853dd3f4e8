package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net/http"
	"sync"
)

// Ploomes is an endpoint for the webhooks of Ploomes, to be copied. Replace the inbox by a
// table with a unique column, and hand in work of your own.
type Ploomes struct {
	Key     string // the ValidationKey that the webhook was made with
	Genuine func(r *http.Request, key string) bool
	Fresh   func(body []byte) bool
	Work    func(body []byte)
}

func (p *Ploomes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if !p.Genuine(r, p.Key) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 5<<20))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	// A repeat is answered like the first, or it would come again. No sender waits for the
	// work, which might take longer than it has patience.
	if p.Fresh(body) {
		go p.Work(body)
	}
	w.WriteHeader(http.StatusNoContent)
}

// HasKey reports whether a request carries the key. Both sides are hashed, so that not
// even the length of the key shows in the time that it takes.
func HasKey(r *http.Request, key string) bool {
	sent, right := sha256.Sum256([]byte(r.Header.Get("X-Ploomes-Validation-Key"))), sha256.Sum256([]byte(key))
	return subtle.ConstantTimeCompare(sent[:], right[:]) == 1
}

// Inbox knows what came. Ploomes gives deliveries no id, so that the same bytes are the
// same delivery. Looking and remembering are one step, under one lock. It ends with the
// process.
type Inbox struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte]bool
}

// Add remembers a body, and reports whether it is new.
func (i *Inbox) Add(body []byte) bool {
	sum := sha256.Sum256(body)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.seen[sum] {
		return false
	}
	if i.seen == nil {
		i.seen = map[[sha256.Size]byte]bool{}
	}
	i.seen[sum] = true
	return true
}
