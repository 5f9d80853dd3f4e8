package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"whk/verify"
)

// lengths compares a body that came with the one that was signed.
func lengths(came, signed int) string {
	switch n := came - signed; {
	case n == 0:
		return "is as long as the one that was signed, with other bytes"
	case n > 0:
		return "is " + bytesOf(n) + " longer than the one that was signed"
	default:
		return "is " + bytesOf(-n) + " shorter than the one that was signed"
	}
}

func bytesOf(n int) string {
	if n == 1 {
		return "one byte"
	}
	return strconv.Itoa(n) + " bytes"
}

// meaning says in a sentence what the changes mean.
func (s *search) meaning(m *match) string {
	if len(m.changes) == 0 {
		return "the signature matches as it is: nothing has to change"
	}
	var parts []string
	for _, c := range m.changes {
		sentence := c.Cause.Sentence()
		if c.Family == FamilyBody && c.Detail != "" {
			sentence = "the body that reached whk " + c.Detail + ": " + sentence
		}
		if !slices.Contains(parts, sentence) {
			parts = append(parts, sentence)
		}
	}
	return strings.Join(parts, "; besides, ")
}

// nothing says why a search ended without a change.
func (s *search) nothing(e *Explanation) string {
	switch {
	case s.demand != "":
		return "the signature itself matches; what fails is another demand of the scheme: " + s.demand
	case s.recipe.Kind == verify.KindNone:
		return "the scheme has no signature, so there is nothing to explain"
	case e.Tried == 0 && len(s.in.Delivery.Header[s.header]) == 0 && !s.foreign:
		return "no header and no parameter of the URL holds anything like a signature: the sender has no secret yet, or a proxy dropped the header"
	case !s.foreign && s.recipe.Kind != verify.KindStatic && !s.legible():
		return "what came in " + s.header + " is no signature of any known form"
	}
	text := fmt.Sprintf("none of %d variants explains it", e.Tried)
	if e.Pairs > 0 {
		text += fmt.Sprintf("; %d of them change two things", e.Pairs)
	}
	if e.CutShort {
		text += "; the search was cut short, so there are more"
	}
	return text
}

// families says how many single changes of each family were tried.
func (s *search) families() []Family {
	all := []Family{}
	for _, name := range FamilyNames() {
		if n := s.counts[name]; n > 0 {
			all = append(all, Family{name, n})
		}
	}
	return all
}

// notes are what stood out in a delivery and its secrets.
func (s *search) notes(found bool) []string {
	var all []string
	d := s.in.Delivery
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if length, err := strconv.Atoi(d.Header.Get("Content-Length")); err == nil && length > len(d.Body) {
		add("the body came %s short of its Content-Length; what is lost cannot be guessed", bytesOf(length-len(d.Body)))
	}
	if encoding := d.Header.Get("Content-Encoding"); strings.Contains(encoding, "gzip") && !strings.HasPrefix(string(d.Body), "\x1f\x8b") {
		add("Content-Encoding says gzip, but the body is not compressed: where the compressed bytes were signed, they are lost")
	}
	if n := strings.Count(string(d.Body), string(utf8.RuneError)); n > 0 && utf8.Valid(d.Body) {
		add("the body holds U+FFFD (%d times): bytes that were no UTF-8 were replaced, and cannot be restored", n)
	}
	for _, secret := range s.in.Secrets {
		if text := secret.Reveal(); strings.TrimSpace(text) != text {
			add("the secret %s has white space around it", secret.Name)
		} else if unquote(text) != text {
			add("the secret %s has quotes around it", secret.Name)
		}
	}
	if s.recipe.RequireURL && s.in.Base == "" && !found {
		add("the URL is part of what is signed, and the one that senders use was not given")
	}
	if len(d.Body) > largeBody {
		add("what is seldom the cause was not tried, for the body is longer than 1 MiB")
	}
	if note := s.sizeNote(); note != "" {
		add("%s", note)
	}
	return all
}

// sizeNote remarks on a signature that is too long or too short for its hash.
func (s *search) sizeNote() string {
	if s.recipe.Algorithm == "" || s.foreign {
		return ""
	}
	i := slices.IndexFunc(s.readings, func(r reading) bool { return r.own && !r.text && len(r.changes) == 0 })
	if i < 0 {
		return ""
	}
	got, want := len(s.readings[i].sum), s.size(s.hashes[0])
	if got == want {
		return ""
	}
	text := fmt.Sprintf("what came in %s is %s long, %s gives %d", s.header, bytesOf(got), title(s.recipe.Algorithm), want)
	for _, h := range algorithms() {
		if h.size == got {
			return text + "; " + h.title + " would give as many"
		}
	}
	return text
}

func appendMilliseconds(dst []byte, d time.Duration) []byte {
	return strconv.AppendFloat(dst, float64(d.Microseconds())/1000, 'f', -1, 64)
}
