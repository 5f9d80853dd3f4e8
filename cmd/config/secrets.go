package config

import (
	"fmt"
	"io"
	"strings"

	"whk/verify"
)

// MaxSecret bounds a secret, wherever it is read from.
const MaxSecret = 64 << 10

// SecretInput is every place where a person may have put the secret of a provider.
type SecretInput struct {
	// Files and Values are --secret-file and --secret, each [PROVIDER=]VALUE, and the
	// sources that Settings tells for them.
	Files, Values             []string
	FilesSource, ValuesSource Source
	// Stdin is standard input under --secret-stdin, else nil. It holds one secret, for
	// the provider Only, and is read once.
	Stdin io.Reader
	// Env is the environment; Config is what the files say about the provider.
	Env    Lookup
	Config []SecretRef
	// Known reports whether a word is the name of a provider. Only what it knows is
	// taken for PROVIDER=, for a secret may hold an equals sign itself.
	Known func(provider string) bool
	// Only is the one provider that is meant when a secret names none; it is empty when
	// several may be meant.
	Only string
}

// Secrets gathers the secrets of a provider. The places are asked in this order, and
// the first that has any gives all of them; later ones are not even looked at:
// --secret-file, --secret-stdin, --secret, WHK_SECRET_<PROVIDER>, the files' env:NAME
// and file:PATH, what whk secrets keeps. A value of --secret may be such a reference, too.
//
// An empty secret is an error wherever it stands, and so is a reference to a variable
// or a file that is not there: whoever wrote it believes that deliveries are checked.
func Secrets(provider string, in SecretInput) ([]verify.Secret, []Notice, error) {
	c := &collector{provider: provider, in: in}
	for _, place := range []func() error{c.files, c.stdin, c.values, c.variable, c.config} {
		if err := place(); err != nil {
			return nil, c.notices, err
		}
		if len(c.secrets) > 0 {
			break
		}
	}
	return c.secrets, c.notices, nil
}

// Development lets the well-known development secret stand in for a provider that has
// no secret of its own. It stays away in CI, where a green run must not mean it, and
// where it is disabled or the scheme has none.
func Development(configured []verify.Secret, development verify.Secret, env Lookup, disabled bool) []verify.Secret {
	if len(configured) > 0 || disabled || development.Empty() || inCI(env) {
		return configured
	}
	development.Development = true
	return []verify.Secret{development}
}

// inCI reads the variable that the common CI services set.
func inCI(env Lookup) bool {
	switch strings.ToLower(Paths{Env: env}.env("CI")) {
	case "", "0", "false":
		return false
	}
	return true
}

type collector struct {
	provider string
	in       SecretInput
	secrets  []verify.Secret
	notices  []Notice
}

func (c *collector) files() error {
	for _, arg := range c.in.Files {
		path, ok, err := c.mine("secret-file", arg, c.in.FilesSource)
		if err != nil {
			return err
		}
		if ok {
			if err := c.file(FileRef{Path: path, Source: c.in.FilesSource}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *collector) stdin() error {
	if c.in.Stdin == nil {
		return nil
	}
	if c.in.Only == "" {
		return failf("add --provider NAME", "--secret-stdin: several providers may be meant")
	}
	if c.in.Only != c.provider {
		return nil
	}
	content, err := io.ReadAll(io.LimitReader(c.in.Stdin, MaxSecret+1))
	if err == nil && len(content) > MaxSecret {
		err = errTooLarge
	}
	if err != nil {
		return &Error{Msg: "read the secret from standard input", Err: err}
	}
	return c.add(Source{}, "stdin", c.trim("stdin", string(content)))
}

func (c *collector) values() error {
	visible := false
	for _, arg := range c.in.Values {
		value, ok, err := c.mine("secret", arg, c.in.ValuesSource)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		name := c.in.ValuesSource.String()
		if c.in.ValuesSource.Layer == Default {
			name = "flag --secret"
		}
		if strings.HasPrefix(value, "env:") || strings.HasPrefix(value, "file:") {
			ref, problem := parseRef(value)
			if problem != "" {
				return failf("write env:NAME or file:PATH", "%s: %s", name, problem)
			}
			if err := c.reference(ref); err != nil {
				return err
			}
			continue
		}
		if c.in.ValuesSource.Layer == Env {
			value = c.trim(name, value)
		} else {
			visible = true
		}
		if err := c.add(Source{}, name, value); err != nil {
			return err
		}
	}
	if visible {
		c.notices = append(c.notices, Notice{
			Text: "--secret is visible in the process list and in the history of the shell",
			Hint: "whk secrets set " + c.provider + " keeps it; or set " + SecretVariable(c.provider) + ", or use --secret-file or --secret-stdin",
		})
	}
	return nil
}

func (c *collector) variable() error {
	name := SecretVariable(c.provider)
	value, ok := c.env(name)
	if !ok {
		return nil
	}
	return c.add(Source{}, "env "+name, c.trim("env "+name, value))
}

func (c *collector) config() error {
	for _, ref := range c.in.Config {
		if err := c.reference(ref); err != nil {
			return err
		}
	}
	return nil
}

// reference follows env:NAME or file:PATH.
func (c *collector) reference(ref SecretRef) error {
	if ref.stored != nil {
		return c.stored(*ref.stored)
	}
	if ref.Env == "" {
		return c.file(ref.File)
	}
	value, ok := c.env(ref.Env)
	if !ok {
		return ref.Source.errorf("set it, or remove the reference", "the secret of %s: the variable %s is not set", c.provider, ref.Env)
	}
	return c.add(ref.Source, "env "+ref.Env, c.trim("env "+ref.Env, value))
}

// stored adds what whk secrets keeps for the provider, which may be nothing.
func (c *collector) stored(file SecretFile) error {
	kept, err := file.List()
	if err != nil {
		return err
	}
	for _, s := range kept {
		if s.Provider == c.provider {
			c.secrets = append(c.secrets, s.Secret)
		}
	}
	return nil
}

func (c *collector) file(ref FileRef) error {
	if ref.Path == "" {
		return ref.Source.errorf("name a file", "the secret of %s: no file is named", c.provider)
	}
	content, info, err := ref.read(MaxSecret)
	if err != nil {
		e := ref.Source.errorf("", "the secret of %s: read %s", c.provider, ref.Path)
		e.Err = err
		return e
	}
	if readableByOthers(info) {
		c.notices = append(c.notices, Notice{
			Text: "other users of this machine can read the secret in " + ref.Path,
			Hint: "chmod 600 " + ref.Path,
		})
	}
	name := "file " + ref.Path
	return c.add(ref.Source, name, c.trim(name, string(content)))
}

// mine splits [PROVIDER=]VALUE and reports whether it is for this provider. Errors
// repeat nothing of it.
func (c *collector) mine(flag, arg string, src Source) (value string, ok bool, err error) {
	name, rest, found := strings.Cut(arg, "=")
	if name = strings.ToLower(name); found && c.in.Known != nil && c.in.Known(name) {
		return rest, name == c.provider, nil
	}
	if c.in.Only == "" {
		where := "--" + flag
		if src.Layer == Env {
			where = src.String()
		}
		return "", false, failf("write --"+flag+" PROVIDER=..., or add --provider NAME",
			"%s: it begins with no known provider and =, and several providers may be meant", where)
	}
	return arg, c.in.Only == c.provider, nil
}

// trim takes the white space off that editors, echo and copying leave around a value.
// The one newline at the end of a file is no news; everything else is.
func (c *collector) trim(name, value string) string {
	trimmed, notices := TrimSecret(name, value)
	c.notices = append(c.notices, notices...)
	return trimmed
}

// TrimSecret takes the white space off a secret as it was typed or read; name says in
// the notices where it came from.
func TrimSecret(name, value string) (trimmed string, notices []Notice) {
	line, cut := strings.CutSuffix(value, "\n")
	if cut {
		line = strings.TrimSuffix(line, "\r")
	}
	trimmed = strings.TrimSpace(strings.TrimPrefix(line, "\uFEFF"))
	if trimmed == "" {
		return "", nil
	}
	if trimmed != line {
		notices = append(notices, Notice{Text: "white space around the secret was removed: " + name})
	}
	if strings.ContainsAny(trimmed, "\r\n") && !strings.HasPrefix(trimmed, "-----BEGIN ") { // a PEM file is made of lines
		notices = append(notices, Notice{Text: "the secret has several lines, and all of them count: " + name})
	}
	return trimmed, notices
}

func (c *collector) add(src Source, name, value string) error {
	if value == "" {
		return src.errorf("give it a value, or take it away", "the secret of %s is empty: %s", c.provider, name)
	}
	same := 1
	for _, s := range c.secrets {
		if s.Name == name || strings.HasPrefix(s.Name, name+" #") {
			same++
		}
	}
	if same > 1 {
		name = fmt.Sprintf("%s #%d", name, same)
	}
	c.secrets = append(c.secrets, verify.NewSecret(name, value))
	return nil
}

func (c *collector) env(name string) (string, bool) {
	if c.in.Env == nil {
		return "", false
	}
	return c.in.Env(name)
}
