package explain_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"whk/verify"
	"whk/verify/explain"
	"whk/verify/provider"
)

// forged is a delivery that a built-in provider's scheme holds to be valid; false when
// the scheme needs more than a body and its headers.
func forged(t *testing.T, scheme *verify.Scheme, secret verify.Secret) (*verify.Delivery, bool) {
	t.Helper()
	d := &verify.Delivery{Method: "POST", URL: "/in", Host: "hooks.example.com", Header: http.Header{"Content-Type": {"application/json"}},
		Body: []byte(`{"id":"evt_1","type":"ping","data":{"a":[1,2.50]}}`)}
	keyring, err := scheme.Bind(base, secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := keyring.Sign(d, received(), "msg_1"); err != nil {
		return nil, false
	}
	v := keyring.Check(d, received())
	return d, v.Status == verify.Valid || v.Status == verify.Unsigned
}

// What often goes wrong is found for every provider that is built in, whatever the kind
// of its scheme.
func TestBuiltinProviders(t *testing.T) {
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	signs := 0
	for _, p := range set.All() {
		if !p.Scheme.Signs() {
			continue
		}
		secret := p.Scheme.DevelopmentSecret(p.Name)
		secret.Development, secret.Name = false, "env FIRST"
		if _, ok := forged(t, p.Scheme, secret); !ok {
			t.Logf("%s: signs more than a body and its headers", p.Name)
			continue
		}
		signs++
		changes := []struct {
			name   string
			causes []explain.Cause
			change func(*explain.Input)
		}{
			{"newline", []explain.Cause{explain.NewlineAdded}, func(in *explain.Input) { in.Delivery.Body = append(in.Delivery.Body, '\n') }},
			{"indent", []explain.Cause{explain.JSONRewritten, explain.JSONEscapes}, func(in *explain.Input) {
				in.Delivery.Body = []byte(indented("  ")(string(in.Delivery.Body)))
			}},
			{"other header", []explain.Cause{explain.OtherHeader}, func(in *explain.Input) {
				in.Delivery.Header["X-Elsewhere"] = in.Delivery.Header[p.Scheme.Header()]
				delete(in.Delivery.Header, p.Scheme.Header())
			}},
			{"late", []explain.Cause{explain.TimeStale}, func(in *explain.Input) { in.Received = in.Received.Add(24 * time.Hour) }},
			{"other secret", []explain.Cause{explain.SecretUnused, explain.SecretDevelopment}, func(in *explain.Input) {
				other := in.Scheme.DevelopmentSecret("somebody")
				other.Development, other.Name = false, "env SECOND"
				in.Others = map[string][]verify.Secret{p.Name: in.Secrets}
				in.Secrets = []verify.Secret{other}
			}},
		}
		for _, c := range changes {
			d, _ := forged(t, p.Scheme, secret)
			in := explain.Input{Delivery: d, Scheme: p.Scheme, Provider: "another name of " + p.Name, Secrets: []verify.Secret{secret}, Base: base, Received: received()}
			if c.name == "other secret" {
				in.Provider = p.Name
			}
			if p.Scheme.Header() == "" && c.name == "other header" {
				continue
			}
			c.change(&in)
			keyring, err := p.Scheme.Bind(base, in.Secrets...)
			if err != nil {
				t.Fatal(err)
			}
			v := keyring.Check(d, in.Received)
			if v.Status != verify.Invalid && v.Status != verify.Missing {
				continue // the scheme does not cover it
			}
			e := explain.Explain(t.Context(), in)
			if !names(e, c.causes) || len(e.Changes) != 1 {
				t.Errorf("%s, %s (%s): got %q (%s), %d tried", p.Name, c.name, v, e.What(), e.Meaning, e.Tried)
			}
			check(t, in, e)
		}
	}
	t.Logf("%d providers sign", signs)
	if signs < 3 {
		t.Errorf("%d providers that sign were tried", signs)
	}
}

// A delivery without any signature, a scheme without one, and a delivery that is right.
func TestNothingToExplain(t *testing.T) {
	k := kinds()[0]
	in, _ := signed(t, k, mutation{head: func(d *verify.Delivery, header string) { delete(d.Header, header) }})
	if e := explain.Explain(t.Context(), in); e.Found() || !strings.Contains(e.Meaning, "no header and no parameter") {
		t.Errorf("missing: got %+v", e)
	}
	in, _ = signed(t, k, mutation{head: func(d *verify.Delivery, header string) { d.Header[header] = []string{"sha512=hello"} }})
	if e := explain.Explain(t.Context(), in); e.Found() || !strings.Contains(e.Meaning, "no signature of any known form") {
		t.Errorf("no signature: got %+v", e)
	}
	in, _ = signed(t, k)
	if e := explain.Explain(t.Context(), in); e.Found() || !strings.Contains(e.Meaning, "matches as it is") {
		t.Errorf("valid: got %+v", e)
	}
	none, err := verify.NewScheme()
	if err != nil {
		t.Fatal(err)
	}
	in.Scheme = none
	if e := explain.Explain(t.Context(), in); e.Found() || !strings.Contains(e.Meaning, "no signature") {
		t.Errorf("no scheme: got %+v", e)
	}
}

// What stands out is noted, whether or not it is the reason.
func TestNotes(t *testing.T) {
	k := kinds()[0]
	wrong := func(d *verify.Delivery, header string) {
		d.Header[header] = []string{"sha512=" + strings.Repeat("00", 32)}
		d.Header["Content-Length"] = []string{"9999"}
		d.Header["Content-Encoding"] = []string{"gzip"}
	}
	in, _ := signed(t, k, mutation{head: wrong, came: func(s string) string { return s + "\ufffd" }})
	in.Secrets = []verify.Secret{verify.NewSecret("env A", "abcdefgh\n"), verify.NewSecret("env B", "'abcdefgh'")}
	e := explain.Explain(t.Context(), in)
	for _, want := range []string{"short of its Content-Length", "Content-Encoding says gzip", "U+FFFD", "env A has white space", "env B has quotes", "is 32 bytes long, SHA-512 gives 64; SHA-256 would"} {
		if !slices.ContainsFunc(e.Notes, func(note string) bool { return strings.Contains(note, want) }) {
			t.Errorf("no note says %q: %q", want, e.Notes)
		}
	}
}

// Another of a provider's schemes is named as such.
func TestOtherRecipe(t *testing.T) {
	first := verify.Recipe{Kind: "hash", Algorithm: "sha256", Encoding: "hex", Header: "X-Signature", Signed: "{secret}{method}{url}{body}", RequireURL: true}
	second := verify.Recipe{Kind: "hash", Algorithm: "sha256", Encoding: "hex", Header: "X-Other", Signed: "{secret}{body}"}
	both, err := verify.NewScheme(first, second)
	if err != nil {
		t.Fatal(err)
	}
	second.Header = first.Header
	sender, err := verify.NewScheme(second)
	if err != nil {
		t.Fatal(err)
	}
	secret := verify.NewSecret("env FIRST", "some_secret_key")
	d, ok := forged(t, sender, secret)
	if !ok {
		t.Fatal("not signed")
	}
	e := explain.Explain(t.Context(), explain.Input{Delivery: d, Scheme: both, Secrets: []verify.Secret{secret}, Base: base, Received: received()})
	if !names(e, []explain.Cause{explain.OtherRecipe}) || len(e.Changes) != 1 {
		t.Errorf("got %q", e.What())
	}
}

// Every cause says what it means and how it is mended, in every framework.
func TestCauses(t *testing.T) {
	seen := map[explain.Cause]bool{}
	for _, c := range explain.Causes() {
		if seen[c] || c == "" {
			t.Errorf("%q: twice, or without a name", c)
		}
		seen[c] = true
		if !slices.Contains(explain.FamilyNames(), c.Family()) || c.Sentence() == "" || explain.Advice(c) == "" {
			t.Errorf("%s: family %q, sentence %q, advice %q", c, c.Family(), c.Sentence(), explain.Advice(c))
		}
		fixes := explain.Fixes(c)
		if len(fixes) != 9 || slices.ContainsFunc(fixes, func(f explain.Fix) bool { return f.Stack == "" || f.Code == "" || strings.Contains(f.Code, "\n") }) {
			t.Errorf("%s: fixes %+v", c, fixes)
		}
	}
}

// Where the signature covers the body only by its hash in the URL, the body is what is
// looked at.
func TestBodyByItsHash(t *testing.T) {
	scheme, err := verify.NewScheme(verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "base64", Header: "X-Signature", Signed: "{url}", RequireURL: true,
		Require: map[string]string{"{query.bodySHA256}": "{body_sha256}"}})
	if err != nil {
		t.Fatal(err)
	}
	secret := verify.NewSecret("env FIRST", "some_secret_key")
	keyring, err := scheme.Bind(base, secret)
	if err != nil {
		t.Fatal(err)
	}
	d := &verify.Delivery{Method: "POST", URL: "/in?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862", Header: http.Header{}, Body: []byte(`{"a":1}`)}
	if err := keyring.Sign(d, received(), ""); err != nil {
		t.Fatal(err)
	}
	if v := keyring.Check(d, received()); v.Status != verify.Valid {
		t.Fatalf("Check = %v (%s)", v, v.Detail)
	}
	in := explain.Input{Delivery: d, Scheme: scheme, Secrets: []verify.Secret{secret}, Base: base, Received: received()}
	d.Body = []byte("{\"a\":1}\n")
	if e := explain.Explain(t.Context(), in); !names(e, []explain.Cause{explain.NewlineAdded}) {
		t.Errorf("got %q (%s)", e.What(), e.Meaning)
	}
	d.Body = []byte(`{"another":"body"}`)
	if e := explain.Explain(t.Context(), in); e.Found() || !strings.Contains(e.Meaning, "another demand of the scheme") {
		t.Errorf("got %q (%s)", e.What(), e.Meaning)
	}
}
