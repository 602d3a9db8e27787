package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

func newToken(s Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Tokens: who may use the API over HTTPS", Args: cobra.NoArgs}
	cmd.AddCommand(newTokenCreate(s), newTokenLs(s), newTokenRevoke(s))
	return cmd
}

func newTokenCreate(s Streams) *cobra.Command {
	req := app.TokenRequest{}
	cmd := &cobra.Command{
		Use:   "create USER --role ROLE",
		Short: "Give somebody a token; it is printed once, and nowhere kept",
		Long: "Give somebody access to the API (api.listen) with a role: " + strings.Join(policy.Roles(), ", ") + ".\nThe token goes to standard output, this once: only a digest of it is kept. " +
			"Two tokens of one user are one person: they approve a plan once.",
		Example: "  tenter token create alice --role approver --group netops --expires 2160h >alice.token\n  TENTER_TOKEN=$(cat alice.token) tenter plan ls --server https://tenter.example.net:8443",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				req.User = args[0]
				reply, err := call(ctx, o, app.OpTokenCreate, (*app.App).CreateToken, req)
				if err != nil {
					return hint(err, "tenter token create --help")
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, reply)
				}
				fmt.Fprintf(s.Err, "token %s of %s, %s%s; it is shown this once\n", reply.ID, reply.User, reply.Role, only(!reply.Expires.IsZero(), ", until "+reply.Expires.Local().Format("2006-01-02 15:04")))
				_, err = fmt.Fprintln(s.Out, reply.Secret)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&req.Role, "role", "", strings.Join(policy.Roles(), ", "))
	cmd.Flags().StringSliceVar(&req.Groups, "group", nil, "groups, as the ApprovalPolicy documents name them")
	cmd.Flags().DurationVar(&req.For, "expires", 90*24*time.Hour, "after this time; 0 for never")
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func newTokenLs(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the tokens, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				list, err := call(ctx, o, app.OpTokenList, (*app.App).Tokens, app.Nothing{})
				if err != nil {
					return hint(err, "tenter token ls --help")
				}
				if output(cmd) == formatJSON {
					return printJSON(s.Out, list)
				}
				if len(list) == 0 {
					_, err := fmt.Fprintln(s.Err, "no tokens; next: tenter token create USER --role ROLE")
					return err
				}
				now := time.Now()
				t := newTable("TOKEN", "USER", "ROLE", "GROUPS", "STATE", "AGE", "CREATED BY")
				for _, k := range list {
					t.add(k.ID, k.User, k.Role, dash(strings.Join(k.Groups, ",")), tokenState(k, now), age(now, k.Created), k.CreatedBy)
				}
				return t.print(s.Out)
			})
		},
	}
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func tokenState(t view.Token, now time.Time) string {
	switch {
	case !t.Revoked.IsZero():
		return "revoked"
	case !t.Live(now):
		return "expired"
	case t.Expires.IsZero():
		return "good"
	}
	return "good until " + t.Expires.Local().Format("2006-01-02 15:04")
}

func newTokenRevoke(s Streams) *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:   "revoke [TOKEN]",
		Short: "Take a token back, or all that a user has",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (user != "") {
				return hint(errors.New("say the token, or --user"), "tenter token ls")
			}
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				req := app.RevokeRequest{User: user}
				if len(args) == 1 {
					req.ID = args[0]
				}
				reply, err := call(ctx, o, app.OpTokenRevoke, (*app.App).RevokeToken, req)
				if err != nil {
					return hint(err, "tenter token ls")
				}
				fmt.Fprintf(s.Err, "revoked: %s\n", strings.Join(reply.Revoked, ", "))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "all that this user has")
	return cmd
}
