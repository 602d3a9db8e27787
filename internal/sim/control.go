package sim

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/sim/plane"
)

// socketName is the control socket's name in the fabric's directory.
const socketName = "control.sock"

// helpLine is the line that asks for the syntax of the others.
const helpLine = "help"

// help is what the line "help" answers.
const help = `NODE FAULT [once|TIMES|off]   misbehave; "faults" lists what there is
NODE delay-set DURATION [once|TIMES]
NODE delay-get DURATION [once|TIMES]
NODE hold-set [next|off]      keep Sets waiting; next: let those go that wait, and keep what comes; the node alone tells how many wait
NODE hold-get [next|off]      the same with Gets
NODE couple LEAF LEAF         take neither of two leaves without the other in one Set
NODE effect LEAF LEAF VALUE   set the second by itself, to a value in JSON, when the first changes
NODE clear                    end all faults
NODE cut | restore            cut the management path (connections refused), or mend it
NODE blackhole                cut it silently: connections stay and nothing comes through; restore mends it
NODE drop-streams             end every Subscribe
NODE reboot                   running := startup; connections end, the boot time changes
NODE off | on                 power
NODE upgrade VERSION          reboot with another software version
NODE swap                     another device in its place: certificate, serial, empty configuration
NODE forget                   back to a new device's configuration, without a reboot
NODE save                     running -> startup
NODE unplug PORT | plug PORT  pull a cable
NODE routes | sessions        what the control plane worked out
NODE sets                     how many Sets arrived since the simulator began, whatever became of them
NODE connections              how many clients are connected, and how many were at once since that was last asked
faults                        all faults, and which are set where
settle                        wait until the control plane has caught up`

// Control performs one control line and returns what it prints. See the line "help" for the syntax.
func (f *Fabric) Control(ctx context.Context, line string) (string, error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return "", errors.New(`empty; try "help"`)
	}
	switch words[0] {
	case helpLine:
		return help, nil
	case "faults":
		return f.listFaults(), nil
	case "settle":
		_, err := f.settled.wait(ctx)
		return "", err
	}
	s := f.services[words[0]]
	if s == nil {
		return "", fmt.Errorf(`no node %q; try "help"`, words[0])
	}
	if len(words) == 1 {
		return strings.Join(s.faults.names(), "\n"), nil
	}
	return f.controlNode(ctx, s, words[1], words[2:])
}

func (f *Fabric) controlNode(ctx context.Context, s *service, verb string, args []string) (string, error) {
	if fault := Fault(verb); slices.Contains(allFaults, fault) {
		return "", f.setFault(s, fault, args)
	}
	switch verb {
	case "upgrade":
		if len(args) != 1 {
			return "", errors.New("upgrade needs a version")
		}
		s.upgrade(args[0])
		return "", nil
	case "unplug", "plug":
		if len(args) != 1 {
			return "", fmt.Errorf("%s needs a port", verb)
		}
		if err := f.wires.pull(Port{s.Name, args[0]}, verb == "unplug"); err != nil {
			return "", err
		}
		f.stir()
		return "", nil
	case "couple":
		return "", s.quirks.couple(args)
	case "effect":
		return "", s.quirks.effect(args)
	}
	if len(args) > 0 {
		return "", fmt.Errorf("%s takes no arguments", verb)
	}
	switch verb {
	case "clear":
		s.faults.clear()
		s.quirks.clear()
		s.republish()
		f.stir()
	case "cut":
		s.setCut(true)
	case "blackhole":
		s.gate.shut(true)
	case "restore":
		s.gate.shut(false)
		s.setCut(false)
	case "drop-streams":
		s.hub.dropStreams()
	case "reboot":
		s.reboot()
	case "on", "off":
		s.power(verb == "on")
	case "swap":
		return "", f.swap(s)
	case "forget":
		return "", s.forget()
	case "save":
		s.mu.Lock()
		defer s.mu.Unlock()
		return "", s.saveLocked()
	case "routes":
		return f.show(ctx, func(r plane.Result) string { return routesText(r.Routes[s.Name]) })
	case "connections":
		now, most := s.gate.connections()
		return fmt.Sprintf("%d now, %d at most", now, most), nil
	case "sets":
		return fmt.Sprintf("%d sets", s.sets.Load()), nil
	case "sessions":
		return f.show(ctx, func(r plane.Result) string { return sessionsText(r.Sessions[s.Name]) })
	default:
		return "", fmt.Errorf(`no such fault or command: %q; try "help"`, verb)
	}
	return "", nil
}

// setFault has a node misbehave, or behave again.
func (f *Fabric) setFault(s *service, fault Fault, args []string) error {
	set, err := parseSetting(fault, args)
	if err != nil {
		return err
	}
	s.faults.put(fault, set)
	switch fault {
	case EchoDefaults:
		s.republish()
	case BGPDown, LLDPSilent:
		f.stir()
	}
	return nil
}

func (f *Fabric) listFaults() string {
	var b strings.Builder
	for _, fault := range allFaults {
		fmt.Fprintln(&b, fault)
	}
	for _, n := range f.Nodes() {
		for _, set := range f.services[n.Name].faults.names() {
			fmt.Fprintf(&b, "%s has %s\n", n.Name, set)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func listenControl(dir string) (net.Listener, error) {
	path := filepath.Join(dir, socketName)
	if len(path) > 100 { // sockaddr_un holds 104 bytes on some systems, and says so badly
		return nil, fmt.Errorf("%s: the path is too long for a socket; choose a shorter directory", path)
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(path, 0o600)
}

// serveControl answers control lines: what the command prints, then "ok" or "error: …".
func (f *Fabric) serveControl(ctx context.Context) error {
	var conns sync.WaitGroup
	defer conns.Wait()
	stop := context.AfterFunc(ctx, func() { _ = f.control.Close() }) // unblocks Accept
	defer stop()
	for {
		c, err := f.control.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("control socket: %w", err)
		}
		conns.Go(func() {
			defer c.Close()
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			defer stop()
			f.answer(ctx, c)
		})
	}
}

func (f *Fabric) answer(ctx context.Context, c net.Conn) {
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		out, err := f.Control(ctx, lines.Text())
		f.log.Info("control", zap.String("line", lines.Text()), zap.Error(err))
		if out != "" {
			out += "\n"
		}
		end := "ok\n"
		if err != nil {
			end = "error: " + err.Error() + "\n"
		}
		if _, err := c.Write([]byte(out + end)); err != nil {
			return
		}
	}
}

// Control sends one control line to the fabric that runs in the directory, and returns what it prints, without
// the last line's end.
func Control(ctx context.Context, dir, line string) (string, error) {
	if strings.TrimSpace(line) == helpLine {
		return help, nil // nobody has to run for it
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", filepath.Join(dir, socketName))
	if err != nil {
		return "", fmt.Errorf("simulator in %s: %w", dir, err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if _, err := c.Write([]byte(strings.ReplaceAll(line, "\n", " ") + "\n")); err != nil {
		return "", fmt.Errorf("simulator in %s: %w", dir, err)
	}
	var out strings.Builder
	answer := bufio.NewScanner(c)
	for answer.Scan() {
		switch text := answer.Text(); {
		case text == "ok":
			return strings.TrimSuffix(out.String(), "\n"), nil
		case strings.HasPrefix(text, "error: "):
			return "", errors.New(strings.TrimPrefix(text, "error: "))
		default:
			out.WriteString(text + "\n")
		}
	}
	return "", fmt.Errorf("simulator in %s: the answer broke off", dir)
}
