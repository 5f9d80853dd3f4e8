package cmd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

func TestExpectation(t *testing.T) {
	tests := []struct {
		text   string
		passes []int
		fails  []int
	}{
		{"", []int{200, 204, 299}, []int{199, 300, 404, 500}},
		{"2xx", []int{200, 299}, []int{300}},
		{"2XX", []int{200}, []int{300}},
		{"200", []int{200}, []int{201}},
		{"200,204", []int{200, 204}, []int{201, 202}},
		{"200, 4xx", []int{200, 400, 499}, []int{204, 500}},
		{"any", []int{100, 200, 404, 500}, nil},
		{"ANY", []int{500}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			var e expectation
			if tt.text != "" {
				if err := e.Set(tt.text); err != nil {
					t.Fatal(err)
				}
			}
			for _, status := range tt.passes {
				if !e.met(verify.Result{Outcome: verify.Answered, Status: status}) {
					t.Errorf("%d is not as expected", status)
				}
			}
			for _, status := range tt.fails {
				if e.met(verify.Result{Outcome: verify.Answered, Status: status}) {
					t.Errorf("%d is as expected", status)
				}
			}
			if e.met(verify.Result{Outcome: verify.TimedOut}) {
				t.Error("no answer is as expected")
			}
		})
	}
	for _, text := range []string{"", "ok", "20", "2000", "099", "600", "6xx", "0xx", "xx", "2xxx", "200,", "-200", "2x", "200;204"} {
		if err := new(expectation).Set(text); err == nil {
			t.Errorf("%q was taken for an expectation", text)
		}
	}
}

func TestRate(t *testing.T) {
	for text, want := range map[string]rate{"100/s": 100, "100": 100, "0.5": 0.5, "90/m": 1.5, "3600/h": 1, " 10/s ": 10} {
		var got rate
		if err := got.Set(text); err != nil || got != want {
			t.Errorf("%q: got %v (%v), want %v", text, float64(got), err, float64(want))
		}
	}
	for _, text := range []string{"", "0", "-1", "fast", "10/x", "10/", "NaN", "Inf", "1e12", "/s"} {
		if err := new(rate).Set(text); err == nil {
			t.Errorf("%q was taken for a rate", text)
		}
	}
}

func TestProgressLine(t *testing.T) {
	tests := []struct {
		name            string
		total           int64
		duration, after time.Duration
		done            int
		width           int
		ascii           bool
		want            string
	}{
		{"by number", 1000, 0, 500 * time.Millisecond, 250, 45, false, "███░░░░░░░░░░░░   25 %  250 of 1,000 events"},
		{"by number, in ASCII", 1000, 0, 500 * time.Millisecond, 250, 45, true, "###............   25 %  250 of 1,000 events"},
		{"by time, with a rate", 0, 10 * time.Second, 5 * time.Second, 5000, 45, true, "######.......   50 %  5,000 events  1,000/s"},
		{"never over the end", 10, time.Second, 2 * time.Second, 10, 50, true, "###################  100 %  10 of 10 events  5/s"},
		{"a narrow terminal gets no bar", 1000, 0, 0, 0, 20, false, "  0 %  0 of 1,000 events"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &progress{noun: "events", total: tt.total, duration: tt.duration, width: tt.width, ascii: tt.ascii}
			p.add(tt.done)
			if diff := cmp.Diff(tt.want, p.line(tt.after)); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAscii(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want bool
	}{
		{"nothing is said", nil, false},
		{"a UTF-8 locale", map[string]string{"LANG": "en_GB.UTF-8"}, false},
		{"another spelling", map[string]string{"LC_CTYPE": "C.utf8"}, false},
		{"the C locale", map[string]string{"LANG": "C"}, true},
		{"LC_ALL wins", map[string]string{"LC_ALL": "POSIX", "LANG": "en_GB.UTF-8"}, true},
		{"a dumb terminal", map[string]string{"TERM": "dumb", "LANG": "en_GB.UTF-8"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := &app{IO: IO{Env: func(name string) (string, bool) { value, ok := tt.env[name]; return value, ok }}}
			if got := a.ascii(); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
