package contract

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"whk/replay"
)

// Suite is a file of a user's own: what is tested with which checks of the catalogue, and
// cases besides. ParseSuite reads one; nothing of it has an effect until its Checks run.
type Suite struct {
	File string
	// Target is as in whk test; Provider is a name, Secret env:NAME or file:PATH, and
	// empty where the usual places are asked.
	Target, Provider, Secret string
	// P95 and Timeout are 0 where nothing is said.
	P95, Timeout time.Duration
	Probe        *Probe
	// Run are modes and globs over the ids of checks; nil when nothing is said.
	Run      []string
	Skip     map[string]string
	Severity map[string]Override
	Cases    []*Case
	// Wants are what the suite reaches for beyond this machine and its own folder. A
	// person has to agree to them before anything runs.
	Wants []Want

	places map[string]Position // of what only others can judge
}

// Want is one thing that somebody has to agree to.
type Want struct {
	Position
	Key, Wants string
}

// Case is one case of a suite.
type Case struct {
	Position
	// Name is the user's, ID what reports call it: "case.contact-appears-once".
	Name, ID string
	Steps    []Step
	Times    int
	// Concurrent sends everything at once, Interleave goes through the steps Times times
	// instead of repeating each; Order is that of the steps.
	Concurrent, Interleave bool
	Order                  string
	Expect                 *Expect
}

// Step is one delivery of a case.
type Step struct {
	Position
	// Send is PROVIDER/EVENT, event:REF or file:PATH.
	Send, Variant string
	Edits         []replay.Edit
	Sign          replay.SignMode
	// Expect is the step's own, nil when that of the case holds.
	Expect *Expect
}

// Expect is what has to come of a delivery. What is not said is not judged; without any
// status and outcome a delivery has to be accepted, or rejected when it is a forgery.
type Expect struct {
	// Status are codes and classes such as 2xx.
	Status  []string
	Outcome []Outcome
	Within  time.Duration
	Probe   *ProbeExpect
}

// ProbeExpect is what a probe has to read when all was delivered.
type ProbeExpect struct {
	Position
	// Probe is the suite's when it is nil.
	Probe *Probe
	// Delta is by how much a number has to grow, Equals what it has to read.
	Delta  *float64
	Equals *string
}

// The orders of the steps of a case.
const (
	inGivenOrder = "given"
	inReverse    = "reversed"
	inAnyOrder   = "shuffled"
)

// ParseSuite reads a suite. Its error is a *SuiteError, the first mistake in the file.
func ParseSuite(file string, data []byte, env func(string) (string, bool)) (*Suite, error) {
	r := &suiteReader{file: file}
	s := &Suite{File: file, places: map[string]Position{}}
	root := r.document(data)
	if root != nil {
		r.suite(s, root, env)
	}
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}

// Mistake is an error at the place of a key at the top, for what only others can judge.
func (s *Suite) Mistake(key, hint string, err error) *SuiteError {
	return &SuiteError{File: s.File, Position: s.places[key], Msg: key, Hint: hint, Err: err}
}

func suiteKeys() []string {
	return []string{"version", "target", "provider", "secret", "budget", "probe", "checks", "cases"}
}

func (r *suiteReader) suite(s *Suite, root *yaml.Node, env func(string) (string, bool)) {
	given := map[string]bool{}
	for _, p := range r.mapping(root, "suite", suiteKeys()...) {
		given[p.key], s.places[p.key] = true, at(p.value)
		switch p.key {
		case "version":
			r.number(p.value, "version", 1, 1)
		case "target":
			r.target(s, p.value, env)
		case "provider":
			s.Provider = r.text(p.value, "provider")
		case "secret":
			r.secret(s, p.value, env)
		case "budget":
			r.budget(s, p.value)
		case "probe":
			s.Probe, _ = r.probe(s, p.value, "probe", false)
		case "checks":
			r.checks(s, p.value)
		case "cases":
			r.cases(s, p.value)
		}
	}
	for _, key := range []string{"version", "target", "provider"} {
		if !given[key] && r.err == nil {
			r.fail(root, "", "suite: there is no %s", key)
		}
	}
	for _, c := range s.Cases {
		if r.err == nil && c.Expect != nil && c.Expect.Probe != nil && c.Expect.Probe.Probe == nil && s.Probe == nil {
			r.fail(&yaml.Node{Line: c.Expect.Probe.Line, Column: c.Expect.Probe.Column}, "give it get: URL here, or give the suite a probe", "probe: there is none to read")
		}
	}
}

func (r *suiteReader) target(s *Suite, n *yaml.Node, env func(string) (string, bool)) {
	text, given := r.expanded(n, "target", env)
	if r.err != nil {
		return
	}
	full, err := replay.Target(text, "/")
	if err != nil {
		r.fail(n, "expected something like http://localhost:3000/hook", "target: it is no address that events can be sent to")
		return
	}
	s.Target = full
	// What stands wholly in a variable was said by whoever set it.
	if !(given && reference.FindString(n.Value) == n.Value) && !onThisMachine(full) {
		s.want(n, "target", "send events to "+hostShown(full))
	}
}

func (s *Suite) want(n *yaml.Node, key, wants string) {
	s.Wants = append(s.Wants, Want{at(n), key, wants})
}

// onThisMachine takes localhost and loopback addresses in their usual spelling.
func onThisMachine(target string) bool {
	u, err := url.Parse(target)
	if err != nil {
		return false
	}
	if strings.EqualFold(u.Hostname(), "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.Zone() == "" && ip.Unmap().IsLoopback()
}

func hostShown(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return "an address"
	}
	if u.Port() == "" {
		return u.Hostname()
	}
	return net.JoinHostPort(u.Hostname(), u.Port())
}

// secret reads a reference. A value is never repeated, not even in the error.
func (r *suiteReader) secret(s *Suite, n *yaml.Node, env func(string) (string, bool)) {
	text, _ := r.expanded(n, "secret", env)
	kind, rest, _ := strings.Cut(text, ":")
	if kind != "env" && kind != "file" || rest == "" {
		r.fail(n, "expected env:NAME or file:PATH", "secret: a suite names where a secret is and never holds it")
		return
	}
	if kind == "file" {
		r.path(s, n, "secret", rest, "read the secret in ")
	}
	s.Secret = text
}

// path sees to it that a file outside the suite's folder has to be agreed to.
func (r *suiteReader) path(s *Suite, n *yaml.Node, key, name, wants string) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		s.want(n, key, wants+shown(name))
	}
}

func (r *suiteReader) budget(s *Suite, n *yaml.Node) {
	for _, p := range r.mapping(n, "budget", "p95", "timeout") {
		if p.key == "p95" {
			s.P95 = r.duration(p.value, "budget.p95")
		} else {
			s.Timeout = r.duration(p.value, "budget.timeout")
		}
	}
}

// probe reads a probe and, in an expectation, what it has to read.
func (r *suiteReader) probe(s *Suite, n *yaml.Node, what string, expects bool) (*Probe, *ProbeExpect) {
	known := []string{"get", "json", "cmd"}
	if expects {
		known = append(known, "delta", "equals")
	}
	var p Probe
	var json *yaml.Node
	e := &ProbeExpect{Position: at(n)}
	for _, m := range r.mapping(n, what, known...) {
		switch m.key {
		case "get":
			p.URL = r.probeURL(s, m.value, what+".get")
		case "json":
			json, p.Path = m.value, r.text(m.value, what+".json")
		case "cmd":
			if p.Command = r.texts(m.value, what+".cmd"); len(p.Command) == 0 {
				r.fail(m.value, "", "%s.cmd: there is no command", what)
			} else {
				s.want(m.value, what+".cmd", "run "+shown(strings.Join(p.Command, " ")))
			}
		case "delta":
			delta, err := strconv.ParseFloat(m.value.Value, 64)
			if err != nil || m.value.Kind != yaml.ScalarNode {
				r.fail(m.value, "", "%s.delta: expected a number, found %s", what, kindName(m.value))
			}
			e.Delta = &delta
		case "equals":
			if m.value.Kind != yaml.ScalarNode {
				r.fail(m.value, "", "%s.equals: expected a text or a number, found %s", what, kindName(m.value))
			}
			text := strings.TrimSpace(m.value.Value)
			e.Equals = &text
		}
	}
	switch {
	case r.err != nil:
	case p.URL != "" && p.Command != nil:
		r.fail(n, "", "%s: get and cmd exclude each other", what)
	case json != nil && p.URL == "":
		r.fail(json, "", "%s: json is a path into what get reads", what)
	case !expects && p.URL == "" && p.Command == nil:
		r.fail(n, "", "%s: expected get or cmd", what)
	case expects && (e.Delta == nil) == (e.Equals == nil):
		r.fail(n, "", "%s: expected either delta or equals", what)
	}
	if p.URL != "" || p.Command != nil {
		e.Probe = &p
	}
	return &p, e
}

func (r *suiteReader) probeURL(s *Suite, n *yaml.Node, what string) string {
	target, err := replay.Target(r.text(n, what), "/")
	if err != nil {
		r.fail(n, "", "%s: it is no address that can be asked", what)
		return ""
	}
	if !onThisMachine(target) {
		s.want(n, what, "ask "+hostShown(target))
	}
	return target
}

func (r *suiteReader) checks(s *Suite, n *yaml.Node) {
	for _, p := range r.mapping(n, "checks", "run", "skip", "severity") {
		switch p.key {
		case "run":
			s.Run = r.texts(p.value, "checks.run")
			for i, word := range s.Run {
				if !slices.Contains(Modes(), Mode(word)) {
					r.glob(p.value.Content[i], word)
				}
			}
		case "skip":
			s.Skip = map[string]string{}
			for _, m := range r.mapping(p.value, "checks.skip") {
				r.glob(m.name, m.key)
				s.Skip[m.key] = r.text(m.value, "checks.skip."+m.key+": the reason")
			}
		case "severity":
			s.Severity = map[string]Override{}
			for _, m := range r.mapping(p.value, "checks.severity") {
				r.glob(m.name, m.key)
				s.Severity[m.key] = Override{Severity: Severity(r.oneOf(m.value, "checks.severity."+m.key, string(Error), string(Warning), string(Info)))}
			}
		}
	}
}

// glob refuses what names no check. Cases are read later and have ids of their own.
func (r *suiteReader) glob(n *yaml.Node, glob string) {
	if _, err := path.Match(glob, ""); err != nil {
		r.fail(n, "", "checks: %s is no glob", shown(glob))
		return
	}
	if strings.HasPrefix(glob, "case") || slices.ContainsFunc(Catalogue(), func(c Check) bool { return matches(glob, c.ID) }) {
		return
	}
	r.fail(n, "whk test --list --mode hostile lists the checks; quick, full and hostile are modes", "checks: no check is called %s", shown(glob))
}

// Selection is what the suite runs of the catalogue, as the options have it: a mode, and
// the only checks, nil for all of the mode.
func (s *Suite) Selection() (mode Mode, only []string) {
	mode = Quick
	if s.Run == nil {
		return mode, nil
	}
	modes := false
	for _, word := range s.Run {
		if m := Mode(word); slices.Contains(Modes(), m) {
			modes = true
			if m.covers(mode) {
				mode = m
			}
		} else {
			only = append(only, word)
		}
	}
	if modes && len(only) == 0 {
		return mode, nil
	}
	if modes {
		for _, c := range Catalogue() {
			if mode.covers(c.Mode) {
				only = append(only, c.ID)
			}
		}
	}
	for _, c := range s.Cases {
		only = append(only, c.ID)
	}
	if len(only) == 0 {
		only = append(only, "accept.valid") // the gate, which always runs
	}
	return mode, only
}

// slug makes an id of a name.
func slug(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 60 {
			break
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}

func (r *suiteReader) cases(s *Suite, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, "", "cases: expected a list, found %s", kindName(n))
		return
	}
	if len(n.Content) > maxCases {
		r.fail(n, "", "cases: there are more than %d", maxCases)
		return
	}
	for i, item := range n.Content {
		c := r.oneCase(s, item)
		if c.ID = "case." + slug(c.Name); c.ID == "case." {
			c.ID = fmt.Sprintf("case.%d", i+1)
		}
		if j := slices.IndexFunc(s.Cases, func(o *Case) bool { return o.ID == c.ID }); j >= 0 {
			r.fail(item, "", "cases: the name is that of line %d, or too much like it", s.Cases[j].Line)
		}
		s.Cases = append(s.Cases, c)
	}
}
