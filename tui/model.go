package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"whk/listener/filter"
)

// focus is the pane that gets the keys.
type focus int

const (
	onList focus = iota
	onDetail
)

// model is everything that the screen shows.
type model struct {
	o     Options
	ctx   context.Context // ends with the screen; commands need it, and Update hands it to them
	stop  context.CancelFunc
	theme *theme
	keys  keymap

	width, height int
	focus         focus
	zoomed, bare  bool

	list       window
	last       int64 // the newest number that is known
	filter     *filter.Filter
	filterText string
	searching  string // the text that n and N look for
	follow     bool
	paused     bool
	masked     bool
	marked     int64 // the event to compare with
	against    int64 // what the Diff tab compares the current event with, 0 for its own old value
	context    int   // lines around a change in the Diff tab
	unified    bool
	allFolded  bool // the body of the event
	order      order

	reading bool          // a page of rows is on its way
	again   bool          // and another one has to follow it
	readFor time.Duration // how long the last one took
	stale   bool          // rows that are held may not be what they are in the log
	scan    *scan         // how far it has got
	finding *scan         // how far a search has got
	detail  detail
	busy    bool // an event is on its way

	prompt  *prompt
	menu    *menu
	sheet   *sheet
	recall  map[string][]string // what was typed before, by prompt
	done    []commandLine
	running int
	counted bool // whether the past was counted
	status  status
	news    news
	held    int64    // the newest number when the list was paused
	folders []string // of files for editors
	drawn   time.Time
	now     time.Time
}

// status is what stands on the last line until a key is pressed.
type status struct {
	role role
	text string
}

func newModel(ctx context.Context, o Options) (*model, error) {
	keys, err := newKeymap(o.Keys)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	m := &model{
		o: o, ctx: ctx, stop: stop, theme: newTheme(o.Colour, o.ASCII), keys: keys,
		follow: true, context: 3, recall: map[string][]string{}, now: o.Now(),
	}
	if m.filter, err = filter.Parse(o.Filter, o.Now()); err != nil {
		stop()
		return nil, err
	}
	m.filterText = o.Filter
	m.status = status{faint, o.Notice}
	return m, nil
}

// Init reads the newest events, and begins to wait for others.
func (m *model) Init() tea.Cmd {
	return tea.Batch(m.readNewest(), m.wait(), tick())
}

// wait waits for news of the feed.
func (m *model) wait() tea.Cmd {
	feed, ctx, since, pause, now := m.o.Feed, m.ctx, m.drawn, pauseAfter(m.readFor, m.news.came), m.o.Now
	if feed == nil {
		return nil
	}
	return func() tea.Msg {
		n, ok := feed.wait(ctx, since, pause, now)
		if !ok {
			return nil
		}
		return n
	}
}

// second comes once a second, for what changes with the time alone.
type second time.Time

func tick() tea.Cmd { return tea.Tick(time.Second, func(at time.Time) tea.Msg { return second(at) }) }
