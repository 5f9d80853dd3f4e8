package provider

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// MaskKind says what a value was taken for.
type MaskKind string

// The kinds of what is masked.
const (
	MaskEmail   MaskKind = "e-mail"
	MaskPhone   MaskKind = "phone"
	MaskName    MaskKind = "name"
	MaskAddress MaskKind = "address"
	MaskTax     MaskKind = "tax number"
	MaskAccount MaskKind = "bank or card number"
	MaskKey     MaskKind = "key"
	MaskIP      MaskKind = "IP address"
	MaskBirth   MaskKind = "date of birth"
	MaskPlace   MaskKind = "coordinates"
	// MaskRepeated is a text that holds a value which was masked elsewhere.
	MaskRepeated MaskKind = "repeated"
)

// maskRules are the rules by which values are found.
type maskRules struct {
	words    map[string]MaskKind // words of a name, in small letters
	joined   []joinedName        // several words that mean something together
	passes   map[string]bool     // the last words of names that hold something else
	things   map[string]bool     // words that make a name the name of a thing
	patterns []maskPattern
	decimals *regexp.Regexp
}

type joinedName struct {
	text string
	kind MaskKind
}

// maskPattern is the form of something personal within a text: the whole match, or its
// last group.
type maskPattern struct {
	kind    MaskKind
	form    *regexp.Regexp
	needs   []string // one of them is in every text that has the form
	digits  int      // and so many digits
	holds   func(string) bool
	inNames bool // whether the names of members are searched too
	loose   bool // whether ids and the like may have the form as well
}

// The words that names consist of, in the languages of the providers.
const (
	emailWords   = "email emails mail mails correo posta pec"
	phoneWords   = "phone phones telephone tel telefono telefone telefon telefoni telefonos mobile mobilephone cell cellphone cellulare celular fax whatsapp msisdn cel"
	nameWords    = "name names nome nomi nombre nombres firstname lastname surname forename fullname username nickname displayname legalname companyname cognome apellido apellidos paterno materno sobrenome company companies azienda impresa empresa ditta societa razao razon ragione customer client cliente contact contatto contato person persona user usuario utente owner author holder recipient sender buyer seller employee operator cashier login signer passenger driver autista guest patient account vorname nachname firma"
	addressWords = "address addresses addr street streets strasse via indirizzo direccion endereco logradouro rua calle zip zipcode postal postcode plz cap cep city citta ciudad cidade town locality district neighborhood neighbourhood bairro comune"
	taxWords     = "cnpj cpf cf nif cif nit rfc ruc rut ssn ein vat vatin iva piva passport dni curp rg"
	accountWords = "iban bic swift pan cvv cvc creditcard cardnumber"
	keyWords     = "token tokens secret secrets password passwd pwd passphrase authorization auth signature cookie credential credentials otp pin apikey bearer jwt hmac"
	ipWords      = "ip ips ipaddress ipv4 ipv6 remoteaddr"
	birthWords   = "birth birthday birthdate birthdays dob nascita nascimento nacimiento geburtsdatum"
	placeWords   = "lat latitude latitud latitudine lng lon long longitude longitud longitudine coordinates coordinate coordinata coords coord gps position location geo geometry"

	// Names that end in these hold neither of the above: nameId, phoneType, taxRate.
	passWords = "id ids uuid guid ref refs type types status state count total amount rate percent percentage date time at timestamp enabled verified valid confirmed required format template language lang locale currency country version flag index order size length unit kind"
	// And these make a name that of a thing: productName, eventName.
	thingWords = "product item event file field tag table column variable class method function host domain plan category department form entity action object module stage pipeline device code number no key url link path icon color colour image agent"
)

// sharedMaskRules makes the rules when they are first needed, since compiling them would
// cost every start. They never change.
var sharedMaskRules = sync.OnceValue(newMaskRules)

func newMaskRules() *maskRules {
	r := &maskRules{words: map[string]MaskKind{}, passes: map[string]bool{}, things: map[string]bool{}}
	// The later kinds go before the earlier ones: an IP address is no address.
	for _, group := range []struct {
		kind  MaskKind
		words string
	}{
		{MaskName, nameWords}, {MaskAddress, addressWords}, {MaskPlace, placeWords}, {MaskPhone, phoneWords}, {MaskEmail, emailWords},
		{MaskTax, taxWords}, {MaskAccount, accountWords}, {MaskKey, keyWords}, {MaskBirth, birthWords}, {MaskIP, ipWords},
	} {
		for word := range strings.FieldsSeq(group.words) {
			r.words[word] = group.kind
		}
	}
	for word := range strings.FieldsSeq(passWords) {
		r.passes[word] = true
	}
	for word := range strings.FieldsSeq(thingWords) {
		r.things[word] = true
	}
	for text := range strings.FieldsSeq("taxid taxnumber taxcode taxno vatid vatnumber vatno vatcode partitaiva codicefiscale codfiscale fiscalcode fiscalnumber fiscalid nroid documentnumber socialsecurity personalnumber inscricaoestadual") {
		r.joined = append(r.joined, joinedName{text, MaskTax})
	}
	for text := range strings.FieldsSeq("accountnumber bankaccount cardno creditcard cardnumber routingnumber sortcode") {
		r.joined = append(r.joined, joinedName{text, MaskAccount})
	}
	for text := range strings.FieldsSeq("apikey accesskey privatekey secretkey validationkey authkey userkey clientsecret sessionid signingkey encryptionkey licensekey") {
		r.joined = append(r.joined, joinedName{text, MaskKey})
	}
	r.patterns = maskPatterns()
	r.decimals = regexp.MustCompile(`-?\d{1,3}\.\d{2,}`)
	return r
}

func maskPatterns() []maskPattern {
	form := regexp.MustCompile
	return []maskPattern{
		{kind: MaskKey, needs: []string{"://"}, form: form(`://([^/\s:@"]+:[^/\s@"]+)@`)},
		{kind: MaskEmail, inNames: true, needs: []string{"@"}, form: form(`[\p{L}\p{N}._+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}`)},
		{kind: MaskKey, needs: []string{"="}, form: form(`(?i)[?&](?:[\w.-]*(?:token|secret|password|signature|api_?key|access_?key|auth|sig))=([^&#\s"'<>]+)`)},
		{kind: MaskKey, needs: []string{" "}, form: form(`(?i:bearer|basic|apikey) +([A-Za-z0-9._~+/=-]{8,})`), holds: func(text string) bool { return digitsIn(text) > 0 }}, // not "basic knowledge"
		{kind: MaskKey, needs: []string{"eyJ"}, form: form(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?`)},
		{kind: MaskKey, needs: []string{"k_", "gh", "gl", "xox", "whsec_", "AKIA", "ASIA", "AIza", "shpat_", "github"}, form: form(`\b(?:[sprw]k_|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abprs]-|whsec_|AKIA|ASIA|AIza|shpat_)[A-Za-z0-9_+/=-]{8,}`)},
		{kind: MaskKey, needs: []string{"-----BEGIN"}, form: form(`-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----`)},
		{kind: MaskKey, loose: true, digits: 6, form: form(`\b[A-Za-z0-9]{32,}\b`), holds: random},
		{kind: MaskAccount, inNames: true, digits: 2, form: form(`\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b`), holds: isIBAN},
		{kind: MaskAccount, inNames: true, digits: 14, form: form(`\b[3-6]\d(?:[ -]?\d){12,17}\b`), holds: isCard},
		{kind: MaskTax, inNames: true, digits: 7, form: form(`\b(?:\d{3}\.\d{3}\.\d{3}-\d{2}|\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}|[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z])\b`)},
		{kind: MaskTax, digits: 8, form: form(`\b(?:ATU|BE|BG|CHE-?|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK) ?\d{8,12}\b`)},
		{kind: MaskPhone, inNames: true, needs: []string{"+"}, digits: 2, form: form(`\+\d[\d ()./-]{6,18}\d`)},
		{kind: MaskPhone, inNames: true, needs: []string{"("}, digits: 4, form: form(`\(\d{2,4}\)[ -]?\d[\d -]{4,10}\d`)},
		{kind: MaskIP, needs: []string{"."}, digits: 4, form: form(`\b(?:\d{1,3}\.){3}\d{1,3}\b`), holds: isAddress},
		{kind: MaskIP, needs: []string{":"}, form: form(`[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*`), holds: isAddress},
		{kind: MaskPlace, needs: []string{"."}, digits: 10, form: form(`-?\d{1,3}\.\d{4,}[,; ]+-?\d{1,3}\.\d{4,}`)},
	}
}

// find returns every part of a text that has the form, given how many digits it holds.
func (p *maskPattern) find(text string, digits int) []string {
	if digits < p.digits || len(p.needs) > 0 && !slices.ContainsFunc(p.needs, func(part string) bool { return strings.Contains(text, part) }) {
		return nil
	}
	var found []string
	for _, groups := range p.form.FindAllStringSubmatch(text, -1) {
		if part := groups[len(groups)-1]; p.holds == nil || p.holds(part) {
			found = append(found, part)
		}
	}
	return found
}

// digitsIn counts the digits of ASCII.
func digitsIn(text string) int {
	n := 0
	for i := range len(text) {
		if '0' <= text[i] && text[i] <= '9' {
			n++
		}
	}
	return n
}

// nameParts splits a name into its words: firstName, first_name and FIRST-NAME alike.
func nameParts(name string) []string {
	var parts []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			parts = append(parts, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush()
		case unicode.IsDigit(r) && i > 0 && unicode.IsLetter(runes[i-1]) && !strings.EqualFold(string(word), "ipv"):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return parts
}

// The longest name of a member that is judged by its words.
const maxJudgedName = 128

// kindOf says what the name of a member announces; plain means that it announces
// something that is nobody's secret, such as an id, a type or a date.
func (r *maskRules) kindOf(name string) (kind MaskKind, plain bool) {
	if len(name) > maxJudgedName {
		return "", false
	}
	parts := nameParts(name)
	for len(parts) > 1 && strings.Trim(parts[len(parts)-1], "0123456789") == "" {
		parts = parts[:len(parts)-1]
	}
	if len(parts) == 0 {
		return "", false
	}
	whole := strings.Join(parts, "")
	for _, j := range r.joined {
		if strings.Contains(whole, j.text) {
			return j.kind, false
		}
	}
	last := parts[len(parts)-1]
	for _, part := range parts {
		if r.words[part] == MaskBirth {
			return MaskBirth, false
		}
	}
	if r.passes[last] {
		return "", true
	}
	if last == "key" && len(parts) > 1 {
		return MaskKey, false
	}
	rank := -1
	order := []MaskKind{MaskName, MaskAddress, MaskPlace, MaskPhone, MaskEmail, MaskTax, MaskAccount, MaskKey, MaskIP}
	thing := false
	for _, part := range parts {
		thing = thing || r.things[part]
		kind, ok := r.words[part]
		if !ok {
			kind = r.words[strings.TrimSuffix(part, "s")]
		}
		rank = max(rank, slices.Index(order, kind))
	}
	if rank < 0 || order[rank] == MaskName && thing {
		return "", false
	}
	return order[rank], false
}

// fits returns as what a value under a name of some kind is masked; "" when it cannot
// be what the name announces.
func (r *maskRules) fits(kind MaskKind, text string, number bool) MaskKind {
	letters, digits := 0, 0
	for _, c := range text {
		switch {
		case unicode.IsDigit(c):
			digits++
		case unicode.IsLetter(c):
			letters++
		}
	}
	holds := false
	switch kind {
	case MaskName, MaskEmail, MaskAddress:
		if !number && strings.Contains(text, "@") && len(text) > 2 {
			return MaskEmail
		}
		if kind == MaskEmail {
			kind = MaskName
		}
		holds = !number && letters > 0 || kind == MaskAddress && digits > 0
	case MaskPhone:
		holds = digits >= 4
	case MaskTax:
		holds = digits >= 5
	case MaskAccount:
		holds = digits >= 3 || letters >= 8
	case MaskKey:
		holds = letters+digits >= 4
	case MaskIP:
		holds = !number && isAddress(text)
	case MaskBirth:
		holds = digits >= 4
	case MaskPlace:
		holds = r.decimals.MatchString(text)
	}
	if !holds {
		return ""
	}
	return kind
}

// personalName reports whether the name of a member is itself personal data.
func (r *maskRules) personalName(text string) bool {
	digits := digitsIn(text)
	return slices.ContainsFunc(r.patterns, func(p maskPattern) bool { return p.inNames && len(p.find(text, digits)) > 0 })
}

// random reports whether a word looks like a key: letters and digits in no order.
func random(text string) bool {
	digits := digitsIn(text)
	return digits >= 6 && len(text)-digits >= 6
}

// isAddress reports whether a text is an IP address that can be somebody's.
func isAddress(text string) bool {
	addr, err := netip.ParseAddr(text)
	return err == nil && !addr.IsLoopback() && !addr.IsUnspecified()
}

// isIBAN checks the two check digits: the rest modulo 97 has to be 1.
func isIBAN(text string) bool {
	text = strings.ReplaceAll(text, " ", "")
	if len(text) < 15 || len(text) > 34 {
		return false
	}
	rest := 0
	for _, c := range text[4:] + text[:4] {
		switch {
		case '0' <= c && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		default:
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest == 1
}

// isCard checks a card number by Luhn's sum.
func isCard(text string) bool {
	sum, n := 0, 0
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] < '0' || text[i] > '9' {
			continue
		}
		digit := int(text[i] - '0')
		if n%2 == 1 {
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
		n++
	}
	return n >= 14 && sum%10 == 0
}
