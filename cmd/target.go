package cmd

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"whk/replay"
	"whk/verify/provider"
)

// sendTarget is where events of a provider go: to what the user named, else to a
// listener on this machine.
func (a *app) sendTarget(p *provider.Provider, to string) (string, error) {
	path := "/" + p.Name
	if said := a.loaded.Provider(p.Name).Path.Text; said != "" {
		path = "/" + strings.Trim(said, "/")
	}
	if to == "" {
		var err error
		if to, err = a.listenURL(); err != nil {
			return "", err
		}
	}
	return replay.Target(to, path)
}

// listenURL is where a listener of this machine is to be found: the one that has started
// this process (WHK_URL), else the one that the settings of whk listen describe.
func (a *app) listenURL() (string, error) {
	if url, _ := a.Env("WHK_URL"); url != "" {
		return url, nil
	}
	var addr string
	flags := pflag.NewFlagSet("listen", pflag.ContinueOnError)
	flags.StringVar(&addr, "addr", defaultAddr, "")
	if _, err := a.loaded.Apply(flags, "listen"); err != nil {
		return "", err
	}
	for _, everywhere := range []string{"0.0.0.0:", "[::]:", ":"} {
		if port, ok := strings.CutPrefix(addr, everywhere); ok {
			addr = "127.0.0.1:" + port
		}
	}
	if strings.HasSuffix(addr, ":0") { // any port, so there is no telling
		addr = defaultAddr
	}
	return addr, nil
}

// isLoopback reports whether an absolute URL leads to this machine, by its host alone:
// localhost, 127.0.0.0/8 or ::1. A name that resolves to such an address is not trusted
// to do so the next time.
func isLoopback(target string) bool {
	u, err := url.Parse(target)
	if err != nil {
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
