// Package secret reads credentials and keys from files and the environment.
//
// Values are read when they are asked for, so a rotated password is used at the next connection without a restart.
// No error, warning or printed value of this package holds a secret; errors name the file or variable instead.
package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// maxSize is more than any password, key or certificate needs.
const maxSize = 64 << 10

// ErrNotFound is in the error of Named when neither the file nor the variable is there.
var ErrNotFound = errors.New("no such secret")

// A name is what a file may be called and a variable may be made of. No dot at its start and no slash, so that a
// name in an intent cannot lead out of the directory.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// A Reader finds secrets. It is safe for concurrent use.
type Reader struct {
	dir, prefix string
	warn        func(string)

	mu     sync.Mutex
	warned map[string]bool
}

// NewReader returns a Reader of the secrets in a directory, one file each, and of the variables with a prefix. Either
// may be empty. warn is told, once for each file, when everybody on the machine may read it; it may be nil.
func NewReader(dir, prefix string, warn func(text string)) *Reader {
	return &Reader{dir: dir, prefix: prefix, warn: warn, warned: map[string]bool{}}
}

// Named returns the secret that an intent refers to by name: the file of that name, else the variable made of the
// prefix and the name in capitals, with an underscore for every dash and dot.
func (r *Reader) Named(name string) (Text, error) {
	if !validName.MatchString(name) {
		return Text{}, fmt.Errorf("secret %q: not a name: letters, digits, dash, dot and underscore", name)
	}
	var looked []string
	if r.dir != "" {
		file := filepath.Join(r.dir, name)
		t, err := r.file(file)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return t, err
		}
		looked = append(looked, "file "+file)
	}
	if r.prefix != "" {
		variable := r.prefix + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
		if value := os.Getenv(variable); value != "" {
			return Text{value}, nil
		}
		looked = append(looked, "environment "+variable)
	}
	if looked == nil {
		return Text{}, fmt.Errorf("secret %q: %w: set secrets.dir or secrets.env_prefix", name, ErrNotFound)
	}
	return Text{}, fmt.Errorf("secret %q: %w: looked for %s", name, ErrNotFound, strings.Join(looked, " and "))
}

// From returns the secret in a file or in a variable, whichever of the two is named.
func (r *Reader) From(file, variable string) (Text, error) {
	switch {
	case file != "":
		return r.file(file)
	case variable != "":
		if value := os.Getenv(variable); value != "" {
			return Text{value}, nil
		}
		return Text{}, fmt.Errorf("secret: environment %s is not set", variable)
	}
	return Text{}, errors.New("secret: neither a file nor a variable is named")
}

// file reads one secret. The final newline that editors add is no part of it.
func (r *Reader) file(name string) (Text, error) {
	info, err := os.Stat(name) // before opening, for opening a pipe would wait
	if err != nil {
		return Text{}, fmt.Errorf("secret: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Text{}, fmt.Errorf("secret: %s is no regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return Text{}, fmt.Errorf("secret: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return Text{}, fmt.Errorf("secret: %w", err)
	}
	if len(data) > maxSize {
		return Text{}, fmt.Errorf("secret: %s is larger than %d bytes", name, maxSize)
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if value == "" {
		return Text{}, fmt.Errorf("secret: %s is empty", name)
	}
	if info.Mode().Perm()&0o004 != 0 {
		r.warnOnce(name)
	}
	return Text{value}, nil
}

func (r *Reader) warnOnce(name string) {
	r.mu.Lock()
	again := r.warned[name]
	r.warned[name] = true
	r.mu.Unlock()
	if r.warn != nil && !again {
		r.warn(fmt.Sprintf("secret file %s: everybody on this machine can read it: chmod 600 %s", name, name))
	}
}
