package cmd

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Secrets and expected signatures appear in nothing that whk writes, also not encoded,
// unless they are asked for.
func TestSecretsAreNotShown(t *testing.T) {
	const token, key = "c4nary-T0ken+/=with space", "c4nary-shared-key"
	d := newDesk(t)
	d.env["RENTMAN_TOKEN"], d.env["WHK_SECRET_PLOOMES"] = token, key
	posKey := filepath.Join(d.dir, "pos")
	if err := os.WriteFile(posKey, []byte("c4nary-pos-key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := "version: 1\nproviders:\n  rentman: {secret: env:RENTMAN_TOKEN}\n"
	if err := os.WriteFile(filepath.Join(d.dir, ".whk.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	// A body that carries the secret, in clear and encoded, by accident or to fetch it.
	body := `{"a":"` + token + `","b":"` + base64.StdEncoding.EncodeToString([]byte(token)) + `","c":"` + url.QueryEscape(token) + `"}`
	var written strings.Builder
	for _, form := range [][]string{nil, {"--json"}} {
		address, end := d.receiving(append(form, "--secret-file", "cassaincloud="+posKey)...)
		for _, event := range []string{"rentman/Contact.create", "ploomes/Contacts.Update", "cassaincloud/RECEIPT.CREATE"} {
			target := "http://" + address + "/" + event[:strings.IndexByte(event, '/')]
			for _, args := range [][]string{
				{"send", event, target}, {"send", event, target, "--sign", "wrong", "--print", "http"}, {"send", event, target, "--dry-run", "--print", "json"},
				{"send", event, target, "--print", "curl"}, {"send", event, target, "--json"},
			} {
				out, errs, _ := d.run(append(args, "--secret-file", "cassaincloud="+posKey)...)
				written.WriteString(out + errs)
			}
		}
		request, _ := http.NewRequest("POST", "http://"+address+"/rentman?key="+url.QueryEscape(key), strings.NewReader(body))
		request.Header = http.Header{"Digest": {"sha512=" + hex.EncodeToString([]byte(token))}, "Authorization": {"Bearer " + token}}
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(response.Body)
		response.Body.Close()
		out, errs := end()
		written.WriteString(out + errs + string(answer))
	}
	for _, args := range [][]string{
		{"events", "list"}, {"events", "list", "--json"}, {"events", "show", "last"}, {"events", "show", "last", "--json"}, {"events", "show", "last:ploomes"},
		{"verify", "last"}, {"verify", "last", "--json"}, {"verify", "last:ploomes"}, {"doctor"}, {"doctor", "--json"}, {"providers", "show", "rentman"},
		{"replay", "last", "http://127.0.0.1:1"}, {"listen", "--secret", "rentman=" + token, "--addr", "nowhere:x"}, {"listen", "--on-invalid", "x"},
	} {
		out, errs, _ := d.run(args...)
		written.WriteString(out + errs)
	}
	text := written.String()
	expected := hmac.New(sha512.New, []byte(token))
	expected.Write([]byte(body))
	if strings.Contains(text, hex.EncodeToString(expected.Sum(nil))) {
		t.Error("the signature that would have been accepted is shown")
	}
	for _, value := range []string{token, key, "c4nary-pos-key"} {
		for name, form := range map[string]string{
			"in clear": value, "base64": base64.StdEncoding.EncodeToString([]byte(value)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(value)),
			"hex": hex.EncodeToString([]byte(value)), "URL-encoded": url.QueryEscape(value), "path-escaped": url.PathEscape(value),
		} {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("%q is shown %s: ...%s...", value, name, text[max(0, at-120):min(len(text), at+len(form)+40)])
			}
		}
	}
	if !strings.Contains(text, "fp ") && !strings.Contains(text, "fingerprint") {
		t.Error("no fingerprint is shown either, so nothing tells the secrets apart")
	}

	// Asked for, they are shown.
	if out, errs, _ := d.run("events", "show", "last:ploomes", "--show-secrets"); !strings.Contains(out, key) {
		t.Errorf("--show-secrets shows nothing:\n%s%s", out, errs)
	}
}
