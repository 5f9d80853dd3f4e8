package contract

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"whk/verify"
)

func failChecks() []Check {
	return []Check{
		{ID: "fail.5xx-body", Scope: everywhere(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutErrors, phase: atEnd,
			Title: "every answer of this run, read", Expect: "no trace, path, secret or expected signature",
			Why: "an error page tells a stranger how the endpoint is built, or how to sign", Run: failLeaks},
		{ID: "fail.status-in-body", Scope: keyed(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutStatus, phase: atEnd, Refuses: true,
			Title: "every answer to a forged event, read", Expect: "a refusal by status",
			Why: "providers read the status alone; who answers 200 says that all is well", Run: failStatusInBody},
		{ID: "fail.verbose-reason", Scope: signing(), Severity: Info, Risk: High, Mode: Full, Topic: AboutErrors, Refuses: true,
			Title: "an event without signature and one with a wrong signature", Expect: "the same text",
			Why: "different texts tell a stranger how far he has come", Run: failVerbose},
		{ID: "fail.csrf", Scope: everywhere(), Severity: Error, Risk: Medium, Mode: Quick, Topic: AboutCSRF, phase: atEnd,
			Title: "every refusal of a valid event, read", Expect: "none by protection against forged forms",
			Why: "a provider has neither cookie nor token of a form; every event is refused", Run: failCSRF},
		{ID: "fail.backup", Scope: Scope{"providers that try again", func(s *Subject) bool {
			m := s.Provider.Manners
			return m.Backup != nil || m.Retries != nil && m.Retries.Max > 0
		}}, Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutRepeats, Probes: true, slow: true,
			Title: "a delivery that is cut off, then the same to the second URL, or up to the third attempt", Expect: "2xx, one effect",
			Why: "what failed once comes again, and may have had its effect already", Run: failBackup},
		{ID: "fail.disable-threshold", Scope: Scope{"providers that switch off", func(s *Subject) bool { return s.Provider.Manners.Disable != nil }}, Severity: Info, Risk: Low, Mode: Quick, Topic: AboutStatus, phase: atEnd,
			Title: "the valid events of this run that were not accepted, counted", Expect: "none",
			Why: "the provider counts failures in a row, and ends by sending nothing", Run: failThreshold},
		{ID: "secret.unset", Scope: keyed(), Severity: Warning, Risk: Low, Mode: Full, Topic: AboutSecret, phase: alone, Refuses: true,
			Title: "the endpoint started without its secret", Expect: "401 or 503, or no start",
			Why: "an app that was deployed without its secret believes everybody", Run: secretUnset},
	}
}

// leakSigns are what only an answer has that was not meant for strangers.
func leakSigns() []struct{ sign, what string } {
	return []struct{ sign, what string }{
		{"Traceback (most recent call last)", "a Python trace"}, {"goroutine 1 [", "a Go trace"}, {"runtime/debug.Stack", "a Go trace"}, {"\tat java.", "a Java trace"}, {"\tat org.springframework", "a Java trace"},
		{".java:", "a Java trace"}, {"    at Object.<anonymous>", "a Node trace"}, {"node_modules/", "a path of the server"}, {"/node_modules", "a path of the server"}, {"at processTicksAndRejections", "a Node trace"},
		{"Stack trace:\n#0", "a PHP trace"}, {"Fatal error: Uncaught", "a PHP trace"}, {"vendor/laravel", "a path of the server"}, {"site-packages/", "a path of the server"},
		{"   at Microsoft.AspNetCore", "a .NET trace"}, {"System.NullReferenceException", "a .NET trace"}, {"/usr/src/app/", "a path of the server"}, {"/var/www/", "a path of the server"},
		{"/home/", "a path of the server"}, {"C:\\Users\\", "a path of the server"}, {"SQLSTATE[", "an error of the database"}, {"You have an error in your SQL syntax", "an error of the database"},
		{"(app/controllers/", "a Ruby trace"}, {"activesupport (", "a Ruby trace"}, {"gems/", "a path of the server"},
	}
}

func failLeaks(x *Exam) {
	x.judged = true
	told := map[string]bool{}
	for _, a := range x.run.seenAnswers() {
		if len(a.result.Body) == 0 {
			continue
		}
		what := x.leak(a)
		if what == "" || told[what] {
			continue
		}
		told[what] = true
		x.fail(x.check.Severity, a.shot, a.result, "an answer holds %s (%s)", what, a.check)
	}
}

// leak says what an answer gives away, "" when nothing.
func (x *Exam) leak(a answer) string {
	text := string(a.result.Body)
	for _, l := range leakSigns() {
		if strings.Contains(text, l.sign) && (a.shot.Delivery == nil || !bytes.Contains(a.shot.Delivery.Body, []byte(l.sign))) {
			return l.what
		}
	}
	if a.shot.Delivery == nil {
		return ""
	}
	for _, secret := range x.secrets {
		value := secret.Reveal()
		if len(value) >= 6 && strings.Contains(text, value) && !x.sentIt(a, value) {
			return "the secret"
		}
	}
	if expected := x.expected(a); expected != "" && strings.Contains(text, expected) && !x.sentIt(a, expected) {
		return "the expected signature"
	}
	return ""
}

// sentIt reports whether a text was part of the request: an endpoint that repeats it gives
// nothing away.
func (x *Exam) sentIt(a answer, text string) bool {
	if bytes.Contains(a.shot.Delivery.Body, []byte(text)) || strings.Contains(a.shot.Delivery.URL, text) {
		return true
	}
	for _, values := range a.shot.Delivery.Header {
		if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, text) }) {
			return true
		}
	}
	return false
}

// expected is the signature that a request ought to have had.
func (x *Exam) expected(a answer) string {
	if !x.hashes() || x.recipe.Kind != verify.KindHMAC {
		return ""
	}
	d := a.shot.Delivery.Clone()
	if x.sign(x.keyring, d, a.shot.at) != nil {
		return ""
	}
	return x.signature(d)
}

func failStatusInBody(x *Exam) {
	x.judged = true
	for _, a := range x.run.seenAnswers() {
		if OutcomeOf(a.result) == Accepted && a.shot.Delivery != nil && a.shot.spec != nil && !x.valid(a.shot.Delivery, a.shot.at) && x.run.refusedInWords(a.shot, a.result) {
			x.fail(x.check.Severity, a.shot, a.result, "a forged event was refused in words and answered %d", a.result.Status)
			return
		}
	}
}

func failVerbose(x *Exam) {
	var texts []string
	var last *Shot
	var result verify.Result
	for _, make := range []func(*Exam) *Shot{missingShot, wrongKeyShot} {
		s := make(x)
		if s.Delivery == nil {
			return
		}
		r, o := x.Send(s)
		if x.settled(s, r, o) {
			return
		}
		texts = append(texts, fmt.Sprint(r.Status)+string(r.Body))
		last, result = s, r
	}
	if texts[0] != texts[1] {
		x.note(last, result, "a missing and a wrong signature are answered differently; one answer for both tells less")
	}
}

func failCSRF(x *Exam) {
	x.judged = true
	for _, a := range x.run.seenAnswers() {
		if a.shot.Delivery == nil || a.shot.spec == nil || OutcomeOf(a.result) != Rejected || !x.valid(a.shot.Delivery, a.shot.at) {
			continue
		}
		text := strings.ToLower(string(a.result.Body))
		for _, sign := range []string{"csrf", "page expired", "forgery", "antiforgery", "invalidauthenticitytoken", "xsrf"} {
			if strings.Contains(text, sign) || a.result.Status == 419 {
				x.fail(x.check.Severity, a.shot, a.result, "a valid event was refused by the protection against forged forms")
				return
			}
		}
	}
}

func failBackup(x *Exam) {
	probe := x.run.o.Probe != nil
	unit, before, ok := x.start(true)
	if !ok {
		return
	}
	s := x.Signed()
	if s.Delivery == nil {
		return
	}
	x.hangUp(s)
	x.pause(x.run.o.gap())
	attempts := 1
	if retries := x.Provider.Manners.Retries; retries != nil {
		attempts = min(max(retries.Max-1, 1), 2)
	}
	for i := range attempts {
		again := *s
		again.Delivery = s.Delivery.Clone()
		again.Says("%s, attempt %d", s.What, i+2)
		if x.run.o.Backup != "" && x.Provider.Manners.Backup != nil {
			again.Delivery.URL = withQuery(x.run.o.Backup, again.Delivery.RawQuery())
			again.Delivery.Host = hostOf(x.run.o.Backup)
			again.odd()
		}
		r, o := x.Send(&again)
		if x.settled(&again, r, o) {
			return
		}
		if o != Accepted && r.Status != http.StatusConflict {
			x.fail(x.check.Severity, &again, r, "the repeat was %s", o.verb())
			return
		}
	}
	if !probe {
		x.unsure(unseen)
		return
	}
	if after, ok := x.settledValue(before); ok {
		if grown, _ := after.since(before); grown != unit {
			x.Fail(x.check.Severity, "one event in %d attempts counted %g times, as the probe tells", attempts+1, grown/unit)
		}
	}
}

func failThreshold(x *Exam) {
	x.judged = true
	row, longest, total := 0, 0, 0
	for _, a := range x.run.seenAnswers() {
		if a.shot.Delivery == nil || a.shot.spec == nil || a.shot.edited || a.shot.sign == "" || !x.valid(a.shot.Delivery, a.shot.at) {
			continue
		}
		total++
		if OutcomeOf(a.result) == Accepted {
			row = 0
			continue
		}
		row++
		longest = max(longest, row)
	}
	disable := x.Provider.Manners.Disable
	if longest == 0 || total == 0 {
		return
	}
	text := fmt.Sprintf("%d of the provider's own events in a row were not accepted", longest)
	for _, n := range slices.Backward(disable.Notices) {
		if longest >= n {
			text += fmt.Sprintf("; %s would have given notice at %d", x.Provider.Title, n)
			break
		}
	}
	if off := disable.AfterConsecutiveFailures; off > 0 {
		if longest >= off {
			text += fmt.Sprintf(" and switched the webhook off at %d", off)
		} else {
			text += fmt.Sprintf("; it switches the webhook off at %d", off)
		}
	}
	x.Note("%s", text)
}

func secretUnset(x *Exam) {
	if x.run.o.WithoutSecret == nil {
		x.unsure("cannot be seen from outside; whk test URL -- COMMAND starts the endpoint without its secret, too")
		return
	}
	err := x.run.o.WithoutSecret(x.Context, func() {
		for _, make := range []func(*Exam) *Shot{missingShot, wrongKeyShot, emptyKeyShot} {
			s := make(x)
			if s == nil || s.Delivery == nil {
				continue
			}
			s.Says("%s, to the endpoint without its secret", s.What)
			r, o := x.Send(s)
			switch {
			case o == Refused, o == Rejected, o == Crashed, o == Reset, o == Interrupted:
				x.judged = true
			case x.settled(s, r, o):
			case o == Accepted:
				x.fail(x.check.Severity, s, r, "without its secret, the endpoint believes everybody")
				return
			}
		}
	})
	if err != nil {
		x.judged = true
		x.Note("without its secret the endpoint does not start: %s", err)
	}
}

func emptyKeyShot(x *Exam) *Shot {
	s := x.Event().odd()
	if !x.hashes() || x.recipe.Kind != verify.KindHMAC {
		return nil
	}
	k, err := x.bent(verify.NewSecret("an empty secret", "\x00"), func(r *verify.Recipe) { r.SecretEncoding, r.SecretPrefix = "", "" })
	if err != nil || !x.signWith(s, k, s.at) {
		return nil
	}
	return s.Says("%s signed with an empty secret", s.What)
}
