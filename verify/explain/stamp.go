package explain

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"whk/verify"
)

// stampOf is the signed time stamp of a delivery, "" when none came.
func stampOf(d *verify.Delivery, r verify.Recipe, header string) string {
	if r.Timestamp == nil {
		return ""
	}
	if r.Timestamp.Header != "" {
		if values := d.Header[http.CanonicalHeaderKey(r.Timestamp.Header)]; len(values) > 0 {
			return values[0]
		}
		return ""
	}
	values := d.Header[header]
	if len(values) == 0 { // then both may stand in another
		for _, name := range sortedNames(d.Header) {
			values = append(values, d.Header[name]...)
		}
		for _, part := range split(d.RawQuery(), "&") {
			_, value, _ := strings.Cut(part, "=")
			if text, err := url.QueryUnescape(value); err == nil {
				values = append(values, text)
			}
		}
	}
	f := fieldsOf(r)
	for _, value := range values {
		parts := []string{value}
		if r.Separator != "" {
			parts = strings.Split(value, r.Separator)
		}
		parts = append(parts, split(value, ",; ")...)
		for _, part := range parts {
			if ts, ok := within(strings.TrimSpace(part), f.stampBefore, f.stampBehind); ok {
				return ts
			}
		}
	}
	return ""
}

// judgeTime returns what has to change about the time, on top of everything else.
func judgeTime(t *verify.Timestamp, stamp string, received time.Time) []Change {
	if t == nil || t.Tolerance == "" || stamp == "" || received.IsZero() {
		return nil
	}
	tolerance, err := time.ParseDuration(t.Tolerance)
	if err != nil {
		return nil
	}
	signed, changes := readStamp(t.Format, stamp, received, tolerance)
	if signed.IsZero() {
		return changes
	}
	age := received.Sub(signed)
	switch {
	case age > tolerance:
		c := changeOf(TimeStale, fmt.Sprintf("a time stamp may be %s old", lasting(age)))
		c.Detail = fmt.Sprintf("signed %s before it came; %s is allowed%s", lasting(age), tolerance, zone(age))
		changes = append(changes, c)
	case age < -tolerance && !t.Future:
		c := changeOf(TimeFuture, fmt.Sprintf("a time stamp may be %s ahead", lasting(age.Abs())))
		c.Detail = fmt.Sprintf("signed %s after it came; %s is allowed%s", lasting(age.Abs()), tolerance, zone(age))
		changes = append(changes, c)
	}
	return changes
}

func lasting(d time.Duration) time.Duration { return d.Round(time.Second) }

// zone adds a remark on differences that are whole hours, give or take a minute.
func zone(age time.Duration) string {
	off := age - age.Round(time.Hour)
	if hours := age.Round(time.Hour).Abs(); hours >= time.Hour && hours <= 14*time.Hour && off.Abs() <= time.Minute {
		return "; that is a number of whole hours, as a wrong time zone makes it"
	}
	return ""
}

// readStamp reads a time stamp in the form of the scheme, or else in another, which is a
// change.
func readStamp(format, stamp string, received time.Time, tolerance time.Duration) (time.Time, []Change) {
	said, right := parseStamp(format, stamp)
	if right && near(said, received, tolerance) {
		return said, nil
	}
	for _, f := range []string{"unix", "unix_ms", "rfc3339"} {
		at, ok := parseStamp(f, stamp)
		if !ok || f == format || f == "unix" && format == "" {
			continue
		}
		// A number reads as seconds and as milliseconds; only one of them is this century.
		if right && !near(at, received, 100*365*24*time.Hour) || right && near(said, received, 100*365*24*time.Hour) {
			continue
		}
		return at, []Change{changeOf(TimeUnit, "the time stamp is read as "+formatName(f)+", not as "+formatName(format))}
	}
	if !right {
		return time.Time{}, []Change{changeOf(TimeUnreadable, "the time stamp is "+formatName(format))}
	}
	return said, nil
}

// near is for times a century apart at most: the range of a duration is 292 years.
func near(a, b time.Time, within time.Duration) bool { return a.Sub(b).Abs() <= within }

func parseStamp(format, stamp string) (time.Time, bool) {
	if format == "rfc3339" {
		at, err := time.Parse(time.RFC3339, stamp)
		return at, err == nil
	}
	n, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if format == "unix_ms" {
		return time.UnixMilli(n), true
	}
	return time.Unix(n, 0), true
}

func formatName(format string) string {
	switch format {
	case "unix_ms":
		return "milliseconds since 1970"
	case "rfc3339":
		return "a time such as 2006-01-02T15:04:05Z"
	}
	return "seconds since 1970"
}
