package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/verify"
	"whk/verify/provider"
)

// requestFlags describe a request on the command line, for schemes that sign more of it
// than its body.
type requestFlags struct {
	method    string
	url       string
	publicURL string
	headers   []string
}

func (f *requestFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.method, "method", http.MethodPost, "HTTP `METHOD` of the request, for schemes that sign it")
	flags.StringVar(&f.url, "url", "", "`URL` or path of the request, for schemes that sign it")
	flags.StringVar(&f.publicURL, "public-url", "", "`URL` that senders use, when a proxy stands before the receiver; for schemes that sign it")
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "header of the request, as in `'Name: value'`; repeatable")
}

// delivery makes a request of the flags.
func (f *requestFlags) delivery(a *app, body []byte) (*verify.Delivery, error) {
	d := &verify.Delivery{Method: strings.ToUpper(f.method), URL: f.url, Header: http.Header{}, Body: body}
	if a.settings.Source("url").Layer == config.Env {
		d.URL = "" // WHK_URL is the address of a listener, not of one request
	}
	for _, text := range f.headers {
		name, value, ok := strings.Cut(text, ":")
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		switch {
		case !ok || name == "" || strings.ContainsAny(name, " \t\r\n"):
			return nil, usagef("--header: expected 'Name: value'")
		case strings.ContainsAny(value, "\r\n\x00"):
			return nil, usagef("--header %s: a value is one line of text", name)
		case name == "Host":
			d.Host = strings.TrimSpace(value)
			continue
		}
		d.Header[name] = append(d.Header[name], strings.Trim(value, " \t"))
	}
	if u, err := url.Parse(d.URL); err == nil && u.Host != "" && d.Host == "" {
		d.Host = u.Host
	}
	return d, f.check()
}

func (f *requestFlags) check() error {
	if f.publicURL == "" {
		return nil
	}
	if u, err := url.Parse(f.publicURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usagef("--public-url %s: expected an address such as https://hooks.example.com", f.publicURL)
	}
	return nil
}

// signFlags are the flags of whk sign.
type signFlags struct {
	at      string
	id      string
	request requestFlags
	secrets secretFlags
}

func (f *signFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.at, "at", "now", "sign with this `TIME`, for schemes with a time stamp: now, 5m (ago), or RFC 3339")
	flags.StringVar(&f.id, "id", "", "sign with this delivery `ID`, for schemes that have one (default: a fresh one)")
	f.request.add(flags)
	f.secrets.add(flags)
}

func (a *app) signCommand() *cobra.Command {
	var f signFlags
	c := &cobra.Command{
		Use:   "sign PROVIDER [BODY|@FILE|-]",
		Short: "Print the headers that sign a body",
		Long: `Print the headers with which a provider would sign exactly this body, one a line and
nothing else. The body is an argument, a file (@FILE), or standard input (-, or no
argument at all). No byte is added or taken away: echo adds a newline, printf does not.

For a provider that sends a shared key in clear, the header is that key.` + exitHelp(codeUsage),
		Example: `  whk sign rentman '{"account":"example"}'
  whk sign rentman @body.json
  curl --data-binary @body.json -H 'Content-Type: application/json' -H "$(whk sign rentman @body.json)" localhost:4400/rentman
  printf '{}' | whk sign cassaincloud --json`,
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return hint(usagef("sign: as which provider?"), "as in: whk sign rentman @body.json; whk providers list lists them")
			case 1, 2:
				return nil
			}
			return hint(usagef("sign: expected a provider and one body, got %d arguments", len(args)), "put quotes around a body with blanks, or use @FILE")
		},
		RunE: func(c *cobra.Command, args []string) error { return a.sign(c.Context(), &f, args) },
	}
	f.add(c.Flags())
	return c
}

func (a *app) sign(_ context.Context, f *signFlags, args []string) error {
	if _, err := a.providers(args[0]); err != nil {
		return err
	}
	p, err := a.set.Lookup(args[0])
	if err != nil {
		return fail(codeUsage, fmt.Errorf("sign %s: %w", args[0], err))
	}
	if !p.Scheme.Signs() {
		return usagef("sign: %s documents no authentication, so there is nothing to sign with", p.Title)
	}
	at, err := parseTime(f.at, time.Now())
	if err != nil {
		return hint(err, "--at takes now, how long ago, or RFC 3339")
	}
	body, err := a.signedBody(f, args[1:])
	if err != nil {
		return err
	}
	d, err := f.request.delivery(a, body)
	if err != nil {
		return err
	}
	if p.Scheme.RequiresURL() && d.URL == "" && f.request.publicURL == "" {
		return hint(usagef("sign: %s signs the URL of the request", p.Title), "give it with --url")
	}
	secrets, err := a.secrets(p, &f.secrets, p.Name)
	if err != nil {
		return err
	}
	if p.Scheme.Keyed() && len(secrets) == 0 {
		return hint(usagef("sign: no secret for %s", p.Name), "set WHK_SECRET_"+variableOf(p)+"; the development secret does not stand in where CI is set")
	}
	keyring, err := bind(p, f.request.publicURL, secrets)
	if err != nil {
		return err
	}
	id := f.id
	if id == "" {
		id = "msg_" + strconv.FormatUint(rand.Uint64(), 36) + strconv.FormatUint(rand.Uint64(), 36)
	}
	given := maps.Clone(d.Header)
	if err := keyring.Sign(d, at, id); err != nil {
		err = fail(codeUsage, fmt.Errorf("sign %s: %w", p.Name, err))
		if errors.Is(err, verify.ErrPublicKey) {
			err = hint(err, publicKeyAdvice(p))
		}
		return err
	}
	if len(secrets) > 0 && secrets[0].Development {
		a.notice("no secret for %s is configured: signed with the development secret, which everybody knows", p.Name)
	}
	return a.printSignature(p, d, given, secrets)
}

// signedBody is the body that was named, or standard input.
func (a *app) signedBody(f *signFlags, args []string) ([]byte, error) {
	fromStdin := len(args) == 0 || args[0] == "-"
	switch {
	case fromStdin && f.secrets.stdin:
		return nil, usagef("sign: standard input can be the body or the secret, not both")
	case len(args) == 0 && a.InTTY:
		return nil, hint(usagef("sign: which body?"), "as an argument, as @FILE, or by a pipe")
	case len(args) == 0:
		return a.stdin()
	}
	return a.content(args[0])
}

// signatureJSON is what signing has set as output, type "signature".
type signatureJSON struct {
	Provider string      `json:"provider"`
	Scheme   string      `json:"scheme"`
	Secret   string      `json:"secret,omitempty"`
	Headers  http.Header `json:"headers"`
}

// printSignature prints the headers that signing has set.
func (a *app) printSignature(p *provider.Provider, d *verify.Delivery, given http.Header, secrets []verify.Secret) error {
	signature := http.Header{}
	for name, values := range d.Header {
		if !slices.Equal(values, given[name]) {
			signature[name] = values
		}
	}
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		secret := ""
		if len(secrets) > 0 {
			secret = secrets[0].Name
		}
		return out.emit("signature", signatureJSON{p.Name, p.Scheme.String(), secret, signature})
	}
	for _, name := range slices.Sorted(maps.Keys(signature)) {
		for _, value := range signature[name] {
			if strings.ContainsAny(value, "\r\n") {
				return fail(codeUsage, errors.New("sign: the secret has several lines, which no header can hold"))
			}
			if _, err := fmt.Fprintf(a.Out, "%s: %s\n", name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// parseTime reads a time: now, so long ago, a day, or RFC 3339.
func parseTime(text string, now time.Time) (time.Time, error) {
	if strings.EqualFold(text, "now") {
		return now, nil
	}
	return parseMoment(text, now)
}
