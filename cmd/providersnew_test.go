package cmd

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// answering runs a command at a terminal where somebody types.
func (d *desk) answering(typed string, args ...string) (stdout, stderr string, code int) {
	d.t.Helper()
	var out, errs bytes.Buffer
	io := IO{In: strings.NewReader(typed), Out: &out, Err: &errs, InTTY: true, ErrTTY: true, Columns: 80, Dir: d.dir,
		Env: func(name string) (string, bool) { value, ok := d.env[name]; return value, ok }}
	code = run(d.t.Context(), io, args)
	return out.String(), errs.String(), code
}

// Where a person is, what no flag answers is asked, and only that.
func TestProvidersNewAsks(t *testing.T) {
	for _, c := range []struct {
		name, in   string
		args, asks []string
		want       string
	}{
		{"everything", "hmac\nX-Sig\n\n\n\nevent\n\n", nil,
			[]string{"How are deliveries signed (hmac, hash, static, none)? ", "Which header", "Which hash", "In which form", "What is signed [{body}]? ", "Where in the body", "first event called [thing.created]? "},
			"HMAC-SHA256 of the raw body, hex, in X-Sig"},
		{"what an answer leads to", "hmac\nX-Sig\nsha1\nbase64\n{ts}:{body}\nX-Time\nevent\nping\n", nil,
			[]string{"Which header carries the time? "}, "HMAC-SHA1 of {ts}:{body}, base64, in X-Sig"},
		{"what flags leave open", "\ntype\n\n", []string{"--kind", "static", "--header", "X-Key"},
			[]string{"Where in the body does the event's name stand? Where in the body"}, "shared key in clear in X-Key"},
		{"nothing", "", []string{"--kind", "none", "--event-path", "type", "--event", "ping"}, nil, "no authentication documented"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			stdout, stderr, code := d.answering(c.in, append([]string{"providers", "new", "acme", "--out", "acme"}, c.args...)...)
			if code != codeDone || !strings.Contains(stdout, c.want) {
				t.Fatalf("code %d, stdout %q, stderr %q", code, stdout, stderr)
			}
			for _, text := range c.asks {
				if !strings.Contains(stderr, text) {
					t.Errorf("nobody asked %q: %q", text, stderr)
				}
			}
			if len(c.asks) == 0 && stderr != "" {
				t.Errorf("asked %q", stderr)
			}
			if got := d.ok("providers", "lint", "acme"); got != "1 definition: no faults\n" {
				t.Errorf("lint says %q", got)
			}
		})
	}
}

func TestProvidersNewWithoutAnAnswer(t *testing.T) {
	d := newDesk(t)
	_, stderr, code := d.answering("hmac\n", "providers", "new", "acme", "--out", "acme")
	if code != codeUsage || !strings.Contains(stderr, "--header is missing") {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
	_, stderr, code = d.answering("rot13\n", "providers", "new", "acme", "--out", "acme")
	if code != codeUsage || !strings.Contains(stderr, "--kind rot13: expected hmac, hash, static, none") {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
	if files, _ := filepath.Glob(filepath.Join(d.dir, "acme", "*")); len(files) > 0 {
		t.Errorf("written %q", files)
	}
}

// --force replaces a definition whole: samples of before would serve the same events.
func TestProvidersNewForce(t *testing.T) {
	d := newDesk(t)
	args := []string{"providers", "new", "acme", "--kind", "none", "--event-path", "what", "--out", "acme"}
	d.ok(append(slices.Clone(args), "--event", "first.event")...)
	if _, stderr, code := d.run(args...); code != codeUsage || !strings.Contains(stderr, "there is a definition in acme") {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
	variant := filepath.Join(d.dir, "acme", "samples", "mine.json")
	writeFile(t, variant, `{"events": ["*"], "variant": "mine", "body": {"what": "second.event"}}`)
	d.ok(append(slices.Clone(args), "--event", "second.event", "--force")...)
	files, err := filepath.Glob(filepath.Join(d.dir, "acme", "samples", "*"))
	if err != nil || len(files) != 2 || files[0] != variant || filepath.Base(files[1]) != "second.event.json" {
		t.Errorf("samples %q, error %v", files, err)
	}
}
