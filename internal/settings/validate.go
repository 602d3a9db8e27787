package settings

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/suggest"
)

// maxSocket is what fits into a unix socket address on Linux, without the final zero.
const maxSocket = 107

var (
	fabricName  = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$`)
	eventFilter = regexp.MustCompile(`^[a-z]+\.([a-z_]+|\*)$`)
	severities  = []string{"info", "warning", "error", "critical"}
)

// validator gathers what is wrong with the values, each at the place that said it.
type validator struct {
	ps *problems
	o  *origins
}

func (c validator) bad(key, hint, format string, args ...any) {
	c.ps.add(c.o.of(key), key, hint, format, args...)
}

func (c validator) oneOf(key, value string, allowed []string) {
	if !slices.Contains(allowed, value) {
		c.bad(key, suggest.Hint(value, allowed), "%q is none of %s", value, strings.Join(allowed, ", "))
	}
}

func (c validator) between(key string, d, low, high time.Duration) {
	if d < low || d > high {
		c.bad(key, "", "%v is not between %v and %v", d, low, high)
	}
}

// zeroOrBetween is between for a time that 0 leaves to the device's profile.
func (c validator) zeroOrBetween(key string, d, low, high time.Duration) {
	if d != 0 {
		c.between(key, d, low, high)
	}
}

// exactlyOne checks that of two ways to say one thing exactly one is used.
func (c validator) exactlyOne(at, a, aValue, b, bValue string) {
	switch {
	case aValue == "" && bValue == "":
		c.bad(at, "", "needs %s or %s", a, b)
	case aValue != "" && bValue != "":
		c.bad(at, "", "has both %s and %s: one of them must go", a, b)
	}
}

// unique checks that every entry of a list has a name of its own, and returns the names.
func (c validator) unique(list string, names []string) map[string]bool {
	seen := map[string]bool{}
	for i, n := range names {
		at := fmt.Sprintf("%s[%d]", list, i)
		switch {
		case n == "":
			c.bad(at, "", "has no name")
		case seen[n]:
			c.bad(at+".name", "", "%q is there twice", n)
		}
		seen[n] = true
	}
	return seen
}

func (s *Settings) validate(ps *problems) {
	c := validator{ps, s.origin}
	for _, k := range []struct{ key, value string }{{"intents", s.Intents}, {"state_dir", s.StateDir}} {
		if k.value == "" {
			c.bad(k.key, "", "must not be empty")
		}
	}
	if !fabricName.MatchString(s.Fabric) {
		c.bad("fabric", "letters, digits, dot, dash and underscore, 63 at most", "%q is no name", s.Fabric)
	}
	var roles []string
	for _, r := range Roles() {
		roles = append(roles, string(r))
	}
	if len(s.Roles) == 0 {
		c.bad("roles", "known here: "+strings.Join(roles, ", "), "must not be empty")
	}
	for i, r := range s.Roles {
		c.oneOf("roles", string(r), roles)
		if slices.Contains(s.Roles[:i], r) {
			c.bad("roles", "", "%q is there twice", r)
		}
	}
	if len(s.API.Socket) > maxSocket {
		c.bad("api.socket", "say a shorter api.socket", "the path has %d bytes, a unix socket's at most %d", len(s.API.Socket), maxSocket)
	}
	c.oneOf("log.level", s.Log.Level, []string{"debug", "info", "warn", "error"})
	c.oneOf("log.format", s.Log.Format, []string{"text", "json"})
	c.between("lease", s.Lease, time.Second, 10*time.Minute)
	c.between("shutdown_timeout", s.ShutdownTimeout, 100*time.Millisecond, 10*time.Minute)
	c.url("store.dsn", s.Store.DSN, "postgres", "postgresql", "sqlite", "file")
	if u, err := url.Parse(string(s.Store.DSN)); err == nil && (u.Scheme == "sqlite" || u.Scheme == "file") && (u.Host != "" || u.Path == "") {
		c.bad("store.dsn", "as in sqlite:///var/lib/tenter/store", "a directory has its whole path after %s://", u.Scheme)
	}
	c.zeroOrBetween("store.retention", s.Store.Retention, 24*time.Hour, 100*365*24*time.Hour)
	c.zeroOrBetween("store.log_retention", s.Store.LogRetention, time.Hour, 100*365*24*time.Hour)
	c.zeroOrBetween("audit.interval", s.Audit.Interval, time.Second, 24*time.Hour)
	s.validateGit(c)
	s.validateBus(c)
	if l := s.Metrics.Listen; l != "" && !listenable(l) {
		c.bad("metrics.listen", "as in 127.0.0.1:9464, or :9464 for every address", "%q is no host:port", l)
	}
	c.url("tracing.endpoint", s.Tracing.Endpoint, "http", "https")
	s.validateLoops(c)
	s.validateReceivers(c)
	s.validateAccess(c)
	s.validateWho(c)
}

// validateBus leaves what follows the scheme to the bus, which knows how several hosts are said.
func (s *Settings) validateBus(c validator) {
	scheme, _, _ := strings.Cut(string(s.Bus.Redis), "://")
	schemes := []string{"redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster", "unix"}
	if s.Bus.Redis != "" && !slices.Contains(schemes, scheme) {
		c.bad("bus.redis", "", "must be a URL that starts with %s://", strings.Join(schemes, ":// or "))
	}
	if s.Bus.TLS == "" {
		return
	}
	var names []string
	for _, t := range s.TLS {
		names = append(names, t.Name)
		if t.Name == s.Bus.TLS && t.Plaintext {
			c.bad("bus.tls", "leave bus.tls empty and begin bus.redis with redis", "the tls entry %q is no TLS at all", t.Name)
		}
	}
	if !slices.Contains(names, s.Bus.TLS) {
		c.bad("bus.tls", nearest(s.Bus.TLS, names), "there is no tls entry %q", s.Bus.TLS)
	}
	if !strings.HasPrefix(scheme, "rediss") {
		c.bad("bus.tls", "", "is of no use: bus.redis does not begin with rediss")
	}
}

func (s *Settings) validateLoops(c validator) {
	m, a := s.Monitor, s.Apply
	c.between("monitor.settle", m.Settle, 0, time.Minute)
	c.zeroOrBetween("monitor.audit_interval", m.AuditInterval, time.Second, 24*time.Hour)
	c.zeroOrBetween("monitor.sync_timeout", m.SyncTimeout, 100*time.Millisecond, 10*time.Minute)
	c.zeroOrBetween("monitor.sample_interval", m.SampleInterval, 100*time.Millisecond, time.Hour)
	c.zeroOrBetween("monitor.poll_interval", m.PollInterval, 100*time.Millisecond, time.Hour)
	c.oneOf("apply.intent", a.Intent, []string{ApplyManual, ApplyAuto})
	c.between("apply.vote_timeout", a.VoteTimeout, time.Millisecond, 10*time.Minute)
	c.oneOf("apply.on_failure", a.OnFailure, []string{FailureStop, FailureRollbackDevice, FailureRollbackAll})
	if a.Parallel < 1 || a.Parallel > 1024 {
		c.bad("apply.parallel", "", "%d is not between 1 and 1024", a.Parallel)
	}
	c.zeroOrBetween("apply.set_timeout", a.SetTimeout, 100*time.Millisecond, 30*time.Minute)
	c.between("apply.readback_window", a.ReadbackWindow, 100*time.Millisecond, 30*time.Minute)
	c.between("apply.rollback_timer", a.RollbackTimer, time.Second, 24*time.Hour)
	c.between("apply.plan_expiry", a.PlanExpiry, time.Second, 30*24*time.Hour)
	c.between("notify.group_wait", s.Notify.GroupWait, 0, time.Hour)
}

// url checks a URL without ever repeating it.
func (c validator) url(key string, u URL, schemes ...string) {
	if u == "" {
		return
	}
	scheme, rest, _ := strings.Cut(strings.ToLower(string(u)), ":")
	_, err := url.Parse(string(u))
	if strings.HasPrefix(scheme, "postgres") && strings.Contains(rest, ",") { // several hosts, which pgx takes and net/url does not
		err = nil
	}
	switch {
	case !slices.Contains(schemes, scheme):
		c.bad(key, "", "must be a URL that starts with %s://", strings.Join(schemes, ":// or "))
	case err != nil: // the parser's words may repeat a part of the password
		c.bad(key, "in a user or password write %25 for %, %40 for @, %2F for / and %3A for :", "what follows %s:// is no URL", scheme)
	}
}

func (s *Settings) validateReceivers(c validator) {
	var names []string
	for i, r := range s.Notify.Receivers {
		at := fmt.Sprintf("notify.receivers[%d]", i)
		names = append(names, r.Name)
		c.oneOf(at+".type", r.Type, []string{ReceiverSlack, ReceiverWebhook})
		c.exactlyOne(at, "url_file", r.URLFile, "url_env", r.URLEnv)
		switch {
		case r.Type == ReceiverWebhook:
			c.exactlyOne(at, "secret_file", r.SecretFile, "secret_env", r.SecretEnv)
		case r.SecretFile != "" || r.SecretEnv != "":
			c.bad(at, "", "only a webhook has a secret")
		}
		for _, e := range r.Match.Events {
			if !eventFilter.MatchString(e) {
				c.bad(at+".match.events", `"drift.detected" or "drift.*"`, "%q is no event type", e)
			}
		}
		if r.Match.Severity != "" {
			c.oneOf(at+".match.severity", r.Match.Severity, severities)
		}
	}
	c.unique("notify.receivers", names)
}

func (s *Settings) validateAccess(c validator) {
	var devices, tls, ssh, credentials []string
	for i, t := range s.TLS {
		at := fmt.Sprintf("tls[%d]", i)
		tls = append(tls, t.Name)
		if (t.CertFile == "") != (t.KeyFile == "") {
			c.bad(at, "", "cert_file and key_file belong together")
		}
		if t.InsecureSkipVerify && (t.CAFile != "" || t.ServerName != "") {
			c.bad(at+".insecure_skip_verify", "", "makes ca_file and server_name useless: one or the other must go")
		}
		if t.Plaintext && (t.CAFile != "" || t.CertFile != "" || t.PinSHA256 != "" || t.InsecureSkipVerify) {
			c.bad(at+".plaintext", "", "is no TLS at all: the other fields of the entry must go")
		}
		if pin, err := hex.DecodeString(t.PinSHA256); err != nil || len(pin) != 0 && len(pin) != 32 {
			c.bad(at+".pin_sha256", "", "must be 64 hex digits")
		}
	}
	for i, e := range s.SSH {
		ssh = append(ssh, e.Name)
		c.ssh(fmt.Sprintf("ssh[%d]", i), e)
	}
	for i, k := range s.Credentials {
		at := fmt.Sprintf("credentials[%d]", i)
		credentials = append(credentials, k.Name)
		c.exactlyOne(at, "username", k.Username, "username_env", k.UsernameEnv)
		switch hasFile, hasEnv := k.PasswordFile != "", k.PasswordEnv != ""; {
		case hasFile && hasEnv:
			c.exactlyOne(at, "password_file", k.PasswordFile, "password_env", k.PasswordEnv)
		case !hasFile && !hasEnv && k.PrivateKeyFile == "":
			c.bad(at, "", "needs password_file, password_env or, for SSH, private_key_file")
		}
	}
	knownTLS, knownSSH, knownCredentials := c.unique("tls", tls), c.unique("ssh", ssh), c.unique("credentials", credentials)
	for i, d := range s.Devices {
		at := fmt.Sprintf("devices[%d]", i)
		devices = append(devices, string(d.Name))
		if d.Address != "" && !validAddress(d.Address) {
			c.bad(at+".address", "as in 192.0.2.1:9339 or leaf1.example.net:9339", "%q is no host:port", d.Address)
		}
		if d.TLS != "" && !knownTLS[d.TLS] {
			c.bad(at+".tls", nearest(d.TLS, tls), "there is no tls entry %q", d.TLS)
		}
		if d.SSH != "" && !knownSSH[d.SSH] {
			c.bad(at+".ssh", nearest(d.SSH, ssh), "there is no ssh entry %q", d.SSH)
		}
		if d.Credentials != "" && !knownCredentials[d.Credentials] {
			c.bad(at+".credentials", nearest(d.Credentials, credentials), "there is no credentials entry %q", d.Credentials)
		}
	}
	c.unique("devices", devices)
}

// ssh checks that an entry says in exactly one way which host key to trust: with none, Tenter would have to trust whoever
// answers, or nobody.
func (c validator) ssh(at string, e SSH) {
	ways := 0
	for _, said := range []bool{e.KnownHosts != "", e.HostKeySHA256 != "", e.InsecureSkipHostKey} {
		if said {
			ways++
		}
	}
	if ways != 1 {
		c.bad(at, "", "needs exactly one of known_hosts, host_key_sha256 and insecure_skip_host_key")
	}
	if e.HostKeySHA256 == "" {
		return
	}
	sum, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(e.HostKeySHA256, "SHA256:"))
	if err != nil || len(sum) != 32 {
		c.bad(at+".host_key_sha256", "", "must be SHA256: and 43 characters, as ssh-keygen -l prints it")
	}
}

// listenable reports whether a is host:port, of which the host may be left out.
func listenable(a string) bool {
	_, port, err := net.SplitHostPort(a)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func validAddress(a string) bool {
	host, port, err := net.SplitHostPort(a)
	if err != nil || host == "" {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// warnings lists what is allowed but dangerous or without effect. A variable that sets nothing is most often a slip,
// but other programs may use the prefix too, so it is told and not refused.
func (s *Settings) warnings() []string {
	var out []string
	for _, t := range s.TLS {
		if t.InsecureSkipVerify && t.PinSHA256 == "" {
			out = append(out, fmt.Sprintf("tls %q: insecure_skip_verify: anybody in between can read and change what is sent", t.Name))
		}
	}
	for _, t := range s.TLS {
		if t.Plaintext {
			out = append(out, fmt.Sprintf("tls %q: plaintext: everybody on the way can read the password and change what is sent", t.Name))
		}
	}
	if _, scheme := s.Git.Remote(); scheme == "http" {
		out = append(out, "git.url: http: anybody in between can read the token and change the intents")
	}
	for _, e := range s.SSH {
		if e.InsecureSkipHostKey {
			out = append(out, fmt.Sprintf("ssh %q: insecure_skip_host_key: anybody in between can read the password and change what is sent", e.Name))
		}
	}
	known := map[string]bool{fileVariable: true, TokenVariable: true}
	for _, k := range keys {
		known[k.env()] = true
	}
	for _, r := range s.Notify.Receivers {
		known[r.URLEnv], known[r.SecretEnv] = true, true
	}
	for _, k := range s.Credentials {
		known[k.UsernameEnv], known[k.PasswordEnv] = true, true
	}
	var stray []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		secret := s.Secrets.EnvPrefix != "" && strings.HasPrefix(name, s.Secrets.EnvPrefix)
		if strings.HasPrefix(name, "TENTER_") && !known[name] && !secret {
			stray = append(stray, fmt.Sprintf("environment %s sets nothing", name))
		}
	}
	slices.Sort(stray)
	return append(out, stray...)
}
