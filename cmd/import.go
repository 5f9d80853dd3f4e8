package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/listener"
	"whk/listener/store"
	"whk/replay"
	"whk/verify"
	"whk/verify/display"
)

// eventsImportFlags are the flags of whk events import.
type eventsImportFlags struct {
	format    string
	provider  string
	publicURL string
	maxFile   config.Size
	secrets   secretFlags
}

func (f *eventsImportFlags) add(flags *pflag.FlagSet) {
	_, read := replay.Formats()
	var names []string
	for _, format := range read {
		names = append(names, string(format))
	}
	f.maxFile = replay.MaxImport
	flags.StringVar(&f.format, "format", "", "`FORMAT` of the files: "+strings.Join(names, ", ")+" (default: by what is in them)")
	flags.StringVar(&f.provider, "provider", "", "`PROVIDER` of what neither its path nor its looks tell")
	flags.StringVar(&f.publicURL, "public-url", "", "the `URL` that was called, for schemes that sign it")
	flags.Var(&f.maxFile, "max-file", "refuse files larger than this `SIZE`")
	f.secrets.add(flags)
}

func (a *app) eventsImportCommand() *cobra.Command {
	var f eventsImportFlags
	c := &cobra.Command{
		Use:   "import FILE...",
		Short: "Add the events of files to the history",
		Long: `Add the events of files to the history: exports of whk (bundle, ndjson, har, http), HARs
of browsers and proxies, and raw HTTP requests. - is standard input, a folder stands for
the files in it.

A file is believed nothing but the bytes of its requests. Each is judged anew, with the
secrets that are known here and at the time it was received; where that cannot be, it
stays unchecked and says what the file said. Nothing is sent, not by a forward queue
either: to replay an imported event, name the target. An event that is in the history
already is passed over.

A listener has its store for itself: while whk listen runs on it, nothing is imported.` + exitHelp(codeUsage, codeInterrupted),
		Example: `  whk events import bug.whk
  whk events import browser.har --provider rentman
  whk events import request.http --public-url https://hooks.example.com
  ssh example.com whk events export --format bundle | whk events import -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return hint(usagef("events import: which file?"), "as in: whk events import events.whk; - is standard input")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.eventsImport(c.Context(), &f, args) },
	}
	f.add(c.Flags())
	c.ValidArgsFunction = files("whk", "har", "ndjson", "jsonl", "http")
	_, read := replay.Formats()
	var names []string
	for _, format := range read {
		names = append(names, string(format))
	}
	_ = c.RegisterFlagCompletionFunc("format", words(names...)) // the flag is there
	return c
}

// importedJSON is what an import came to, type "summary".
type importedJSON struct {
	Imported int                   `json:"imported"`
	Known    int                   `json:"already_there"`
	Skipped  int                   `json:"skipped"`
	Attempts int                   `json:"attempts"`
	Verdicts map[verify.Status]int `json:"verdicts"`
}

func (a *app) eventsImport(ctx context.Context, f *eventsImportFlags, args []string) error {
	_, read := replay.Formats()
	format := replay.Format(strings.ToLower(f.format))
	if format != "" && !slices.Contains(read, format) {
		return hint(usagef("--format %s: expected one of %v", f.format, read), "csv and curl are written and not read: export a bundle")
	}
	if f.maxFile <= 0 {
		return usagef("--max-file %s: expected a size such as 100MiB", f.maxFile.String())
	}
	if err := a.receiving("events import", f.provider); err != nil {
		return err
	}
	names, err := a.importFiles(args, f)
	if err != nil {
		return err
	}
	judge, err := a.newJudge(f)
	if err != nil {
		return err
	}
	log, err := a.openStore(store.Options{Exclusive: true, Holder: "whk events import"})
	if errors.Is(err, store.ErrLocked) {
		return hint(err, "stop the listener first, or import into another store with --store FILE")
	}
	if err != nil {
		return err
	}
	defer func() { a.closeStore(log) }()
	waiting, err := log.Queues(ctx)
	if err != nil {
		return err
	}
	im := &importer{app: a, log: log, judge: judge, format: format, max: int64(f.maxFile)}
	im.total.Verdicts = map[verify.Status]int{}
	for _, name := range names {
		if err = im.file(ctx, name); err != nil {
			break
		}
	}
	if passed := passQueues(context.WithoutCancel(ctx), log, waiting); err == nil {
		err = passed
	}
	if err != nil && im.total.Imported+im.total.Known == 0 {
		return err // nothing else happened
	}
	if reported := im.report(); err == nil {
		err = reported
	}
	return err
}

// importFiles are the files that were named, with those of folders.
func (a *app) importFiles(args []string, f *eventsImportFlags) ([]string, error) {
	var names []string
	for _, arg := range args {
		if arg == "-" {
			if f.secrets.stdin || slices.Contains(names, "-") {
				return nil, usagef("events import: standard input can be read once only")
			}
			names = append(names, arg)
			continue
		}
		info, err := os.Stat(a.path(arg))
		switch {
		case err != nil:
			return nil, fail(codeUsage, fmt.Errorf("events import %s: %s", arg, cause(err)))
		case !info.IsDir():
			names = append(names, arg)
			continue
		}
		entries, err := os.ReadDir(a.path(arg))
		if err != nil {
			return nil, fail(codeUsage, fmt.Errorf("events import: %w", err))
		}
		for _, entry := range entries {
			if entry.Type().IsRegular() && replay.FormatOf(entry.Name()) != "" {
				names = append(names, filepath.Join(arg, entry.Name()))
			}
		}
	}
	if len(names) == 0 {
		return nil, usagef("events import: there is no file with an ending of an export (.whk, .har, .ndjson, .http) in %s", strings.Join(args, ", "))
	}
	return names, nil
}

// importer adds files to a store.
type importer struct {
	*app
	log    *store.Store
	judge  *judge
	format replay.Format
	max    int64
	total  importedJSON
	warned int
	// Events are stored in groups: each group waits for the disk once.
	group []arrival
	ids   map[string]bool
	bytes int
}

// arrival is an event on its way into the store, with the attempts to deliver it.
type arrival struct {
	event   *listener.Event
	results []verify.Result
}

// The most that a group holds.
const (
	groupEvents = 256
	groupBytes  = 4 << 20
)

// maxWarnings is how many events that were passed over are named one by one.
const maxWarnings = 10

// file imports one file. What came before a fault is imported.
func (im *importer) file(ctx context.Context, name string) error {
	err := im.read(ctx, name)
	if failed := im.flush(ctx); failed != nil {
		return errors.Join(err, fmt.Errorf("import %s: %w", display.Line(name), failed))
	}
	return err
}

func (im *importer) read(ctx context.Context, name string) error {
	in, source, at, size, err := im.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	bar := im.newProgress("KiB of "+display.Line(source), int(size>>10), 0)
	defer bar.stop()
	counted := &countingReader{r: in, add: func(n int) { bar.add(n) }}
	taken, skipped := 0, 0
	for x, err := range replay.Import(counted, replay.ImportOptions{Format: im.format, MaxFile: im.max}) {
		if err := ctx.Err(); err != nil {
			return err
		}
		passed, ok := errors.AsType[*replay.SkippedError](err)
		switch {
		case ok:
			skipped++
			im.skipped(source, passed)
		case err != nil:
			return hint(fail(codeUsage, fmt.Errorf("import %s: %w", source, err)), importHint(err))
		default:
			if err := im.add(ctx, x, source, at); err != nil {
				return fmt.Errorf("import %s: %w", source, err)
			}
			taken++
		}
	}
	if taken == 0 && skipped > 0 {
		return fail(codeUsage, fmt.Errorf("import %s: it holds no event that could be taken", source))
	}
	if taken == 0 {
		im.notice("%s holds no events", display.Line(source))
	}
	return nil
}

func importHint(err error) string {
	if errors.Is(err, replay.ErrExportOnly) {
		return "whk events export --format bundle writes what can be imported"
	}
	return "--format says what a file is, --max-file allows larger ones; what came before the fault was imported"
}

// open opens a file, and says how it is called, when it was written and how long it is.
func (im *importer) open(name string) (in io.ReadCloser, source string, at time.Time, size int64, err error) {
	if name == "-" {
		return io.NopCloser(im.In), "standard input", time.Now(), 0, nil
	}
	file, err := os.Open(im.path(name))
	if err != nil {
		return nil, "", at, 0, fail(codeUsage, fmt.Errorf("events import: %w", err))
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s is no file", name)
	case info.Size() > im.max:
		err = hint(fmt.Errorf("%s is larger than %s", name, config.Size(im.max).String()), "--max-file allows more")
	}
	if err != nil {
		_ = file.Close()
		return nil, "", at, 0, fail(codeUsage, fmt.Errorf("events import: %w", err))
	}
	return file, filepath.Base(name), info.ModTime(), info.Size(), nil
}

// countingReader tells how far a file was read, in KiB.
type countingReader struct {
	r    io.Reader
	add  func(kib int)
	rest int
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.rest += n
	c.add(c.rest >> 10)
	c.rest &= 1<<10 - 1
	return n, err
}

func (im *importer) skipped(source string, err *replay.SkippedError) {
	im.total.Skipped++
	if im.warned++; im.warned <= maxWarnings {
		im.warn(display.Line(source)+": "+display.Line(err.Error())+": it was left out", "")
	}
}

// add judges an exchange and adds it to the store, unless it is there.
func (im *importer) add(ctx context.Context, x *replay.Exchange, source string, at time.Time) error {
	if x.At.IsZero() {
		x.At = at.Truncate(0)
		x.Notes = append(x.Notes, "the file does not say when it was received; the time is that of the file")
	}
	x.ID = cmp.Or(x.ID, x.ContentID())
	switch _, err := im.log.Find(ctx, x.ID); {
	case im.ids[x.ID], err == nil, errors.Is(err, store.ErrAmbiguous), errors.Is(err, store.ErrCorrupt):
		im.total.Known++
		return nil
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	e := im.judge.event(x)
	e.Notes = append(e.Notes, listener.ImportedNote+display.Line(source))
	im.group = append(im.group, arrival{e, x.Results})
	if im.ids == nil {
		im.ids = map[string]bool{}
	}
	im.ids[x.ID] = true
	if im.bytes += len(e.Delivery.Body); len(im.group) < groupEvents && im.bytes < groupBytes {
		return nil
	}
	return im.flush(ctx)
}

// flush stores the group. What was begun is finished, or events would be there without
// their attempts.
func (im *importer) flush(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	group := im.group
	im.group, im.ids, im.bytes = nil, nil, 0
	if len(group) == 0 {
		return nil
	}
	events := make([]*listener.Event, len(group))
	for i := range group {
		events[i] = group[i].event
	}
	if err := im.log.AppendAll(ctx, events); err != nil {
		return err
	}
	var attempts []store.Attempt
	for _, x := range group {
		im.total.Imported++
		im.total.Verdicts[x.event.Verdict.Status]++
		for _, result := range x.results {
			attempts = append(attempts, store.Attempt{Event: x.event.N, Result: result})
		}
	}
	im.total.Attempts += len(attempts)
	return im.log.AddResults(ctx, attempts)
}

// report says what became of the files.
func (im *importer) report() error {
	t := &im.total
	if im.isJSON() {
		out, err := im.newJSON()
		if err != nil {
			return err
		}
		return out.emit("summary", t)
	}
	if im.warned > maxWarnings {
		im.warn(fmt.Sprintf("%s more were left out", display.Thousands(int64(im.warned-maxWarnings))), "")
	}
	noun := "events"
	if t.Imported == 1 {
		noun = "event"
	}
	text := display.Thousands(int64(t.Imported)) + " " + noun + " imported"
	if t.Imported > 0 {
		var parts []string
		for _, status := range []verify.Status{verify.Valid, verify.Invalid, verify.Missing, verify.Unsigned, verify.Unchecked} {
			if n := t.Verdicts[status]; n > 0 {
				parts = append(parts, display.Thousands(int64(n))+" "+string(status))
			}
		}
		text += ": " + strings.Join(parts, ", ")
	}
	if t.Known > 0 {
		text += "; " + display.Thousands(int64(t.Known)) + " already there"
	}
	if t.Skipped > 0 {
		text += "; " + display.Thousands(int64(t.Skipped)) + " left out"
	}
	im.notice("%s", text)
	return nil
}
