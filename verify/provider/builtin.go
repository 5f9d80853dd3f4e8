package provider

import (
	"embed"
	"fmt"
	"path"
	"sync"
)

// builtin holds every folder beside this file that has a definition in it: to add a
// provider is to add a folder.
//
//go:embed */provider.yaml */samples/*.json
var builtin embed.FS

// Builtin returns the providers that come with whk. Each definition is read when it is
// first asked for, so that a command which needs none pays for none.
func Builtin() (*Set, error) {
	folders, err := builtin.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("list the built-in providers: %w", err)
	}
	s := &Set{}
	for _, folder := range folders {
		name := folder.Name()
		file := path.Join(name, DefinitionFile)
		s.entries = append(s.entries, entry{name, sync.OnceValues(func() (*Provider, error) {
			return load(builtin, file, file, BuiltinSource)
		})})
	}
	return s, nil
}
