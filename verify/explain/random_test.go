package explain_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"whk/verify"
	"whk/verify/explain"
)

// No random signature over a random body is explained.
func TestRandomSignatures(t *testing.T) {
	deliveries := 10_000
	if testing.Short() || raceEnabled {
		deliveries = 1000
	}
	const parts = 4
	for part := range parts {
		t.Run(fmt.Sprintf("part %d", part), func(t *testing.T) {
			t.Parallel()
			explainRandom(t, rand.New(rand.NewPCG(3, uint64(part))), deliveries/parts)
		})
	}
}

func explainRandom(t *testing.T, random *rand.Rand, deliveries int) {
	t.Helper()
	all := kinds()
	lengths := []int{1, 7, 8, 16, 20, 28, 32, 48, 64}
	falsely, tried, pairs := 0, 0, 0
	const signs = "{}[]\":,a1\\u \n\r&=%\xff\xc3\xa9/"
	for i := range deliveries {
		k := all[i%len(all)]
		body := make([]byte, random.IntN(24))
		for j := range body {
			body[j] = signs[random.IntN(len(signs))]
		}
		sum := make([]byte, lengths[random.IntN(len(lengths))])
		for j := range sum {
			sum[j] = byte(random.Uint32())
		}
		text := hex.EncodeToString(sum)
		if random.IntN(2) == 0 {
			text = base64.StdEncoding.EncodeToString(sum)
		}
		if random.IntN(3) > 0 {
			text = strings.NewReplacer("{sig}", text, "{ts}", "1700000000").Replace(cmpOr(k.recipe.Value, "{sig}"))
		}
		scheme, err := verify.NewScheme(k.recipe)
		if err != nil {
			t.Fatal(err)
		}
		in := explain.Input{Scheme: scheme, Provider: k.name, Base: base, Received: received(), Budget: -1,
			Others: map[string][]verify.Secret{"other": {verify.NewSecret("env OTHER", otherSecret)}},
			Delivery: &verify.Delivery{Method: "POST", URL: "/in?token=" + text[:random.IntN(len(text))], Host: "h", Body: body, Header: http.Header{
				http.CanonicalHeaderKey(k.recipe.Header): {text}, "X-Request-Id": {"abcdef"}, "Webhook-Id": {"m"}, "Webhook-Timestamp": {"1700000000"}, "X-Slack-Request-Timestamp": {"1700000000"}}}}
		if k.secret != "" {
			in.Secrets = []verify.Secret{verify.NewSecret("env FIRST", k.secret)}
		}
		if i%25 == 0 { // all pairs of a part, for they take longer
			in.Budget = 10 * time.Second
		}
		e := explain.Explain(t.Context(), in)
		tried, pairs = tried+e.Tried, pairs+e.Pairs
		if e.Found() {
			falsely++
			t.Errorf("%s: %q is explained by %q", k.name, text, e.What())
		}
	}
	t.Logf("%d deliveries, %d combinations, %d of them pairs: %d explained", deliveries, tried, pairs, falsely)
}

// Whatever comes, nothing panics, and nothing is explained by a secret that is empty.
func FuzzExplain(f *testing.F) {
	for _, seed := range []string{sample, "", "\x1f\x8b", "a=1&b=%zz", "{\"a\":", "5\r\nhello\r\n0\r\n\r\n", "\"\\ud800\"", strings.Repeat("[", 100)} {
		f.Add([]byte(seed), "sha256=00", "t=1,v1=ab", "/?sig=%zz&a", 0)
		f.Add([]byte(seed), strings.Repeat("0", 64), "1700000000", "http://x/", 4)
	}
	all := kinds()
	f.Fuzz(func(t *testing.T, body []byte, signature, other, target string, which int) {
		k := all[max(which, -which-1, 0)%len(all)]
		scheme, err := verify.NewScheme(k.recipe)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{http.CanonicalHeaderKey(k.recipe.Header): {signature}, "X-Other": {other, signature}, "X-Slack-Request-Timestamp": {other},
			"Webhook-Timestamp": {other}, "Webhook-Id": {"m"}, "Content-Length": {other}, "X-Forwarded-Host": {other}, other: {signature}}
		in := explain.Input{Scheme: scheme, Provider: k.name, Received: received(), Budget: 20 * time.Millisecond,
			Secrets:  []verify.Secret{verify.NewSecret("empty", "")},
			Others:   map[string][]verify.Secret{"other": {verify.NewSecret("blank", " ")}, k.name: {verify.NewSecret("empty", "")}},
			Delivery: &verify.Delivery{Method: "POST", URL: target, Host: other, Header: header, Body: body}}
		e := explain.Explain(t.Context(), in)
		for _, c := range e.Changes {
			if strings.HasPrefix(c.Detail, "empty") {
				t.Errorf("explained by an empty secret: %+v", e)
			}
		}
		if e.Found() && k.secret != "" && !keylessly(e) {
			t.Errorf("explained without a secret: %+v", e.Changes)
		}
	})
}

// keylessly reports whether an explanation needs no secret, or one that is no secret.
func keylessly(e explain.Explanation) bool {
	for _, c := range e.Changes {
		switch c.Cause {
		case explain.Unkeyed, explain.SecretMissing, explain.SecretDevelopment, explain.SecretOfOther:
			return true
		}
	}
	return false
}

// A context that ends, ends the search, which says so.
func TestExplainCutShort(t *testing.T) {
	k := kinds()[0]
	in, _ := signed(t, k, mutation{head: func(d *verify.Delivery, header string) {
		d.Header[header] = []string{"sha512=" + strings.Repeat("00", 64)}
	}})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if e := explain.Explain(ended, in); !e.CutShort || e.Found() || !strings.Contains(e.Meaning, "cut short") && e.Tried > 0 {
		t.Errorf("got %+v", e)
	}
	in.Budget = time.Nanosecond
	if e := explain.Explain(t.Context(), in); !e.CutShort || e.Found() || e.Tried < 100 {
		t.Errorf("got %+v", e)
	}
	in.Budget = -1
	if e := explain.Explain(t.Context(), in); e.CutShort || e.Found() || e.Pairs != 0 {
		t.Errorf("got %+v", e)
	}
	in.Budget = time.Minute
	e := explain.Explain(t.Context(), in)
	if e.CutShort || e.Found() || e.Pairs < 1000 || len(e.Families) < 5 || !strings.Contains(e.Meaning, fmt.Sprint(e.Tried)) {
		t.Errorf("got %+v", e)
	}
	t.Logf("%s; took %v", e.Meaning, time.Duration(e.Took))
}

// BenchmarkExplain measures searches that find nothing, which are the longest.
func BenchmarkExplain(b *testing.B) {
	sizes := []struct {
		name string
		size int
	}{{"400B", 400}, {"4KB", 4 << 10}, {"100KB", 100 << 10}, {"10MB", 10 << 20}}
	for _, size := range sizes {
		for _, search := range []string{"singles", "pairs"} {
			b.Run(search+"/"+size.name, func(b *testing.B) {
				in := hopeless(b, size.size)
				if in.Budget = -1; search == "pairs" {
					in.Budget = 0
				}
				tried := 0
				for b.Loop() {
					tried = explain.Explain(b.Context(), in).Tried
				}
				b.ReportMetric(float64(tried), "tried/op")
			})
		}
	}
}

// hopeless is a delivery of so many bytes whose signature nothing explains.
func hopeless(t testing.TB, size int) explain.Input {
	t.Helper()
	var body strings.Builder
	body.WriteString(`{"items":[`)
	for i := 0; body.Len() < size; i++ {
		fmt.Fprintf(&body, `{"id": %d, "name": "Caf\u00e9 é %d", "ref": "/crew/%d", "price": %d.50},`, i, i, i, i)
	}
	body.WriteString(`{}]}`)
	in, _ := signed(t, kinds()[0], mutation{signs: func(string) string { return body.String() }, head: func(d *verify.Delivery, header string) {
		d.Header[header] = []string{"sha512=" + strings.Repeat("00", 64)}
		d.Body = []byte(body.String())
	}})
	in.Budget = 0
	return in
}
