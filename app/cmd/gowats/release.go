package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func newRelease() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release",
		Short: "Send software to the server, and fetch it from there",
		Example: `  gowats release push firmware.bin --name mainboard --label 2.1.0 --type firmware --status released
  gowats release pull mainboard --out mainboard.zip`,
	}
	cmd.AddCommand(newReleasePush(), newReleasePull())
	return cmd
}

func newReleasePush() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "push FILE",
		Short: "Make a package of a file",
		Long: `Make a package of a file: the next version of its name, with the tags and the status that are given, at once or not at all.
A .zip is unpacked into the files of the package, unless --as gives it a path as one file. SHA-256 is compared from end to end.

An upload that breaks off says how it is resumed: the same command with --resume.
` + serverHelp,
		Example: `  gowats release push tests.zip --name "ICT tests" --tag Line=4
  gowats release push firmware.bin --name mainboard --label 2.1.0 --type firmware --status released`,
		Args: cobra.ExactArgs(1),
		RunE: pushRelease,
	}
	f := cmd.Flags()
	f.String("name", "", "name of the package; default: that of the file, without its extension")
	f.String("description", "", "what it is")
	f.String("label", "", "version as its maker names it: becomes the tag "+wats.TagVersion)
	f.String("type", "", "such as firmware: becomes the tag "+wats.TagReleaseType)
	f.StringArray("tag", nil, "KEY=VALUE; may be given several times")
	f.Int("priority", 0, "higher ones are installed first")
	f.String("status", "draft", "draft, pending or released")
	f.String("as", "", "path of the file in the package; default: its name, and a .zip is unpacked")
	f.String("sha256", "", "that the file must have, in hexadecimal digits")
	f.String("resume", "", "ID of an upload that broke off")
	f.Bool("json", false, "print the package as JSON")
	addServerFlags(cmd)
	return cmd
}

func pushRelease(cmd *cobra.Command, args []string) error {
	release, err := releaseOf(cmd, args[0])
	if err != nil {
		return withCode(exitUsage, err)
	}
	var resume report.ID
	if text := flagText(cmd, "resume"); text != "" {
		if resume, err = report.ParseID(text); err != nil {
			return withCode(exitUsage, fmt.Errorf("--resume: %w", err))
		}
	}
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", args[0])
	}
	release.Modified = wats.Time{Time: info.ModTime()}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	bar, tell := transferProgress(cmd, info.Size())
	var p *wats.Package
	if resume.IsZero() {
		p, err = client.Software.RegisterRelease(cmd.Context(), release, file, info.Size(), tell)
	} else {
		p, err = client.Software.Upload(cmd.Context(), resume, file, release.Target(), tell)
	}
	bar.Clear()
	if failed, is := errors.AsType[*wats.UploadError](err); is && !errors.Is(err, wats.ErrInvalid) && !errors.Is(err, wats.ErrChecksum) && !errors.Is(err, wats.ErrNotFound) {
		fmt.Fprintf(cmd.ErrOrStderr(), "to go on within a day, add --resume %s to the command\n", failed.ID)
	}
	if err != nil {
		return err
	}
	return printPackage(cmd, p)
}

func releaseOf(cmd *cobra.Command, path string) (r wats.Release, err error) {
	base := filepath.Base(path)
	extension := filepath.Ext(base)
	r.Name = firstOf(flagText(cmd, "name"), strings.TrimSuffix(base, extension))
	r.Description, r.Label, r.Type, r.SHA256 = flagText(cmd, "description"), flagText(cmd, "label"), flagText(cmd, "type"), flagText(cmd, "sha256")
	if r.FileName = flagText(cmd, "as"); r.FileName == "" && !strings.EqualFold(extension, ".zip") {
		r.FileName = base
	}
	if r.Priority, err = cmd.Flags().GetInt("priority"); err != nil {
		return r, err
	}
	if r.ReleaseAs, err = wats.ParsePackageStatus(flagText(cmd, "status")); err != nil {
		return r, fmt.Errorf("--status: %w", err)
	}
	tags, err := cmd.Flags().GetStringArray("tag")
	if err != nil {
		return r, err
	}
	for _, text := range tags {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return r, fmt.Errorf("--tag %q is not KEY=VALUE", text)
		}
		r.Tags = append(r.Tags, wats.PackageTag{Key: key, Value: value})
	}
	return r, nil
}

// transferProgress shows how many bytes of a transfer have moved.
func transferProgress(cmd *cobra.Command, total int64) (progress, wats.Progress) {
	const step = 1 << 20
	bar := startProgress(cmd.ErrOrStderr(), int(total/step), "MiB")
	shown := int64(0)
	return bar, func(done, _ int64) {
		if at := done / step; at > shown { // what is sent again is not counted twice
			bar.Add(int(at - shown))
			shown = at
		}
	}
}

func printPackage(cmd *cobra.Command, p *wats.Package) error {
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), p)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s version %d  %s  %s files  %s\n", p.Name, p.Version, p.Status, optionalText(p.FileCount), p.ID)
	return err
}

func newReleasePull() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pull NAME",
		Short: "Fetch a package as one zip",
		Long: `Fetch all files of a package as one zip: its newest released version, unless another one is named. What broke off is gone on from when the command is
given again. SHA-256 is compared from end to end, and the server notes the download.
` + serverHelp,
		Example: `  gowats release pull mainboard
  gowats release pull mainboard --version 3 --status any --out /tmp/mainboard.zip`,
		Args: cobra.ExactArgs(1),
		RunE: pullRelease,
	}
	f := cmd.Flags()
	f.Int("version", 0, "version; 0: the newest")
	f.String("status", "released", "status that the version has; any")
	f.String("out", "", "file to write; default NAME-VERSION.zip in this folder")
	f.Bool("json", false, "print the package as JSON")
	addServerFlags(cmd)
	return cmd
}

func pullRelease(cmd *cobra.Command, args []string) error {
	var which wats.PackageSelect
	var err error
	if which.Version, err = cmd.Flags().GetInt("version"); err != nil {
		return err
	}
	if text := flagText(cmd, "status"); !strings.EqualFold(text, "any") {
		if which.Status, err = wats.ParsePackageStatus(text); err != nil {
			return withCode(exitUsage, fmt.Errorf("--status: %w", err))
		}
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	p, err := client.Software.GetByName(cmd.Context(), args[0], which)
	if err != nil {
		return err
	}
	if p == nil {
		return fmt.Errorf("the server has no package %q", args[0])
	}
	out := firstOf(flagText(cmd, "out"), safeFileName(fmt.Sprintf("%s-%d.zip", p.Name, p.Version)))
	began := time.Now()
	var bar *progress
	var tell wats.Progress
	info, err := client.Software.Save(cmd.Context(), p.ID, out, func(done, total int64) {
		if bar == nil {
			b, t := transferProgress(cmd, total)
			bar, tell = &b, t
		}
		tell(done, total)
	})
	if bar != nil {
		bar.Clear()
	}
	if err != nil {
		return err
	}
	if err := client.Software.LogDownload(cmd.Context(), p.ID, info.Size); err != nil {
		return fmt.Errorf("%s is fetched, but the server did not note it: %w", out, err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s  %d bytes in %v  sha256 %s\n", out, info.Size, time.Since(began).Round(time.Millisecond), info.SHA256)
	return printPackage(cmd, p)
}

// safeFileName returns a name that leads to no other folder.
func safeFileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
}
