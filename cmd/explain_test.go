package cmd

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"whk/verify"
	"whk/verify/explain"
)

// The explanation is part of the JSON, keeps to the schema, and gives nothing away.
func TestVerifyExplainJSON(t *testing.T) {
	d := newDesk(t)
	_, schema := d.printed("output")
	s := newShell(t)
	s.env["WHK_SECRET_RENTMAN"] = "some_secret_key"
	s.env["WHK_SECRET_PLOOMES"] = "another_secret_key"
	s.env["WHK_SECRET_CASSAINCLOUD"] = "third_secret_key"
	signature, _, _ := s.run("sign", "rentman", contactBody)
	_, expected, _ := strings.Cut(strings.TrimSpace(signature), "sha512=")
	s.env["WHK_SECRET_RENTMAN"] = "another_secret_key"
	mixedUp, _, _ := s.run("sign", "rentman", contactBody)
	s.env["WHK_SECRET_RENTMAN"] = "some_secret_key"
	second := strings.Replace(signature, "sha512="+expected, "sha512="+strings.ToUpper(expected), 1)
	tests := []struct {
		name    string
		message string
		args    []string
		causes  []explain.Cause
	}{
		{"a byte more", s.message("/rentman", contactBody+"\n", signature), nil, []explain.Cause{explain.NewlineAdded}},
		{"another provider's secret", s.message("/rentman", contactBody, mixedUp), nil, []explain.Cause{explain.SecretOfOther}},
		{"the secret of the variable, not the file", s.message("/rentman", contactBody, signature), []string{"--secret-file", filepath.Join(s.dir, "secret")}, []explain.Cause{explain.SecretUnused}},
		{"upper case", s.message("/rentman", contactBody, second), nil, []explain.Cause{explain.HexCase}},
		{"two changes", s.message("/rentman", contactBody+"\n", second), nil, []explain.Cause{explain.NewlineAdded, explain.HexCase}},
		{"nothing", s.message("/rentman", contactBody, "Digest: sha512="+strings.Repeat("0", 128)+"\n"), nil, nil},
		{"no header", s.message("/rentman", contactBody), nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			s.file("secret", "a-secret-of-a-file\n")
			s.in = tt.message
			stdout, stderr, code := s.run(append([]string{"verify", "-", "--json"}, tt.args...)...)
			var value map[string]any
			if err := json.Unmarshal([]byte(stdout), &value); err != nil || code != codeNo {
				t.Fatalf("code %d, %v: %s%s", code, err, stdout, stderr)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("%v in\n%s", err, stdout)
			}
			var got struct {
				Verdict     verify.Verdict
				Explanation *explain.Explanation
			}
			if err := json.Unmarshal([]byte(strings.Replace(stdout, `"took_ms"`, `"ignored"`, 1)), &got); err != nil {
				t.Fatal(err)
			}
			var causes []explain.Cause
			for _, c := range got.Explanation.Changes {
				causes = append(causes, c.Cause)
			}
			if !slices.Equal(causes, tt.causes) || got.Verdict.Status != verify.Invalid && got.Verdict.Status != verify.Missing {
				t.Errorf("got %v and %v, want %v", got.Verdict, causes, tt.causes)
			}
			for _, secret := range []string{"some_secret_key", "another_secret_key", "third_secret_key", "a-secret-of-a-file", expected, strings.ToUpper(expected)} {
				if strings.Contains(stdout, secret) {
					t.Errorf("the output holds %s: %s", secret, stdout)
				}
			}
		})
	}
	s.in = tests[0].message
	if stdout, _, _ := s.run("verify", "-", "--json", "--explain=false"); strings.Contains(stdout, "explanation") {
		t.Errorf("explained unasked: %s", stdout)
	}
}

// Lines keep to the width of the screen, and what came from outside is made visible.
func TestExplanationLines(t *testing.T) {
	e := &explain.Explanation{Meaning: strings.Repeat("word ", 40), Tried: 2, Took: explain.Milliseconds(2 * time.Millisecond),
		Changes: []explain.Change{{Family: explain.FamilyHeader, Cause: explain.OtherHeader, What: "the signature is taken from the header X-\x1b[31m", Detail: "d\x07"}},
		Notes:   []string{"note\x1b[2J"}, Advice: strings.Repeat("advice ", 30), Fixes: explain.Fixes(explain.OtherHeader)}
	lines := explanationLines(paint{}, e, 60)
	text := strings.Join(lines, "\n")
	for _, want := range []string{"tried 2 variants in 2 ms", "► matches if the signature is taken", `X-\x1b[31m`, `d\x07`, `note\x1b[2J`} {
		if !strings.Contains(text, want) {
			t.Errorf("no line says %q:\n%s", want, text)
		}
	}
	for _, line := range append(lines, fixLines(paint{}, e, 60)[:4]...) {
		if n := len([]rune(line)); n > 60 || strings.ContainsAny(line, "\x1b\x07") {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	if text := strings.Join(explanationLines(paint{ascii: true}, e, 0), "\n"); strings.Contains(text, "►") || !strings.Contains(text, "> matches if") {
		t.Errorf("without Unicode:\n%s", text)
	}
	if fixes := fixLines(paint{}, &explain.Explanation{}, 60); fixes != nil {
		t.Errorf("fixes of nothing: %q", fixes)
	}
}
