package provider

import (
	"errors"
	"io/fs"
	"path"
)

// Read reads a definition and its samples as Set.Add does, without putting it into a
// set. What is wrong with it is Faults; any other error means that it cannot be read.
func Read(fsys fs.FS, dir, source string) (*Provider, error) {
	p, err := load(fsys, definitionFile(dir), source, source)
	if err != nil {
		return nil, err
	}
	if _, err := p.samples(); err != nil {
		return nil, err
	}
	return p, nil
}

// definitionFile is the file of a definition that is named by its folder or its file.
func definitionFile(dir string) string {
	if ext := path.Ext(dir); ext != ".yaml" && ext != ".yml" {
		return path.Join(dir, DefinitionFile)
	}
	return dir
}

// FaultsOf returns the faults that an error of reading a definition holds, if any.
func FaultsOf(err error) (Faults, bool) { return errors.AsType[Faults](err) }
