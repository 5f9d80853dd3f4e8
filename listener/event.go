package listener

import (
	"slices"
	"strings"
	"time"

	"whk/verify"
)

// UnknownName stands for a provider, entity or action that could not be told.
const UnknownName = "unknown"

// Event is what happened here: one delivery, what was thought of it and what was
// answered. It is complete when it is appended, but for its number, and the answer
// of a forward target, which follows as a Result.
type Event struct {
	// N is the event's number in its store, from 1; the store assigns it.
	N int64
	// ID is a UUIDv7, unique across stores.
	ID string
	// At is when the request's head had been read.
	At time.Time
	// Remote is the address the request came from, "127.0.0.1:53122".
	Remote string

	Delivery *verify.Delivery
	Verdict  verify.Verdict

	// Provider, Entity and Action name what the delivery says happened. Provider is
	// UnknownName when nobody recognised it; Entity and Action may be empty then.
	Provider string
	Entity   string
	Action   string

	// Status is what was answered, 0 when a forward target decides that later.
	Status int
	// Cut says why the body is incomplete; empty for a whole one.
	Cut string
	// SameAs is the number of an earlier event with the same content, which came Gap
	// before this one; 0 for none. A provider without a delivery id may mean it twice.
	SameAs int64
	Gap    time.Duration
	// OvertakenBy is the number of an event that came earlier and tells of something
	// later about the same thing; 0 for none.
	OvertakenBy int64
	// Notes are one-line remarks for people, such as a body that could not be read.
	Notes []string
}

// ImportedNote is how the note of an event begins that came from a file.
const ImportedNote = "imported from "

// Imported reports whether an event came from a file. Where it was sent to then is what
// the file claims, so it goes to no target unasked.
func (e *Event) Imported() bool {
	return slices.ContainsFunc(e.Notes, func(note string) bool { return strings.HasPrefix(note, ImportedNote) })
}

// Name is the event's name without its provider, "Contact.create".
func (e *Event) Name() string {
	switch {
	case e.Entity == "" && e.Action == "":
		return UnknownName
	case e.Action == "":
		return e.Entity
	case e.Entity == "":
		return e.Action
	}
	return e.Entity + "." + e.Action
}

// FullName is the event's name as it is typed, "rentman/Contact.create".
func (e *Event) FullName() string { return e.Provider + "/" + e.Name() }
