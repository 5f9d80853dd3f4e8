package replay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, n)) }

// readBuiltin reads the definitions once for all tests.
var readBuiltin = sync.OnceValues(provider.Builtin)

func builtin(t testing.TB) *provider.Set {
	t.Helper()
	set, err := readBuiltin()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// options are those of an event of a built-in provider, with a secret of the user's.
func options(t testing.TB, name, event, variant string) replay.ForgeOptions {
	t.Helper()
	p, err := builtin(t).Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	sample, err := p.Sample(event, variant)
	if err != nil {
		t.Fatal(err)
	}
	o := replay.ForgeOptions{Provider: p, Sample: sample, Target: "http://127.0.0.1:4400/" + p.Name}
	if p.Scheme.Keyed() {
		o.Secrets = []verify.Secret{verify.NewSecret("test", "some_secret_key")}
	}
	if _, err := p.Scheme.Bind("", o.Secrets...); err != nil { // it wants a key and not a text
		o.Secrets = []verify.Secret{verify.NewSecret("test", p.Scheme.DevelopmentSecret("test").Reveal())}
	}
	return o
}

func forge(o replay.ForgeOptions) (*verify.Delivery, error) {
	f, err := replay.NewForge(o, noon, seeded(1))
	if err != nil {
		return nil, err
	}
	return f.Make(noon, seeded(1))
}

func noFile(name string) ([]byte, error) { return nil, fmt.Errorf("read %s: %w", name, os.ErrNotExist) }

func edits(t testing.TB, parse func(string, replay.Reader) (replay.Edit, error), expressions ...string) []replay.Edit {
	t.Helper()
	var all []replay.Edit
	for _, expression := range expressions {
		e, err := parse(expression, noFile)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// TestForgeEverySample forges every provider, event and variant in every mode, and has
// the receiver's side judge it.
func TestForgeEverySample(t *testing.T) {
	promised := map[replay.SignMode]verify.Verdict{
		replay.SignNormal:    {Status: verify.Valid},
		replay.SignWrong:     {Status: verify.Invalid, Reason: verify.WrongValue},
		replay.SignMissing:   {Status: verify.Missing},
		replay.SignTampered:  {Status: verify.Invalid, Reason: verify.WrongValue},
		replay.SignDowngrade: {Status: verify.Invalid, Reason: verify.Downgrade},
	}
	forged, kinds := 0, map[string]int{}
	for _, p := range builtin(t).All() {
		for _, event := range p.Events() {
			for _, variant := range event.Variants {
				for _, mode := range replay.SignModes() {
					o := options(t, p.Name, event.Name, variant.Name)
					o.Sign = mode
					name := fmt.Sprintf("%s/%s (%s) %s", p.Name, event.Name, variant.Name, mode)
					d, err := forge(o)
					if inexpressible(p.Scheme.Recipes()[0], mode) {
						if !errors.Is(err, replay.ErrInexpressible) {
							t.Errorf("%s: got %v, want ErrInexpressible", name, err)
						}
						continue
					}
					if err != nil {
						t.Errorf("%s: %v", name, err)
						continue
					}
					forged++
					kinds[p.Scheme.Kind()]++
					judge(t, name, o, d, promised[mode])
				}
			}
		}
	}
	if forged < 500 {
		t.Errorf("forged %d deliveries, expected hundreds", forged)
	}
	for _, kind := range []string{verify.KindHMAC, verify.KindHash, verify.KindStatic, verify.KindNone,
		verify.KindEd25519, verify.KindECDSA, verify.KindRSA, verify.KindMessage} {
		if kinds[kind] == 0 {
			t.Errorf("nothing was forged for the kind %s", kind)
		}
	}
}

// inexpressible reports whether a recipe leaves no room for a mode of signing: what is
// not signed cannot be signed wrongly, a body that is not part of what is signed can be
// changed at will, and only a header that names its algorithm can name another one.
func inexpressible(r verify.Recipe, mode replay.SignMode) bool {
	switch mode {
	case replay.SignWrong:
		return r.Kind == verify.KindNone || r.Kind == verify.KindHash && !strings.Contains(r.Signed, "{secret}")
	case replay.SignMissing:
		return r.Kind == verify.KindNone
	case replay.SignTampered:
		if r.Kind == verify.KindMessage {
			return !slices.Contains(r.Covered, "content-digest")
		}
		bound := strings.Contains(r.Signed, "{body") || strings.Contains(r.Signed, "{form_sorted}") || len(r.Require) > 0
		return r.Kind == verify.KindNone || r.Kind == verify.KindStatic || !bound
	case replay.SignDowngrade:
		if r.Kind != verify.KindHMAC && r.Kind != verify.KindHash {
			return true
		}
		name, _, _ := strings.Cut(r.Value, "=")
		return strings.ReplaceAll(name, "-", "") != r.Algorithm
	}
	return false
}

func judge(t *testing.T, name string, o replay.ForgeOptions, d *verify.Delivery, want verify.Verdict) {
	t.Helper()
	keyring, err := o.Provider.Scheme.Bind("", o.Secrets...)
	if err != nil {
		t.Fatal(err)
	}
	if want.Status == verify.Valid && !o.Provider.Scheme.Keyed() {
		want = verify.Verdict{Status: verify.Unsigned}
	}
	got := keyring.Check(d, noon)
	if got.Status != want.Status || got.Reason != want.Reason {
		t.Errorf("%s: judged %s, want %s", name, got, want)
	}
	if entity, action, note := o.Provider.EventOf(d); entity != o.Sample.Entity || action != o.Sample.Action {
		t.Errorf("%s: reads as %q %q (%s)", name, entity, action, note)
	}
	if o.Sign != replay.SignTampered {
		return
	}
	o.Sign = replay.SignNormal
	whole, err := forge(o)
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for i := range whole.Body {
		if whole.Body[i] != d.Body[i] {
			differ++
		}
	}
	if differ != 1 || len(whole.Body) != len(d.Body) || json.Valid(d.Body) != json.Valid(whole.Body) {
		t.Errorf("%s: %d bytes differ, valid JSON: %t", name, differ, json.Valid(d.Body))
	}
}

func TestForgeSet(t *testing.T) {
	tests := []struct {
		name, expression string
		path, want       string // of the body afterwards; want is the error's when it has no path
	}{
		{"a text stays a text", "account=12", "account", `"12"`},
		{"a number stays a number", "user.id=7", "user.id", "7"},
		{"digits are kept as typed", "user.id=1.10", "user.id", "1.10"},
		{"an array stays an array", "items=[]", "items", "[]"},
		{"an object stays an object", `user={"id":1}`, "user", `{"id":1}`},
		{"in the place of null JSON is JSON", `items.0.parent={"id":1}`, "items.0.parent", `{"id":1}`},
		{"a new value is JSON if it parses", "fresh=[1, 2]", "fresh", "[1, 2]"},
		{"a new value is text if it is no JSON", "fresh=soon", "fresh", `"soon"`},
		{"a new value may be empty", "fresh=", "fresh", `""`},
		{"objects are made on the way", "a.b.c=true", "a.b.c", "true"},
		{"an array takes one more", `items.1={"id":2}`, "items.1", `{"id":2}`},
		{"JSON can be forced", "user:=null", "user", "null"},
		{"a type can be changed", `user.id:="7"`, "user.id", `"7"`},
		{"a value may hold an equals sign", "account=a=b", "account", `"a=b"`},
		{"a value may hold a colon before one", "account=a:=b", "account", `"a:=b"`},
		{"nothing is escaped for HTML", "account=<&>", "account", `"<&>"`},
		{"a dot in a name", `a\.b=1`, `a\.b`, "1"},
		{"an equals sign in a name", `a\=b=1`, `a=b`, "1"},
		{"a colon in a name", `a\:=1`, `a:`, "1"},

		{"a number takes no text", "user.id=seven", "", "set user.id: it is a number, and the value is not; user.id:=JSON changes the type"},
		{"an object takes no array", "user=[]", "", "set user: it is an object, and the value is not; user:=JSON changes the type"},
		{"no change", "eventType=create", "", "set eventType: this is what the sample has already, so that nothing would change"},
		{"a path through a scalar", "account.name=x", "", "set account.name: account stands for no object or array"},
		{"a name in an array", "items.id=1", "", "set items.id: items is an array, it takes an index and no name"},
		{"past the end of an array", "items.7=1", "", "set items.7: items.7: the array has 1 elements"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, "rentman", "Contact.create", "")
			o.Edits = edits(t, replay.Set, tt.expression)
			d, err := forge(o)
			if tt.path == "" {
				if err == nil || err.Error() != tt.want {
					t.Fatalf("got error %v, want %s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, _ := provider.Get(d.Body, tt.path)
			if string(got) != tt.want {
				t.Errorf("%s: got %s, want %s", tt.path, got, tt.want)
			}
			judge(t, tt.name, replay.ForgeOptions{Provider: o.Provider, Sample: &provider.Sample{Entity: "Contact", Action: "create"}, Secrets: o.Secrets}, d, verify.Verdict{Status: verify.Valid})
		})
	}
}

func TestSetRefuses(t *testing.T) {
	tests := []struct{ name, expression, want string }{
		{"no equals sign", "account", `"account": expected path=value, path:=json or path=@file`},
		{"no path", "=x", `"=x": there is no path before the =`},
		{"broken JSON", "a:={", "a: what follows := is not JSON; a text stands in quotes, or follows = alone"},
		{"a file that is not there", "a=@gone", "a: read gone: file does not exist"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := replay.Set(tt.expression, noFile)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestSetFromFile(t *testing.T) {
	file := func(string) ([]byte, error) { return []byte("two\nlines\n"), nil }
	e, err := replay.Set("account=@text", file)
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, "rentman", "Contact.create", "")
	o.Edits = []replay.Edit{e}
	d, err := forge(o)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := provider.Get(d.Body, "account")
	if diff := cmp.Diff(`"two\nlines\n"`, string(got)); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
}

func TestForgeBody(t *testing.T) {
	o := options(t, "rentman", "Contact.create", "")
	o.Body = []byte("{ \"a\": 1 }\n")
	d, err := forge(o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("{ \"a\": 1 }\n", string(d.Body)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	o.Edits = edits(t, replay.Set, "a=2")
	if d, err = forge(o); err != nil || string(d.Body) != "{ \"a\": 2 }\n" {
		t.Errorf("edited: got %q, %v", d.Body, err)
	}
	o.Body = []byte("no JSON")
	if _, err = forge(o); err == nil || err.Error() != "set a: the body is not valid JSON" {
		t.Errorf("edit of what is no JSON: got %v", err)
	}
	o.Body = []byte(`{"a":1,"a":2}`)
	if _, err = forge(o); err == nil || err.Error() != "set a: a is there 2 times, so that it is not clear which is meant" {
		t.Errorf("edit of a doubled key: got %v", err)
	}
}

func TestForgeQuery(t *testing.T) {
	tests := []struct {
		name, set, unset string
		want             string // the parameters, in order, or the error
	}{
		{"as it is", "", "", "id,lat,lon,speed,heading,altitude,timestamp"},
		{"a value", "lat=1.50", "", "id,lat=1.50,lon,speed,heading,altitude,timestamp"},
		{"a new one", "a b=x&y", "", "id,lat,lon,speed,heading,altitude,timestamp,a+b=x%26y"},
		{"a JSON text", `lat:="x"`, "", "id,lat=x,lon,speed,heading,altitude,timestamp"},
		{"without one", "", "lon", "id,lat,speed,heading,altitude,timestamp"},
		{"no change", "heading=180", "", "set heading: this is what the sample has already, so that nothing would change"},
		{"not there", "", "gone", "unset gone: the query has no such parameter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, "ubiqo", "gps.coordinate", "get")
			o.Target += "?shop=3"
			if tt.set != "" {
				o.Edits = edits(t, replay.Set, tt.set)
			}
			if tt.unset != "" {
				e, err := replay.Unset(tt.unset)
				if err != nil {
					t.Fatal(err)
				}
				o.Edits = append(o.Edits, e)
			}
			d, err := forge(o)
			if err != nil {
				if err.Error() != tt.want {
					t.Errorf("got error %v, want %s", err, tt.want)
				}
				return
			}
			if len(d.Body) > 0 || d.Method != http.MethodGet {
				t.Errorf("%s with a body of %d bytes", d.Method, len(d.Body))
			}
			query, ok := strings.CutPrefix(d.URL, o.Target+"&")
			if !ok {
				t.Fatalf("URL %s does not begin with the target's query", d.URL)
			}
			var got []string
			for pair := range strings.SplitSeq(query, "&") {
				name, _, _ := strings.Cut(pair, "=")
				if tt.set != "" && (strings.HasPrefix(tt.set, name) || strings.HasPrefix(pair, "a+b")) {
					name = pair
				}
				got = append(got, name)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ",")); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestForgeForm(t *testing.T) {
	tests := []struct {
		name, set, unset string
		field, want      string // of the form afterwards; want is the error's when there is no field
	}{
		{"a value", "Body=Hello & bye", "", "Body", "Hello & bye"},
		{"a new one", "NumSegments=1", "", "NumSegments", "1"},
		{"without one", "", "NumMedia", "NumMedia", ""},
		{"no change", "Body=Ahoy!", "", "", "set Body: this is what the sample has already, so that nothing would change"},
		{"not there", "", "gone", "", "unset gone: the form has no such field"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, "twilio", "message.received", "")
			if tt.set != "" {
				o.Edits = edits(t, replay.Set, tt.set)
			} else {
				e, err := replay.Unset(tt.unset)
				if err != nil {
					t.Fatal(err)
				}
				o.Edits = []replay.Edit{e}
			}
			d, err := forge(o)
			if err != nil {
				if tt.field != "" || err.Error() != tt.want {
					t.Errorf("got error %v, want %s", err, tt.want)
				}
				return
			}
			fields, err := url.ParseQuery(string(d.Body))
			if err != nil || fields.Get(tt.field) != tt.want || fields.Get("From") != "+14158675309" {
				t.Errorf("%s: got %q, want %q (%v) in %s", tt.field, fields.Get(tt.field), tt.want, err, d.Body)
			}
			judge(t, tt.name, o, d, verify.Verdict{Status: verify.Valid})
		})
	}
}

// A hash of the body that stands in the URL is that of the body which is sent.
func TestForgeKeepsTheHashInTheURL(t *testing.T) {
	for _, tt := range []struct {
		name string
		with func(*replay.ForgeOptions)
	}{
		{"of the sample", func(*replay.ForgeOptions) {}},
		{"after an edit", func(o *replay.ForgeOptions) { o.Edits = edits(t, replay.Set, "0.data.accountSid=AC1") }},
		{"of another body", func(o *replay.ForgeOptions) {
			o.Body = []byte(`[{"type":"com.twilio.messaging.message.sent"}]`)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, "twilio", "com.twilio.messaging.message.sent", "")
			tt.with(&o)
			d, err := forge(o)
			if err != nil {
				t.Fatal(err)
			}
			judge(t, tt.name, o, d, verify.Verdict{Status: verify.Valid})
		})
	}
}

func TestForgeChange(t *testing.T) {
	const before = `"Ploomes Sistemas Empresariais"`
	tests := []struct {
		name        string
		event       string
		old, change []string
		want        map[string]string // values of the body; "" for none
		err         string
	}{
		{name: "what was new becomes old, and only what changed and the id stay old", event: "Contacts.Update", change: []string{"LegalName=X"},
			want: map[string]string{"New.LegalName": `"X"`, "Old.LegalName": before, "Old.Phones": "", "New.Phones.0.TypeId": "1"}},
		{name: "the old value can be given", event: "Contacts.Update", old: []string{"LegalName=W"}, change: []string{"LegalName=X"},
			want: map[string]string{"New.LegalName": `"X"`, "Old.LegalName": `"W"`}},
		{name: "given alone it changes nothing else", event: "Contacts.Update", old: []string{"LegalName=W"},
			want: map[string]string{"New.LegalName": before, "Old.LegalName": `"W"`, "Old.Tags.0.TagId": "290"}},
		{name: "a nested field", event: "Contacts.Update", change: []string{"OtherProperties.contact_check=false"},
			want: map[string]string{"New.OtherProperties": `{"contact_check":false}`, "Old.OtherProperties": `{"contact_check":true}`}},
		{name: "an array is old as a whole", event: "Contacts.Update", change: []string{"Phones.0.PhoneNumber=1", "Phones.0.TypeId=2"},
			want: map[string]string{"New.Phones.0.TypeId": "2", "Old.Phones": `[{"PhoneNumber":"(11) 4380-7749","TypeId":1,"CountryId":76}]`}},
		{name: "a field that was not there was null", event: "Contacts.Update", change: []string{"Email=contact@example.com"},
			want: map[string]string{"New.Email": `"contact@example.com"`, "Old.Email": "null"}},
		{name: "an old value alone makes a change of it", event: "Contacts.Update", old: []string{"LegalName=W"}, change: []string{"LegalName=Ploomes Sistemas Empresariais"},
			want: map[string]string{"New.LegalName": before, "Old.LegalName": `"W"`}},
		{name: "an old value takes the type of the new one", event: "Contacts.Update", old: []string{"LegalName=12"}, change: []string{"LegalName=13"},
			want: map[string]string{"New.LegalName": `"13"`, "Old.LegalName": `"12"`}},

		{name: "no change", event: "Contacts.Update", change: []string{"LegalName=Ploomes Sistemas Empresariais"},
			err: "change LegalName: this is what the sample has already, so that nothing would change"},
		{name: "a creation has no old values", event: "Contacts.Create", change: []string{"LegalName=X"},
			err: "ploomes/Contacts.Create: the event has no old and new values to change"},
		{name: "a path through a text", event: "Contacts.Update", change: []string{"LegalName.First=X"},
			err: "change: set LegalName.First: LegalName stands for no object or array"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, "ploomes", tt.event, "")
			o.Edits = append(edits(t, replay.Old, tt.old...), edits(t, replay.Change, tt.change...)...)
			d, err := forge(o)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("got error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range tt.want {
				if got, _ := provider.Get(d.Body, path); string(got) != want {
					t.Errorf("%s: got %s, want %s", path, got, want)
				}
			}
			oldID, _ := provider.Get(d.Body, "Old.Id")
			newID, _ := provider.Get(d.Body, "New.Id")
			if len(oldID) == 0 || !bytes.Equal(oldID, newID) {
				t.Errorf("ids: old %s, new %s", oldID, newID)
			}
		})
	}
}

func TestForgeChangeNeedsOldAndNew(t *testing.T) {
	o := options(t, "rentman", "Contact.update", "")
	o.Edits = edits(t, replay.Change, "account=x")
	if _, err := forge(o); !errors.Is(err, replay.ErrNoOldValues) {
		t.Errorf("got %v, want ErrNoOldValues", err)
	}
}

func TestForgeWithoutSecret(t *testing.T) {
	for mode, want := range map[replay.SignMode]error{
		replay.SignNormal: replay.ErrNoSecret, replay.SignTampered: replay.ErrNoSecret, replay.SignDowngrade: replay.ErrNoSecret,
		replay.SignWrong: nil, replay.SignMissing: nil,
	} {
		o := options(t, "rentman", "Contact.create", "")
		o.Secrets, o.Sign = nil, mode
		if _, err := forge(o); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", mode, err, want)
		}
	}
}

// TestForgeWrongIsAnother makes sure that a user whose secret is the one that stands for
// a wrong one still gets a wrong one.
func TestForgeWrongIsAnother(t *testing.T) {
	o := options(t, "ploomes", "Contacts.Update", "")
	o.Sign = replay.SignWrong
	d, err := forge(o)
	if err != nil {
		t.Fatal(err)
	}
	wrong := d.Header.Get("X-Ploomes-Validation-Key")
	o.Secrets = []verify.Secret{verify.NewSecret("unlucky", wrong)}
	if d, err = forge(o); err != nil || d.Header.Get("X-Ploomes-Validation-Key") == wrong {
		t.Errorf("got the user's own secret as a wrong one (%v)", err)
	}
}

// A wrong key is none whose public half the receiver has; when there is no other, that is
// said.
func TestForgeWrongIsAnotherKey(t *testing.T) {
	for _, name := range []string{"discord", "sendgrid", "wise", "httpsignature"} {
		p, err := builtin(t).Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 {
			own := p.Scheme.DevelopmentSecret(fmt.Sprint("own ", i))
			public, ok := p.Scheme.PublicKey(own)
			if !ok {
				t.Fatalf("%s has no public key", name)
			}
			o := options(t, name, p.Events()[0].Name, "")
			o.Sign, o.Secrets = replay.SignWrong, []verify.Secret{verify.NewSecret("public", public)}
			d, err := forge(o)
			if err != nil {
				t.Fatal(err)
			}
			judge(t, fmt.Sprint(name, " ", i), o, d, verify.Verdict{Status: verify.Invalid, Reason: verify.WrongValue})
		}
	}
	o := options(t, "wise", "transfers.state-change", "")
	o.Sign, o.Secrets = replay.SignWrong, nil
	for i := range 16 {
		o.Secrets = append(o.Secrets, o.Provider.Scheme.DevelopmentSecret(fmt.Sprint("own ", i)))
	}
	if _, err := forge(o); !errors.Is(err, replay.ErrInexpressible) {
		t.Errorf("with every key: got %v, want ErrInexpressible", err)
	}
}

// TestEditsKeepOtherBytes edits one value of any sample and puts the old one back.
func TestEditsKeepOtherBytes(t *testing.T) {
	set := builtin(t)
	names := set.Match("*/*")
	rapid.Check(t, func(t *rapid.T) {
		name, event, _ := strings.Cut(rapid.SampledFrom(names).Draw(t, "event"), "/")
		p, err := set.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		sample, err := p.Sample(event, "")
		if err != nil {
			t.Fatal(err)
		}
		o := replay.ForgeOptions{Provider: p, Sample: sample, Target: "http://127.0.0.1:1/x", Sign: replay.SignMissing}
		if !p.Scheme.Signs() {
			o.Sign = replay.SignNormal
		}
		plain, err := forge(o)
		if err != nil {
			t.Fatal(err)
		}
		if json.Valid(plain.Body) {
			editJSON(t, o, plain)
		} else {
			editForm(t, o, plain)
		}
	})
}

func editJSON(t *rapid.T, o replay.ForgeOptions, plain *verify.Delivery) {
	own := slices.DeleteFunc(paths(plain.Body, ""), func(path string) bool { return slices.Contains(signedPaths(o.Provider), path) })
	path := rapid.SampledFrom(own).Draw(t, "path")
	text := rapid.String().Draw(t, "value")
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	e, err := replay.Set(path+":="+string(quoted), noFile)
	if err != nil {
		t.Fatal(err)
	}
	o.Edits = []replay.Edit{e}
	was, _ := provider.Get(plain.Body, path)
	edited, err := forge(o)
	if err != nil {
		if string(was) != string(quoted) {
			t.Fatalf("set %s: %v", path, err)
		}
		return
	}
	if got, _ := provider.Lookup(edited.Body, path); got != text {
		t.Fatalf("%s: got %q, want %q", path, got, text)
	}
	back, err := provider.Put(edited.Body, path, was)
	if err != nil || !bytes.Equal(back, plain.Body) {
		t.Fatalf("set %s and back (%v) (-want +got):\n%s", path, err, cmp.Diff(string(plain.Body), string(back)))
	}
}

// signedPaths are the fields that signing writes into a body.
func signedPaths(p *provider.Provider) []string {
	var all []string
	for _, r := range p.Scheme.Recipes() {
		if r.Body != nil {
			all = append(all, r.Body.Sig, r.Body.TS, r.Body.ID)
		}
	}
	return all
}

func editForm(t *rapid.T, o replay.ForgeOptions, plain *verify.Delivery) {
	pairs := strings.Split(string(plain.Body), "&")
	at := rapid.IntRange(0, len(pairs)-1).Draw(t, "field")
	name, was, _ := strings.Cut(pairs[at], "=")
	text := rapid.String().Filter(func(s string) bool { return !strings.HasPrefix(s, "@") }).Draw(t, "value")
	e, err := replay.Set(name+"="+text, noFile)
	if err != nil {
		t.Fatal(err)
	}
	o.Edits = []replay.Edit{e}
	edited, err := forge(o)
	if err != nil {
		if before, _ := url.QueryUnescape(was); before != text {
			t.Fatalf("set %s: %v", name, err)
		}
		return
	}
	fields, err := url.ParseQuery(string(edited.Body))
	if err != nil || fields.Get(name) != text {
		t.Fatalf("%s: got %q, want %q (%v)", name, fields.Get(name), text, err)
	}
	got := strings.Split(string(edited.Body), "&")
	if len(got) == len(pairs) {
		got[at] = pairs[at]
	}
	if diff := cmp.Diff(pairs, got); diff != "" {
		t.Fatalf("set %s and back (-want +got):\n%s", name, diff)
	}
}

// paths lists where the scalars of a body stand.
func paths(value json.RawMessage, at string) []string {
	var all []string
	step := func(key string) string { return strings.TrimPrefix(at+"."+key, ".") }
	var object map[string]json.RawMessage
	var array []json.RawMessage
	switch {
	case json.Unmarshal(value, &object) == nil && object != nil:
		for key, v := range object {
			all = append(all, paths(v, step(provider.EscapeKey(key)))...)
		}
		slices.Sort(all)
	case json.Unmarshal(value, &array) == nil && array != nil:
		for i, v := range array {
			all = append(all, paths(v, step(fmt.Sprint(i)))...)
		}
	default:
		all = []string{at}
	}
	return all
}

func FuzzSet(f *testing.F) {
	for _, seed := range []string{"a=1", "a:=1", "b.c=x", `b\.c=x`, "d.0=5", "d.3=9", "e=@f", "=", ":=", "a", `a\=b=c`, "#=1", "b.c.d=1", "n=null", "g.h.i=\xff", `\`, "a=\u2028"} {
		f.Add(seed)
	}
	const body = `{"a":1,"b":{"c":"x"},"d":[1,2,3],"n":null,"t":true}`
	p, err := builtin(f).Lookup("cmmshere")
	if err != nil {
		f.Fatal(err)
	}
	sample, err := p.Sample("sol.created", "")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		e, err := replay.Set(expression, noFile)
		if err != nil {
			return
		}
		d, err := forge(replay.ForgeOptions{Provider: p, Sample: sample, Target: "http://127.0.0.1:1/x", Body: []byte(body), Edits: []replay.Edit{e}})
		if err != nil {
			return
		}
		if !json.Valid(d.Body) || string(d.Body) == body {
			t.Errorf("%q made %s", expression, d.Body)
		}
	})
}

// TestForgedLoad sends forged deliveries and looks at what the target got.
func TestForgedLoad(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{} // by body or query
	verdicts := map[verify.Status]int{}
	o := options(t, "rentman", "Contact.create", "")
	keyring, err := o.Provider.Scheme.Bind("", o.Secrets...)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		seen[r.Method+" "+r.URL.RawQuery+string(body)]++
		if r.Method == http.MethodPost {
			verdicts[keyring.Check(&verify.Delivery{Method: r.Method, URL: r.RequestURI, Host: r.Host, Header: r.Header, Body: body}, noon).Status]++
		}
	}))
	t.Cleanup(server.Close)
	o.Target = server.URL + "/rentman"
	post, err := replay.NewForge(o, noon, seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	o = options(t, "ubiqo", "gps.coordinate", "get")
	o.Target = server.URL + "/ubiqo"
	get, err := replay.NewForge(o, noon, seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	var sender replay.Sender
	t.Cleanup(sender.Close)
	var targets sync.Map
	sum, err := replay.Load{Count: 40, Concurrency: 4}.Forged(t.Context(), &sender, []*replay.Forge{post, get},
		func() time.Time { return noon }, func(f *replay.Forge, d *verify.Delivery, r verify.Result) {
			u, err := url.Parse(r.Target)
			if err != nil {
				t.Error(err)
				return
			}
			if !strings.HasPrefix(d.URL, f.Target()) {
				t.Errorf("%s is not of the forge for %s", d.URL, f.Target())
			}
			targets.Store(u.Path, d.Method)
		})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Sent != 40 || sum.OK != 40 {
		t.Errorf("sent %d, ok %d, want 40", sum.Sent, sum.OK)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) < 39 { // two of a million ids may be equal
		t.Errorf("%d different deliveries of 40: ids are not fresh", len(seen))
	}
	if diff := cmp.Diff(map[verify.Status]int{verify.Valid: 20}, verdicts); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	for path, method := range map[string]string{"/rentman": "POST", "/ubiqo": "GET"} {
		if got, _ := targets.Load(path); got != method {
			t.Errorf("%s: got %v, want %s", path, got, method)
		}
	}
}

func TestForgedLoadStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f, err := replay.NewForge(options(t, "rentman", "Contact.create", ""), noon, seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	var sender replay.Sender
	t.Cleanup(sender.Close)
	sum, err := replay.Load{Count: 5}.Forged(ctx, &sender, []*replay.Forge{f}, time.Now, nil)
	if err != nil || sum.Sent != 0 {
		t.Errorf("sent %d (%v) after the end", sum.Sent, err)
	}
}

func BenchmarkForge(b *testing.B) {
	for _, event := range []string{"rentman/Contact.create", "ploomes/Contacts.Update", "cassaincloud/RECEIPT.CREATE"} {
		b.Run(event, func(b *testing.B) {
			name, event, _ := strings.Cut(event, "/")
			f, err := replay.NewForge(options(b, name, event, ""), noon, seeded(1))
			if err != nil {
				b.Fatal(err)
			}
			rnd := seeded(2)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Make(noon, rnd); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
