package cmd

import (
	"net/netip"
	"net/url"
	"testing"
)

func TestLeadsTo(t *testing.T) {
	local := func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("192.0.2.7")} }
	for _, c := range []struct {
		name, target, bound string
		want                bool
	}{
		{"the address", "http://127.0.0.1:4400", "127.0.0.1:4400", true},
		{"with a path", "http://127.0.0.1:4400/hook", "127.0.0.1:4400", true},
		{"by name", "http://LocalHost.:4400", "127.0.0.1:4400", true},
		{"by a name below it", "http://app.localhost:4400", "127.0.0.1:4400", true},
		{"by name, over IPv6", "http://localhost:4400", "[::1]:4400", true},
		{"any address", "http://0.0.0.0:4400", "127.0.0.1:4400", true},
		{"the port of http", "http://localhost", "127.0.0.1:80", true},
		{"written as IPv6", "http://[::ffff:127.0.0.1]:4400", "127.0.0.1:4400", true},
		{"everywhere, from this machine", "http://127.0.0.1:4400", "0.0.0.0:4400", true},
		{"everywhere, over both", "http://127.0.0.1:4400", "[::]:4400", true},
		{"everywhere, from the network", "http://192.0.2.7:4400", "[::]:4400", true},
		{"one address of the network", "http://192.0.2.7:4400", "192.0.2.7:4400", true},
		{"another port", "http://127.0.0.1:3000", "127.0.0.1:4400", false},
		{"another loopback address", "http://127.0.0.2:4400", "127.0.0.1:4400", false},
		{"the other protocol", "http://[::1]:4400", "127.0.0.1:4400", false},
		{"the other protocol, everywhere", "http://[::1]:4400", "0.0.0.0:4400", false},
		{"another machine", "http://192.0.2.9:4400", "0.0.0.0:4400", false},
		{"a name", "http://example.com:4400", "0.0.0.0:4400", false},
		{"loopback, where the network is bound", "http://localhost:4400", "192.0.2.7:4400", false},
		{"TLS", "https://127.0.0.1:4400", "127.0.0.1:4400", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			target, err := url.Parse(c.target)
			if err != nil {
				t.Fatal(err)
			}
			if got := leadsTo(target, netip.MustParseAddrPort(c.bound), local); got != c.want {
				t.Errorf("%s at %s: got %t, want %t", c.target, c.bound, got, c.want)
			}
		})
	}
}
