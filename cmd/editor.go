package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// editBody lets a person change a body in their editor. JSON is laid out for it and made
// compact again, in the order and spelling of its values, as providers send it.
func (a *app) editBody(ctx context.Context, body []byte) ([]byte, error) {
	shown, isJSON := body, json.Valid(body)
	if isJSON {
		var b bytes.Buffer
		if err := json.Indent(&b, body, "", "  "); err != nil {
			return nil, err
		}
		b.WriteByte('\n')
		shown = b.Bytes()
	}
	edited, err := a.runEditor(ctx, shown, isJSON)
	switch {
	case err != nil:
		return nil, err
	case bytes.Equal(edited, shown):
		return body, nil
	case !isJSON:
		return edited, nil
	}
	var compact, before bytes.Buffer
	if err := json.Compact(&compact, edited); err != nil {
		a.warn("the body is no longer JSON ("+err.Error()+"), it is sent as it was saved", "")
		return edited, nil
	}
	if err := json.Compact(&before, body); err == nil && bytes.Equal(compact.Bytes(), before.Bytes()) {
		return body, nil // only its layout was changed, as editors like to do
	}
	return compact.Bytes(), nil
}

// runEditor opens $EDITOR on a file that nobody else can read, and returns what was
// saved.
func (a *app) runEditor(ctx context.Context, content []byte, isJSON bool) ([]byte, error) {
	words := a.editorWords()
	folder, err := os.MkdirTemp("", "whk-edit-*")
	if err != nil {
		return nil, fail(codeUsage, fmt.Errorf("edit: %w", err))
	}
	defer os.RemoveAll(folder)
	name := filepath.Join(folder, "body.txt")
	if isJSON {
		name = filepath.Join(folder, "body.json")
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		return nil, fail(codeUsage, fmt.Errorf("edit: %w", err))
	}
	c := exec.CommandContext(ctx, words[0], append(words[1:], name)...)
	c.Stdin, c.Stdout, c.Stderr = a.inherited(), a.Out, a.Err
	if !a.OutTTY {
		c.Stdout = a.Err // standard output is for what was asked for
	}
	if err := c.Run(); err != nil {
		return nil, hint(fail(codeUsage, fmt.Errorf("edit with %s: %w", words[0], err)), "set EDITOR to another editor; nothing was sent")
	}
	edited, err := os.ReadFile(name)
	if err != nil {
		return nil, fail(codeUsage, fmt.Errorf("edit: %w", err))
	}
	return edited, nil
}

// editorWords are the words of the command that edits a file, which follows them.
func (a *app) editorWords() []string {
	editor, _ := a.Env("EDITOR")
	if words := strings.Fields(editor); len(words) > 0 {
		return words
	}
	if runtime.GOOS == "windows" {
		return []string{"notepad"}
	}
	return []string{"vi"}
}
