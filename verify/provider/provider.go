package provider

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"whk/verify"
)

// Certainty says how far a statement about a provider can be relied on.
type Certainty string

// The certainties, strongest first.
const (
	// Documented means that the vendor's own page says so.
	Documented Certainty = "documented"
	// Seen means that code which handles the provider's real deliveries relies on it.
	Seen Certainty = "seen"
	// Guessed means that nobody has confirmed it.
	Guessed Certainty = "guessed"
)

// Weakest returns the least certain of c and others; an empty one does not count.
func (c Certainty) Weakest(others ...Certainty) Certainty {
	for _, other := range others {
		if other != "" && (c == "" || other.rank() > c.rank()) {
			c = other
		}
	}
	return c
}

func (c Certainty) rank() int {
	return slices.Index([]Certainty{Documented, Seen, Guessed}, c)
}

// Provider is who sends: one definition, read and checked. It is never changed after
// it was loaded and may be used from many goroutines.
type Provider struct {
	// Name is what the provider is called on the command line, in paths and in event
	// names; Title is the vendor's own spelling.
	Name, Title string
	Docs        Docs
	// Certainty holds for everything in the definition that says nothing else.
	Certainty Certainty
	// Methods are the HTTP methods of the provider's deliveries, the usual one first.
	Methods []string
	Scheme  *verify.Scheme
	// Limits says, one sentence each, what the check does not prove.
	Limits []string
	// Advice says how to make up for what the provider leaves open, if anything can.
	Advice string
	// Claims are further statements about the provider, each with its certainty.
	Claims   []Claim
	Entities []Entity
	Actions  []Action
	Manners  Manners
	// Subscribe lists the steps that make the provider send, in order.
	Subscribe []string
	// API is the address that a reference (Facts.Refs) is appended to.
	API string
	// Source is "built-in", or the file the definition came from.
	Source string
	// PathOnly means that the provider is told by the path of the URL alone.
	PathOnly bool
	// Generic means that the definition stands for a scheme and not for a vendor: it
	// recognises only what no other definition does.
	Generic bool

	headers []headerTemplate
	event   eventFields
	detect  conditions
	known   []knownEvent
	shakes  []handshake
	certain []eventCertainty
	files   fs.FS
	added   []sampleFolder // see Set.AddSamples
	// file is the definition's name for people, dir its folder within files.
	file, dir  string
	coversBody []bool // by the index of the recipe
	samples    func() ([]*sampleFile, error)
	table      func() []EventInfo
	schemas    *schemas // nil where there is no folder to read them from
}

// Docs says where the vendor describes its webhooks.
type Docs struct {
	Page string `yaml:"page"`
	URL  string `yaml:"url"`
}

// Claim is one statement with its certainty.
type Claim struct {
	About     string    `yaml:"about"`
	Says      string    `yaml:"says"`
	Certainty Certainty `yaml:"certainty"`
}

// Entity is one kind of thing that events are about.
type Entity struct {
	Name string
	// Path is where the provider's API keeps things of this kind.
	Path string
	// ID is the provider's number for the entity, where it has one.
	ID int
	// Parent is the entity that things of this kind belong to, if any.
	Parent    string
	Aliases   []Alias
	Actions   []string // nil means every action of the provider, empty none
	Certainty Certainty
	Note      string
}

// Alias is another spelling of an entity. One that a vendor documents, or that was
// seen, is sent as it was typed; a guessed one is sent under the entity's own name.
type Alias struct {
	Name      string    `yaml:"name"`
	Certainty Certainty `yaml:"certainty"`
}

// Action is one thing that happens to entities.
type Action struct {
	Name      string    `yaml:"name"`
	ID        int       `yaml:"id"`
	Certainty Certainty `yaml:"certainty"`
	Note      string    `yaml:"note"`
}

// Manners is how the provider behaves as a sender. A nil field means that nothing is
// known.
type Manners struct {
	Duplicates *Manner  `yaml:"duplicates"`
	Order      *Manner  `yaml:"order"`
	Retries    *Retries `yaml:"retries"`
	Disable    *Disable `yaml:"disable"`
	Backup     *Manner  `yaml:"backup"`
	// Budget is what the provider's API allows those who call it back.
	Budget []Budget `yaml:"budget"`
}

// Manner is a habit in words: "possible", "not guaranteed".
type Manner struct {
	Says      string    `yaml:"says"`
	Certainty Certainty `yaml:"certainty"`
}

// Retries says how often a delivery that failed is sent again.
type Retries struct {
	Max int `yaml:"max"`
	// For is how long it is tried, where a time is stated and no number.
	For       time.Duration `yaml:"for"`
	SameBody  bool          `yaml:"same_body"`
	On        string        `yaml:"on"`
	Certainty Certainty     `yaml:"certainty"`
}

// Disable says when the provider gives an endpoint up. A success resets the count.
type Disable struct {
	AfterConsecutiveFailures int       `yaml:"after_consecutive_failures"`
	Notices                  []int     `yaml:"notices"`
	Certainty                Certainty `yaml:"certainty"`
}

// Budget is one limit: Calls within Per, or Concurrent calls at once.
type Budget struct {
	Calls      int           `yaml:"calls"`
	Per        time.Duration `yaml:"per"`
	Concurrent int           `yaml:"concurrent"`
	Certainty  Certainty     `yaml:"certainty"`
	Note       string        `yaml:"note"`
}

// EventAliases are the readable names of events, by the name under which each is sent.
func (p *Provider) EventAliases() map[string][]string {
	all := map[string][]string{}
	for _, c := range p.certain {
		if len(c.Aliases) > 0 {
			all[c.Event] = append(all[c.Event], c.Aliases...)
		}
	}
	return all
}

// Accepts reports whether the provider delivers with an HTTP method.
func (p *Provider) Accepts(method string) bool { return slices.Contains(p.Methods, method) }

// Entity returns the entity with a name or alias, matched without regard to case, and
// the name under which it is sent.
func (p *Provider) Entity(name string) (e *Entity, emit string, ok bool) {
	for i := range p.Entities {
		e := &p.Entities[i]
		if strings.EqualFold(e.Name, name) {
			return e, e.Name, true
		}
		for _, a := range e.Aliases {
			if !strings.EqualFold(a.Name, name) {
				continue
			}
			if a.Certainty == Guessed {
				return e, e.Name, true
			}
			return e, a.Name, true
		}
	}
	return nil, "", false
}

// Action returns the action with a name, matched without regard to case.
func (p *Provider) Action(name string) (*Action, bool) {
	for i := range p.Actions {
		if strings.EqualFold(p.Actions[i].Name, name) {
			return &p.Actions[i], true
		}
	}
	return nil, false
}

// actionsOf returns the actions of an entity in the definition's order.
func (p *Provider) actionsOf(e *Entity) []Action {
	if e.Actions == nil {
		return p.Actions
	}
	return slices.DeleteFunc(slices.Clone(p.Actions), func(a Action) bool {
		return !slices.Contains(e.Actions, a.Name)
	})
}

// bare reports whether the events of an entity are called by its name alone.
func (p *Provider) bare(e *Entity) bool { return len(p.actionsOf(e)) == 0 }

// Name joins an entity and an action to the name of an event, as everything in whk
// spells it.
func Name(entity, action string) string {
	if entity == "" || action == "" {
		return entity + action
	}
	return entity + "." + action
}

func (p *Provider) String() string { return fmt.Sprintf("%s (%s)", p.Name, p.Source) }
