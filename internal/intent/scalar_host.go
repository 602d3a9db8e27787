package intent

import (
	"errors"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*$`)

// A Host is an IP address or a DNS name.
type Host string

// UnmarshalText reads an address or a name.
func (h *Host) UnmarshalText(b []byte) error {
	s := string(b)
	if a, err := netip.ParseAddr(s); err == nil {
		*h = Host(a.String())
		return nil
	}
	if !hostName.MatchString(s) || strings.Trim(s, "0123456789.") == "" || len(s) > 253 {
		return errors.New("neither an IP address nor a DNS name")
	}
	*h = Host(s)
	return nil
}

// A HostPort is "host:port", an IPv6 address in brackets.
type HostPort string

// UnmarshalText reads a host and a TCP port.
func (h *HostPort) UnmarshalText(b []byte) error {
	expect := errors.New(`an address with a port is expected, as in "172.20.20.11:9339" or "[2001:db8::11]:9339"`)
	s := string(b)
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return expect
	}
	host, port := s[:i], s[i+1:]
	if v6, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(v6, "]")
		if a, err := netip.ParseAddr(host); err != nil || !a.Is6() || host == v6 {
			return expect
		}
	} else if strings.Contains(host, ":") {
		return expect
	}
	var valid Host
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || valid.UnmarshalText([]byte(host)) != nil {
		return expect
	}
	*h = HostPort(s)
	return nil
}

// A TimeZone is the name of an IANA time zone.
type TimeZone string

// UnmarshalText reads a zone that the zone database knows. The database is a constant of the world rather than I/O
// of ours: its answer depends on nothing but the name.
func (z *TimeZone) UnmarshalText(b []byte) error {
	s := string(b)
	if s == "Local" || s == "" {
		return errors.New(`a time zone is named after a place or UTC, as in "Europe/Berlin"`)
	}
	if _, err := time.LoadLocation(s); err != nil {
		return errors.New(`no such time zone; one is named after a place or UTC, as in "Europe/Berlin"`)
	}
	*z = TimeZone(s)
	return nil
}
