package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/listener"
	"whk/listener/store"
	"whk/verify"
	"whk/verify/display"
)

const defaultAddr = "127.0.0.1:4400"

// listenFlags are the flags of whk listen.
type listenFlags struct {
	addr      string
	forward   []string
	routes    []string
	events    []string
	provider  string
	pathToken string
	publicURL string

	respond   int
	delay     time.Duration
	failFirst int
	ack       bool
	onInvalid string

	sequential  bool
	retry       string
	addHeaders  []string
	dropHeaders []string

	ui              string
	count           int
	timeout         time.Duration
	readyFile       string
	requireVerified bool
	failOnDrift     bool
	maxBody         config.Size
	sending         sendingFlags
	secrets         secretFlags
}

func (f *listenFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.addr, "addr", defaultAddr, "`ADDRESS` to listen on; port 0 takes a free one")
	flags.StringArrayVarP(&f.forward, "forward-to", "f", nil, "hand events to this `URL` and pass its answer back; a port or host gets the path the event came by; further ones are shadows, which get copies")
	flags.StringArrayVar(&f.routes, "route", nil, "hand events to a URL by name: `GLOB=URL`, as in ploomes/Contacts.*=localhost:3000/crm; the first that fits counts")
	flags.StringArrayVarP(&f.events, "events", "e", nil, "show, forward and count only events that fit this `GLOB`; the others are only stored")
	flags.StringVar(&f.provider, "provider", "", "take whatever comes by another path for this `PROVIDER`")
	flags.StringVar(&f.pathToken, "path-token", "", "receive only at /PROVIDER/`TOKEN`, 404 elsewhere; auto makes one up")
	flags.StringVar(&f.publicURL, "public-url", "", "`URL` that senders use, for schemes that sign it")
	flags.IntVar(&f.respond, "respond", 0, "answer this `STATUS` (default 200, or the forward target's)")
	flags.DurationVar(&f.delay, "respond-delay", 0, "wait so long before answering")
	flags.IntVar(&f.failFirst, "fail-first", 0, "answer 500 to the first `N` events of each provider")
	flags.BoolVar(&f.ack, "ack", false, "answer 200 at once and forward behind, from a queue that survives restarts")
	flags.BoolVar(&f.sequential, "sequential", false, "forward one event at a time")
	flags.StringVar(&f.retry, "retry", "none", "with --ack, forward again what is not answered 2xx: none, provider (as often as it would), or `N` times")
	flags.StringArrayVar(&f.addHeaders, "add-header", nil, "set this `'NAME: VALUE'` on what is forwarded")
	flags.StringArrayVar(&f.dropHeaders, "drop-header", nil, "leave the header `NAME` out of what is forwarded")
	flags.StringVar(&f.onInvalid, "on-invalid", string(listener.Flag), "what becomes of invalid and missing signatures: flag, reject (401) or drop (2xx, not forwarded)")
	flags.StringVar(&f.ui, "ui", "auto", "what to show: tui (the screen), log (one line an event), none, or auto: the screen on a terminal")
	flags.IntVar(&f.count, "count", 0, "stop after `N` events")
	flags.DurationVar(&f.timeout, "timeout", 0, "stop after so long")
	flags.StringVar(&f.readyFile, "ready-file", "", "write the URL to this `FILE` once whk receives, with the path that has the token of --path-token; without --provider <provider> stands in it for a name")
	flags.BoolVar(&f.requireVerified, "require-verified", false, "exit 1 if an event was invalid, 5 if one could not be verified")
	flags.BoolVar(&f.failOnDrift, "fail-on-drift", false, "exit 1 if the body of an event departs from the shape that samples and stored events have")
	f.maxBody = 25 << 20
	flags.Var(&f.maxBody, "max-body", "largest body to receive")
	f.sending.add(flags, "forward-timeout", 30*time.Second)
	f.secrets.add(flags)
}

func (a *app) listenCommand() *cobra.Command {
	var f listenFlags
	c := &cobra.Command{
		Use:   "listen [PORT|URL] [-- COMMAND...]",
		Short: "Receive, verify, store, show and forward webhooks",
		Long: `Receive webhooks, verify their signatures, keep every one of them, show them, and
hand them to your app if you name it.

Each provider has a path, /rentman or /ploomes; what comes by another path is told by
its looks. An event is answered only after it is on disk. Any method is received and
kept, so that nothing is lost; one that the provider does not use is noted, for an app
had better refuse it, as whk test checks. HEAD, OPTIONS and plain GET without a body ask
only whether somebody is there: they are answered 204 and not kept. Everything received
can be looked at and sent again later: see whk events and whk replay.

With -- COMMAND, the command runs beside the listener, with its address in WHK_URL and
the secrets in WHK_SECRET_<PROVIDER>; when it ends, whk ends with its exit code.` + exitHelp(codeNo, codeUsage, codeNetwork, codeInVain, codeInconclusive),
		Example: `  whk listen                                 # receive and show
  whk listen 3000                            # and hand everything to localhost:3000
  whk listen --secret-file rentman=token.txt --on-invalid reject
  whk listen --count 3 --timeout 1m --json   # wait for three events, in a script
  whk listen -- go test ./...                # run tests beside a listener`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			command := []string(nil)
			if dash := c.ArgsLenAtDash(); dash >= 0 {
				args, command = args[:dash], args[dash:]
			}
			if len(args) > 1 {
				return usagef("listen: expected one forward target, got %s", strings.Join(args, " "))
			}
			f.forward = append(f.forward, args...)
			return a.listen(c.Context(), &f, command)
		},
	}
	f.add(c.Flags())
	return c
}

// listen receives until something ends it: the signal in ctx, the count, the time-out
// or the command beside it.
func (a *app) listen(ctx context.Context, f *listenFlags, command []string) error {
	r, socket, closeAll, err := a.openReceiver(f)
	if err != nil {
		return err
	}
	defer closeAll()
	if f.readyFile != "" {
		if err := writeReady(a.path(f.readyFile), r.address()); err != nil {
			return fail(codeUsage, fmt.Errorf("write --ready-file: %w", err))
		}
		defer os.Remove(a.path(f.readyFile))
	}
	tune()
	return r.run(ctx, socket, command)
}

// openReceiver makes a receiver with its socket and its store, which closeAll gives back.
func (a *app) openReceiver(f *listenFlags) (r *receiver, socket net.Listener, closeAll func(), err error) {
	if r, err = a.newReceiver(f); err != nil {
		return nil, nil, nil, err
	}
	if socket, err = a.bindSocket(f.addr); err != nil {
		return nil, nil, nil, err
	}
	log, err := a.openStore(store.Options{Exclusive: true, Holder: socket.Addr().String()})
	if err != nil {
		socket.Close()
		return nil, nil, nil, err
	}
	r.log, r.options.Log, r.url = log, log, "http://"+socket.Addr().String()
	return r, socket, func() {
		a.closeStore(log)
		socket.Close()
	}, nil
}

// bindSocket opens the address, and warns when others can reach it.
func (a *app) bindSocket(addr string) (net.Listener, error) {
	if !strings.Contains(addr, ":") {
		if strings.Trim(addr, "0123456789") != "" {
			return nil, hint(usagef("--addr %s: it has no port", addr), "--addr takes a host of this machine and a port, as in "+defaultAddr)
		}
		addr = net.JoinHostPort("127.0.0.1", addr)
	}
	network := "tcp"
	if host, _, err := net.SplitHostPort(addr); err == nil {
		if ip := net.ParseIP(host); ip != nil && ip.To4() != nil {
			network = "tcp4" // else 0.0.0.0 would open IPv6, too
		}
	}
	socket, err := net.Listen(network, addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, hint(fail(codeNetwork, fmt.Errorf("listen on %s: another program has this address", addr)),
			"whk listen --addr 127.0.0.1:0 takes a free port; is another whk listen running?")
	case err != nil && !errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, hint(fail(codeUsage, fmt.Errorf("listen on %s: %w", addr, err)), "--addr takes a host of this machine and a port, as in 127.0.0.1:4400")
	case err != nil:
		return nil, hint(fail(codeNetwork, fmt.Errorf("listen on %s: %w", addr, err)), "--addr takes a host of this machine and a port, as in 127.0.0.1:4400")
	}
	if host := socket.Addr().(*net.TCPAddr).IP; !host.IsLoopback() {
		a.warn("listening on "+socket.Addr().String()+": others on the network can send events here", "what they send is stored and forwarded; --addr "+defaultAddr+" keeps it to this machine")
	}
	return socket, nil
}

// closeStore says when the last words of a store are bad ones.
func (a *app) closeStore(s *store.Store) {
	if err := s.Close(); err != nil {
		a.warn("close the store: "+display.Line(err.Error()), "")
	}
}

// path makes a path of the command line absolute.
func (a *app) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.Dir, name)
}

// writeReady writes the URL in one step, so that whoever waits for the file never reads
// half of it.
func writeReady(path, url string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".whk-ready-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if _, err := io.WriteString(temporary, url+"\n"); err != nil {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// receiver is one run of whk listen.
type receiver struct {
	*app
	flags   *listenFlags
	options listener.Options
	secrets map[string][]verify.Secret // by provider
	token   string
	url     string
	log     *store.Store
	tally   tally
	drift   *driftWatch // nil without --fail-on-drift
}

// tally counts what the watcher saw.
type tally struct {
	events   int
	verdicts map[verify.Status]int
	attempts int
	failed   int
	// doubtful counts events that --require-verified does not take for verified.
	doubtful int
}

func (t *tally) event(e *listener.Event, developmentCounts bool) {
	t.events++
	t.verdicts[e.Verdict.Status]++
	switch {
	case e.Verdict.Status == verify.Unchecked, e.Verdict.Status == verify.Unsigned, e.Verdict.Development && !developmentCounts:
		t.doubtful++
	}
}

func (t *tally) result(r verify.Result) {
	t.attempts++
	if !r.OK() {
		t.failed++
	}
}

// run shows what comes in the way that was asked for.
func (r *receiver) run(ctx context.Context, socket net.Listener, command []string) error {
	screen, err := r.screenWanted(r.flags.ui)
	if err != nil {
		return err
	}
	if screen && len(command) > 0 && r.flags.ui == "tui" {
		return hint(usagef("--ui tui: the terminal cannot be the screen's and that of %s", command[0]), "run the command in a terminal of its own, or leave --ui away")
	}
	if screen && len(command) == 0 {
		return r.runScreen(ctx, "", func(ctx context.Context, s sink) error { return r.serve(ctx, socket, s, nil) })
	}
	sink, err := r.newSink()
	if err != nil {
		return err
	}
	return r.serve(ctx, socket, sink, command)
}

// serve serves, watches and waits.
func (r *receiver) serve(ctx context.Context, socket net.Listener, sink sink, command []string) error {
	r.tally.verdicts = map[verify.Status]int{}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	l := listener.New(r.options)
	last, err := r.log.Last(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	var watcher *listener.Watcher
	if r.watches() {
		watcher = l.Watch(last)
	}
	if r.flags.failOnDrift {
		r.drift = r.watchDrift(ctx, r.log, last)
		defer r.drift.wait()
	}
	served := make(chan error, 1)
	go func() { served <- l.Serve(serving, socket) }()
	if err := sink.ready(r); err != nil {
		stop()
		return errors.Join(err, <-served)
	}
	var beside *companion
	if len(command) > 0 {
		if beside, err = r.start(ctx, serving, command); err != nil {
			stop()
			<-served
			return err
		}
		defer func() { stop(); beside.code() }() // nothing of it stays behind
		go func() { <-beside.done; stop() }()
	}
	if r.flags.timeout > 0 {
		timer := time.AfterFunc(r.flags.timeout, stop)
		defer timer.Stop()
	}
	var watched error
	if watcher != nil {
		watched = r.watch(watcher, sink, func() {
			if beside == nil {
				stop()
			}
		})
		stop()
	}
	if err := <-served; err != nil {
		return fail(codeNetwork, fmt.Errorf("listen on %s: %w", socket.Addr(), err))
	}
	if watched != nil {
		return watched
	}
	if err := sink.summary(r.tally); err != nil {
		return err
	}
	return r.verdict(ctx, beside)
}

// watches reports whether anything has to be known of the events as they come. If not,
// whk only receives, and spends nothing on telling.
func (r *receiver) watches() bool {
	return r.flags.ui != "none" || r.isJSON() || r.flags.count > 0 || r.flags.requireVerified || r.flags.failOnDrift
}

// watch hands every notice to the sink until the listener has stopped. It calls
// enough when the count is reached.
func (r *receiver) watch(w *listener.Watcher, s sink, enough func()) error {
	ctx := context.Background() // ends with the listener, which closes the feed
	for {
		notice, err := w.Next(ctx, s.idle())
		switch {
		case errors.Is(err, io.EOF):
			if n := w.Dropped(); n > 0 {
				r.warn(fmt.Sprintf("%d answers of the forward target came too fast to be shown", n), "whk events show has them")
			}
			return nil
		case errors.Is(err, listener.ErrNothing):
			continue
		case err != nil:
			enough()
			return err
		case notice.Event != nil:
			err = r.show(notice.Event, s, enough)
		default:
			r.tally.result(*notice.Result)
			err = s.result(notice.N, *notice.Result)
		}
		if err != nil { // nobody reads what we write: go on receiving what is under way, then end
			enough()
			return err
		}
	}
}

func (r *receiver) show(e *listener.Event, s sink, enough func()) error {
	if r.options.Match != nil && !r.options.Match(e) {
		return nil
	}
	r.tally.event(e, r.flags.secrets.dev)
	if r.flags.count > 0 && r.tally.events == r.flags.count {
		enough()
	}
	if r.flags.count > 0 && r.tally.events > r.flags.count {
		return nil
	}
	if err := s.event(e); err != nil || r.drift == nil {
		return err
	}
	return r.drift.show(e, s)
}

// verdict is how the whole run went: the exit code.
func (r *receiver) verdict(ctx context.Context, beside *companion) error {
	interrupted := ctx.Err() != nil
	switch {
	case beside != nil && beside.code() != 0:
		return exit(beside.code())
	case r.flags.count > r.tally.events && !interrupted:
		return fail(codeInVain, fmt.Errorf("listen: %d of %d events came", r.tally.events, r.flags.count))
	case r.drift != nil && r.drift.departed > 0:
		return hint(fail(codeNo, fmt.Errorf("listen: %d of %d events departed from the shape they are known to have", r.drift.departed, r.tally.events)),
			"whk events drift says more")
	case !r.flags.requireVerified:
		return nil
	case r.tally.verdicts[verify.Invalid]+r.tally.verdicts[verify.Missing] > 0:
		return fail(codeNo, fmt.Errorf("listen: %d of %d events were not signed as they should be", r.tally.verdicts[verify.Invalid]+r.tally.verdicts[verify.Missing], r.tally.events))
	case r.tally.doubtful > 0:
		return fail(codeInconclusive, fmt.Errorf("listen: %d of %d events could not be verified", r.tally.doubtful, r.tally.events))
	}
	return nil
}

// anyProvider stands in an address for the name of a provider.
const anyProvider = "<provider>"

// tokenPath is what follows the address when only paths with a token are received.
func (r *receiver) tokenPath() string {
	if r.token == "" {
		return ""
	}
	return "/" + cmp.Or(r.flags.provider, anyProvider) + "/" + r.token
}

// address is where events are received: the address alone where a sender may add any
// path, else with the path that has the token.
func (r *receiver) address() string { return r.url + r.tokenPath() }

// providersWithoutSecret names, in order, those that have to make do with the
// development secret or none.
func (r *receiver) providersWithoutSecret() []string {
	var names []string
	for name, secrets := range r.secrets {
		if !slices.ContainsFunc(secrets, func(s verify.Secret) bool { return !s.Development }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
