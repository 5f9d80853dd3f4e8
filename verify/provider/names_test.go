package provider

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		glob, name string
		want       bool
	}{
		{"rentman/*.delete", "rentman/Contact.delete", true},
		{"rentman/*.delete", "ploomes/Contacts.Delete", false},
		{"*/Contact*", "ploomes/Contacts.Update", true},
		{"*/Contact*", "rentman/ContactPerson.create", true},
		{"Contact.*", "rentman/Contact.create", true},
		{"contact.CREATE", "rentman/Contact.create", true},
		{"*.delete", "ploomes/Contacts.Delete", true},
		{"*", "rentman/Contact.create", true},
		{"*", "rentman/a.b.c", true},
		{"*/*", "rentman/Contact.create", true},
		{"rentman*", "rentman/Contact.create", false},
		{"r*/create", "rentman/Contact.create", false},
		{"rentman/*t*t.*", "rentman/Contact.create", true},
		{"rentman/Contact", "rentman/Contact.create", false},
		{"", "rentman/Contact.create", false},
		{"rentman/", "rentman/", true},
		{"Contact.*", "Contact.create", true},
		{"[C]ontact.*", "rentman/Contact.create", false},
		{"?ontact.*", "rentman/Contact.create", false},
	} {
		if got := Match(c.glob, c.name); got != c.want {
			t.Errorf("Match(%q, %q) = %v, want %v", c.glob, c.name, got, c.want)
		}
	}
}

// A glob of many stars must not take longer than its length times the name's.
func FuzzMatch(f *testing.F) {
	f.Add("a/*b*c", "a/xbxc")
	f.Add(strings.Repeat("*a", 2000)+"b", strings.Repeat("a", 5000))
	f.Fuzz(func(t *testing.T, glob, name string) {
		if Match(glob, name) && !strings.ContainsAny(glob, "*/") && !strings.EqualFold(glob, name[strings.IndexByte(name, '/')+1:]) {
			t.Fatalf("%q matches %q", glob, name)
		}
		if !strings.ContainsAny(name, "*") && strings.IndexByte(name, '/') >= 0 && !Match(name, name) {
			t.Fatalf("%q does not match itself", name)
		}
	})
}

func TestSetMatch(t *testing.T) {
	set := builtinSet(t)
	want := []string{"ploomes/Deals.Win", "ploomes/Deals.Lose"}
	if diff := cmp.Diff(want, append(set.Match("*.win"), set.Match("ploomes/*.lose")...)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := set.Match("credit note"); got != nil {
		t.Errorf("an event that cannot be forged matches: %q", got)
	}
	if got := len(set.Match("rentman/*.delete")); got != 44 {
		t.Errorf("%d deletions of Rentman, want 44", got)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"listen", "send", "replay", "rentman", "ploomes", "Contact.create", "ContactPerson.create"}
	for _, c := range []struct {
		word string
		want []string
	}{
		{"rentmann", []string{"rentman"}},
		{"RENTMAN", []string{"rentman"}},
		{"lsiten", []string{"listen"}},
		{"ploome", []string{"ploomes"}},
		{"contact.craete", []string{"Contact.create"}},
		{"contact", []string{"Contact.create", "ContactPerson.create"}},
		{"person", []string{"ContactPerson.create"}},
		{"quartz", nil},
		{"", nil},
		{strings.Repeat("x", 1000), nil},
	} {
		if diff := cmp.Diff(c.want, Nearest(c.word, known)); diff != "" {
			t.Errorf("Nearest(%q) (-want +got)\n%s", clip(c.word), diff)
		}
	}
}

func TestLookupUnknown(t *testing.T) {
	_, err := builtinSet(t).Lookup("rentmann")
	var unknown *UnknownError
	if !errors.Is(err, ErrUnknownProvider) || !errors.As(err, &unknown) || err.Error() != `unknown provider "rentmann"` {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff([]string{"rentman"}, unknown.Nearest); diff != "" || len(unknown.Known) != len(builtinNames) {
		t.Errorf("nearest (-want +got)\n%s", diff)
	}
}

func TestWeakest(t *testing.T) {
	if got := Documented.Weakest(Seen, "", Documented); got != Seen {
		t.Errorf("got %s, want seen", got)
	}
	if got := Guessed.Weakest(Documented); got != Guessed {
		t.Errorf("got %s, want guessed", got)
	}
}
