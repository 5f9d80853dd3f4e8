package cmd

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A target with a certificate of its own authority is refused, unless the authority is
// given, or any certificate will do.
func TestTargetsWithTLS(t *testing.T) {
	app := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	defer app.Close()
	d := newDesk(t)
	authority := filepath.Join(d.dir, "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: app.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		flags []string
		code  int
		shown string
	}{
		{"unknown authority", nil, codeNetwork, "certificate"},
		{"authority given", []string{"--ca", authority}, codeDone, "202"},
		{"any certificate", []string{"-k"}, codeDone, "202"},
	} {
		out, errs, code := d.run(append([]string{"send", "rentman/Contact.create", app.URL}, tt.flags...)...)
		if code != tt.code || !strings.Contains(out+errs, tt.shown) {
			t.Errorf("send, %s: code %d, want %d and %q\n%s%s", tt.name, code, tt.code, tt.shown, out, errs)
		}
		address, end := d.receiving(append([]string{"--forward-to", app.URL}, tt.flags...)...)
		response, err := http.Post("http://"+address+"/rentman", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		end()
		if want := map[int]int{codeDone: http.StatusAccepted, codeNetwork: http.StatusBadGateway}[tt.code]; response.StatusCode != want {
			t.Errorf("listen, %s: answered %d, want %d", tt.name, response.StatusCode, want)
		}
	}
}
