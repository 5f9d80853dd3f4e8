package main

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"io"

	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// faults are what goes wrong in endpoints for Ploomes that people write in Go. Each
// changes one step of ploomes.go.
func faults() map[string]func(*Ploomes) http.Handler {
	genuine := func(check func(r *http.Request, key string) bool) func(*Ploomes) http.Handler {
		return func(p *Ploomes) http.Handler {
			p.Genuine = check
			return p
		}
	}
	// decoding reads the event into a struct before the answer.
	decoding := func(work func(w http.ResponseWriter, body []byte) bool) func(*Ploomes) http.Handler {
		return func(p *Ploomes) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost && p.Genuine(r, p.Key) {
					body, _ := io.ReadAll(r.Body)
					if !work(w, body) {
						return
					}
					r.Body = io.NopCloser(bytes.NewReader(body))
				}
				p.ServeHTTP(w, r)
			})
		}
	}
	key := func(r *http.Request) string { return r.Header.Get("X-Ploomes-Validation-Key") }
	return map[string]func(*Ploomes) http.Handler{
		"M1 no header is fine": genuine(func(r *http.Request, secret string) bool { return key(r) == "" || HasKey(r, secret) }),
		"every delivery is new": func(p *Ploomes) http.Handler {
			p.Fresh = func([]byte) bool { return true }
			return p
		},
		"M4 nothing is verified": genuine(func(*http.Request, string) bool { return true }),
		"M10 another header is read, too": genuine(func(r *http.Request, secret string) bool {
			return key(r) == secret || r.Header.Get("Ploomes-Validation-Key") == secret
		}),
		"M12 the key may stand in the URL": genuine(func(r *http.Request, secret string) bool {
			return HasKey(r, secret) || r.URL.Query().Get("key") == secret
		}),
		"M2 nothing is as good as a key that is not set": func(p *Ploomes) http.Handler {
			p.Genuine = func(r *http.Request, _ string) bool {
				return subtle.ConstantTimeCompare([]byte(key(r)), []byte(os.Getenv("WHK_SECRET_PLOOMES"))) == 1
			}
			p.Key = "set" // which only keeps the program from ending
			return p
		},
		"a prefix of the key is enough": genuine(func(r *http.Request, secret string) bool { return strings.HasPrefix(secret, key(r)) }),
		"EqualFold":                     genuine(func(r *http.Request, secret string) bool { return strings.EqualFold(key(r), secret) }),
		"M17 deletions have no New": decoding(func(_ http.ResponseWriter, body []byte) bool {
			var event struct{ New *struct{ Id int64 } }
			if json.Unmarshal(body, &event) == nil {
				_ = event.New.Id
			}
			return true
		}),
		"DisallowUnknownFields": decoding(func(w http.ResponseWriter, body []byte) bool {
			var event struct {
				Action, Entity          string
				AccountId, ActionUserId int64
				Old, New                map[string]any
			}
			d := json.NewDecoder(bytes.NewReader(body))
			d.DisallowUnknownFields()
			if err := d.Decode(&event); err != nil && strings.Contains(err.Error(), "unknown field") {
				w.WriteHeader(http.StatusBadRequest)
				return false
			}
			return true
		}),
		"a field of another type is an error of ours": decoding(func(w http.ResponseWriter, body []byte) bool {
			var event struct {
				Action, Entity          string
				AccountId, ActionUserId int64
				Old, New                map[string]any
			}
			if json.Unmarshal(body, &event) != nil {
				w.WriteHeader(http.StatusInternalServerError)
				return false
			}
			return true
		}),
		"a won deal is not found": decoding(func(w http.ResponseWriter, body []byte) bool {
			var event struct{ Action string }
			_ = json.Unmarshal(body, &event)
			known := strings.Contains("Create Update Delete", event.Action)
			if !known {
				w.WriteHeader(http.StatusNotFound)
			}
			return known
		}),
		"looking and remembering are two locks": func(p *Ploomes) http.Handler {
			var mu sync.Mutex
			seen := map[string]bool{}
			p.Fresh = func(body []byte) bool {
				mu.Lock()
				known := seen[string(body)]
				mu.Unlock()
				time.Sleep(time.Millisecond) // as a query to a database takes
				mu.Lock()
				seen[string(body)] = true
				mu.Unlock()
				return !known
			}
			return p
		},
	}
}
