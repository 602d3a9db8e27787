package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/backup"
	"github.com/tenter-net/tenter/internal/intent"
)

func newDeviceBackup(s Streams) *cobra.Command {
	var all bool
	var out string
	cmd := &cobra.Command{
		Use:   "backup DEVICE... | --all",
		Short: "Keep devices' whole configurations as files",
		Long: "Read the whole configuration of each device and write it to DIR as DEVICE-TIME.json, readable by its owner alone: who the\n" +
			"device is, its software, and every leaf, also those that Tenter does not own. No secret is in it: a secret leaf has a digest.\n" +
			"Exit 3 when some devices could not be read.",
		Example: "  tenter device backup leaf1 --out backups\n  tenter device backup --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return hint(errors.New("which devices? name them, or say --all"), "tenter device backup --all")
			}
			var req app.BackupRequest
			for _, a := range args {
				req.Devices = append(req.Devices, intent.DeviceName(a))
			}
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				reply, err := call(ctx, o, app.OpBackup, (*app.App).Backup, req)
				if err != nil {
					return o.about(err, "tenter device ls")
				}
				return keepBackups(s, reply, out)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all devices of the intents")
	cmd.Flags().StringVar(&out, "out", "backups", "directory to write to")
	return cmd
}

// keepBackups writes the files, and says what could not be read.
func keepBackups(s Streams, reply app.BackupReply, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // the files are closed by then
	for _, f := range reply.Files {
		name, err := keepBackup(root, f)
		if err != nil {
			return fmt.Errorf("device %q: backup: %w", f.Device, err)
		}
		fmt.Fprintf(s.Out, "%s\t%d leaves%s\n", filepath.Join(dir, name), len(f.Leaves), hiddenText(f))
		for _, p := range f.Problems {
			fmt.Fprintf(s.Err, "%s: not in the backup: %s\n", f.Device, p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(reply.Failed)) {
		fmt.Fprintln(s.Err, reply.Failed[name])
	}
	switch {
	case len(reply.Failed) == 0:
		return nil
	case len(reply.Files) > 0:
		return exit(exitPartial)
	}
	return hint(errors.New("no device could be read"), "tenter device ls")
}

// keepBackup writes one file and returns its name. What a server calls a device does not lead out of the directory, and a link
// that somebody put there is replaced, not followed.
func keepBackup(root *os.Root, f *backup.File) (string, error) {
	name := fmt.Sprintf("%s-%s.json", f.Device, f.Taken.UTC().Format("20060102T150405Z"))
	data, err := f.JSON()
	if err != nil {
		return name, err
	}
	if err := root.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return name, err
	}
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return name, err
	}
	return name, fill(out, data, func() error { return root.Remove(name) })
}

// fill writes a new file and closes it. What could not be written whole is removed: half a backup is none.
func fill(out io.WriteCloser, data []byte, remove func() error) error {
	_, err := out.Write(data)
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, remove())
	}
	return nil
}

// hiddenText says how many secrets a backup has only a digest of.
func hiddenText(f *backup.File) string {
	n := 0
	for _, l := range f.Leaves {
		if l.Secret != "" {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", of which %d secret: only their digests", n)
}

func newDeviceRestore(s Streams) *cobra.Command {
	var as bool
	cmd := &cobra.Command{
		Use:   "restore DEVICE FILE",
		Short: "Plan what brings a backup back to a device",
		Long: "Compare what a device has with a backup of it, wherever Tenter may write, and keep the difference as a plan that waits to be\n" +
			"applied or approved like any other. What the device is reached through stays as it is. The plan notes what cannot be brought back.\n" +
			"A backup of another device is refused, by its name and by what the device says it is, unless --as lets it be. What the\n" +
			"intents want otherwise is pending afterwards.",
		Example: "  tenter device restore leaf1 backups/leaf1-20261121T180000Z.json",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[1])
			if err != nil {
				return err
			}
			if _, err := backup.Parse(data); err != nil {
				return hint(fmt.Errorf("%s: %w", args[1], err), "tenter device backup %s", args[0])
			}
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				req := app.RestoreRequest{Device: intent.DeviceName(args[0]), File: data, As: as}
				reply, err := call(ctx, o, app.OpRestore, (*app.App).Restore, req)
				if code(err) == app.CodeDenied {
					return hint(err, "a backup of %s itself, or, if it is meant: tenter device restore %s %s --as", args[0], args[0], args[1])
				}
				if err != nil {
					return o.about(err, "tenter device ls")
				}
				warn(s, reply.Warnings)
				if err := printPlan(s.Out, reply, output(cmd)); err != nil {
					return err
				}
				if !reply.Plan.Idle() && len(reply.ReadOnly) == 0 {
					fmt.Fprintf(s.Err, "\nnext: tenter apply %s\n", reply.Plan.ID)
				}
				sayReadOnly(s, reply)
				sayUnread(s, reply)
				return planExit(reply, false)
			})
		},
	}
	cmd.Flags().BoolVar(&as, "as", false, "though it is a backup of another device")
	addOutput(cmd, formatText, formatJSON, formatMarkdown)
	return cmd
}
