package store

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"whk/listener"
	"whk/verify"
)

// benchEvent is the delivery of the speed figures: a body of 400 bytes with a valid
// SHA-512 signature, and the headers of a common HTTP client.
func benchEvent(i int) *listener.Event {
	id, err := uuid.NewV7()
	if err != nil {
		panic(err)
	}
	body := fmt.Sprintf(`{"account":"example","eventType":"create","itemType":"Contact","items":[{"id":%08d,"ref":"/contacts/%08d"}],"user":{"id":3,"itemType":"Crew","ref":"/crew/3"},"eventDate":"2025-01-02T03:04:05+00:00","note":"`, i, i)
	body += strings.Repeat("x", 398-len(body)) + `"}`
	return &listener.Event{
		ID: id.String(), At: time.Now(), Remote: "127.0.0.1:53122",
		Delivery: &verify.Delivery{
			Method: "POST", URL: "/rentman", Host: "127.0.0.1:4400",
			Header: http.Header{
				"Content-Type":   {"application/json"},
				"Content-Length": {"400"},
				"User-Agent":     {"Go-http-client/1.1"},
				"Digest":         {"sha512=" + strings.Repeat("2d09afd67e6f0012", 8)},
			},
			Body: []byte(body),
		},
		Verdict:  verify.Verdict{Status: verify.Valid, Secret: "env RENTMAN_TOKEN", Detail: "HMAC-SHA512 of the raw body, hex, in Digest"},
		Provider: "rentman", Entity: []string{"Contact", "Project", "Invoice", "Crew"}[i%4], Action: []string{"create", "update", "delete"}[i%3],
		Status: 204,
	}
}

func benchStore(b *testing.B, n int) *Store {
	b.Helper()
	s, err := Open(filepath.Join(b.TempDir(), "events.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	appendMany(b, s, n, 500)
	return s
}

// appendMany appends n events from some writers at the same time.
func appendMany(tb testing.TB, s *Store, n, writers int) {
	tb.Helper()
	var wg sync.WaitGroup
	next := make(chan int, 1024)
	for range writers {
		wg.Go(func() {
			for i := range next {
				if err := s.Append(context.Background(), benchEvent(i)); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// BenchmarkAppend reports events a second for a number of writers, each of which
// waits until its event is on disk before it appends the next.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 8, 64, 512} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := benchStore(b, 0)
			events := make([]*listener.Event, b.N)
			for i := range events {
				events[i] = benchEvent(i)
			}
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for w := range writers {
				wg.Go(func() {
					for i := w; i < len(events); i += writers {
						if err := s.Append(context.Background(), events[i]); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkAppendAll reports events a second of one writer that hands in some at a time.
func BenchmarkAppendAll(b *testing.B) {
	for _, size := range []int{1, 64, 256, 1000} {
		b.Run(fmt.Sprintf("events=%d", size), func(b *testing.B) {
			s := benchStore(b, 0)
			events := make([]*listener.Event, size)
			for i := range events {
				events[i] = benchEvent(i)
			}
			for b.Loop() {
				if err := s.AppendAll(b.Context(), events); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkAppendLarge appends bodies that are stored in the row and in chunks.
func BenchmarkAppendLarge(b *testing.B) {
	for _, size := range []int{100 << 10, 1 << 20, 10 << 20} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			s := benchStore(b, 0)
			e := benchEvent(0)
			e.Delivery.Body = make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				if err := s.Append(b.Context(), e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRead opens stores of some sizes and reads their newest events.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{1000, 1_000_000} {
		if size > 1000 && testing.Short() {
			b.Skip("filling the store takes a minute")
		}
		s := benchStore(b, size)
		first, err := s.Event(b.Context(), 1)
		if err != nil {
			b.Fatal(err)
		}
		list := func(b *testing.B, s *Store, q Query) {
			b.Helper()
			events, err := s.List(b.Context(), q)
			if err != nil || len(events) == 0 {
				b.Fatal(len(events), err)
			}
		}
		b.Run(fmt.Sprintf("open/events=%d", size), func(b *testing.B) {
			for b.Loop() {
				r, err := Open(s.Path(), Options{ReadOnly: true})
				if err != nil {
					b.Fatal(err)
				}
				list(b, r, Query{Limit: 50})
				if err := r.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
		for name, q := range map[string]Query{
			"newest": {Limit: 50},
			"bodies": {Limit: 50, Bodies: true},
			"glob":   {Limit: 50, Provider: "rentman", Name: "*.delete"},
			"since":  {Limit: 50, Since: first.At},
		} {
			b.Run(fmt.Sprintf("%s/events=%d", name, size), func(b *testing.B) {
				for b.Loop() {
					list(b, s, q)
				}
			})
		}
		b.Run(fmt.Sprintf("prefix/events=%d", size), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Find(b.Context(), first.ID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSize reports the bytes on disk of one event, after a checkpoint.
func BenchmarkSize(b *testing.B) {
	const n = 50_000
	for b.Loop() {
		s := benchStore(b, n)
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(s.Path())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/n, "B/event")
	}
}
