// Package peers asks the vendors' own libraries what they think of whk: they must accept
// what whk signs and refuse it when it was changed, and whk must accept what they sign.
// It is a module of its own, so that none of them is a dependency of whk.
//
//	WHK=/path/to/whk go test ./...
package peers

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v72/github"
	"github.com/sendgrid/sendgrid-go/helpers/eventwebhook"
	"github.com/slack-go/slack"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stripe/stripe-go/v82/webhook"
	svix "github.com/svix/svix-webhooks/go"
	twilio "github.com/twilio/twilio-go/client"
)

// whk is the binary under test, in an environment that knows no other secrets.
type whk struct {
	t    *testing.T
	path string
	dir  string
}

func newWhk(t *testing.T) whk {
	t.Helper()
	path := os.Getenv("WHK")
	if path == "" {
		path = filepath.Join(t.TempDir(), "whk")
		build := exec.Command("go", "build", "-o", path, ".")
		build.Dir = "../../.."
		build.Env = append(os.Environ(), "GOWORK=off")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build whk: %v\n%s", err, out)
		}
	}
	return whk{t, path, t.TempDir()}
}

func (w whk) file(name, content string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (w whk) run(args ...string) (string, error) {
	command := exec.Command(w.path, args...)
	command.Dir = w.dir
	command.Env = []string{"HOME=" + w.dir, "PATH=" + os.Getenv("PATH"), "CI=false"}
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		err = errors.Join(err, errors.New(stderr.String()))
	}
	return string(out), err
}

// sign returns the headers with which whk signs a body.
func (w whk) sign(provider, secret, body string, more ...string) http.Header {
	w.t.Helper()
	args := append([]string{"sign", provider, "@" + w.file("body", body), "--secret-file", w.file("secret", secret), "--json", "--show-secrets"}, more...)
	out, err := w.run(args...)
	if err != nil {
		w.t.Fatalf("whk sign %s: %v", provider, err)
	}
	var signed struct{ Headers http.Header }
	if err := json.Unmarshal([]byte(out), &signed); err != nil || len(signed.Headers) == 0 {
		w.t.Fatalf("whk sign %s: %v: %s", provider, err, out)
	}
	return signed.Headers
}

// verify reports what whk thinks of headers and a body.
func (w whk) verify(provider, secret, body string, header http.Header, more ...string) string {
	w.t.Helper()
	args := append([]string{"verify", "--provider", provider, "--body", "@" + w.file("body", body), "--secret-file", w.file("secret", secret), "--json"}, more...)
	for name, values := range header {
		args = append(args, "--header", name+": "+values[0])
	}
	out, _ := w.run(args...)
	var v struct {
		Verdict struct{ Status string }
		Status  string
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		w.t.Fatalf("whk verify %s: %v: %s", provider, err, out)
	}
	return v.Verdict.Status + v.Status
}

// peer is one library. Accepts judges what whk signed; makes signs for whk to judge, and
// is nil where the library cannot.
type peer struct {
	name, provider, secret, body string
	// public is what checks, where that is another key than the one that signs.
	public  string
	flags   []string
	accepts func(header http.Header, body string) error
	makes   func(body string, at time.Time) http.Header
}

const (
	stripeSecret   = "whsec_test_secret_of_nobody"
	webhookSecret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	githubSecret   = "It's a Secret to Everybody"
	slackSecret    = "8f742231b10e8888abcd99yyyzzz85a5"
	twilioSecret   = "12345"
	sendgridSecret = "MHcCAQEEIEQmZgBEh9DcU9zMl34czK3xov4AYvm9P3r7rNB2dNXtoAoGCCqGSM49AwEHoUQDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=="
	sendgridPublic = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=="

	jsonBody = `{"id":"evt_1","object":"event","type":"payment_intent.succeeded","note":"für \/ 1.10"}`
	formBody = "MessageSid=SM123&From=%2B14158675309&Body=Ahoy%21+a%26b&Empty=&NumMedia=0"
	formURL  = "https://example.com/twilio?foo=1&bar=2"
)

func peers(t *testing.T) []peer {
	hook, err := standardwebhooks.NewWebhook(webhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	svixHook, err := svix.NewWebhook(webhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	validator := twilio.NewRequestValidator(twilioSecret)
	return []peer{
		{name: "stripe-go", provider: "stripe", secret: stripeSecret, body: jsonBody,
			accepts: func(h http.Header, body string) error {
				_, err := webhook.ConstructEventWithOptions([]byte(body), h.Get("Stripe-Signature"), stripeSecret, webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
				return err
			},
			makes: func(body string, at time.Time) http.Header {
				signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(body), Secret: stripeSecret, Timestamp: at})
				return http.Header{"Stripe-Signature": {signed.Header}}
			}},
		{name: "go-github", provider: "github", secret: githubSecret, body: jsonBody,
			accepts: func(h http.Header, body string) error {
				return github.ValidateSignature(h.Get("X-Hub-Signature-256"), []byte(body), []byte(githubSecret))
			}},
		{name: "slack-go", provider: "slack", secret: slackSecret, body: "token=x&command=%2Fweather&text=94070",
			accepts: func(h http.Header, body string) error {
				v, err := slack.NewSecretsVerifier(h, slackSecret)
				if err != nil {
					return err
				}
				if _, err := v.Write([]byte(body)); err != nil {
					return err
				}
				return v.Ensure()
			}},
		{name: "standard-webhooks", provider: "standardwebhooks", secret: webhookSecret, body: jsonBody,
			accepts: func(h http.Header, body string) error { return hook.Verify([]byte(body), h) },
			makes: func(body string, at time.Time) http.Header {
				signature, err := hook.Sign("msg_1", at, []byte(body))
				if err != nil {
					t.Fatal(err)
				}
				return http.Header{"Webhook-Id": {"msg_1"}, "Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)}, "Webhook-Signature": {signature}}
			}},
		{name: "svix", provider: "svix", secret: webhookSecret, body: jsonBody,
			accepts: func(h http.Header, body string) error { return svixHook.Verify([]byte(body), h) },
			makes: func(body string, at time.Time) http.Header {
				signature, err := svixHook.Sign("msg_1", at, []byte(body))
				if err != nil {
					t.Fatal(err)
				}
				return http.Header{"Svix-Id": {"msg_1"}, "Svix-Timestamp": {strconv.FormatInt(at.Unix(), 10)}, "Svix-Signature": {signature}}
			}},
		{name: "twilio-go, form", provider: "twilio", secret: twilioSecret, body: formBody,
			flags: []string{"--url", formURL, "--header", "Content-Type: application/x-www-form-urlencoded"},
			accepts: func(h http.Header, body string) error {
				form, err := url.ParseQuery(body)
				if err != nil {
					return err
				}
				params := map[string]string{}
				for name := range form {
					params[name] = form.Get(name)
				}
				if !validator.Validate(formURL, params, h.Get("X-Twilio-Signature")) {
					return errors.New("not valid")
				}
				return nil
			}},
		{name: "twilio-go, JSON", provider: "twilio", secret: twilioSecret, body: jsonBody,
			flags: []string{"--url", "https://example.com/twilio?bodySHA256=" + bodyHash, "--header", "Content-Type: application/json"},
			accepts: func(h http.Header, body string) error {
				if !validator.ValidateBody("https://example.com/twilio?bodySHA256="+bodyHash, []byte(body), h.Get("X-Twilio-Signature")) {
					return errors.New("not valid")
				}
				return nil
			}},
		{name: "sendgrid-go", provider: "sendgrid", secret: sendgridSecret, public: sendgridPublic, body: jsonBody,
			accepts: func(h http.Header, body string) error {
				key, err := eventwebhook.ConvertPublicKeyBase64ToECDSA(sendgridPublic)
				if err != nil {
					return err
				}
				ok, err := eventwebhook.VerifySignature(key, []byte(body), h.Get(eventwebhook.VerificationHTTPHeader), h.Get(eventwebhook.TimestampHTTPHeader))
				if err == nil && !ok {
					err = errors.New("not valid")
				}
				return err
			}},
	}
}

func TestPeers(t *testing.T) {
	w := newWhk(t)
	for _, p := range peers(t) {
		t.Run(p.name, func(t *testing.T) {
			w := whk{t, w.path, t.TempDir()}
			header := w.sign(p.provider, p.secret, p.body, p.flags...)
			if err := p.accepts(header, p.body); err != nil {
				t.Errorf("the library refuses what whk signed: %v\n%v", err, header)
			}
			changed := strings.Replace(p.body, "1", "2", 1)
			if changed == p.body {
				changed = strings.Replace(p.body, "9", "8", 1)
			}
			if p.accepts(header, changed) == nil {
				t.Error("the library accepts another body")
			}
			public := p.public
			if public == "" {
				public = p.secret
			}
			if got := w.verify(p.provider, public, p.body, header, p.flags...); got != "valid" {
				t.Errorf("whk judges its own signature %s", got)
			}
			if got := w.verify(p.provider, public, changed, header, p.flags...); got != "invalid" {
				t.Errorf("whk judges another body %s", got)
			}
			if p.makes == nil {
				return
			}
			made := p.makes(p.body, time.Now())
			if got := w.verify(p.provider, public, p.body, made, p.flags...); got != "valid" {
				t.Errorf("whk judges what the library signed %s: %v", got, made)
			}
		})
	}
}

// bodyHash is the SHA-256 of jsonBody, which Twilio puts into the URL.
const bodyHash = "48ce6cb00ddfa6bba45a0d9eace68f6602769435b374bde5cb90d11ccc616afd"
