package tui

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"whk/verify/display"
	"whk/verify/display/displaytest"
)

func FuzzBody(f *testing.F) {
	for _, class := range displaytest.Classes {
		f.Add([]byte(class.Payload), "text/plain", "", uint16(3), uint8(20))
	}
	f.Add([]byte(nested), jsonType, "", uint16(0), uint8(40))
	f.Add([]byte("\ufeff [\"\u202e\",{}]"), "application/x+json", "", uint16(1), uint8(9))
	f.Add([]byte("a=%7B%22b%22%3A%5B1%5D%7D&%zz=%&=&"), formType, "", uint16(0), uint8(5))
	f.Add([]byte("--x\r\nContent-Type: text/xml\r\n\r\n<a/>\r\n--x--\r\n"), "multipart/form-data; boundary=x", "", uint16(0), uint8(30))
	f.Add([]byte("--x\n--x\n\n--x--"), "multipart/mixed; boundary=x", "", uint16(0), uint8(1))
	f.Add(gzipped(f, []byte(nested)), jsonType, "gzip", uint16(7), uint8(10))
	f.Add(zlibbed(f, []byte(nested)), jsonType, "deflate", uint16(7), uint8(10))
	f.Add([]byte("日本\x00"), "image/png", "br", uint16(1), uint8(3))
	f.Add([]byte(strings.Repeat("e\u0301\u0301", 3000)), "", "", uint16(900), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, contentType, contentEncoding string, at uint16, width uint8) {
		before := bytes.Clone(data)
		b := newBody(data, contentType, contentEncoding, contentType)
		holds(t, b, int(at), int(width))
		holds(t, b.raw(), int(at), int(width))
		line := int(at) % b.height()
		if i := b.fold(line); i < 0 || i > line || i >= b.height() {
			t.Errorf("folding line %d moves the cursor to %d of %d", line, i, b.height())
		}
		holds(t, b, int(at), int(width))
		b.foldAll(int(at) % 3)
		holds(t, b, int(at), int(width))
		if i := b.find(contentEncoding, int(at)%b.height(), 1-2*int(at%2)); i < -1 || i >= b.height() {
			t.Errorf("found on line %d of %d", i, b.height())
		}
		b.at(int(at) % b.height())
		if !bytes.Equal(data, before) {
			t.Error("the body was changed")
		}
	})
}

// holds draws some of a body and holds it to what is promised of any.
func holds(t *testing.T, b *body, at, width int) {
	t.Helper()
	if b.height() < 1 || b.kind() == "" {
		t.Fatalf("%q has %d lines", b.kind(), b.height())
	}
	th := newTheme(false, false)
	from := at % (b.height() + 1)
	shown := b.window(from, 30, at%50, width)
	if want := min(30, b.height()-from); len(shown) != want {
		t.Errorf("%d lines from %d of %d, want %d", len(shown), from, b.height(), want)
	}
	for _, l := range shown {
		var out strings.Builder
		th.draw(&out, l, width, false)
		if fault := displaytest.Fault(out.String(), false); fault != "" {
			t.Errorf("%s in %q", fault, out.String())
		}
		if got := display.Width(out.String()); got != width {
			t.Errorf("%q takes %d columns, want %d", out.String(), got, width)
		}
	}
}

// bigJSON is 10 MB of what a webhook may well carry.
func bigJSON() []byte {
	var b bytes.Buffer
	b.WriteString(`{"items":[`)
	for i := 0; b.Len() < 10_000_000; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"name":"Item number %d","tags":["a","b"],"price":%d.50,"nested":{"ok":true,"note":null}}`, i, i, i)
	}
	b.WriteString(`],"last":"needle"}`)
	return b.Bytes()
}

// zeros has as many lines as 10 MB can have in an array of scalars.
func zeros() []byte { return []byte("[0" + strings.Repeat(",0", 5_000_000) + "]") }

// oneLine is a string of 10 MB in which quotes are escaped.
func oneLine() []byte { return []byte(`["` + strings.Repeat(`abc\"defgh`, 1_000_000) + `","needle"]`) }

func benchmarked() []struct {
	name        string
	data        []byte
	contentType string
} {
	return []struct {
		name        string
		data        []byte
		contentType string
	}{
		{"JSON", bigJSON(), jsonType},
		{"zeros", zeros(), jsonType},
		{"one line", oneLine(), jsonType},
		{"text", bytes.Repeat([]byte("2026-11-22T05:00:00Z INFO one line of a log file\n"), 200_000), ""},
		{"empty lines", bytes.Repeat([]byte("\n"), 10_000_000), ""},
		{"form", bytes.Repeat([]byte("name=some+value%21&"), 500_000), formType},
		{"bytes", make([]byte, 10_000_000), ""},
	}
}

func BenchmarkNewBody(b *testing.B) {
	for _, in := range benchmarked() {
		b.Run(in.name, func(b *testing.B) {
			b.SetBytes(int64(len(in.data)))
			b.ReportAllocs()
			var kept *body
			for b.Loop() {
				kept = newBody(in.data, in.contentType, "", "")
			}
			var with, without runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&with)
			lines := kept.height()
			runtime.KeepAlive(kept)
			kept = nil
			runtime.GC()
			runtime.ReadMemStats(&without)
			b.ReportMetric(float64(int64(with.HeapAlloc)-int64(without.HeapAlloc)), "kept-B")
			b.ReportMetric(float64(lines), "lines")
		})
	}
}

func BenchmarkWindow(b *testing.B) {
	for _, in := range benchmarked() {
		page := newBody(in.data, in.contentType, "", "")
		for _, left := range []int{0, 1000} {
			b.Run(fmt.Sprintf("%s/from column %d", in.name, left), func(b *testing.B) {
				for b.Loop() {
					page.window(page.height()/2, 50, left, 120)
				}
			})
		}
		if page.foldAll(2); page.folded() {
			b.Run(in.name+"/folded", func(b *testing.B) {
				for b.Loop() {
					page.window(page.height()/2, 50, 0, 120)
				}
			})
		}
	}
}

func BenchmarkFind(b *testing.B) {
	for _, in := range benchmarked() {
		page := newBody(in.data, in.contentType, "", "")
		b.Run(in.name+"/forwards", func(b *testing.B) {
			for b.Loop() {
				page.find("nowhere", 0, +1)
			}
		})
		b.Run(in.name+"/backwards", func(b *testing.B) {
			for b.Loop() {
				page.find("nowhere", page.height()-1, -1)
			}
		})
	}
}

func BenchmarkFoldAndPath(b *testing.B) {
	page := newBody(bigJSON(), jsonType, "", "")
	b.Run("fold and unfold everything", func(b *testing.B) {
		for b.Loop() {
			page.fold(0)
			page.fold(0)
		}
	})
	b.Run("fold all", func(b *testing.B) {
		for b.Loop() {
			page.foldAll(2)
			page.unfoldAll()
		}
	})
	b.Run("path of the last line", func(b *testing.B) {
		for b.Loop() {
			page.at(page.height() - 2)
		}
	})
}
