package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const healthcheckExamples = `  weir healthcheck
  weir healthcheck --admin 192.0.2.10:8210
`

// cmdHealthcheck prints what /readyz says and fails unless it says yes.
func cmdHealthcheck(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("healthcheck", "[--admin HOST:PORT]", healthcheckExamples)
	admin := fs.String("admin", cmp.Or(os.Getenv("WEIR_ADMIN"), defaultConfig().Admin), "admin `address` of the unit; else WEIR_ADMIN, as for the unit itself")
	words, err := parse(fs, args, stdout, stderr)
	if err == nil {
		err = refuseWords("healthcheck", words)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+*admin+"/readyz", nil)
	if err != nil {
		return usagef("healthcheck: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Fprintln(stdout, err)
		return errNegative
	}
	defer resp.Body.Close()
	if _, err := io.Copy(stdout, io.LimitReader(resp.Body, 64<<10)); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return errNegative
	}
	return nil
}
