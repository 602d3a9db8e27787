package bus

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestClientsOfAClusterShareNothing: each client appends to its list of addresses what it learns of the cluster, at any time.
func TestClientsOfAClusterShareNothing(t *testing.T) {
	e, err := parseEndpoint("redis+cluster://one:6379,two:6379,three:6379", nil)
	if err != nil {
		t.Fatal(err)
	}
	var learned [][]string
	for name, c := range map[string]redis.UniversalClient{"four": e.client(0), "five": e.client(1), "six": e.reader()} {
		defer c.Close()
		cluster, ok := c.(*redis.ClusterClient)
		if !ok {
			t.Fatalf("a client of a cluster is %T", c)
		}
		learned = append(learned, append(cluster.Options().Addrs, name)) // as go-redis does it
	}
	seen := map[string]bool{}
	for _, addrs := range learned {
		seen[addrs[3]] = true
	}
	if len(seen) != len(learned) {
		t.Errorf("what one learned is another's: %v", learned)
	}
}
