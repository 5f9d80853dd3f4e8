package cmd

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const signedBody = `{"a":1}`

func TestSign(t *testing.T) {
	s := newShell(t)
	s.env["WHK_SECRET_RENTMAN"] = "some_secret_key"
	s.env["WHK_SECRET_PLOOMES"] = "shared"
	s.env["WHK_SECRET_CASSAINCLOUD"] = "d9d36bea41c44ae49d1bfc4a48ba2abe"
	s.in = signedBody
	s.file("body", signedBody)
	want, stderr, code := s.run("sign", "rentman", signedBody)
	if code != codeDone || stderr != "" || !strings.HasPrefix(want, "Digest: sha512=") || strings.Count(want, "\n") != 1 {
		t.Fatalf("code %d, stdout %q, stderr %q", code, want, stderr)
	}
	for _, args := range [][]string{{"sign", "rentman"}, {"sign", "rentman", "-"}, {"sign", "RENTMAN", "@body"}} {
		if got, stderr, code := s.run(args...); code != codeDone || got != want {
			t.Errorf("%v: code %d, got %q, want %q\n%s", args, code, got, want, stderr)
		}
	}
	if got, _, _ := s.run("sign", "ploomes", "{}"); got != "X-Ploomes-Validation-Key: shared\n" {
		t.Errorf("ploomes: got %q", got)
	}
	// The published vector of an equal scheme.
	if got, _, _ := s.run("sign", "cassaincloud", `["fault_code_closed"]`); got != "X-Cn-Signature: f04a8386a21a6cba0447024e83b3f0983352bb72\n" {
		t.Errorf("cassaincloud: got %q", got)
	}
	got, _, _ := s.run("sign", "cassaincloud", `["fault_code_closed"]`, "--json")
	if diff := cmp.Diff(`{"type":"signature","schema":1,"provider":"cassaincloud","scheme":"HMAC-SHA1 of the raw body, hex, in x-cn-signature","secret":"env WHK_SECRET_CASSAINCLOUD","headers":{"X-Cn-Signature":["f04a8386a21a6cba0447024e83b3f0983352bb72"]}}`+"\n", got); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

// timedProvider signs a time stamp, an id and the URL, as no built-in provider does.
const timedProvider = `version: 1
name: timed
title: Timed
docs: {page: a test}
certainty: guessed
methods: [POST]
detect: path
verify:
  - {kind: hmac, algorithm: sha256, encoding: hex, header: X-Sig, signed: "{id}.{ts}.{url}.{body}", id: X-Id, require_url: true, timestamp: {header: X-Time, format: unix, tolerance: 5m}}
event: {name: timed.event}
headers: {Content-Type: application/json}
actions: [{name: event}]
entities: {timed: {}}
`

func (s *shell) timed(t *testing.T) {
	t.Helper()
	s.file("timed.yaml", timedProvider)
	s.env["WHK_PROVIDER_FILE"] = "timed.yaml"
	s.env["WHK_SECRET_TIMED"] = "s3cret-of-the-test"
}

func TestSignTimeIDAndURL(t *testing.T) {
	s := newShell(t)
	s.timed(t)
	args := []string{"sign", "timed", "{}", "--at", "2026-01-31T12:00:00Z", "--id", "msg_1", "--url", "https://hooks.example.com/in"}
	got, stderr, code := s.run(args...)
	if code != codeDone {
		t.Fatalf("code %d, stderr:\n%s", code, stderr)
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 3 || lines[0] != "X-Id: msg_1" || !strings.HasPrefix(lines[1], "X-Sig: ") || lines[2] != "X-Time: 1769860800" {
		t.Fatalf("got %q", got)
	}
	verifying := []string{"verify", "--provider", "timed", "--body", "{}", "--url", "/in", "--public-url", "https://hooks.example.com"}
	for _, line := range lines {
		verifying = append(verifying, "--header", line)
	}
	tests := []struct {
		at   []string
		code int
		says string
	}{
		{[]string{"--at", "2026-01-31T12:04:00Z"}, codeDone, "✓ valid"},
		{[]string{"--at", "2026-01-31T12:06:00Z"}, codeNo, "stale"},
		{[]string{"--at", "2026-01-31T11:00:00Z"}, codeNo, "in the future"},
		{nil, codeNo, "signed"},
	}
	for _, tt := range tests {
		if stdout, stderr, code := s.run(append(verifying, tt.at...)...); code != tt.code || !strings.Contains(stdout, tt.says) {
			t.Errorf("verify %v: code %d, want %d\n%s%s", tt.at, code, tt.code, stdout, stderr)
		}
	}
	if _, stderr, code := s.run("sign", "timed", "{}"); code != codeUsage || !strings.Contains(stderr, "give it with --url") {
		t.Errorf("without the URL: code %d, stderr %q", code, stderr)
	}
	s.env["WHK_URL"] = "http://127.0.0.1:4400" // that of a listener, which signs nothing
	if _, stderr, code := s.run("sign", "timed", "{}"); code != codeUsage || !strings.Contains(stderr, "give it with --url") {
		t.Errorf("with WHK_URL: code %d, stderr %q", code, stderr)
	}
}

func TestSignRefuses(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		inTTY bool
		says  string
	}{
		{"nothing", nil, false, "as in: whk sign rentman @body.json"},
		{"two bodies", []string{"rentman", "a", "b"}, false, "expected a provider and one body, got 3 arguments"},
		{"no body on a terminal", []string{"rentman"}, true, "as an argument, as @FILE, or by a pipe"},
		{"an unknown provider", []string{"rentmann", "a"}, false, "did you mean rentman?"},
		{"nothing to sign with", []string{"ubiqo", "a"}, false, "UBIQO documents no authentication"},
		{"a file that is not there", []string{"rentman", "@gone"}, false, "no such file"},
		{"standard input twice", []string{"rentman", "--secret-stdin"}, false, "not both"},
		{"a bad time", []string{"rentman", "a", "--at", "soon"}, false, "RFC 3339"},
		{"a bad header", []string{"rentman", "a", "--header", "Host"}, false, "--header: expected 'Name: value'"},
		{"a bad address", []string{"rentman", "a", "--public-url", "hooks"}, false, "--public-url hooks: expected an address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShell(t)
			s.inTTY = tt.inTTY
			stdout, stderr, code := s.run(append([]string{"sign"}, tt.args...)...)
			if code != codeUsage || stdout != "" || !strings.Contains(stderr, tt.says) {
				t.Errorf("code %d, stdout %q, stderr %q; want %q", code, stdout, stderr, tt.says)
			}
		})
	}
}

func TestSignWithoutSecret(t *testing.T) {
	s := newShell(t)
	stdout, stderr, code := s.run("sign", "rentman", "{}")
	if code != codeDone || !strings.HasPrefix(stdout, "Digest: ") || !strings.Contains(stderr, "signed with the development secret") {
		t.Errorf("code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	s.env["CI"] = "1"
	if stdout, stderr, code := s.run("sign", "rentman", "{}"); code != codeUsage || stdout != "" || !strings.Contains(stderr, "set WHK_SECRET_RENTMAN") {
		t.Errorf("in CI: code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}
