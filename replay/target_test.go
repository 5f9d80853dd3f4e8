package replay_test

import (
	"strings"
	"testing"

	"whk/replay"
)

func TestTarget(t *testing.T) {
	const event = "/rentman?shop=3"
	tests := []struct{ name, arg, event, want string }{
		{"a port", "3000", event, "http://127.0.0.1:3000/rentman?shop=3"},
		{"a port with its colon", ":3000", event, "http://127.0.0.1:3000/rentman?shop=3"},
		{"a port and a path", "3000/hook", event, "http://127.0.0.1:3000/hook?shop=3"},
		{"a port and a query", ":3000?a=1", event, "http://127.0.0.1:3000/rentman?a=1&shop=3"},
		{"blanks around it", " 3000\n", event, "http://127.0.0.1:3000/rentman?shop=3"},
		{"a host and port", "localhost:3000", event, "http://localhost:3000/rentman?shop=3"},
		{"a host", "example.com", event, "http://example.com/rentman?shop=3"},
		{"a host and a path", "example.com/hook", event, "http://example.com/hook?shop=3"},
		{"IPv6", "[::1]:3000", event, "http://[::1]:3000/rentman?shop=3"},
		{"a URL without a path", "https://example.com", event, "https://example.com/rentman?shop=3"},
		{"a URL with the path /", "https://example.com/", event, "https://example.com/?shop=3"},
		{"a URL with a path", "https://example.com/a/b", event, "https://example.com/a/b?shop=3"},
		{"both have a query", "https://example.com/a?x=1", event, "https://example.com/a?x=1&shop=3"},
		{"only the target has a query", "https://example.com/a?x=1", "/rentman", "https://example.com/a?x=1"},
		{"neither has", "https://example.com/a", "/rentman", "https://example.com/a"},
		{"a query without a path", "https://example.com?x=1", event, "https://example.com/rentman?x=1&shop=3"},
		{"a fragment goes", "https://example.com/a#top", event, "https://example.com/a?shop=3"},
		{"nothing is re-encoded", "https://example.com/a%2Fb/{id}|", "/p?q=a+b%20c", "https://example.com/a%2Fb/{id}|?q=a+b%20c"},
		{"the event has no path", "3000", "", "http://127.0.0.1:3000/"},
		{"the event has an absolute URL", "3000", "https://hooks.example.com/ubiqo?a=1", "http://127.0.0.1:3000/ubiqo?a=1"},
		{"a URL within the query", "localhost:3000/go?to=http://a.example.com/b", "/p", "http://localhost:3000/go?to=http://a.example.com/b"},
		{"user and password stay", "http://u:p@localhost:3000/x", "/p", "http://u:p@localhost:3000/x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := replay.Target(tt.arg, tt.event)
			if got != tt.want || err != nil {
				t.Errorf("Target(%q, %q) = %q, %v, want %q", tt.arg, tt.event, got, err, tt.want)
			}
		})
	}
}

func TestTargetRefuses(t *testing.T) {
	tests := []struct{ name, arg, want string }{
		{"nothing", "", "no target"},
		{"port 0", "0", "from 1 to 65535"},
		{"a port too high", "70000", "from 1 to 65535"},
		{"a port too high behind a host", "localhost:70000", "from 1 to 65535"},
		{"another scheme", "ftp://example.com/", `target "ftp://example.com/": scheme "ftp"`},
		{"a colon and no port", "localhost:", "the port is missing behind the colon of localhost:"},
		{"no host", "http:///path", "names no host"},
		{"a path alone", "/path", "names no host"},
		{"a blank", "http://example.com/a b", "%20"},
		{"a line feed", "http://example.com/a\nb", "%0A"},
		{"an escape character", "http://example.com/\x1b[2J", "%1B"},
		{"a broken address", "http://[::1/", "no URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := replay.Target(tt.arg, "/rentman")
			if err == nil {
				t.Fatalf("Target(%q) = %q, want an error", tt.arg, got)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

func TestTargetErrorHidesPassword(t *testing.T) {
	for _, arg := range []string{"http://u:hunter2@:80/", "http://u:hunter2@[::1/", "ftp://u:hunter2@h/", "http://u:hunter2@h:99999/"} {
		if _, err := replay.Target(arg, "/"); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Target(%q): %v", arg, err)
		}
	}
}
