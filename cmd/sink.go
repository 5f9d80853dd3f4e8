package cmd

import (
	"bufio"
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"whk/listener"
	"whk/replay"
	"whk/verify"
	"whk/verify/display"
)

// sink is where a listener's news go: lines for people, JSON lines for programs, or
// nowhere.
type sink interface {
	ready(r *receiver) error
	event(e *listener.Event) error
	result(n int64, result verify.Result) error
	// idle is called when there is nothing to show; it says how long to wait at most
	// before it is called again, 0 for as long as it takes.
	idle() time.Duration
	summary(t tally) error
}

func (r *receiver) newSink() (sink, error) {
	var all []verify.Secret
	for _, secrets := range r.secrets {
		all = append(all, secrets...)
	}
	switch {
	case r.isJSON():
		out, err := r.newJSON()
		return &jsonSink{out: out, app: r.app, redact: r.redactor(all)}, err
	case r.flags.ui == "none":
		return silentSink{}, nil
	}
	return &lineSink{app: r.app, redact: r.redactor(all), w: bufio.NewWriter(r.Out), names: newNameColumn(r.app), advised: map[string]bool{}, held: map[int64]*listener.Event{}}, nil
}

// silentSink shows nothing.
type silentSink struct{}

func (silentSink) ready(*receiver) error             { return nil }
func (silentSink) event(*listener.Event) error       { return nil }
func (silentSink) result(int64, verify.Result) error { return nil }
func (silentSink) idle() time.Duration               { return 0 }
func (silentSink) summary(tally) error               { return nil }

// jsonSink writes JSON lines.
type jsonSink struct {
	out     *jsonOutput
	app     *app
	redact  *replay.Redactor
	compare comparer
}

// readyJSON says that the listener receives, type "ready".
type readyJSON struct {
	URL           string   `json:"url"`
	Store         string   `json:"store"`
	Token         string   `json:"path_token,omitempty"`
	WithoutSecret []string `json:"without_secret,omitempty"`
}

// listenSummaryJSON is how a listener's run went, type "summary".
type listenSummaryJSON struct {
	Events   int                   `json:"events"`
	Verdicts map[verify.Status]int `json:"verdicts"`
	Attempts int                   `json:"attempts"`
	Failed   int                   `json:"failed_attempts"`
}

func (s *jsonSink) ready(r *receiver) error {
	return s.out.emit("ready", readyJSON{r.url, r.log.Path(), r.token, r.providersWithoutSecret()})
}

func (s *jsonSink) event(e *listener.Event) error {
	return s.out.emit("event", newEvent(e, s.app.providerOf(e.Provider), s.redact))
}

// result writes an attempt; a shadow's waits for the first target's, to be compared.
func (s *jsonSink) result(n int64, result verify.Result) error {
	judged := s.compare.add(n, result)
	if !result.Shadow {
		if err := s.out.emit("attempt", newAttempt(n, result, s.redact)); err != nil {
			return err
		}
	}
	for _, shadow := range judged {
		attempt := newAttempt(n, shadow.result, s.redact)
		attempt.Differs = shadow.differs
		if err := s.out.emit("attempt", attempt); err != nil {
			return err
		}
	}
	return nil
}

func (s *jsonSink) idle() time.Duration { return 0 }

func (s *jsonSink) summary(t tally) error {
	return s.out.emit("summary", listenSummaryJSON{t.events, t.verdicts, t.attempts, t.failed})
}

// patience is how long an event's line waits for the forward target's answer, which
// belongs into it.
const patience = time.Second

// lineSink writes one line an event. An event that is forwarded is held back until the
// answer is there, or for a moment at most.
type lineSink struct {
	app     *app
	redact  *replay.Redactor
	w       *bufio.Writer
	names   nameColumn
	advised map[string]bool
	held    map[int64]*listener.Event
	order   []int64
	compare comparer
	below   map[int64][]string // further details of events that are held back
}

func (s *lineSink) ready(r *receiver) error {
	paths := cmp.Or(r.tokenPath(), "/"+anyProvider)
	s.app.notice("listening on %s%s, ctrl-c ends", s.app.paint.bold(r.url), paths)
	for _, route := range r.options.Routes {
		how := "forwarding to"
		if route.Shadow {
			how = "shadowed by"
		}
		s.app.notice("%s %s", how, display.Line(route.Name))
	}
	s.app.notice("keeping every event in %s", display.Line(r.log.Path()))
	r.warnOfNoSecrets()
	return nil
}

func (s *lineSink) event(e *listener.Event) error {
	if e.Status == 0 {
		s.held[e.N] = e
		s.order = append(s.order, e.N)
		return nil
	}
	return s.print(e, s.app.out.status(e.Status, strconv.Itoa(e.Status)))
}

func (s *lineSink) print(e *listener.Event, answer string) error {
	fmt.Fprintf(s.w, "%s %s\n", eventLine(s.app.out, e, &s.names), answer)
	columns := 0
	if s.app.OutTTY {
		columns = s.app.Columns
	}
	for _, line := range append(details(s.app.out, e, columns), s.below[e.N]...) {
		fmt.Fprintln(s.w, line)
	}
	delete(s.below, e.N)
	if err := s.w.Flush(); err != nil {
		return err
	}
	if p := s.app.providerOf(e.Provider); p != nil && e.Verdict.Status == verify.Unsigned && p.Advice != "" && !s.advised[p.Name] {
		s.advised[p.Name] = true
		s.app.notice("%s documents no authentication. %s", p.Title, p.Advice)
	}
	return nil
}

// result completes the line of an event that was held back. A shadow is only spoken of
// when its answer is another.
func (s *lineSink) result(n int64, result verify.Result) error {
	judged := s.compare.add(n, result)
	if !result.Shadow {
		if err := s.answer(n, result); err != nil {
			return err
		}
	}
	for _, shadow := range judged {
		if shadow.differs != "" {
			s.app.notice("#%d shadow %s: %s", n, display.Line(s.redact.Text(shadow.result.Target)), shadow.differs)
		}
	}
	return nil
}

func (s *lineSink) answer(n int64, result verify.Result) error {
	e, ok := s.held[n]
	if !ok {
		fmt.Fprintf(s.w, "%s %s  → %s  %s\n", strings.Repeat(" ", 8), s.app.out.faint(fmt.Sprintf("%5s", "#"+strconv.FormatInt(n, 10))),
			display.Line(s.redact.Text(result.Target)), resultText(s.app.out, result))
		return s.w.Flush()
	}
	delete(s.held, n)
	return s.print(e, resultText(s.app.out, result))
}

// idle shows the events whose answer does not come.
func (s *lineSink) idle() time.Duration {
	now := time.Now()
	for len(s.order) > 0 {
		e, ok := s.held[s.order[0]]
		if ok && now.Sub(e.At) < patience {
			return patience - now.Sub(e.At)
		}
		if ok {
			delete(s.held, e.N)
			_ = s.print(e, s.app.out.faint("…"))
		}
		s.order = s.order[1:]
	}
	return 0
}

// flush shows the events whose answer has not come yet.
func (s *lineSink) flush() error {
	for _, n := range s.order {
		if e, ok := s.held[n]; ok {
			delete(s.held, n)
			if err := s.print(e, s.app.out.faint("…")); err != nil {
				return err
			}
		}
	}
	s.order = nil
	return nil
}

func (s *lineSink) summary(t tally) error {
	if err := s.flush(); err != nil {
		return err
	}
	parts := []string{}
	for _, status := range []verify.Status{verify.Valid, verify.Invalid, verify.Missing, verify.Unsigned, verify.Unchecked} {
		if n := t.verdicts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	s.app.notice("%s", strings.TrimSuffix(plural(t.events, "event")+": "+strings.Join(parts, ", "), ": "))
	return nil
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
