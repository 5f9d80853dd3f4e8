package replay

import (
	"context"
	"crypto/tls"
	"net"
	"strings"

	"whk/verify"
)

// Connect opens a connection to a target as Send would: with its timeout, its trust in
// certificates and its refusal of addresses that nobody should be led to. What is written
// to it is the caller's own. Protocols are those offered when the target asks for TLS,
// HTTP/1.1 when none is named; the connection is a *tls.Conn then.
func (s *Sender) Connect(ctx context.Context, target string, protocols ...string) (net.Conn, error) {
	e, err := parseEndpoint(target)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	plain, err := s.dial(ctx, "tcp", e.address)
	if err != nil || e.scheme != "https" {
		return plain, err
	}
	if len(protocols) == 0 {
		protocols = []string{"http/1.1"}
	}
	secured := tls.Client(plain, &tls.Config{
		ServerName:         strings.TrimSuffix(e.url.Hostname(), "."),
		InsecureSkipVerify: s.Insecure, // asked for by -k
		RootCAs:            s.Roots,
		NextProtos:         protocols,
	})
	if err := secured.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, err
	}
	return secured, nil
}

// Classify names how an attempt over a connection of Connect ended, as Send does.
func (s *Sender) Classify(ctx context.Context, err error) (verify.Outcome, string) {
	return classify(ctx, err, s.timeout())
}
