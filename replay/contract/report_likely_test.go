package contract_test

import (
	"net/http"
	"strings"
	"testing"

	"whk/replay/contract"
	"whk/verify"
)

// What is most likely wrong when valid events are not taken is read from the answer.
func TestFixOfTheGate(t *testing.T) {
	gate := contract.Catalogue()[0]
	if gate.ID != "accept.valid" {
		t.Fatalf("the gate is %s", gate.ID)
	}
	general := contract.AdviceOn(gate.Topic).Text
	for name, tt := range map[string]struct {
		status           int
		outcome          contract.Outcome
		location, secret string
		target           string
		open             bool
		want             string
	}{
		"no such path":         {status: 404, outcome: contract.Rejected, want: "nothing takes a POST there"},
		"no such method":       {status: 405, outcome: contract.Rejected, want: "nothing takes a POST there"},
		"another secret":       {status: 401, outcome: contract.Rejected, secret: "env WHK_SECRET_RENTMAN", want: "the same secret (whk signs with env WHK_SECRET_RENTMAN)"},
		"no secret set":        {status: 403, outcome: contract.Rejected, secret: "development", want: "whk signs with the development secret"},
		"nothing is signed":    {status: 401, outcome: contract.Rejected, want: "this provider signs nothing"},
		"some are taken":       {status: 401, outcome: contract.Rejected, secret: "env X", open: true, want: "the secret is right"},
		"too many":             {status: 429, outcome: contract.Throttled, want: "the log of the endpoint says why it refuses"},
		"failure":              {status: 500, outcome: contract.Crashed, want: "its log says where"},
		"silence":              {outcome: contract.Hung, want: "answer first"},
		"sent elsewhere":       {status: 308, outcome: contract.Redirected, location: "https://example.com/hook", want: "no provider follows: https://example.com/hook"},
		"sent nowhere":         {status: 300, outcome: contract.Redirected, want: general},
		"http for https":       {outcome: contract.Reset, want: "test https://user:xxxxx@127.0.0.1:3000/hook"},
		"said by the server":   {status: 400, outcome: contract.Rejected, want: "test https://"},
		"the end of https":     {outcome: contract.Reset, target: "https://127.0.0.1:3000/hook", want: "the log of the endpoint says why it does not answer"},
		"nothing was answered": {want: general},
	} {
		t.Run(name, func(t *testing.T) {
			r := &contract.Report{Provider: "rentman", Target: "http://user:pass@127.0.0.1:3000/hook", Secret: tt.secret, Open: tt.open}
			if tt.target != "" {
				r.Target = tt.target
			}
			result := contract.Result{Check: &gate, Status: contract.Failed, Findings: []contract.Finding{{Note: true, Says: "a note"}, {Says: "nothing was sent"}}}
			if tt.outcome != "" {
				x := &contract.Exchange{Outcome: tt.outcome, Result: verify.Result{Status: tt.status, Header: http.Header{}}}
				if tt.location != "" {
					x.Result.Header.Set("Location", tt.location)
				}
				result.Findings = append(result.Findings, contract.Finding{Exchange: x})
			}
			if got := r.Fix(result); !strings.Contains(got, tt.want) || strings.Contains(got, "pass") {
				t.Errorf("%q, want %q in it", got, tt.want)
			}
			if r.Unreachable = "failed: no TLS"; !strings.Contains(r.Fix(result), "mend what was found") {
				t.Errorf("where whk is not understood: %q", r.Fix(result))
			}
			if r.Unreachable = "refused: no connection"; !strings.Contains(r.Fix(result), "start the endpoint") {
				t.Errorf("where nobody listens: %q", r.Fix(result))
			}
			result.Status = contract.Passed
			if got := r.Fix(result); got != general {
				t.Errorf("of a check that passed: %q", got)
			}
		})
	}
}
