package cmd

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"whk/listener"
	"whk/verify/display"
)

// refuseItself refuses forward targets that are the listener: each event would be
// received, stored and forwarded once more, without end.
func refuseItself(routes []listener.Route, socket net.Addr) error {
	bound := socket.(*net.TCPAddr).AddrPort()
	for _, route := range routes {
		target, err := url.Parse(route.Name)
		if err != nil || !leadsTo(target, bound, localAddresses) {
			continue
		}
		return hint(usagef("listen: target %s is the listener itself: every event would come back", display.Line(target.Redacted())),
			fmt.Sprintf("name the port of your app, or let whk listen elsewhere: --addr 127.0.0.1:%d", otherPort(bound.Port())))
	}
	return nil
}

// otherPort is one beside that of the listener.
func otherPort(port uint16) uint16 {
	if port == 65535 {
		return port - 1
	}
	return port + 1
}

// leadsTo reports whether a request to the target arrives at the bound address. It asks no
// name server: of names it knows only those of this machine. A listener speaks no TLS, so
// nothing comes back by https.
func leadsTo(target *url.URL, bound netip.AddrPort, local func() []netip.Addr) bool {
	port := target.Port()
	if port == "" {
		port = "80"
	}
	if target.Scheme != "http" || port != strconv.Itoa(int(bound.Port())) {
		return false
	}
	here := bound.Addr().Unmap()
	host := strings.TrimSuffix(strings.ToLower(target.Hostname()), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return here.IsLoopback() || here.IsUnspecified()
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("")
	if addr.IsUnspecified() { // which connects to this machine
		return here.IsLoopback() && here.Is4() == addr.Is4() || here.IsUnspecified()
	}
	if !here.IsUnspecified() {
		return addr == here.WithZone("")
	}
	if here.Is4() && !addr.Is4() { // 0.0.0.0 opens IPv4 alone, [::] both
		return false
	}
	return addr.IsLoopback() || slices.Contains(local(), addr)
}

// localAddresses are those of this machine's network interfaces.
func localAddresses() []netip.Addr {
	found, err := net.InterfaceAddrs()
	if err != nil { // then loopback is all that is known
		return nil
	}
	var all []netip.Addr
	for _, a := range found {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, prefix.Addr().Unmap().WithZone(""))
		}
	}
	return all
}
