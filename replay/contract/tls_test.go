package contract_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"whk/replay"
	"whk/replay/contract"
)

// certificate is one for 127.0.0.1 that is good for so long.
func certificate(t *testing.T, good time.Duration) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(good), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestTLS(t *testing.T) {
	p := lookup(t, "rentman")
	tests := []struct {
		name    string
		good    time.Duration
		trusted bool
		verdict contract.Verdict
		valid   contract.Status
		says    string
	}{
		{"good", 90 * 24 * time.Hour, true, contract.Held, contract.Passed, ""},
		{"runs out soon", 5 * 24 * time.Hour, true, contract.NotHeld, contract.Failed, "runs out in"},
		{"unknown authority", 90 * 24 * time.Hour, false, contract.NoWay, contract.Failed, "not trusted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			made := certificate(t, tt.good)
			server := httptest.NewUnstartedServer(newCareful(t, p))
			server.TLS = &tls.Config{Certificates: []tls.Certificate{made}}
			server.EnableHTTP2 = true
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			defer server.Close()
			sender := &replay.Sender{Timeout: 5 * time.Second, Roots: x509.NewCertPool()}
			defer sender.Close()
			if tt.trusted {
				leaf, err := x509.ParseCertificate(made.Certificate[0])
				if err != nil {
					t.Fatal(err)
				}
				sender.Roots.AddCert(leaf)
			}
			report, err := contract.Run(t.Context(), contract.Options{Provider: p, Target: server.URL + "/hook", Secrets: secretsOf(p), Sender: sender, Events: []string{"Contact.create"},
				Only: []string{"tls.*", "http.http2", "http.chunked"}, Gap: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if got := report.Verdict(false); got != tt.verdict {
				t.Errorf("verdict %s, want %s: %s", got, tt.verdict, report.Unreachable)
			}
			got := result(t, report, "tls.valid")
			if got.Status != tt.valid || !strings.Contains(findings(got), tt.says) {
				t.Errorf("tls.valid: %s %s", got.Status, findings(got))
			}
			if tt.verdict == contract.Held {
				for _, id := range []string{"http.http2", "http.chunked"} {
					if got := result(t, report, id); got.Status != contract.Passed {
						t.Errorf("%s: %s %s", id, got.Status, findings(got))
					}
				}
			}
		})
	}
}

// User and password of the target reach every request, the odd ones, too, and no report.
func TestTargetWithPassword(t *testing.T) {
	p := lookup(t, "rentman")
	h := newCareful(t, p)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "me" || password != "pass word" {
			t.Errorf("%s without its password", r.Method)
		}
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	sender := &replay.Sender{Timeout: 5 * time.Second}
	defer sender.Close()
	target := strings.Replace(server.URL, "http://", "http://me:pass%20word@", 1) + "/hook"
	report, err := contract.Run(t.Context(), contract.Options{Provider: p, Target: target, Secrets: secretsOf(p), Sender: sender,
		Only: []string{"http.chunked", "http.head", "idem.concurrent", "sig.missing"}})
	if err != nil {
		t.Fatal(err)
	}
	if report.Failed(contract.Error)+report.Failed(contract.Warning) > 0 || strings.Contains(report.Target, "pass") {
		t.Errorf("%s: %s", report.Target, report.Summary(false))
	}
}

// The limit of answers comes from the definition.
func TestLimitOfProvider(t *testing.T) {
	for name, want := range map[string]time.Duration{"github": 10 * time.Second, "slack": 3 * time.Second, "rentman": 10 * time.Second, "typeform": 30 * time.Second} {
		if got := contract.LimitOf(lookup(t, name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
