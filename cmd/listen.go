package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/listener"
	"whk/listener/store"
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
	err = r.run(ctx, socket, command)
	r.tellWaiting(context.WithoutCancel(ctx))
	return err
}

// openReceiver makes a receiver with its socket and its store, which closeAll gives back.
func (a *app) openReceiver(f *listenFlags) (r *receiver, socket net.Listener, closeAll func(), err error) {
	if r, err = a.newReceiver(f); err != nil {
		return nil, nil, nil, err
	}
	if socket, err = a.bindSocket(f.addr); err != nil {
		return nil, nil, nil, err
	}
	if err = refuseItself(r.options.Routes, socket.Addr()); err != nil { // port 0 is a port only now
		socket.Close()
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
