package cmd

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	"whk/verify"
	"whk/verify/display"
)

func TestMarks(t *testing.T) {
	again := answered(200, "")
	again.Replay = true
	edited := again
	edited.Edited = true
	tests := []struct {
		name           string
		event          listener.Event
		results        []verify.Result
		unicode, ascii string
		words          []string
	}{
		{"none", listener.Event{}, []verify.Result{answered(200, "")}, "", "", nil},
		{"duplicate", listener.Event{SameAs: 12, Gap: 3 * time.Second}, nil, "⧉", "D", []string{"same content as #12, 3 s earlier"}},
		{"overtaken", listener.Event{OvertakenBy: 14, Entity: "Contact"}, nil, "↕", "O", []string{"older than #14, which tells of the same Contact"}},
		{"overtaken without an entity", listener.Event{OvertakenBy: 14}, nil, "↕", "O", []string{"older than #14, which tells of the same thing"}},
		{"replayed", listener.Event{}, []verify.Result{answered(200, ""), again, answered(200, "")}, "↻", "R", nil},
		{"edited", listener.Event{}, []verify.Result{edited, again}, "↻✎", "RE", nil},
		{"cut", listener.Event{Cut: "the sender left"}, nil, "✂", "T", nil},
		{"all", listener.Event{SameAs: 1, OvertakenBy: 2, Entity: "a", Cut: "x"}, []verify.Result{edited}, "⧉↕↻✎✂", "DORET",
			[]string{"same content as #1, 0 ms earlier", "older than #2, which tells of the same a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (paint{}).marks(&tt.event, tt.results); got != tt.unicode {
				t.Errorf("marks = %q, want %q", got, tt.unicode)
			}
			if got := (paint{ascii: true}).marks(&tt.event, tt.results); got != tt.ascii {
				t.Errorf("marks in ASCII = %q, want %q", got, tt.ascii)
			}
			if diff := cmp.Diff(tt.words, marked(&tt.event)); diff != "" {
				t.Errorf("in words (-want +got):\n%s", diff)
			}
			for _, p := range []paint{{}, {on: true}, {ascii: true}} {
				if got := display.Width(uncoloured(p.markColumn(&tt.event, tt.results))); got != max(marksColumn, len([]rune(tt.unicode))) {
					t.Errorf("the column has a width of %d", got)
				}
			}
		})
	}
}

func TestApart(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 ms", 250 * time.Millisecond: "250 ms", 3 * time.Second: "3 s", 145 * time.Second: "2m25s",
		3*time.Hour + 20*time.Second: "3h0m", 49 * time.Hour: "2 days",
	} {
		if got := apart(d); got != want {
			t.Errorf("apart(%s) = %q, want %q", d, got, want)
		}
	}
}

// Marks keep the columns in line, in every place that shows them.
func TestMarksAreShown(t *testing.T) {
	d := newDesk(t)
	events := threeEvents(time.Now())
	events[1].SameAs, events[1].Gap = 1, 1500*time.Millisecond
	events[2].OvertakenBy, events[2].Cut = 1, "the sender left"
	d.store(events, map[int64][]verify.Result{1: {answered(200, "ok")}})
	for locale, marks := range map[string][2]string{"C.UTF-8": {"⧉ ", "↕✂"}, "C": {"D ", "OT"}} {
		d.env["LC_ALL"] = locale
		for _, verb := range []string{"list", "tail"} {
			lines := strings.Split(strings.TrimRight(d.ok("events", verb), "\n"), "\n")
			var at []int
			for _, line := range lines {
				if i := strings.LastIndex(line, " 200"); i >= 0 && !strings.Contains(line, "└") {
					at = append(at, display.Width(line[:i]))
				}
			}
			if len(at) != 3 || at[0] != at[1] || at[1] != at[2] {
				t.Errorf("%s %s: answers begin at %v in\n%s", locale, verb, at, strings.Join(lines, "\n"))
			}
			for i, mark := range marks {
				if all := strings.Join(lines, "\n"); !strings.Contains(all, mark+" 200") {
					t.Errorf("%s %s: no mark %d, %q, in\n%s", locale, verb, i, mark, all)
				}
			}
		}
	}
	d.env["LC_ALL"] = "C.UTF-8"
	for n, want := range map[string]string{"2": "mark       same content as #1, 1.5 s earlier\n", "3": "✂\n"} {
		if got := d.ok("events", "show", n); !strings.Contains(got, want) {
			t.Errorf("events show %s: %q is missing in\n%s", n, want, got)
		}
	}
	if got := d.ok("events", "tail"); !strings.Contains(got, "└ same content as #1, 1.5 s earlier\n") {
		t.Errorf("events tail says nothing of the mark:\n%s", got)
	}
	var j eventJSON
	if err := json.Unmarshal([]byte(d.ok("events", "show", "2", "--json")), &j); err != nil || j.SameAs != 1 || j.OvertakenBy != 0 {
		t.Errorf("JSON: same_as %d, overtaken_by %d, %v", j.SameAs, j.OvertakenBy, err)
	}
	if got := d.ok("events", "show", "2", "--json", "--jq", ".same_gap_ms"); got != "1500\n" {
		t.Errorf("same_gap_ms = %q", got)
	}
	if got := d.ok("events", "show", "3", "--json", "--jq", "[.same_as, .same_gap_ms, .overtaken_by]"); got != "[null,null,1]\n" {
		t.Errorf("marks of #3 in JSON: %s", got)
	}
}
