package settings

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
)

// Git says from which repository the intents come instead of from a directory. Its secrets are said by where they are
// found.
type Git struct {
	URL              URL           `mapstructure:"url" secret:"true" doc:"repository of the intents: ssh://git@HOST/PATH or git@HOST:PATH, https://HOST/PATH, file:///PATH; empty means the directory intents"`
	Branch           string        `mapstructure:"branch" doc:"branch whose newest commit is the intents"`
	Path             string        `mapstructure:"path" doc:"folder of the documents in the repository; empty means its top"`
	Poll             time.Duration `mapstructure:"poll" doc:"how often the repository is asked for a new commit, give or take a tenth"`
	Timeout          time.Duration `mapstructure:"timeout" doc:"how long one fetch may take, whatever the server does"`
	KeyFile          string        `mapstructure:"key_file" path:"true" doc:"private key for SSH, PEM or OpenSSH"`
	PassphraseFile   string        `mapstructure:"passphrase_file" path:"true" doc:"file with the passphrase of key_file"`
	PassphraseEnv    string        `mapstructure:"passphrase_env" doc:"variable with the passphrase of key_file"`
	KnownHosts       string        `mapstructure:"known_hosts" path:"true" doc:"file of the SSH host keys that are trusted, in OpenSSH's format"`
	HostKeySHA256    string        `mapstructure:"host_key_sha256" doc:"the one SSH host key that is trusted, as ssh-keygen -l prints it: SHA256:…"`
	Username         string        `mapstructure:"username" doc:"user name that goes with the token over HTTPS; most servers take any"`
	TokenFile        string        `mapstructure:"token_file" path:"true" doc:"file with the access token for HTTPS"`
	TokenEnv         string        `mapstructure:"token_env" doc:"variable with the access token for HTTPS"`
	CAFile           string        `mapstructure:"ca_file" path:"true" doc:"certificate authorities of an HTTPS server; empty means the system's"`
	WebhookListen    string        `mapstructure:"webhook_listen" doc:"host:port that takes push webhooks of the git server at /hooks/git; empty means nowhere"`
	WebhookSecretEnv string        `mapstructure:"webhook_secret_env" doc:"variable with the secret that webhooks are signed with"`
	// The file wins nothing over the variable: exactly one is said.
	WebhookSecretFile string `mapstructure:"webhook_secret_file" path:"true" doc:"file with the secret that webhooks are signed with"`
}

// scpLike is how OpenSSH writes a place on another host: user@host:path.
var scpLike = regexp.MustCompile(`^([a-zA-Z0-9._-]+)@([a-zA-Z0-9.-]+):([^/].*)$`)

// branchName is a name that no git server takes for an option or for several refs.
var branchName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/+-]{0,200}$`)

// Remote returns the URL in its long form, as in ssh://git@host/path for git@host:path, and how it begins.
func (g Git) Remote() (remote, scheme string) {
	remote = string(g.URL)
	if m := scpLike.FindStringSubmatch(remote); m != nil && !strings.Contains(remote, "://") {
		remote = "ssh://" + m[1] + "@" + m[2] + "/" + m[3]
	}
	scheme, _, _ = strings.Cut(strings.ToLower(remote), "://")
	return remote, scheme
}

func (s *Settings) validateGit(c validator) {
	g := s.Git
	if g.URL == "" {
		if g.WebhookListen != "" {
			c.bad("git.webhook_listen", "", "is of no use without git.url")
		}
		return
	}
	remote, scheme := g.Remote()
	u, err := url.Parse(remote)
	switch scheme {
	case "ssh", "https", "http":
		if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
			c.bad("git.url", "as in ssh://git@git.example.net/net/dc1.git", "names no repository on a host")
		} else if _, has := u.User.Password(); has || u.User != nil && scheme != "ssh" {
			c.bad("git.url", "say a token by git.token_file or git.token_env", "must not hold a password or a token")
		}
	case "file":
		if err != nil || u.Host != "" || u.Path == "" {
			c.bad("git.url", "as in file:///srv/git/dc1.git", "a directory has its whole path after file://")
		}
	default:
		c.bad("git.url", "as in git@git.example.net:net/dc1.git", "must be a URL that starts with ssh://, https:// or file://, or USER@HOST:PATH")
	}
	if !branchName.MatchString(g.Branch) || strings.Contains(g.Branch, "..") || strings.HasSuffix(g.Branch, "/") {
		c.bad("git.branch", "", "%q is no name of a branch", g.Branch)
	}
	if p := path.Clean("/" + g.Path)[1:]; g.Path != "" && strings.TrimSuffix(g.Path, "/") != p {
		c.bad("git.path", "as in net/dc1", "%q is no folder inside a repository", g.Path)
	}
	c.between("git.poll", g.Poll, time.Second, 24*time.Hour)
	c.between("git.timeout", g.Timeout, time.Second, time.Hour)
	g.validateAccess(c, scheme)
}

func (g Git) validateAccess(c validator, scheme string) {
	if scheme == "ssh" {
		if g.KeyFile == "" {
			c.bad("git.url", "a deploy key that may only read is enough", "SSH needs a private key: git.key_file")
		}
		if (g.KnownHosts == "") == (g.HostKeySHA256 == "") {
			c.bad("git.url", "", "SSH needs exactly one of git.known_hosts and git.host_key_sha256")
		}
		if g.HostKeySHA256 != "" {
			c.ssh("git", SSH{HostKeySHA256: g.HostKeySHA256})
		}
	} else if g.KeyFile != "" || g.KnownHosts != "" || g.HostKeySHA256 != "" {
		c.bad("git.url", "", "git.key_file, git.known_hosts and git.host_key_sha256 are for ssh:// only")
	}
	if (g.TokenFile != "" || g.TokenEnv != "") && scheme != "https" { // over http:// everybody on the way could read it
		c.bad("git.url", "", "git.token_file and git.token_env are for https:// only")
	}
	if g.TokenFile != "" && g.TokenEnv != "" {
		c.exactlyOne("git.token_env", "token_file", g.TokenFile, "token_env", g.TokenEnv)
	}
	if g.PassphraseFile != "" && g.PassphraseEnv != "" {
		c.exactlyOne("git.passphrase_env", "passphrase_file", g.PassphraseFile, "passphrase_env", g.PassphraseEnv)
	}
	if g.WebhookListen == "" {
		return
	}
	if !listenable(g.WebhookListen) {
		c.bad("git.webhook_listen", "as in 127.0.0.1:9465, or :9465 for every address", "%q is no host:port", g.WebhookListen)
	}
	c.exactlyOne("git.webhook_listen", "webhook_secret_file", g.WebhookSecretFile, "webhook_secret_env", g.WebhookSecretEnv)
}
