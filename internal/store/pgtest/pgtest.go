// Package pgtest runs a real PostgreSQL for tests, on a free loopback port, with its files in a temporary directory. It
// ends only the processes that it has started. What a test commits is flushed to the disk as in production, unless the
// test says that it needs speed instead.
//
// A package whose tests share one server says so in its TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m).Run()) }
//
// and each test gets a database of its own from Database.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenter-net/tenter/internal/loopback"
)

// Hint says how to get the server; a test without it fails, for a skipped check is no check.
const Hint = "PostgreSQL is not installed: run `apt-get install postgresql` or your system's like, or put its initdb and postgres on the PATH"

// patience is how long a server may take to start or to end on a loaded machine.
const patience = time.Minute

// Options say how the server runs. The zero value is one that anybody on this machine may log in to and that flushes to the disk.
type Options struct {
	Unsafe   bool     // no flushing: what is committed does not outlive the machine, but outlives Kill
	Password string   // that the role must show; none is asked for when it is empty
	Settings []string // "name=value", as in postgresql.conf
}

// A Server is a PostgreSQL that can be killed and started again on the same port with what it has committed.
type Server struct {
	Addr string // host:port
	opts Options
	dir  string
	as   *syscall.Credential // nil for the own user

	mu    sync.Mutex
	cmd   *exec.Cmd
	gone  chan struct{} // closed when cmd has ended
	count int           // databases made
}

// role owns all databases.
const role = "tenter"

// New starts a server that ends with the test.
func New(t testing.TB, opts Options) *Server {
	t.Helper()
	s, err := Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Remove)
	return s
}

// Start starts a new, empty server. The caller calls Remove in the end.
func Start(opts Options) (_ *Server, err error) {
	s := &Server{opts: opts}
	if s.dir, err = os.MkdirTemp("", "tenter-pg-"); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	defer func() {
		if err != nil {
			s.Remove()
		}
	}()
	if os.Getuid() == 0 { // which PostgreSQL refuses to run as
		if s.as, err = servant(); err != nil {
			return nil, err
		}
		if err := os.Chown(s.dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			return nil, fmt.Errorf("postgres: %w", err)
		}
	}
	if err := s.initdb(); err != nil {
		return nil, err
	}
	for range 5 { // another process may take the port between asking for it and using it
		if s.Addr, err = loopback.Free(); err != nil {
			return nil, fmt.Errorf("postgres: %w", err)
		}
		if err = s.Restart(); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// servant is whom the server runs as on root's behalf.
func servant() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("postgres: it does not run as root, and there is neither a user postgres nor nobody")
}

// program finds one of PostgreSQL's programs: on the PATH, or where Debian keeps them, the newest first.
func program(name string) (string, error) {
	if file, err := exec.LookPath(name); err == nil {
		return file, nil
	}
	best, found := 0, ""
	files, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil {
		return "", err
	}
	for _, file := range files {
		if v, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(file)))); err == nil && v > best {
			best, found = v, file
		}
	}
	if found == "" {
		return "", errors.New(Hint)
	}
	return found, nil
}

func (s *Server) command(name string, args ...string) (*exec.Cmd, *strings.Builder, error) {
	file, err := program(name)
	if err != nil {
		return nil, nil, err
	}
	var out strings.Builder
	cmd := exec.Command(file, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, &out, &out
	// Should the tests be killed, the server ends as well. That the files stay behind is all that is left to go wrong.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Pdeathsig: syscall.SIGQUIT}
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	return cmd, &out, nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) initdb() error {
	args := []string{"-D", s.data(), "-U", role, "-E", "UTF8", "--locale=C", "--no-sync", "-A", "trust"}
	if s.opts.Password != "" {
		file := filepath.Join(s.dir, "password")
		if err := os.WriteFile(file, []byte(s.opts.Password+"\n"), 0o600); err != nil {
			return fmt.Errorf("initdb: %w", err)
		}
		if s.as != nil {
			if err := os.Chown(file, int(s.as.Uid), int(s.as.Gid)); err != nil {
				return fmt.Errorf("initdb: %w", err)
			}
		}
		args = append(args[:len(args)-1], "scram-sha-256", "--pwfile", file)
	}
	cmd, out, err := s.command("initdb", args...)
	if err != nil {
		return err
	}
	cmd.SysProcAttr.Pdeathsig = 0 // it ends by itself
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// URL is that of a database on the server, with the password where there is one.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(role), Host: s.Addr, Path: "/" + database, RawQuery: "sslmode=disable"}
	if s.opts.Password != "" {
		u.User = url.UserPassword(role, s.opts.Password)
	}
	return u.String()
}

// Exec runs statements on a database of the server as a stranger would.
func (s *Server) Exec(database, statements string) error {
	return Exec(s.URL(database), statements)
}

// Exec runs statements on the database of the URL.
func Exec(url, statements string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = c.PgConn().Exec(ctx, statements).ReadAll()
	return errors.Join(err, c.Close(ctx))
}

// Create makes a database and returns its name: a copy of another one that nobody is connected to, or an empty one.
func (s *Server) Create(template string) (string, error) {
	s.mu.Lock()
	s.count++
	name := "t" + strconv.Itoa(s.count)
	s.mu.Unlock()
	statement := "CREATE DATABASE " + name
	if template != "" {
		statement += " TEMPLATE " + template
	}
	return name, s.Exec("postgres", statement)
}
