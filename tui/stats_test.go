package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	"whk/listener/tally"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/display/displaytest"
	"whk/verify/provider"
)

func statsNow() time.Time { return time.Date(2026, 1, 31, 15, 4, 30, 0, time.UTC) }

func newStatsCounts(t testing.TB) *tally.Counts {
	t.Helper()
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return tally.New(statsNow(), tally.Options{Definition: func(name string) *provider.Provider {
		p, err := set.Lookup(name)
		if err != nil {
			return nil
		}
		return p
	}})
}

// statsBatch is so many events of a provider, one every step, the last just before now.
type statsBatch struct {
	provider, entity, action string
	status                   verify.Status
	n                        int
	step                     time.Duration
	answer                   int // 0 for none, -1 for a time-out
	took                     time.Duration
	duplicate, late, replay  bool
}

func countBatches(c *tally.Counts, batches []statsBatch) {
	number := c.Events
	for _, b := range batches {
		for i := range b.n {
			number++
			e := &listener.Event{
				N: number, At: statsNow().Add(-time.Duration(b.n-i) * b.step), Provider: b.provider, Entity: b.entity, Action: b.action,
				Verdict: verify.Verdict{Status: b.status},
			}
			if b.duplicate && i%3 == 0 {
				e.SameAs = 1
			}
			if b.late && i%5 == 0 {
				e.OvertakenBy = 1
			}
			c.Add(e)
			r := &verify.Result{Outcome: verify.Answered, Status: b.answer, Took: b.took + time.Duration(i%7)*b.took/3}
			switch b.answer {
			case 0:
				continue
			case -1:
				r.Outcome, r.Status = verify.TimedOut, 0
			}
			c.Answer(e, r)
			if b.replay && i%4 == 0 {
				again := *r
				again.Replay, again.Outcome, again.Status = true, verify.Answered, 200
				c.Answer(e, &again)
			}
		}
	}
}

func busy() []statsBatch {
	const ms = time.Millisecond
	return []statsBatch{
		{"rentman", "Contact", "create", verify.Valid, 340, 9 * time.Second, 200, 11 * ms, true, true, false},
		{"rentman", "SerialNumber", "update", verify.Invalid, 3, time.Minute, 401, 2 * ms, false, false, false},
		{"ploomes", "Contacts", "Update", verify.Valid, 900, 3 * time.Second, 200, 4 * ms, true, false, true},
		{"ploomes", "Deals", "Win", verify.Missing, 7, 11 * time.Second, 302, 3 * ms, false, false, false},
		{"ubiqo", "gps", "coordinate", verify.Unsigned, 1200, time.Second / 2, 200, 800 * time.Microsecond, false, true, false},
		{"cassaincloud", "RECEIPT", "CREATE", verify.Unchecked, 12, 5 * time.Minute, -1, 10 * time.Second, false, false, false},
		{"unknown", "", "", verify.Unchecked, 2, 7 * time.Minute, 0, 0, false, false, false},
		{"rentman", "Project", "update", verify.Valid, 37, 4 * time.Second, 500, 41 * ms, false, false, false},
	}
}

// drawnPage is a page as it is seen, and what is wrong with its lines.
func drawnPage(t *testing.T, th *theme, page lines, width int) string {
	t.Helper()
	var b strings.Builder
	for _, l := range page {
		var one strings.Builder
		th.draw(&one, l, width, false)
		if got := display.Width(one.String()); got != width {
			t.Errorf("%d columns, want %d: %q", got, width, one.String())
		}
		if l.width() > width {
			t.Errorf("a line of %d columns is cut to %d: %q", l.width(), width, l.plain())
		}
		b.WriteString(strings.TrimRight(one.String(), " ") + "\n")
	}
	return b.String()
}

func TestStatistics(t *testing.T) {
	few := []statsBatch{
		{"rentman", "Contact", "create", verify.Valid, 4, time.Second, 200, 12 * time.Millisecond, false, false, false},
		{"ploomes", "Contacts", "Update", verify.Missing, 1, 3 * time.Second, 0, 0, false, false, false},
	}
	tests := []struct {
		name    string
		batches []statsBatch
		ascii   bool
		width   int
	}{
		{"busy_200", busy(), false, 200},
		{"busy_120", busy(), false, 120},
		{"busy_100", busy(), false, 100},
		{"busy_80", busy(), false, 80},
		{"busy_60", busy(), false, 60},
		{"busy_40", busy(), false, 40},
		{"busy_200_ascii", busy(), true, 200},
		{"busy_80_ascii", busy(), true, 80},
		{"few_80", few, false, 80},
		{"few_120", few, false, 120},
		{"none_80", nil, false, 80},
		{"none_40", nil, false, 40},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			th := newTheme(false, tt.ascii)
			c := newStatsCounts(t)
			countBatches(c, tt.batches)
			got := drawnPage(t, th, th.statistics(c, statsOptions{statsNow(), "s"}, tt.width), tt.width)
			golden(t, "stats/"+tt.name+".txt", got)
			if i := strings.IndexFunc(got, func(r rune) bool { return r > 126 }); tt.ascii && i >= 0 {
				t.Errorf("not ASCII: %q", got[i:min(i+20, len(got))])
			}
		})
	}
}

// Whatever the width and the figures, nothing is cut and nothing escapes.
func TestStatisticsFit(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		th := newTheme(false, ascii)
		c := newStatsCounts(t)
		for i, class := range displaytest.Classes {
			countBatches(c, []statsBatch{{class.Payload, class.Payload, fmt.Sprint(i), verify.Invalid, 1 + i%3, time.Minute, 200 + i, time.Duration(i) * time.Millisecond, true, true, true}})
		}
		countBatches(c, busy())
		for _, p := range c.Providers() {
			p.Events, p.Classes[4], p.Verdicts[verify.Valid] = 123_456_789, 99_999_999, 12_345_678
		}
		for width := 40; width <= 240; width += 7 {
			got := drawnPage(t, th, th.statistics(c, statsOptions{statsNow(), "s"}, width), width)
			if fault := displaytest.Fault(got, true); fault != "" {
				t.Errorf("%d columns: %s", width, fault)
			}
		}
	}
}

// No meaning is carried by colour alone: with colours the same text is seen.
func TestStatisticsWithoutColour(t *testing.T) {
	c := newStatsCounts(t)
	countBatches(c, busy())
	o := statsOptions{statsNow(), "s"}
	var plain, coloured []string
	for _, l := range newTheme(false, false).statistics(c, o, 120) {
		plain = append(plain, l.plain())
	}
	painted := map[role]bool{}
	for _, l := range newTheme(true, false).statistics(c, o, 120) {
		coloured = append(coloured, l.plain())
		for _, s := range l {
			painted[s.role] = true
		}
	}
	if diff := cmp.Diff(plain, coloured); diff != "" {
		t.Errorf("text (-without +with colours):\n%s", diff)
	}
	for _, r := range []role{faint, bold, bad, accent} {
		if !painted[r] {
			t.Errorf("nothing is painted in role %d", r)
		}
	}
}

// The alarm begins at 70 per cent of what the provider allows, in colour and in words.
func TestFailingFigure(t *testing.T) {
	tests := []struct {
		failing     int
		provider    string
		role        role
		text, short string
	}{
		{0, "rentman", faint, "0/50", ""},
		{34, "rentman", plain, "34/50", ""},
		{35, "rentman", bad, "35/50 → disabled", "35/50 → off"},
		{1234, "rentman", bad, "1,234/50 → disabled", "1,234/50 → off"},
		{0, "ploomes", faint, "-", "-"},
		{99, "ploomes", plain, "99", ""},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			c := newStatsCounts(t)
			countBatches(c, []statsBatch{
				{tt.provider, "Contact", "create", verify.Valid, 1, time.Second, 200, time.Millisecond, false, false, false},
				{tt.provider, "Contact", "create", verify.Valid, tt.failing, time.Second, 503, time.Millisecond, false, false, false},
			})
			s := statsPage{theme: newTheme(false, false), c: c, width: 80, providers: c.Providers()}
			got := s.failing(c.Providers()[0])
			if want := (figure{tt.role, tt.text, tt.short}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if noted := strings.Contains(fmt.Sprint(s.notes()), "switches the endpoint off"); noted != (tt.role == bad) {
				t.Errorf("a note is %v", noted)
			}
		})
	}
}

func TestBucketOf(t *testing.T) {
	tests := []struct {
		name     string
		counts   []int64
		p50, p95 int
	}{
		{"one", []int64{0, 1, 0}, 1, 1},
		{"half and half", []int64{2, 0, 2}, 0, 2},
		{"a few slow ones", []int64{0, 94, 5, 1}, 1, 2},
		{"as many as may be", []int64{0, 95, 5}, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if p50, p95 := bucketOf(tt.counts, 50), bucketOf(tt.counts, 95); p50 != tt.p50 || p95 != tt.p95 {
				t.Errorf("p50 in %d, p95 in %d, want %d and %d", p50, p95, tt.p50, tt.p95)
			}
		})
	}
}

func BenchmarkStatistics(b *testing.B) {
	th, c := newTheme(true, false), newStatsCounts(b)
	countBatches(c, busy())
	b.ReportAllocs()
	for b.Loop() {
		th.statistics(c, statsOptions{statsNow(), "s"}, 120)
	}
}
