package listener_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"whk/listener"
	"whk/verify"
)

// A question of a provider's is answered as it wants, and stored; what is signed wrongly
// gets no proof, and a target or a policy that decides the answer goes first.
func TestHandshake(t *testing.T) {
	h := newHarness(t, nil)
	zoom := func(h *harness, spoil bool) *http.Request {
		t.Helper()
		d := &verify.Delivery{Method: "POST", Header: http.Header{}, Body: []byte(`{"payload":{"plainToken":"qgg8"},"event":"endpoint.url_validation"}`)}
		if err := recogniser(t).Endpoints["zoom"].Keyring.Sign(d, time.Now(), ""); err != nil {
			t.Fatal(err)
		}
		if spoil {
			d.Header.Set("X-Zm-Request-Timestamp", "1")
		}
		r := request(t, h, "POST", "/zoom", string(d.Body))
		r.Header = d.Header
		return r
	}
	status, body, header := h.do(zoom(h, false))
	if status != 200 || !strings.Contains(body, `"plainToken":"qgg8","encryptedToken":"`) || header.Get("Content-Type") != "application/json" {
		t.Errorf("Zoom: %d %s %v", status, body, header)
	}
	if status, body, _ := h.do(zoom(h, true)); status != 200 || body != "" {
		t.Errorf("Zoom, with a wrong signature: %d %s", status, body)
	}
	if status, body, header := h.do(request(t, h, "GET", "/dropbox?challenge=abc", "")); status != 200 || body != "abc" || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("Dropbox: %d %s %v", status, body, header)
	}
	options := request(t, h, "OPTIONS", "/cloudevents", "")
	options.Header.Set("WebHook-Request-Origin", "eventemitter.example.com")
	if status, _, header := h.do(options); status != 200 || header.Get("WebHook-Allowed-Origin") != "eventemitter.example.com" {
		t.Errorf("CloudEvents: %d %v", status, header)
	}
	if status, body, _ := h.do(request(t, h, "POST", "/slack", `{"type":"event_callback","challenge":"x"}`)); status != 200 || body != "" {
		t.Errorf("an event: %d %s", status, body)
	}
	noted := 0
	stored, err := h.store.Since(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range stored {
		if strings.Contains(strings.Join(e.Notes, " "), "a question of the provider's, answered") {
			noted++
		}
	}
	if noted != 3 {
		t.Errorf("%d events say that they were answered, want 3", noted)
	}
	strict := newHarness(t, func(o *listener.Options) { o.Policy.Respond = 503 })
	if status, body, _ := strict.do(request(t, strict, "GET", "/dropbox?challenge=abc", "")); status != 503 || body != "" {
		t.Errorf("with a status of one's own: %d %s", status, body)
	}
}

func request(t *testing.T, h *harness, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, h.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
