package cmd

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"whk/listener"
	"whk/verify"
)

// message is a raw request for a body with the headers of whk sign.
func (s *shell) message(path, body string, signature ...string) string {
	s.t.Helper()
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s",
		path, strings.ReplaceAll(strings.Join(signature, ""), "\n", "\r\n"), len(body), body)
}

func TestVerifyFile(t *testing.T) {
	s := newShell(t)
	s.env["WHK_SECRET_RENTMAN"] = "some_secret_key"
	signature, _, _ := s.run("sign", "rentman", contactBody)
	wrong := "Digest: sha512=" + strings.Repeat("0", 128) + "\n"
	tests := []struct {
		name    string
		message string
		args    []string
		code    int
		says    []string
	}{
		{"valid, by its path", s.message("/rentman", contactBody, signature), nil, codeDone,
			[]string{"✓ valid  rentman/Contact.create, request\n", "HMAC-SHA512 of the raw body, hex, in Digest", "secret    env WHK_SECRET_RENTMAN, fp ", "What this check does not prove:"}},
		{"valid, by its looks", s.message("/", contactBody, signature), nil, codeDone, []string{"✓ valid  rentman/Contact.create"}},
		{"valid, as was said", s.message("/ploomes", contactBody, signature), []string{"--provider", "rentman"}, codeDone, []string{"✓ valid"}},
		{"invalid", s.message("/rentman", contactBody, wrong), nil, codeNo, []string{"✗ invalid", "reason    wrong value: ", "tried     env WHK_SECRET_RENTMAN", "explain   none of ", "no match: body ", "hint      either the secret", `begins    {"account":"demo"`, `"price":1.10}`}},
		{"a byte more", s.message("/rentman", contactBody+"\n", signature), nil, codeNo, []string{"✗ invalid", `"price":1.10}\n`, "the last byte is white space",
			"explain   tried ", "► matches if the final newline (0x0A) is removed from the body", "is one byte longer than the one that was signed", "fix       check the signature over the raw bytes", "Laravel  $body"}},
		{"not explained", s.message("/rentman", contactBody+"\n", signature), []string{"--explain=false"}, codeNo, []string{"hint      either the secret is another one"}},
		{"a byte that an editor added", s.message("/rentman", contactBody, signature) + "\n", nil, codeDone, []string{"✓ valid", "note      Content-Length says "}},
		{"a byte that was lost", strings.TrimSuffix(s.message("/rentman", contactBody, signature), "}"), nil, codeNo, []string{"✗ invalid", "note      Content-Length says ",
			"► matches if the closing brackets that the JSON lacks are put back", "is one byte shorter than the one that was signed"}},
		{"missing", s.message("/rentman", contactBody), nil, codeNo, []string{"∅ missing", "no Digest header came", "explain   no header and no parameter of the URL holds anything like a signature"}},
		{"in another header", s.message("/rentman", contactBody, strings.Replace(signature, "Digest", "X-Digest", 1)), nil, codeNo, []string{"∅ missing", "► matches if the signature is taken from the header X-Digest"}},
		{"a weaker hash", s.message("/rentman", contactBody, "Digest: md5=00\n"), nil, codeNo, []string{"✗ invalid", "downgrade: "}},
		{"no authentication", s.message("/ubiqo", `{"id":1}`), nil, codeInconclusive, []string{"? unsigned", "UBIQO documents no authentication", "What that means:"}},
		{"nobody", s.message("/", "hello"), nil, codeInconclusive, []string{"· unchecked", "no provider recognised", "--provider NAME"}},
		{"no secret", s.message("/ploomes", "{}", "X-Ploomes-Validation-Key: k\n"), nil, codeInconclusive, []string{"! unchecked", "set WHK_SECRET_PLOOMES"}},
		{"the development secret", s.message("/ploomes", "{}", "X-Ploomes-Validation-Key: whk-development-secret-for-ploomes\n"), nil, codeDone, []string{"✓ valid dev", "which everybody knows"}},
		{"hostile", s.message("/ploomes", "{\"a\":\"\x1b[31m\"}", "X-Ploomes-Validation-Key: k\n"), nil, codeInconclusive, []string{`\x1b[31m`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			s.file("request", tt.message)
			stdout, stderr, code := s.run(append([]string{"verify", "request"}, tt.args...)...)
			if code != tt.code || stderr != "" {
				t.Errorf("code: got %d, want %d, stderr %q", code, tt.code, stderr)
			}
			for _, want := range tt.says {
				if !strings.Contains(stdout, want) {
					t.Errorf("stdout lacks %q:\n%s", want, stdout)
				}
			}
			if strings.ContainsAny(stdout, "\x1b") || strings.Contains(stdout, "some_secret_key") {
				t.Errorf("stdout shows what it must not: %q", stdout)
			}
			s.in = tt.message
			fromStdin, _, code := s.run(append([]string{"verify", "-"}, tt.args...)...)
			stdout, fromStdin = untimed(stdout), untimed(fromStdin)
			if want := strings.ReplaceAll(stdout, ", request\n", ", standard input\n"); code != tt.code || !strings.EqualFold(fromStdin, strings.Replace(want, "  request\n", "  standard input\n", 1)) {
				t.Errorf("from standard input: code %d\n%s\nwant\n%s", code, fromStdin, want)
			}
		})
	}
}

// untimed is a verdict without the lines that say how long a search took, and how much
// it tried in that time.
func untimed(text string) string {
	return regexp.MustCompile(`(?m)^  explain .*\n( +no match: .*\n)?`).ReplaceAllString(text, "")
}

func TestVerifyJSON(t *testing.T) {
	s := newShell(t)
	s.env["WHK_SECRET_RENTMAN"] = "some_secret_key"
	signature, _, _ := s.run("sign", "rentman", contactBody)
	s.in = s.message("/rentman", contactBody, signature)
	stdout, _, code := s.run("verify", "--json")
	var got struct {
		Type, Provider, Event, Scheme string
		Schema                        int
		Verdict                       verify.Verdict
		Secrets                       []struct{ Name, Fingerprint string }
		Bytes                         int    `json:"body_bytes"`
		SHA256                        string `json:"body_sha256"`
		Limits                        []string
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	if code != codeDone || got.Type != "verification" || got.Schema != 1 || got.Provider != "rentman" || got.Event != "Contact.create" ||
		got.Verdict.Status != verify.Valid || got.Bytes != len(contactBody) || len(got.SHA256) != 64 || len(got.Limits) == 0 ||
		len(got.Secrets) != 1 || got.Secrets[0].Fingerprint == "" {
		t.Errorf("code %d: %s", code, stdout)
	}
}

func TestVerifyEvent(t *testing.T) {
	s := newShell(t)
	s.timed(t)
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	signature, stderr, code := s.run("sign", "timed", "{}", "--at", at.Format(time.RFC3339), "--url", "http://localhost:4400/timed")
	if code != codeDone {
		t.Fatalf("code %d, stderr:\n%s", code, stderr)
	}
	event := eventAt(1, at, "timed", "timed", "event", verify.Verdict{Status: verify.Valid}, "{}")
	for line := range strings.Lines(signature) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		event.Delivery.Header.Set(name, value)
	}
	cut := eventAt(2, at, "timed", "timed", "event", verify.Verdict{Status: verify.Unchecked, Reason: verify.Incomplete}, "{")
	cut.Cut = "the connection broke"
	strange := eventAt(3, at, listener.UnknownName, "", "", verify.Verdict{Status: verify.Unchecked, Reason: verify.NoProvider}, "hello")
	s.store([]*listener.Event{event, cut, strange}, nil)
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"by its number, at the time it came", []string{"1"}, codeDone, "✓ valid  timed/timed.event, event #1\n"},
		{"by its id", []string{"01890000-0000-7000-8000-000000000001"}, codeDone, "✓ valid"},
		{"the last of a provider", []string{"last:timed", "--at", "2026-01-31T12:00:00Z"}, codeInconclusive, "incomplete body: the connection broke"},
		{"now it is stale", []string{"1", "--at", "now"}, codeNo, "stale"},
		{"another secret", []string{"1", "--secret-file", filepath.Join(s.dir, "other")}, codeNo, "✗ invalid"},
		{"nobody's", []string{"last"}, codeInconclusive, "no provider recognised"},
		{"nobody's, but named", []string{"last", "--provider", "timed"}, codeNo, "∅ missing"},
	}
	s.file("other", "another secret\n")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, code := s.run(append([]string{"verify"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stdout, tt.says) {
				t.Errorf("code %d, want %d and %q:\n%s%s", code, tt.code, tt.says, stdout, stderr)
			}
		})
	}
	s.file("1", "POST /ubiqo HTTP/1.1\r\n\r\n{}")
	stdout, stderr, code := s.run("verify", "1")
	if code != codeInconclusive || !strings.Contains(stdout, "ubiqo") || !strings.Contains(stderr, "there is a file 1 here") {
		t.Errorf("a file with the name of an event: code %d\n%s%s", code, stdout, stderr)
	}
}

func TestVerifyRefuses(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		in    string
		inTTY bool
		says  string
	}{
		{"nothing on a terminal", nil, "", true, "a file with a raw HTTP request, - for standard input"},
		{"nothing on standard input", nil, "", false, "the message is empty"},
		{"two files", []string{"a", "b"}, "", false, "expected one file or event"},
		{"neither file nor event", []string{"nothing"}, "", false, "there is no such file, and it is no reference to an event"},
		{"no store", []string{"42"}, "", false, "whk listen makes the store"},
		{"a body without a head", []string{"-"}, `{"a":1}`, false, "--header 'Digest: sha512=...' --body @FILE"},
		{"no HTTP", []string{"-"}, "hello world\n", false, "line 1: expected a request line"},
		{"a file and headers", []string{"42", "--header", "A: b"}, "", false, "give one"},
		{"standard input twice", []string{"-", "--secret-stdin"}, "", false, "not both"},
		{"an unknown provider", []string{"--provider", "rentmann", "--body", "{}"}, "", false, "did you mean rentman?"},
		{"a bad time", []string{"--body", "{}", "--at", "soon"}, "", false, "RFC 3339"},
		{"a bad header", []string{"--body", "{}", "--header", "A"}, "", false, "--header: expected 'Name: value'"},
		{"a header with a second line", []string{"--body", "{}", "--header", "A: b\nC: d"}, "", false, "--header A: a value is one line of text"},
		{"a bad address", []string{"--body", "{}", "--public-url", "hooks"}, "", false, "--public-url hooks: expected an address"},
		{"an empty secret", []string{"--provider", "rentman", "--body", "{}", "--secret", ""}, "", false, "empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShell(t)
			s.in, s.inTTY = tt.in, tt.inTTY
			stdout, stderr, code := s.run(append([]string{"verify"}, tt.args...)...)
			if code != codeUsage || stdout != "" || !strings.Contains(stderr, tt.says) {
				t.Errorf("code %d, stdout %q, stderr %q; want %q", code, stdout, stderr, tt.says)
			}
		})
	}
}

// TestSentVerifies gives what send prints to verify, for every event.
func TestSentVerifies(t *testing.T) {
	s := newShell(t)
	for _, event := range []string{"rentman/Contact.delete", "ploomes/Deals.Win", "cassaincloud/RECEIPT.CREATE", "cmmshere/sol.created", "ubiqo/gps.coordinate"} {
		message, stderr, code := s.run("send", event, "--dry-run", "--show-secrets")
		if code != codeDone {
			t.Fatalf("%s: code %d, stderr:\n%s", event, code, stderr)
		}
		s.in = message
		stdout, _, code := s.run("verify", "-")
		if code != codeDone && code != codeInconclusive || !strings.Contains(stdout, event) || !strings.Contains(stdout, "✓ valid") && !strings.Contains(stdout, "? unsigned") {
			t.Errorf("%s: code %d\n%s", event, code, stdout)
		}
	}
}
