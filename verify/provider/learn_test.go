package provider

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

func sumOf(make func() hash.Hash, key, content string) []byte {
	h := make()
	if key != "" {
		h = hmac.New(make, []byte(key))
	}
	h.Write([]byte(content))
	return h.Sum(nil)
}

// learnable are deliveries of an invented sender, with times and ids of their own.
func learnable(sign func(d *verify.Delivery, unix int64, id string)) []*Recorded {
	var all []*Recorded
	for i, body := range []string{
		`{"event":"order.created","id":"evt_1","created_at":"2026-02-03T10:00:00Z","tenant":7,"order":{"id":11,"total":"10.50","note":null},"customer":{"email":"jane@example.com"}}`,
		`{"event":"order.paid","id":"evt_2","created_at":"2026-02-03T10:01:00Z","tenant":7,"order":{"id":11,"total":"10.50","paid":true}}`,
		`{"event":"order.created","id":"evt_3","created_at":"2026-02-03T10:02:00Z","tenant":7,"order":{"id":12,"total":"7.00","note":"gift","gift":true},"customer":{"email":"joe@example.com"}}`,
		`{"event":"refund.created","id":"evt_4","created_at":"2026-02-03T10:03:00Z","tenant":7,"refund":{"id":5,"lines":[{"id":1},{"id":2}]}}`,
	} {
		at := time.Date(2026, 2, 3, 10, i, 2, 0, time.UTC)
		d := &verify.Delivery{
			Method: "POST", URL: "/hooks/acme?shop=3", Host: "hooks.example.com", Body: []byte(body),
			Header: http.Header{"Content-Type": {"application/json"}, "User-Agent": {"acme/1"}, "X-Acme-Region": {"eu"}},
		}
		sign(d, at.Unix(), fmt.Sprintf("del-%d-%x", i, i*7919))
		all = append(all, &Recorded{Delivery: d, At: at, Ref: "#" + strconv.Itoa(i+1)})
	}
	return all
}

const learnSecret = "an-invented-secret"

// Recipes that no built-in provider has are found by what the deliveries show alone.
func TestLearnRecipes(t *testing.T) {
	b64, hexed := base64.StdEncoding.EncodeToString, hex.EncodeToString
	for _, c := range []struct {
		name   string
		secret string
		sign   func(d *verify.Delivery, unix int64, id string)
		want   string
	}{
		{"the body alone, with a prefix", learnSecret, func(d *verify.Delivery, _ int64, _ string) {
			d.Header["X-Acme-Mac"] = []string{"hmac384=" + hexed(sumOf(sha512.New384, learnSecret, string(d.Body)))}
		}, "HMAC-SHA384 of the raw body, hex, in X-Acme-Mac"},
		{"body and time, with a bar", learnSecret, func(d *verify.Delivery, unix int64, _ string) {
			ts := strconv.FormatInt(unix*1000+7, 10)
			d.Header["X-Acme-Sent"] = []string{ts}
			d.Header["X-Acme-Sig"] = []string{b64(sumOf(sha256.New, learnSecret, string(d.Body)+"|"+ts))}
		}, "HMAC-SHA256 of {body}|{ts}, base64, in X-Acme-Sig"},
		{"a list with the time", learnSecret, func(d *verify.Delivery, unix int64, _ string) {
			ts := strconv.FormatInt(unix, 10)
			d.Header["X-Acme-Proof"] = []string{"when=" + ts + "; a1=" + hexed(sumOf(sha1.New, learnSecret, ts+":"+string(d.Body)))}
		}, "HMAC-SHA1 of {ts}:{body}, hex, in X-Acme-Proof"},
		{"a label, the time and the body", learnSecret, func(d *verify.Delivery, unix int64, _ string) {
			ts := strconv.FormatInt(unix, 10)
			d.Header["X-Acme-Time"] = []string{ts}
			d.Header["X-Acme-Auth"] = []string{"k7=" + hexed(sumOf(sha512.New, learnSecret, "k7-"+ts+"-"+string(d.Body)))}
		}, "HMAC-SHA512 of k7-{ts}-{body}, hex, in X-Acme-Auth"},
		{"id, time and body with a decoded key", "acme_" + b64([]byte("sixteen byte key")), func(d *verify.Delivery, unix int64, id string) {
			ts := time.Unix(unix, 0).UTC().Format(time.RFC3339)
			d.Header["X-Acme-Delivery"], d.Header["X-Acme-At"] = []string{id}, []string{ts}
			d.Header["X-Acme-Signature"] = []string{base64.URLEncoding.EncodeToString(sumOf(sha256.New, "sixteen byte key", id+"\n"+ts+"\n"+string(d.Body)))}
		}, "HMAC-SHA256 of {id}\n{ts}\n{body}, base64url, in X-Acme-Signature"},
		{"method, address, body and time", learnSecret, func(d *verify.Delivery, unix int64, _ string) {
			ts := strconv.FormatInt(unix, 10)
			d.Header["X-Acme-Time"] = []string{ts}
			d.Header["X-Acme-Sig"] = []string{b64(sumOf(sha256.New, learnSecret, "POSThttps://hooks.example.com/hooks/acme?shop=3"+string(d.Body)+ts))}
		}, "HMAC-SHA256 of {method}{url}{body}{ts}, base64, in X-Acme-Sig"},
		{"a plain hash behind the secret", learnSecret, func(d *verify.Delivery, _ int64, _ string) {
			d.Header["X-Acme-Hash"] = []string{hexed(sumOf(md5.New, "", learnSecret+":"+string(d.Body)))}
		}, "plain MD5 of {secret}:{body}, hex, in X-Acme-Hash"},
		{"a shared key in clear", learnSecret, func(d *verify.Delivery, _ int64, _ string) {
			d.Header["Authorization"] = []string{"Acme " + learnSecret}
		}, "shared key in clear in Authorization"},
		{"the hash of the body", learnSecret, func(d *verify.Delivery, unix int64, _ string) {
			ts := strconv.FormatInt(unix, 10)
			d.Header["X-Acme-Time"] = []string{ts}
			d.Header["X-Acme-Sig"] = []string{hexed(sumOf(sha256.New, learnSecret, "POST,"+ts+","+hexed(sumOf(sha256.New, "", string(d.Body)))))}
		}, "HMAC-SHA256 of {method},{ts},{body_sha256}, hex, in X-Acme-Sig"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := LearnOptions{Name: "acme", Base: "https://hooks.example.com", Secrets: []verify.Secret{verify.NewSecret("test", c.secret)}, Others: builtinSet(t).All()}
			recorded := learnable(c.sign)
			learned, err := Learn(t.Context(), recorded, o)
			if err != nil {
				t.Fatal(err)
			}
			if learned.Scheme != c.want || learned.Provider.Scheme.String() != c.want {
				t.Errorf("got %s\nwant %s", learned.Scheme, c.want)
			}
			if want := "it verifies all 4 signed events, of 4 different bodies"; learned.Sure != want {
				t.Errorf("got %q, want %q", learned.Sure, want)
			}
			bent := recorded[2].Delivery.Clone()
			bent.Body[len(bent.Body)-2] ^= 1
			keyring, err := learned.Provider.Scheme.Bind(o.Base, o.Secrets...)
			if err != nil {
				t.Fatal(err)
			}
			if got := keyring.Check(bent, recorded[2].At); got.Status == verify.Valid && learned.Provider.Scheme.Kind() != verify.KindStatic {
				t.Errorf("a bent body is judged %s", got)
			}
			for name, data := range learned.Files {
				if strings.Contains(string(data), c.secret) || strings.Contains(string(data), "jane@example.com") {
					t.Errorf("%s gives away the secret or an address:\n%s", name, data)
				}
			}
		})
	}
}

func TestLearnDefinition(t *testing.T) {
	learned, err := Learn(t.Context(), learnable(func(*verify.Delivery, int64, string) {}), LearnOptions{Name: "acme", Others: builtinSet(t).All()})
	if err != nil {
		t.Fatal(err)
	}
	if learned.Scheme != "unsigned" || learned.Sure != "no header looks like a signature" || learned.Provider.Scheme.Signs() {
		t.Errorf("unsigned traffic is said to be %s: %s", learned.Scheme, learned.Sure)
	}
	want := map[string]int{"order.created": 2, "order.paid": 1, "refund.created": 1}
	if diff := cmp.Diff(want, learned.Events); diff != "" {
		t.Errorf("events (-want +got)\n%s", diff)
	}
	for _, line := range []string{
		`  name: "{body.event}"`, `  time: {from: "{body.created_at}", format: rfc3339}`, `  account: "{body.tenant}"`,
		`  ids: ["{body.id}"]`, "  - {kind: none}", `    - "{body.event}"`, `  "refund": {actions: ["created"]}`,
	} {
		if line == "  - {kind: none}" {
			line = "  - kind: none"
		}
		if !strings.Contains(string(learned.Files[DefinitionFile]), line+"\n") {
			t.Errorf("the definition has no line %q:\n%s", line, learned.Files[DefinitionFile])
		}
	}
	sample := string(learned.Files["samples/order.created.json"])
	if !strings.Contains(sample, `"created_at": "{{now:rfc3339}}"`) || strings.Contains(sample, "jane@") || !strings.Contains(sample, `"total": "10.50"`) {
		t.Errorf("sample:\n%s", sample)
	}
	var schema struct {
		Properties struct {
			Order struct {
				Required   []string
				Properties map[string]struct{ Type any }
			}
		}
	}
	if err := json.Unmarshal(learned.Files["schemas/order.created.json"], &schema); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"id", "note", "total"}, schema.Properties.Order.Required); diff != "" {
		t.Errorf("required (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]any{"string", "null"}, schema.Properties.Order.Properties["note"].Type); diff != "" {
		t.Errorf("the type of note (-want +got)\n%s", diff)
	}
}

// How senders name their events differs; what is learned reads every one of them.
func TestLearnEventNames(t *testing.T) {
	delivery := func(header, body string) *Recorded {
		d := &verify.Delivery{Method: "POST", URL: "/x", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
		if name, value, ok := strings.Cut(header, ": "); ok {
			d.Header.Set(name, value)
		}
		return &Recorded{Delivery: d, Ref: "#1"}
	}
	for _, c := range []struct {
		name     string
		recorded []*Recorded
		want     map[string]int
	}{
		{"a header", []*Recorded{
			delivery("X-Acme-Event: push", `{"ref":"a","size":1,"on":"x"}`), delivery("X-Acme-Event: ping", `{"zen":"z","on":"x"}`), delivery("X-Acme-Event: push", `{"ref":"b","size":3,"on":"x"}`),
		}, map[string]int{"push": 2, "ping": 1}},
		{"a header with a slash", []*Recorded{
			delivery("X-Acme-Topic: orders/create", `{"id":1,"total":5}`), delivery("X-Acme-Topic: orders/paid", `{"id":1,"total":6}`),
		}, map[string]int{"orders.create": 1, "orders.paid": 1}},
		{"entity and action apart", []*Recorded{
			delivery("", `{"resource":"invoice","action":"create","data":{"id":1}}`), delivery("", `{"resource":"invoice","action":"delete","data":{"id":1}}`), delivery("", `{"resource":"customer","action":"create","data":{"id":9}}`),
		}, map[string]int{"invoice.create": 1, "invoice.delete": 1, "customer.create": 1}},
		{"a header beside the type of a person", []*Recorded{
			delivery("X-Event-Key: repo:push", `{"actor":{"type":"user"},"push":{"n":1}}`), delivery("X-Event-Key: repo:fork", `{"actor":{"type":"user"},"fork":{"n":1}}`),
		}, map[string]int{"repo.push": 1, "repo.fork": 1}},
		{"a header beside an action", []*Recorded{
			delivery("X-Acme-Event: issues", `{"action":"opened","sender":{"type":"User"}}`), delivery("X-Acme-Event: ping", `{"zen":"z","sender":{"type":"User"}}`),
		}, map[string]int{"issues": 1, "ping": 1}},
		{"deeper in the body", []*Recorded{
			delivery("", `{"meta":{"eventType":"job:done","seq":1},"job":{"id":1}}`), delivery("", `{"meta":{"eventType":"job:failed","seq":2},"job":{"id":2}}`),
		}, map[string]int{"job.done": 1, "job.failed": 1}},
		{"some without an action", []*Recorded{
			delivery("", `{"type":"ping","n":1,"o":2}`), delivery("", `{"type":"user.created","n":2,"o":2}`), delivery("", `{"type":"user.deleted","n":3,"o":2}`),
		}, map[string]int{"ping": 1, "user.created": 1, "user.deleted": 1}},
		{"nothing", []*Recorded{delivery("", `{"alpha":1,"beta":2,"gamma":3}`), delivery("", `{"alpha":4,"beta":5,"gamma":6}`)}, map[string]int{"delivery.received": 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			learned, err := Learn(t.Context(), c.recorded, LearnOptions{Name: "acme", Others: builtinSet(t).All()})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, learned.Events); diff != "" {
				t.Errorf("events (-want +got)\n%s\n%s", diff, learned.Files[DefinitionFile])
			}
		})
	}
}

// What does not fit is said, and nothing is made of it.
func TestLearnUnfit(t *testing.T) {
	sign := func(secret string) func(d *verify.Delivery, _ int64, _ string) {
		return func(d *verify.Delivery, _ int64, _ string) {
			d.Header["X-Acme-Sig"] = []string{hex.EncodeToString(sumOf(sha256.New, secret, string(d.Body)))}
		}
	}
	secrets := []verify.Secret{verify.NewSecret("test", learnSecret)}
	t.Run("another secret", func(t *testing.T) {
		_, err := Learn(t.Context(), learnable(sign("another")), LearnOptions{Name: "acme", Secrets: secrets})
		if unfit, ok := errors.AsType[*UnfitError](err); !ok || !strings.HasPrefix(unfit.Error(), "X-Acme-Sig: it looks like a signature, and nothing") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("one that was tampered with", func(t *testing.T) {
		recorded := learnable(sign(learnSecret))
		recorded[3].Delivery.Body = append(recorded[3].Delivery.Body, ' ')
		_, err := Learn(t.Context(), recorded, LearnOptions{Name: "acme", Secrets: secrets})
		if unfit, ok := errors.AsType[*UnfitError](err); !ok || !strings.Contains(unfit.Error(), "3 events verifies under it, #4 not") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("no secret", func(t *testing.T) {
		learned, err := Learn(t.Context(), learnable(sign(learnSecret)), LearnOptions{Name: "acme"})
		if err != nil || learned.Scheme != "not known" || !strings.HasPrefix(learned.Sure, "X-Acme-Sig looks like a signature") {
			t.Errorf("learned %+v, error %v", learned, err)
		}
	})
	t.Run("one body", func(t *testing.T) {
		learned, err := Learn(t.Context(), learnable(sign(learnSecret))[:1], LearnOptions{Name: "acme", Secrets: secrets})
		if err != nil || !strings.Contains(learned.Sure, "not proven") {
			t.Errorf("learned %+v, error %v", learned, err)
		}
	})
	t.Run("no JSON", func(t *testing.T) {
		_, err := Learn(t.Context(), []*Recorded{{Delivery: &verify.Delivery{Body: []byte("a=b")}, Ref: "#1"}}, LearnOptions{Name: "acme"})
		if err == nil {
			t.Error("no error")
		}
	})
}
