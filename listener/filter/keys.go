package filter

import (
	"fmt"
	"strings"
)

// key is a row of the table of keys, from which filters are parsed and Help is made.
type key struct {
	name  string
	takes string // the form of its values
	does  string // one line or more
	// stops are the signs that part two values: a comma, the "=" of a header, or none.
	stops    string
	examples []string
	parse    func(p *parser, values []value) (test, error)
}

// keys is the whole language, but for bare words.
func keys() []key {
	reasons := reasonWords()
	return []key{
		{
			"provider", "GLOB", "the provider; unknown when nobody was recognised",
			",", []string{"provider:rentman", "provider:rentman,ploomes", "-provider:unknown"}, parseProviders,
		},
		{
			"event", "GLOB", "the event's name, with or without its provider",
			",", []string{"event:*.delete", "event:ploomes/Contacts.*", "-event:*.delete"}, parseEvents,
		},
		{
			"sig", "VERDICT",
			strings.Join(verdictWords(), ", ") + ", or why:\n" + strings.Join(reasons[:6], ", ") + ",\n" + strings.Join(reasons[6:], ", "),
			",", []string{"sig:invalid", "sig:invalid,missing", "sig:stale"}, parseVerdicts,
		},
		{
			"app", "STATUS",
			"the answer to the last attempt, or whk's own where there was none:\n2xx, 404, " + either(outcomeWords()),
			",", []string{"app:5xx", "app:2xx,404", "app:refused,timeout"}, parseAnswers,
		},
		{
			"body", "TEXT", "a text in the body",
			"", []string{"body:Contact", `body:"Main Street"`, `body:"\"status\":3"`}, parseBody,
		},
		{
			"changed", "PATH", "a field whose old and new value differ; dots lead inside",
			"", []string{"changed:LegalName", "changed:OtherProperties.contact_check", "changed:Phones[0].PhoneNumber"}, parseChanged,
		},
		{
			"header", "NAME[=GLOB]", "a header, and what one of its values is",
			"=", []string{"header:Digest", "header:Content-Type=*json*", `header:User-Agent="curl *"`}, parseHeader,
		},
		{
			"id", "GLOB", "an id of what it is about, or the first 8 digits of its own UUID",
			",", []string{"id:2630362", "id:01980000-0001"}, parseIDs,
		},
		{
			"method", "METHOD", "the HTTP method",
			",", []string{"method:GET", "-method:POST"}, parseMethods,
		},
		{
			"path", "GLOB", "the path of the URL, without its query",
			",", []string{"path:/rentman", "path:/hooks/*"}, parsePaths,
		},
		{
			"n", "RANGE", "the event's number: 42, 3..7, 3.. or ..7",
			",", []string{"n:42", "n:3..7,12", "n:1000.."}, parseNumbers,
		},
		{
			"size", "SIZE", "the size of the body: >1MiB, <=400, 400 or 1KiB..1MiB",
			",", []string{"size:>1MiB", "size:<400", "size:0"}, parseSizes,
		},
		{
			"since", "TIME", "not older: 10m, 2h or 3d ago, a day, or a time as in RFC 3339",
			"", []string{"since:10m", "since:2026-01-31", "since:2026-01-31T14:00:00Z"}, parseSince,
		},
		{
			"until", "TIME", "not newer; a day counts to its end",
			"", []string{"until:2h", "until:2026-01-31"}, parseUntil,
		},
		{
			"is", "MARK", either(markWords()),
			",", []string{"is:replayed", "is:duplicate,reordered", "-is:forwarded"}, parseMarks,
		},
	}
}

func lookup(name string) (key, bool) {
	for _, k := range keys() {
		if strings.EqualFold(k.name, name) {
			return k, true
		}
	}
	return key{}, false
}

// keyNames are the names of all keys.
func keyNames() []string {
	var names []string
	for _, k := range keys() {
		names = append(names, k.name)
	}
	return names
}

// Help explains the language on one screen. Every line of it that starts with
// four blanks holds filters that can be tried.
func Help() string {
	var b strings.Builder
	b.WriteString(`A filter is a row of terms: an event has to fit all of them, and "-" inverts a term.
A comma means or. In names, paths, headers and ids * stands for any text, in any case.
Texts are looked for in any case too, unless they hold a capital. Values with blanks
or commas go in quotes; inside of them a quote is \".

`)
	for _, k := range keys() {
		left := k.name + ":" + k.takes
		for line := range strings.Lines(k.does) {
			fmt.Fprintf(&b, "  %-20s %s\n", left, strings.TrimSuffix(line, "\n"))
			left = ""
		}
	}
	fmt.Fprintf(&b, "  %-20s %s\n\n", "WORD", "a text in the body or in the event's name")
	b.WriteString("For example:\n")
	for _, example := range Examples() {
		b.WriteString("    " + example + "\n")
	}
	return b.String()
}

// Examples are filters as people write them, to be shown in helps and offered for
// completion.
func Examples() []string {
	return []string{
		"provider:rentman sig:invalid since:10m",
		"app:5xx,timeout -is:replayed",
		"event:ploomes/Contacts.* changed:LegalName",
		`body:"Main Street" -event:*.delete`,
		"Contact size:>1MiB until:2026-01-31",
		"n:3..7 header:Content-Type=*json*",
	}
}
