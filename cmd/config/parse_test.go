package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// parseText parses a text as the project file .whk.yaml.
func parseText(text string) (*File, error) {
	f := &File{Path: "/p/.whk.yaml", Name: ".whk.yaml", Layer: Project}
	return f, f.parse([]byte(text), listenFlags(), nil)
}

func TestParseRefuses(t *testing.T) {
	const v = "version: 1\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"no version", "listen: {}\n", []string{".whk.yaml:1: the key version is missing", "version: 1"}},
		{"another version", "version: 2\n", []string{".whk.yaml:1:10: version"}},
		{"unknown key", v + "listne: {}\n", []string{".whk.yaml:2:1: unknown key listne", "did you mean listen?"}},
		{"unknown listen key", v + "listen:\n  on-invalid: flag\n", []string{".whk.yaml:3:3: unknown key listen.on-invalid", "did you mean on_invalid?"}},
		{"key unlike any other", v + "tunnel: x\n", []string{"unknown key tunnel", "known here: listen, providers, routes, version"}},
		{"help is no setting", v + "listen: {help: true}\n", []string{"unknown key listen.help"}},
		{"unknown provider key", v + "providers: {rentman: {secrte: env:A}}\n", []string{".whk.yaml:2:23: unknown key providers.rentman.secrte", "secret?"}},
		{"unknown route key", v + "routes: [{event: a, too: b}]\n", []string{":2:21: unknown key routes.too", "did you mean to?"}},
		{"doubled key", v + "listen:\n  ack: true\n  ack: false\n", []string{":4:3: the key listen.ack stands twice", "line 3"}},
		{"doubled section", v + "listen: {}\nlisten: {}\n", []string{":3:1: the key listen stands twice"}},
		{"doubled provider", v + "providers:\n  a: {}\n  a: {}\n", []string{":4:3: the key providers.a stands twice"}},
		{"text for bool", v + "listen: {ack: yes}\n", []string{":2:15: listen.ack: want true or false, got text"}},
		{"number for duration", v + "listen: {timeout: 30}\n", []string{"listen.timeout: want a duration such as 30s, got a number"}},
		{"bool for text", v + "listen: {addr: true}\n", []string{"listen.addr: want text, got true or false"}},
		{"list for text", v + "listen: {addr: [a]}\n", []string{"listen.addr: want text, got a list"}},
		{"fraction for number", v + "listen: {count: 1.5}\n", []string{"listen.count: want a whole number, got a number"}},
		{"mapping in list", v + "listen: {forward_to: [{a: b}]}\n", []string{":2:23: listen.forward_to: want text or a list of texts, got keys and values"}},
		{"nothing", v + "listen: {addr: }\n", []string{"listen.addr: want text, got nothing"}},
		{"list for file", "- a\n", []string{":1:1: the file: want keys and values, got a list"}},
		{"text for section", v + "listen: on\n", []string{"listen: want keys and values, got text"}},
		{"mapping for routes", v + "routes: {a: b}\n", []string{"routes: want a list, got keys and values"}},
		{"route without target", v + "routes: [{event: a}]\n", []string{"the key to is missing"}},
		{"route with equals sign", v + "routes: [{event: a=b, to: 1}]\n", []string{"routes.event"}},
		{"routes under listen", v + "listen: {route: a=b}\n", []string{"listen.route", "routes: ["}},
		{"secret under listen", v + "listen: {secret: canary}\n", []string{"listen.secret", "providers:"}},
		{"secret file under listen", v + "listen: {secret_file: x}\n", []string{"listen.secret_file", "providers:"}},
		{"literal secret", v + "providers: {rentman: {secret: canary}}\n", []string{":2:31: providers.rentman.secret:", "put it in the environment and write env:NAME"}},
		{"numeric secret", v + "providers: {rentman: {secret: 1234567}}\n", []string{"providers.rentman.secret", "env:NAME"}},
		{"literal among references", v + "providers: {rentman: {secrets: [env:A, canary]}}\n", []string{":2:40: providers.rentman.secrets:"}},
		{"literal dressed as variable", v + "providers: {rentman: {secret: 'env:canary-1'}}\n", []string{"not the name of a variable"}},
		{"program", v + "providers: {rentman: {secret: 'cmd:canary'}}\n", []string{"no program is run"}},
		{"empty secret", v + "providers: {rentman: {secret: ''}}\n", []string{"the secret is empty"}},
		{"empty file reference", v + "providers: {rentman: {secret: 'file:'}}\n", []string{"not the path of a file"}},
		{"no secrets", v + "providers: {rentman: {secrets: []}}\n", []string{"want a list of references"}},
		{"both secrets", v + "providers: {rentman: {secret: env:A, secrets: [env:B]}}\n", []string{"there is providers.rentman.secret as well"}},
		{"nested secrets", v + "providers: {rentman: {secrets: [[env:A]]}}\n", []string{"want one reference, got a list"}},
		{"reserved name", v + "providers: {stdin: {}}\n", []string{"providers.stdin: not a name", "--secret-stdin"}},
		{"capitals", v + "providers: {Rentman: {}}\n", []string{"providers.Rentman: not a name", "small letters"}},
		{"path", v + "providers: {rentman: {path: rentman}}\n", []string{"not the path of a URL", "/rentman"}},
		{"path with query", v + "providers: {rentman: {path: '/a?b'}}\n", []string{"not the path of a URL"}},
		{"alias", "version: &v 1\nlisten: {count: *v}\n", []string{":2:17: aliases are not allowed"}},
		{"merge", v + "listen:\n  <<: {ack: true}\n", []string{"unknown key listen.<<"}},
		{"tag", v + "listen: {addr: !!binary YQ==}\n", []string{"tags are not allowed"}},
		{"tag of one's own", v + "listen: {addr: !include x}\n", []string{"tags are not allowed"}},
		{"two documents", v + "---\n" + v, []string{":2:1: a second document"}},
		{"key of a kind", v + "? [a]\n: b\n", []string{"a list cannot be a key"}},
		{"syntax", v + "listen: [\n", []string{".whk.yaml:3: not YAML"}},
		{"broken second document", v + "--- [\n", []string{"not YAML"}},
		{"unclosed", v + "\nlisten: {a: b\n\n", []string{".whk.yaml:3: not YAML"}},
		{"stray indent", v + "listen:\n  ack: true\n count: 3\n", []string{".whk.yaml:4: not YAML"}},
		{"bytes", v + "\xff\xfe\n", []string{"not YAML"}},
		{"escapes", v + "\"a\\e]0;x\\u202e\": 1\n", []string{`unknown key "a\x1b]0;x\u202e"`}},
		{"two on one line", v + "listen: {ack: 1, count: x}\n", []string{":2:15: listen.ack"}},
		{"highest first", v + "routes: 5\nlisten: 6\nproviders: 7\n", []string{":2:9: routes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseText(c.text)
			wantError(t, err, c.want...)
			if text := fmt.Sprintf("%+v %#v", err, err); strings.Contains(text, "canary") || strings.Contains(text, "1234567") {
				t.Errorf("the value stands in the error: %s", text)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":       "",
		"comments only": "# version: 1\n",
		"null":          "---\n",
		"version only":  "version: 1\n",
		"byte order":    "\ufeffversion: 1\n",
		"windows lines": "version: 1\r\nlisten:\r\n  ack: true\r\n",
		"odd scalars":   "version: 1\nlisten: {addr: 1.10, on_invalid: no, timeout: 0, forward_to: 2020-01-01}\n",
		"empty list":    "version: 1\nlisten: {events: []}\nroutes: []\n",
	} {
		t.Run(name, func(t *testing.T) {
			f, err := parseText(text)
			if err != nil {
				t.Fatal(err)
			}
			if name == "odd scalars" && f.listen[0].values[0] != "1.10" {
				t.Errorf("got %q, want it as written", f.listen[0].values[0])
			}
		})
	}
}

// Small files that make careless readers slow or large are refused quickly.
func TestParseBombs(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString("version: 1\na0: &a0 [lol]\n")
	for i := range 30 {
		fmt.Fprintf(&laughs, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i+1, i+1, i, i, i, i, i, i, i, i, i)
	}
	for name, text := range map[string]string{
		"aliases":      laughs.String(),
		"own alias":    "version: 1\nlisten: &a {addr: *a}\n",
		"open lists":   strings.Repeat("[", 200_000),
		"closed lists": "version: 1\nlisten: " + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000),
		"block lists":  "version: 1\nlisten:\n  addr:\n  " + strings.Repeat("- ", 9_000),
		"mappings":     strings.Repeat("{a: ", 200_000),
		"questions":    strings.Repeat("? ", 200_000),
		"many keys":    "version: 1\n" + strings.Repeat("k: 1\n", 40_000),
		"long key":     "version: 1\n" + strings.Repeat("k", 900_000) + ": 1\n",
		"anchors":      "version: 1\nx: [" + strings.Repeat("&a b, ", 40_000) + "]\n",
		"quotes":       "version: 1\nx: \"" + strings.Repeat("\\n\n", 300_000),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := parseText(text)
			wantError(t, err)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if len(err.Error()) > 300 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}
