package replay_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"

	"whk/replay"
	"whk/verify"
)

func TestSendLargeBodies(t *testing.T) {
	for _, n := range []int{32<<10 - 1, 32 << 10, 32<<10 + 1, 5 << 20} {
		body := bytes.Repeat([]byte("0123456789abcde\n"), n/16+1)[:n]
		var got []byte
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got, _ = io.ReadAll(r.Body) }))
		var s replay.Sender
		if r := s.Send(t.Context(), srv.URL, post(string(body))); !r.OK() {
			t.Errorf("%d bytes: %s %s", n, r.Outcome, r.Error)
		}
		s.Close()
		srv.Close()
		if !bytes.Equal(got, body) {
			t.Errorf("%d bytes came, want %d", len(got), n)
		}
	}
}

// A target that answers before it has read a large body, and never reads it, is heard.
func TestSendHearsAnEarlyAnswer(t *testing.T) {
	leakCheck(t)
	heard := make(chan struct{})
	addr := serveRaw(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			if line, err := r.ReadString('\n'); err != nil || line == "\r\n" {
				break
			}
		}
		io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
		<-heard
	})
	var s replay.Sender
	t.Cleanup(s.Close)
	r := s.Send(t.Context(), addr, post(string(make([]byte, 16<<20))))
	close(heard)
	if r.Status != 413 || string(r.Body) != "big" {
		t.Errorf("%s %d %q %s", r.Outcome, r.Status, r.Body, r.Error)
	}
}

func TestSendReusesConnections(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"plain": (*httptest.Server).Start, "TLS": (*httptest.Server).StartTLS} {
		t.Run(name, func(t *testing.T) {
			leakCheck(t)
			var opened atomic.Int64
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
			srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					opened.Add(1)
				}
			}
			start(srv)
			t.Cleanup(srv.Close)
			s := replay.Sender{Insecure: true}
			t.Cleanup(s.Close)
			for range 10 {
				if r := s.Send(t.Context(), srv.URL, post("{}")); !r.OK() {
					t.Fatalf("%s %s", r.Outcome, r.Error)
				}
			}
			if n := opened.Load(); n > 1 {
				t.Errorf("%d connections were opened, want 1", n)
			}
		})
	}
}

// A connection that the target closed between two deliveries is not used for the second.
func TestSendNoticesClosedConnections(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a closed connection cannot be told without waiting")
	}
	closed := make(chan struct{})
	addr := serveRaw(t, func(c net.Conn) {
		if req, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			io.Copy(io.Discard, req.Body)
			io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
		}
		c.Close()
		closed <- struct{}{}
	})
	var s replay.Sender
	defer s.Close()
	for range 5 {
		if r := s.Send(t.Context(), addr, post("{}")); r.Status != 204 {
			t.Fatalf("%s %s", r.Outcome, r.Error)
		}
		<-closed
	}
}

// An answer that nobody asked for must not be taken for the next one.
func TestSendDropsUnaskedAnswers(t *testing.T) {
	var n atomic.Int64
	addr := serveRaw(t, func(c net.Conn) {
		if req, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			io.Copy(io.Discard, req.Body)
			n.Add(1)
			io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 500 Smuggled\r\nContent-Length: 0\r\n\r\n")
		}
	})
	var s replay.Sender
	defer s.Close()
	for range 3 {
		if r := s.Send(t.Context(), addr, post("{}")); r.Status != 204 {
			t.Errorf("%s %d %s", r.Outcome, r.Status, r.Error)
		}
	}
	if n.Load() != 3 {
		t.Errorf("%d requests came, want 3", n.Load())
	}
}

// A context that ends right after an answer must not spoil the connection for others.
func TestSendAfterACancelledOne(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	defer srv.Close()
	var s replay.Sender
	defer s.Close()
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { cancel(); close(done) }()
		if r := s.Send(ctx, srv.URL, post("{}")); r.Outcome != verify.Answered && r.Outcome != verify.Interrupted {
			t.Fatalf("cancelled: %s %s", r.Outcome, r.Error)
		}
		if r := s.Send(t.Context(), srv.URL, post("{}")); !r.OK() {
			t.Fatalf("next: %s %s", r.Outcome, r.Error)
		}
		<-done
	}
}
