package tui

import (
	"crypto/sha256"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// mostCopied is how much is handed to the terminal's clipboard; many take no more.
const mostCopied = 74_000

// clip copies a text through the terminal (OSC 52), which reaches the clipboard of the
// person's own machine also from afar. Control characters stay behind: what is pasted
// into a shell must not act on its own.
func (m *model) clip(what, text string) tea.Cmd {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, text)
	if len(text) > mostCopied {
		m.status = status{bad, fmt.Sprintf("%s is too large for the clipboard: %s; %s exports it", what, size(len(text)), m.keys.key(actExport))}
		return nil
	}
	first, _, more := strings.Cut(text, "\n")
	if more {
		first += " " + m.theme.more
	}
	m.status = status{good, fmt.Sprintf("copied %s (%s): %s", what, size(len(text)), first)}
	return tea.SetClipboard(text)
}

// menuCopy picks what to copy, with a look at each.
func (m *model) menuCopy() tea.Cmd {
	e := m.detail.entry
	if e.Event == nil {
		return nil
	}
	item := func(key, name, note string, a action) choice {
		return choice{key, name, note, func(m *model) tea.Cmd { return m.copyOf(a) }}
	}
	id := e.ID
	choices := []choice{
		item(m.keys.key(actCopyCurl), "curl", "a command that sends it again", actCopyCurl),
		item(m.keys.key(actCopyBody), "body", size(len(e.Delivery.Body)), actCopyBody),
		item(m.keys.key(actCopyHead), "headers", fmt.Sprint(len(e.Delivery.Header)), actCopyHead),
		{"i", "id", id, func(m *model) tea.Cmd { return m.clip("the id", id) }},
		item(m.keys.key(actCopyWhy), "report", "on the signature", actCopyWhy),
	}
	if b, ok := m.detail.pages[tabBody].(*body); ok && m.detail.tab == tabBody && !m.detail.raw && m.focus == onDetail {
		if path := b.at(m.detail.at[tabBody].line); path != "" {
			choices = append(choices, choice{"p", "path", path, func(m *model) tea.Cmd { return m.clip("the path", path) }})
		}
	}
	return m.pick(line{{bold, "copy"}, {faint, fmt.Sprintf(" #%d %s", e.N, e.FullName())}}, choices...)
}

// reportMade brings the report on a signature, to be copied.
type reportMade string

// copyOf copies a part of the event.
func (m *model) copyOf(a action) tea.Cmd {
	e := m.detail.entry
	if e.Event == nil {
		return nil
	}
	shown := m.builder().shown(e.Event)
	switch a {
	case actCopyBody:
		return m.clip("the body", string(shown.Body))
	case actCopyHead:
		return m.clip("the headers", text(headers(shown.Header)))
	case actCopyWhy:
		build, ctx, entry := m.builder(), m.ctx, m.detail.entry
		return func() tea.Msg {
			p := build.page(ctx, entry, tabVerify)
			return reportMade(fmt.Sprintf("#%d %s\n", entry.N, entry.FullName()) + text(p.window(0, p.height(), 0, 500)))
		}
	}
	args := []string{"events", "export", fmt.Sprint(e.N), "--format", "curl"}
	if len(m.o.Targets) > 0 {
		args = append(args, "--target", m.o.Targets[0])
	}
	return m.runFor(args, false, func(m *model, out string) tea.Cmd { return m.clip("curl", out) })
}

// text is lines as text.
func text(page []line) string {
	var b strings.Builder
	for _, l := range page {
		b.WriteString(strings.TrimRight(l.plain(), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

func fingerprint(body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf("%x", sum[:8])
}
