package cmd

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"

	"whk/listener"
	"whk/replay"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// sendingFlags are the flags of every command that calls a target.
type sendingFlags struct {
	timeout       time.Duration
	insecure      bool
	allowMetadata bool
	ca            string
}

func (s *sendingFlags) add(flags *pflag.FlagSet, timeout string, standard time.Duration) {
	flags.DurationVar(&s.timeout, timeout, standard, "give up on an answer after so long")
	flags.BoolVarP(&s.insecure, "insecure", "k", false, "accept any TLS certificate of the target")
	flags.StringVar(&s.ca, "ca", "", "trust the certificates in this PEM `FILE` besides the system's")
	flags.BoolVar(&s.allowMetadata, "allow-metadata", false, "allow targets at link-local and cloud metadata addresses")
}

func (s *sendingFlags) sender() (*replay.Sender, error) {
	sender := &replay.Sender{Timeout: s.timeout, Insecure: s.insecure, AllowMetadata: s.allowMetadata}
	if s.ca == "" {
		return sender, nil
	}
	pem, err := os.ReadFile(s.ca)
	if err != nil {
		return nil, fail(codeUsage, fmt.Errorf("--ca: %w", err))
	}
	if sender.Roots, err = x509.SystemCertPool(); err != nil {
		sender.Roots = x509.NewCertPool()
	}
	if !sender.Roots.AppendCertsFromPEM(pem) {
		return nil, usagef("--ca %s: no PEM certificate in it", s.ca)
	}
	return sender, nil
}

// newReceiver turns the flags of whk listen into a listener's options.
func (a *app) newReceiver(f *listenFlags) (*receiver, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if err := a.receiving("listen", f.provider); err != nil {
		return nil, err
	}
	r := &receiver{app: a, flags: f, secrets: map[string][]verify.Secret{}}
	if f.pathToken == "auto" {
		f.pathToken = strings.ToLower(rand.Text())
	}
	r.token = f.pathToken
	recogniser, err := r.recogniser()
	if err != nil {
		return nil, err
	}
	routes, err := r.routes()
	if err != nil {
		return nil, err
	}
	sender, err := f.sending.sender()
	if err != nil {
		return nil, err
	}
	retries, err := r.retries()
	if err != nil {
		return nil, err
	}
	prepare, err := f.prepare()
	if err != nil {
		return nil, err
	}
	r.options = listener.Options{
		Recognise: recogniser.Recognise, Accepts: recogniser.Accepts, Admit: recogniser.Admit, Moment: recogniser.Moment, Handshake: recogniser.Handshake,
		Routes: routes, Sender: sender, Sequential: f.sequential, Retries: retries, Prepare: prepare, MaxBody: int64(f.maxBody), MaxConns: maxConns(),
		Policy: listener.Policy{Respond: f.respond, Delay: f.delay, FailFirst: f.failFirst, Ack: f.ack, OnInvalid: listener.OnInvalid(f.onInvalid)},
		Warn:   func(text string) { a.warn(display.Line(strings.TrimRight(text, "\n")), "") },
	}
	if len(f.events) > 0 {
		r.options.Match = func(e *listener.Event) bool { return matchesAny(f.events, e.FullName()) }
	}
	return r, nil
}

// check refuses values that no flag parser knows to be wrong.
func (f *listenFlags) check() error {
	switch listener.OnInvalid(f.onInvalid) {
	case listener.Flag, listener.Reject, listener.Drop:
	default:
		return usagef("--on-invalid %s: expected flag, reject or drop", f.onInvalid)
	}
	switch f.ui {
	case "auto", "tui", "log", "none":
	default:
		return usagef("--ui %s: expected auto, tui, log or none", f.ui)
	}
	if f.respond != 0 && (f.respond < 200 || f.respond > 599) {
		return usagef("--respond %d: expected a status from 200 to 599", f.respond)
	}
	for name, n := range map[string]int{"count": f.count, "fail-first": f.failFirst} {
		if n < 0 {
			return usagef("--%s %d: expected a number from 0", name, n)
		}
	}
	for name, d := range map[string]time.Duration{"timeout": f.timeout, "respond-delay": f.delay, "forward-timeout": f.sending.timeout} {
		if d < 0 {
			return usagef("--%s %s: expected a duration from 0", name, d)
		}
	}
	if f.retry != "none" && !f.ack {
		return hint(usagef("--retry %s: without --ack the sender hears of a failure and sends again itself", f.retry), "give --ack too, and whk does it in the sender's place")
	}
	if f.ack && len(f.forward)+len(f.routes) == 0 {
		return usagef("--ack: there is no forward target to queue events for")
	}
	if strings.ContainsAny(f.pathToken, "/?# ") {
		return usagef("--path-token %q: expected one part of a path, without / ? # or blanks", f.pathToken)
	}
	if f.publicURL != "" {
		u, err := url.Parse(f.publicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return usagef("--public-url %s: expected an address such as https://hooks.example.com", f.publicURL)
		}
	}
	return nil
}

func (r *receiver) recogniser() (*listener.Recogniser, error) {
	g := &listener.Recogniser{Set: r.set, Endpoints: map[string]listener.Endpoint{}, Paths: map[string]string{}, Token: r.token,
		DevelopmentIsUnchecked: (r.flags.onInvalid == string(listener.Reject) || r.flags.requireVerified) && !r.flags.secrets.dev}
	if r.flags.provider != "" {
		p, err := r.set.Lookup(r.flags.provider)
		if err != nil {
			return nil, fmt.Errorf("--provider %s: %w", r.flags.provider, err)
		}
		g.Only, r.flags.provider = p.Name, p.Name
	}
	for _, p := range r.set.All() {
		secrets, err := r.app.secrets(p, &r.flags.secrets, g.Only)
		if err != nil {
			return nil, err
		}
		keyring, err := bind(p, r.flags.publicURL, secrets)
		if err != nil {
			return nil, err
		}
		if p.Scheme.Keyed() {
			r.secrets[p.Name] = secrets
		}
		g.Endpoints[p.Name] = listener.Endpoint{Provider: p, Keyring: keyring, Secrets: secrets}
		path := "/" + p.Name
		if said := r.loaded.Provider(p.Name).Path.Text; said != "" {
			path = "/" + strings.Trim(said, "/")
		}
		g.Paths[path] = p.Name
	}
	return g, nil
}

// routes are the targets by event, then those for everything else: the first of them
// answers, the others are shadows.
func (r *receiver) routes() ([]listener.Route, error) {
	var routes []listener.Route
	for _, text := range r.flags.routes {
		glob, target, ok := strings.Cut(text, "=")
		if !ok || glob == "" || target == "" {
			return nil, usagef("--route %s: expected GLOB=URL, as in ploomes/Contacts.*=localhost:3000", text)
		}
		route, err := newRoute(target)
		if err != nil {
			return nil, fail(codeUsage, fmt.Errorf("--route %s: %w", text, err))
		}
		route.Match = func(e *listener.Event) bool { return provider.Match(glob, e.FullName()) }
		routes = append(routes, route)
	}
	elsewhere := slices.Clone(routes)
	for i, target := range r.flags.forward {
		route, err := newRoute(target)
		if err != nil {
			return nil, fail(codeUsage, fmt.Errorf("forward to %s: %w", target, err))
		}
		route.Shadow = i > 0
		route.Match = func(e *listener.Event) bool {
			return !slices.ContainsFunc(elsewhere, func(r listener.Route) bool { return r.Match(e) })
		}
		routes = append(routes, route)
	}
	return routes, nil
}

// retries is how often a queue sends again in a provider's place.
func (r *receiver) retries() (func(name string) int, error) {
	switch r.flags.retry {
	case "none":
		return nil, nil
	case "provider":
		return func(name string) int {
			if p := r.providerOf(name); p != nil && p.Manners.Retries != nil {
				return p.Manners.Retries.Max
			}
			return 0
		}, nil
	}
	n, err := strconv.Atoi(r.flags.retry)
	if err != nil || n < 0 {
		return nil, usagef("--retry %s: expected provider, none or a number", r.flags.retry)
	}
	return func(string) int { return n }, nil
}

// prepare is what happens to the headers of a forwarded copy.
func (f *listenFlags) prepare() (func(*verify.Delivery), error) {
	if len(f.addHeaders)+len(f.dropHeaders) == 0 {
		return nil, nil
	}
	added := http.Header{}
	for _, text := range f.addHeaders {
		name, value, ok := strings.Cut(text, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || strings.ContainsAny(name, " \t") || strings.ContainsFunc(text, unicode.IsControl) {
			return nil, usagef("--add-header %q: expected 'NAME: VALUE'", text)
		}
		added.Add(name, value)
	}
	return func(d *verify.Delivery) {
		for _, name := range f.dropHeaders {
			d.Header.Del(name)
		}
		maps.Copy(d.Header, added)
	}, nil
}

func newRoute(target string) (listener.Route, error) {
	name, err := replay.Target(target, "/")
	if err != nil {
		return listener.Route{}, err
	}
	return listener.Route{Name: strings.TrimSuffix(name, "/"), Target: func(e *listener.Event) string {
		resolved, err := replay.Target(target, e.Delivery.URL)
		if err != nil { // the target parsed, so it is the event's own path that does not
			return name
		}
		return resolved
	}}, nil
}

func matchesAny(globs []string, name string) bool {
	for _, glob := range globs {
		if provider.Match(glob, name) {
			return true
		}
	}
	return false
}

// tune trades a little memory for throughput: a listener's live heap is small, so by
// default the collector runs all the time.
func tune() {
	debug.SetGCPercent(200)
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1) // one for the goroutine that waits for the disk
}
