package explain

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // senders that use it are to be told apart
	"crypto/sha1" //nolint:gosec // senders that use it are to be told apart
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"

	"whk/verify"
)

// hashing is a hash function that a sender may have used.
type hashing struct {
	name, title string
	size        int
	make        func() hash.Hash
}

func algorithms() []hashing {
	return []hashing{
		{"sha256", "SHA-256", sha256.Size, sha256.New},
		{"sha1", "SHA-1", sha1.Size, sha1.New},
		{"sha512", "SHA-512", sha512.Size, sha512.New},
		{"md5", "MD5", md5.Size, md5.New},
		{"sha384", "SHA-384", sha512.Size384, sha512.New384},
		{"sha224", "SHA-224", sha256.Size224, sha256.New224},
		{"sha512/256", "SHA-512/256", sha512.Size256, sha512.New512_256},
	}
}

// mode is how key and content are brought together.
type mode int

const (
	keyed       mode = iota // HMAC
	inClear                 // the key itself
	digest                  // a hash of the content alone
	secretFirst             // a hash of key and content
	secretLast
	secretColon // a hash of key, a colon and content
	colonSecret
	secretBoth
	swapped // an HMAC of the key under the content
	inside  // a hash of content in which the key stands
)

// segment is a piece of what is signed.
type segment struct {
	kind segmentKind
	text []byte
}

type segmentKind int

const (
	segmentText segmentKind = iota
	segmentBody
	segmentSHA256
	segmentForm
	segmentSecret
)

// evaluator computes signatures. It keeps hash states, so it belongs to one goroutine.
type evaluator struct {
	hashes  []hashing
	plain   []hash.Hash
	macs    map[[2]int]hash.Hash
	form    *verify.Template
	header  http.Header
	scratch []byte
	sum     []byte
	buffer  []byte
}

func newEvaluator(header http.Header) *evaluator {
	ev := &evaluator{hashes: algorithms(), macs: map[[2]int]hash.Hash{}, header: header}
	for _, h := range ev.hashes {
		ev.plain = append(ev.plain, h.make())
	}
	// The one template of a fixed text cannot fail to parse.
	ev.form, _ = verify.ParseTemplate("{form_sorted}")
	return ev
}

// mac is the state of an HMAC under a key, which is known by its number.
func (ev *evaluator) mac(alg, number int, key []byte) hash.Hash {
	at := [2]int{alg, number}
	m, ok := ev.macs[at]
	if !ok {
		m = hmac.New(ev.hashes[alg].make, key)
		ev.macs[at] = m
	}
	m.Reset()
	return m
}

// compute returns a signature, valid until the next call.
func (ev *evaluator) compute(m mode, alg, number int, key, content []byte, signed []segment) []byte {
	h := ev.plain[alg]
	h.Reset()
	switch m {
	case inClear:
		return key
	case keyed:
		h = ev.mac(alg, number, key)
		ev.write(h, signed, content, nil)
	case digest:
		ev.write(h, signed, content, nil)
	case inside:
		ev.write(h, signed, content, key)
	case secretFirst, secretBoth:
		h.Write(key)
		ev.write(h, signed, content, nil)
		if m == secretBoth {
			h.Write(key)
		}
	case secretColon:
		h.Write(key)
		h.Write([]byte{':'})
		ev.write(h, signed, content, nil)
	case secretLast:
		ev.write(h, signed, content, nil)
		h.Write(key)
	case colonSecret:
		ev.write(h, signed, content, nil)
		h.Write([]byte{':'})
		h.Write(key)
	case swapped:
		h = ev.under(alg, content, signed)
		h.Write(key)
	}
	ev.sum = h.Sum(ev.sum[:0])
	return ev.sum
}

// under is an HMAC whose key is the content. A key longer than a block is its hash.
func (ev *evaluator) under(alg int, content []byte, signed []segment) hash.Hash {
	h := ev.plain[alg]
	size := 0
	for _, s := range signed {
		size += len(s.text)
		if s.kind != segmentText {
			size += len(content)
		}
	}
	if size > 4*h.BlockSize() { // hashed in pieces, not copied; twice is no harm
		ev.write(h, signed, content, nil)
		return hmac.New(ev.hashes[alg].make, h.Sum(nil))
	}
	ev.buffer = ev.buffer[:0]
	ev.write(appender{ev}, signed, content, nil)
	return hmac.New(ev.hashes[alg].make, ev.buffer)
}

// appender gathers what is written in the evaluator's buffer.
type appender struct{ *evaluator }

func (a appender) Write(b []byte) (int, error) {
	a.buffer = append(a.buffer, b...)
	return len(b), nil
}

// write writes the signed content around a body. The key is written where it stands in
// the content, and left out when it is nil.
func (ev *evaluator) write(w interface{ Write([]byte) (int, error) }, signed []segment, content, key []byte) {
	for _, s := range signed {
		text := s.text
		switch s.kind {
		case segmentBody:
			text = content
		case segmentSHA256:
			sum := sha256.Sum256(content)
			text = hex.AppendEncode(nil, sum[:])
		case segmentForm:
			text, _ = ev.form.Append(nil, &verify.Values{Delivery: &verify.Delivery{Header: ev.header, Body: content}})
		case segmentSecret:
			text = key
		}
		_, _ = w.Write(text) // neither hashes nor the appender fail
	}
}

// segments takes the template of signed content apart. It reports false when a variable
// has no value, or is not known.
func segments(source string, v *verify.Values) ([]segment, bool) {
	var all []segment
	rest := source
	for rest != "" {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			all = append(all, segment{text: []byte(rest)})
			break
		}
		if open > 0 {
			all = append(all, segment{text: []byte(rest[:open])})
		}
		rest = rest[open:]
		if strings.HasPrefix(rest, "{{") {
			all, rest = append(all, segment{text: []byte("{")}), rest[2:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			return nil, false
		}
		s, ok := variable(rest[:end+1], v)
		if !ok {
			return nil, false
		}
		all, rest = append(all, s), rest[end+1:]
	}
	return all, true
}

func variable(source string, v *verify.Values) (segment, bool) {
	switch source {
	case "{body}":
		return segment{kind: segmentBody}, true
	case "{body_sha256}":
		return segment{kind: segmentSHA256}, true
	case "{form_sorted}":
		return segment{kind: segmentForm}, true
	case "{secret}":
		return segment{kind: segmentSecret}, true
	}
	t, err := verify.ParseTemplate(source)
	if err != nil {
		return segment{}, false
	}
	text, ok := t.Append(nil, v)
	return segment{text: text}, ok
}
