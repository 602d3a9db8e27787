package profile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// check reports what no single field can know, each at the line that set the field, or at the file.
func (p *Profile) check(file string) error {
	var errs []error
	bad := func(field, format string, args ...any) {
		at := cmp.Or(p.places[field], file)
		errs = append(errs, fmt.Errorf("%s: %s: %s", at, field, fmt.Sprintf(format, args...)))
	}
	for field, name := range map[string]string{
		"names.ethernet": p.Names.Ethernet, "names.lag": p.Names.LAG, "names.loopback": p.Names.Loopback, "names.vlan": p.Names.VLAN,
	} {
		if strings.Count(name, number) != 1 {
			bad(field, "%q must hold %s once", name, number)
		}
	}
	for field, d := range map[string]time.Duration{
		"watch.syncTimeout": p.Watch.SyncTimeout, "watch.sampleInterval": p.Watch.SampleInterval,
		"watch.pollInterval": p.Watch.PollInterval, "watch.auditInterval": p.Watch.AuditInterval,
		"limits.timeout": p.Limits.Timeout, "limits.keepaliveTime": p.Limits.KeepaliveTime,
		"limits.keepaliveTimeout": p.Limits.KeepaliveTimeout,
	} {
		if d <= 0 {
			bad(field, "must be more than zero")
		}
	}
	for field, n := range map[string]int{
		"names.firstPort": p.Names.FirstPort, "limits.maxOperations": p.Limits.MaxOperations, "limits.maxCalls": p.Limits.MaxCalls,
	} {
		if n < 0 {
			bad(field, "must not be less than zero")
		}
	}
	if p.Names.PortStep < 1 {
		bad("names.portStep", "must be at least 1")
	}
	if p.Limits.MaxCalls == 1 {
		bad("limits.maxCalls", "must be 0 or at least 2: one is the stream that watches")
	}
	if p.Names.DefaultInstance == "" {
		bad("names.defaultInstance", "must not be empty")
	}
	switch types := len(p.Secrets.Types) > 0; {
	case types && p.Secrets.Shown == "":
		bad("secrets.types", "say in secrets.shown what they look like then")
	case !types && p.Secrets.Shown != "":
		bad("secrets.shown", "say in secrets.types of which leaves")
	}
	if p.Limits.MaxMessage < 64<<10 {
		bad("limits.maxMessage", "must be at least 65536 bytes")
	}
	p.checkCLI(bad)
	if p.Transport == TransportNETCONF && p.Save.Method == SaveCLI {
		bad("save.method", "over NETCONF the running configuration is copied to the startup configuration without a command: leave it out")
	}
	if p.Save.Method == SaveCLI && (p.Save.Command == "" || p.Save.Show == "" && p.Transport != TransportCLI) {
		bad("save.method", "cli needs save.command and save.show")
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
