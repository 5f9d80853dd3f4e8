//go:build unix

package cmd

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// family is a command with all that it has started. Apart from the terminal it is a
// session of its own, and so a process group: a signal to the group reaches even those
// whose parents are gone, and none of it can be stopped for touching a terminal from the
// background. With the terminal shared there is no such group, and its members are found
// by their parents.
type family struct {
	pid   int
	apart bool
}

func (f *family) prepare(c *exec.Cmd, sharesTerminal bool) {
	f.apart = !sharesTerminal
	if f.apart {
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
}

func (f *family) begin(p *os.Process) { f.pid = p.Pid }

// ask sends a signal to everybody. Who is gone already is no fault.
func (f *family) ask(what farewell) {
	signal, ok := map[farewell]syscall.Signal{interrupt: syscall.SIGINT, terminate: syscall.SIGTERM, kill: syscall.SIGKILL}[what]
	switch {
	case !ok:
	case f.apart:
		_ = syscall.Kill(-f.pid, signal)
	default:
		for _, pid := range f.members() {
			_ = syscall.Kill(pid, signal)
		}
	}
}

// alive reports whether anybody is left behind by the command.
func (f *family) alive() bool {
	if f.apart && syscall.Kill(-f.pid, 0) != nil {
		return false
	}
	return len(f.members()) > 0
}

func (f *family) end() {}

// relative is a process as the table of processes has it.
type relative struct{ pid, parent, group int }

// members are the pids of the family, parents first. The dead whom nobody has buried do
// not count.
func (f *family) members() []int {
	all := processes()
	var found []int
	if f.apart {
		for _, p := range all {
			if p.group == f.pid {
				found = append(found, p.pid)
			}
		}
		return found
	}
	if !slices.ContainsFunc(all, func(p relative) bool { return p.pid == f.pid }) {
		return nil
	}
	found = []int{f.pid}
	for i := 0; i < len(found); i++ {
		for _, p := range all {
			if p.parent == found[i] && !slices.Contains(found, p.pid) {
				found = append(found, p.pid)
			}
		}
	}
	return found
}

// processes reads the table of processes: from /proc, or where there is none from ps.
func processes() []relative {
	var all []relative
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		var p relative
		var state string
		// The name stands in parentheses, and may have some itself.
		at := bytes.LastIndexByte(text, ')')
		if _, err := fmt.Sscan(string(text[:max(bytes.IndexByte(text, ' '), 0)]), &p.pid); err != nil {
			continue
		}
		if _, err := fmt.Sscan(string(text[at+1:]), &state, &p.parent, &p.group); err == nil && state != "Z" && state != "X" {
			all = append(all, p)
		}
	}
	if len(files) > 0 {
		return all
	}
	table, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,pgid=,stat=").Output()
	if err != nil {
		return nil
	}
	for line := range bytes.Lines(table) {
		var p relative
		var state string
		if _, err := fmt.Sscan(string(line), &p.pid, &p.parent, &p.group, &state); err == nil && state[0] != 'Z' {
			all = append(all, p)
		}
	}
	return all
}
