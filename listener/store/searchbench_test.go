package store

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"whk/listener"
	"whk/listener/filter"
	"whk/verify"
)

// BenchmarkSearch looks for the newest of a name, and for a text that is nowhere, which
// it compares with grep -F on the same bodies: x/grep is the median of the ratios.
func BenchmarkSearch(b *testing.B) {
	for _, size := range []int{200_000, 1_000_000} {
		if size > 200_000 && testing.Short() {
			b.Skip("filling the store takes a minute")
		}
		b.Run(fmt.Sprintf("events=%d", size), func(b *testing.B) { benchSearch(b, size) })
	}
}

func benchSearch(b *testing.B, size int) {
	s := benchStore(b, size)
	bodies := filepath.Join(b.TempDir(), "bodies")
	f, err := os.Create(bodies)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range size {
		w.Write(append(benchEvent(i).Delivery.Body, '\n'))
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	search := func(b *testing.B, text string, o SearchOptions) int {
		b.Helper()
		f, err := filter.Parse(text, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		found := 0
		err = s.Search(b.Context(), f, o, func(*listener.Event, func() ([]verify.Result, error)) error { found++; return nil })
		if err != nil {
			b.Fatal(err)
		}
		return found
	}
	for _, text := range []string{"provider:rentman event:*.delete", "sig:valid", "app:2xx -event:*.delete", "body:contact"} {
		b.Run("newest/"+text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := search(b, text, SearchOptions{Limit: 50}); got != 50 {
					b.Fatalf("found %d", got)
				}
			}
		})
	}
	for _, text := range []string{"body:Rare-text", "body:rare-text", "event:Contact.create body:Rare-text", "sig:invalid"} {
		b.Run("rare/"+text, func(b *testing.B) {
			b.ReportAllocs()
			var ratios []float64
			for b.Loop() {
				start := time.Now()
				if got := search(b, text, SearchOptions{}); got != 0 {
					b.Fatalf("found %d", got)
				}
				ours := time.Since(start)
				start = time.Now()
				if err := exec.Command("grep", "-F", "-c", "Rare-text", bodies).Run(); err == nil {
					b.Fatal("grep found something")
				}
				ratios = append(ratios, float64(ours)/float64(time.Since(start)))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "x/grep")
		})
	}
}
