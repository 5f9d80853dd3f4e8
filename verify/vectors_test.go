package verify_test

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"whk/verify"
	"whk/verify/provider"
)

type vector struct {
	Name   string        `yaml:"name"`
	From   string        `yaml:"from"`
	Recipe verify.Recipe `yaml:"recipe"`
	// Definition names a built-in definition that the vector is tried with.
	Definition string `yaml:"definition"`
	// DefinitionSigns says why the definition, in contrast to the recipe, signs otherwise.
	DefinitionSigns string            `yaml:"definitionSigns"`
	Extra           map[string]string `yaml:"extra"`
	Secret          string            `yaml:"secret"`
	At              time.Time         `yaml:"at"`
	ID              string            `yaml:"id"`
	Method          string            `yaml:"method"`
	Base            string            `yaml:"base"`
	URL             string            `yaml:"url"`
	Body            string            `yaml:"body"`
	Headers         map[string]string `yaml:"headers"`
	Want            verify.Status     `yaml:"want"`
	CheckOnly       bool              `yaml:"checkOnly"`
}

func (v vector) delivery() *verify.Delivery {
	d := &verify.Delivery{Method: v.Method, URL: v.URL, Host: "localhost", Header: http.Header{}, Body: []byte(v.Body)}
	if d.Method == "" {
		d.Method = http.MethodPost
	}
	if d.URL == "" {
		d.URL = "/"
	}
	for name, value := range v.Extra {
		d.Header.Set(name, value)
	}
	return d
}

func loadVectors(t testing.TB) []vector {
	t.Helper()
	file, err := os.Open("testdata/vectors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	var vectors []vector
	if err := decoder.Decode(&vectors); err != nil {
		t.Fatal(err)
	}
	return vectors
}

func (v vector) keyring(t testing.TB) *verify.Keyring {
	t.Helper()
	scheme, err := verify.NewScheme(v.Recipe)
	if err != nil {
		t.Fatal(err)
	}
	return v.bind(t, scheme)
}

// defined is the scheme of the definition that the vector names.
func (v vector) defined(t testing.TB) *verify.Scheme {
	t.Helper()
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Lookup(v.Definition)
	if err != nil {
		t.Fatal(err)
	}
	return p.Scheme
}

func (v vector) bind(t testing.TB, scheme *verify.Scheme) *verify.Keyring {
	t.Helper()
	var secrets []verify.Secret
	if v.Secret != "" {
		secrets = append(secrets, verify.NewSecret("vector", v.Secret))
	}
	keyring, err := scheme.Bind(v.Base, secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return keyring
}

// Every published signature is accepted, is what Sign makes, and is refused when one
// bit of the body is flipped, from the recipe or the definition alone.
func TestVectors(t *testing.T) {
	for _, v := range loadVectors(t) {
		if v.Recipe.Kind != "" {
			t.Run(v.Name, func(t *testing.T) { v.try(t, v.keyring(t)) })
		}
		if v.Definition != "" {
			v.CheckOnly = v.CheckOnly || v.DefinitionSigns != ""
			t.Run(v.Name+", by definition", func(t *testing.T) { v.try(t, v.bind(t, v.defined(t))) })
		}
	}
}

func (v vector) try(t *testing.T, keyring *verify.Keyring) {
	d := v.delivery()
	for name, value := range v.Headers {
		d.Header.Set(name, value)
	}
	want := v.Want
	if want == "" {
		want = verify.Valid
	}
	if got := keyring.Check(d, v.At); got.Status != want {
		t.Fatalf("Check = %v (%s), want %s", got, got.Detail, want)
	}
	if got := keyring.Check(d, v.At.Add(4*time.Minute)); got.Status != want {
		t.Errorf("Check four minutes later = %v, want %s", got, want)
	}
	if len(d.Body) > 0 && v.Name != "GitLab" {
		forged := d.Clone()
		forged.Body[len(forged.Body)/2] ^= 1
		if got := keyring.Check(forged, v.At); got.Status != verify.Invalid {
			t.Errorf("Check with a flipped bit = %v, want invalid", got)
		}
	}
	if v.CheckOnly {
		return
	}
	signed := v.delivery()
	if err := keyring.Sign(signed, v.At, v.ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d.Header, signed.Header); diff != "" {
		t.Errorf("Sign differs from the published headers (-want +got):\n%s", diff)
	}
}
