package cmd

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// person sits at a terminal: sees what is written there, and types.
type person struct {
	t        *testing.T
	keyboard *os.File // the other end of the terminal
	terminal *os.File

	mu     sync.Mutex
	screen bytes.Buffer
}

func newPerson(t *testing.T) *person {
	t.Helper()
	keyboard, terminal, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo terminal here: %v", err)
	}
	p := &person{t: t, keyboard: keyboard, terminal: terminal}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 4096)
		for {
			n, err := keyboard.Read(buffer)
			p.mu.Lock()
			p.screen.Write(buffer[:n])
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		terminal.Close()
		keyboard.Close()
		<-done
	})
	return p
}

func (p *person) sees() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.screen.String()
}

// waits until the screen shows a text.
func (p *person) waits(text string) {
	p.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(p.sees(), text) {
		if time.Now().After(deadline) {
			p.t.Fatalf("the screen does not show %q:\n%s", text, p.sees())
		}
		time.Sleep(time.Millisecond)
	}
}

func (p *person) types(text string) {
	p.t.Helper()
	if _, err := p.keyboard.WriteString(text); err != nil {
		p.t.Fatal(err)
	}
}

// runs starts a command line at the terminal; its exit code comes from the channel.
func (p *person) runs(ctx context.Context, d *desk, args ...string) (out *bytes.Buffer, code chan int) {
	out, code = new(bytes.Buffer), make(chan int, 1)
	io := IO{In: p.terminal, Out: out, Err: p.terminal, InTTY: true, ErrTTY: true, Columns: 200, Dir: d.dir,
		Env: func(name string) (string, bool) { value, ok := d.env[name]; return value, ok }}
	go func() { code <- run(ctx, io, args) }()
	return out, code
}

// echoes reports whether the terminal shows what is typed.
func (p *person) echoes() bool {
	p.t.Helper()
	state, err := unix.IoctlGetTermios(int(p.terminal.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// hidden waits until the terminal no longer repeats what is typed.
func (p *person) hidden() {
	p.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		if !p.echoes() {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatal("the terminal still repeats what is typed")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestSecretIsTypedUnseen(t *testing.T) {
	d, p := newDesk(t), newPerson(t)
	_, code := p.runs(t.Context(), d, "secrets", "set", "rentman")
	p.waits("Secret of rentman (not shown): ")
	p.hidden()
	p.types("canary-typed\r")
	if got := <-code; got != codeDone {
		t.Fatalf("code %d:\n%s", got, p.sees())
	}
	p.waits("is kept in")
	if strings.Contains(p.sees(), "canary") {
		t.Errorf("the secret is on the screen:\n%s", p.sees())
	}
	if !p.echoes() {
		t.Error("the terminal no longer shows what is typed")
	}
	if got := d.ok("secrets", "env"); got != "export WHK_SECRET_RENTMAN='canary-typed'\n" {
		t.Errorf("kept %q", got)
	}
}

func TestSecretPromptRefuses(t *testing.T) {
	for name, c := range map[string]struct{ typed, want string }{
		"nothing":  {"\r", "the secret is empty: prompt"},
		"blanks":   {"   \r", "the secret is empty: prompt"},
		"too much": {strings.Repeat("x", 5000) + "\r", "cuts the rest off"},
	} {
		t.Run(name, func(t *testing.T) {
			d, p := newDesk(t), newPerson(t)
			_, code := p.runs(t.Context(), d, "secrets", "set", "rentman")
			p.waits("(not shown)")
			p.hidden()
			p.types(c.typed)
			if got := <-code; got != codeUsage {
				t.Errorf("code %d, want 2", got)
			}
			p.waits(c.want)
		})
	}
}

// Whoever interrupts the question gets the terminal back as it was.
func TestSecretPromptIsInterrupted(t *testing.T) {
	d, p := newDesk(t), newPerson(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	_, code := p.runs(ctx, d, "secrets", "set", "rentman")
	p.waits("(not shown)")
	p.hidden()
	interrupt()
	if got := <-code; got != codeInterrupted {
		t.Errorf("code %d, want 130", got)
	}
	if !p.echoes() {
		t.Error("the terminal no longer shows what is typed")
	}
	p.types("\r") // lets the reader that stayed behind go
	for {
		if left, err := unix.IoctlGetInt(int(p.terminal.Fd()), unix.TIOCINQ); err != nil || left == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if _, err := os.Stat(filepath.Join(d.env["HOME"], ".config")); err == nil {
		t.Error("something was kept")
	}
}

func TestTrustAsks(t *testing.T) {
	const asking = "version: 1\nlisten: {addr: '0.0.0.0:1'}\n"
	for typed, want := range map[string]int{"y\r": codeDone, "YES\r": codeDone, "n\r": codeNo, "\r": codeNo, "yep\r": codeNo, "\x04": codeNo} {
		d, p := newDesk(t), newPerson(t)
		writeFile(t, filepath.Join(d.dir, ".whk.yaml"), asking)
		out, code := p.runs(t.Context(), d, "trust")
		p.waits("Trust this content of the file? [y/N] ")
		p.types(typed)
		if got := <-code; got != want {
			t.Errorf("%q: code %d, want %d", typed, got, want)
		}
		if !strings.Contains(p.sees(), ".whk.yaml:2:16") || out.Len() > 0 {
			t.Errorf("%q: the screen shows\n%s\nstdout %q", typed, p.sees(), out)
		}
		if _, _, code := d.run("providers", "list"); (code == codeDone) != (want == codeDone) {
			t.Errorf("%q: afterwards code %d", typed, code)
		}
	}
}

func TestSecretsRmAsks(t *testing.T) {
	d, p := newDesk(t), newPerson(t)
	writeFile(t, filepath.Join(d.dir, "s"), "x")
	for _, name := range []string{"old", "new"} {
		d.run("secrets", "set", "rentman", "--name", name, "--from-file", "s")
	}
	for _, typed := range []string{"n\r", "y\r"} {
		_, code := p.runs(t.Context(), d, "secrets", "rm", "rentman")
		p.waits("Forget all secrets of rentman: new, old? [y/N] ")
		p.types(typed)
		if got, want := <-code, map[string]int{"n\r": codeNo, "y\r": codeDone}[typed]; got != want {
			t.Errorf("%q: code %d, want %d", typed, got, want)
		}
		p.mu.Lock()
		p.screen.Reset()
		p.mu.Unlock()
	}
	if got, _, _ := d.run("secrets", "list"); got != "" {
		t.Errorf("left: %s", got)
	}
}
