package config

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const profiled = `version: 1
listen: {on_invalid: reject, addr: 127.0.0.1:4400, events: [a, b], store: /top.db}
providers:
  rentman: {path: /r, secret: env:TOP}
  ploomes: {secret: env:PLOOMES}
routes:
  - {event: "*", to: 3000}
profiles:
  work:
    store: ~/work.db
    listen:
      on_invalid: drop
      events: c
    providers:
      rentman: {secrets: [env:WORK, env:OLD]}
      ubiqo: {path: /u}
    routes:
      - {event: "rentman/*", to: 3001}
      - {event: "*", to: 3002}
  empty:
  away: {listen: {addr: "0.0.0.0:80", insecure: true}}
`

// chosen loads with a profile.
func chosen(root, profile string, pairs ...string) (*Loaded, error) {
	home := filepath.Join(root, "home")
	return Load(Options{
		Dir: filepath.Join(home, "p"), Listen: listenFlags(), Builtin: builtin, Profile: profile,
		Paths: Paths{Env: environment(append(pairs, "HOME", home, "USERPROFILE", home)...), OS: "linux"},
	})
}

func TestProfileOverlaysTheUserFile(t *testing.T) {
	root := tree(t, map[string]string{"home/p/.git/": "", userFile: profiled})
	file := filepath.Join(root, userFile)
	top := []string{
		"addr=127.0.0.1:4400 from FILE:2", "events=a, b from FILE:2", "on-invalid=reject from FILE:2", "route=*=3000 from FILE:7", "store=/top.db from FILE:2",
		"ploomes env:PLOOMES from FILE:5", "rentman /r env:TOP from FILE:4",
	}
	for profile, want := range map[string][]string{
		"":      top,
		"empty": top,
		"work": {
			"addr=127.0.0.1:4400 from FILE:2", "events=c from FILE:13 (profile work)", "on-invalid=drop from FILE:12 (profile work)",
			"route=rentman/*=3001, *=3002 from FILE:18 (profile work)", "store=ROOT/home/work.db from FILE:10 (profile work)",
			"ploomes env:PLOOMES from FILE:5", "rentman /r env:WORK env:OLD from FILE:15 (profile work)", "ubiqo /u",
		},
	} {
		t.Run(profile, func(t *testing.T) {
			l, err := chosen(root, profile)
			must(t, err)
			settings, err := l.Apply(listenFlags(), "listen")
			must(t, err)
			var got []string
			for _, s := range settings {
				if s.Source.Layer != Default {
					got = append(got, s.Name+"="+s.Value+" from "+s.Source.String())
				}
			}
			for _, p := range l.Providers() {
				words := []string{p.Name}
				if p.Path.Text != "" {
					words = append(words, p.Path.Text)
				}
				for _, ref := range p.Secrets {
					words = append(words, ref.String())
				}
				if len(p.Secrets) > 0 {
					words = append(words, "from", p.Secrets[0].Source.String())
				}
				got = append(got, strings.Join(words, " "))
			}
			for i := range got {
				got[i] = strings.ReplaceAll(strings.ReplaceAll(got[i], file, "FILE"), root, "ROOT")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A profile is a part of the user's layer: it beats the rest of that file, and nothing
// above it.
func TestProfilePrecedence(t *testing.T) {
	for _, c := range []struct {
		name    string
		project string
		pairs   []string
		args    []string
		want    string
		source  string
	}{
		{"above the user file", "", nil, nil, "drop", "config.yaml:12 (profile work)"},
		{"below the project file", "version: 1\nlisten: {on_invalid: flag}\n", nil, nil, "flag", ".whk.yaml:2"},
		{"below the environment", "version: 1\nlisten: {on_invalid: flag}\n", []string{"WHK_ON_INVALID", "env"}, nil, "env", "env WHK_ON_INVALID"},
		{"below the flag", "", []string{"WHK_ON_INVALID", "env"}, []string{"--on-invalid", "given"}, "given", "flag --on-invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"home/p/.git/": "", userFile: profiled}
			if c.project != "" {
				files["home/p/.whk.yaml"] = c.project
			}
			l, err := chosen(tree(t, files), "work", c.pairs...)
			must(t, err)
			flags := listenFlags()
			must(t, flags.Parse(c.args))
			settings, err := l.Apply(flags, "listen")
			must(t, err)
			got, err := flags.GetString("on-invalid")
			must(t, err)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if s := settings.Source("on-invalid").String(); !strings.HasSuffix(s, c.source) {
				t.Errorf("source: got %q, want …%q", s, c.source)
			}
		})
	}
}

func TestProfileRefuses(t *testing.T) {
	const v = "version: 1\n"
	for _, c := range []struct {
		name, user, project, profile string
		want                         []string
	}{
		{name: "unknown", user: profiled, profile: "wrok", want: []string{"profile wrok: ", "has no such profile", "did you mean work?"}},
		{name: "nothing like it", user: profiled, profile: "zzzzzzz", want: []string{"known here: away, empty, work"}},
		{name: "no profiles", user: v, profile: "work", want: []string{"has no profiles", "profiles: {work:"}},
		{name: "no user file", profile: "work", want: []string{"there is no user file"}},
		{name: "in a project file", project: v + "profiles: {work: {}}\n", want: []string{".whk.yaml:2:1: profiles: a project file has none"}},
		{name: "chosen by a project file", project: v + "listen: {profile: work}\n", want: []string{".whk.yaml:2:10: listen.profile: not a key of a file", "--profile"}},
		{name: "chosen by the user file", user: v + "listen: {profile: work}\n", want: []string{"config.yaml:2:10: listen.profile"}},
		{name: "profile in a profile", user: v + "profiles: {work: {profiles: {}}}\n", want: []string{":2:19: unknown key profiles.work.profiles"}},
		{name: "mistake in one that is not chosen", user: v + "profiles:\n  a: {}\n  b: {listen: {adr: x}}\n", profile: "a", want: []string{":4:16: unknown key profiles.b.listen.adr", "did you mean addr?"}},
		{name: "wrong type", user: v + "profiles: {a: {listen: {count: x}}}\n", want: []string{"profiles.a.listen.count: want a whole number"}},
		{name: "wrong value", user: v + "profiles: {a: {listen: {max_body: 5 apples}}}\n", profile: "a", want: []string{"profiles.a.listen.max_body: 5 apples"}},
		{name: "two stores", user: v + "profiles: {a: {store: x, listen: {store: y}}}\n", want: []string{"profiles.a.store: there is profiles.a.listen.store as well"}},
		{name: "name", user: v + "profiles: {'a b': {}}\n", want: []string{"not a name for a profile"}},
		{name: "list", user: v + "profiles: [a]\n", want: []string{"profiles: want keys and values"}},
		{name: "secret itself", user: v + "profiles: {a: {providers: {rentman: {secret: canary}}}}\n", want: []string{"profiles.a.providers.rentman.secret: a file holds no secret"}},
		{name: "equal paths", user: v + "providers: {acme: {path: /u}}\nprofiles: {a: {providers: {ubiqo: {path: /u}}}}\n", profile: "a", want: []string{"has the same path"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"home/p/.git/": ""}
			if c.user != "" {
				files[userFile] = c.user
			}
			if c.project != "" {
				files["home/p/.whk.yaml"] = c.project
			}
			l, err := chosen(tree(t, files), c.profile)
			if err == nil {
				_, err = l.Apply(listenFlags(), "listen")
			}
			wantError(t, err, c.want...)
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the secret stands in %q", err)
			}
		})
	}
}

// A user file that comes with the project cannot hide in a profile what it may not do.
func TestProfileOfAForeignUserFile(t *testing.T) {
	root := tree(t, map[string]string{"home/p/.git/": "", "home/p/conf.yaml": profiled})
	for _, profile := range []string{"", "work", "away"} {
		_, err := chosen(root, profile, "WHK_CONFIG", "conf.yaml")
		wantError(t, err, "conf.yaml:2:75: listen.store", "WHK_CONFIG points into the project", "whk trust "+filepath.Join(root, "home/p/conf.yaml"))
	}
	l, err := chosen(root, "", "WHK_CONFIG", "conf.yaml")
	if l != nil || err == nil {
		t.Fatalf("loaded %v", l)
	}
	e, err := Examine(Options{Dir: filepath.Join(root, "home/p"), Listen: listenFlags(), Builtin: builtin}, "conf.yaml", Trust{})
	must(t, err)
	var keys []string
	for _, ask := range e.Asks {
		keys = append(keys, ask.Key)
	}
	want := []string{"listen.store", "profiles.work.store", "profiles.away.listen.addr", "profiles.away.listen.insecure"}
	slices.Sort(keys)
	slices.Sort(want)
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("asks (-want +got):\n%s", diff)
	}
}
