package provider

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func masked(t testing.TB, body string, o MaskOptions) (string, []Masked) {
	t.Helper()
	out, list, err := Mask([]byte(body), o)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(out) {
		t.Fatalf("masked, it is no JSON: %s", out)
	}
	return string(out), list
}

func TestMaskKinds(t *testing.T) {
	for _, c := range []struct {
		name, member string
		form         string // what the masked member looks like; empty when it stays
		kind         MaskKind
	}{
		{"an e-mail by its form", `"note":"write to j.doe@example.net!"`, `"note":"write to [a-z]\.[a-z]{3}@example\.com!"`, MaskEmail},
		{"an e-mail by its name", `"Email":"j.doe@example.net"`, `"Email":"[a-z]\.[a-z]{3}@example\.com"`, MaskEmail},
		{"a phone", `"PhoneNumber":"(11) 3842-6673"`, `"PhoneNumber":"\(\d\d\) \d{4}-\d{4}"`, MaskPhone},
		{"a phone as a number", `"telefono":5511384266}`[:len(`"telefono":5511384266`)], `"telefono":[1-9]\d{9}`, MaskPhone},
		{"a phone in a text", `"note":"call +39 02 1234 5678 now"`, `"note":"call \+\d\d \d\d \d{4} \d{4} now"`, MaskPhone},
		{"a person", `"firstName":"Ada"`, `"firstName":"[A-Z][a-z][a-z]"`, MaskName},
		{"a company", `"nombre_legal":"BANCO NACIONAL S.A."`, `"nombre_legal":"[A-Z]{5} [A-Z]{8} [A-Z]\.[A-Z]\."`, MaskName},
		{"letters of other scripts", `"name":"Žofie Ωmega"`, `"name":"[A-Z][a-z]{4} [A-Z][a-z]{4}"`, MaskName},
		{"a list of names", `"contacts":["Ada","Bob"]`, `"contacts":\["[A-Z][a-z]{2}","[A-Z][a-z]{2}"\]`, MaskName},
		{"a street", `"street":"Rua Augusta 1500"`, `"street":"[A-Z][a-z]{2} [A-Z][a-z]{6} \d{4}"`, MaskAddress},
		{"what stands in an address", `"address":{"line1":"Elm 5","country":"BR","countryId":76}`, `"address":\{"line1":"[A-Z][a-z]{2} \d","country":"BR","countryId":76\}`, MaskAddress},
		{"a tax number", `"vat_number":"IT12345670017"`, `"vat_number":"IT\d{11}"`, MaskTax},
		{"a tax number in a text", `"note":"CNPJ 12.345.678/0001-95"`, `"note":"CNPJ \d\d\.\d{3}\.\d{3}/\d{4}-\d\d"`, MaskTax},
		{"an IBAN", `"note":"DE89 3704 0044 0532 0130 00"`, `"note":"DE\d\d \d{4} \d{4} \d{4} \d{4} \d\d"`, MaskAccount},
		{"a card", `"note":"paid by 4111 1111 1111 1111"`, `"note":"paid by \d{4} \d{4} \d{4} \d{4}"`, MaskAccount},
		{"a key by its name", `"ValidationKey":"abcd1234"`, `"ValidationKey":"[a-z]{4}\d{4}"`, MaskKey},
		{"a key by its form", `"note":"Bearer abcdef123456"`, `"note":"Bearer [a-f]{6}\d{6}"`, MaskKey},
		{"a key in an address", `"url":"https://example.com/x?access_token=s3cr3tv4lue&y=1"`, `"url":"https://example\.com/x\?access_token=[a-z]\d[a-z]{2}\d[a-z]{2}\d[a-z]{3}&y=1"`, MaskKey},
		{"a password in an address", `"url":"ftp://me:s3cret@example.com/"`, `"url":"ftp://[a-z]{2}:[a-z]\d[a-z]{4}@example\.com/"`, MaskKey},
		{"a key that is long and random", `"x":"0123456789abcdef0123456789abcdef"`, `"x":"[0-9a-f]{32}"`, MaskKey},
		{"an IP address", `"remote":"from 203.0.113.77 and 2001:db8::77"`, `"remote":"from 192\.0\.2\.\d+ and 2001:db8::\d"`, MaskIP},
		{"coordinates", `"lat":45.464203,"lon":-9.98999`, `"lat":45\.500000,"lon":-10\.00000`, MaskPlace},
		{"coordinates in a text", `"map":"45.46420, 9.19001"`, `"map":"45\.50000, 9\.20000"`, MaskPlace},
		{"a place", `"location":{"x":45.464203,"speed":3}`, `"location":\{"x":45\.500000,"speed":3\}`, MaskPlace},
		{"a date of birth", `"date_of_birth":"1815-12-10T08:30:00Z"`, `"date_of_birth":"1990-01-01T00:00:00Z"`, MaskBirth},

		{"an id", `"contactId":"abc123","Id":2630362,"ref":"/contacts/10"`, ``, ""},
		{"a UUID", `"key":"018f4e7a-2b3c-7d4e-8f90-123456789abc"`, ``, ""},
		{"a time", `"at":"2023-02-02T12:07:01+01:00","ms":1690000000000,"t":"12:07:01"`, ``, ""},
		{"an amount", `"taxRate":22,"vat":22,"iva":"22%","price":1.10,"taxAmount":12345.67`, ``, ""},
		{"the name of a thing", `"productName":"Cable","eventName":"Contact.create","file_name":"a.pdf"`, ``, ""},
		{"a status", `"phoneType":"home","emailVerified":true,"userStatus":"active"`, ``, ""},
		{"nothing to mask", `"name":"","email":null,"phone":" ","user":{},"company":[]`, ``, ""},
		{"words that tokens follow elsewhere", `"note":"basic knowledge, bearer certificates"`, ``, ""},
		{"this machine", `"ip":"127.0.0.1"`, ``, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := `{"z": 1 , ` + c.member + `}`
			got, list := masked(t, body, MaskOptions{})
			if c.form == "" {
				if got != body || len(list) > 0 {
					t.Errorf("%s became %s: %v", body, got, list)
				}
				return
			}
			if !regexp.MustCompile(`^\{"z": 1 , `+c.form+`\}$`).MatchString(got) || got == body {
				t.Errorf("%s became %s", body, got)
			}
			if len(list) == 0 || list[0].As != c.kind {
				t.Errorf("masked %v, want %s", list, c.kind)
			}
		})
	}
}

// planted is what must not be left in a sample.
var planted = []string{
	"maria.souza@example.org", "Maria Souza", "Acme Ferramentas Ltda", "(11) 98765-4321", "+55 11 91234-5678",
	"12.345.678/0001-95", "123.456.789-09", "IT12345670017", "DE89370400440532013000", "4111111111111111",
	"sk_live_51abcDEFghiJKL", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "hunter2hunter2", "203.0.113.77", "Avenida Paulista 1578",
}

// document with every planted value under its name, in a text, and in other encodings.
func plantedBody() string {
	names := []string{"email", "Name", "LegalName", "Phone", "mobile", "cnpj", "cpf", "vatNumber", "iban", "cardNumber", "api_key", "token", "password", "ip", "street"}
	var b strings.Builder
	for i, value := range planted {
		quoted, _ := json.Marshal(value)
		nested, _ := json.Marshal(fmt.Sprintf(`{"%s":%s}`, names[i], quoted))
		raw := []byte(value)
		fmt.Fprintf(&b, `"%s":%s,"free%d":"about %s, and so on","same%d":%s,"hex%d":"%s","HEX%d":"x:%s","b64_%d":"%s","url64_%d":"id-%s","query%d":"https://example.com/?q=%s&n=1","path%d":"/a/%s/b","nested%d":%s,"long%d":"%s",`,
			names[i], quoted, i, value, i, quoted, i, hex.EncodeToString(raw), i, strings.ToUpper(hex.EncodeToString(raw)),
			i, base64.StdEncoding.EncodeToString(raw), i, base64.RawURLEncoding.EncodeToString(raw),
			i, url.QueryEscape(value), i, url.PathEscape(value), i, nested,
			i, base64.StdEncoding.EncodeToString([]byte("one "+value+" two")))
	}
	return `{` + b.String() + `"Maria Souza":{"maria.souza@example.org":1},"shout":"MARIA SOUZA","last":"1.10"}`
}

// leaks lists the planted values that a text still holds, in any encoding.
func leaks(text string) []string {
	var found []string
	for _, value := range planted {
		raw := []byte(value)
		forms := []string{value, strings.ToUpper(value), hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)), url.QueryEscape(value), url.PathEscape(value)}
		for offset := range 3 { // base64 within a longer text looks different at each of three offsets
			for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				encoded := encoding.EncodeToString(append(make([]byte, offset), raw...))
				forms = append(forms, encoded[(offset*8+5)/6:(offset+len(raw))*8/6])
			}
		}
		for _, form := range forms {
			if strings.Contains(text, form) {
				found = append(found, value+" as "+form)
			}
		}
	}
	return found
}

func TestMaskLeavesNothing(t *testing.T) {
	body := plantedBody()
	if n := len(leaks(body)); n < 8*len(planted) {
		t.Fatalf("the document holds %d of what is looked for", n)
	}
	got, _ := masked(t, body, MaskOptions{})
	if found := leaks(got); len(found) > 0 {
		t.Errorf("left: %s\nin %s", strings.Join(found, "\n"), got)
	}
	again, _ := masked(t, body, MaskOptions{})
	if got != again {
		t.Error("equal bodies are masked in two ways")
	}
	secret := "correct horse battery staple"
	got, _ = masked(t, `{"note":"it is `+secret+`","hex":"`+hex.EncodeToString([]byte(secret))+`"}`, MaskOptions{Secrets: []string{secret}})
	if strings.Contains(got, secret) || strings.Contains(got, hex.EncodeToString([]byte(secret))) {
		t.Errorf("a secret is left: %s", got)
	}
}

// The same value has the same mask throughout a body, and others have others.
func TestMaskIsStable(t *testing.T) {
	got, list := masked(t, `{"Old":{"LegalName":"Ploomes","Email":"a@b.example"},"New":{"LegalName":"Ploomes Sistemas","Email":"a@b.example","Contact":"Ploomes"},"note":"Ploomes wrote"}`, MaskOptions{})
	at := func(path string) string {
		text, _ := Lookup([]byte(got), path)
		return text
	}
	old, now := at("Old.LegalName"), at("New.LegalName")
	switch {
	case old == now, old != at("New.Contact"), at("note") != old+" wrote":
		t.Errorf("names: %s", got)
	case at("Old.Email") != at("New.Email"):
		t.Errorf("e-mails: %s", got)
	}
	var paths []string
	for _, m := range list {
		paths = append(paths, m.Path)
	}
	if diff := cmp.Diff([]string{"Old.LegalName", "Old.Email", "New.LegalName", "New.Email", "New.Contact", "note"}, paths); diff != "" {
		t.Errorf("paths (-want +got)\n%s", diff)
	}
}

func TestMaskKeep(t *testing.T) {
	body := `{"account":"demo","items":[{"name":"Ada"},{"name":"Bob Stone"}],"note":"Bob Stone"}`
	got, _ := masked(t, body, MaskOptions{Keep: []string{"account", "items.#.name"}})
	if got != body {
		t.Errorf("became %s", got)
	}
	got, list := masked(t, body, MaskOptions{Keep: []string{"account", "items.0"}})
	if !strings.HasPrefix(got, `{"account":"demo","items":[{"name":"Ada"},{"name":"`) || strings.Contains(got, "Bob Stone") || len(list) != 2 {
		t.Errorf("became %s", got)
	}
	if _, _, err := Mask([]byte(body), MaskOptions{Keep: []string{""}}); err == nil {
		t.Error("an empty path is kept")
	}
}

func TestMaskRefuses(t *testing.T) {
	for name, body := range map[string]string{"no JSON": `{"a":`, "too deep": strings.Repeat("[", 300) + strings.Repeat("]", 300)} {
		if out, _, err := Mask([]byte(body), MaskOptions{}); err == nil {
			t.Errorf("%s: became %s", name, out)
		}
	}
}

// Whatever is masked keeps its shape: the same names but for personal ones, the same
// kinds of values in the same places, and all bytes between them.
func TestMaskKeepsShape(t *testing.T) {
	shape := func(body string) string {
		var out bytes.Buffer
		for i := 0; i < len(body); {
			switch c := body[i]; {
			case c == '"':
				i = skipString([]byte(body), i)
				out.WriteString(`""`)
			case c == '-' || '0' <= c && c <= '9':
				for i < len(body) && !ends(body[i]) {
					i++
				}
				out.WriteByte('0')
			default:
				out.WriteByte(c)
				i++
			}
		}
		return out.String()
	}
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.SampledFrom([]string{`"Ada Stone"`, `"j@example.net"`, `5511384266`, `45.46420`, `"\u0041da \/ Stone"`, `1.10`, `null`, `true`, `"x"`, `"{\"name\":\"Ada\"}"`, `"QWRhIFN0b25l"`, `""`})
		name := rapid.SampledFrom([]string{"name", "email", "phone", "lat", "id", "note", "Ada Stone", "address"})
		var members []string
		for _, key := range rapid.SliceOfNDistinct(name, 0, 6, rapid.ID[string]).Draw(rt, "names") {
			v := value.Draw(rt, "value")
			switch rapid.IntRange(0, 3).Draw(rt, "nest") {
			case 0:
				v = `[ ` + v + ` ,` + value.Draw(rt, "second") + `]`
			case 1:
				v = `{"` + name.Draw(rt, "inner") + `" : ` + v + ` }`
			}
			members = append(members, `"`+key+`": `+v)
		}
		body := `{ ` + strings.Join(members, " ,\n") + `}`
		got, list := masked(t, body, MaskOptions{})
		if shape(got) != shape(body) {
			rt.Fatalf("%s became %s", body, got)
		}
		if len(list) == 0 != (got == body) {
			rt.Fatalf("%s became %s, said %v", body, got, list)
		}
		for _, m := range list {
			if _, ok := Get([]byte(got), m.Path); !ok {
				rt.Fatalf("there is no %s in %s", m.Path, got)
			}
		}
	})
}

func TestMaskIsBounded(t *testing.T) {
	var names strings.Builder
	for i := range 5_000 {
		fmt.Fprintf(&names, `{"name":"Person %d of many","note":"Person %d of many"},`, i, i/2)
	}
	long := strings.Repeat("a", 1<<17)
	for name, body := range map[string]string{
		"many names":  `[` + names.String() + `{}]`,
		"a long name": `{"name":"` + long + `","note":"` + long + long + `"}`,
		"nested text": `{"note":` + string(quote(strings.Repeat(`[`, 9_000)+strings.Repeat(`]`, 9_000))) + `}`,
		"base64":      `{"note":"` + strings.Repeat("QWRhIFN0b25l", 20_000) + `"}`,
		"percent":     `{"note":"` + strings.Repeat("%41", 80_000) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			masked(t, body, MaskOptions{})
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func FuzzMask(f *testing.F) {
	f.Add([]byte(`{"name":"Ada Stone","note":"by Ada Stone, ada@example.net","b":"QWRhIFN0b25l","u":"?q=Ada%20Stone"}`))
	f.Add([]byte(specimen))
	f.Add([]byte(`{"name":"\ud800","lat":1e5,"lon":"9.99999","email":["a@b.co"],"\u0061ddress":{"x":"{\"a\":[1]}"},"phone":00}`))
	f.Add([]byte(`"maria@example.org"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		out, list, err := Mask(body, MaskOptions{})
		if !bytes.Equal(body, before) {
			t.Fatal("the body was changed in place")
		}
		if err != nil {
			return
		}
		if !json.Valid(out) || len(list) == 0 && !bytes.Equal(out, body) {
			t.Fatalf("%q became %q, said %v", body, out, list)
		}
		changes, err := Diff(body, out, DiffOptions{})
		if err != nil {
			t.Fatal(err)
		}
		same := func(a, b []byte) bool { return a[0] == b[0] || isNumber(a) && isNumber(b) }
		for _, c := range changes.List {
			if c.Kind == Changed && !same(c.Old, c.New) {
				t.Fatalf("%s: %s became %s", c.Path, c.Old, c.New)
			}
		}
	})
}

func TestNameParts(t *testing.T) {
	for name, want := range map[string]string{
		"firstName": "first name", "first_name": "first name", "FIRST-NAME": "first name", "PhoneNumber2": "phone number 2",
		"IPAddress": "ip address", "ipv4": "ipv4", "userID": "user id", "": "", "é": "é", "APIKey": "api key",
	} {
		if got := strings.Join(nameParts(name), " "); got != want {
			t.Errorf("nameParts(%q) = %q, want %q", name, got, want)
		}
	}
	if !slices.Equal(nameParts("HTTPServer"), []string{"http", "server"}) {
		t.Error("HTTPServer")
	}
}
