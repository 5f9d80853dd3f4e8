package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"whk/replay"
	"whk/replay/contract"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// again is how a request is sent once more.
type again struct {
	curl, send string
	files      []string
}

// longestInline is the longest body that stands in a command line; others go into files.
const longestInline = 600

// again makes the lines that send a request of a failure once more, exactly as it was. What
// cannot stand in a line goes into a file, if there is a place for files.
func (o *testOutput) again(r contract.Result, n int, x *contract.Exchange) again {
	if x.Delivery == nil {
		return again{}
	}
	var a again
	stem := fmt.Sprintf("%s-%d", r.ID, n+1)
	body := o.bodyArgument(&a, stem, x)
	if x.Raw != nil {
		a.curl = o.rawLine(&a, stem, x)
		return a
	}
	a.curl = o.curlLine(x, body)
	if x.Event != "" && x.Sign != "" && (body != "" || len(x.Delivery.Body) == 0) {
		words := []string{"whk send", replay.Quote(o.t.options.Provider.Name + "/" + x.Event), replay.Quote(o.t.shown())}
		if x.Variant != provider.DefaultVariant && x.Variant != "" {
			words = append(words, "--variant", replay.Quote(x.Variant))
		}
		if body != "" {
			words = append(words, "--body", body)
		}
		if x.Sign != replay.SignNormal {
			words = append(words, "--sign", string(x.Sign))
		}
		a.send = strings.Join(words, " ")
	}
	return a
}

// bodyArgument is a body as an argument: the text itself, or the file that it was written
// to; "" when it is neither.
func (o *testOutput) bodyArgument(a *again, stem string, x *contract.Exchange) string {
	body := x.Delivery.Body
	if len(body) == 0 {
		return ""
	}
	if o.t.flags.artifacts != "" {
		if name, err := o.keep(o.t.flags.artifacts, stem+".body", body); err == nil {
			a.files = append(a.files, name)
			return replay.Quote("@" + name)
		}
	}
	text := string(body)
	if len(body) > longestInline || !utf8.Valid(body) || display.Line(text) != text || strings.HasPrefix(text, "@") || text == "-" || o.t.redact.Text(text) != text {
		return ""
	}
	return replay.Quote(text)
}

// keep writes a file of a failure, with secrets taken out unless they are wanted.
func (o *testOutput) keep(dir, name string, content []byte) (string, error) {
	full := o.t.app.path(dir)
	if err := os.MkdirAll(full, 0o700); err != nil {
		o.trouble(err)
		return "", err
	}
	if text := o.t.redact.Text(string(content)); text != string(content) {
		content = []byte(text)
	}
	if err := os.WriteFile(filepath.Join(full, name), content, 0o600); err != nil {
		o.trouble(err)
		return "", err
	}
	return filepath.Join(dir, name), nil
}

// trouble says once that files cannot be written.
func (o *testOutput) trouble(err error) {
	if o.troubled {
		return
	}
	o.troubled = true
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path
	}
	o.t.app.warn("keep the requests of failures: "+display.Line(err.Error()), "")
}

// curlLine is the request for curl; its body comes from a file where there is one.
func (o *testOutput) curlLine(x *contract.Exchange, body string) string {
	d := x.Delivery
	file, fromFile := strings.CutPrefix(strings.Trim(body, "'"), "@")
	bare := *d
	if fromFile || body == "" && len(d.Body) > longestInline {
		bare.Body = []byte("BODY")
	}
	target := d.URL
	text, err := replay.Curl(&bare, target, replay.CurlOptions{Redactor: o.t.redact, Provider: o.t.options.Provider.Name})
	if err != nil {
		return ""
	}
	switch {
	case fromFile:
		text = strings.Replace(text, "--data-binary BODY", "--data-binary "+replay.Quote("@"+file), 1)
	case body == "" && len(d.Body) > longestInline:
		return "" // --artifacts has a place for it
	}
	return text
}

// rawLine sends the bytes of a request that no client makes.
func (o *testOutput) rawLine(a *again, stem string, x *contract.Exchange) string {
	host, port := hostPort(x.Delivery)
	if o.t.flags.artifacts != "" {
		if name, err := o.keep(o.t.flags.artifacts, stem+".http", x.Raw); err == nil {
			a.files = append(a.files, name)
			return "nc " + host + " " + port + " < " + replay.Quote(name)
		}
	}
	if len(x.Raw) > 2*longestInline || !utf8.Valid(x.Raw) || bytes.IndexByte(x.Raw, 0) >= 0 {
		return ""
	}
	text := o.t.redact.Text(string(x.Raw))
	escaped := strings.NewReplacer(`\`, `\\`, "\r", `\r`, "\n", `\n`, "\t", `\t`).Replace(text)
	if display.Line(escaped) != escaped {
		return ""
	}
	return "printf '%b' " + replay.Quote(escaped) + " | nc " + host + " " + port
}

func hostPort(d *verify.Delivery) (host, port string) {
	host, port, found := strings.Cut(d.Host, ":")
	if !found {
		port = "80"
	}
	return replay.Quote(host), replay.Quote(port)
}
