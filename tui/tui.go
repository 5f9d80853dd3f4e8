// Package tui is the screen: events as they come and as they were kept, what was thought
// of each and what became of it, and everything that can be done with them.
//
// Its laws:
//
//   - The model changes in Update alone, and Update never waits: what takes time, such as
//     reading the log, runs in a command that answers with a message.
//   - What is seen is a function of the model and the size. Text reaches the terminal by
//     one way, theme.draw, which writes out whatever could act on it.
//   - The log is the truth. The screen holds the rows around the ones that are seen and
//     asks for others; what comes while it is open only tells it to ask again. So memory
//     and the cost of a frame do not grow with the history, and the listener never waits.
//   - Whatever is done to events is a command line of whk, run as it would be in a shell,
//     and shown as one: who uses the screen learns the commands.
//
// Start one with Run.
package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"whk/listener"
	"whk/listener/filter"
	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

// Entry is an event with the attempts to deliver it, the oldest first.
type Entry struct {
	*listener.Event
	Results []verify.Result
}

// Query picks entries of a log, by their numbers, between Before and After; 0 means no
// bound.
type Query struct {
	// Filter is never nil; Text must be in the body, in a header, or in the name, unless
	// it is empty.
	Filter        *filter.Filter
	Text          string
	Before, After int64
	Limit         int
	OldestFirst   bool
	// Progress is told from time to time how many numbers have been passed, of how many.
	// It may be nil.
	Progress func(scanned, total int64)
}

// Log is what the screen asks about stored events. What cannot be read is left out, and
// comes as an error that has a method Damaged() []int64, beside the others.
type Log interface {
	// Page reads entries without bodies: neither those of the events nor of the answers.
	Page(ctx context.Context, q Query) ([]Entry, error)
	// Entry reads one event with everything.
	Entry(ctx context.Context, n int64) (Entry, error)
	// Last is the highest number, 0 in an empty log.
	Last(ctx context.Context) (int64, error)
}

// Options configures the screen. Log, Set and Exec are required.
type Options struct {
	In  io.Reader
	Out io.Writer
	// Environ is the environment of the terminal, as in os.Environ.
	Environ []string
	// Colour and ASCII say how to draw.
	Colour, ASCII bool
	Now           func() time.Time

	Log Log
	// Feed tells what comes while the screen is open; nil when nothing will.
	Feed *Feed
	// Set knows the providers: their samples, and how events are read and compared.
	Set *provider.Set
	// Title is what the screen is about, such as the address that is listened on.
	Title string
	// Notice stands on the status line at first.
	Notice string
	// Targets are where events are forwarded to; the first decides the answer.
	Targets []string
	// SendTo is where a sample is sent that goes nowhere else, "" for nowhere.
	SendTo string
	// Secrets returns the secrets of a provider that this run knows, by name and
	// fingerprint, for the Verify tab.
	Secrets func(provider string) []verify.Secret
	// Explain says why a check failed, in lines of at most width columns; nil when it
	// cannot.
	Explain func(ctx context.Context, e *listener.Event, width int) []string
	// Count tells the feed of what it did not see; nil when it has seen everything that
	// statistics are about.
	Count func(ctx context.Context) error
	// Redact masks secrets; nil shows them.
	Redact *replay.Redactor
	// Filter is the filter to begin with.
	Filter string
	// Keys binds other keys to actions: action id to key names.
	Keys map[string][]string

	// Exec runs a command line of whk and returns its exit code. Shown is how a person
	// would type it.
	Exec  func(ctx context.Context, args []string, out io.Writer) int
	Shown func(args []string) string
	// Editor is the command that edits a file, nil when there is no editor.
	Editor func(path string) (*exec.Cmd, error)
}

// keyRate is how often in a second the terminal is written to at most, which is how soon a
// key is answered. What comes is drawn less often (frameTime).
const keyRate = 90

// Run shows the screen until the user leaves it or ctx ends. The terminal is as it was
// when it returns.
func Run(ctx context.Context, o Options) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	m, err := newModel(ctx, o)
	if err != nil {
		return err
	}
	profile := colorprofile.ANSI
	if !o.Colour {
		profile = colorprofile.Ascii
	}
	p := tea.NewProgram(m,
		tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithEnvironment(o.Environ),
		tea.WithoutSignalHandler(), tea.WithColorProfile(profile), tea.WithFPS(keyRate))
	// Not by tea.WithContext: a program that is killed closes its input while it is read.
	leave := context.AfterFunc(ctx, p.Quit)
	_, err = p.Run()
	leave()
	m.close()
	switch {
	case errors.Is(err, tea.ErrProgramPanic):
		return fmt.Errorf("the screen failed: %w", err)
	case errors.Is(err, tea.ErrProgramKilled), errors.Is(err, tea.ErrInterrupted):
		return nil // the terminal was closed
	case err != nil:
		return fmt.Errorf("show the screen: %w", err)
	}
	return nil
}
