package config

import (
	"testing"

	"pgregory.net/rapid"
)

func TestColour(t *testing.T) {
	for _, c := range []struct {
		name, mode string
		env        []string
		terminal   bool
		want       bool
	}{
		{"terminal", "auto", nil, true, true},
		{"pipe", "auto", nil, false, false},
		{"no mode", "", nil, true, true},
		{"never", "never", []string{"CLICOLOR_FORCE", "1"}, true, false},
		{"always", "always", []string{"NO_COLOR", "1", "TERM", "dumb"}, false, true},
		{"capitals", "Always", nil, false, true},
		{"NO_COLOR", "auto", []string{"NO_COLOR", "1"}, true, false},
		{"NO_COLOR has any value", "auto", []string{"NO_COLOR", "0"}, true, false},
		{"empty NO_COLOR", "auto", []string{"NO_COLOR", ""}, true, true},
		{"NO_COLOR over force", "auto", []string{"NO_COLOR", "1", "CLICOLOR_FORCE", "1"}, true, false},
		{"force into a pipe", "auto", []string{"CLICOLOR_FORCE", "1"}, false, true},
		{"force of 0", "auto", []string{"CLICOLOR_FORCE", "0"}, false, false},
		{"force over CLICOLOR", "auto", []string{"CLICOLOR_FORCE", "1", "CLICOLOR", "0"}, true, true},
		{"CLICOLOR off", "auto", []string{"CLICOLOR", "0"}, true, false},
		{"CLICOLOR into a pipe", "auto", []string{"CLICOLOR", "1"}, false, false},
		{"dumb terminal", "auto", []string{"TERM", "dumb"}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Colour(c.mode, environment(c.env...), c.terminal)
			must(t, err)
			if got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	_, err := Colour("sometimes", nil, true)
	wantError(t, err, `--color: unknown mode "sometimes"`, "auto, always or never")
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "4096": 4096, "25MiB": 25 << 20, "1GB": 1e9, "1gib": 1 << 30, "2 KB": 2000, " 3kib ": 3072, "7B": 7,
		"1.5MiB": 3 << 19, "0.5KiB": 512, "1.KB": 1000, "8TiB": 8 << 40, "9223372036854775807": 1<<63 - 1, "007": 7,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", " ", "MiB", "-1", "+1", "1e3", "0x10", "1_000", "1/2", "1.5", "1.0001KB", ".5KiB", "1..2KB", "1,5MB", "5M", "5k", "G",
		"5MiBB", "5 apples", "٣", "9223372036854775808", "9000000TiB", "NaN", "Inf", "1000000000000000000000000000000000",
	} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}

func TestSizeString(t *testing.T) {
	for size, want := range map[Size]string{0: "0", 1: "1", 999: "999", 1000: "1KB", 1024: "1KiB", 25 << 20: "25MiB", 1e9: "1GB", 1001: "1001", 1536 << 10: "1536KiB"} {
		if got := size.String(); got != want {
			t.Errorf("%d: got %q, want %q", int64(size), got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		size := Size(rapid.Int64Min(0).Draw(t, "size"))
		var back Size
		if err := back.Set(size.String()); err != nil || back != size {
			t.Fatalf("%q: got %d, %v, want %d", size.String(), int64(back), err, int64(size))
		}
	})
}
