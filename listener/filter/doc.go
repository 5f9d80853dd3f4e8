// Package filter is the one language in which people pick events, on the command line
// and on the screen.
//
// A filter is a row of terms with blanks between them, and an event has to fit all of
// them; a "-" before a term inverts it. A term is "key:value" or a bare word, which is
// looked for in the body and in the name:
//
//	filter = [ term { blank term } ]
//	term   = [ "-" ] ( key ":" value { "," value } | "header:" name [ "=" value ] | word )
//	value  = sign { sign } | `"` { any sign, \" or \\ } `"`
//
// A comma means or, in the keys whose values are names, states or ranges; in body,
// header, changed, since, until and in bare words it is a sign like any other. A value
// that starts with a quote ends with the next one and may hold blanks, commas and
// whatever else means something; inside a value that does not start with one, a quote
// is a sign like any other. A word that starts with "-" or looks like a key is quoted.
//
// In names, paths, headers and ids a "*" stands for any text, and the case of letters
// does not matter. A text is looked for byte by byte: in either case of the letters A
// to Z while it is written in small letters, exactly as it is written when it holds a
// capital. Help lists the keys with what they take; it is made from the table that the
// parser uses.
//
// The law of the package: Parse tells every mistake with its column and what was
// probably meant, and never panics. Match asks for nothing that no term needs. A log
// that keeps some of an event in columns can rule events out before it reads them:
// MatchName, MatchRow and MatchBody answer false only when Match would.
//
// In a shell a filter is one word, so it stands in single quotes:
//
//	whk events list --where 'provider:rentman sig:invalid since:10m'
//	whk events list --where 'body:"Main Street" -event:*.delete'
//	whk replay --where 'app:5xx,timeout since:1h' http://localhost:3000
//
// In a program:
//
//	f, err := filter.Parse("provider:rentman sig:invalid since:10m", time.Now())
//	if f.Match(filter.Subject{Event: e}) { ... }
package filter
