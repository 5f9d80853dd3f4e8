package tui

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCopy(t *testing.T) {
	t.Run("curl", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.output = "curl -X POST \\\n  http://localhost:3000\n"
		s.keys("C")
		if got := s.clipboard; got != s.output {
			t.Errorf("copied %q", got)
		}
		s.sees(`copied curl (39 B): curl -X POST \ …`)
	})
	t.Run("a failed curl", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.code, s.output = 2, "whk: it cannot be read\n"
		s.keys("C")
		if s.clipboard != "" {
			t.Errorf("copied %q", s.clipboard)
		}
		s.sees("it cannot be read")
	})
	tests := []struct {
		name string
		n    int64
		keys []string
		want string
	}{
		{"body", evUnsigned, []string{"B"}, ubiqoBody},
		{"headers", evUnsigned, []string{"H"}, "Content-Length: 70\nContent-Type: application/json\nUser-Agent: ubiqo/1.0\n"},
		{"id", evUnsigned, []string{"y", "i"}, "01948e2c-7c00-7000-8000-000000000006"},
		{"path", evUnsigned, []string{"enter", "down", "y", "p"}, "latitude"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, someLog(), 120, 40)
			s.goTo(tt.n)
			s.keys(tt.keys...)
			if diff := cmp.Diff(tt.want, s.clipboard); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			s.sees("copied the " + tt.name)
		})
	}
	t.Run("report", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40, withReasons)
		s.goTo(evInvalid)
		s.keys("v", "enter", "c")
		for _, want := range []string{"#3 rentman/SerialNumber.update\n", "verdict   ✗ INVALID: wrong value\n", "matches if the final newline (0x0A) is removed"} {
			if !strings.Contains(s.clipboard, want) {
				t.Errorf("%q is not in\n%s", want, s.clipboard)
			}
		}
	})
}

func TestClip(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.run(s.m.clip("it", "a\x1b[31mb\x00c\td\ne\u009bf\x7fg\rh"))
	if got, want := s.clipboard, "a[31mbc\td\nefgh"; got != want {
		t.Errorf("copied %q, want %q", got, want)
	}
	s.clipboard = ""
	s.run(s.m.clip("it", strings.Repeat("x", mostCopied)))
	if got, want := len(s.clipboard), mostCopied; got != want {
		t.Errorf("copied %d bytes, want %d", got, want)
	}
	s.clipboard = ""
	s.run(s.m.clip("it", strings.Repeat("x", mostCopied+1)))
	if s.clipboard != "" {
		t.Errorf("copied %d bytes", len(s.clipboard))
	}
	s.sees("it is too large for the clipboard: 72.3 KiB; x exports it")
}
