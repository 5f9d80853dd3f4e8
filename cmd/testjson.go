package cmd

import (
	"time"

	"whk/replay"
	"whk/replay/contract"
	"whk/verify/explain"
)

// testCheckJSON is the result of a check of whk test as output, type "check".
type testCheckJSON struct {
	ID       string            `json:"id"`
	Status   contract.Status   `json:"status"`
	Severity contract.Severity `json:"severity"`
	// Outcome is what the endpoint did with the request that decided; absent when there
	// was none.
	Outcome  contract.Outcome `json:"outcome,omitempty"`
	TookMS   milliseconds     `json:"took_ms"`
	Requests int              `json:"requests"`
	Title    string           `json:"title"`
	Expect   string           `json:"expect"`
	Says     string           `json:"says,omitempty"`
	// Reason is why a check was skipped or counts otherwise: the user's words.
	Reason   string             `json:"reason,omitempty"`
	Why      string             `json:"why,omitempty"`
	Fix      string             `json:"fix,omitempty"`
	Fixes    []explain.Fix      `json:"fixes,omitempty"`
	Evidence []testEvidenceJSON `json:"evidence,omitempty"`
}

// testEvidenceJSON is one exchange of a check that deserves a word.
type testEvidenceJSON struct {
	Severity contract.Severity `json:"severity"`
	// Note is true for what is worth telling and no fault.
	Note bool   `json:"note,omitempty"`
	Says string `json:"says"`
	Sent string `json:"sent,omitempty"`
	Came string `json:"came,omitempty"`

	Outcome contract.Outcome `json:"outcome,omitempty"`
	Status  int              `json:"status,omitempty"`
	TookMS  *milliseconds    `json:"took_ms,omitempty"`
	Event   string           `json:"event,omitempty"`
	Variant string           `json:"variant,omitempty"`
	// Curl and Send are the lines that send this request again; a $WHK_SECRET variable
	// stands for the secret.
	Curl string `json:"curl,omitempty"`
	Send string `json:"send,omitempty"`
	// Files are where the request was kept.
	Files []string `json:"files,omitempty"`
}

// testSummaryJSON is how a test went, type "summary".
type testSummaryJSON struct {
	Provider string           `json:"provider"`
	Target   string           `json:"target"`
	Mode     contract.Mode    `json:"mode"`
	Verdict  contract.Verdict `json:"verdict"`
	Says     string           `json:"says"`
	// Accepts is whether any valid event was accepted, without which a refusal proves
	// nothing.
	Accepts      bool         `json:"accepts"`
	Idempotency  string       `json:"idempotency,omitempty"`
	Checks       int          `json:"checks"`
	Passed       int          `json:"passed"`
	Errors       int          `json:"errors"`
	Warnings     int          `json:"warnings"`
	Infos        int          `json:"infos"`
	Noted        int          `json:"noted"`
	Inconclusive int          `json:"inconclusive"`
	Skipped      int          `json:"skipped"`
	Requests     int          `json:"requests"`
	TookMS       milliseconds `json:"took_ms"`
	Seed         uint64       `json:"seed"`
	Secret       string       `json:"secret,omitempty"`
	Reserved     string       `json:"reserved"`
}

func newTestSummary(r *contract.Report, strict bool, redact *replay.Redactor) testSummaryJSON {
	return testSummaryJSON{
		Provider: r.Provider, Target: redact.Text(r.Target), Mode: r.Mode, Verdict: r.Verdict(strict), Says: redact.Text(r.Summary(strict)), Accepts: r.Open, Idempotency: r.Idempotency,
		Checks: len(r.Results), Passed: r.Count(contract.Passed), Errors: r.Failed(contract.Error), Warnings: r.Failed(contract.Warning), Infos: r.Failed(contract.Info),
		Noted: r.Count(contract.Noted), Inconclusive: r.Count(contract.Inconclusive), Skipped: r.Count(contract.Skipped),
		Requests: r.Requests, TookMS: inMilliseconds(r.Took), Seed: r.Seed, Secret: r.Secret, Reserved: contract.Reserved,
	}
}

func inMilliseconds(d time.Duration) milliseconds { return milliseconds(max(d, 0)) }

// checkJSON is a result as output.
func (o *testOutput) checkJSON(r contract.Result) testCheckJSON {
	redact := o.t.redact
	j := testCheckJSON{
		ID: r.ID, Status: r.Status, Severity: r.Severity, Outcome: r.Outcome, TookMS: inMilliseconds(r.Took), Requests: r.Requests,
		Title: r.Title, Expect: r.Expect, Says: redact.Text(r.Says), Reason: r.Reason,
	}
	if r.Status == contract.Failed {
		advice := contract.AdviceOn(r.Topic)
		j.Why, j.Fix, j.Fixes = r.Why, advice.Text, advice.Fixes
	}
	for i, f := range r.Findings {
		e := testEvidenceJSON{Severity: f.Severity, Note: f.Note, Says: redact.Text(f.Says)}
		if x := f.Exchange; x != nil {
			took := inMilliseconds(x.Result.Took)
			e.Sent, e.Came, e.Outcome, e.Status, e.TookMS = redact.Text(x.Sent), redact.Text(x.Came()), x.Outcome, x.Result.Status, &took
			e.Event, e.Variant = x.Event, x.Variant
			if !f.Note {
				again := o.again(r, i, x)
				e.Curl, e.Send, e.Files = again.curl, again.send, again.files
			}
		}
		j.Evidence = append(j.Evidence, e)
	}
	return j
}
