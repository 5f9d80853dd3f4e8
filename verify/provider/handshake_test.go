package provider

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"whk/verify"
)

var valid = verify.Verdict{Status: verify.Valid, Secret: "env A"}

func TestHandshakes(t *testing.T) {
	secrets := []verify.Secret{verify.NewSecret("other", "another"), verify.NewSecret("env A", "s3cr3t")}
	for _, tt := range []struct {
		name, provider string
		d              *verify.Delivery
		verdict        verify.Verdict
		status         int // 0 for no answer
		header, body   string
	}{
		{"Slack's challenge", "slack", delivery(`{"token":"t","challenge":"3eZbrw1aB","type":"url_verification"}`), verify.Verdict{}, 200, "X-Content-Type-Options: nosniff", "3eZbrw1aB"},
		{"an event of Slack", "slack", delivery(`{"type":"event_callback","challenge":"x"}`), valid, 0, "", ""},
		{"Dropbox's challenge", "dropbox", &verify.Delivery{Method: "GET", URL: "/dropbox?challenge=a%20b", Header: http.Header{}}, verify.Verdict{}, 200, "Content-Type: text/plain", "a b"},
		{"a challenge by POST", "dropbox", &verify.Delivery{Method: "POST", URL: "/dropbox?challenge=a", Header: http.Header{}}, verify.Verdict{}, 0, "", ""},
		// The HMAC-SHA256 of qgg8vlvZRS6UYooatFL8Aw under s3cr3t, as openssl makes it.
		{"Zoom's validation", "zoom", delivery(`{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event":"endpoint.url_validation"}`), valid, 200, "Content-Type: application/json",
			`{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"86b565e97036973cc44c3b3f24af76cabe70c2cbf5554c32419d44ecf6c0f2ca"}`},
		{"Zoom's validation with a wrong signature", "zoom", delivery(`{"payload":{"plainToken":"v0:1:{}"},"event":"endpoint.url_validation"}`), verify.Verdict{Status: verify.Invalid}, 0, "", ""},
		{"Zoom's validation that nobody checked", "zoom", delivery(`{"payload":{"plainToken":"v0:1:{}"},"event":"endpoint.url_validation"}`), verify.Verdict{Status: verify.Unchecked}, 0, "", ""},
		{"a token that would break out of JSON", "zoom", delivery(`{"payload":{"plainToken":"a\",\"x\":\"<b>"},"event":"endpoint.url_validation"}`), valid, 200, "", `{"plainToken":"a\",\"x\":\"\u003cb\u003e","encryptedToken":"*"}`},
		{"Discord's PING", "discord", delivery(`{"application_id":"1","token":"A_UNIQUE_TOKEN","type":1}`), valid, 200, "Content-Type: application/json", `{"type":1}`},
		{"a PING that is not signed", "discord", delivery(`{"application_id":"1","token":"A_UNIQUE_TOKEN","type":1}`), verify.Verdict{Status: verify.Missing}, 0, "", ""},
		{"Discord's PING of events", "discord", delivery(`{"version":1,"application_id":"1","type":0}`), valid, 204, "", ""},
		{"a command", "discord", delivery(`{"application_id":"1","token":"A_UNIQUE_TOKEN","type":2}`), valid, 0, "", ""},
		{"an origin", "cloudevents", &verify.Delivery{Method: "OPTIONS", URL: "/cloudevents", Header: http.Header{"Webhook-Request-Origin": {"eventemitter.example.com"}}}, verify.Verdict{}, 200, "WebHook-Allowed-Origin: eventemitter.example.com", ""},
		{"no origin", "cloudevents", &verify.Delivery{Method: "OPTIONS", URL: "/cloudevents", Header: http.Header{}}, verify.Verdict{}, 0, "", ""},
		{"a provider that asks nothing", "github", delivery(`{}`), valid, 0, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, ok := builtinNamed(t, tt.provider).Handshake(tt.d, tt.verdict, secrets)
			if ok != (tt.status != 0) || a.Status != tt.status {
				t.Fatalf("answered %v with %d, want %d", ok, a.Status, tt.status)
			}
			if name, value, _ := strings.Cut(tt.header, ": "); tt.header != "" && a.Header.Get(name) != value {
				t.Errorf("header %v, want %s", a.Header, tt.header)
			}
			if tt.provider == "zoom" && ok {
				var said struct{ PlainToken, EncryptedToken string }
				if err := json.Unmarshal(a.Body, &said); err != nil {
					t.Fatalf("%s: %v", a.Body, err)
				}
				tt.body = strings.Replace(tt.body, "*", said.EncryptedToken, 1)
			}
			if string(a.Body) != tt.body {
				t.Errorf("body %s, want %s", a.Body, tt.body)
			}
		})
	}
}

// A proof is made with the secret that the question was signed with, and no other.
func TestProofNeedsTheSecret(t *testing.T) {
	p := builtinNamed(t, "zoom")
	d := delivery(`{"payload":{"plainToken":"x"},"event":"endpoint.url_validation"}`)
	if _, ok := p.Handshake(d, valid, []verify.Secret{verify.NewSecret("env B", "k")}); ok {
		t.Error("answered with another secret")
	}
	if _, ok := p.Handshake(d, valid, nil); ok {
		t.Error("answered without a secret")
	}
	long := delivery(`{"payload":{"plainToken":"` + strings.Repeat("x", maxAnswer) + `"},"event":"endpoint.url_validation"}`)
	if _, ok := p.Handshake(long, valid, []verify.Secret{verify.NewSecret("env A", "k")}); ok {
		t.Error("answered a question of any length")
	}
}

func TestHandshakeRefuses(t *testing.T) {
	for _, tt := range []struct{ name, handshake, want string }{
		{"a proof for anybody", `{name: x, method: POST, present: ["{body.a}"], proof: {algorithm: sha256, encoding: hex, of: "{body.a}"}, status: 200, body: "{sig}"}`, "needs verified: true"},
		{"a query in JSON", `{name: x, method: GET, present: ["{query.a}"], status: 200, headers: {Content-Type: application/json}, body: '{{"a":"{query.a}"}'}`, "only {body.PATH} and {sig}"},
		{"an error as the answer", `{name: x, method: GET, present: ["{query.a}"], status: 404}`, "from 200 to 299"},
		{"no condition", `{name: x, method: GET, status: 200}`, "give present or equals"},
		{"no method", `{name: x, present: ["{query.a}"], status: 200}`, "the HTTP method"},
		{"a secret in the answer", `{name: x, method: GET, present: ["{query.a}"], status: 200, body: "{secret}"}`, "{secret} has no value here"},
		{"a signature from nowhere", `{name: x, method: GET, present: ["{query.a}"], status: 200, body: "{sig}"}`, "{sig} needs a proof"},
		{"an unknown hash", `{name: x, method: POST, present: ["{body.a}"], verified: true, proof: {algorithm: crc32, encoding: hex, of: "{body.a}"}, status: 200}`, "unknown algorithm"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := builtinSet(t)
			err := set.Add(fstest.MapFS{"p.yaml": {Data: []byte(sound + "handshake: [" + tt.handshake + "]\n")}}, "p.yaml", "p.yaml")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("added: %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// A definition of a vendor goes before one of the scheme that it uses.
func TestGenericGivesWay(t *testing.T) {
	set := builtinSet(t)
	d := delivery(`{"type":"invoice.paid","kind":"x"}`, "webhook-id", "1", "webhook-timestamp", "1", "webhook-signature", "v1,x")
	if p, _ := set.Detect(d); p == nil || p.Name != "standardwebhooks" {
		t.Fatalf("detected %v, want standardwebhooks", p)
	}
	vendor := strings.Replace(sound, `["{body.kind}"]`, `["{header.webhook-id}", "{body.kind}"]`, 1)
	if err := set.Add(fstest.MapFS{"p.yaml": {Data: []byte(vendor)}}, "p.yaml", "p.yaml"); err != nil {
		t.Fatal(err)
	}
	if p, rivals := set.Detect(d); p == nil || p.Name != "acme" {
		t.Errorf("detected %v (%q), want acme", p, rivals)
	}
}
