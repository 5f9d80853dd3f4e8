package contract_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"whk/replay/contract"
)

// Endpoints that remember the id of each delivery, as the providers say, take no change of
// a thing for a repeat of the one before.
func TestDeliveryIDs(t *testing.T) {
	field := func(names ...string) func(http.Header, []byte) string {
		return func(_ http.Header, body []byte) string {
			var event any
			_ = json.Unmarshal(body, &event)
			if list, ok := event.([]any); ok && len(list) > 0 {
				event = list[0]
			}
			members, _ := event.(map[string]any)
			for _, name := range names {
				if id, ok := members[name]; ok {
					b, _ := json.Marshal(id)
					return string(b)
				}
			}
			return string(body)
		}
	}
	header := func(name string) func(http.Header, []byte) string {
		return func(h http.Header, _ []byte) string { return h.Get(name) }
	}
	for _, tt := range []struct {
		provider string
		id       func(http.Header, []byte) string
	}{
		{"slack", field("event_id")}, {"stripe", field("id")}, {"paddle", field("event_id")}, {"square", field("event_id")},
		{"hubspot", field("eventId")}, {"intercom", field("id")}, {"sendgrid", field("sg_event_id")}, {"typeform", field("event_id")},
		{"cloudevents", field("id")}, {"twilio", field("id")}, {"zendesk", field("id")},
		{"github", header("X-GitHub-Delivery")}, {"gitea", header("X-Gitea-Delivery")}, {"shopify", header("X-Shopify-Event-Id")},
		{"linear", header("Linear-Delivery")}, {"bitbucket", header("X-Request-Uuid")}, {"standardwebhooks", header("Webhook-Id")}, {"wise", header("X-Delivery-Id")},
	} {
		t.Run(tt.provider, func(t *testing.T) {
			t.Parallel()
			p := lookup(t, tt.provider)
			var mu sync.Mutex
			seen := map[string]bool{}
			h := &fake{unseen: func(*fake, []byte) bool { return true }}
			h.before = func(w http.ResponseWriter, r *http.Request) bool {
				body, ok := readAll(w, r)
				mu.Lock()
				defer mu.Unlock()
				id := tt.id(r.Header, body)
				known := !ok || seen[id]
				seen[id] = true
				return known
			}
			report := test(t, p, h, func(o *contract.Options) {
				o.Mode, o.Only, o.Probe = contract.Full, []string{"idem.*", "order.*"}, &contract.Probe{Path: "count"}
			})
			for _, r := range report.Results {
				if r.Status == contract.Failed {
					t.Errorf("%s failed: %s", r.ID, findings(r))
				}
				if r.ID == "idem.window" && r.Status != contract.Passed && !strings.Contains(r.Says, "nothing in these events changes") {
					t.Errorf("%s: %s %s", r.ID, r.Status, r.Says)
				}
			}
		})
	}
}

// What earlier checks sent and a worker has not done yet is no effect of the next event.
func TestBacklog(t *testing.T) {
	p := lookup(t, "cassaincloud")
	h := &fake{secret: secretsOf(p)[0].Reveal(), check: cassaCheck, methods: []string{http.MethodPost}}
	queue := make(chan struct{}, 10_000)
	t.Cleanup(func() { close(queue) })
	h.unseen = func(f *fake, body []byte) bool {
		if once(f, body) {
			queue <- struct{}{}
		}
		return false
	}
	go func() {
		for range queue {
			time.Sleep(time.Millisecond) // the work
			h.mu.Lock()
			h.count++
			h.mu.Unlock()
		}
	}()
	report := test(t, p, h, func(o *contract.Options) {
		o.Mode, o.Probe, o.Settle = contract.Full, &contract.Probe{Path: "count"}, 200*time.Millisecond
		o.Sleep = nil
		o.Gap = 10 * time.Millisecond
	})
	for _, r := range report.Results {
		if r.Status == contract.Failed {
			t.Errorf("%s failed: %s", r.ID, findings(r))
		}
	}
}
