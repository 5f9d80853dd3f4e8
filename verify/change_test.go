package verify_test

import (
	"testing"

	"whk/verify"
)

func TestSince(t *testing.T) {
	answer := func(status int) *verify.Result { return &verify.Result{Outcome: verify.Answered, Status: status} }
	refused := &verify.Result{Outcome: verify.Refused}
	tests := []struct {
		name   string
		before *verify.Result
		now    *verify.Result
		want   verify.Change
		good   bool
	}{
		{"a first success", nil, answer(204), verify.FirstPassed, true},
		{"a first failure", nil, answer(500), verify.FirstFailed, false},
		{"a first one without an answer", nil, refused, verify.FirstFailed, false},
		{"from failure to success", answer(500), answer(200), verify.Fixed, true},
		{"from no answer to success", refused, answer(200), verify.Fixed, true},
		{"from a redirect to success", answer(302), answer(200), verify.Fixed, true},
		{"from failure to another", answer(500), answer(404), verify.StillFailing, false},
		{"from failure to no answer", answer(500), refused, verify.StillFailing, false},
		{"from success to failure", answer(200), answer(404), verify.Regressed, false},
		{"from success to no answer", answer(200), refused, verify.Regressed, false},
		{"from success to another", answer(200), answer(204), verify.StillPassing, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.now.Since(tt.before); got != tt.want || got.Good() != tt.good {
				t.Errorf("got %s, good %v; want %s, %v", got, got.Good(), tt.want, tt.good)
			}
		})
	}
	teapot := func(r verify.Result) bool { return r.Status == 418 }
	if got := answer(418).SinceBy(answer(200), teapot); got != verify.Fixed {
		t.Errorf("where only a 418 passes: got %s, want %s", got, verify.Fixed)
	}
}

func TestLastAttempt(t *testing.T) {
	app, shadow := verify.Result{Outcome: verify.Answered, Status: 200}, verify.Result{Outcome: verify.Answered, Status: 500, Shadow: true}
	gone := verify.Result{Outcome: verify.Interrupted}
	attempts := []verify.Result{{Outcome: verify.Refused}, app, shadow, gone}
	if got := verify.LastAttempt(attempts); got != &attempts[1] {
		t.Errorf("got %+v, want the answer of the app", got)
	}
	for _, none := range [][]verify.Result{nil, {shadow}, {gone, shadow}} {
		if got := verify.LastAttempt(none); got != nil {
			t.Errorf("of %+v: got %+v, want none", none, got)
		}
	}
}
