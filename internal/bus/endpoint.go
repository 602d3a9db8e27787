package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// An endpoint is where Redis is, as a URL says it: exactly one of the three.
type endpoint struct {
	single   *redis.Options
	sentinel *redis.FailoverOptions
	cluster  *redis.ClusterOptions
}

const (
	dialTimeout = 2 * time.Second
	callTimeout = 3 * time.Second // until Redis has taken a command, and again until it has answered
)

// parseEndpoint reads the URL of one server, redis:// or rediss://; of the master that Sentinels know by a name,
// redis+sentinel://[user:password@]host[:26379],…/NAME[/db]; or of a cluster, redis+cluster://[user:password@]host[:6379],….
// rediss instead of redis is TLS, as conf has it. An error never holds the password.
func parseEndpoint(at string, conf *tls.Config) (endpoint, error) {
	scheme, rest, _ := strings.Cut(at, "://")
	base, kind, _ := strings.Cut(scheme, "+")
	secure := base == "rediss"
	switch {
	case secure && conf == nil:
		conf = &tls.Config{MinVersion: tls.VersionTLS12}
	case !secure && conf != nil:
		return endpoint{}, errors.New("TLS settings need a URL that starts with rediss")
	}
	if scheme == "unix" {
		return singleEndpoint(at, conf)
	}
	if scheme == "redis" || scheme == "rediss" {
		e, err := singleEndpoint(at, conf)
		if err != nil {
			return endpoint{}, err
		}
		return e, checkPorts(e.single.Addr)
	}
	if base != "redis" && !secure || kind != "sentinel" && kind != "cluster" {
		return endpoint{}, errors.New("must start with redis://, rediss://, redis+sentinel://, rediss+sentinel://, redis+cluster:// or rediss+cluster://")
	}
	port := "6379"
	if kind == "sentinel" {
		port = "26379"
	}
	hosts, u, err := splitHosts(rest, port)
	if err != nil {
		return endpoint{}, err
	}
	if err := checkPorts(hosts...); err != nil {
		return endpoint{}, err
	}
	if kind == "sentinel" {
		return sentinelEndpoint(hosts, u, conf)
	}
	if path := strings.Trim(u.Path, "/"); (path != "" && path != "0") || u.RawQuery != "" {
		return endpoint{}, errors.New("a cluster has no databases and no options: nothing may follow its hosts")
	}
	password, _ := u.User.Password()
	return endpoint{cluster: &redis.ClusterOptions{Addrs: hosts, Username: u.User.Username(), Password: password, TLSConfig: conf}}, nil
}

func singleEndpoint(at string, conf *tls.Config) (endpoint, error) {
	o, err := redis.ParseURL(at)
	if err != nil {
		return endpoint{}, withoutURL(err)
	}
	if conf != nil && o.TLSConfig != nil {
		name := o.TLSConfig.ServerName // the host
		o.TLSConfig = conf.Clone()
		if o.TLSConfig.ServerName == "" {
			o.TLSConfig.ServerName = name
		}
	}
	return endpoint{single: o}, nil
}

func sentinelEndpoint(hosts []string, u *url.URL, conf *tls.Config) (endpoint, error) {
	name, number, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if name == "" {
		return endpoint{}, errors.New("the name of the master must follow the Sentinels: redis+sentinel://host,host/NAME")
	}
	password, _ := u.User.Password()
	o := &redis.FailoverOptions{MasterName: name, SentinelAddrs: hosts, Username: u.User.Username(), Password: password, TLSConfig: conf}
	if number != "" {
		var err error
		if o.DB, err = strconv.Atoi(number); err != nil || o.DB < 0 {
			return endpoint{}, fmt.Errorf("%q is no number of a database", number)
		}
	}
	for key, values := range u.Query() {
		switch key {
		case "sentinel_username":
			o.SentinelUsername = values[0]
		case "sentinel_password":
			o.SentinelPassword = values[0]
		default:
			return endpoint{}, fmt.Errorf("%q is no option: there are sentinel_username and sentinel_password", key)
		}
	}
	return endpoint{sentinel: o}, nil
}

// splitHosts takes the hosts out of what follows a URL's scheme, and returns the rest as a URL with none.
func splitHosts(rest, port string) (hosts []string, u *url.URL, err error) {
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	user, list := "", rest[:end]
	if i := strings.LastIndexByte(list, '@'); i >= 0 {
		user, list = list[:i+1], list[i+1:]
	}
	for _, h := range strings.Split(list, ",") {
		if host, p, err := net.SplitHostPort(h); err == nil && host != "" && p != "" {
			hosts = append(hosts, h)
			continue
		}
		h = strings.TrimSuffix(strings.TrimPrefix(h, "["), "]")
		if h == "" || strings.ContainsAny(h, "[]") || strings.Contains(h, ":") && net.ParseIP(h) == nil {
			return nil, nil, errors.New("hosts must be host:port, with commas between them")
		}
		hosts = append(hosts, net.JoinHostPort(h, port))
	}
	if u, err = url.Parse("redis://" + user + rest[end:]); err != nil {
		return nil, nil, withoutURL(err)
	}
	return hosts, u, nil
}

// checkPorts refuses what would be found out only when somebody dials, and then be taken for a Redis that is away.
func checkPorts(addresses ...string) error {
	for _, a := range addresses {
		_, port, err := net.SplitHostPort(a)
		if err != nil {
			return errors.New("hosts must be host:port")
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("port %q is not between 1 and 65535", port)
		}
	}
	return nil
}

// withoutURL is the error without the URL, which may hold a password.
func withoutURL(err error) error {
	if bad := (*url.Error)(nil); errors.As(err, &bad) {
		return bad.Err
	}
	return err
}

// quiet silences the client's own logger, once: whatever goes wrong is returned as an error too.
var quiet = sync.OnceFunc(func() { redis.SetLogger(discard{}) })

type discard struct{}

func (discard) Printf(context.Context, string, ...any) {}

// client returns a client with so many connections at most, 0 for the usual number. It sends nothing twice: after an error nobody knows
// what was done, and the loops of this package find that out before they go on. Only a cluster's word that a key is elsewhere
// is followed.
func (e endpoint) client(connections int) redis.UniversalClient {
	quiet()
	switch {
	case e.single != nil:
		o := *e.single
		o.PoolSize = connections
		o.MaxRetries, o.DialerRetries = -1, 1
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = dialTimeout, callTimeout, callTimeout
		o.ContextTimeoutEnabled, o.DisableIdentity = true, true // the latter needs a permission of its own
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
		return redis.NewClient(&o)
	case e.sentinel != nil:
		o := *e.sentinel
		o.PoolSize = connections
		o.MaxRetries, o.DialerRetries = -1, 1
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = dialTimeout, callTimeout, callTimeout
		o.ContextTimeoutEnabled, o.DisableIdentity = true, true
		return redis.NewFailoverClient(&o)
	default:
		o := *e.cluster
		o.Addrs = slices.Clone(o.Addrs) // go-redis appends to it what the cluster's nodes call themselves
		o.PoolSize = connections
		o.MaxRetries, o.DialerRetries = -1, 1
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = dialTimeout, callTimeout, callTimeout
		o.ContextTimeoutEnabled, o.DisableIdentity = true, true
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
		o.ClusterStateReloadInterval = time.Second
		o.DisableRoutingPolicies = true // all keys are in one slot: there is nothing to choose
		return redis.NewClusterClient(&o)
	}
}

// reader returns a client for the one call that blocks. On a cluster it needs a second connection, for finding out where the keys
// are, and follows nothing: a read that was sent twice would leave the entries of the first answer unread until they are claimed.
func (e endpoint) reader() redis.UniversalClient {
	if e.cluster == nil {
		return e.client(1)
	}
	o := *e.cluster
	o.MaxRedirects = -1
	return endpoint{cluster: &o}.client(2)
}
