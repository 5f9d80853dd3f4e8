package provider

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"whk/verify"
)

// BenchmarkEventOf is the hot path of the listener: one 400-byte delivery, read once.
func BenchmarkEventOf(b *testing.B) {
	p := builtinNamed(b, "rentman")
	items := rentmanUpdate[strings.Index(rentmanUpdate, `{"id":8367`):strings.LastIndex(rentmanUpdate, `]`)]
	body, err := Put([]byte(rentmanUpdate), "items.1", []byte(items))
	if err == nil {
		body, err = Put(body, "account", quote(strings.Repeat("a", 400-len(body)+len("youraccountname"))))
	}
	if err != nil || len(body) != 400 {
		b.Fatalf("%d bytes, want 400: %s (%v)", len(body), body, err)
	}
	d := &verify.Delivery{Method: "POST", URL: "/rentman", Header: http.Header{}, Body: body}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if entity, _, _ := p.EventOf(d); entity != "SerialNumber" {
			b.Fatal(entity)
		}
	}
}

// BenchmarkValid is the part of EventOf that encoding/json takes.
func BenchmarkValid(b *testing.B) {
	body := []byte(rentmanUpdate)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		json.Valid(body)
	}
}

// BenchmarkEventOfHeader is the same for a provider that names its events in a header.
func BenchmarkEventOfHeader(b *testing.B) {
	p := builtinNamed(b, "cassaincloud")
	d := &verify.Delivery{Method: "POST", URL: "/cassaincloud", Header: http.Header{"X-Cn-Operation": {"RECEIPT/CREATE"}}, Body: []byte("{}")}
	b.ReportAllocs()
	for b.Loop() {
		if entity, _, _ := p.EventOf(d); entity != "RECEIPT" {
			b.Fatal(entity)
		}
	}
}

// BenchmarkDetect reads a delivery that came without a provider in its path.
func BenchmarkDetect(b *testing.B) {
	set := builtinSet(b)
	d := &verify.Delivery{Method: "POST", URL: "/", Header: http.Header{}, Body: []byte(rentmanCreate)}
	b.ReportAllocs()
	for b.Loop() {
		if p, _ := set.Detect(d); p == nil || p.Name != "rentman" {
			b.Fatal(p)
		}
	}
}

// BenchmarkBuiltin is what a command pays that reads no definition, one that reads
// Rentman's, and one that reads them all.
func BenchmarkBuiltin(b *testing.B) {
	b.Run("none", func(b *testing.B) {
		for b.Loop() {
			builtinSet(b)
		}
	})
	b.Run("rentman", func(b *testing.B) {
		for b.Loop() {
			builtinNamed(b, "rentman")
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			builtinSet(b).All()
		}
	})
	b.Run("all with samples", func(b *testing.B) {
		for b.Loop() {
			for _, p := range builtinSet(b).All() {
				p.Events()
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	s, err := builtinNamed(b, "rentman").Sample("Contact.create", "")
	if err != nil {
		b.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Render(lintTime(), rnd); err != nil {
			b.Fatal(err)
		}
	}
}
