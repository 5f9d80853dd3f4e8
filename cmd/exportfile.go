package cmd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"whk/replay"
	"whk/verify/display"
)

// exportOutput takes exchanges one after another. Either commit or abort ends it; what
// was aborted leaves no file behind.
type exportOutput interface {
	write(x *replay.Exchange) error
	commit() error
	abort()
	format() replay.Format
}

// exportFile opens what an export is written to.
func (a *app) exportFile(f *eventsExportFlags, format replay.Format, o replay.ExportOptions) (exportOutput, error) {
	if f.to == "" {
		return a.exportStdout(f, format, o)
	}
	path := a.path(f.to)
	info, err := os.Stat(path)
	isFolder := err == nil && info.IsDir() || strings.HasSuffix(f.to, "/") || strings.HasSuffix(f.to, string(filepath.Separator))
	if isFolder {
		if format != replay.FormatHTTP && format != replay.FormatCurl {
			return nil, hint(usagef("--to %s: this is a folder", f.to), "name a file in it: an export of "+string(format)+" is one file for all events")
		}
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, fail(codeUsage, err)
		}
		return &folderOutput{dir: path, shown: f.to, force: f.force, kind: format, options: o}, nil
	}
	if err == nil && !f.force {
		return nil, hint(fail(codeUsage, fmt.Errorf("--to %s: there is such a file", f.to)), "--force replaces it")
	}
	file, err := newPendingFile(path, modeOf(format))
	if err != nil {
		return nil, fail(codeUsage, err)
	}
	out := &streamOutput{kind: format, buffer: bufio.NewWriterSize(file, 256<<10), file: file}
	out.exporter, err = replay.NewExporter(format, out.buffer, o)
	if err != nil {
		file.abort()
		return nil, err
	}
	return out, nil
}

// exportStdout writes to standard output, but no bytes that could act on a terminal.
func (a *app) exportStdout(f *eventsExportFlags, format replay.Format, o replay.ExportOptions) (exportOutput, error) {
	if format == replay.FormatBundle && a.OutTTY && !f.force {
		return nil, hint(usagef("a bundle is no text for a terminal"), "redirect it or give --to FILE, as in: whk events export --to events.whk")
	}
	out := &streamOutput{kind: format, buffer: bufio.NewWriterSize(a.Out, 256<<10)}
	if format == replay.FormatHTTP {
		// One request and no other: nothing is written before that is known.
		out.held, out.safe = new(bytes.Buffer), a.OutTTY && !f.force
		var err error
		out.exporter, err = replay.NewExporter(format, out.held, o)
		return out, err
	}
	var err error
	out.exporter, err = replay.NewExporter(format, out.buffer, o)
	return out, err
}

func modeOf(format replay.Format) fs.FileMode {
	if format == replay.FormatCurl {
		return 0o700
	}
	return 0o600
}

// streamOutput is one file, or standard output.
type streamOutput struct {
	kind     replay.Format
	exporter replay.Exporter
	buffer   *bufio.Writer
	file     *pendingFile  // nil for standard output
	held     *bytes.Buffer // what is written at the end only
	safe     bool          // held is for a terminal
}

func (s *streamOutput) format() replay.Format { return s.kind }

func (s *streamOutput) write(x *replay.Exchange) error {
	err := s.exporter.Write(x)
	if errors.Is(err, replay.ErrSingle) {
		return hint(fail(codeUsage, errors.New("a raw HTTP file holds one request, and several events are meant")),
			"name a folder, which gets a file for each: --to requests/")
	}
	return err
}

func (s *streamOutput) commit() error {
	err := s.exporter.Close()
	if err == nil && s.held != nil {
		if s.safe && display.Block(strings.ReplaceAll(s.held.String(), "\r\n", "\n")) != strings.ReplaceAll(s.held.String(), "\r\n", "\n") {
			return hint(usagef("the request holds bytes that a terminal should not get"), "redirect it or give --to FILE; --force writes it all the same")
		}
		_, err = s.buffer.Write(s.held.Bytes())
	}
	if flushed := s.buffer.Flush(); err == nil {
		err = flushed
	}
	if s.file == nil {
		return err
	}
	if err != nil {
		s.file.abort()
		return fail(codeUsage, err)
	}
	if err := s.file.commit(); err != nil {
		return fail(codeUsage, err)
	}
	return nil
}

func (s *streamOutput) abort() {
	if s.file != nil {
		s.file.abort()
		return
	}
	if s.held == nil {
		_ = s.buffer.Flush() // what was ready is shown; the error that ended it is told
	}
}

// folderOutput is a folder with a file for each event.
type folderOutput struct {
	dir, shown string
	force      bool
	kind       replay.Format
	options    replay.ExportOptions
}

func (o *folderOutput) format() replay.Format { return o.kind }

func (o *folderOutput) write(x *replay.Exchange) error {
	path := filepath.Join(o.dir, replay.FileName(x, o.kind))
	if _, err := os.Lstat(path); err == nil && !o.force {
		return hint(fail(codeUsage, fmt.Errorf("%s exists", path)), "--force replaces it")
	}
	file, err := newPendingFile(path, modeOf(o.kind))
	if err != nil {
		return fail(codeUsage, err)
	}
	buffer := bufio.NewWriter(file)
	exporter, err := replay.NewExporter(o.kind, buffer, o.options)
	if err == nil {
		err = exporter.Write(x)
	}
	if err == nil {
		err = exporter.Close()
	}
	if err == nil {
		err = buffer.Flush()
	}
	if err != nil {
		file.abort()
		return err
	}
	return file.commit()
}

func (o *folderOutput) commit() error { return nil }

func (o *folderOutput) abort() {}

// pendingFile appears under its name when it is complete.
type pendingFile struct {
	*os.File
	path string
}

// newPendingFile makes a file beside the one it will be, under a name that nobody can
// have made a link of.
func newPendingFile(path string, mode fs.FileMode) (*pendingFile, error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".whk-*.part")
	if err != nil {
		return nil, err
	}
	if err := file.Chmod(mode); err != nil {
		_ = file.Close()
		_ = os.Remove(file.Name())
		return nil, err
	}
	return &pendingFile{file, path}, nil
}

func (p *pendingFile) commit() error {
	if err := p.Close(); err != nil {
		_ = os.Remove(p.Name())
		return err
	}
	if err := os.Rename(p.Name(), p.path); err != nil {
		_ = os.Remove(p.Name())
		return err
	}
	return nil
}

func (p *pendingFile) abort() {
	_ = p.Close()
	_ = os.Remove(p.Name())
}
