package cmd

import (
	"strings"
	"testing"
	"time"
)

func TestPickFlags(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		flags pickFlags
		want  string // the filter, or the error
	}{
		{"nothing", pickFlags{}, ""},
		{"everything", pickFlags{provider: "rentman", event: "Contact.*", since: "2h", where: "sig:invalid body:x"},
			"sig:invalid body:x provider:rentman event:Contact.* since:2026-01-31T10:00:00Z"},
		{"weeks", pickFlags{since: "2w"}, "since:2026-01-17T12:00:00Z"},
		{"an event with its provider", pickFlags{provider: "Rentman", event: "rentman/*.delete"}, "provider:Rentman event:rentman/*.delete"},
		{"signs that mean something in a filter", pickFlags{event: `a,b "c"`}, `event:"a,b \"c\""`},
		{"two providers", pickFlags{provider: "ploomes", event: "rentman/x"}, "--provider ploomes says something else"},
		{"no provider", pickFlags{provider: "rentman/x"}, "has no slash"},
		{"no time", pickFlags{since: "x"}, `"x" is no time`},
		{"no filter", pickFlags{where: "sgi:invalid"}, `unknown key "sgi"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := tt.flags.filter(&app{}, now)
			if err != nil {
				if code, _ := outcome(err); code != codeUsage || !strings.Contains(err.Error(), tt.want) || tt.want == "" {
					t.Errorf("code %d, error %v; want %q", code, err, tt.want)
				}
				return
			}
			if got := f.String(); got != tt.want {
				t.Errorf("filter %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBefore(t *testing.T) {
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{"30d": "2026-03-01", "2w": "2026-03-17", "0d": "2026-03-31", "48h": "2026-03-29", "-1d": "", "1.5d": "", "d": "", "-3h": "", "1y": ""} {
		got := ""
		if at, ok := before(text, now); ok {
			got = at.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("before(%q) = %q, want %q", text, got, want)
		}
	}
}
