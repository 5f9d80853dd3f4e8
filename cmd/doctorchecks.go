package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/listener/store"
	"whk/replay"
	"whk/verify/provider"
)

func (d *doctor) terminal() {
	colour := "without colour"
	if d.out.on {
		colour = "in colour"
	}
	if !d.OutTTY {
		d.ok("terminal", "none on standard output, which is written %s", colour)
		return
	}
	text := fmt.Sprintf("%d columns, %s", d.Columns, colour)
	if d.Columns < 80 {
		d.warning("terminal", "lists are made for 80 columns or more", "%s", text)
		return
	}
	d.ok("terminal", "%s", text)
}

// config says which files there are. When they cannot be used, the examination goes on
// as if there were none.
func (d *doctor) config() {
	if d.configuration != nil {
		d.failed("configuration", d.configuration, "correct it; whk schema config describes the files")
	}
	if d.set == nil { // prepare did not come this far
		set, err := provider.Builtin()
		if err != nil {
			d.failed("providers", err, "correct the definition, or take it away")
			return
		}
		d.set = set
	}
	if d.loaded == nil {
		d.loaded = &config.Loaded{}
		return
	}
	switch project := d.loaded.Project; {
	case project == nil:
		d.ok("project file", "none; %s would stand in this folder or above", config.ProjectFile)
	case project.Trusted:
		d.ok("project file", "%s, trusted", project.Path)
	default:
		d.ok("project file", "%s, which reaches this machine only", project.Path)
	}
	switch {
	case d.loaded.User != nil:
		d.ok("user file", "%s", d.loaded.User.Path)
	case d.loaded.UserFile != "":
		d.ok("user file", "none; it would be %s", d.loaded.UserFile)
	default:
		d.ok("user file", "none")
	}
	flags := pflag.NewFlagSet("listen", pflag.ContinueOnError)
	d.listen.add(flags)
	if _, err := d.loaded.Apply(flags, "listen"); err != nil && d.configuration == nil {
		d.failed("configuration", err, "correct it; whk schema config describes the files")
	}
}

// wholeStore is the size up to which a store is read without being asked.
const wholeStore = 32 << 20

// store looks at the event log, and returns what its lock says about a listener.
func (d *doctor) store(ctx context.Context) (holder string) {
	path, err := d.storePath()
	if err != nil {
		d.failed("store", err, "whk listen --store FILE keeps events elsewhere")
		return ""
	}
	defer d.space(path)
	log, err := store.Open(path, store.Options{ReadOnly: true})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.ok("store", "none yet; whk listen makes %s", path)
		return ""
	case err != nil:
		d.failed("store", err, "whk listen --store FILE keeps events elsewhere")
		return holderOf(path)
	}
	defer func() { d.closeStore(log) }()
	size := int64(0)
	for _, part := range []string{path, path + "-wal"} {
		if info, err := os.Stat(part); err == nil {
			size += info.Size()
		}
	}
	last, err := log.Last(ctx)
	if err != nil {
		d.failed("store", err, "whk listen --store FILE keeps events elsewhere")
		return holderOf(path)
	}
	d.ok("store", "%s, %s, last event #%d", path, sized(int(size)), last)
	if size <= wholeStore || d.full {
		d.integrity(ctx, log)
	} else {
		d.ok("integrity", "not read: %s; whk doctor --full does", sized(int(size)))
	}
	d.clock(ctx, log)
	holder = holderOf(path)
	d.queues(ctx, log, holder)
	if holder != "" {
		d.ok("listener", "one receives into this store: %s", holder)
	}
	return holder
}

// queues says what waits to be handed to a forward target that did not take it.
func (d *doctor) queues(ctx context.Context, log *store.Store, holder string) {
	waiting, err := backlogs(ctx, log)
	if err != nil {
		d.failed("queue", err, "keep a copy of the store, and let whk listen --store NEW begin another")
		return
	}
	for _, b := range waiting {
		d.warning("queue:"+b.target, queueAdvice(b.target, holder), "%s", b)
	}
}

func (d *doctor) integrity(ctx context.Context, log *store.Store) {
	r, err := log.Check(ctx)
	if err != nil {
		d.failed("integrity", err, "keep a copy of the file, and let whk listen --store NEW begin another")
		return
	}
	events, attempts := plural(int(r.Events), "event"), plural(int(r.Results), "attempt")
	if r.OK() {
		d.ok("integrity", "%s and %s are as they were written", events, attempts)
		return
	}
	var wrong []string
	if r.Damage != nil {
		wrong = append(wrong, r.Damage.Error())
	}
	if len(r.BadResults) > 0 {
		wrong = append(wrong, fmt.Sprintf("attempts of events %v cannot be read", r.BadResults))
	}
	wrong = append(wrong, r.Structure...)
	d.failure("integrity", "the rest can be read; keep a copy of the file, and let whk listen --store NEW begin another", "%s; %s and %s are as they were written", strings.Join(wrong, "; "), events, attempts)
}

// clock compares the clock with the newest event, which cannot come from the future.
func (d *doctor) clock(ctx context.Context, log *store.Store) {
	now := d.now()
	newest, err := log.List(ctx, store.Query{Limit: 1})
	if err == nil && len(newest) == 1 && newest[0].At.After(now.Add(time.Minute)) {
		d.warning("clock", "signatures with a time are judged by this clock; set it right", "%s, but the newest event is from %s", now.Format(time.RFC3339), newest[0].At.Local().Format(time.RFC3339))
	}
}

// firstYear is before any time at which this program can run.
const firstYear = 2025

// littleSpace is how much room is worth a warning.
const littleSpace = 500 << 20

func (d *doctor) space(path string) {
	if now := d.now(); now.Year() < firstYear {
		d.failure("clock", "set the clock: signatures with a time are judged by it", "%s cannot be right", now.Format(time.RFC3339))
	} else if !d.has("clock") {
		d.ok("clock", "%s", now.Format(time.RFC3339))
	}
	dir := filepath.Dir(path)
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	free, ok := freeSpace(dir)
	switch {
	case !ok:
	case free < littleSpace:
		d.warning("disk", "make room, or keep the events elsewhere with --store", "%s free where the store is", sized(int(free)))
	default:
		d.ok("disk", "%.1f GiB free where the store is", float64(free)/(1<<30))
	}
}

func (d *doctor) has(name string) bool {
	for _, c := range d.checks {
		if c.Name == name {
			return true
		}
	}
	return false
}

var holderPID = regexp.MustCompile(`^pid (\d+)\b`)

// holderOf reads who holds the lock of a store. A listener that was killed leaves its
// words behind, so the process has to be alive as well.
func holderOf(path string) string {
	text, err := os.ReadFile(path + ".lock")
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	found := holderPID.FindStringSubmatch(line)
	if found == nil {
		return ""
	}
	if pid, err := strconv.Atoi(found[1]); err != nil || !alive(pid) {
		return ""
	}
	return line
}

// address tries the address that whk listen would take.
func (d *doctor) address(holder string) {
	addr := d.listen.addr
	if addr == "" {
		addr = defaultAddr
	}
	if !strings.Contains(addr, ":") {
		addr = net.JoinHostPort("127.0.0.1", addr)
	}
	socket, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		socket.Close()
		d.ok("address", "%s is free", addr)
	case errors.Is(err, syscall.EADDRINUSE) && strings.Contains(holder, addr):
		d.ok("address", "%s is taken by the listener that receives into this store", addr)
	case errors.Is(err, syscall.EADDRINUSE):
		d.warning("address", "whk listen --addr 127.0.0.1:0 takes a free port", "%s is taken by another program", addr)
	default:
		d.failure("address", "--addr takes a host of this machine and a port, as in "+defaultAddr, "%s", err)
	}
}

// providers says for each provider whether its signatures can be checked.
func (d *doctor) providers() {
	samples, err := d.loadProviders()
	if err != nil {
		d.failed("providers", err, "correct the definition, or take it away")
	}
	for _, b := range d.set.Broken() {
		d.failure("providers", adviceOf(b), "%s", b)
	}
	for _, s := range samples {
		d.warning("samples:"+s.Provider, samplesAdvice(s), "%s: left out", s.Brief())
	}
	for _, p := range d.set.All() {
		name := "secret:" + p.Name
		switch {
		case !p.Scheme.Signs():
			d.ok(name, "none needed; it documents no authentication")
			continue
		case !p.Scheme.Keyed():
			d.ok(name, "none needed; it sends a digest without a key, which says nothing about the sender")
			continue
		}
		d.secret(name, p)
	}
}

func (d *doctor) secret(name string, p *provider.Provider) {
	configured, notices, err := config.Secrets(p.Name, config.SecretInput{Env: d.Env, Config: d.loaded.Provider(p.Name).Secrets})
	if err != nil {
		d.failed(name, err, "set "+config.SecretVariable(p.Name)+" to the provider's secret")
		return
	}
	if _, err := bind(p, "", configured); err != nil {
		d.failure(name, "compare it with what the provider shows", "%s", err)
		return
	}
	if len(configured) == 0 {
		advice := secretAdvice(p.Name, config.SecretVariable(p.Name))
		if len(config.Development(nil, p.Scheme.DevelopmentSecret(p.Name), d.Env, false)) == 0 {
			d.warning(name, advice, "none; the development secret is off in CI")
			return
		}
		d.warning(name, advice, "none; the development secret stands in")
		return
	}
	var said []string
	for _, s := range configured {
		said = append(said, s.Name+" (fingerprint "+s.Fingerprint()+")")
	}
	detail := strings.Join(said, ", ")
	if len(notices) > 0 {
		for _, n := range notices {
			d.warning(name, n.Hint, "%s; %s", detail, n.Text)
		}
		return
	}
	d.ok(name, "%s", detail)
}

// gathered puts providers of which the same is to be said about their secrets into one
// finding, for people; programs get one for each.
func gathered(checks []check) []check {
	var out []check
	for _, c := range checks {
		i := slices.IndexFunc(out, func(o check) bool {
			return c.Of != "" && o.Name == c.Name && o.Status == c.Status && o.Detail == c.Detail
		})
		if c.Name != "secret" || i < 0 {
			out = append(out, c)
			continue
		}
		out[i].Of += ", " + c.Of
		if c.Hint != "" {
			out[i].Hint = secretAdvice("PROVIDER", "WHK_SECRET_<PROVIDER>")
		}
	}
	return out
}

// connectTimeout is how long a forward target has to accept a connection.
const connectTimeout = 2 * time.Second

// targets connects to every forward target that is configured, and says nothing to it.
func (d *doctor) targets(ctx context.Context) {
	targets := append([]string(nil), d.listen.forward...)
	for _, route := range d.listen.routes {
		if _, target, ok := strings.Cut(route, "="); ok {
			targets = append(targets, target)
		}
	}
	if len(targets) == 0 {
		d.ok("forward target", "none; whk listen 3000 hands events to localhost:3000")
	}
	for _, target := range targets {
		d.target(ctx, "forward target:"+target, target)
	}
}

func (d *doctor) target(ctx context.Context, name, target string) {
	resolved, err := replay.Target(target, "/")
	if err != nil {
		d.failure(name, "give a port, a host or a URL", "%s", err)
		return
	}
	u, err := url.Parse(resolved)
	if err != nil {
		d.failure(name, "give a port, a host or a URL", "%s", err)
		return
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	host := net.JoinHostPort(u.Hostname(), port)
	dialer := net.Dialer{Timeout: connectTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		d.warning(name, "start your app, or check the address", "%s does not accept connections: %s", host, cause(err))
		return
	}
	conn.Close()
	d.ok(name, "%s accepts connections", host)
}

// cause is the innermost error, which says why without repeating the address.
func cause(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}
