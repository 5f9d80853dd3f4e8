package config

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseKeys(t *testing.T) {
	bind := func(action string, keys []string) error {
		if action == "replay" {
			return nil
		}
		return errors.New("there is no action " + action)
	}
	tests := []struct {
		name, text string
		layer      Layer
		want       map[string][]string
		wantErr    string
	}{
		{"one key", "version: 1\nkeys: {replay: z}\n", User, map[string][]string{"replay": {"z"}}, ""},
		{"several", "version: 1\nkeys:\n  replay: [z, ctrl+r]\n", User, map[string][]string{"replay": {"z", "ctrl+r"}}, ""},
		{"a digit", "version: 1\nkeys: {replay: 7}\n", User, map[string][]string{"replay": {"7"}}, ""},
		{"an action that is none", "version: 1\nkeys:\n  replai: z\n", User, nil, "config.yaml:3:11: there is no action replai"},
		{"no key", "version: 1\nkeys: {replay: {a: b}}\n", User, nil, "config.yaml:2:16: keys.replay: want text or a list of texts, got keys and values"},
		{"in a project", "version: 1\nkeys: {replay: z}\n", Project, nil, "config.yaml:2:1: keys: a project file binds none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &File{Name: "config.yaml", Layer: tt.layer}
			err := f.parse([]byte(tt.text), listenFlags(), bind)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.wantErr {
				t.Fatalf("parse: %s, want %s", got, tt.wantErr)
			}
			if diff := cmp.Diff(tt.want, f.keys); err == nil && diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}
