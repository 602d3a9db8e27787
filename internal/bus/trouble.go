package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// floor is the oldest Redis that has all that the bus uses.
const floor = 7

// tooOld is a Redis that lacks what the bus needs.
type tooOld struct{ version string }

func (e tooOld) Error() string {
	return fmt.Sprintf("the server is version %s, and %d.0 is the oldest that serves: upgrade it, or leave bus.redis empty for the bus without Redis", e.version, floor)
}

// checkServer looks whether the server is new enough. HELLO is the one question that needs no permission.
func checkServer(ctx context.Context, client redis.UniversalClient, key string) error {
	node := client
	if c, ok := client.(*redis.ClusterClient); ok {
		master, err := c.MasterForKey(ctx, key)
		if err != nil {
			return err
		}
		node = master
	}
	reply, err := node.Do(ctx, "HELLO").Result()
	if redis.HasErrorPrefix(err, "unknown command") {
		return tooOld{"5 or older"}
	}
	if err != nil {
		return err
	}
	version := helloVersion(reply)
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < floor {
		return tooOld{version}
	}
	return nil
}

// helloVersion finds the version in the answer to HELLO: a map, or with the older protocol a list of keys and values.
func helloVersion(reply any) string {
	version := any("unknown")
	switch r := reply.(type) {
	case map[any]any:
		version = r["version"]
	case []any:
		for i := 0; i+1 < len(r); i += 2 {
			if r[i] == "version" {
				version = r[i+1]
			}
		}
	}
	return fmt.Sprint(version)
}

// explained adds to what Redis says what the user can do about it.
func explained(err error, fabric string) error {
	if err == nil || errors.As(err, new(tooOld)) {
		return err
	}
	hint, text := "", err.Error()
	switch says := func(s string) bool { return strings.Contains(text, s) }; {
	case says("NOPERM") || says("The user executing the script can't"):
		hint = "the user needs at least ~" + key(fabric, "*") + " " + permissions
	case says("WRONGPASS") || says("NOAUTH"):
		hint = "check user and password in bus.redis"
	case says("OOM command not allowed"):
		hint = "give Redis more maxmemory, or free some"
	case says("cluster support disabled"):
		hint = "the server is no cluster: begin bus.redis with redis://"
	case redis.HasErrorPrefix(err, "MOVED "):
		hint = "the server is one of a cluster: begin bus.redis with redis+cluster://"
	case errors.As(err, new(*tls.CertificateVerificationError)):
		hint = "bus.tls names the settings that say whom to trust"
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, hint)
}

// permissions are what the bus's user may do with the fabric's keys, at the least; cluster|slots only on a cluster, scan and unlink only for Forget.
const permissions = "+@stream +eval +evalsha +type +del +ping +select +cluster|slots +scan +unlink"
