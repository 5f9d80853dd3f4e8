package contract

import "slices"

// Severity is how bad it is when a check fails.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"   // events will be lost, or forged ones believed
	Warning Severity = "warning" // goes wrong with some senders or on a bad day
	Info    Severity = "info"    // worth knowing
)

// Severities lists them, worst first.
func Severities() []Severity { return []Severity{Error, Warning, Info} }

func (s Severity) rank() int { return slices.Index(Severities(), s) }

// Risk is how easily a check raises a false alarm.
type Risk string

// The risks.
const (
	Low    Risk = "low"
	Medium Risk = "medium"
	High   Risk = "high"
)

// Mode is how far a run goes.
type Mode string

// The modes; each has the checks of those before it.
const (
	Quick   Mode = "quick"   // seconds: what every endpoint must get right
	Full    Mode = "full"    // a minute: everything that does no harm
	Hostile Mode = "hostile" // what an attacker sends; only for an endpoint of one's own
)

// Modes lists them, the smallest first.
func Modes() []Mode { return []Mode{Quick, Full, Hostile} }

func (m Mode) covers(other Mode) bool {
	return slices.Index(Modes(), other) <= slices.Index(Modes(), m)
}

// Scope says for what a check makes sense.
type Scope struct {
	// Name is the scope in words, for lists.
	Name string
	// Fits reports whether a subject is in it.
	Fits func(*Subject) bool
}

// phase is when a check runs.
type phase int

const (
	during phase = iota // beside others
	alone               // with the endpoint for itself
	atEnd               // once everything was answered: it judges what was seen
)

// Check is one question to an endpoint.
type Check struct {
	// ID names the check, group first: "sig.one-bit".
	ID    string
	Scope Scope
	// Severity is that of a failure, unless a finding is milder.
	Severity Severity
	Risk     Risk
	Mode     Mode
	// Title says what is sent, and Expect what has to come back.
	Title, Expect string
	// Why says what happens to whoever fails.
	Why string
	// Topic is what to do about it: the key of an Advice.
	Topic Topic
	// Probes is set when the check has more to say with a probe; it runs alone then.
	Probes bool
	// Refuses is set when the check demands refusal, which means nothing while valid
	// events are not taken.
	Refuses bool
	// Run makes the exchanges and judges them.
	Run func(*Exam)

	phase phase
	slow  bool // starts early, since most of it is waiting
	gate  bool // runs first: whether valid events are taken
}

// Status is what came of a check.
type Status string

// The statuses.
const (
	// Passed means that everything was as expected.
	Passed Status = "passed"
	// Failed means that something was not; the severity says how bad that is.
	Failed Status = "failed"
	// Noted means that there is something to tell, and nothing to blame.
	Noted Status = "noted"
	// Inconclusive means that nothing can be said: for lack of a probe, because valid
	// events are not taken, or because the endpoint was gone.
	Inconclusive Status = "inconclusive"
	// Skipped means that the user said so.
	Skipped Status = "skipped"
)

// Statuses lists them, the most urgent first.
func Statuses() []Status { return []Status{Failed, Inconclusive, Noted, Passed, Skipped} }
