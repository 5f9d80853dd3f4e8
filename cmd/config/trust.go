package config

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
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

// judge refuses what an untrusted project file may not do. It reads no file.
func (f *File) judge(p policy) error {
	var err error
	refuse := func(src Source, flag, format string, args ...any) {
		instead := "this has to come from you: give --" + flag + ", set " + Variable(flag) + ", or "
		switch {
		case p.why != "":
			instead += "keep the user file outside the project"
		case p.userFile != "":
			instead += "write it in the user file " + p.userFile
		default:
			instead += "write it in the user file"
		}
		e := src.errorf(instead, format, args...)
		if p.why != "" {
			e.Msg += " (" + p.why + ")"
		}
		err = first(err, e)
	}
	for _, s := range f.listen {
		name := "listen." + key(s.flag)
		switch ruleOf(s.flag) {
		case free:
		case private:
			err = first(err, s.secret(name))
		case loopback:
			for i, v := range s.values {
				check := loopbackTarget
				if s.flag == "addr" {
					check = loopbackAddr
				}
				if problem := check(v); problem != "" {
					refuse(s.at[i], s.flag, "%s: a project file may reach this machine only: %s", name, problem)
				}
			}
		default:
			refuse(s.src, s.flag, "%s: a project file may not set this", name)
		}
	}
	if f.routes != nil {
		for i, v := range f.routes.values {
			_, target, _ := strings.Cut(v, "=")
			if problem := loopbackTarget(target); problem != "" {
				refuse(f.routes.at[i], "route", "routes.to: a project file may reach this machine only: %s", problem)
			}
		}
	}
	for _, e := range f.providers {
		if d := e.definition; d.Path != "" {
			if p.builtin == nil || p.builtin(e.name) {
				refuse(d.Source, "provider-file", "providers.%s.file: a project file may not redefine a built-in provider", e.name)
			} else if problem := p.outside(d.Path); problem != nil {
				refuse(d.Source, "provider-file", "providers.%s.file: a project file may not read this file: %v", e.name, problem)
			}
		}
		for _, ref := range e.secrets {
			if ref.Env != "" {
				continue
			}
			if problem := p.outside(ref.File.Path); problem != nil {
				refuse(ref.Source, "secret-file", "providers.%s.secret: a project file may not read this file: %v", e.name, problem)
			}
		}
	}
	return err
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
	for _, s := range f.listen {
		if ruleOf(s.flag) == private {
			return s.secret("listen." + key(s.flag))
		}
	}
	return nil
}

func (s setting) secret(name string) error {
	return s.src.errorf("put it in the environment as "+Variable(s.flag), "%s: a project file holds no secret", name)
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
