package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func newUser() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Manage the accounts of the server",
		Long: `Manage the accounts of the server. It needs an administrator's token.
` + serverHelp,
		Example: `  gowats user list
  gowats user create kari --role write --password-stdin < password.txt
  gowats user disable kari`,
	}
	list := &cobra.Command{
		Use: "list", Short: "List accounts", Args: cobra.NoArgs, RunE: listUsers,
		Long:    "List accounts, by number.\n" + serverHelp,
		Example: "  gowats user list --format csv",
	}
	addFormatFlags(list)
	create := &cobra.Command{
		Use: "create NAME", Short: "Make an account", Args: cobra.ExactArgs(1), RunE: createUser,
		Long: `Make an account. Without a password it is good for tokens alone: see gowats token issue.
` + serverHelp,
		Example: `  gowats user create ict-07 --role write
  gowats user create kari --role admin --password-stdin < password.txt`,
	}
	create.Flags().String("role", "read", "read, write or admin; each includes those before it")
	create.Flags().String("display-name", "", "name for people")
	create.Flags().Bool("password-stdin", false, "take the password from standard input")
	role := &cobra.Command{
		Use: "role NAME ROLE", Short: "Give an account another role", Args: cobra.ExactArgs(2), RunE: setRole,
		Long: "Give an account another role: read, write or admin. It counts at once.\n" + serverHelp, Example: "  gowats user role kari admin",
	}
	password := &cobra.Command{
		Use: "password NAME", Short: "Give an account another password", Args: cobra.ExactArgs(1), RunE: setPassword,
		Long: "Give an account another password, from standard input.\n" + serverHelp, Example: "  gowats user password kari < password.txt",
	}
	disable := &cobra.Command{
		Use: "disable NAME", Short: "Let an account sign in no more", Args: cobra.ExactArgs(1), RunE: setActive(false),
		Long: "Let an account sign in no more, neither by password nor by token. It counts at once.\n" + serverHelp, Example: "  gowats user disable kari",
	}
	enable := &cobra.Command{
		Use: "enable NAME", Short: "Let an account sign in again", Args: cobra.ExactArgs(1), RunE: setActive(true),
		Long: "Let an account sign in again.\n" + serverHelp, Example: "  gowats user enable kari",
	}
	remove := &cobra.Command{
		Use: "delete NAME", Short: "Remove an account with its tokens", Args: cobra.ExactArgs(1), RunE: deleteUser,
		Long: "Remove an account with its tokens. What it has submitted stays.\n" + serverHelp, Example: "  gowats user delete kari",
	}
	for _, sub := range []*cobra.Command{list, create, role, password, disable, enable, remove} {
		addServerFlags(sub)
		cmd.AddCommand(sub)
	}
	return cmd
}

func listUsers(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	type user = *wats.SCIMUser
	return writeList(cmd.OutOrStdout(), format, []column[user]{
		{"name", func(u user) string { return u.UserName }},
		{"role", roleText},
		{"active", func(u user) string { return fmt.Sprint(u.Active.Or(true)) }},
		{"display name", func(u user) string { return u.DisplayName }},
		{"id", func(u user) string { return u.ID }},
	}, client.SCIM.All(cmd.Context(), wats.SCIMQuery{}))
}

func roleText(u *wats.SCIMUser) string {
	if len(u.Roles) == 0 {
		return ""
	}
	return u.Roles[0].Value
}

// checkRole refuses a word that is no role.
func checkRole(word string) error {
	if !slices.Contains([]string{"read", "write", "admin"}, word) {
		return withCode(exitUsage, fmt.Errorf("role %q is none of read, write and admin", word))
	}
	return nil
}

func createUser(cmd *cobra.Command, args []string) error {
	role := flagText(cmd, "role")
	if err := checkRole(role); err != nil {
		return err
	}
	u := &wats.SCIMUser{UserName: args[0], DisplayName: flagText(cmd, "display-name"), Roles: []wats.SCIMRole{{Value: role}}, Active: report.Some(true)}
	fromStdin, err := cmd.Flags().GetBool("password-stdin")
	if err != nil {
		return err
	}
	if fromStdin {
		password, err := readPassword(cmd)
		if err != nil {
			return err
		}
		u.Password = wats.NewSecret(password)
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	made, err := client.SCIM.Create(cmd.Context(), u)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "user %s made, with the role %s\n", made.UserName, roleText(made))
	return nil
}

// readPassword returns the first line of standard input.
func readPassword(cmd *cobra.Command) (string, error) {
	const most = 4096
	data, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), most))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", withCode(exitUsage, errors.New("there is no password on standard input"))
	}
	return line, nil
}

// changeUser finds a user by name and replaces attributes.
func changeUser(cmd *cobra.Command, name, done string, changes ...wats.SCIMChange) error {
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	u, err := client.SCIM.GetByName(cmd.Context(), name)
	if err != nil {
		return err
	}
	if u, err = client.SCIM.Update(cmd.Context(), u.ID, changes...); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "user %s %s\n", u.UserName, done)
	return nil
}

func setRole(cmd *cobra.Command, args []string) error {
	if err := checkRole(args[1]); err != nil {
		return err
	}
	return changeUser(cmd, args[0], "has the role "+args[1], wats.SCIMChange{Path: "roles", Value: []wats.SCIMRole{{Value: args[1]}}})
}

func setPassword(cmd *cobra.Command, args []string) error {
	password, err := readPassword(cmd)
	if err != nil {
		return err
	}
	return changeUser(cmd, args[0], "has another password", wats.SCIMChange{Path: "password", Value: password})
}

func setActive(active bool) func(*cobra.Command, []string) error {
	done := "is disabled"
	if active {
		done = "is enabled"
	}
	return func(cmd *cobra.Command, args []string) error {
		return changeUser(cmd, args[0], done, wats.SCIMChange{Path: "active", Value: active})
	}
}

func deleteUser(cmd *cobra.Command, args []string) error {
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	u, err := client.SCIM.GetByName(cmd.Context(), args[0])
	if err != nil {
		return err
	}
	if err := client.SCIM.Delete(cmd.Context(), u.ID); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "user %s is removed\n", u.UserName)
	return nil
}

func newToken() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Manage the tokens of accounts",
		Long: `Manage the tokens of accounts. It needs an administrator's token.
` + serverHelp,
		Example: `  gowats token issue ict-07 --for "line 4" --days 365
  gowats token list --user ict-07
  gowats token withdraw 5d1c0a3e9b8f7c62`,
	}
	list := &cobra.Command{
		Use: "list", Short: "List tokens, without their secrets", Args: cobra.NoArgs, RunE: listTokens,
		Long: "List tokens, oldest first, without their secrets.\n" + serverHelp, Example: "  gowats token list --user kari",
	}
	list.Flags().String("user", "", "only those of this user")
	addFormatFlags(list)
	issue := &cobra.Command{
		Use: "issue USER", Short: "Issue a token", Args: cobra.ExactArgs(1), RunE: issueToken,
		Long: `Issue a token for all that a user may, and print its secret, which is shown this once.
` + serverHelp,
		Example: `  gowats token issue ict-07 --for "line 4" > token.txt`,
	}
	issue.Flags().String("for", "gowats", "what the token is for")
	issue.Flags().Int("days", 0, "it is good for; 0: for ever")
	issue.Flags().Bool("json", false, "print all that is known of the token, as JSON")
	withdraw := &cobra.Command{
		Use: "withdraw ID", Short: "Make a token worthless", Args: cobra.ExactArgs(1), RunE: withdrawToken,
		Long: "Make a token worthless, at once.\n" + serverHelp, Example: "  gowats token withdraw 5d1c0a3e9b8f7c62",
	}
	for _, sub := range []*cobra.Command{list, issue, withdraw} {
		addServerFlags(sub)
		cmd.AddCommand(sub)
	}
	return cmd
}

func listTokens(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	all, err := client.SCIM.Tokens(cmd.Context(), flagText(cmd, "user"))
	if err != nil {
		return err
	}
	type token = *wats.APIToken
	return writeList(cmd.OutOrStdout(), format, []column[token]{
		{"id", func(t token) string { return t.ID }},
		{"user", func(t token) string { return t.User }},
		{"for", func(t token) string { return t.Name }},
		{"scope", func(t token) string { return t.Scope }},
		{"created", func(t token) string { return t.CreatedUTC.Format(time.RFC3339) }},
		{"expires", func(t token) string {
			if t.ExpiresUTC.IsZero() {
				return "never"
			}
			return t.ExpiresUTC.Format(time.RFC3339)
		}},
	}, sequence(all, 0))
}

func issueToken(cmd *cobra.Command, args []string) error {
	days, err := cmd.Flags().GetInt("days")
	if err != nil {
		return err
	}
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	issued, err := client.SCIM.IssueToken(cmd.Context(), wats.TokenRequest{User: args[0], Name: flagText(cmd, "for"), Days: days})
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), struct {
			*wats.APIToken
			Token string `json:"token"`
		}{issued, issued.Token.Reveal()})
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), issued.Token.Reveal())
	return err
}

func withdrawToken(cmd *cobra.Command, args []string) error {
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.SCIM.WithdrawToken(cmd.Context(), args[0]); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "token %s is withdrawn\n", args[0])
	return nil
}
