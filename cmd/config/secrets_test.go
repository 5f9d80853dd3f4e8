package config

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

// plainSecrets is what a test can compare: "name=value".
func plainSecrets(secrets []verify.Secret) []string {
	var all []string
	for _, s := range secrets {
		all = append(all, s.Name+"="+s.Reveal())
	}
	return all
}

func texts(notices []Notice) string {
	var b strings.Builder
	for _, n := range notices {
		b.WriteString(n.Text + "\n" + n.Hint + "\n")
	}
	return b.String()
}

func TestSecrets(t *testing.T) {
	root := tree(t, map[string]string{
		"a": "from-a\n", "b": "from-b", "blank": "  spaced \r\n", "crlf": "windows\r\n", "bom": "\ufeffmarked\n", "lines": "one\ntwo\n",
		"a=b": "odd name", "empty": "", "newline": "\n", "big": strings.Repeat("x", MaxSecret+1), "full": strings.Repeat("x", MaxSecret),
	})
	file := func(name string) string { return filepath.Join(root, name) }
	all := SecretInput{
		Files: []string{file("a")}, Stdin: strings.NewReader("from-stdin\n"), Values: []string{"from-flag"},
		Env:    environment("WHK_SECRET_RENTMAN", "from-env", "TOKEN", "from-config"),
		Config: []SecretRef{{Env: "TOKEN"}}, Only: "rentman",
	}
	without := func(change func(*SecretInput)) SecretInput {
		in := all
		change(&in)
		return in
	}
	line := Source{Layer: Project, Name: ".whk.yaml", Line: 4, Column: 9}

	for _, c := range []struct {
		name    string
		in      SecretInput
		want    []string
		notices []string // none: no notice at all
		err     []string
	}{
		{name: "nothing"},
		{name: "file first", in: all, want: []string{"file " + file("a") + "=from-a"}},
		{name: "then stdin", in: without(func(in *SecretInput) { in.Files = nil }), want: []string{"stdin=from-stdin"}},
		{name: "then flag", in: without(func(in *SecretInput) { in.Files, in.Stdin = nil, nil }),
			want: []string{"flag --secret=from-flag"}, notices: []string{"visible in the process list", "WHK_SECRET_RENTMAN"}},
		{name: "then environment", in: without(func(in *SecretInput) { in.Files, in.Stdin, in.Values = nil, nil, nil }),
			want: []string{"env WHK_SECRET_RENTMAN=from-env"}},
		{name: "then configuration", in: SecretInput{Env: environment("TOKEN", "from-config"), Config: all.Config},
			want: []string{"env TOKEN=from-config"}},

		{name: "several files", in: SecretInput{Files: []string{"rentman=" + file("a"), "ploomes=" + file("empty"), "RENTMAN=" + file("b")}},
			want: []string{"file " + file("a") + "=from-a", "file " + file("b") + "=from-b"}},
		{name: "several values", in: SecretInput{Values: []string{"rentman=1", "rentman=2", "rentman=3"}},
			want: []string{"flag --secret=1", "flag --secret #2=2", "flag --secret #3=3"}, notices: []string{"visible"}},
		{name: "several references", in: SecretInput{Env: environment("A", "1"), Config: []SecretRef{{Env: "A"}, {File: FileRef{Path: file("b")}}}},
			want: []string{"env A=1", "file " + file("b") + "=from-b"}},
		{name: "another provider's", in: SecretInput{Values: []string{"ploomes=1"}, Env: environment("WHK_SECRET_RENTMAN", "2")},
			want: []string{"env WHK_SECRET_RENTMAN=2"}},
		{name: "another provider is meant", in: SecretInput{Values: []string{"1"}, Stdin: strings.NewReader("3"), Only: "ploomes", Env: environment("WHK_SECRET_RENTMAN", "2")},
			want: []string{"env WHK_SECRET_RENTMAN=2"}},

		{name: "equals sign in a value", in: SecretInput{Values: []string{"rentman=a=b=="}}, want: []string{"flag --secret=a=b=="}, notices: []string{"visible"}},
		{name: "equals sign without provider", in: SecretInput{Values: []string{"YWJj=x=="}, Only: "rentman"}, want: []string{"flag --secret=YWJj=x=="}, notices: []string{"visible"}},
		{name: "equals sign in a file name", in: SecretInput{Files: []string{file("a=b")}, Only: "rentman"}, want: []string{"file " + file("a=b") + "=odd name"}},
		{name: "value as typed", in: SecretInput{Values: []string{"rentman= a "}}, want: []string{"flag --secret= a "}, notices: []string{"visible"}},
		{name: "reference as value", in: SecretInput{Values: []string{"rentman=env:A", "rentman=file:" + file("b")}, Env: environment("A", "1")},
			want: []string{"env A=1", "file " + file("b") + "=from-b"}},
		{name: "value from the environment", in: SecretInput{Values: []string{"rentman=1 "}, ValuesSource: Source{Layer: Env, Name: "WHK_SECRET"}},
			want: []string{"env WHK_SECRET=1"}, notices: []string{"white space"}},

		{name: "windows newline", in: SecretInput{Files: []string{"rentman=" + file("crlf")}}, want: []string{"file " + file("crlf") + "=windows"}},
		{name: "white space", in: SecretInput{Files: []string{"rentman=" + file("blank")}}, want: []string{"file " + file("blank") + "=spaced"}, notices: []string{"white space around the secret was removed: file " + file("blank")}},
		{name: "byte order mark", in: SecretInput{Files: []string{"rentman=" + file("bom")}}, want: []string{"file " + file("bom") + "=marked"}, notices: []string{"white space"}},
		{name: "several lines", in: SecretInput{Files: []string{"rentman=" + file("lines")}}, want: []string{"file " + file("lines") + "=one\ntwo"}, notices: []string{"several lines"}},
		{name: "white space in a variable", in: SecretInput{Env: environment("WHK_SECRET_RENTMAN", " 1\t")}, want: []string{"env WHK_SECRET_RENTMAN=1"}, notices: []string{"white space around the secret was removed: env WHK_SECRET_RENTMAN"}},
		{name: "as large as may be", in: SecretInput{Files: []string{"rentman=" + file("full")}}, want: []string{"file " + file("full") + "=" + strings.Repeat("x", MaxSecret)}},

		{name: "empty value", in: SecretInput{Values: []string{"rentman="}}, err: []string{"the secret of rentman is empty: flag --secret"}},
		{name: "empty value alone", in: SecretInput{Values: []string{""}, Only: "rentman"}, err: []string{"is empty: flag --secret"}},
		{name: "empty among others", in: SecretInput{Values: []string{"rentman=1", "rentman="}}, err: []string{"is empty: flag --secret"}},
		{name: "empty variable", in: SecretInput{Env: environment("WHK_SECRET_RENTMAN", "")}, err: []string{"is empty: env WHK_SECRET_RENTMAN"}},
		{name: "blank variable", in: SecretInput{Env: environment("WHK_SECRET_RENTMAN", " \n ")}, err: []string{"is empty: env WHK_SECRET_RENTMAN"}},
		{name: "empty file", in: SecretInput{Files: []string{"rentman=" + file("empty")}}, err: []string{"is empty: file " + file("empty")}},
		{name: "file of one newline", in: SecretInput{Files: []string{"rentman=" + file("newline")}}, err: []string{"is empty"}},
		{name: "no file", in: SecretInput{Files: []string{"rentman="}}, err: []string{"no file is named"}},
		{name: "missing file", in: SecretInput{Files: []string{"rentman=" + file("none")}}, err: []string{"the secret of rentman: read " + file("none")}},
		{name: "folder", in: SecretInput{Files: []string{"rentman=" + root}}, err: []string{"not a regular file"}},
		{name: "too large", in: SecretInput{Files: []string{"rentman=" + file("big")}}, err: []string{"too large"}},
		{name: "empty stdin", in: SecretInput{Stdin: strings.NewReader("\n"), Only: "rentman"}, err: []string{"is empty: stdin"}},
		{name: "endless stdin", in: SecretInput{Stdin: strings.NewReader(strings.Repeat("x", MaxSecret+1)), Only: "rentman"}, err: []string{"too large"}},
		{name: "stdin for whom", in: SecretInput{Stdin: strings.NewReader("canary")}, err: []string{"--secret-stdin: several providers", "--provider"}},
		{name: "value for whom", in: SecretInput{Values: []string{"canary"}}, err: []string{"--secret: it begins with no known provider", "--secret PROVIDER="}},
		{name: "value of a typo", in: SecretInput{Values: []string{"rentmann=canary"}}, err: []string{"--secret: it begins with no known provider"}},
		{name: "file for whom", in: SecretInput{Files: []string{file("a")}}, err: []string{"--secret-file: it begins", "--secret-file PROVIDER="}},
		{name: "unset reference", in: SecretInput{Config: []SecretRef{{Env: "TOKEN", Source: line}}}, err: []string{".whk.yaml:4:9: the secret of rentman: the variable TOKEN is not set"}},
		{name: "empty reference", in: SecretInput{Config: []SecretRef{{Env: "TOKEN", Source: line}}, Env: environment("TOKEN", "")}, err: []string{".whk.yaml:4:9: the secret of rentman is empty: env TOKEN"}},
		{name: "one reference of two", in: SecretInput{Config: []SecretRef{{Env: "A"}, {Env: "B", Source: line}}, Env: environment("A", "1")}, err: []string{".whk.yaml:4:9", "the variable B is not set"}},
		{name: "unset reference as value", in: SecretInput{Values: []string{"rentman=env:A"}}, err: []string{"the variable A is not set"}},
		{name: "broken reference as value", in: SecretInput{Values: []string{"rentman=env:canary-"}}, err: []string{"not the name of a variable"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.Known = builtin
			if s, ok := c.in.Stdin.(*strings.Reader); ok {
				_, err := s.Seek(0, 0)
				must(t, err)
			}
			secrets, notices, err := Secrets("rentman", c.in)
			if c.err != nil {
				wantError(t, err, c.err...)
				if text := fmt.Sprintf("%+v %#v %v", err, err, notices); strings.Contains(text, "canary") {
					t.Errorf("the value stands in %s", text)
				}
				if secrets != nil {
					t.Errorf("got %v", secrets)
				}
				return
			}
			must(t, err)
			if diff := cmp.Diff(c.want, plainSecrets(secrets)); diff != "" {
				t.Errorf("secrets (-want +got):\n%s", diff)
			}
			got := texts(notices)
			for _, want := range c.notices {
				if !strings.Contains(got, want) {
					t.Errorf("notices %q do not hold %q", got, want)
				}
			}
			if len(c.notices) == 0 && got != "" {
				t.Errorf("got notices %q", got)
			}
		})
	}
}

func TestDevelopment(t *testing.T) {
	development, own := verify.NewSecret("development", "well known"), verify.NewSecret("env A", "1")
	for _, c := range []struct {
		name       string
		configured []verify.Secret
		secret     verify.Secret
		env        []string
		disabled   bool
		want       bool
	}{
		{"stands in", nil, development, nil, false, true},
		{"own secret", []verify.Secret{own}, development, nil, false, false},
		{"disabled", nil, development, nil, true, false},
		{"scheme without secret", nil, verify.Secret{}, nil, false, false},
		{"in CI", nil, development, []string{"CI", "true"}, false, false},
		{"in some CI", nil, development, []string{"CI", "woodpecker"}, false, false},
		{"CI says false", nil, development, []string{"CI", "False"}, false, true},
		{"CI says 0", nil, development, []string{"CI", "0"}, false, true},
		{"CI says nothing", nil, development, []string{"CI", ""}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Development(c.configured, c.secret, environment(c.env...), c.disabled)
			if stood := len(got) == 1 && got[0].Development; stood != c.want {
				t.Errorf("got %v", got)
			}
			if !c.want && len(got) != len(c.configured) {
				t.Errorf("got %v, want %v", got, c.configured)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	got := []string{Variable("on-invalid"), SecretVariable("cassa-in-cloud")}
	if diff := cmp.Diff([]string{"WHK_ON_INVALID", "WHK_SECRET_CASSA_IN_CLOUD"}, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"file", "stdin", "dev", "a_b", "A", "", "-a", "a.b", strings.Repeat("a", 65)} {
		if checkProvider(name) == "" {
			t.Errorf("%q is accepted", name)
		}
	}
	for _, name := range []string{"rentman", "cassaincloud", "a-b", "3cx", "files"} {
		if problem := checkProvider(name); problem != "" {
			t.Errorf("%q is refused: %s", name, problem)
		}
	}
}

func TestPaths(t *testing.T) {
	type places struct{ Config, Store, State string }
	const u = "/home/u"
	for _, c := range []struct {
		name, os string
		env      []string
		want     places
	}{
		{"linux", "linux", []string{"HOME", u}, places{u + "/.config/whk/config.yaml", u + "/.local/share/whk/events.db", u + "/.local/state/whk"}},
		{"linux xdg", "linux", []string{"HOME", u, "XDG_CONFIG_HOME", "/c", "XDG_DATA_HOME", "/d", "XDG_STATE_HOME", "/s"}, places{"/c/whk/config.yaml", "/d/whk/events.db", "/s/whk"}},
		{"xdg without home", "linux", []string{"XDG_CONFIG_HOME", "/c", "XDG_DATA_HOME", "/d", "XDG_STATE_HOME", "/s"}, places{"/c/whk/config.yaml", "/d/whk/events.db", "/s/whk"}},
		{"relative xdg", "linux", []string{"HOME", u, "XDG_DATA_HOME", "d"}, places{u + "/.config/whk/config.yaml", u + "/.local/share/whk/events.db", u + "/.local/state/whk"}},
		{"macos", "darwin", []string{"HOME", u}, places{u + "/Library/Application Support/whk/config.yaml", u + "/Library/Application Support/whk/events.db", u + "/Library/Application Support/whk/state"}},
		{"macos xdg", "darwin", []string{"HOME", u, "XDG_CONFIG_HOME", "/c", "XDG_STATE_HOME", "/s"}, places{"/c/whk/config.yaml", u + "/Library/Application Support/whk/events.db", "/s/whk"}},
		{"windows", "windows", []string{"APPDATA", "/r", "LOCALAPPDATA", "/l", "XDG_DATA_HOME", "/d"}, places{"/r/whk/config.yaml", "/l/whk/events.db", "/l/whk/state"}},
		{"windows roaming only", "windows", []string{"APPDATA", "/r"}, places{"/r/whk/config.yaml", "/r/whk/events.db", "/r/whk/state"}},
		{"named", "linux", []string{"HOME", u, "WHK_CONFIG", "/x/y.yaml"}, places{"/x/y.yaml", u + "/.local/share/whk/events.db", u + "/.local/state/whk"}},
		{"named from here", "linux", []string{"HOME", u, "WHK_CONFIG", "y.yaml"}, places{"/here/y.yaml", u + "/.local/share/whk/events.db", u + "/.local/state/whk"}},
		{"no home", "linux", nil, places{"HOME is not set", "HOME is not set", "HOME is not set"}},
		{"no folders", "windows", nil, places{"APPDATA is not set", "LOCALAPPDATA is not set", "LOCALAPPDATA is not set"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOOS == "windows" {
				t.Skip("absolute paths are spelled otherwise")
			}
			p := Paths{Env: environment(c.env...), OS: c.os}
			text := func(path string, err error) string {
				if err != nil {
					_, after, _ := strings.Cut(err.Error(), ": ")
					return after
				}
				return path
			}
			got := places{text(p.UserFile("/here")), text(p.StorePath()), text(p.StateDir())}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
