package app

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/loader"
	"github.com/tenter-net/tenter/internal/secret"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/source"
)

// newSource returns where the intents come from: the repository that the settings name, else their directory. The Remote is nil
// for a directory.
func newSource(set *settings.Settings, secrets *secret.Reader, log *zap.Logger) (loader.Source, *source.Remote) {
	if set.Git.URL == "" {
		return source.NewDirectory(set.Intents, sourcePoll, log), nil
	}
	r := newRemote(set, secrets, log)
	return r, r
}

func newRemote(set *settings.Settings, secrets *secret.Reader, log *zap.Logger) *source.Remote {
	g := set.Git
	url, _ := g.Remote()
	return source.NewRemote(source.RemoteOptions{
		URL: url, Branch: g.Branch, Folder: g.Path, Dir: filepath.Join(set.StateDir, "git"), Poll: g.Poll, Timeout: g.Timeout,
		Trust:      ssh.Trust{KnownHosts: g.KnownHosts, Pin: g.HostKeySHA256},
		PrivateKey: from(secrets, g.KeyFile, ""), Passphrase: from(secrets, g.PassphraseFile, g.PassphraseEnv),
		Token: from(secrets, g.TokenFile, g.TokenEnv), Username: g.Username, CAFile: g.CAFile, Log: log,
	})
}

// from reads a secret whenever it is called; it is nil where the settings name none.
func from(secrets *secret.Reader, file, variable string) func() (string, error) {
	if file == "" && variable == "" {
		return nil
	}
	return func() (string, error) {
		text, err := secrets.From(file, variable)
		return text.Reveal(), err
	}
}

// webhook returns the part that takes the git server's pushes, none if the settings want none.
func (a *App) webhook(ctx context.Context) ([]part, error) {
	g := a.set.Git
	if a.remote == nil || g.WebhookListen == "" || !a.runs(settings.RoleLoader) {
		return nil, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", g.WebhookListen)
	if err != nil {
		return nil, fmt.Errorf("git.webhook_listen: %w", err)
	}
	log := a.log.Named("webhook")
	log.Info("git webhooks", zap.String("at", "http://"+l.Addr().String()+source.WebhookPath))
	w := &source.Webhook{Secret: from(a.secrets, g.WebhookSecretFile, g.WebhookSecretEnv), Push: a.remote.Poke, Log: log}
	return []part{{"webhook", func(ctx context.Context) error { return w.Run(ctx, l) }}}, nil
}

// FromGit reports whether the intents are those of a repository elsewhere. A directory that a flag names is looked at instead by
// commands that only look.
func FromGit(set *settings.Settings) bool {
	if set.Git.URL == "" {
		return false
	}
	e, err := set.Explain("intents")
	return err != nil || !strings.HasPrefix(e.Source, "flag")
}

// IntentsOf names where the intents come from, for people.
func IntentsOf(set *settings.Settings) string {
	if FromGit(set) {
		url, _ := set.Git.Remote()
		return fmt.Sprintf("%s branch %s", url, set.Git.Branch)
	}
	return set.Intents
}
