package contract_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fake is an endpoint written by hand, as its users write theirs: nothing of whk is in
// it. Each step can be switched off or done wrong.
type fake struct {
	secret string
	// check answers 0 for a delivery that it believes, else a status.
	check func(f *fake, r *http.Request, body []byte) int
	// before and handle may answer instead of the endpoint.
	before func(w http.ResponseWriter, r *http.Request) bool
	// read reads the body; by default all of it, up to 5 MB.
	read func(w http.ResponseWriter, r *http.Request) ([]byte, bool)
	// handle works on an event that is believed; it answers 0 or a status.
	handle func(f *fake, r *http.Request, body []byte) int
	// refuse writes a refusal.
	refuse func(w http.ResponseWriter, status int)
	// unseen reports whether an event is new, and remembers it.
	unseen  func(f *fake, body []byte) bool
	methods []string

	mu    sync.Mutex
	seen  map[string]time.Time
	count int
	state string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/count" {
		f.mu.Lock()
		defer f.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]any{"count": f.count, "state": f.state})
		return
	}
	if f.before != nil && f.before(w, r) {
		return
	}
	if len(f.methods) > 0 && !contains(f.methods, r.Method) {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	read := f.read
	if read == nil {
		read = readAll
	}
	body, ok := read(w, r)
	if !ok {
		return
	}
	status := 0
	if f.check != nil {
		status = f.check(f, r, body)
	}
	if status != 0 {
		if f.refuse != nil {
			f.refuse(w, status)
		} else {
			http.Error(w, "unauthorized", status)
		}
		return
	}
	if f.handle != nil {
		if status := f.handle(f, r, body); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	unseen := f.unseen
	if unseen == nil {
		unseen = once
	}
	if unseen(f, append([]byte(r.URL.RawQuery), body...)) {
		f.mu.Lock()
		f.count++
		f.mu.Unlock()
	}
	w.WriteHeader(http.StatusNoContent)
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

func readAll(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 5<<20))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}
	return body, err == nil
}

// once takes an event for new when its content was never there.
func once(f *fake, body []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := sha256.Sum256(body)
	if f.seen == nil {
		f.seen = map[string]time.Time{}
	}
	if _, ok := f.seen[string(sum[:])]; ok {
		return false
	}
	f.seen[string(sum[:])] = time.Now()
	return true
}

func mac(h func() hash.Hash, key string, content ...string) []byte {
	m := hmac.New(h, []byte(key))
	for _, c := range content {
		m.Write([]byte(c))
	}
	return m.Sum(nil)
}

// rentmanCheck is what the vendor documents: Digest: sha512=HEX of the raw body.
func rentmanCheck(f *fake, r *http.Request, body []byte) int {
	return digest(f, r.Header.Get("Digest"), body)
}

func digest(f *fake, header string, body []byte) int {
	text, ok := strings.CutPrefix(header, "sha512=")
	got, err := hex.DecodeString(text)
	if !ok || err != nil || strings.ToLower(text) != text || !hmac.Equal(got, mac(sha512.New, f.secret, string(body))) {
		return http.StatusUnauthorized
	}
	return 0
}

func ploomesCheck(f *fake, r *http.Request, _ []byte) int {
	if !hmac.Equal([]byte(r.Header.Get("X-Ploomes-Validation-Key")), []byte(f.secret)) {
		return http.StatusUnauthorized
	}
	return 0
}

func cassaCheck(f *fake, r *http.Request, body []byte) int {
	got, err := hex.DecodeString(r.Header.Get("X-Cn-Signature"))
	if err != nil || !hmac.Equal(got, mac(sha1.New, f.secret, string(body))) {
		return http.StatusUnauthorized
	}
	return 0
}

// stripe says how a header of t=..,v1=.. is judged.
type stripe struct {
	tolerance time.Duration
	future    bool
	firstOnly bool // of several signatures
	anyStamp  bool // the signature may be of another second
	crash     bool // on a stamp that is no number
}

func (s stripe) check(f *fake, r *http.Request, body []byte) int {
	var stamp string
	var signatures []string
	for part := range strings.SplitSeq(r.Header.Get("Stripe-Signature"), ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			stamp = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		if s.crash {
			return http.StatusInternalServerError
		}
		return http.StatusBadRequest
	}
	age := time.Since(time.Unix(at, 0))
	if s.tolerance > 0 && (age > s.tolerance || !s.future && age < -s.tolerance) {
		return http.StatusBadRequest
	}
	if s.firstOnly && len(signatures) > 1 {
		signatures = signatures[:1]
	}
	stamps := []string{stamp}
	if s.anyStamp {
		for i := range int64(5) {
			stamps = append(stamps, fmt.Sprint(at-i))
		}
	}
	for _, text := range signatures {
		got, err := hex.DecodeString(text)
		for _, stamp := range stamps {
			if err == nil && hmac.Equal(got, mac(sha256.New, f.secret, stamp, ".", string(body))) {
				return 0
			}
		}
	}
	return http.StatusBadRequest
}

// weak computes an HMAC by the name of its hash, as PHP's hash_hmac does.
func weak(name string) func() hash.Hash {
	switch name {
	case "md5":
		return md5.New
	case "sha1":
		return sha1.New
	case "sha256":
		return sha256.New
	case "sha512":
		return sha512.New
	}
	return nil
}

// parsed is a body that was decoded; a body that is no object has no fields.
func parsed(body []byte) map[string]any {
	var event map[string]any
	_ = json.Unmarshal(body, &event)
	return event
}

func keyOf(secret string) string {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	return string(key)
}

func compacted(body []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, body) != nil {
		return body
	}
	return b.Bytes()
}
