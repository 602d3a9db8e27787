//go:build real

package netconfd_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/device/ssh/sshtest"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/schema/compile"
)

// moduleDir is where the package netconfd keeps the modules that it serves.
const moduleDir = "/usr/share/yuma/modules"

// patience is longer than anything here takes, and shorter than a test.
const patience = 20 * time.Second

// A device is netconfd behind sshd.
type device struct {
	address    string
	keyFile    string // of the user that may log in
	key        string
	knownHosts string
	dir        string
	t          *testing.T
}

// boot starts a device with that target, "candidate" or "running", which listens on a port of both loopback addresses.
func boot(t *testing.T, target string) *device {
	t.Helper()
	d := &device{t: t, dir: t.TempDir()}
	user, private := sshtest.NewKey(t)
	host, hostPrivate := sshtest.NewKey(t)
	d.key, d.keyFile = private, d.write("user_key", private)
	d.write("host_key", hostPrivate)
	d.write("authorized_keys", user.Line())
	port := freePort(t)
	d.address = net.JoinHostPort("127.0.0.1", port)
	d.knownHosts = d.write("known_hosts", fmt.Sprintf("[127.0.0.1]:%s %s[::1]:%s %s", port, host.Line(), port, host.Line()))
	d.write("modules/example-switch.yang", read(t, "testdata/yang/example-switch.yang"))
	d.netconfd(target)
	d.write("sshd_config", strings.Join([]string{
		"Port " + port, "ListenAddress 127.0.0.1", "ListenAddress ::1", "HostKey " + d.file("host_key"), "PidFile none",
		"AuthorizedKeysFile " + d.file("authorized_keys"), "PermitRootLogin prohibit-password", "PasswordAuthentication no",
		"KbdInteractiveAuthentication no", "UsePAM no", "StrictModes no",
		"Subsystem netconf /usr/sbin/netconf-subsystem --ncxserver-sockname=" + port + "@" + d.file("ncx.sock"), "",
	}, "\n"))
	d.run("sshd", exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", d.file("sshd_config")))
	d.wait("sshd", func() bool {
		c, err := net.Dial("tcp", d.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return d
}

func (d *device) netconfd(target string) {
	port := d.address[strings.LastIndexByte(d.address, ':')+1:]
	args := []string{
		"--target=" + target, "--with-startup=true", "--superuser=root", "--no-startup", "--log=" + d.file("netconfd.log"),
		"--log-level=info", "--ncxserver-sockname=" + d.file("ncx.sock"), "--port=" + port,
		"--modpath=" + d.file("modules") + ":" + moduleDir,
	}
	for _, m := range served {
		args = append(args, "--module="+m)
	}
	cmd := exec.Command("/usr/sbin/netconfd", args...)
	cmd.Env = append(os.Environ(), "HOME="+d.dir)
	cmd.Dir = d.dir
	d.run("netconfd", cmd)
	d.wait("netconfd", func() bool {
		_, err := os.Stat(d.file("ncx.sock"))
		return err == nil
	})
}

// served are the modules that the device has, with what they import.
var served = []string{"ietf-interfaces", "ietf-ip", "iana-if-type", "example-switch"}

func (d *device) file(name string) string { return filepath.Join(d.dir, name) }

func (d *device) write(name, text string) string {
	d.t.Helper()
	if err := os.MkdirAll(filepath.Dir(d.file(name)), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(d.file(name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return d.file(name)
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// run starts a program that ends with the test.
func (d *device) run(name string, cmd *exec.Cmd) {
	d.t.Helper()
	out, err := os.Create(d.file(name + ".out"))
	if err != nil {
		d.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		d.t.Fatalf("%s: %v", name, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	d.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = out.Close()
		if d.t.Failed() {
			d.t.Logf("%s:\n%s", name, tail(d.file(name+".out")))
		}
	})
}

func tail(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-4000):])
}

// wait polls until a condition holds.
func (d *device) wait(what string, holds func() bool) {
	d.t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatalf("%s: not within %v:\n%s", what, patience, tail(d.file("netconfd.log")))
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// models compiles what the device serves, from the very files.
func models(t *testing.T, d *device) *schema.Schema {
	t.Helper()
	_, data, err := compile.Dir(os.DirFS(yangDir(t, d)), compile.Options{Name: "netconfd", Modules: served})
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// yangDir gathers the modules that the device serves in one directory.
func yangDir(t *testing.T, d *device) string {
	t.Helper()
	dir := d.file("yang")
	for _, from := range []string{filepath.Join(moduleDir, "ietf"), d.file("modules")} {
		if err := os.CopyFS(dir, os.DirFS(from)); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	return dir
}

// A stranger is another NETCONF client, on OpenSSH's own ssh.
type stranger struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    *os.File
	out   *os.File
	calls int
	rest  string
}

func (d *device) stranger() *stranger {
	d.t.Helper()
	host, port, _ := net.SplitHostPort(d.address)
	s := &stranger{t: d.t, cmd: exec.Command("ssh", "-p", port, "-i", d.keyFile, "-o", "UserKnownHostsFile="+d.knownHosts,
		"-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-F", "none", "-s", "root@"+host, "netconf")}
	inR, inW, err := os.Pipe()
	if err != nil {
		d.t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		d.t.Fatal(err)
	}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = inR, outW, os.Stderr
	s.in, s.out = inW, outR
	if err := s.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	inR.Close()
	outW.Close()
	d.t.Cleanup(s.leave)
	s.send(`<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>`)
	s.receive()
	return s
}

func (s *stranger) leave() {
	s.in.Close()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.out.Close()
}

func (s *stranger) send(message string) {
	s.t.Helper()
	if _, err := s.in.WriteString(message + "]]>]]>"); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stranger) receive() string {
	s.t.Helper()
	if err := s.out.SetReadDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	buf := make([]byte, 64<<10)
	for {
		if message, rest, found := strings.Cut(s.rest, "]]>]]>"); found {
			s.rest = rest
			return message
		}
		n, err := s.out.Read(buf)
		if err != nil {
			s.t.Fatalf("stranger: %v after %q", err, s.rest)
		}
		s.rest += string(buf[:n])
	}
}

// call sends an operation, and fails the test where the device says no.
func (s *stranger) call(operation string) string {
	s.t.Helper()
	s.calls++
	s.send(fmt.Sprintf(`<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="%d">%s</rpc>`, s.calls, operation))
	reply := s.receive()
	if strings.Contains(reply, "<rpc-error>") {
		s.t.Fatalf("stranger: %s: %s", operation, reply)
	}
	return reply
}

// edit changes the running configuration, through the candidate where that is the target.
func (s *stranger) edit(target, config string) {
	s.t.Helper()
	s.call(`<edit-config><target><` + target + `/></target><config xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0">` + config + `</config></edit-config>`)
	if target == "candidate" {
		s.call(`<commit/>`)
	}
}

// has reports whether the running configuration's text holds all of the parts.
func (s *stranger) has(parts ...string) bool {
	s.t.Helper()
	reply := s.call(`<get-config><source><running/></source></get-config>`)
	return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(reply, p) })
}
