package replay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"syscall"
	"time"

	"whk/verify"
	"whk/verify/display"
)

// classify names how an attempt ended and says what to do about it. Parent is the
// caller's context, without the timeout of this attempt.
func classify(parent context.Context, err error, timeout time.Duration) (verify.Outcome, string) {
	if cause := parent.Err(); errors.Is(cause, context.Canceled) {
		return verify.Interrupted, "stopped before an answer came"
	}
	var (
		blocked *blockedError
		dns     *net.DNSError
		op      *net.OpError
		netErr  net.Error
	)
	dialing := errors.As(err, &op) && op.Op == "dial"
	switch {
	case errors.As(err, &blocked):
		return verify.Failed, blocked.Error()
	case errors.As(err, &dns) && !dns.IsTimeout:
		return verify.Failed, fmt.Sprintf("host %s does not resolve: check its spelling", display.Line(dns.Name))
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netErr) && netErr.Timeout():
		if dialing {
			return verify.TimedOut, fmt.Sprintf("no connection within %s: check address, port and firewall", timeout)
		}
		return verify.TimedOut, fmt.Sprintf("no complete answer within %s: answer first and work afterwards, or allow more time", timeout)
	case dialing:
		return verify.Refused, fmt.Sprintf("no connection to %s (%s): is the app running, and on this port?", op.Addr, cause(op))
	}
	if message := tlsFault(err); message != "" {
		return verify.Failed, message
	}
	var malformed textproto.ProtocolError
	switch {
	case errors.Is(err, errLongHead):
		return verify.Failed, err.Error()
	case errors.As(err, &malformed), strings.Contains(err.Error(), "malformed"): // not all of net/http's have a type
		return verify.Failed, fmt.Sprintf("the target does not answer in HTTP/1.1 (%s): is this the right port, and http or https right?", short(err))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), op != nil:
		return verify.Reset, "the target closed the connection before its answer was complete: look for a crash in its log"
	}
	return verify.Failed, short(err)
}

// tlsFault says what is wrong between the two ends' TLS, "" when nothing is.
func tlsFault(err error) string {
	var (
		unknown *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		host    x509.HostnameError
	)
	switch {
	case errors.As(err, &host):
		return fmt.Sprintf("the certificate is not for this host (%s): use the name it is made for, or -k", short(host))
	case errors.As(err, &unknown):
		return fmt.Sprintf("the certificate is not trusted (%s): -k accepts it", short(unknown.Err))
	case errors.As(err, &record):
		return "the target does not speak TLS: use http:// instead of https://"
	case errors.As(err, &alert):
		return fmt.Sprintf("the target refused the TLS handshake (%s)", short(alert))
	}
	return ""
}

// cause is the innermost reason of a network error, "connection refused".
func cause(op *net.OpError) string {
	var errno syscall.Errno
	if errors.As(op.Err, &errno) {
		return errno.Error()
	}
	return short(op.Err)
}

// short makes one safe line of an error, which may quote what the target sent.
func short(err error) string {
	return display.Shorten(display.Line(err.Error()), 200, "...")
}
