package explain

import (
	"fmt"
	"strings"

	"whk/verify"
)

// pieces are what a scheme signs: runs of text and variables between the bodies.
type pieces []piece

// piece is a text, a variable or the body.
type piece struct{ text, variable string }

// piecesOf takes signed content apart, false where it holds what has no plain
// expression in every language.
func piecesOf(template string) (pieces, bool) {
	known := map[string]string{"body": "body", "ts": "timestamp", "id": "id", "url": "url", "method": "method"}
	var all pieces
	for template != "" {
		text, rest, found := strings.Cut(template, "{")
		if !plainText(text) {
			return nil, false
		}
		if text != "" {
			all = append(all, piece{text: text})
		}
		if !found {
			break
		}
		name, behind, closed := strings.Cut(rest, "}")
		if !closed || known[name] == "" {
			return nil, false
		}
		all, template = append(all, piece{variable: known[name]}), behind
	}
	return all, len(all) > 0
}

// plainText reports whether a text means itself in the quotes of every language, and in
// those that hold variables.
func plainText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(" .:|_-=,/&+;@~^", r))
	})
}

// plainWord reports whether a text is the name of a header.
func plainWord(s string) bool {
	return s != "" && plainText(s) && !strings.ContainsAny(s, " :=,/;@&+|")
}

// each walks over the content: text is called with the runs between the bodies.
func (p pieces) each(text func(pieces), body func()) {
	var run pieces
	flush := func() {
		if len(run) > 0 {
			text(run)
		}
		run = nil
	}
	for _, x := range p {
		if x.variable != "body" {
			run = append(run, x)
			continue
		}
		flush()
		body()
	}
	flush()
}

// within is a run as the inside of a text that holds variables in such a form.
func (p pieces) within(form string) (text string, varies bool) {
	for _, x := range p {
		if x.variable != "" {
			text, varies = text+fmt.Sprintf(form, x.variable), true
		}
		text += x.text
	}
	return text, varies
}

// terms are a run as a sum of texts and variables.
func (p pieces) terms(plus, sigil string) string {
	var all []string
	for _, x := range p {
		if x.variable != "" {
			all = append(all, sigil+x.variable)
			continue
		}
		all = append(all, `"`+x.text+`"`)
	}
	return strings.Join(all, plus)
}

func (p pieces) node() string {
	var out strings.Builder
	p.each(func(run pieces) {
		text, _ := run.within("${%s}")
		out.WriteString(".update(`" + text + "`)")
	}, func() { out.WriteString(".update(rawBody)") })
	return out.String()
}

func (p pieces) python(body string) string {
	var all []string
	p.each(func(run pieces) {
		text, varies := run.within("{%s}")
		if varies {
			all = append(all, `f"`+text+`".encode()`)
			return
		}
		all = append(all, `b"`+text+`"`)
	}, func() { all = append(all, body) })
	return strings.Join(all, " + ")
}

func (p pieces) php(body string) string {
	var all []string
	p.each(func(run pieces) { all = append(all, run.terms(".", "$")) }, func() { all = append(all, body) })
	return strings.Join(all, ".")
}

func (p pieces) java() string {
	var out strings.Builder
	p.each(func(run pieces) { out.WriteString("mac.update((" + run.terms(" + ", "") + ").getBytes(UTF_8)); ") },
		func() { out.WriteString("mac.update(body); ") })
	return out.String()
}

func (p pieces) ruby() string {
	if len(p) == 1 && p[0].variable == "body" {
		return "request.raw_post"
	}
	var out strings.Builder
	p.each(func(run pieces) {
		text, _ := run.within("#{%s}")
		out.WriteString(text)
	}, func() { out.WriteString("#{request.raw_post}") })
	return `"` + out.String() + `"`
}

func (p pieces) net() string {
	if len(p) == 1 && p[0].variable == "body" {
		return "body"
	}
	var all []string
	p.each(func(run pieces) { all = append(all, ".. Encoding.UTF8.GetBytes("+run.terms(" + ", "")+")") },
		func() { all = append(all, ".. body") })
	return "(byte[])[" + strings.Join(all, ", ") + "]"
}

func (p pieces) golang() string {
	var out strings.Builder
	p.each(func(run pieces) { out.WriteString("io.WriteString(mac, " + run.terms("+", "") + "); ") },
		func() { out.WriteString("mac.Write(body); ") })
	return out.String()
}

// The functions below write a digest in an encoding: hex, base64 or base64url.

func inPython(encoding, mac string) string {
	switch encoding {
	case "base64":
		return "base64.b64encode(" + mac + ".digest()).decode()"
	case "base64url":
		return "base64.urlsafe_b64encode(" + mac + `.digest()).decode().rstrip("=")`
	}
	return mac + ".hexdigest()"
}

func inPHP(encoding, hash, content, key string) string {
	arguments := fmt.Sprintf("%q, %s, %s", hash, content, key)
	switch encoding {
	case "base64":
		return "base64_encode(hash_hmac(" + arguments + ", true))"
	case "base64url":
		return "rtrim(strtr(base64_encode(hash_hmac(" + arguments + `, true)), "+/", "-_"), "=")`
	}
	return "hash_hmac(" + arguments + ")"
}

func inJava(encoding, sum string) string {
	switch encoding {
	case "base64":
		return "Base64.getEncoder().encodeToString(" + sum + ")"
	case "base64url":
		return "Base64.getUrlEncoder().withoutPadding().encodeToString(" + sum + ")"
	}
	return "HexFormat.of().formatHex(" + sum + ")"
}

func inRuby(encoding, hash, key, content string) string {
	arguments := fmt.Sprintf("(%q, %s, %s)", hash, key, content)
	switch encoding {
	case "base64":
		return "Base64.strict_encode64(OpenSSL::HMAC.digest" + arguments + ")"
	case "base64url":
		return "Base64.urlsafe_encode64(OpenSSL::HMAC.digest" + arguments + ", padding: false)"
	}
	return "OpenSSL::HMAC.hexdigest" + arguments
}

func inNET(encoding, sum string) string {
	switch encoding {
	case "base64":
		return "Convert.ToBase64String(" + sum + ")"
	case "base64url":
		return "Base64Url.EncodeToString(" + sum + ")"
	}
	return "Convert.ToHexString(" + sum + ").ToLowerInvariant()"
}

func inGo(encoding, sum string) string {
	switch encoding {
	case "base64":
		return "base64.StdEncoding.EncodeToString(" + sum + ")"
	case "base64url":
		return "base64.RawURLEncoding.EncodeToString(" + sum + ")"
	}
	return "hex.EncodeToString(" + sum + ")"
}

// keyName tells a secret whose text is the key from one that has to be turned into it.
func keyName(r verify.Recipe) string {
	if r.SecretPrefix != "" || r.SecretEncoding != "" && r.SecretEncoding != "raw" {
		return "key"
	}
	return "secret"
}

// keying is how the key comes of the secret's text.
func keying(r verify.Recipe) (code, bool) {
	if r.Kind != verify.KindHMAC || !plainText(r.SecretPrefix) {
		return code{}, false
	}
	from := code{"secret", "secret", "secret", "$secret", "$secret", "secret", "secret", "secret", "secret"}
	if p := r.SecretPrefix; p != "" {
		from = code{
			fmt.Sprintf("secret.slice(%d)", len(p)),
			fmt.Sprintf("secret.removeprefix(%q)", p), fmt.Sprintf("secret.removeprefix(%q)", p),
			fmt.Sprintf("Str::after($secret, %q)", p), fmt.Sprintf("substr($secret, strlen(%q))", p),
			fmt.Sprintf("secret.substring(%q.length())", p), fmt.Sprintf("secret.delete_prefix(%q)", p),
			fmt.Sprintf("secret[%q.Length..]", p), fmt.Sprintf("strings.TrimPrefix(secret, %q)", p),
		}
	}
	forms := code{`const key = Buffer.from(%s, "utf8")`, "key = %s.encode()", "key = %s.encode()", "$key = %s;", "$key = %s;",
		"byte[] key = %s.getBytes(UTF_8);", "key = %s", "var key = Encoding.UTF8.GetBytes(%s);", "key := []byte(%s)"}
	switch r.SecretEncoding {
	case "base64":
		forms = code{`const key = Buffer.from(%s, "base64")`, "key = base64.b64decode(%s)", "key = base64.b64decode(%s)", "$key = base64_decode(%s);", "$key = base64_decode(%s);",
			"byte[] key = Base64.getDecoder().decode(%s);", "key = Base64.decode64(%s)", "var key = Convert.FromBase64String(%s);", "key, err := base64.StdEncoding.DecodeString(%s)"}
	case "hex":
		forms = code{`const key = Buffer.from(%s, "hex")`, "key = bytes.fromhex(%s)", "key = bytes.fromhex(%s)", "$key = hex2bin(%s);", "$key = hex2bin(%s);",
			"byte[] key = HexFormat.of().parseHex(%s);", `key = [%s].pack("H*")`, "var key = Convert.FromHexString(%s);", "key, err := hex.DecodeString(%s)"}
	}
	for i := range forms {
		forms[i] = strings.Replace(forms[i], "%s", from[i], 1)
	}
	return forms, true
}
