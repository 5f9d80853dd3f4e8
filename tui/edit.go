package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	tea "charm.land/bubbletea/v2"
)

// edited brings what was saved in the editor.
type edited struct {
	n      int64
	folder string // is removed when the screen ends, so that the command can be repeated
	file   string
	before []byte
	err    error
}

// edit opens a copy of an event's body in the editor.
func (m *model) edit(n int64) tea.Cmd {
	e := m.detail.entry
	if e.Event == nil || e.N != n {
		m.status = status{faint, "the event is still being read"}
		return nil
	}
	if e.Cut != "" {
		m.status = status{bad, "the body is incomplete, so it is not sent: " + e.Cut}
		return nil
	}
	if m.o.Editor == nil {
		m.status = status{bad, "there is no editor: set EDITOR"}
		return nil
	}
	x := edited{n: n}
	var err error
	if x.folder, err = os.MkdirTemp("", "whk-edit-*"); err != nil {
		m.status = status{bad, "edit: " + err.Error()}
		return nil
	}
	m.folders = append(m.folders, x.folder)
	x.before, x.file = e.Delivery.Body, filepath.Join(x.folder, "body.txt")
	if json.Valid(x.before) {
		var b bytes.Buffer
		if err := json.Indent(&b, x.before, "", "  "); err == nil {
			b.WriteByte('\n')
			x.before, x.file = b.Bytes(), filepath.Join(x.folder, "body.json")
		}
	}
	if err := os.WriteFile(x.file, x.before, 0o600); err != nil {
		m.status = status{bad, "edit: " + err.Error()}
		return nil
	}
	c, err := m.o.Editor(x.file)
	if err != nil {
		m.status = status{bad, "edit: " + err.Error()}
		return nil
	}
	return tea.ExecProcess(c, func(err error) tea.Msg {
		x.err = err
		return x
	})
}

// tookEdited asks how to send what was saved.
func (m *model) tookEdited(x edited) tea.Cmd {
	after, err := os.ReadFile(x.file)
	switch {
	case x.err != nil:
		m.status = status{bad, "edit: " + x.err.Error() + "; nothing was sent"}
		return nil
	case err != nil:
		m.status = status{bad, "edit: " + err.Error() + "; nothing was sent"}
		return nil
	case bytes.Equal(after, x.before):
		m.status = status{faint, "nothing was changed, so nothing was sent"}
		return nil
	}
	note := "no JSON any more"
	var compact bytes.Buffer
	if json.Compact(&compact, after) == nil { // as providers send it
		after, note = compact.Bytes(), "JSON"
		if err := os.WriteFile(x.file, after, 0o600); err != nil {
			m.status = status{bad, "edit: " + err.Error() + "; nothing was sent"}
			return nil
		}
	} else if !json.Valid(x.before) {
		note = "text"
	}
	to := "where its last attempt went"
	if len(m.o.Targets) > 0 {
		to = m.o.Targets[0]
	}
	id := fmt.Sprint(x.n)
	send := func(key, name, note, signature string) choice {
		return choice{key, name, note, func(m *model) tea.Cmd {
			return m.replay(id, "--body", "@"+x.file, "--signature", signature)
		}}
	}
	return m.pick(line{{bold, "send the edited #" + id}, {faint, fmt.Sprintf(" to %s%s%s, %s", to, m.theme.dot, size(len(after)), note)}},
		send("s", "sign anew", "with the secret that is configured", "new"),
		send("k", "keep the signature", "which then does not fit: a test of your check", "keep"),
		send("n", "no signature", "", "none"),
		choice{"d", "drop it", "send nothing", func(m *model) tea.Cmd { return nil }})
}

// close removes what was written for editors.
func (m *model) close() {
	m.stop()
	for _, folder := range m.folders {
		os.RemoveAll(folder)
	}
}
