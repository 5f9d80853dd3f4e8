package cmd

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"whk/cmd/config"
	"whk/verify/display"
)

func (a *app) doctorCommand() *cobra.Command {
	d := &doctor{app: a, now: time.Now}
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check what whk needs: configuration, store, secrets, address, target",
		Long: `Check what whk needs to work here: configuration files and what is wrong in them, the
store and whether it is whole, the room on its disk, the address to listen on, the
secret of each provider (its name and fingerprint, never its value), the forward target,
the terminal and the clock.

Nothing is changed, and nothing is sent: the forward target is only connected to.
A store of up to 32 MiB is read and compared with its hashes; --full does so for a
larger one.` + exitHelp(codeUsage),
		Example: `  whk doctor
  whk doctor --full
  whk doctor --json --jq 'select(.status != "ok")'`,
		Args:        noArgs,
		Annotations: map[string]string{ownFindings: ""},
		// A configuration that cannot be used is a finding here, not the end.
		PersistentPreRunE: func(c *cobra.Command, args []string) error {
			if d.configuration = a.prepare(c, args); d.configuration == nil {
				return nil
			}
			if _, ok := errors.AsType[*config.Error](d.configuration); !ok {
				return d.configuration
			}
			c.Annotations[noConfig] = ""
			return a.prepare(c, args)
		},
		RunE: func(c *cobra.Command, _ []string) error { return d.run(c.Context()) },
	}
	c.Flags().BoolVar(&d.full, "full", false, "read the whole store, however large it is")
	return c
}

// doctor is one examination.
type doctor struct {
	*app
	full          bool
	now           func() time.Time
	configuration error // what is wrong with the settings
	checks        []check
	listen        listenFlags
}

// check is one finding, type "check" in JSON.
type check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	// Of is what the check is about, where there are several: a provider or a target.
	Of     string `json:"of,omitempty"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

// The states of a check.
const (
	checkOK   = "ok"
	checkWarn = "warn"
	checkFail = "fail"
)

// add notes a finding. What it is of may follow the name: "secret:rentman".
func (d *doctor) add(name, status, hint, format string, args ...any) {
	name, of, _ := strings.Cut(name, ":")
	d.checks = append(d.checks, check{name, status, of, fmt.Sprintf(format, args...), hint})
}

func (d *doctor) ok(name, format string, args ...any) {
	d.add(name, checkOK, "", format, args...)
}

func (d *doctor) warning(name, hint, format string, args ...any) {
	d.add(name, checkWarn, hint, format, args...)
}

func (d *doctor) failure(name, hint, format string, args ...any) {
	d.add(name, checkFail, hint, format, args...)
}

// failed turns an error into a finding, with the hint that it carries, or else with
// another.
func (d *doctor) failed(name string, err error, otherwise string) {
	_, hints := outcome(err)
	if len(hints) == 0 {
		hints = []string{otherwise}
	}
	d.failure(name, strings.Join(hints, "; "), "%s", err)
}

func (d *doctor) run(ctx context.Context) error {
	d.ok("version", "whk %s, %s, %s/%s", currentVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	d.terminal()
	d.config()
	for _, n := range d.strays {
		d.warning("environment", n.Hint, "%s", n.Text)
	}
	holder := d.store(ctx)
	d.address(holder)
	d.providers()
	d.targets(ctx)
	return d.report()
}

// report writes the findings, and fails when one of them is a failure.
func (d *doctor) report() error {
	failed := 0
	for _, c := range d.checks {
		if c.Status == checkFail {
			failed++
		}
	}
	if d.isJSON() {
		out, err := d.newJSON()
		if err != nil {
			return err
		}
		for _, c := range d.checks {
			if err := out.emit("check", c); err != nil {
				return err
			}
		}
	} else if err := d.text(); err != nil {
		return err
	}
	if failed > 0 {
		return fail(codeUsage, errors.New("doctor: "+plural(failed, "check")+" failed"))
	}
	return nil
}

func (d *doctor) text() error {
	width := 0
	for _, c := range d.checks {
		width = max(width, display.Width(c.Name))
	}
	indent := strings.Repeat(" ", len(checkWarn)+2+width+2)
	columns := max(d.Columns-len(indent), 30)
	if !d.OutTTY {
		columns = 1 << 20 // one line a finding, for those who search
	}
	w := d.buffered()
	for _, c := range gathered(d.checks) {
		status := pad(c.Status, len(checkWarn))
		switch c.Status {
		case checkOK:
			status = d.out.good(status)
		case checkWarn:
			status = d.out.warn(status)
		default:
			status = d.out.bad(status)
		}
		head := status + "  " + d.out.bold(pad(display.Line(c.Name), width)) + "  "
		detail := c.Detail
		switch n := strings.Count(c.Of, ", "); {
		case n > 0 && c.Name == "secret":
			detail = fmt.Sprintf("%s: %s (%s)", plural(n+1, "provider"), detail, c.Of)
		case c.Of != "":
			detail = c.Of + ": " + detail
		}
		for _, line := range fold(display.Line(detail), columns) {
			fmt.Fprintln(w, head+line)
			head = indent
		}
		arrow := d.out.faint("→ ")
		for _, line := range fold(display.Line(c.Hint), columns-2) {
			fmt.Fprintln(w, indent+arrow+line)
			arrow = "  "
		}
	}
	return w.Flush()
}
