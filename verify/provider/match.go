package provider

import "strings"

// Match reports whether a glob fits the full name of an event, "rentman/Contact.create".
// A "*" stands for any number of signs, also dots, but no slash. A glob without a slash
// is about the name behind it, whoever the provider is. Case does not matter.
func Match(glob, fullName string) bool {
	if !strings.Contains(glob, "/") {
		_, name, ok := strings.Cut(fullName, "/")
		if !ok {
			name = fullName
		}
		return matchPart(glob, name)
	}
	return matchPart(glob, fullName)
}

// matchPart matches with one step back to the last star, so that no glob takes more
// than the product of the lengths.
func matchPart(glob, name string) bool {
	g, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, mark = g, n
			g++
		case g < len(glob) && lower(glob[g]) == lower(name[n]):
			g++
			n++
		case star >= 0 && name[mark] != '/':
			mark++
			g, n = star+1, mark
		default:
			return false
		}
	}
	for g < len(glob) && glob[g] == '*' {
		g++
	}
	return g == len(glob)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
