package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"
)

// load loads a file with the given content and the given arguments, in a directory of its own.
func load(t *testing.T, content string, args ...string) (*Settings, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if content != "" {
		if err := os.WriteFile(defaultFile, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flags := pflag.NewFlagSet("tenter", pflag.ContinueOnError)
	AddFlags(flags, "log.level", "roles", "apply.parallel", "apply.save", "state_dir", "bus.redis")
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return Load(flags)
}

func TestDefaults(t *testing.T) {
	s, err := load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.API.Socket = filepath.Join(".tenter", "tenter.sock")
	if diff := cmp.Diff(want, *s, cmpopts.IgnoreUnexported(Settings{})); diff != "" {
		t.Error(diff)
	}
}

func TestExample(t *testing.T) {
	t.Setenv(fileVariable, filepath.Join("..", "..", "configs", "tenter.yaml"))
	s, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(s.Devices), 2; got != want {
		t.Errorf("devices: %d, want %d", got, want)
	}
	// The example is complete: every key is in it.
	for _, k := range Keys() {
		e, err := s.Explain(k)
		if err != nil {
			t.Fatal(err)
		}
		said := !strings.HasPrefix(e.Source, "default")
		if !said {
			t.Errorf("%s is missing from configs/tenter.yaml", k)
		}
	}
	// What it says beside the examples are the defaults.
	got, want := *s, Default()
	got.Devices, got.TLS, got.SSH, got.Credentials, got.Notify.Receivers = nil, nil, nil, nil, nil
	got.Access.Users = nil
	want.Intents, want.StateDir, want.Fabric = "/etc/tenter/intents", "/var/lib/tenter", "dc1"
	want.Secrets.Dir, want.API.Socket = "/etc/tenter/secrets", "/var/lib/tenter/tenter.sock"
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Settings{}), cmpopts.IgnoreFields(Settings{}, "Warnings")); diff != "" {
		t.Error(diff)
	}
	if len(s.Warnings) != 3 || !strings.Contains(s.Warnings[0], "lab-only") || !strings.Contains(s.Warnings[1], "lab-without-tls") ||
		!strings.Contains(s.Warnings[2], "lab-ssh") {
		t.Errorf("warnings: %q", s.Warnings)
	}
}

func TestPrecedence(t *testing.T) {
	file := "log: {level: warn}\napply: {parallel: 3, save: false}\nroles: [api]\nmonitor:\n  settle: 1s\n"
	t.Setenv("TENTER_APPLY_PARALLEL", "4")
	t.Setenv("TENTER_ROLES", "loader,monitor")
	t.Setenv("TENTER_MONITOR_POLL_INTERVAL", "7s")
	s, err := load(t, file, "--apply-parallel", "5", "--apply-save=true")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ key, value, source string }{
		{"log.level", "warn", "tenter.yaml:1:7"},
		{"log.format", "text", "default"},
		{"apply.parallel", "5", "flag --apply-parallel"},
		{"apply.save", "true", "flag --apply-save"},
		{"roles", "loader,monitor", "environment TENTER_ROLES"},
		{"monitor.settle", "1s", "tenter.yaml:5:3"},
		{"monitor.poll_interval", "7s", "environment TENTER_MONITOR_POLL_INTERVAL"},
		{"devices", "", "default"},
	}
	for _, tt := range tests {
		e, err := s.Explain(tt.key)
		if err != nil {
			t.Fatal(err)
		}
		if e.Value != tt.value || e.Source != tt.source {
			t.Errorf("%s: %s from %s, want %s from %s", tt.key, e.Value, e.Source, tt.value, tt.source)
		}
	}
	if s.Monitor.PollInterval != 7*time.Second || s.Apply.Parallel != 5 || !s.Apply.Save {
		t.Errorf("Explain and the values disagree: %+v", s)
	}
}

func TestRelativePathsAreTheFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.yaml")
	content := "intents: net\nstate_dir: state\ntls: [{name: a, ca_file: ca.pem}]\ncredentials: [{name: c, username: u, password_file: /abs}]\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := load(t, "", "--config", file, "--state-dir", "elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	got := []string{s.Intents, s.StateDir, s.API.Socket, s.TLS[0].CAFile, s.Credentials[0].PasswordFile, s.Profiles}
	want := []string{filepath.Join(dir, "net"), "elsewhere", "elsewhere/tenter.sock", filepath.Join(dir, "ca.pem"), "/abs", ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryMistakeAtOnce(t *testing.T) {
	tests := []struct {
		name, file string
		want       []string
	}{
		{"unknown keys", "monitor:\n  setle: 1s\nlogg: {}\nnotify:\n  receivers:\n    - {name: a, typ: slack}\n", []string{
			`tenter.yaml:2:3: monitor.setle: unknown key (did you mean "settle"?)`,
			`tenter.yaml:3:1: logg: unknown key (did you mean "log"?)`,
			`tenter.yaml:6:17: notify.receivers[0].typ: unknown key (did you mean "type"?)`,
		}},
		{"case counts", "Intents: x\n", []string{`tenter.yaml:1:1: Intents: unknown key (did you mean "intents"?)`}},
		{"types", "apply: {parallel: many, save: yes please, set_timeout: 3}\nroles: loader\nlog: text\n", []string{
			`tenter.yaml:1:19: apply.parallel: "many" is not a whole number`,
			`tenter.yaml:1:31: apply.save: "yes please" is not true or false`,
			`tenter.yaml:1:56: apply.set_timeout: "3" is not a duration such as 300ms or 5m`,
			`tenter.yaml:2:8: roles: must be a list`,
			`tenter.yaml:3:6: log: must be a mapping of settings`,
		}},
		{"aliases", "intents: &a x\nstate_dir: *a\n", []string{`tenter.yaml:2:12: state_dir: aliases are not allowed (write the value out)`}},
		{"ranges and names", "log: {level: loud}\napply: {parallel: 0, intent: always}\nroles: [loader, loader, monitr]\nfabric: a b\n", []string{
			`tenter.yaml:1:7: log.level: "loud" is none of debug, info, warn, error`,
			`tenter.yaml:2:9: apply.parallel: 0 is not between 1 and 1024`,
			`tenter.yaml:2:22: apply.intent: "always" is none of manual, auto`,
			`tenter.yaml:3:1: roles: "loader" is there twice`,
			`tenter.yaml:3:1: roles: "monitr" is none of loader, monitor, reconciler, notifier, scheduler, api (did you mean "monitor"?)`,
			`tenter.yaml:4:1: fabric: "a b" is no name (letters, digits, dot, dash and underscore, 63 at most)`,
		}},
		{"access", "devices:\n- {name: Leaf1, address: nowhere, tls: fabrik, credentials: x}\n- {name: Leaf1}\ntls:\n- {name: fabric, cert_file: a, pin_sha256: abc}\n- {insecure_skip_verify: true, ca_file: a}\ncredentials:\n- {name: c, username: u}\n- {name: d, username: u, username_env: U, password_env: P}\n", []string{
			`tenter.yaml:2:17: devices[0].address: "nowhere" is no host:port (as in 192.0.2.1:9339 or leaf1.example.net:9339)`,
			`tenter.yaml:2:35: devices[0].tls: there is no tls entry "fabrik" (did you mean "fabric"?)`,
			`tenter.yaml:2:48: devices[0].credentials: there is no credentials entry "x" (known here: c, d)`,
			`tenter.yaml:3:4: devices[1].name: "Leaf1" is there twice`,
			`tenter.yaml:5:3: tls[0]: cert_file and key_file belong together`,
			`tenter.yaml:5:32: tls[0].pin_sha256: must be 64 hex digits`,
			`tenter.yaml:6:3: tls[1]: has no name`,
			`tenter.yaml:6:4: tls[1].insecure_skip_verify: makes ca_file and server_name useless: one or the other must go`,
			`tenter.yaml:8:3: credentials[0]: needs password_file, password_env or, for SSH, private_key_file`,
			`tenter.yaml:9:3: credentials[1]: has both username and username_env: one of them must go`,
		}},
		{"ssh", "devices:\n- {name: leaf1, ssh: fabrik}\nssh:\n- {name: fabric}\n- {name: two, known_hosts: a, insecure_skip_host_key: true}\n- {name: pin, host_key_sha256: abc}\n- {name: key, host_key_sha256: \"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\"}\ncredentials:\n- {name: c, username: u, private_key_file: k}\n", []string{
			`tenter.yaml:2:17: devices[0].ssh: there is no ssh entry "fabrik" (did you mean "fabric"?)`,
			`tenter.yaml:4:3: ssh[0]: needs exactly one of known_hosts, host_key_sha256 and insecure_skip_host_key`,
			`tenter.yaml:5:3: ssh[1]: needs exactly one of known_hosts, host_key_sha256 and insecure_skip_host_key`,
			`tenter.yaml:6:15: ssh[2].host_key_sha256: must be SHA256: and 43 characters, as ssh-keygen -l prints it`,
		}},
		{"plaintext and timing", "tls:\n- {name: a, plaintext: true, ca_file: x}\nmonitor: {settle: 2m, poll_interval: 1ms, audit_interval: 0s}\n", []string{
			`tenter.yaml:2:13: tls[0].plaintext: is no TLS at all: the other fields of the entry must go`,
			`tenter.yaml:3:11: monitor.settle: 2m0s is not between 0s and 1m0s`,
			`tenter.yaml:3:23: monitor.poll_interval: 1ms is not between 100ms and 1h0m0s`,
		}},
		{"receivers", "notify:\n  receivers:\n  - {name: a, type: slack, url_env: U, secret_env: S}\n  - {name: b, type: webhook, url_env: U, match: {events: [drift], severity: bad}}\n", []string{
			`tenter.yaml:3:5: notify.receivers[0]: only a webhook has a secret`,
			`tenter.yaml:4:5: notify.receivers[1]: needs secret_file or secret_env`,
			`tenter.yaml:4:50: notify.receivers[1].match.events: "drift" is no event type ("drift.detected" or "drift.*")`,
			`tenter.yaml:4:67: notify.receivers[1].match.severity: "bad" is none of info, warning, error, critical`,
		}},
		{"bus", "bus: {redis: ftp://h, tls: fabrik}\ntls: [{name: fabric, ca_file: x}]\n", []string{
			`tenter.yaml:1:7: bus.redis: must be a URL that starts with redis:// or rediss:// or redis+sentinel:// or rediss+sentinel:// or redis+cluster:// or rediss+cluster:// or unix://`,
			`tenter.yaml:1:23: bus.tls: there is no tls entry "fabrik" (did you mean "fabric"?)`,
			`tenter.yaml:1:23: bus.tls: is of no use: bus.redis does not begin with rediss`,
		}},
		{"bus without TLS", "bus: {redis: \"rediss+cluster://h:1,i:2\", tls: open}\ntls: [{name: open, plaintext: true}]\n", []string{
			`tenter.yaml:1:42: bus.tls: the tls entry "open" is no TLS at all (leave bus.tls empty and begin bus.redis with redis)`,
		}},
		{"git", "git: {url: \"https://h\", branch: --x, path: ../a, poll: 1ms, webhook_listen: x}\n", []string{
			`tenter.yaml:1:7: git.url: names no repository on a host (as in ssh://git@git.example.net/net/dc1.git)`,
			`tenter.yaml:1:25: git.branch: "--x" is no name of a branch`,
			`tenter.yaml:1:38: git.path: "../a" is no folder inside a repository (as in net/dc1)`,
			`tenter.yaml:1:50: git.poll: 1ms is not between 1s and 24h0m0s`,
			`tenter.yaml:1:61: git.webhook_listen: "x" is no host:port (as in 127.0.0.1:9465, or :9465 for every address)`,
			`tenter.yaml:1:61: git.webhook_listen: needs webhook_secret_file or webhook_secret_env`,
		}},
		{"git over SSH", "git: {url: \"git@h:net/dc1.git\", token_env: T}\n", []string{
			`tenter.yaml:1:7: git.url: SSH needs a private key: git.key_file (a deploy key that may only read is enough)`,
			`tenter.yaml:1:7: git.url: SSH needs exactly one of git.known_hosts and git.host_key_sha256`,
			`tenter.yaml:1:7: git.url: git.token_file and git.token_env are for https:// only`,
		}},
		{"git with a token in its URL", "git: {url: \"https://t0ken@h/x\", key_file: k}\n", []string{
			`tenter.yaml:1:7: git.url: must not hold a password or a token (say a token by git.token_file or git.token_env)`,
			`tenter.yaml:1:7: git.url: git.key_file, git.known_hosts and git.host_key_sha256 are for ssh:// only`,
		}},
		{"git with a token without TLS", "git: {url: \"http://h/x\", token_env: T}\n", []string{
			`tenter.yaml:1:7: git.url: git.token_file and git.token_env are for https:// only`,
		}},
		{"git from nowhere", "git: {url: intents, webhook_listen: \":1\", webhook_secret_env: S}\n", []string{
			`tenter.yaml:1:7: git.url: must be a URL that starts with ssh://, https:// or file://, or USER@HOST:PATH (as in git@git.example.net:net/dc1.git)`,
		}},
		{"a password with a percent sign", "store: {dsn: \"postgres://u:s3kret%zz@h/x\"}\n", []string{
			`tenter.yaml:1:9: store.dsn: what follows postgres:// is no URL (in a user or password write %25 for %, %40 for @, %2F for / and %3A for :)`,
		}},
		{"said twice", "fabric: a\nfabric: b\n", []string{`tenter.yaml:2:1: fabric: said twice, first at tenter.yaml:1:1`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(t, tt.file)
			if diff := cmp.Diff(tt.want, texts(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func texts(err error) []string {
	var e *Error
	if !errors.As(err, &e) {
		return []string{fmt.Sprint(err)}
	}
	var out []string
	for _, p := range e.Problems {
		out = append(out, p.String())
	}
	return out
}

func TestMistakesOfOtherSources(t *testing.T) {
	t.Setenv("TENTER_MONITOR_SETTLE", "soon")
	t.Setenv("TENTER_DEVICES", "leaf1")
	_, err := load(t, "", "--apply-parallel", "x")
	want := []string{
		`environment TENTER_MONITOR_SETTLE: monitor.settle: "soon" is not a duration such as 300ms or 5m`,
		`flag --apply-parallel: apply.parallel: "x" is not a whole number`,
		`environment TENTER_DEVICES: devices: a list of entries can only be said in a file`,
	}
	if diff := cmp.Diff(want, texts(err), cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Error(diff)
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := load(t, "", "--config", "absent.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want not exist", err)
	}
}

func TestSecretsStaySecret(t *testing.T) {
	const password = "hunter2"
	t.Setenv("TENTER_BUS_REDIS", "redis://u:"+password+"@r.example.net:6379/0")
	s, err := load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.Explain("bus.redis")
	if err != nil {
		t.Fatal(err)
	}
	if e.Value != "(set)" {
		t.Errorf("explained as %q", e.Value)
	}
	text, err := s.Bus.Redis.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(s.Bus.Redis), fmt.Sprintf("%#v", s.Bus), fmt.Sprintf("%+v", *s), string(text)} {
		if strings.Contains(printed, password) {
			t.Errorf("printed: %s", printed)
		}
	}
	if string(s.Bus.Redis) != "redis://u:"+password+"@r.example.net:6379/0" {
		t.Error("the URL itself was changed")
	}
	t.Setenv("TENTER_BUS_REDIS", "http://u:"+password+"@r")
	if _, err := load(t, ""); err == nil || strings.Contains(err.Error(), password) {
		t.Errorf("error: %v", err)
	}
}

func TestStrayVariables(t *testing.T) {
	t.Setenv("TENTER_LOGLEVEL", "debug")
	t.Setenv("TENTER_SECRET_BGP", "x")
	t.Setenv("TENTER_PASSWORD", "x")
	s, err := load(t, "credentials: [{name: a, username: u, password_env: TENTER_PASSWORD}]\n")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"environment TENTER_LOGLEVEL sets nothing"}, s.Warnings); diff != "" {
		t.Error(diff)
	}
}

func ExampleSettings_Explain() {
	s, err := Load(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, _ := s.Explain("monitor.settle")
	fmt.Println(e.Key, e.Value, "from", e.Source)
	// Output: monitor.settle 300ms from default
}

func FuzzFile(f *testing.F) {
	f.Add([]byte("log: {level: info}\n"))
	f.Add([]byte("devices:\n- {name: a}\n- *x\n"))
	f.Add([]byte("? [a]\n: b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var ps problems
		d := &document{name: "f", data: data, places: map[string]place{}}
		d.check(&ps)
		for _, p := range ps {
			if p.Where == "" || p.Text == "" {
				t.Errorf("a problem that says nothing: %+v", p)
			}
		}
	})
}
