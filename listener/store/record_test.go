package store

import (
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"whk/listener"
	"whk/verify"
)

func drawText(t *rapid.T, name string) string {
	return string(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, name))
}

func drawHeader(t *rapid.T) http.Header {
	if rapid.Bool().Draw(t, "no header") {
		return nil
	}
	h := http.Header{}
	for range rapid.IntRange(0, 40).Draw(t, "names") {
		name := drawText(t, "name")
		if rapid.Bool().Draw(t, "known") {
			name = rapid.SampledFrom(headerNames[:]).Draw(t, "name")
		}
		h[name] = nil
		for range rapid.IntRange(0, 3).Draw(t, "values") {
			h[name] = append(h[name], drawText(t, "value"))
		}
	}
	return h
}

func TestHeadRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := listener.Event{
			Remote: drawText(t, "remote"),
			Delivery: &verify.Delivery{
				Method: drawText(t, "method"), URL: drawText(t, "url"), Host: drawText(t, "host"), Header: drawHeader(t),
			},
			Verdict: verify.Verdict{
				Reason: verify.Reason(drawText(t, "reason")), Secret: drawText(t, "secret"),
				Development: rapid.Bool().Draw(t, "development"), Detail: drawText(t, "detail"),
			},
			Cut: drawText(t, "cut"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "notes") {
			want.Notes = append(want.Notes, drawText(t, "note"))
		}
		want.Verdict.Status = verify.Status(drawText(t, "status"))
		flags := byte(rapid.SampledFrom([]int{0, flagNilBody, flagChunked}).Draw(t, "flags"))
		head := appendHead(nil, &want, flags)
		if again := appendHead(nil, &want, flags); !slices.Equal(head, again) {
			t.Fatal("the same event has two encodings")
		}
		got := listener.Event{Delivery: &verify.Delivery{}}
		gotFlags, bodyHash, err := decodeHead(head, &got, got.Delivery)
		if err != nil || bodyHash != nil {
			t.Fatal(err, bodyHash)
		}
		if gotFlags&(flagNilBody|flagChunked) != flags {
			t.Errorf("flags = %#x, want %#x among them", gotFlags, flags)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestResultRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := verify.Result{
			Target: drawText(t, "target"), Took: time.Duration(rapid.Int64().Draw(t, "took")),
			At:      moment(rapid.Int64().Draw(t, "at")),
			Outcome: verify.Outcome(drawText(t, "outcome")), Error: drawText(t, "error"),
			Status: rapid.Int().Draw(t, "status"), Header: drawHeader(t),
			Truncated: rapid.Bool().Draw(t, "truncated"), Replay: rapid.Bool().Draw(t, "replay"),
			Shadow: rapid.Bool().Draw(t, "shadow"), Resigned: rapid.Bool().Draw(t, "resigned"), Edited: rapid.Bool().Draw(t, "edited"),
		}
		if rapid.Bool().Draw(t, "body") {
			want.Body = []byte(drawText(t, "body"))
		}
		got, err := decodeResult(appendResult(nil, &want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, sameBytes); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	whole := appendHead(nil, &listener.Event{Delivery: &verify.Delivery{Method: "POST", URL: "/", Header: http.Header{"Accept": {"a", "b"}, "Odd": {"c"}}}, Notes: []string{"n"}}, 0)
	decode := func(b []byte) error {
		e := listener.Event{Delivery: &verify.Delivery{}}
		_, _, err := decodeHead(b, &e, e.Delivery)
		return err
	}
	if err := decode(whole); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := decode(whole[:n]); err == nil {
			t.Errorf("the first %d bytes of %d were accepted", n, len(whole))
		}
	}
	long := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	for name, b := range map[string][]byte{
		"a byte more":          append(slices.Clone(whole), 0),
		"version 2":            append([]byte{2}, whole[1:]...),
		"unknown flags":        append([]byte{1, 0x80}, whole[2:]...),
		"a body hash not here": append([]byte{1, flagBodyHash}, whole[2:]...),
		"endless number":       append([]byte{1, 0}, long...),
		"text of 2^63 bytes":   append([]byte{1, 0}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"2^64-1 headers":       {1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"a header name twice":  {1, 0, 0, 0, 0, 0, 3, 1, 0, 1, 0, 0, 0, 0, 0, 0},
		"header name 127":      {1, 0, 0, 0, 0, 0, 2, 127, 0, 0, 0, 0, 0, 0},
	} {
		if err := decode(b); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// FuzzRecord feeds bytes to both decoders. They must not panic nor make room for more
// than a small multiple of what they are given, and what they accept must survive
// being encoded and decoded again.
func FuzzRecord(f *testing.F) {
	for _, e := range oddEvents(f) {
		if r := newRow(); r.fill(e) == nil && len(r.head) < 4096 {
			f.Add(slices.Clone(r.head))
		}
	}
	f.Add(appendResult(nil, &verify.Result{Target: "http://localhost", Status: 200, Header: http.Header{"Server": {"x"}}, Body: []byte("ok")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e := listener.Event{Delivery: &verify.Delivery{}}
		if flags, bodyHash, err := decodeHead(b, &e, e.Delivery); err == nil {
			head := append(appendHead(nil, &e, flags&(flagNilBody|flagChunked|flagBodyHash)), bodyHash...)
			again := listener.Event{Delivery: &verify.Delivery{}}
			if _, _, err := decodeHead(head, &again, again.Delivery); err != nil {
				t.Fatalf("what was accepted is not accepted again: %v", err)
			}
			if diff := cmp.Diff(e, again); diff != "" {
				t.Errorf("(-first +again)\n%s", diff)
			}
		}
		if r, err := decodeResult(b); err == nil {
			again, err := decodeResult(appendResult(nil, &r))
			if err != nil {
				t.Fatalf("what was accepted is not accepted again: %v", err)
			}
			if diff := cmp.Diff(r, again, sameBytes); diff != "" {
				t.Errorf("(-first +again)\n%s", diff)
			}
		}
	})
}

// TestDecodeIsBounded gives records that promise much and hold little.
func TestDecodeIsBounded(t *testing.T) {
	b := []byte{1, 0, 0, 0, 0, 0}
	b = append(b, 0xff, 0xff, 0x03) // 65,534 headers
	b = append(b, make([]byte, 66000)...)
	allocated := testing.AllocsPerRun(10, func() {
		e := listener.Event{Delivery: &verify.Delivery{}}
		if _, _, err := decodeHead(b, &e, e.Delivery); err == nil {
			t.Error("a header block of nothing was accepted")
		}
	})
	if allocated > 50 {
		t.Errorf("%v allocations for a record that ends at once", allocated)
	}
}

func TestHeaderNames(t *testing.T) {
	if len(headerNames) > 127 {
		t.Errorf("%d names do not fit in seven bits", len(headerNames))
	}
	if len(headerCodes) != len(headerNames) {
		t.Errorf("%d of %d names are different", len(headerCodes), len(headerNames))
	}
	// The places are written in stores: these must never change.
	for name, code := range map[string]byte{"Accept": 1, "Content-Type": 16, "Digest": 19, "X-Ploomes-Validation-Key": 54, "Age": byte(len(headerNames))} {
		if headerCodes[name] != code {
			t.Errorf("code of %s = %d, want %d", name, headerCodes[name], code)
		}
	}
	for _, name := range headerNames {
		if http.CanonicalHeaderKey(name) != name {
			t.Errorf("%s is not how net/http spells it", name)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "anything", true}, {"*", "", true}, {"a", "A", true}, {"a", "ab", false}, {"a*", "ab", true},
		{"*b", "ab", true}, {"*b", "abc", false}, {"a*b*c", "aXbYc", true}, {"a*b*c", "acb", false},
		{"*.delete", "Contact.delete", true}, {"Contact*", "SubContact", false}, {"*a*a*", "a", false},
		{"**", "x", true}, {"ab*ba", "aba", false}, {"?", "x", false}, {"[a]", "a", false},
	} {
		if got := newGlob(tt.pattern).match(tt.text); got != tt.want {
			t.Errorf("%q matches %q = %v", tt.pattern, tt.text, got)
		}
	}
}

func TestMoments(t *testing.T) {
	for _, ns := range []int64{0, -1, 1, math.MaxInt64, math.MinInt64 + 1, math.MinInt64} {
		if got := nanos(moment(ns)); got != ns {
			t.Errorf("moment %d came back as %d", ns, got)
		}
	}
}
