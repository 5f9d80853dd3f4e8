package replay

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"
)

// idleTimeout is how long a connection is kept for the next delivery.
const idleTimeout = 90 * time.Second

// pool keeps the connections that are free, the one used last at the end.
type pool struct {
	mu   sync.Mutex
	idle map[string][]*wire
}

// get takes a connection to an endpoint that the target has not closed meanwhile.
func (p *pool) get(key string, now time.Time) *wire {
	for {
		p.mu.Lock()
		free := p.idle[key]
		if len(free) == 0 {
			p.mu.Unlock()
			return nil
		}
		w := free[len(free)-1]
		p.idle[key] = free[:len(free)-1]
		p.mu.Unlock()
		if now.Sub(w.since) < idleTimeout && w.alive() {
			return w
		}
		w.Close()
	}
}

// put gives a connection back, and ends those that were free for too long.
func (p *pool) put(key string, w *wire, now time.Time) {
	w.since = now
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.idle == nil {
		p.idle = map[string][]*wire{}
	}
	free := p.idle[key]
	for len(free) > 0 && now.Sub(free[0].since) >= idleTimeout {
		free[0].Close()
		free = free[1:]
	}
	p.idle[key] = append(free, w)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, free := range p.idle {
		for _, w := range free {
			w.Close()
		}
	}
	p.idle = nil
}

// connect opens a connection to an endpoint, with TLS when it asks for that.
func (s *Sender) connect(ctx context.Context, e *endpoint) (*wire, error) {
	plain, err := s.dial(ctx, "tcp", e.address)
	if err != nil {
		return nil, err
	}
	if e.scheme != "https" {
		return newWire(plain, plain), nil
	}
	secured := tls.Client(plain, &tls.Config{
		ServerName:         strings.TrimSuffix(e.url.Hostname(), "."),
		InsecureSkipVerify: s.Insecure, // asked for by -k
		RootCAs:            s.Roots,
		NextProtos:         []string{"http/1.1"},
	})
	if err := secured.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, err
	}
	return newWire(secured, plain), nil
}

// dial connects to an address that has been judged after it was resolved, so that no
// name, no number in another notation and no second answer of a name server gets past.
func (s *Sender) dial(ctx context.Context, network, address string) (net.Conn, error) {
	connect := s.Dial
	if connect == nil {
		d := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error { return s.permit(address) }}
		connect = d.DialContext
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if s.Lookup == nil {
		if s.Dial != nil {
			if err := s.permit(address); err != nil {
				return nil, err
			}
		}
		return connect(ctx, network, address)
	}
	addrs, err := s.Lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	err = &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	for _, a := range addrs {
		resolved := net.JoinHostPort(a.String(), port)
		if err = s.permit(resolved); err != nil {
			return nil, err
		}
		var conn net.Conn
		if conn, err = connect(ctx, network, resolved); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// blockedError refuses an address that only a machine's own infrastructure answers on.
type blockedError struct{ addr netip.Addr }

func (e *blockedError) Error() string {
	return fmt.Sprintf("%s is a link-local or metadata address, which can give away credentials of this machine: --allow-metadata permits it", e.addr)
}

// permit refuses link-local and metadata addresses. An address that is still a name is
// left to the dialer, which comes back here with what it resolved to.
func (s *Sender) permit(address string) error {
	if s.AllowMetadata {
		return nil
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil
	}
	if a := ap.Addr().WithZone("").Unmap(); isMetadata(a) {
		return &blockedError{a}
	}
	return nil
}

func isMetadata(a netip.Addr) bool {
	if a.IsLinkLocalUnicast() || a == netip.AddrFrom16([16]byte{0: 0xfd, 2: 0x0e, 3: 0xc2, 14: 0x02, 15: 0x54}) {
		return true
	}
	if !a.Is6() {
		return false
	}
	// IPv6 forms that a gateway or the kernel turns back into IPv4: NAT64, 6to4 and the
	// deprecated IPv4-compatible form.
	b := a.As16()
	var v4 []byte
	switch {
	case strings.HasPrefix(string(b[:]), "\x00\x64\xff\x9b\x00\x00\x00\x00\x00\x00\x00\x00"),
		strings.HasPrefix(string(b[:]), strings.Repeat("\x00", 12)):
		v4 = b[12:]
	case b[0] == 0x20 && b[1] == 0x02:
		v4 = b[2:6]
	default:
		return false
	}
	return v4[0] == 169 && v4[1] == 254
}
