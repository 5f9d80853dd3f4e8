package explain

// FamilyName is what a change belongs to.
type FamilyName string

// The families of changes, in the order in which they are counted.
const (
	FamilyBody      FamilyName = "body"
	FamilySecret    FamilyName = "secret"
	FamilyAlgorithm FamilyName = "algorithm"
	FamilyMethod    FamilyName = "method"
	FamilyContent   FamilyName = "signed content"
	FamilyEncoding  FamilyName = "encoding"
	FamilyHeader    FamilyName = "header"
	FamilyTime      FamilyName = "time"
)

// FamilyNames lists the families.
func FamilyNames() []FamilyName {
	return []FamilyName{FamilyBody, FamilySecret, FamilyAlgorithm, FamilyMethod, FamilyContent, FamilyEncoding, FamilyHeader, FamilyTime}
}

// Cause names what must have happened to a delivery, or what its sender does otherwise
// than its scheme says. The names are part of the output and do not change.
type Cause string

// The causes that lie in the body: what came is not what was signed.
const (
	NewlineAdded   Cause = "newline-added"
	NewlineLost    Cause = "newline-lost"
	BlanksAdded    Cause = "blanks-added"
	LineEnds       Cause = "line-ends"
	ByteOrderMark  Cause = "byte-order-mark"
	JSONRewritten  Cause = "json-rewritten"
	JSONEscapes    Cause = "json-escapes"
	JSONKeyOrder   Cause = "json-key-order"
	JSONNumbers    Cause = "json-numbers"
	JSONQuoted     Cause = "json-quoted"
	JSONPart       Cause = "json-part"
	Charset        Cause = "charset"
	FormWrapped    Cause = "form-wrapped"
	FormRewritten  Cause = "form-rewritten"
	FormParsed     Cause = "form-parsed"
	Compressed     Cause = "compressed"
	BodyEncoded    Cause = "body-encoded"
	Chunked        Cause = "chunked"
	BodyTooLong    Cause = "body-too-long"
	BodyTooShort   Cause = "body-too-short"
	BodyTwice      Cause = "body-twice"
	BodyNotSigned  Cause = "body-not-signed"
	BodyAsText     Cause = "body-as-text"
	BodyNormalised Cause = "body-normalised"
)

// The causes that lie in the secret.
const (
	SecretUnused      Cause = "secret-unused"
	SecretOfOther     Cause = "secret-of-other-provider"
	SecretDevelopment Cause = "secret-development"
	SecretMissing     Cause = "secret-missing-at-sender"
	SecretBlanks      Cause = "secret-blanks"
	SecretQuotes      Cause = "secret-quotes"
	SecretCut         Cause = "secret-cut"
	SecretPrefix      Cause = "secret-prefix"
	SecretEncoding    Cause = "secret-encoding"
	SecretCase        Cause = "secret-case"
	SecretHashed      Cause = "secret-hashed"
)

// The causes that lie in how the signature is computed.
const (
	OtherAlgorithm Cause = "other-algorithm"
	OtherRecipe    Cause = "other-recipe"
	PlainHash      Cause = "plain-hash"
	KeyedHash      Cause = "keyed-hash"
	KeySwapped     Cause = "key-swapped"
	Unkeyed        Cause = "unkeyed"
	SecretInClear  Cause = "secret-in-clear"
	SignedContent  Cause = "signed-content"
	SignedURL      Cause = "signed-url"
)

// The causes that lie in how and where the signature is written.
const (
	HexCase        Cause = "hex-case"
	OtherEncoding  Cause = "other-encoding"
	Padding        Cause = "padding"
	DoubleEncoding Cause = "double-encoding"
	Prefix         Cause = "prefix"
	Quotes         Cause = "quotes"
	SignatureCut   Cause = "signature-cut"
	OtherHeader    Cause = "other-header"
	HeaderTwice    Cause = "header-twice"
	InQuery        Cause = "in-query"
	KeyCase        Cause = "key-case"
	TimeStale      Cause = "time-stale"
	TimeFuture     Cause = "time-future"
	TimeUnit       Cause = "time-unit"
	TimeUnreadable Cause = "time-unreadable"
)

// cause is what is known about one.
type cause struct {
	family FamilyName
	// sentence says what happened.
	sentence string
	advice   topic
}

// causeOf is the table of all causes.
func causeOf(c Cause) cause {
	switch c {
	case NewlineAdded:
		return cause{FamilyBody, "a proxy, an editor or a shell added a final newline", rawBody}
	case NewlineLost:
		return cause{FamilyBody, "something on the way cut the final newline off, as shells, editors and trimming middleware do", rawBody}
	case BlanksAdded:
		return cause{FamilyBody, "white space around the content was added or trimmed", rawBody}
	case LineEnds:
		return cause{FamilyBody, "the line ends were converted between LF and CRLF, as Windows, git and FTP do", rawBody}
	case ByteOrderMark:
		return cause{FamilyBody, "a byte order mark was added or taken off, as editors and .NET streams do", rawBody}
	case JSONRewritten:
		return cause{FamilyBody, "the JSON was parsed and written anew: it says the same in other bytes", rawBody}
	case JSONEscapes:
		return cause{FamilyBody, "the JSON was parsed and written anew by a library that escapes other characters", rawBody}
	case JSONKeyOrder:
		return cause{FamilyBody, "the JSON was parsed and written anew with its keys in another order", rawBody}
	case JSONNumbers:
		return cause{FamilyBody, "the JSON was parsed and written anew by a library that writes numbers in its own way", rawBody}
	case JSONQuoted:
		return cause{FamilyBody, "the JSON was written as JSON once more, so that all of it became one quoted text", rawBody}
	case JSONPart:
		return cause{FamilyBody, "only a part of the JSON was signed, or what was signed was put into an envelope afterwards", signedContent}
	case Charset:
		return cause{FamilyBody, "the text was converted from one character set to another", rawBody}
	case FormWrapped:
		return cause{FamilyBody, "the content was put into a form field, or taken out of one", rawBody}
	case FormRewritten:
		return cause{FamilyBody, "the form was parsed and written anew", rawBody}
	case FormParsed:
		return cause{FamilyBody, "the body was converted between a form and JSON", rawBody}
	case Compressed:
		return cause{FamilyBody, "the signature was made on the other side of the compression", transport}
	case BodyEncoded:
		return cause{FamilyBody, "the body was encoded as base64 or percent signs, as gateways do, and not decoded again", transport}
	case Chunked:
		return cause{FamilyBody, "the body still holds the sizes of its chunks, so it was copied off the wire or passed through a broken proxy", transport}
	case BodyTooLong:
		return cause{FamilyBody, "something was appended to the body, or only its beginning was signed, as with a buffer of fixed size", transport}
	case BodyTooShort:
		return cause{FamilyBody, "the end of the body was lost on its way", transport}
	case BodyTwice:
		return cause{FamilyBody, "the body was written or hashed twice", transport}
	case BodyNotSigned:
		return cause{FamilyBody, "the sender signed an empty body: its body stream had been read before, or it signs before the body is set", rawBody}
	case BodyAsText:
		return cause{FamilyBody, "the sender signed what its language makes of an object when it is used as text, not the body", rawBody}
	case BodyNormalised:
		return cause{FamilyBody, "bytes that are not valid UTF-8 were replaced when the body was read as text", rawBody}

	case SecretUnused:
		return cause{FamilySecret, "another of this provider's secrets is the right one; it was not used here", secretChoice}
	case SecretOfOther:
		return cause{FamilySecret, "the delivery is signed with a secret that belongs to another provider here: two were mixed up, or the request came to the wrong path", secretChoice}
	case SecretDevelopment:
		return cause{FamilySecret, "the sender used whk's development secret, which everybody knows, not the configured one", secretChoice}
	case SecretMissing:
		return cause{FamilySecret, "the sender has no secret: its variable was not set, and the word for nothing was used instead", secretChoice}
	case SecretBlanks:
		return cause{FamilySecret, "the secret was copied with white space around it, such as the newline at the end of a file", secretText}
	case SecretQuotes:
		return cause{FamilySecret, "quotes around the secret were taken for a part of it, or a part of it for quotes", secretText}
	case SecretCut:
		return cause{FamilySecret, "one side has only a part of the secret's text: a shell or a .env file reads $, # and = in its own way", secretText}
	case SecretPrefix:
		return cause{FamilySecret, "the two sides do not agree whether the prefix belongs to the secret", secretEncoding}
	case SecretEncoding:
		return cause{FamilySecret, "the two sides do not agree whether the text of the secret is the key, or has to be decoded first", secretEncoding}
	case SecretCase:
		return cause{FamilySecret, "the secret's text was changed between upper and lower case", secretText}
	case SecretHashed:
		return cause{FamilySecret, "the sender uses a hash of the secret as its key", secretEncoding}

	case OtherAlgorithm:
		return cause{FamilyAlgorithm, "the sender computes another hash than the scheme says", algorithm}
	case OtherRecipe:
		return cause{FamilyContent, "the sender uses another of the provider's schemes than the one of this header", algorithm}
	case PlainHash:
		return cause{FamilyMethod, "the sender joins secret and content and hashes them; that is not an HMAC", algorithm}
	case KeyedHash:
		return cause{FamilyMethod, "the sender computes a signature where the scheme has something simpler", algorithm}
	case KeySwapped:
		return cause{FamilyMethod, "key and message changed places in the call of the HMAC function", algorithm}
	case Unkeyed:
		return cause{FamilyMethod, "no secret is involved: anybody can compute this value, so it proves nothing about the sender", algorithm}
	case SecretInClear:
		return cause{FamilyMethod, "the header holds the secret itself; it has crossed the wire and should be replaced", algorithm}
	case SignedContent:
		return cause{FamilyContent, "the signature is right, for another text than the one that this scheme signs", signedContent}
	case SignedURL:
		return cause{FamilyContent, "the sender knows the receiver by another URL than the one that was assumed here", signedURL}

	case HexCase:
		return cause{FamilyEncoding, "the signature is written in upper case; the scheme has lower-case hexadecimal digits", encoding}
	case OtherEncoding:
		return cause{FamilyEncoding, "the signature is right and written in another encoding than the scheme has", encoding}
	case Padding:
		return cause{FamilyEncoding, "the = signs at the end of the base64 are missing or too many, or its alphabet is the one for URLs", encoding}
	case DoubleEncoding:
		return cause{FamilyEncoding, "the signature was encoded twice", encoding}
	case Prefix:
		return cause{FamilyEncoding, "the signature is right and stands in the header in another form than the scheme has", encoding}
	case Quotes:
		return cause{FamilyEncoding, "the value of the header is in quotes", encoding}
	case SignatureCut:
		return cause{FamilyEncoding, "the signature was cut short, by a column or a header that is too narrow", encoding}
	case OtherHeader:
		return cause{FamilyHeader, "the signature is right and stands in another header: the name is wrong, or a proxy moved it", header}
	case HeaderTwice:
		return cause{FamilyHeader, "the header came more than once or was joined with another: a proxy added its own, or two layers sign", header}
	case InQuery:
		return cause{FamilyHeader, "the signature is right and stands in the query of the URL, which logs keep, not in the header", header}
	case KeyCase:
		return cause{FamilyEncoding, "the key differs in upper and lower case only", secretText}

	case TimeStale:
		return cause{FamilyTime, "the signature is right, but old: it waited in a queue, was sent again, or a clock is wrong", clock}
	case TimeFuture:
		return cause{FamilyTime, "the signature is right, but from the future: the clock of the sender or of this machine is wrong, or one of them uses local time", clock}
	case TimeUnit:
		return cause{FamilyTime, "the time stamp is in another unit than the scheme says", clock}
	case TimeUnreadable:
		return cause{FamilyTime, "the time stamp is in another form than the scheme says", clock}
	}
	return cause{FamilyBody, "the delivery was changed on its way, or is not made as the scheme says", rawBody}
}

// Causes lists every cause that an explanation may name.
func Causes() []Cause {
	return []Cause{
		NewlineAdded, NewlineLost, BlanksAdded, LineEnds, ByteOrderMark, JSONRewritten, JSONEscapes, JSONKeyOrder,
		JSONNumbers, JSONQuoted, JSONPart, Charset, FormWrapped, FormRewritten, FormParsed, Compressed, BodyEncoded,
		Chunked, BodyTooLong, BodyTooShort, BodyTwice, BodyNotSigned, BodyAsText, BodyNormalised,
		SecretUnused, SecretOfOther, SecretDevelopment, SecretMissing, SecretBlanks, SecretQuotes, SecretCut,
		SecretPrefix, SecretEncoding, SecretCase, SecretHashed,
		OtherAlgorithm, OtherRecipe, PlainHash, KeyedHash, KeySwapped, Unkeyed, SecretInClear, SignedContent, SignedURL,
		HexCase, OtherEncoding, Padding, DoubleEncoding, Prefix, Quotes, SignatureCut, OtherHeader, HeaderTwice, InQuery,
		KeyCase, TimeStale, TimeFuture, TimeUnit, TimeUnreadable,
	}
}

// Sentence says what a cause means in practice.
func (c Cause) Sentence() string { return causeOf(c).sentence }

// Family is what has to change where this is the cause.
func (c Cause) Family() FamilyName { return causeOf(c).family }

// changeOf is a change with the family of its cause.
func changeOf(c Cause, what string) Change {
	return Change{Family: causeOf(c).family, Cause: c, What: what}
}
