package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/audit"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
)

func newAudit(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Prove that nobody changed what the event log tells",
		Long: "Prove that nobody changed what the event log tells.\n\nThe log's hash chain shows what was edited, removed or put in another order. Who can write to the database can make a\n" +
			"whole new chain; signed heads in a file outside of it show that, as far as they go.",
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newAuditVerify(s), newAuditExport(s), newAuditKey(s))
	return cmd
}

func newAuditVerify(s Streams) *cobra.Command {
	var opts app.AuditOptions
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove the log, its archive and its signed heads whole",
		Example: "  tenter audit verify\n" +
			"  tenter audit verify --heads /mnt/auditor/heads.jsonl --key /mnt/auditor/audit.pub",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return verifyAudit(cmd, s, opts, output(cmd)) },
	}
	cmd.Flags().StringSliceVar(&opts.Heads, "heads", nil, "files of signed heads (default: audit.export of the settings)")
	cmd.Flags().StringSliceVar(&opts.Keys, "key", nil, "files of the public keys that heads may be signed with (default: audit.key of the settings)")
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

// withAudit is withStore for those who need the settings, too.
func withAudit(cmd *cobra.Command, do func(ctx context.Context, set *settings.Settings, st *store.Store) error) (err error) {
	set, log, err := load(cmd, true)
	if err != nil {
		return err
	}
	if err := notRemote(cmd, set); err != nil {
		return err
	}
	st, err := app.ReadStore(cmd.Context(), set, log)
	if err != nil {
		return noStore(err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return do(cmd.Context(), set, st)
}

func verifyAudit(cmd *cobra.Command, s Streams, opts app.AuditOptions, format string) error {
	return withAudit(cmd, func(ctx context.Context, set *settings.Settings, st *store.Store) error {
		began := time.Now()
		report, err := app.Audit(ctx, set, st, opts)
		var unsound *store.UnsoundError
		if err != nil && !errors.As(err, &unsound) {
			return hint(err, "tenter audit verify --help")
		}
		if err != nil {
			report.Error = err.Error()
			err = hint(fmt.Errorf("the event log is not what was written: %w", err), "keep the database, the archive and the heads as they are; "+
				"if the database was put back from a backup, move %s away: heads begin anew", app.HeadsFile(set))
		}
		if format == formatJSON {
			return errors.Join(printJSON(s.Out, report), err)
		}
		if err != nil {
			return err
		}
		return printAudit(s, report, time.Since(began))
	})
}

func printAudit(s Streams, r app.AuditReport, took time.Duration) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s, the chain is whole\n", counted(int(r.Seq), "event"))
	if r.Files > 0 {
		fmt.Fprintf(&text, "events 1 to %d are in the archive, %s, as they were written\n", r.Archived, counted(r.Files, "file"))
	}
	if len(r.Heads) > 0 {
		fmt.Fprintf(&text, "%s in %s, all of them in the log\n", counted(r.Marks, "signed head"), strings.Join(r.Heads, ", "))
	}
	if _, err := fmt.Fprint(s.Out, text.String()); err != nil {
		return err
	}
	if len(r.Heads) == 0 {
		fmt.Fprintln(s.Err, "no signed heads to compare with: a log that was cut off or written anew by somebody with all of the database would look the same\nnext:  tenter audit export")
	}
	if took > time.Second {
		fmt.Fprintf(s.Err, "took %s, %.0f events/s\n", tookText(took), float64(r.Seq)/took.Seconds())
	}
	return nil
}

func newAuditExport(s Streams) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Sign the head of the log as it is now",
		Long: "Sign the head of the log as it is now, and add it to the file of audit.export, as tenter serve does every\n" +
			"audit.interval. The line is printed, too, for where nobody can take it back: a log server, an auditor's mail.",
		Example: "  tenter audit export | logger -t tenter-head\n  tenter audit export --to /mnt/auditor/heads.jsonl",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAudit(cmd, func(ctx context.Context, set *settings.Settings, st *store.Store) error {
				head, ok, err := app.SignHead(ctx, set, st)
				if err != nil || !ok {
					if err == nil {
						fmt.Fprintln(s.Err, "the log has no event yet")
					}
					return hint(err, "tenter config explain audit.key")
				}
				if to == "" {
					to = app.HeadsFile(set)
				} else if _, err := os.Stat(filepath.Dir(to)); to != "-" && err != nil { // what is not mounted is not made: nobody would keep it
					return hint(fmt.Errorf("--to: %w", err), "tenter audit export --to FILE, in a directory that is there")
				}
				if to != "-" {
					added, err := audit.Append(to, head)
					if err != nil {
						return hint(err, "tenter audit export --to FILE")
					}
					if added {
						fmt.Fprintf(s.Err, "added to %s\n", to)
					} else {
						fmt.Fprintf(s.Err, "%s ends with this head already\n", to)
					}
				}
				line, err := json.Marshal(head)
				if err == nil {
					_, err = fmt.Fprintf(s.Out, "%s\n", line)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "file to add it to instead; - for none")
	return cmd
}

func newAuditKey(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "key",
		Short:   "Print the public key that signed heads are proven with",
		Example: "  tenter audit key >/mnt/auditor/audit.pub",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := loadSettings(cmd)
			if err != nil {
				return err
			}
			if err := notRemote(cmd, set); err != nil {
				return err
			}
			file := app.AuditKeyFile(set)
			if _, err := os.Stat(filepath.Dir(file)); err != nil { // a key made where nobody serves proves nothing
				return hint(fmt.Errorf("audit key: %w", err), "tenter serve, or the settings that you mean: --config FILE, --state-dir DIR")
			}
			if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
				fmt.Fprintln(s.Err, "there was no key: this one is new, and has signed nothing yet")
			}
			key, err := audit.OpenKey(file)
			if err != nil {
				return hint(err, "tenter config explain audit.key")
			}
			fmt.Fprintf(s.Err, "key %s of %s; whoever has this can prove heads, and sign none\n", key.Public().ID(), file)
			_, err = s.Out.Write(key.Public().PEM())
			return err
		},
	}
}

// newEventsVerify is what audit verify was called once.
func newEventsVerify(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify", Short: "The same as tenter audit verify", Args: cobra.NoArgs, Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(s.Err, "this is tenter audit verify now")
			return verifyAudit(cmd, s, app.AuditOptions{}, formatText)
		},
	}
	return cmd
}
