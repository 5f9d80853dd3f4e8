package config

import (
	"cmp"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What a project file may do, although nobody has looked at it:
//
//	free       what is shown, counted, answered and how long is waited
//	loopback   listen.addr, listen.forward_to and routes, on this machine only
//	inside     definition and secret files inside the project, for providers that are
//	           not built in; env:NAME for secrets
//
// Everything else is refused, and so is a flag that is not in the table below: a new
// flag stays out of project files until somebody has thought about it.
type rule int

const (
	refused  rule = iota // moves the store, writes files, weakens a check, or is unknown
	free                 // harmless whatever its value
	loopback             // an address or a target on this machine
	private              // a secret in itself: in no project file, even a trusted one
)

func ruleOf(flag string) rule {
	switch flag {
	case "events", "on-invalid", "respond", "respond-delay", "fail-first", "ack",
		"sequential", "retry", "add-header", "drop-header", "fail-on-drift",
		"ui", "color", "json", "output", "count", "timeout", "provider", "require-verified",
		"public-url", "forward-timeout", "max-body":
		return free
	case "addr", "forward-to":
		return loopback
	case "path-token":
		return private
	}
	return refused
}

// policy is what judge has to know besides the file itself.
type policy struct {
	builtin func(provider string) bool
	// contained reports whether a path, relative to the project, stays inside it.
	contained func(rel string) error
	root      string
	// why is added to a refusal when the file does not look like a project file.
	why string
	// userFile is where the hint sends people.
	userFile string
}

// refusal is one thing that a file asks for and may not have.
type refusal struct {
	src  Source
	flag string // by which a person can do it instead
	name string // of the key, "listen.addr"
	// may says what is allowed instead, wants what the file would do, and problem which
	// rule it breaks; problem may be empty.
	may, wants, problem string
}

// judge refuses what an untrusted project file may not do, beginning at the top. It
// reads no file.
func (f *File) judge(p policy) error {
	err := f.literal()
	for _, r := range f.refusals(p) {
		err = first(err, r.err(p))
	}
	return err
}

func (r refusal) err(p policy) *Error {
	instead := "this has to come from you: give --" + r.flag + ", set " + Variable(r.flag) + ", "
	switch {
	case p.why != "":
		instead += "keep the user file outside the project"
	case p.userFile != "":
		instead += "write it in the user file " + p.userFile
	default:
		instead += "write it in the user file"
	}
	instead += ", or confirm this file: whk trust"
	if p.why != "" {
		instead += " " + r.src.Name
	}
	text := r.name + ": a project file may " + r.may
	if r.problem != "" {
		text += ": " + r.problem
	}
	if p.why != "" {
		text += " (" + p.why + ")"
	}
	return r.src.errorf(instead, "%s", text)
}

// refusals are all things that a file may not do unless it is trusted, from top to
// bottom.
func (f *File) refusals(p policy) []refusal {
	var all []refusal
	for _, part := range f.everything() {
		all = append(all, part.refusals(p)...)
	}
	slices.SortStableFunc(all, func(a, b refusal) int {
		return cmp.Or(cmp.Compare(a.src.Line, b.src.Line), cmp.Compare(a.src.Column, b.src.Column))
	})
	return all
}

func (f *sections) refusals(p policy) []refusal {
	const away = "reach this machine only"
	var all []refusal
	for _, s := range f.listen {
		switch ruleOf(s.flag) {
		case free, private:
		case loopback:
			for i, v := range s.values {
				check, wants := loopbackTarget, "send what is received to "+quoteOdd(withoutPassword(v))
				if s.flag == "addr" {
					check, wants = loopbackAddr, "receive at "+quoteOdd(v)
				}
				if problem := check(v); problem != "" {
					all = append(all, refusal{s.at[i], s.flag, s.name, away, wants, problem})
				}
			}
		default:
			all = append(all, refusal{s.src, s.flag, s.name, "not set this", "set this to " + quoteOdd(strings.Join(s.values, ", ")), ""})
		}
	}
	if f.routes != nil {
		for i, v := range f.routes.values {
			event, target, _ := strings.Cut(v, "=")
			if problem := loopbackTarget(target); problem != "" {
				wants := "send " + quoteOdd(event) + " to " + quoteOdd(withoutPassword(target))
				all = append(all, refusal{f.routes.at[i], "route", f.routes.name, away, wants, problem})
			}
		}
	}
	for _, e := range f.providers {
		if d := e.definition; d.Path != "" {
			if p.builtin == nil || p.builtin(e.name) {
				all = append(all, refusal{d.Source, "provider-file", e.prefix + "file", "not redefine a built-in provider", "redefine a built-in provider by " + quoteOdd(d.Path), ""})
			} else if problem := p.outside(d.Path); problem != nil {
				all = append(all, refusal{d.Source, "provider-file", e.prefix + "file", "not read this file", "read " + quoteOdd(d.Path), problem.Error()})
			}
		}
		for _, ref := range e.secrets {
			if ref.Env != "" {
				continue
			}
			if problem := p.outside(ref.File.Path); problem != nil {
				all = append(all, refusal{ref.Source, "secret-file", e.prefix + "secret", "not read this file", "read the secret in " + quoteOdd(ref.File.Path), problem.Error()})
			}
		}
	}
	return all
}

// withoutPassword is a target without the name and the password that a URL may hold.
func withoutPassword(target string) string {
	scheme, rest, found := strings.Cut(target, "://")
	if !found {
		scheme, rest = "", target
	} else {
		scheme += "://"
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	if i := strings.LastIndex(host, "@"); i >= 0 {
		host = "(hidden)@" + host[i+1:]
	}
	return scheme + host + path
}

// outside says why a path cannot be read for a project file, or nil. A file that does
// not exist yet is none of its concern.
func (p policy) outside(path string) error {
	rel, err := filepath.Rel(p.root, path)
	if err != nil || !filepath.IsLocal(rel) {
		return errOutside
	}
	if err := p.contained(rel); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// containedIn asks the file system, link by link.
func containedIn(root string) func(rel string) error {
	return func(rel string) error {
		dir, err := os.OpenRoot(root)
		if err != nil {
			return bare(err)
		}
		defer dir.Close()
		return inside(dir, rel)
	}
}

// literal refuses what no project file may hold, trusted or not.
func (f *File) literal() error {
	var err error
	for _, part := range f.everything() {
		for _, s := range part.listen {
			if ruleOf(s.flag) == private {
				err = first(err, s.src.errorf("put it in the environment as "+Variable(s.flag), "%s: a project file holds no secret", s.name))
			}
		}
	}
	return err
}

// loopbackAddr says why an address to listen on is not loopback, or "".
func loopbackAddr(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return quoteOdd(addr) + " is not of the form 127.0.0.1:4400"
	}
	return loopbackHost(host)
}

// loopbackTarget says why a forward target (a port, a host with a port, a URL) is not
// on this machine, or "". It understands less than the code that dials, on purpose:
// what is not plainly loopback is not loopback.
func loopbackTarget(target string) string {
	if target != "" && strings.Trim(target, "0123456789") == "" {
		return ""
	}
	if !strings.Contains(target, "://") {
		target = "http://" + target
	}
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Opaque != "":
		return "the target is not a URL" // the error would repeat a password
	case u.Scheme != "http" && u.Scheme != "https":
		return quoteOdd(u.Scheme) + " is not http or https"
	case u.User != nil:
		return "the target holds a name or a password"
	}
	return loopbackHost(u.Hostname())
}

// loopbackHost takes localhost and addresses in their usual spelling. Other names may
// lead anywhere tomorrow, and 127.1 or 0x7f.1 are read differently here and there.
func loopbackHost(host string) string {
	if strings.EqualFold(host, "localhost") {
		return ""
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Zone() == "" && ip.Unmap().IsLoopback() {
		return ""
	}
	if host == "" {
		return "it names no host"
	}
	return quoteOdd(host) + " is not a loopback address"
}
